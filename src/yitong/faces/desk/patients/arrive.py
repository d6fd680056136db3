"""Somebody stands at the desk with a document: expected today, he is checked in by this one press (R-001); expected
twice, one is chosen; not expected, he is booked at the window; unknown, his record is made."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.booking import permissions as may_booking
from yitong.domains.booking.commands import change
from yitong.domains.booking.contracts import Booking, State
from yitong.domains.booking.queries import bookings as booking
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import permissions as may_people
from yitong.domains.people import queries as people
from yitong.domains.people.contracts.patients import Patient
from yitong.faces.common import pages, words
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.desk.forms import IN_PLACE, status_of
from yitong.faces.desk.menu import may
from yitong.faces.desk.patients import forms, presenters
from yitong.faces.desk.place import Place, at_desk

HERE = (State.CHECKED_IN, State.IN_VISIT, State.DONE)


@never_cache
@require_http_methods(["GET", "POST"])
@at_desk
def arrive(request: Request, place: Place) -> HttpResponse:
    may_booking.check_can_check_in(request.actor, place.hospital_id)
    may_people.check_can_read(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    form = forms.Arrive(request.POST if request.method == "POST" else None, initial={"key": new_id()})
    refusal: Refusal | None = None
    patient: Patient | None = None
    today: list[Booking] = []
    is_unknown = False
    if form.is_bound and form.is_valid():
        try:
            found = people.find_patients(form.to_wish(place.hospital_id), request.actor, now=reader.now)
            patient = found[0] if found else None
            is_unknown = patient is None
            today = _of_today(request, place, patient, reader) if patient is not None else []
            due = _due(today, form)
            if due is not None:
                cmd = form.to_command(place.hospital_id, due.booking_id)
                change.check_in_booking(cmd, actor=request.actor, now=reader.now)
                return pages.go(request, "desk:today", notice=_done(due))
        except IN_PLACE as caught:
            refusal = caught
    can_register = may(may_people.check_can_register, request.actor, place.hospital_id)
    context = {
        "form": form,
        "patient": presenters.found_patient(patient, reader) if patient is not None else None,
        "waiting": _named(place, [one for one in today if one.state is State.CONFIRMED], reader),
        "here": _named(place, [one for one in today if one.state in HERE], reader),
        "is_unknown": is_unknown,
        "can_register": can_register,
        "register": _register(form) if is_unknown and can_register else None,
        "refusal": pages.said(refusal, reader),
    }
    status = 404 if is_unknown else status_of(form, refusal)
    return pages.page(request, "desk/patients/arrive.html", context, status)


def _of_today(request: Request, place: Place, patient: Patient, reader: Reader) -> list[Booking]:
    every = booking.list_bookings_of_patient(place.hospital_id, patient.patient_id, request.actor, now=reader.now)
    return sorted((one for one in every if one.date == reader.today), key=lambda one: one.starts_at)


def _due(today: list[Booking], form: forms.Arrive) -> Booking | None:
    """The only one that waits for its patient, or the chosen one."""
    waiting = [one for one in today if one.state is State.CONFIRMED]
    chosen = form.cleaned_data["booking"]
    if chosen is not None:
        return next((one for one in today if one.booking_id == chosen), None)
    return waiting[0] if len(waiting) == 1 else None


def _named(place: Place, bookings: list[Booking], reader: Reader) -> list[tuple[str, presenters.PatientBooking]]:
    """(booking id, line)."""
    departments = hospitals.departments_by_id(place.hospital_id, {one.department_id for one in bookings})
    lines = presenters.bookings(bookings, departments, reader)
    return [(str(one.booking_id), line) for one, line in zip(bookings, lines, strict=True)]


def _done(done: Booking) -> str:
    """Without a name: the sentence travels in a cookie."""
    return _("已报到：%(window)s，第 %(n)s 号") % {
        "window": words.window(done.starts_at, done.ends_at),
        "n": done.number,
    }


def _register(form: forms.Arrive) -> forms.Register:
    data = form.cleaned_data
    initial = {"key": new_id(), "kind": data["kind"], "number": data["number"]}
    return forms.Register(initial=initial, auto_id="new_%s")
