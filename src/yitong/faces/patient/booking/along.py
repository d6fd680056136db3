"""What one takes along from a booking: an entry for the calendar, and words for the family."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yitong.domains.booking.contracts import Booking, State
from yitong.domains.booking.queries import bookings
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.patient.booking import presenters
from yitong.formats import icalendar

REMINDERS = (timedelta(days=1), timedelta(hours=2))


@require_GET
def calendar(request: Request, hospital_id: UUID, booking_id: UUID) -> HttpResponse:
    """The booking as a file for the calendar: neither names the patient nor holds the code, as calendars are shared."""
    pages.account_of(request)
    reader = pages.reader_of(request)
    found = bookings.get_booking(hospital_id, booking_id, request.actor, now=reader.now)
    told = _told(found, reader)
    url = settings.PUBLIC_URL.rstrip("/") + reverse("patient:booking", args=[hospital_id, booking_id])
    entry = icalendar.Appointment(
        uid=f"{booking_id}@yitong",
        sequence=_sequence(found.created_at, reader.now),
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        summary=_("就诊：%(where)s") % {"where": told.where},
        location=told.address,
        description=told.advice,
        url=url,
        status=_status(found, reader),
        written_at=reader.now,
        alarms=REMINDERS if presenters.is_coming(found, reader) else (),
    )
    return file(icalendar.write(entry), "visit.ics")


@require_GET
def share(request: Request, hospital_id: UUID, booking_id: UUID) -> HttpResponse:
    """The visit in words that may be sent to anybody: when and where, not who and not the code."""
    pages.account_of(request)
    reader = pages.reader_of(request)
    found = bookings.get_booking(hospital_id, booking_id, request.actor, now=reader.now)
    context = {
        "text": _told(found, reader).message,
        "hospital_id": hospital_id,
        "booking_id": booking_id,
    }
    return pages.page(request, "patient/booking/share.html", context)


def file(body: bytes, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(body, content_type=icalendar.MEDIA_TYPE, headers=headers)


def _told(found: Booking, reader: Reader) -> presenters.Told:
    hospital = hospitals.get_hospital(found.hospital_id)
    campus = hospitals.get_campus(found.hospital_id, found.campus_id)
    return presenters.told(
        found,
        schedule.get_session(found.hospital_id, found.session_id),
        hospital,
        hospitals.get_department(found.hospital_id, found.department_id),
        campus,
        settings.PUBLIC_URL.rstrip("/") + reverse("patient:guide", args=[found.hospital_id]),
        reader,
    )


def _sequence(created_at: datetime, now: datetime) -> int:
    """Grows with time, so that a file taken after a move or a cancellation outranks the one from before."""
    return max(0, int((now - created_at).total_seconds()))


def _status(found: Booking, reader: Reader) -> icalendar.Status:
    match presenters.shown_state(found, reader):
        case State.HELD:
            return icalendar.Status.TENTATIVE
        case State.CANCELLED | State.EXPIRED | State.STOPPED:
            return icalendar.Status.CANCELLED
    return icalendar.Status.CONFIRMED
