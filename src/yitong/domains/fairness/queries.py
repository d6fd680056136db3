"""Fairness: reads."""

from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.domains.fairness import models, permissions
from yitong.domains.fairness.contracts import Level, Reason, Signal, Standing
from yitong.domains.fairness.rules import signals
from yitong.domains.people import queries as people

PURPOSE = "fairness"  # of a look at somebody's score, as the patient reads it in who looked at his records


def get_standing(account_id: UUID, actor: Actor, *, now: datetime) -> Standing:
    """An account's score with its reasons, for its holder, or for who reviews it: that look stands in the read log of
    every patient of the account. Refuses: Unidentified, Forbidden, AccountMissing."""
    permissions.check_can_see_standing(actor, account_id)
    read = [(card.patient_id, None) for card in people.patients_of(account_id)] if actor.kind == "staff" else []
    people.record_reads(read, actor, what="fairness_score", purpose=PURPOSE, now=now)
    return standing_of(account_id, now)


def standing_of(account_id: UUID, now: datetime) -> Standing:
    """As `get_standing`, for who was asked for his right already. Three queries."""
    slow_at = policies.at(None, now).int("fairness.slow_at")
    row = models.Score.objects.filter(account_id=account_id).order_by("account_id").first()
    if row is None:
        return Standing(account_id, Level.PLAIN, 0, slow_at, (), None, None)
    rows = models.ScoreReason.objects.filter(account_id=account_id).order_by("-points", "signal")
    reasons = tuple(_reason(one) for one in rows)
    return Standing(account_id, Level(row.level), row.points, slow_at, reasons, row.since, row.computed_at)


def _reason(row: models.ScoreReason) -> Reason:
    signal = Signal(row.signal)
    zh, en = signals.sentences(signal, count=row.count, free=row.free, days=row.days, bound=row.bound)
    return Reason(signal, row.points, row.count, row.free, row.days, row.first_at, row.last_at, zh, en)
