"""What fairness holds of a person: export, erase, retain (R-198, R-214)."""

from collections.abc import Collection
from uuid import UUID

from yitong.core import clock
from yitong.domains.fairness import models, queries
from yitong.domains.fairness.rules.signals import LONGEST_DAYS


def export(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, object]:
    """The account's score with its reasons as its holder reads them, and the acts that they are made of."""
    if account_id is None:
        return {}
    standing = queries.standing_of(account_id, clock.now())
    acts = models.Act.objects.filter(account_id=account_id).order_by("at", "event_id")
    return {
        "level": standing.level.value,
        "points": standing.points,
        "reasons": [{"points": one.points, "zh": one.zh, "en": one.en} for one in standing.reasons],
        "acts": [
            {"at": act.at.isoformat(), "kind": act.kind, "patient_id": str(act.patient_id), "after_ms": act.after_ms}
            for act in acts
        ],
        "rushes": [
            {"at": row.at.isoformat(), "attempts": row.attempts}
            for row in models.Rush.objects.filter(account_id=account_id).order_by("at")
        ],
        "reviews": [
            {"asked_at": row.asked_at.isoformat(), "words": row.words, "decision": row.decision}
            for row in models.Review.objects.filter(account_id=account_id).order_by("asked_at", "id")
        ],
    }


def erase(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, int]:
    """Forgets the account's score, acts and reviews, and acts for these patients by whomever. Joins."""
    acts, _ = models.Act.objects.filter(patient_id__in=patient_ids).delete()
    if account_id is not None:
        acts += models.Act.objects.filter(account_id=account_id).delete()[0]
        models.Score.objects.filter(account_id=account_id).delete()
        models.Rush.objects.filter(account_id=account_id).delete()
        models.Check.objects.filter(account_id=account_id).delete()
        models.Review.objects.filter(account_id=account_id).delete()
    return {"acts": acts}


def retain() -> dict[str, str]:
    return {
        "fairness_act": f"{LONGEST_DAYS} days, the longest that a signal looks back (R-199)",
        "fairness_check": "until it is answered",
        "fairness_review": "until the account is closed (R-199)",
        "fairness_rush": f"{LONGEST_DAYS} days (R-199)",
        "fairness_score": "until the account is closed; its points fade to nothing with its acts",
    }
