"""What the waitlist holds of a person: export, erase, retain (R-198, R-214)."""

from collections.abc import Collection
from uuid import UUID

from yitong.domains.waitlist import models

RETAIN_YEARS = 3  # as long as somebody may ask whether a freed slot went to the right one


def export(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, object]:
    """The entries of the account, and those of others in which one of these patients waited."""
    rows = models.WaitlistEntry.objects.filter(patient_ids__overlap=list(patient_ids))
    if account_id is not None:
        rows = rows | models.WaitlistEntry.objects.filter(account_id=account_id)
    entries = [
        {
            "entry_id": str(row.id),
            "patient_ids": [str(one) for one in row.patient_ids],
            "session_ids": [str(one) for one in row.session_ids],
            "mode": row.mode,
            "state": row.state,
            "joined_at": row.joined_at.isoformat(),
            "ended_at": row.ended_at.isoformat() if row.ended_at else None,
        }
        for row in rows.order_by("joined_at", "id")
    ]
    return {"entries": entries} if entries else {}


def erase(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, int]:
    """Nothing: the rows hold bare ids, which lead to nobody once the records of patients and account are erased. What
    still waits ends with the account (`people.AccountClosed`)."""
    return {}


def retain() -> dict[str, str]:
    return {"waitlist_entry": f"{RETAIN_YEARS} years from its end (R-017)"}
