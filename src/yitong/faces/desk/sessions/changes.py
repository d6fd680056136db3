"""What is done to a session: stop, substitute, move slots, one more slot. Each shows first what it will do."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.booking import permissions as may_booking
from yitong.domains.booking.commands import extra as extras
from yitong.domains.booking.contracts import Booking
from yitong.domains.booking.queries import bookings as booking
from yitong.domains.people import queries as people
from yitong.domains.people.contracts.patients import Patient
from yitong.domains.schedule import permissions as may
from yitong.domains.schedule.commands import sessions, slots, stoppages
from yitong.domains.schedule.contracts import Pool
from yitong.domains.schedule.queries import stopping
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import pages, terms
from yitong.faces.common.request import Request
from yitong.faces.desk.forms import IN_PLACE, status_of
from yitong.faces.desk.patients.presenters import found_patient
from yitong.faces.desk.place import Place, at_desk
from yitong.faces.desk.sessions import forms, presenters
from yitong.faces.desk.sessions.views import head_of, opened
from yitong.faces.desk.stops.presenters import touched


@require_http_methods(["GET", "POST"])
@at_desk
def stop(request: Request, place: Place, session_id: UUID) -> HttpResponse:
    """Whom it touches, and why; it takes effect after a window to take it back, then booking tells everyone (R-016)."""
    may.check_can_manage(request.actor, place.hospital_id)
    form = forms.Stop(request.POST if request.method == "POST" else None, initial={"key": new_id()})
    refusal: Refusal | None = None
    reader = pages.reader_of(request)
    if form.is_bound and form.is_valid():
        try:
            cmd = form.to_command(place.hospital_id, session_id)
            planned = stoppages.plan_stoppage(cmd, actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:stoppage", planned.stoppage_id)
    _session, context = opened(request, place, session_id)
    people, told = touched(booking.reach_of_sessions(place.hospital_id, [session_id], request.actor))
    fit = stopping.list_substitutes(place.hospital_id, session_id, actor=request.actor)
    context |= {
        "form": form,
        "people": people,
        "told": told,
        "has_substitutes": bool(fit),
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "desk/sessions/stop.html", context, status_of(form, refusal))


@require_http_methods(["GET", "POST"])
@at_desk
def substitute(request: Request, place: Place, session_id: UUID) -> HttpResponse:
    """Colleagues who are free, the same grade first (R-016)."""
    may.check_can_manage(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    found = schedule.get_session(place.hospital_id, session_id)
    candidates = stopping.list_substitutes(place.hospital_id, session_id, actor=request.actor)
    given = request.POST if request.method == "POST" else None
    form = forms.StandIn(given, candidates=candidates, initial={"key": new_id()})
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            cmd = form.to_command(place.hospital_id, session_id)
            sessions.substitute_session(cmd, actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:session", session_id, notice=_("已安排替诊"))
    context = {
        "session_id": session_id,
        "head": head_of(place, found, reader),
        "form": form,
        "has_candidates": bool(candidates) and found.practitioner_id is not None,
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "desk/sessions/substitute.html", context, status_of(form, refusal))


@require_http_methods(["GET", "POST"])
@at_desk
def room(request: Request, place: Place, session_id: UUID) -> HttpResponse:
    """Another consulting room for this one session; the booked see it at once."""
    may.check_can_manage(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    found = schedule.get_session(place.hospital_id, session_id)
    initial = {"key": new_id(), "room": found.room}
    form = forms.Room(request.POST if request.method == "POST" else None, initial=initial)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            sessions.change_room(form.to_command(place.hospital_id, session_id), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:session", session_id, notice=_("诊室已改，已约的人看得到"))
    context = {
        "session_id": session_id,
        "head": head_of(place, found, reader),
        "form": form,
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "desk/sessions/room.html", context, status_of(form, refusal))


@require_http_methods(["GET", "POST"])
@at_desk
def pools(request: Request, place: Place, session_id: UUID) -> HttpResponse:
    """Free slots from one pool to another; the shares of R-012 still hold, and the event says who did it (S-08)."""
    may.check_can_manage(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    found, context = opened(request, place, session_id)
    counts = schedule.count_pools(place.hospital_id, session_id)
    pool = _asked_pool(request, counts)
    bookings: list[Booking] = context["bookings"]  # type: ignore[assignment]
    taken = presenters.taken_slots(bookings)
    free = [
        (slot.slot_id, presenters.slot_name(slot))
        for slot in schedule.list_slots(place.hospital_id, session_id)
        if slot.pool is pool and slot.slot_id not in taken and not slot.is_extra
    ]
    given = request.POST if request.method == "POST" else None
    form = forms.Move(given, from_pool=pool, free=free, initial={"key": new_id()})
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            slots.move_slots(form.to_command(place.hospital_id, session_id), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:session", session_id, notice=_("号源已移动"))
    context |= {
        "pools": [(one.value, terms.term(terms.POOLS, one), counts[one], one is pool) for one in forms.MOVABLE],
        "pool": pool.value,
        "pool_name": terms.term(terms.POOLS, pool),
        "has_free": bool(free),
        "form": form,
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "desk/sessions/pools.html", context, status_of(form, refusal))


@require_http_methods(["GET", "POST"])
@at_desk
def extra(request: Request, place: Place, session_id: UUID) -> HttpResponse:
    """加号: the doctor names the patient by document, sees who it is, and books (R-014)."""
    may_booking.check_can_add_extra(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    found = schedule.get_session(place.hospital_id, session_id)
    form = forms.ExtraFor(request.POST if request.method == "POST" else None, initial={"key": new_id()})
    refusal: Refusal | None = None
    patient: Patient | None = None
    is_unknown = False
    if form.is_bound and form.is_valid():
        try:
            matches = people.find_patients(form.to_wish(place.hospital_id), request.actor, now=reader.now)
            patient = matches[0] if matches else None
            is_unknown = patient is None
            if patient is not None and form.cleaned_data["patient"] == patient.patient_id:
                cmd = form.to_command(place.hospital_id, session_id, patient.patient_id)
                held = extras.add_extra(cmd, actor=request.actor, now=reader.now)
                return pages.go(request, "desk:booking", held.booking_id, notice=_("已加号"))
        except IN_PLACE as caught:
            refusal = caught
    context = {
        "session_id": session_id,
        "head": head_of(place, found, reader),
        "form": form,
        "patient": found_patient(patient, reader) if patient is not None else None,
        "is_unknown": is_unknown,
        "refusal": pages.said(refusal, reader),
    }
    status = 404 if is_unknown else status_of(form, refusal)
    return pages.page(request, "desk/sessions/extra.html", context, status)


def _asked_pool(request: Request, counts: dict[Pool, int]) -> Pool:
    """The pool in the address, else the first one that has slots."""
    try:
        asked = Pool(request.GET.get("pool", ""))
    except ValueError:
        asked = next((pool for pool in forms.MOVABLE if counts[pool]), Pool.ONLINE)
    return asked if asked in forms.MOVABLE else Pool.ONLINE
