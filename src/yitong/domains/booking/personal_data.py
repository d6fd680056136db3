"""What booking holds of a person: export, erase, retain (R-198, R-214)."""

from collections.abc import Collection
from uuid import UUID

from yitong.core import clock
from yitong.core.db.scale import cross_hospital
from yitong.domains.booking import models
from yitong.domains.booking.contracts import State
from yitong.domains.people import queries as people
from yitong.domains.people.commands import limits
from yitong.domains.people.errors import RightsDenied

OPEN = (State.HELD, State.CONFIRMED, State.CHECKED_IN, State.IN_VISIT)
RETAIN_YEARS = 15  # a booking belongs to the outpatient record


def export(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, object]:
    """Every booking of these patients, as plain values."""
    rows = []
    for patient_id in sorted(patient_ids):
        keys = models.PatientBooking.objects.filter(patient_id=patient_id).values_list("hospital_id", "id")
        for hospital_id, booking_id in keys:
            row = models.Booking.objects.get(hospital_id=hospital_id, id=booking_id)
            rows.append(
                {
                    "hospital_id": str(row.hospital_id),
                    "booking_id": str(row.id),
                    "department_id": str(row.department_id),
                    "visit_date": row.visit_date.isoformat(),
                    "starts_at": row.starts_at.isoformat(),
                    "state": row.state,
                    "code": row.code,
                    "fee_fen": row.fee_fen,
                    "channel": row.channel,
                    "patient_name": row.patient_name,
                    "created_at": row.created_at.isoformat(),
                }
            )
    return {"bookings": rows}


def erase(patient_ids: Collection[UUID], account_id: UUID | None) -> dict[str, int]:
    """Takes the name off bookings, those of records merged into these patients' too. The rows stay for as long as the
    law keeps them (R-214). Joins the caller's command.

    Locks: limits in id order, so that no claim runs beside it. Refuses: RightsDenied while a visit lies ahead.
    """
    records = people.records_of(patient_ids)
    for patient_id in sorted(records):
        limits.lock_limits(patient_id)
    with cross_hospital("a person asked to be forgotten"):
        rows = models.Booking.objects.filter(patient_id__in=records)
        if rows.filter(state__in=OPEN, ends_at__gt=clock.now()).exists():
            raise RightsDenied(reason="open_booking")
        return {"bookings": rows.update(patient_name="")}


def retain() -> dict[str, str]:
    return {"booking_booking": f"{RETAIN_YEARS} years from the day of the visit (R-214)"}
