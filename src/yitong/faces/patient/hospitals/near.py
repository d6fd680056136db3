"""What is near when nothing is left, and what is open soonest: the nearest place first, with the way in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.urls import reverse

from yitong.core.db import policies
from yitong.core.policy.values import Policies
from yitong.domains.booking.contracts import SessionOffer
from yitong.domains.booking.queries import openings
from yitong.domains.hospitals.contracts.things import Campus, Department
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule.contracts import Session
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import terms
from yitong.faces.common.words import Reader
from yitong.faces.patient.hospitals import choosing, offering, presenters, ways

MOST_TRIED = 6
MOST_ELSEWHERE = 3
MOST_SOON = 4
FIRST_WINDOWS = 3
IN_HOSPITAL_M, IN_DISTRICT_M, IN_CITY_M = 1_000, 5_000, 50_000  # how far counts what doesn't say where it lies


@dataclass(frozen=True, slots=True)
class Soon:
    """A department with the first times that one may book there."""

    href: str
    title: str
    note: str
    fee: str
    when: str
    windows: list[offering.Window]


@dataclass(frozen=True, slots=True)
class District:
    """A part of the city, by the middle of its campuses."""

    name: str
    href: str
    is_current: bool
    latitude: Decimal | None
    longitude: Decimal | None


@dataclass(frozen=True, slots=True)
class Alike:
    """A department of the same specialty at another place."""

    department: Department
    title: str
    note: str  # where it is


def alike(department: Department, reader: Reader) -> list[Alike]:
    """Departments of the same specialty for the same people: of the campus, then the nearest of the city. At most
    MOST_TRIED, whatever the size of the city."""
    here = hospitals.get_campus(department.hospital_id, department.campus_id)
    same = [
        one
        for one in hospitals.list_departments_of_code(department.national_code)
        if one.department_id != department.department_id
        and (one.sex, one.age_from, one.age_below) == (department.sex, department.age_from, department.age_below)
    ]
    return [Alike(one, _title(one, reader), _place(one, far, reader)) for one, far in _nearest(same, here)[:MOST_TRIED]]


def elsewhere(department: Department, reader: Reader) -> list[offering.Near]:
    """The first MOST_ELSEWHERE of those alike that have something left."""
    found: list[offering.Near] = []
    for one in alike(department, reader):
        left = offering.open_days(*_days_of(one.department, reader)[:3])
        if left:
            day, n = next(iter(left.items()))
            href = presenters.department_line(one.department, reader).href
            note = f"{one.note} · {reader.day(day)} · {offering.left_words(n)}"
            found.append(offering.Near(href, one.title, note))
        if len(found) == MOST_ELSEWHERE:
            break
    return found


def colleagues(departments: Iterable[Department], but_id: UUID, reader: Reader) -> list[offering.Near]:
    """Other doctors of these departments who have something left, the earliest first; each with the first such day.

    Where nobody else has, the departments themselves, which say when more comes.
    """
    departments = list(departments)
    first: dict[UUID, Session] = {}
    for one in departments[:MOST_TRIED]:
        _, sessions, offers, _ = _days_of(one, reader)
        for session in sessions:
            doctor = session.practitioner_id
            if doctor and doctor not in (but_id, *first) and offers[session.session_id].left:
                first[doctor] = session
    soonest = sorted(first.items(), key=lambda pair: pair[1].starts_at)[:MOST_ELSEWHERE]
    if not soonest:
        return offering.colleagues(departments, reader)
    names = hospitals.practitioners_by_id(departments[0].hospital_id, [doctor for doctor, _ in soonest])
    found = []
    for doctor, session in soonest:
        who = names[doctor]
        href = reverse("patient:doctor", args=[session.hospital_id, doctor])
        day = f"{reader.day(session.date)} {terms.term(terms.HALF_DAYS, session.half_day)}"
        title = f"{reader.name(who)} {terms.term(terms.TITLES, who.title)}"
        found.append(offering.Near(f"{href}?date={session.date.isoformat()}", title, day))
    return found


def soon(code: str, near: str, reader: Reader) -> list[Soon]:
    """The departments of a subject that have something left, with their first windows: the nearest to a district first,
    or (none named) in the order of the city's list."""
    departments = hospitals.list_departments_under(code)
    middle = _middle(near, hospitals.list_all_campuses())
    ordered = _nearest(departments, middle) if middle else [(one, None) for one in departments]
    found = [_soon(one, far, reader) for one, far in ordered[:MOST_TRIED]]
    return [one for one in found if one is not None][:MOST_SOON]


def districts(path: str, near: str) -> list[District]:
    """The city's districts in which there is a campus, in the order of the list."""
    campuses = hospitals.list_all_campuses()
    found = []
    for name in dict.fromkeys(one.district for one in campuses):
        middle = _middle(name, campuses)
        href = ways.Link(path, {}).to(near=name)
        place = (middle.latitude, middle.longitude) if middle else (None, None)
        found.append(District(terms.known(name), href, name == near, *place))
    return found


def _soon(one: Department, far: int | None, reader: Reader) -> Soon | None:
    visit = ways.Visit.FIRST
    way = ways.NewBooking(visit)
    days, sessions, offers, in_force = _days_of(one, reader)
    left = offering.open_days(days, sessions, offers)
    if not left:
        return None
    day = next(iter(left))
    first = next(s for s in sessions if s.date == day and s.session_id in offers and offers[s.session_id].left)
    same = choosing.bundle(first, visit, in_force)
    slots = openings.slot_offers_of(one.hospital_id, same, channel=choosing.CHANNEL, now=reader.now)
    windows = [window for window in offering.windows(slots, one.hospital_id, way) if window.href]
    return Soon(
        href=presenters.department_line(one, reader).href,
        title=_title(one, reader),
        note=_place(one, far, reader),
        fee=reader.yuan(first.fee_fen),
        when=f"{reader.day(day)} {terms.term(terms.HALF_DAYS, first.half_day)}",
        windows=windows[:FIRST_WINDOWS],
    )


def _days_of(
    department: Department, reader: Reader
) -> tuple[list[date], list[Session], dict[UUID, SessionOffer], Policies]:
    hospital_id, department_id = department.hospital_id, department.department_id
    in_force = policies.at(hospital_id, reader.now, department_id=department_id)
    bookable = schedule.bookable_dates(reader.now, in_force)
    sessions = schedule.list_sessions(hospital_id, department_id, bookable[0], bookable[-1])
    offers = openings.offers(hospital_id, sessions, channel=choosing.CHANNEL, now=reader.now)
    return bookable, sessions, offers, in_force


def _nearest(departments: Iterable[Department], here: Campus) -> list[tuple[Department, int | None]]:
    """With how far each is in metres, as far as that is known."""
    campuses = {one.campus_id: one for one in hospitals.list_all_campuses()}

    def distance(one: Department) -> int:
        campus = campuses[one.campus_id]
        known = hospitals.distance_m(here, campus)
        if known is not None:
            return known
        if campus.hospital_id == here.hospital_id:
            return 0 if campus.campus_id == here.campus_id else IN_HOSPITAL_M
        return IN_DISTRICT_M if campus.district == here.district else IN_CITY_M

    placed = sorted((one for one in departments if one.campus_id in campuses), key=distance)
    return [(one, hospitals.distance_m(here, campuses[one.campus_id])) for one in placed]


def _middle(district: str, campuses: Sequence[Campus]) -> Campus | None:
    """A place in the middle of a district's campuses; None where the district is unknown."""
    inside = [one for one in campuses if one.district == district]
    placed = [(one.latitude, one.longitude) for one in inside if one.latitude is not None and one.longitude is not None]
    if not inside:
        return None
    if not placed:
        return replace(inside[0], latitude=None, longitude=None)
    north, east = (sum(degrees, Decimal()) / len(placed) for degrees in zip(*placed, strict=True))
    return replace(inside[0], latitude=round(north, 2), longitude=round(east, 2))


def _title(one: Department, reader: Reader) -> str:
    return f"{reader.name(hospitals.get_hospital(one.hospital_id))} · {reader.name(one)}"


def _place(one: Department, far: int | None, reader: Reader) -> str:
    """The campus, and how far it is where that says something."""
    campus = hospitals.get_campus(one.hospital_id, one.campus_id)
    way = reader.distance(far) if far else ""
    return " · ".join(part for part in (reader.name(campus), terms.known(campus.district), way) if part)
