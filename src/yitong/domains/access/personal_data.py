"""What access holds of a person: of staff a name, a login and their sign-ins; of patients nothing (R-198, R-214)."""

from collections.abc import Collection
from uuid import UUID

from yitong.domains.access import models
from yitong.domains.access.contracts import StaffState

ERASED_NAME = "已注销"


def export(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, object]:
    """No patient and no account holder is known here."""
    return {}


def erase(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, int]:
    return {}


def retain() -> dict[str, str]:
    return {
        "access_staff": "as long as events name the person; the name goes on request once the person has left",
        "access_staff_session": "180 days, as network logs (R-204)",
        "access_identity_attempt": "10 minutes",
    }


def export_staff(staff_id: UUID) -> dict[str, object]:
    """What is known of one member of staff, as plain values."""
    staff = models.Staff.objects.get(id=staff_id)
    roles = models.StaffRole.objects.filter(staff_id=staff_id).order_by("from_at", "id")
    sessions = models.StaffSession.objects.filter(staff_id=staff_id).order_by("started_at", "id")
    return {
        "login": staff.login,
        "name": staff.name,
        "state": staff.state,
        "joined_at": staff.joined_at.isoformat(),
        "roles": [
            {
                "role": role.name,
                "hospital_id": str(role.hospital_id) if role.hospital_id else None,
                "from_at": role.from_at.isoformat(),
                "until_at": role.until_at.isoformat() if role.until_at else None,
            }
            for role in roles
        ],
        "sessions": [{"started_at": one.started_at.isoformat(), "way": one.way} for one in sessions],
    }


def erase_staff(staff_id: UUID) -> int:
    """Takes the name off one who has left; the events keep the bare id."""
    left = models.Staff.objects.filter(id=staff_id, state=StaffState.LEFT.value)
    models.StaffIdentity.objects.filter(staff_id__in=left.values("id")).delete()
    return left.update(name=ERASED_NAME, totp_secret=None, totp_confirmed_at=None)
