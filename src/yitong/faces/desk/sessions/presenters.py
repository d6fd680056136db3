"""One session and its booked patients, as far as the reader's role may see them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from yitong.core import masks
from yitong.domains.booking.contracts import LIVE, Booking, State
from yitong.domains.hospitals.contracts.things import Campus, Department, Practitioner
from yitong.domains.schedule.contracts import Pool, Session, SessionState, Slot
from yitong.faces.common import terms
from yitong.faces.common import words as common
from yitong.faces.common.tables import Column, Order, Table
from yitong.faces.common.words import Reader
from yitong.faces.desk import words
from yitong.faces.desk.today.presenters import ARRIVED, doctor_of

Fact = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class BookedLine:
    id: str
    href: str
    check_in: str
    cancel: str
    number: int
    starts_at: datetime
    time: str
    name: str
    state: str
    tag: str
    code: str
    channel: str
    is_live: bool
    can_check_in: bool
    can_cancel: bool


def booked_table(*, sees_names: bool, has_acts: bool) -> Table[BookedLine]:
    """Those who come, by number unless one asks for another order."""
    columns = [
        Column(later("序号"), "number"),
        Column(later("时段"), "time"),
        Column(later("就诊人")),
        Column(later("状态"), "state"),
        *([Column(later("预约码"))] if sees_names else []),
        Column(later("来自"), "channel"),
        *([Column(later("办理"))] if has_acts else []),
    ]
    keys = {
        "number": lambda one: one.number,
        "time": lambda one: one.starts_at,
        "state": lambda one: one.state,
        "channel": lambda one: one.channel,
    }
    return Table(columns, keys, Order("number"))


@dataclass(frozen=True, slots=True)
class WindowLine:
    time: str
    slots: int
    booked: int
    left: int
    pools: str


@dataclass(frozen=True, slots=True)
class SessionHead:
    when: str
    doctor: str
    department: str
    state: str
    tag: str
    facts: list[Fact]
    is_stopped: bool
    is_stopping: bool
    is_over: bool


def head(
    session: Session,
    department: Department,
    campus: Campus,
    doctors: Mapping[UUID, Practitioner],
    reader: Reader,
) -> SessionHead:
    name = reader.name(department)
    is_stopped = session.state is SessionState.STOPPED
    facts = [
        (_("科室"), name, _where(campus, department, session.room, reader)),
        (_("类别"), terms.term(terms.CLINICS, session.clinic_kind), ""),
        (_("医事服务费"), reader.yuan(session.fee_fen), ""),
    ]
    if session.substituted_id is not None and session.substituted_id in doctors:
        facts.append((_("原定医师"), reader.name(doctors[session.substituted_id]), ""))
    if session.state is SessionState.PLANNED and session.release_at > reader.now:
        facts.append((_("放号时间"), reader.moment(session.release_at), ""))
    is_stopping = session.stops_at is not None
    if session.stops_at is not None:
        facts.append((_("停诊生效"), reader.moment(session.stops_at), ""))
    if is_stopped:
        facts.append((_("停诊原因"), terms.term(words.STOP_REASONS, session.stop_reason), ""))
    released = is_stopped or session.release_at <= reader.now
    state = session.state if is_stopped or not released else SessionState.RELEASED
    return SessionHead(
        when=reader.visit(session.starts_at, session.ends_at),
        doctor=doctor_of(session, doctors, name, reader),
        department=name,
        state=_("待停诊") if is_stopping else terms.term(words.SESSION_STATES, state),
        tag="warn" if is_stopping else "danger" if is_stopped else "ok" if released else "",
        facts=facts,
        is_stopped=is_stopped,
        is_stopping=is_stopping,
        is_over=session.ends_at <= reader.now,
    )


def booked(booking: Booking, *, sees_names: bool, reader: Reader) -> BookedLine:
    args = [booking.booking_id]
    return BookedLine(
        id=f"b{booking.booking_id}",
        href=reverse("desk:booking", args=args),
        check_in=reverse("desk:check_in", args=args),
        cancel=reverse("desk:cancel", args=args),
        number=booking.number,
        starts_at=booking.starts_at,
        time=common.window(booking.starts_at, booking.ends_at),
        name=booking.patient_name if sees_names else masks.name(booking.patient_name),
        state=terms.term(terms.BOOKING_STATES, booking.state),
        tag=terms.BOOKING_TAGS.get(booking.state, ""),
        code=booking.code if sees_names else "",
        channel=" · ".join([terms.term(terms.CHANNELS, booking.channel), *([_("加号")] if booking.is_extra else [])]),
        is_live=booking.state in LIVE,
        can_check_in=booking.state is State.CONFIRMED and booking.date == reader.today,
        can_cancel=booking.state in (State.HELD, State.CONFIRMED),
    )


def lines(
    bookings: Iterable[Booking], *, sees_names: bool, reader: Reader
) -> tuple[list[BookedLine], list[BookedLine]]:
    """Those who come, by window; those who no longer do."""
    every = [booked(one, sees_names=sees_names, reader=reader) for one in bookings]
    return [one for one in every if one.is_live], [one for one in every if not one.is_live]


def windows(slots: Sequence[Slot], taken: set[UUID], reader: Reader) -> list[WindowLine]:
    """Each window with its slots, those taken, and the pools of what is left."""
    found: dict[tuple[object, object], list[Slot]] = {}
    for slot in slots:
        found.setdefault((slot.starts_at, slot.ends_at), []).append(slot)
    return [_window(own, taken) for own in found.values()]


def _window(slots: Sequence[Slot], taken: set[UUID]) -> WindowLine:
    left = [slot for slot in slots if slot.slot_id not in taken and not slot.is_extra]
    pools = [(pool, sum(slot.pool is pool for slot in left)) for pool in Pool]
    return WindowLine(
        time=common.window(slots[0].starts_at, slots[0].ends_at),
        slots=len(slots),
        booked=sum(slot.slot_id in taken for slot in slots),
        left=len(left),
        pools=" · ".join(f"{terms.term(terms.POOLS, pool)} {n}" for pool, n in pools if n),
    )


def taken_slots(bookings: Iterable[Booking]) -> set[UUID]:
    return {one.slot_id for one in bookings if one.state in LIVE}


def figures(counts: Mapping[State, int], session: Session) -> list[tuple[str, int]]:
    live = sum(counts.get(state, 0) for state in LIVE)
    is_stopped = session.state is SessionState.STOPPED
    return [
        (_("已约"), live),
        (_("已到"), sum(counts.get(state, 0) for state in LIVE if state in ARRIVED)),
        (_("余号"), 0 if is_stopped else max(0, session.slots - live)),
    ]


def slot_name(slot: Slot) -> str:
    number = _("第 %(n)s 号") % {"n": slot.number}
    return f"{common.window(slot.starts_at, slot.ends_at)} · {number}"


def booking_facts(
    booking: Booking,
    department: Department,
    campus: Campus,
    doctors: Mapping[UUID, Practitioner],
    room: str,
    reader: Reader,
) -> list[Fact]:
    doctor = doctors.get(booking.practitioner_id) if booking.practitioner_id else None
    named = f"{reader.name(doctor)} {terms.term(terms.TITLES, doctor.title)}" if doctor else ""
    facts = [
        (_("就诊时间"), reader.visit(booking.starts_at, booking.ends_at), ""),
        (_("科室"), reader.name(department), _where(campus, department, room, reader)),
        (_("医生"), named or terms.term(terms.CLINICS, booking.clinic_kind), ""),
        (_("序号"), str(booking.number), ""),
        (_("医事服务费"), reader.yuan(booking.fee_fen), ""),
        (_("来自"), terms.term(terms.CHANNELS, booking.channel), reader.moment(booking.created_at)),
    ]
    if booking.ended_at is not None:
        facts.append((_("结束于"), reader.moment(booking.ended_at), ""))
    return facts


def _where(campus: Campus, department: Department, room: str, reader: Reader) -> str:
    return " · ".join(part for part in (reader.name(campus), department.location, reader.room(room)) if part)
