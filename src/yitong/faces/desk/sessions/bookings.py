"""One booking at the desk: look, check in by the document, cancel at the window, print the slip."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.booking import permissions as may
from yitong.domains.booking.commands import change
from yitong.domains.booking.contracts import Booking, State
from yitong.domains.booking.queries import bookings
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import permissions as may_people
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.desk.forms import IN_PLACE, status_of
from yitong.faces.desk.place import Place, at_desk
from yitong.faces.desk.sessions import forms, presenters
from yitong.faces.desk.sessions.views import can_cancel, can_receive

WITH_CODE = (State.HELD, State.CONFIRMED, State.CHECKED_IN, State.IN_VISIT)


@require_GET
@at_desk
def booking(request: Request, place: Place, booking_id: UUID) -> HttpResponse:
    context = _shown(request, place, booking_id)
    return pages.page(request, "desk/sessions/booking.html", context)


@require_http_methods(["GET", "POST"])
@at_desk
def check_in(request: Request, place: Place, booking_id: UUID) -> HttpResponse:
    """With the document that the booking was made with (R-001). Asked from a session's list it stays in its row."""
    may.check_can_check_in(request.actor, place.hospital_id)
    form = forms.Arrive(request.POST if request.method == "POST" else None, initial={"key": new_id()})
    refusal: Refusal | None = None
    reader = pages.reader_of(request)
    if form.is_bound and form.is_valid():
        try:
            cmd = form.to_command(place.hospital_id, booking_id)
            change.check_in_booking(cmd, actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            if pages.is_htmx(request):
                return _row(request, place, booking_id)
            return pages.go(request, "desk:booking", booking_id, notice=_("已报到"))
    if pages.is_htmx(request) and "back" in request.GET:
        return _row(request, place, booking_id)
    context = {**_shown(request, place, booking_id), "form": form, "refusal": pages.said(refusal, reader)}
    row = "desk/sessions/_check_in_row.html"
    return pages.answer(request, "desk/sessions/check_in.html", row, context, status_of(form, refusal))


def _row(request: Request, place: Place, booking_id: UUID) -> HttpResponse:
    """The row of the session's list after what was done in it, and the list's figures, which may be others now."""
    shown = _shown(request, place, booking_id)
    session = schedule.get_session(place.hospital_id, shown["session_id"])  # type: ignore[arg-type]
    counts = bookings.count_by_session(place.hospital_id, [session.session_id], request.actor)[session.session_id]
    context = {
        "line": shown["line"],
        "sees_names": shown["sees_names"],
        "can_receive": can_receive(place),
        "can_cancel": can_cancel(place),
        "figures": presenters.figures(counts, session),
    }
    return pages.partial(request, "desk/sessions/_row_again.html", context)


@require_http_methods(["GET", "POST"])
@at_desk
def cancel(request: Request, place: Place, booking_id: UUID) -> HttpResponse:
    """At the window any time before the visit (R-007)."""
    may.check_may_ask(request.actor, place.hospital_id)
    form = forms.Cancel(request.POST if request.method == "POST" else None, initial={"key": new_id()})
    refusal: Refusal | None = None
    reader = pages.reader_of(request)
    if form.is_bound and form.is_valid():
        try:
            cmd = form.to_command(place.hospital_id, booking_id)
            change.cancel_booking(cmd, actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:booking", booking_id, notice=_("已退号"))
    context = {**_shown(request, place, booking_id), "form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "desk/sessions/cancel.html", context, status_of(form, refusal))


@require_GET
@at_desk
def slip(request: Request, place: Place, booking_id: UUID) -> HttpResponse:
    """What the patient takes along from the window."""
    may.check_may_ask(request.actor, place.hospital_id)
    return pages.page(request, "desk/sessions/slip.html", _shown(request, place, booking_id))


def _shown(request: Request, place: Place, booking_id: UUID) -> dict[str, object]:
    """Refuses BookingMissing, also for another hospital's. The read is logged."""
    reader = pages.reader_of(request)
    found = bookings.get_booking(place.hospital_id, booking_id, request.actor, now=reader.now)
    sees = may_people.can_read(request.actor, place.hospital_id)
    line = presenters.booked(found, sees_names=sees, reader=reader)
    has_code = sees and found.state in WITH_CODE
    return {
        "booking_id": booking_id,
        "session_id": found.session_id,
        "patient_id": found.patient_id,
        "line": line,
        "facts": _facts(place, found, reader),
        "when": reader.visit(found.starts_at, found.ends_at),
        "code": found.code if has_code else "",
        "qr": f"YITONG:{place.hospital.code}:{found.code}" if has_code else "",
        "sees_names": sees,
        "can_receive": can_receive(place) and line.can_check_in,
        "can_cancel": can_cancel(place) and line.can_cancel,
        "can_print": can_cancel(place) and has_code,
        "hospital": reader.name(place.hospital),
    }


def _facts(place: Place, found: Booking, reader: Reader) -> list[presenters.Fact]:
    ids = [found.practitioner_id] if found.practitioner_id is not None else []
    return presenters.booking_facts(
        found,
        hospitals.get_department(place.hospital_id, found.department_id),
        hospitals.get_campus(place.hospital_id, found.campus_id),
        hospitals.practitioners_by_id(place.hospital_id, ids),
        schedule.get_session(place.hospital_id, found.session_id).room,
        reader,
    )
