"""The day and the week of a hospital, by session."""

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from yitong.core.ids import new_id
from yitong.domains.access.contracts import RoleName
from yitong.domains.booking.contracts import State
from yitong.domains.booking.permissions import check_may_ask
from yitong.domains.booking.queries import bookings
from yitong.domains.hospitals import permissions as may_write
from yitong.domains.hospitals.contracts.things import Practitioner
from yitong.domains.hospitals.permissions import Action
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule import permissions as may
from yitong.domains.schedule.contracts import Session, SessionPage
from yitong.domains.schedule.queries import stopping
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.desk import departments, menu
from yitong.faces.desk.forms import asked_day
from yitong.faces.desk.patients.forms import Arrive
from yitong.faces.desk.place import Place, at_desk
from yitong.faces.desk.sessions.views import can_receive
from yitong.faces.desk.today import presenters

DEPARTMENT_COOKIE = "yitong_desk_department"
LONGEST_UNDO = timedelta(minutes=10)
ONLY_DOCTOR = frozenset({RoleName.DOCTOR.value})


@dataclass(frozen=True, slots=True)
class Wish:
    """What an address asks for: a day, perhaps one department or doctor, perhaps only one's own sessions."""

    day: date
    department_id: UUID | None
    doctor_id: UUID | None
    is_mine: bool
    cursor: str

    def href(self, view: str, **changed: object) -> str:
        asked = {
            "day": self.day.isoformat(),
            "department": self.department_id or "all",
            "doctor": self.doctor_id or "",
            "mine": "1" if self.is_mine else "0",
            **changed,
        }
        return f"{reverse(view)}?{urlencode({name: value for name, value in asked.items() if value != ''})}"


@require_GET
@at_desk
def today(request: Request, place: Place) -> HttpResponse:
    """The sessions of a day by department; asks again by itself, so that a booking shows without a reload."""
    reader = pages.reader_of(request)
    wish, practitioner_id = _wish(request, place, reader.today)
    found = schedule.day_list(
        place.hospital_id,
        wish.day,
        actor=request.actor,
        department_id=wish.department_id,
        practitioner_id=practitioner_id,
        cursor=wish.cursor or None,
    )
    doctors, counts = _around(request, place, found.sessions)
    every = hospitals.list_departments(place.hospital_id)
    named = departments.names(place.hospital_id, every, reader)
    acts = _acts(request, place)
    groups = presenters.by_department(found.sessions, counts, named, doctors, acts, reader)
    context = {
        **_frame(reader, place, wish, found, named, "desk:today"),
        "groups": groups,
        "totals": presenters.totals(one for group in groups for one in group.lines),
        "day_name": reader.day(wish.day),
        "previous": wish.href("desk:today", day=wish.day - timedelta(days=1)),
        "next": wish.href("desk:today", day=wish.day + timedelta(days=1)),
        "is_today": wish.day == reader.today,
        "live": wish.href("desk:today", cursor=wish.cursor),
        "hospital": reader.name(place.hospital),
        "printed_at": reader.moment(reader.now),
        "pending": _pending(request, place, reader) if acts.can_stop else [],
        "is_to_set_up": not every and may_write.can(request.actor, Action.WRITE_MASTER_DATA, place.hospital_id),
        "arrive": Arrive(initial={"key": new_id()}) if can_receive(place) else None,
    }
    response = pages.answer(request, "desk/today/today.html", "desk/today/_day.html", context)
    return _remember(response, request, wish)


@require_GET
@at_desk
def week(request: Request, place: Place) -> HttpResponse:
    """Monday to Sunday, session after session."""
    reader = pages.reader_of(request)
    wish, practitioner_id = _wish(request, place, reader.today)
    first = wish.day - timedelta(days=wish.day.weekday())
    last = first + timedelta(days=6)
    found = schedule.week_list(
        place.hospital_id,
        first,
        last,
        actor=request.actor,
        department_id=wish.department_id,
        practitioner_id=practitioner_id,
        cursor=wish.cursor or None,
    )
    doctors, counts = _around(request, place, found.sessions)
    named = departments.names(place.hospital_id, hospitals.list_departments(place.hospital_id), reader)
    context = {
        **_frame(reader, place, wish, found, named, "desk:week"),
        "days": presenters.by_day(found.sessions, counts, named, doctors, _acts(request, place), reader),
        "day_name": presenters.week_name(first, last, reader),
        "previous": wish.href("desk:week", day=first - timedelta(days=7)),
        "next": wish.href("desk:week", day=first + timedelta(days=7)),
        "is_today": first <= reader.today <= last,
    }
    return _remember(pages.page(request, "desk/today/week.html", context), request, wish)


def _wish(request: Request, place: Place, otherwise: date) -> tuple[Wish, UUID | None]:
    """A doctor who is nothing else sees the own sessions first. A department once chosen stays until another one is."""
    doctor = None
    if RoleName.DOCTOR in place.roles:
        doctor = hospitals.find_practitioner_of_staff(place.hospital_id, UUID(request.actor.id))
    asked = request.GET.get("mine", "1" if place.roles == ONLY_DOCTOR else "0")
    is_mine = doctor is not None and asked == "1"
    department_id = _id(request.GET.get("department", request.COOKIES.get(DEPARTMENT_COOKIE, "")))
    doctor_id = _id(request.GET.get("doctor", ""))
    day = asked_day(request.GET.get("day"), otherwise)
    wish = Wish(day, None if doctor_id else department_id, doctor_id, is_mine, request.GET.get("cursor", ""))
    return wish, doctor.practitioner_id if doctor is not None and is_mine else doctor_id


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _remember(response: HttpResponse, request: Request, wish: Wish) -> HttpResponse:
    if "department" in request.GET:
        value = str(wish.department_id or "")
        response.set_cookie(
            DEPARTMENT_COOKIE, value, path="/desk/", httponly=True, samesite="Lax", secure=request.is_secure()
        )
    return response


def _acts(request: Request, place: Place) -> presenters.Acts:
    """What may be done to a session from its row; the commands judge."""
    return presenters.Acts(
        can_stop=may.can_manage(request.actor, place.hospital_id),
        can_book=menu.may(check_may_ask, request.actor, place.hospital_id),
    )


def _pending(request: Request, place: Place, reader: Reader) -> list[tuple[UUID, int, str]]:
    """(id, sessions, when) of stops that can still be taken back."""
    found = stopping.list_stoppages(place.hospital_id, reader.now - LONGEST_UNDO, actor=request.actor)
    return [
        (one.stoppage_id, one.sessions, reader.moment(one.due_at))
        for one in found
        if one.undone_at is None and reader.now < one.due_at
    ]


def _around(
    request: Request, place: Place, sessions: tuple[Session, ...]
) -> tuple[dict[UUID, Practitioner], dict[UUID, dict[State, int]]]:
    """Doctors and counts of these sessions: as many queries for one as for a hundred."""
    return (
        hospitals.practitioners_by_id(
            place.hospital_id, {one.practitioner_id for one in sessions if one.practitioner_id is not None}
        ),
        bookings.count_by_session(place.hospital_id, [one.session_id for one in sessions], request.actor),
    )


def _frame(
    reader: Reader, place: Place, wish: Wish, found: SessionPage, named: dict[UUID, str], view: str
) -> dict[str, object]:
    """The filter and the pages, alike for day and week."""
    return {
        "wish": wish,
        "departments": [(key, name, key == wish.department_id) for key, name in named.items()],
        "doctor": _doctor_name(place, wish, reader),
        "without_doctor": wish.href(view, doctor=""),
        "can_be_mine": RoleName.DOCTOR in place.roles,
        "here": reverse(view),
        "now_href": wish.href(view, day=reader.today),
        "mine_href": wish.href(view, mine="1"),
        "all_href": wish.href(view, mine="0"),
        "more": wish.href(view, cursor=found.next_cursor) if found.next_cursor else "",
        "first": wish.href(view) if wish.cursor else "",
    }


def _doctor_name(place: Place, wish: Wish, reader: Reader) -> str:
    if wish.doctor_id is None:
        return ""
    found = hospitals.practitioners_by_id(place.hospital_id, [wish.doctor_id]).get(wish.doctor_id)
    return reader.name(found) if found is not None else ""
