"""What the schedule holds of a person: for whom an extra slot was made, an id beside a coded reason (R-198)."""

from collections.abc import Collection
from uuid import UUID

from yitong.core.db.scale import cross_hospital
from yitong.domains.schedule import models

RETAIN_YEARS = 15  # who was seen out of turn, on whose word and why, belongs to the outpatient record


def export(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, object]:
    """The extra slots that were made for these patients."""
    with cross_hospital("a person asks for the own data"):
        rows = list(models.Slot.objects.filter(extra_for_id__in=patient_ids, is_extra=True).order_by("starts_at", "id"))
    if not rows:
        return {}
    return {
        "extra_slots": [
            {
                "hospital_id": str(row.hospital_id),
                "slot_id": str(row.id),
                "starts_at": row.starts_at.isoformat(),
                "practitioner_id": str(row.extra_by_id),
                "reason": row.extra_reason,
            }
            for row in rows
        ]
    }


def erase(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, int]:
    """Nothing: the row holds a bare id, which leads to nobody once the patient's own record is erased."""
    return {}


def retain() -> dict[str, str]:
    return {"schedule_slot": f"{RETAIN_YEARS} years from the day of the visit (R-014, R-214)"}
