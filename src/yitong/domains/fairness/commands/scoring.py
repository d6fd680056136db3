"""Scores: computed from acts, decayed by the days, never by hand."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events, policies
from yitong.core.db.command import command
from yitong.core.policy.values import Policies
from yitong.domains.fairness import models
from yitong.domains.fairness.contracts import ActKind, Level, LevelChanged
from yitong.domains.fairness.rules import scoring
from yitong.domains.fairness.rules.signals import LONGEST_DAYS, Act, History
from yitong.domains.notify import commands as notify
from yitong.domains.notify.contracts import Tell, TemplateName
from yitong.domains.people import queries as people
from yitong.domains.people.commands import slowing
from yitong.domains.people.contracts.accounts import Mate

MOST = 100  # accounts in one command
MOST_MATES = 200  # on one account's devices: enough for any ceiling
COMPUTED = ["points", "level", "since", "computed_at", "is_stale"]
SCORER = Actor.system("fairness.score")


@command()
def score_stale(*, now: datetime) -> int:
    """Compute the next scores that something happened to. Who crosses the line comes onto the slow path, or leaves it,
    in the same transaction. Returns how many; there may be more where it is `MOST`.

    Locks: the scores, in id order. Emits: LevelChanged.
    """
    waiting = models.Score.objects.select_for_update(of=("self",), skip_locked=True).filter(is_stale=True)
    rows = list(waiting.order_by("account_id")[:MOST])
    if rows:
        score_all(rows, now)
    return len(rows)


def score_all(rows: Sequence[models.Score], now: datetime) -> None:
    """Compute these scores; the caller holds them. Joins."""
    histories = _histories([row.account_id for row in rows], now)
    in_force = policies.at(None, now)
    reasons = []
    for row in rows:
        weighed = scoring.score(histories[row.account_id], in_force, now=now, cleared_at=row.cleared_at)
        _settle(row, scoring.total(weighed), in_force, now)
        reasons += [_reason(row, one) for one in weighed]
    models.ScoreReason.objects.filter(account_id__in=[row.account_id for row in rows]).delete()
    models.ScoreReason.objects.bulk_create(reasons)
    models.Score.objects.bulk_create(  # all are there: one UPDATE with a case for each took three times as long
        rows, update_conflicts=True, unique_fields=["account_id"], update_fields=COMPUTED
    )


@command()
def fade(*, now: datetime) -> int:
    """A day went by: who has points is to be computed anew, and acts that no signal looks at any more go. Returns how
    many acts went."""
    models.Score.objects.filter(points__gt=0).update(is_stale=True)
    models.Rush.objects.filter(at__lt=now - timedelta(days=LONGEST_DAYS)).delete()
    gone, _ = models.Act.objects.filter(at__lt=now - timedelta(days=LONGEST_DAYS)).delete()
    return gone


def _settle(row: models.Score, points: int, in_force: Policies, now: datetime) -> None:
    before, after = Level(row.level), scoring.level(points, in_force)
    row.points, row.level, row.computed_at, row.is_stale = points, after.value, now, False
    if before is after:
        return
    row.since = now
    changed = LevelChanged(subject_id=row.account_id, from_state=before.value, to_state=after.value, points=points)
    event_id = events.append(changed, SCORER, at=now, shard=f"account:{row.account_id}")
    if after is Level.PLAIN:
        slowing.end_slow_path(row.account_id)
        return
    slowing.slow_down(row.account_id, at=now)
    notify.tell(Tell(f"slow_path:{event_id}", row.account_id, TemplateName.SLOW_PATH_BEGUN.value), now)


def _reason(row: models.Score, one: scoring.Weighed) -> models.ScoreReason:
    return models.ScoreReason(
        account_id=row.account_id,
        signal=one.signal.value,
        points=one.points,
        count=one.count,
        free=one.free,
        days=one.days,
        bound=one.bound,
        first_at=one.first_at,
        last_at=one.last_at,
    )


def _histories(account_ids: Sequence[UUID], now: datetime) -> dict[UUID, History]:
    """Six queries, however many accounts."""
    since = now - timedelta(days=LONGEST_DAYS)
    by_device = people.mates_by_device(account_ids, since=since)
    by_address = people.mates_by_address(account_ids, now=now)
    mates = {mate.account_id for found in by_device.values() for mate in found[:MOST_MATES]}
    acts = _acts_of({*account_ids, *mates}, since)
    at_address = {mate.account_id for found in by_address.values() for mate in found}
    booking = _booking(at_address | mates, since)
    rushes, linked = _rushes_of(account_ids, since), people.records_of_accounts(account_ids)
    return {
        account_id: History(
            acts=acts[account_id],
            mates_acts=[act for mate in by_device[account_id][:MOST_MATES] for act in acts[mate.account_id]],
            linked=linked[account_id],
            met_on_device=_met(by_device[account_id], booking),
            met_at_address=_met(by_address[account_id], booking),
            rushes=rushes[account_id],
        )
        for account_id in account_ids
    }


def _met(mates: Sequence[Mate], booking: Collection[UUID]) -> list[datetime]:
    return [mate.met_at for mate in mates if mate.account_id in booking]


def _booking(account_ids: Collection[UUID], since: datetime) -> set[UUID]:
    """Those that booked: who only looks, or cancels, takes part in nothing."""
    rows = models.Act.objects.filter(account_id__in=account_ids, at__gt=since, kind=ActKind.BOOKED.value)
    return set(rows.values_list("account_id", flat=True))


def _rushes_of(account_ids: Collection[UUID], since: datetime) -> Mapping[UUID, list[datetime]]:
    found: dict[UUID, list[datetime]] = defaultdict(list)
    rows = models.Rush.objects.filter(account_id__in=account_ids, at__gt=since).order_by("at")
    for account_id, at in rows.values_list("account_id", "at"):
        found[account_id].append(at)
    return found


def _acts_of(account_ids: Collection[UUID], since: datetime) -> Mapping[UUID, list[Act]]:
    found: dict[UUID, list[Act]] = defaultdict(list)
    rows = models.Act.objects.filter(account_id__in=account_ids, at__gt=since).order_by("at", "event_id")
    for row in rows:
        act = Act(row.account_id, ActKind(row.kind), row.at, row.session_id, row.patient_id, row.after_ms)
        found[row.account_id].append(act)
    return found
