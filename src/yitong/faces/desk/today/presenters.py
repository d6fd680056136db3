"""Lists of sessions: who sits where and when, and how many come."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.domains.booking.contracts import LIVE, State
from yitong.domains.hospitals.contracts.things import Practitioner
from yitong.domains.schedule.contracts import Session, SessionState
from yitong.faces.common import terms, words
from yitong.faces.common.words import Reader

ARRIVED = (State.CHECKED_IN, State.IN_VISIT, State.DONE)
Counts = Mapping[State, int]


@dataclass(frozen=True, slots=True)
class Acts:
    """What this reader may do to a session from its row."""

    can_stop: bool
    can_book: bool


@dataclass(frozen=True, slots=True)
class SessionLine:
    id: str
    href: str
    time: str
    half_day: str
    doctor: str
    clinic: str
    booked: int
    arrived: int
    left: int
    slots: int
    is_stopped: bool
    is_stopping: bool
    is_over: bool
    note: str
    room: str
    book_href: str
    stop_href: str


@dataclass(frozen=True, slots=True)
class Group:
    """Sessions under one heading: a department of a day, or a day of a week."""

    name: str
    lines: list[SessionLine]
    totals: "Totals"


@dataclass(frozen=True, slots=True)
class Totals:
    sessions: int
    stopped: int
    booked: int
    arrived: int
    left: int


def line(
    session: Session,
    counts: Counts,
    doctors: Mapping[UUID, Practitioner],
    acts: Acts,
    reader: Reader,
) -> SessionLine:
    booked = sum(counts.get(state, 0) for state in LIVE)
    is_stopped = session.state is SessionState.STOPPED
    left = 0 if is_stopped or session.stops_at is not None else max(0, session.slots - booked)
    is_over = session.ends_at <= reader.now
    is_still = not (is_stopped or is_over or session.stops_at is not None)
    return SessionLine(
        id=f"s{session.session_id}",
        href=reverse("desk:session", args=[session.session_id]),
        time=words.window(session.starts_at, session.ends_at),
        half_day=terms.term(terms.HALF_DAYS, session.half_day),
        doctor=doctor_of(session, doctors, _("科室出诊"), reader),
        clinic=terms.term(terms.CLINICS, session.clinic_kind),
        booked=booked,
        arrived=sum(counts.get(state, 0) for state in ARRIVED),
        left=left,
        slots=session.slots,
        is_stopped=is_stopped,
        is_stopping=session.stops_at is not None,
        is_over=is_over,
        note=_("替诊") if session.substituted_id else "",
        room=reader.room(session.room),
        book_href=f"{reverse('desk:window')}?session={session.session_id}"
        if acts.can_book and is_still and left and session.release_at <= reader.now
        else "",
        stop_href=reverse("desk:stop", args=[session.session_id]) if acts.can_stop and is_still else "",
    )


def doctor_of(session: Session, doctors: Mapping[UUID, Practitioner], department: str, reader: Reader) -> str:
    """The doctor with the grade; the department where it sits as a whole."""
    found = doctors.get(session.practitioner_id) if session.practitioner_id else None
    if found is None:
        return department
    return f"{reader.name(found)} {terms.term(terms.TITLES, found.title)}"


def by_department(
    sessions: Iterable[Session],
    counts: Mapping[UUID, Counts],
    departments: Mapping[UUID, str],
    doctors: Mapping[UUID, Practitioner],
    acts: Acts,
    reader: Reader,
) -> list[Group]:
    """In the order of the departments."""
    found: dict[UUID, list[SessionLine]] = {}
    for one in sessions:
        found.setdefault(one.department_id, []).append(line(one, counts.get(one.session_id, {}), doctors, acts, reader))
    return [Group(name, found[key], totals(found[key])) for key, name in departments.items() if key in found]


def by_day(
    sessions: Sequence[Session],
    counts: Mapping[UUID, Counts],
    departments: Mapping[UUID, str],
    doctors: Mapping[UUID, Practitioner],
    acts: Acts,
    reader: Reader,
) -> list[tuple[str, list[tuple[str, SessionLine]]]]:
    """(day, lines with their department), for the week."""
    return [
        (
            reader.day(day),
            [
                (
                    departments.get(one.department_id, ""),
                    line(one, counts.get(one.session_id, {}), doctors, acts, reader),
                )
                for one in own
            ],
        )
        for day, own in groupby(sessions, key=lambda one: one.date)
    ]


def totals(lines: Iterable[SessionLine]) -> Totals:
    every = list(lines)
    return Totals(
        sessions=sum(not one.is_stopped for one in every),
        stopped=sum(one.is_stopped for one in every),
        booked=sum(one.booked for one in every),
        arrived=sum(one.arrived for one in every),
        left=sum(one.left for one in every),
    )


def week_name(first: date, last: date, reader: Reader) -> str:
    return f"{words.month_day(first, reader.language)} – {words.month_day(last, reader.language)}"
