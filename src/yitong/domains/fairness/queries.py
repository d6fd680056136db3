"""Fairness: reads."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q, Sum

from yitong.core.actor import Actor
from yitong.core.clock import shanghai_date
from yitong.core.db import policies
from yitong.core.db.scale import cross_hospital
from yitong.domains.fairness import errors, models, permissions
from yitong.domains.fairness.contracts import (
    Alarm,
    AlarmNote,
    Group,
    Level,
    Meter,
    RaisedAlarm,
    Reason,
    Review,
    ReviewAnswer,
    RuleInForce,
    RulesInForce,
    Signal,
    Standing,
)
from yitong.domains.fairness.rules import meter, signals
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import queries as people
from yitong.domains.people.contracts.words import Decision

PAGE = 50
WEEK = timedelta(weeks=1)
WEEKS = 26  # that the meter tells of
PURPOSE = "fairness"  # of a look at somebody's score, as the patient reads it in who looked at his records


def get_standing(account_id: UUID, actor: Actor, *, now: datetime) -> Standing:
    """An account's score with its reasons, for its holder, or for who reviews it: that look stands in the read log of
    every patient of the account. Refuses: Unidentified, Forbidden, AccountMissing."""
    permissions.check_can_see_standing(actor, account_id)
    _log_read(account_id, actor, now)
    return standing_of(account_id, now)


def list_reviews(actor: Actor, *, now: datetime) -> list[Review]:
    """Reviews that wait for a person, the oldest first, without the reasons: `get_review` gives them (R-199)."""
    permissions.check_can_review(actor)
    rows = models.Review.objects.filter(decision=None).order_by("asked_at", "id")[:PAGE]
    scores = models.Score.objects.in_bulk([row.account_id for row in rows])
    slow_at = policies.at(None, now).int("fairness.slow_at")
    return [_review(row, _standing(scores[row.account_id], (), slow_at)) for row in rows]


def get_review(review_id: UUID, actor: Actor, *, now: datetime) -> Review:
    """One that waits, with the reasons of the score; the look is logged. Refuses: Forbidden, ReviewMissing."""
    permissions.check_can_review(actor)
    row = models.Review.objects.filter(id=review_id, decision=None).order_by("id").first()
    if row is None:
        raise errors.ReviewMissing()
    return _review(row, get_standing(row.account_id, actor, now=now))


def find_last_review(account_id: UUID, actor: Actor) -> ReviewAnswer | None:
    """The newest review of the actor's own account. Refuses: Unidentified, Forbidden, AccountMissing."""
    permissions.check_is_holder(actor, account_id)
    row = models.Review.objects.filter(account_id=account_id).order_by("-asked_at", "-id").first()
    if row is None:
        return None
    return ReviewAnswer(row.id, row.asked_at, Decision(row.decision) if row.decision else None, row.decided_at)


def list_rules(now: datetime) -> RulesInForce:
    """By what points are counted today, for anybody: nothing of it is secret."""
    in_force = policies.at(None, now)
    found = []
    for signal in Signal:
        points, free, days = (in_force.int(f"fairness.{signal.value}.{name}") for name in ("points", "free", "days"))
        zh, en = signals.said(signal, in_force)
        found.append(RuleInForce(signal, zh, en, points, free, days))
    return RulesInForce(tuple(found), in_force.int("fairness.slow_at"), in_force.int("fairness.single_most"))


def weeks(now: datetime) -> list[date]:
    """The Mondays of the weeks that the meter tells of, the latest first: whole ones alone, as spans that overlap would
    tell each other's difference."""
    monday = shanghai_date(now) - timedelta(days=shanghai_date(now).weekday())
    return [monday - timedelta(weeks=n) for n in range(1, WEEKS + 1)]


def get_meter(start: date, now: datetime) -> Meter:
    """Who tried for a slot at the window in that week and who got one, for anybody: what it tells, it may (R-213).
    Another day than a Monday of `weeks` means the latest. Two queries; the hospitals are known from memory."""
    known = weeks(now)
    start = start if start in known else known[0]
    told = meter.Told(counted(start))
    lines = {group: told.lines(group) for group in Group}
    alarms = models.MeterAlarm.objects.filter(start=start).order_by("group", "name")
    return Meter(
        start,
        start + WEEK,
        told.whole(),
        lines,
        tuple(Alarm(row.start, Group(row.group), row.name) for row in alarms),
    )


def counted(start: date) -> dict[meter.Cell, meter.Counted]:
    """The week's people by hospital, channel, way and age. One query."""
    districts = {one.hospital_id: one.district for one in hospitals.list_hospitals(with_closed=True)}
    with cross_hospital("who tried and who got, in the whole city"):
        rows = list(
            models.Tried.objects.filter(day__gte=start, day__lt=start + WEEK)
            .values_list("hospital_id", "channel", "way", "band")
            .annotate(Sum("tried"), Sum("got"))
            .order_by("hospital_id", "channel", "way", "band")
        )
    return {
        meter.Cell(str(hospital_id), districts.get(hospital_id, ""), channel, way, band): meter.Counted(tried, got)
        for hospital_id, channel, way, band, tried, got in rows
    }


def list_open_alarms(actor: Actor, *, before: UUID | None = None, most: int = PAGE) -> list[RaisedAlarm]:
    """Alarms that wait for a person to take note of them, of the latest week first.

    `before`: the one at which the page before ended; meanwhile somebody may have taken note of it.
    Refuses: Forbidden, AlarmMissing (no such `before`).
    """
    permissions.check_can_see_meter(actor)
    rows = models.MeterAlarm.objects.exclude(id__in=models.AlarmNote.objects.values("alarm_id"))
    if before is not None:
        last = models.MeterAlarm.objects.filter(id=before).order_by("id").first()
        if last is None:
            raise errors.AlarmMissing()
        in_week = Q(group__gt=last.group) | Q(group=last.group, name__gt=last.name)
        rows = rows.filter(Q(start__lt=last.start) | Q(in_week, start=last.start))
    return [_alarm(row, None) for row in rows.order_by("-start", "group", "name")[:most]]


def list_noted_alarms(actor: Actor) -> list[RaisedAlarm]:
    """The latest of which somebody took note. Two queries. Refuses Forbidden."""
    permissions.check_can_see_meter(actor)
    rows = models.MeterAlarm.objects.filter(id__in=models.AlarmNote.objects.values("alarm_id"))
    return _alarms(rows.order_by("-start", "group", "name")[:PAGE])


def get_alarm(alarm_id: UUID, actor: Actor) -> RaisedAlarm:
    """Refuses Forbidden, AlarmMissing."""
    permissions.check_can_see_meter(actor)
    found = _alarms(models.MeterAlarm.objects.filter(id=alarm_id))
    if not found:
        raise errors.AlarmMissing()
    return found[0]


def count_open_alarms(actor: Actor) -> int:
    """How many wait for a person to take note of them. One query. Refuses Forbidden."""
    permissions.check_can_see_meter(actor)
    return models.MeterAlarm.objects.exclude(id__in=models.AlarmNote.objects.values("alarm_id")).count()


def _alarms(rows: Iterable[models.MeterAlarm]) -> list[RaisedAlarm]:
    rows = list(rows)
    notes = models.AlarmNote.objects.in_bulk([row.id for row in rows])
    return [_alarm(row, notes.get(row.id)) for row in rows]


def _alarm(row: models.MeterAlarm, note: models.AlarmNote | None) -> RaisedAlarm:
    return RaisedAlarm(row.id, Alarm(row.start, Group(row.group), row.name), row.raised_at, _note(note))


def _note(row: models.AlarmNote | None) -> AlarmNote | None:
    return None if row is None else AlarmNote(row.by, row.at, row.why)


def _log_read(account_id: UUID, actor: Actor, now: datetime) -> None:
    if actor.kind == "staff":
        read = [(patient_id, None) for patient_id in sorted(people.ids_of(account_id))]
        people.record_reads(read, actor, what="fairness_score", purpose=PURPOSE, now=now)


def standing_of(account_id: UUID, now: datetime) -> Standing:
    """As `get_standing`, for who was asked for his right already. Three queries; four on the slow path."""
    slow_at = policies.at(None, now).int("fairness.slow_at")
    row = models.Score.objects.filter(account_id=account_id).order_by("account_id").first()
    if row is None:
        return Standing(account_id, Level.PLAIN, 0, slow_at, (), None, None)
    rows = models.ScoreReason.objects.filter(account_id=account_id).order_by("-points", "signal")
    reasons = tuple(_reason(one) for one in rows)
    return _standing(row, reasons, slow_at)


def _standing(row: models.Score, reasons: tuple[Reason, ...], slow_at: int) -> Standing:
    level, until = Level(row.level), None
    if level is Level.SLOW and reasons:
        until = people.checked_until(row.account_id)
    return Standing(row.account_id, level, row.points, slow_at, reasons, row.since, row.computed_at, until)


def _review(row: models.Review, standing: Standing) -> Review:
    return Review(row.id, row.account_id, row.asked_at, row.words, standing)


def _reason(row: models.ScoreReason) -> Reason:
    signal = Signal(row.signal)
    zh, en = signals.sentences(signal, count=row.count, free=row.free, days=row.days, bound=row.bound)
    return Reason(signal, row.points, row.count, row.free, row.days, row.first_at, row.last_at, zh, en)
