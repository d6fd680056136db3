"""Booking at the window from the on-site pool: document, session, time, confirm, slip."""

from datetime import timedelta
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from yitong.core.db import policies
from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.booking import permissions as may
from yitong.domains.booking.commands import claim
from yitong.domains.booking.errors import DuplicateDepartment, SlotTaken
from yitong.domains.booking.queries import openings
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import permissions as may_people
from yitong.domains.people import queries as people
from yitong.domains.people.commands import patients
from yitong.domains.schedule.contracts import Session, SessionState, Slot
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.desk import departments as naming
from yitong.faces.desk.forms import IN_PLACE, asked_day, status_of
from yitong.faces.desk.patients import forms, presenters
from yitong.faces.desk.place import Place, at_desk
from yitong.faces.desk.sessions.presenters import SessionHead
from yitong.faces.desk.sessions.views import head_of

DAYS_AHEAD = 7
PURPOSE = "window_booking"


@never_cache
@require_http_methods(["GET", "POST"])
@at_desk
def register(request: Request, place: Place) -> HttpResponse:
    """The document in hand finds the patient or makes the record; the identity is `seen` then. Who came from the row of
    a session is led straight to its times."""
    may_people.check_can_register(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    session = _asked_session(request, place)
    form = forms.Register(request.POST if request.method == "POST" else None, initial={"key": new_id()})
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            known = patients.register_at_desk(form.to_command(place.hospital_id), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            notice = _("已建档，证件已核对") if known.is_new else _("已找到档案，证件已核对")
            if session is not None:
                return pages.go(request, "desk:window_slots", known.patient_id, session.session_id, notice=notice)
            return pages.go(request, "desk:window_sessions", known.patient_id, notice=notice)
    context = {
        "form": form,
        "head": head_of(place, session, reader) if session is not None else None,
        "refusal": pages.said(refusal, reader),
        "steps": _steps(0),
    }
    return pages.page(request, "desk/patients/register.html", context, status_of(form, refusal))


@require_GET
@at_desk
def sessions(request: Request, place: Place, patient_id: UUID) -> HttpResponse:
    """A department and a day; what the window still has."""
    may.check_may_ask(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    day = asked_day(request.GET.get("day"), reader.today)
    departments = [one for one in hospitals.list_departments(place.hospital_id) if one.is_bookable]
    asked = request.GET.get("department", "")
    department = next((one for one in departments if str(one.department_id) == asked), None)
    offers: list[presenters.Offer] = []
    if department is not None:
        every = schedule.list_sessions(place.hospital_id, department.department_id, day, day)
        found = [one for one in every if one.state is not SessionState.STOPPED and one.ends_at > reader.now]
        left = openings.offers(place.hospital_id, found, channel=request.actor.channel, now=reader.now)
        doctors = hospitals.practitioners_by_id(
            place.hospital_id, {one.practitioner_id for one in found if one.practitioner_id is not None}
        )
        offers = presenters.offers(patient_id, found, left, doctors, reader.name(department), reader)
    context = {
        **_who(request, place, patient_id, reader),
        "departments": [
            (key, name, department is not None and key == department.department_id)
            for key, name in naming.names(place.hospital_id, departments, reader).items()
        ],
        "department": department,
        "days": [
            (ahead.isoformat(), reader.day(ahead), ahead == day)
            for ahead in (reader.today + timedelta(days=n) for n in range(DAYS_AHEAD + 1))
        ],
        "offers": offers,
        "steps": _steps(1),
    }
    return pages.page(request, "desk/patients/window_sessions.html", context)


@require_GET
@at_desk
def slots(request: Request, place: Place, patient_id: UUID, session_id: UUID) -> HttpResponse:
    may.check_may_ask(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    session = schedule.get_session(place.hospital_id, session_id)
    every = openings.slot_offers(place.hospital_id, session, channel=request.actor.channel, now=reader.now)
    context = {
        **_who(request, place, patient_id, reader),
        "head": head_of(place, session, reader),
        "windows": presenters.windows(patient_id, every, reader),
        "back": f"{reverse('desk:window_sessions', args=[patient_id])}"
        f"?department={session.department_id}&day={session.date}",
        "steps": _steps(2),
    }
    return pages.page(request, "desk/patients/window_slots.html", context)


@require_http_methods(["GET", "POST"])
@at_desk
def confirm(request: Request, place: Place, patient_id: UUID, slot_id: UUID) -> HttpResponse:
    may.check_may_ask(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    slot = schedule.get_slot(place.hospital_id, slot_id)
    session = schedule.get_session(place.hospital_id, slot.session_id)
    form = forms.Book(request.POST if request.method == "POST" else None, initial={"key": new_id()})
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        in_force = policies.at(place.hospital_id, reader.now, department_id=session.department_id)
        is_first = not form.cleaned_data["is_again"]
        cmd = form.to_command(
            place.hospital_id,
            slot_id,
            patient_id,
            is_named=session.practitioner_id is not None,
            hides_name=schedule.must_hide_name(session, in_force, is_first_visit=is_first),
        )
        try:
            held = claim.hold_slot(cmd, actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:slip", held.booking_id, notice=presenters.booked_words(slot, held))
    head: SessionHead = head_of(place, session, reader)
    context = {
        **_who(request, place, patient_id, reader),
        "head": head,
        "when": reader.visit(slot.starts_at, slot.ends_at),
        "fee": reader.yuan(session.fee_fen),
        "is_special": slot.is_special,
        "form": form,
        "refusal": pages.said(refusal, reader),
        "has_already": reverse("desk:patient", args=[patient_id]) if isinstance(refusal, DuplicateDepartment) else "",
        "is_gone": isinstance(refusal, SlotTaken),
        "nearest": _nearest(request, session, slot, reader) if isinstance(refusal, SlotTaken) else "",
        "back": reverse("desk:window_slots", args=[patient_id, session.session_id]),
        "steps": _steps(3),
    }
    return pages.page(request, "desk/patients/window_confirm.html", context, status_of(form, refusal))


def _nearest(request: Request, session: Session, slot: Slot, reader: Reader) -> str:
    """Where the chosen time is gone: the one that is nearest now, each time it is asked."""
    left = openings.slot_offers(session.hospital_id, session, channel=request.actor.channel, now=reader.now)
    return presenters.nearest(slot, left, reader)


def _asked_session(request: Request, place: Place) -> Session | None:
    """The session in the address. Refuses SessionMissing where it is another hospital's."""
    try:
        session_id = UUID(request.GET.get("session", ""))
    except ValueError:
        return None
    return schedule.get_session(place.hospital_id, session_id)


def _who(request: Request, place: Place, patient_id: UUID, reader: Reader) -> dict[str, object]:
    someone = people.get_patient(patient_id, request.actor, purpose=PURPOSE, hospital_id=place.hospital_id)
    return {"patient_id": patient_id, "patient": presenters.found_patient(someone, reader)}


def _steps(current: int) -> list[dict[str, object]]:
    names = (_("核对证件"), _("科室和出诊"), _("时段"), _("确认"))
    return [{"name": name, "is_done": n < current, "is_current": n == current} for n, name in enumerate(names)]
