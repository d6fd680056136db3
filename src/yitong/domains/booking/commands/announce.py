"""Telling people what became of their bookings. A message holds ids; words are put in at delivery."""

from datetime import date, datetime
from uuid import UUID

from yitong.core.db.command import command
from yitong.core.db.events import EventMeta
from yitong.domains.booking import models
from yitong.domains.booking.contracts import BookingEvent, State
from yitong.domains.notify import commands as notify
from yitong.domains.notify.contracts import Tell, TemplateName
from yitong.domains.people import queries as people
from yitong.domains.schedule.queries import timetable as schedule

MADE = (TemplateName.BOOKING_HELD, TemplateName.BOOKING_CONFIRMED)
NOT_SEEN_YET = (State.HELD, State.CONFIRMED, State.CHECKED_IN)


@command()
def tell_booking(event: BookingEvent, template: TemplateName, meta: EventMeta, *, now: datetime) -> None:
    """Tells every account that the patient belongs to. Once by event and account.

    What the booking window made is announced a moment later: nobody is told of it who cancelled in between.
    """
    assert event.hospital_id is not None
    row = models.Booking.objects.get(hospital_id=event.hospital_id, id=event.subject_id)
    if template in MADE and row.ended_at is not None and row.ended_at < meta.at:
        return
    _tell(row, template, meta.event_id, now)


@command()
def substitute_bookings(hospital_id: UUID, session_id: UUID, event_id: UUID, *, now: datetime) -> None:
    """替诊 (R-016): whoever has not been seen yet is booked with the doctor who sits there now, and is told so."""
    session = schedule.get_session(hospital_id, session_id)
    rows = models.Booking.objects.filter(hospital_id=hospital_id, session_id=session_id, state__in=NOT_SEEN_YET)
    rows.update(practitioner_id=session.practitioner_id)
    for row in rows.order_by("id"):
        _tell(row, TemplateName.BOOKING_SUBSTITUTED, event_id, now)


def _tell(row: models.Booking, template: TemplateName, event_id: UUID, now: datetime) -> None:
    params = {
        "hospital_id": str(row.hospital_id),
        "booking_id": str(row.id),
        "campus_id": str(row.campus_id),
        "department_id": str(row.department_id),
        "practitioner_id": str(row.practitioner_id or ""),
        "patient_id": str(row.patient_id),
        "starts_at": row.starts_at.isoformat(),
        "ends_at": row.ends_at.isoformat(),
        "number": str(row.number),
        "code": row.code,
    }
    if row.hold_until is not None:
        params["hold_until"] = row.hold_until.isoformat()
    for account_id in people.accounts_of(row.patient_id):
        key = f"{event_id}:{row.id}:{account_id}"
        notify.tell(Tell(key=key, account_id=account_id, template=template.value, params=params), now=now)


def tell_lock(row: models.Booking, until: date, counted: int, *, now: datetime) -> None:
    """Tells the patient's accounts that no-shows lock booking until a day (R-009). Joins the caller's command."""
    params = {"patient_id": str(row.patient_id), "count": str(counted), "until": until.isoformat()}
    for account_id in people.accounts_of(row.patient_id):
        key = f"lock:{row.id}:{account_id}"
        template = TemplateName.NO_SHOW_LOCKED.value
        notify.tell(Tell(key=key, account_id=account_id, template=template, params=params), now=now)
