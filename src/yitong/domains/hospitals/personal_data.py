"""What hospitals holds of a person: of doctors what is published, and a licence number; of patients nothing (R-198)."""

from collections.abc import Collection
from uuid import UUID

from yitong.domains.hospitals import models


def export(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, object]:
    """No patient and no account holder is known here."""
    return {}


def erase(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, int]:
    return {}


def retain() -> dict[str, str]:
    return {"hospitals_practitioner": "15 years after leaving, as long as records name the doctor (R-214)"}


def export_practitioner(practitioner_id: UUID) -> dict[str, object]:
    """What is known of one doctor, as plain values."""
    row = models.Practitioner.objects.get(id=practitioner_id)
    return {
        "name": row.name,
        "name_en": row.name_en,
        "title": row.title,
        "licence": row.licence,
        "specialties": row.specialties,
        "introduction": row.introduction,
        "is_active": row.is_active,
    }
