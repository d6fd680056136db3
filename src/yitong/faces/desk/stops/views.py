"""停诊 of many sessions: whom it touches, one word, a window to take it back, and how far it has come (R-016)."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.access import queries as access
from yitong.domains.booking.contracts import LIVE
from yitong.domains.booking.queries import bookings
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule import permissions as may
from yitong.domains.schedule.commands import stoppages
from yitong.domains.schedule.contracts import Session, Stoppage
from yitong.domains.schedule.queries import stopping
from yitong.faces.common import pages, terms
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.desk import departments as naming
from yitong.faces.desk.forms import IN_PLACE, status_of
from yitong.faces.desk.place import Place, at_desk
from yitong.faces.desk.stops import forms, presenters

LOOK_BACK = timedelta(days=7)
MOST = 500


@require_GET
@at_desk
def stops(request: Request, place: Place) -> HttpResponse:
    """What was stopped lately, and what to stop next."""
    may.check_can_manage(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    found = stopping.list_stoppages(place.hospital_id, reader.now - LOOK_BACK, actor=request.actor)
    names = access.staff_names({UUID(one.planned_by.partition(":")[2]) for one in found if _is_staff(one)})
    context = {
        "form": _which(None, place, reader),
        "stoppages": [(one.stoppage_id, presenters.progress(one, 0, _who(one, names), reader)) for one in found],
    }
    return pages.page(request, "desk/stops/stops.html", context)


@require_http_methods(["GET", "POST"])
@at_desk
def new(request: Request, place: Place) -> HttpResponse:
    """The sessions in question, each with its tick, and whom the ticked ones touch; then the word."""
    may.check_can_manage(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    which = _which(request.GET, place, reader)
    if not which.is_valid():
        return pages.page(request, "desk/stops/stops.html", {"form": which, "stoppages": None}, 422)
    found = _in_question(request, place, which.scope(), reader)
    sessions, is_too_many = found[:MOST], len(found) > MOST
    form = forms.Stop(
        request.POST if request.method == "POST" else None,
        sessions={one.session_id: "" for one in sessions},
        initial={"key": new_id()},
    )
    counts_again = "again" in request.POST
    refusal: Refusal | None = None
    if form.is_bound and not counts_again and form.is_valid():
        try:
            cmd = form.to_command(place.hospital_id)
            planned = stoppages.plan_stoppage(cmd, actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:stoppage", planned.stoppage_id)
    ticked = form.ticked()
    people, told = presenters.touched(bookings.reach_of_sessions(place.hospital_id, ticked, request.actor))
    context = {
        "form": form,
        "which": which,
        "days": presenters.by_day(sessions, _around(request, place, sessions, reader), ticked, reader),
        "ticked": len(ticked),
        "of": len(sessions),
        "is_too_many": is_too_many,
        "people": people,
        "told": told,
        "says_errors": not counts_again,
        "refusal": pages.said(refusal, reader),
    }
    status = 200 if counts_again else status_of(form, refusal)
    return pages.page(request, "desk/stops/new.html", context, status)


@require_GET
@at_desk
def stoppage(request: Request, place: Place, stoppage_id: UUID) -> HttpResponse:
    """How far it has come. Asks again by itself; nothing comes back while nothing is new."""
    context = _come_to(request, place, stoppage_id)
    shown: presenters.Progress = context["shown"]  # type: ignore[assignment]
    if pages.is_htmx(request) and request.GET.get("shown") == shown.key:
        return HttpResponse(status=204)
    return pages.answer(request, "desk/stops/stoppage.html", "desk/stops/_stoppage.html", context)


@require_POST
@at_desk
def undo(request: Request, place: Place, stoppage_id: UUID) -> HttpResponse:
    may.check_can_manage(request.actor, place.hospital_id)
    form = forms.Undo(request.POST)
    reader = pages.reader_of(request)
    refusal: Refusal | None = None
    if form.is_valid():
        try:
            cmd = form.to_command(place.hospital_id, stoppage_id)
            stoppages.undo_stoppage(cmd, actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:stoppage", stoppage_id, notice=_("已撤销，号源已恢复，没有通知任何人"))
    context = {**_come_to(request, place, stoppage_id), "refusal": pages.said(refusal, reader)}
    return pages.page(request, "desk/stops/stoppage.html", context, status_of(form, refusal))


def _come_to(request: Request, place: Place, stoppage_id: UUID) -> dict[str, object]:
    reader = pages.reader_of(request)
    found = stopping.get_stoppage(place.hospital_id, stoppage_id, actor=request.actor)
    sessions = stopping.list_sessions_of_stoppage(place.hospital_id, stoppage_id, actor=request.actor)
    around = _around(request, place, sessions, reader, with_substitutes=False)
    still = sum(sum(counts.get(state, 0) for state in LIVE) for counts in around.counts.values())
    names = access.staff_names({UUID(found.planned_by.partition(":")[2])} if _is_staff(found) else set())
    return {
        "stoppage_id": stoppage_id,
        "shown": presenters.progress(found, still, _who(found, names), reader),
        "days": presenters.by_day(sessions, around, set(), reader),
        "due_at": found.due_at,
        "due": reader.moment(found.due_at),
        "undo": forms.Undo(initial={"key": new_id()}),
    }


def _which(given: object, place: Place, reader: Reader) -> forms.Which:
    every = hospitals.list_departments(place.hospital_id)
    return forms.Which(
        given,
        campuses=[
            (one.campus_id, reader.name(one)) for one in hospitals.list_campuses(place.hospital_id, with_closed=True)
        ],
        departments=naming.names(place.hospital_id, every, reader).items(),
        doctors=[
            (one.practitioner_id, f"{reader.name(one)} {terms.term(terms.TITLES, one.title)}")
            for one in sorted(hospitals.list_practitioners(place.hospital_id), key=lambda one: one.name)
        ],
        initial={"from_date": reader.today, "until_date": reader.today},
    )


def _in_question(request: Request, place: Place, scope: forms.Scope, reader: Reader) -> list[Session]:
    return stopping.list_stoppable(
        place.hospital_id,
        scope.from_date,
        scope.until_date,
        actor=request.actor,
        now=reader.now,
        practitioner_id=scope.id if scope.kind == "doctor" else None,
        department_id=scope.id if scope.kind == "department" else None,
        campus_id=scope.id if scope.kind == "campus" else None,
        roster_line_id=scope.line_id,
    )


def _around(
    request: Request, place: Place, sessions: Collection[Session], reader: Reader, *, with_substitutes: bool = True
) -> presenters.Around:
    """As many queries for one session as for five hundred."""
    at = place.hospital_id
    doctors = {one.practitioner_id for one in sessions if one.practitioner_id is not None}
    return presenters.Around(
        counts=bookings.count_by_session(at, [one.session_id for one in sessions], request.actor),
        departments=naming.names(at, hospitals.list_departments(at), reader),
        doctors=hospitals.practitioners_by_id(at, doctors),
        substitutes=stopping.substitutes_of(at, sessions, actor=request.actor) if with_substitutes else {},
    )


def _is_staff(stoppage: Stoppage) -> bool:
    return stoppage.planned_by.startswith("staff:")


def _who(stoppage: Stoppage, names: dict[UUID, str]) -> str:
    return names.get(UUID(stoppage.planned_by.partition(":")[2]), "") if _is_staff(stoppage) else _("系统")
