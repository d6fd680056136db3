"""Bookings as plain words: what, when, where, how much, and what can still be done."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yitong.core import masks
from yitong.domains.booking.contracts import ENDED, Booking, State
from yitong.domains.hospitals.contracts.things import Campus, Department, Hospital, Practitioner
from yitong.domains.people.contracts.patients import Carrier, PatientCard
from yitong.domains.people.contracts.words import CarrierState, IdentityLevel
from yitong.domains.schedule.contracts import Session, Slot
from yitong.faces.common import terms, words
from yitong.faces.common.words import Reader
from yitong.faces.patient import maps
from yitong.faces.patient.hospitals.offering import Doctor

CHANGEABLE = (State.HELD, State.CONFIRMED)
WITH_CODE = (State.CONFIRMED, State.CHECKED_IN, State.IN_VISIT)
COMING = (State.HELD, State.CONFIRMED, State.CHECKED_IN, State.IN_VISIT)
Fact = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Person:
    """One choice in the person switcher."""

    id: str
    name: str
    note: str
    is_chosen: bool
    is_disabled: bool


@dataclass(frozen=True, slots=True)
class BookingLine:
    href: str
    when: str
    where: str
    who: str
    state: str
    tag: str
    is_coming: bool


@dataclass(frozen=True, slots=True)
class BookingPage:
    when: str
    where: str
    state: str
    tag: str
    code: str
    qr: str
    facts: list[Fact]
    advice: str
    can_change: bool
    change_rule: str
    hold_until: datetime | None
    is_prepaid: bool
    department_href: str
    map_href: str
    is_coming: bool
    was_called_off: bool

    @property
    def offline_tag(self) -> str:
        """Another one when what a phone keeps of it is out of date."""
        return f"{self.code} {self.when} {self.where} {self.state}"


@dataclass(frozen=True, slots=True)
class Told:
    """A visit as it may be told to anybody: no name, no code."""

    where: str
    address: str
    advice: str
    message: str


def people(cards: Iterable[PatientCard], chosen: UUID | None, needs_verified: bool, reader: Reader) -> list[Person]:
    """Who may be booked for; those who can't yet, and why. One is chosen already: who was asked for, else oneself."""
    cards = list(cards)
    able = [c for c in cards if not needs_verified or c.level is not IdentityLevel.DECLARED]
    if able and chosen not in [c.patient_id for c in able]:
        own = [c for c in able if c.relation == "self"]
        chosen = (own or able)[0].patient_id
    return [
        Person(
            id=str(card.patient_id),
            name=" · ".join(filter(None, (card.name_masked, relation(card), reader.age(card.birth_date)))),
            note=card.identity_masked if card in able else _("还没有实名核验，暂不能预约"),
            is_chosen=card.patient_id == chosen,
            is_disabled=card not in able,
        )
        for card in cards
    ]


def relation(card: PatientCard) -> str:
    return terms.term(terms.RELATIONS, card.relation)


def slot_facts(
    slot: Slot,
    session: Session,
    hospital: Hospital,
    department: Department,
    campus: Campus,
    doctor: Doctor,
    payment: str,
    reader: Reader,
) -> list[Fact]:
    """What is about to be booked, in the order in which one asks."""
    return [
        (_("就诊时间"), reader.visit(slot.starts_at, slot.ends_at), ""),
        (_("医院"), reader.name(hospital), ""),
        (_("科室"), reader.name(department), whereabouts(campus, department, session.room, reader)),
        (_("医生"), " · ".join(part for part in (doctor.name, doctor.title) if part), ""),
        (_("医事服务费"), reader.yuan(session.fee_fen), pay_words(payment)),
    ]


def pay_words(payment: str) -> str:
    return _("医院要求先付费，在医院窗口或自助机付") if payment == "online" else _("就诊时在医院支付，平台不收费")


def pay_first_words(payment: str, hold_minutes: int) -> str:
    """What one should know before one holds a slot of a hospital that wants its fee first (R-018); else nothing."""
    if payment != "online":
        return ""
    return _(
        "这里不能网上付费。约号后只保留 %(minutes)s 分钟，请在这之前到医院窗口或自助机付费，付了才算约成；"
        "过时号会放回，不算爽约"
    ) % {"minutes": hold_minutes}


def whereabouts(campus: Campus, department: Department, room: str, reader: Reader) -> str:
    return " · ".join(part for part in (reader.name(campus), department.location, reader.room(room)) if part)


def lines(
    bookings: Sequence[Booking],
    hospitals: Mapping[UUID, Hospital],
    departments: Mapping[UUID, Department],
    rooms: Mapping[UUID, str],
    reader: Reader,
) -> list[BookingLine]:
    """`rooms`: by session, of those to come."""
    return [
        BookingLine(
            href=reverse("patient:booking", args=[b.hospital_id, b.booking_id]),
            when=reader.visit(b.starts_at, b.ends_at),
            where=" · ".join(
                [
                    *(
                        reader.name(found)
                        for found in (hospitals.get(b.hospital_id), departments.get(b.department_id))
                        if found is not None
                    ),
                    *filter(None, [reader.room(rooms.get(b.session_id, ""))]),
                ]
            ),
            who=masks.name(b.patient_name),
            state=terms.term(terms.BOOKING_STATES, shown_state(b, reader)),
            tag=terms.BOOKING_TAGS.get(shown_state(b, reader), ""),
            is_coming=is_coming(b, reader),
        )
        for b in bookings
    ]


def is_coming(booking: Booking, reader: Reader) -> bool:
    return shown_state(booking, reader) in COMING and booking.ends_at > reader.now


def in_order(bookings: Iterable[Booking], reader: Reader) -> tuple[list[Booking], list[Booking]]:
    """Those to come, the nearest first; those past or ended, the latest first."""
    every = list(bookings)
    coming = sorted((b for b in every if is_coming(b, reader)), key=lambda b: b.starts_at)
    past = sorted((b for b in every if not is_coming(b, reader)), key=lambda b: b.starts_at, reverse=True)
    return coming, past


def booking_page(
    booking: Booking,
    session: Session,
    hospital: Hospital,
    department: Department,
    campus: Campus,
    practitioner: Practitioner | None,
    number: Carrier | None,
    reader: Reader,
) -> BookingPage:
    doctor = doctor_name(booking, {practitioner.practitioner_id: practitioner} if practitioner else {}, reader)
    has_code = booking.state in WITH_CODE
    facts = [
        (pgettext("one", "就诊人"), booking.patient_name, ""),
        (_("医院"), reader.name(hospital), campus.address),
        (_("科室"), reader.name(department), whereabouts(campus, department, session.room, reader)),
        (_("医生"), doctor, ""),
        (_("序号"), str(booking.number), ""),
        (_("医事服务费"), reader.yuan(booking.fee_fen), pay_words(booking.payment)),
    ]
    if number is not None:
        facts.append((terms.term(terms.CARRIERS, number.kind), *number_words(number)))
    return BookingPage(
        when=reader.visit(booking.starts_at, booking.ends_at),
        where=" · ".join(
            part for part in (reader.name(hospital), reader.name(department), reader.room(session.room)) if part
        ),
        state=terms.term(terms.BOOKING_STATES, shown_state(booking, reader)),
        tag=terms.BOOKING_TAGS.get(shown_state(booking, reader), ""),
        code=booking.code if has_code else "",
        qr=f"YITONG:{hospital.code}:{booking.code}" if has_code else "",
        facts=facts,
        advice=advice(booking, reader),
        can_change=can_change(booking, reader),
        change_rule=change_rule(booking, reader),
        hold_until=booking.hold_until if is_held(booking, reader) else None,
        is_prepaid=booking.payment == "online",
        department_href=reverse("patient:department", args=[booking.hospital_id, booking.department_id]),
        map_href=maps.link(hospital, campus, reader),
        is_coming=is_coming(booking, reader),
        was_called_off=booking.state in ENDED and booking.starts_at > reader.now,
    )


def number_words(number: Carrier) -> tuple[str, str]:
    """The patient's own number at the hospital, masked since the page is kept on phones, or where it stands (R-049)."""
    if number.state is CarrierState.ACTIVE:
        return number.value_masked, ""
    if number.state is CarrierState.REFUSED:
        return _("医院建档未成功"), _("就诊当天带证件提前到这家医院的挂号窗口办理，预约仍然有效")
    if number.is_unanswered:
        return _("医院还没有答复"), _("就诊当天带证件到挂号窗口办理，预约仍然有效")
    return _("正在建档"), _("医院办好后这里会显示，不用等")


def told(
    booking: Booking,
    session: Session,
    hospital: Hospital,
    department: Department,
    campus: Campus,
    guide_link: str,
    reader: Reader,
) -> Told:
    """Days by their date alone: who reads it may read it tomorrow."""
    where = " · ".join(
        part
        for part in (reader.name(hospital), reader.name(campus), reader.name(department), reader.room(session.room))
        if part
    )
    bring = _("就诊当天带上证件原件，提前 15 分钟到")
    lines = [
        words.visit_time(booking.starts_at, booking.ends_at, date.min, reader.language),
        where,
        campus.address,
        advice(booking, reader) or bring,
        _("怎么去、带什么：%(link)s") % {"link": guide_link},
    ]
    return Told(where, f"{reader.name(hospital)} {campus.address}", lines[3], "\n".join(lines))


def doctor_name(booking: Booking, practitioners: Mapping[UUID, Practitioner], reader: Reader) -> str:
    """The doctor with the title, or the kind of clinic where nobody is named yet."""
    found = practitioners.get(booking.practitioner_id) if booking.practitioner_id else None
    if found is None:
        return terms.term(terms.CLINICS, booking.clinic_kind)
    return f"{reader.name(found)} {terms.term(terms.TITLES, found.title)}"


def is_held(booking: Booking, reader: Reader) -> bool:
    """Held and not run out; what has run out is swept within a minute, and looks ended at once."""
    return booking.state is State.HELD and (booking.hold_until is None or reader.now < booking.hold_until)


def shown_state(booking: Booking, reader: Reader) -> State:
    return State.EXPIRED if booking.state is State.HELD and not is_held(booking, reader) else booking.state


def can_change(booking: Booking, reader: Reader) -> bool:
    return shown_state(booking, reader) in CHANGEABLE and reader.now < booking.cancel_until


def change_rule(booking: Booking, reader: Reader) -> str:
    if shown_state(booking, reader) not in CHANGEABLE:
        return ""
    time = reader.moment(booking.cancel_until)
    if reader.now < booking.cancel_until:
        return _("%(time)s前可以取消或改约") % {"time": time}
    return _("取消和改约已在%(time)s截止；有变化请打医院电话") % {"time": time}


def advice(booking: Booking, reader: Reader) -> str:
    """What happens next, by state."""
    match shown_state(booking, reader):
        case State.HELD:
            return _(
                "还没有约成：这家医院要求先付费，这里不能网上付费。请在保留时间内到医院窗口或自助机付费；"
                "过时号会放回，不收费，也不算爽约"
            )
        case State.CONFIRMED:
            return _("就诊当天带上证件原件，提前 15 分钟到，凭预约码和证件报到")
        case State.CHECKED_IN:
            return _("已报到，请在候诊区等叫号")
        case State.STOPPED:
            free = _("医院停诊；这次不占您的预约次数，请另约时间")
            return free + _("；已付的费用原路退回") if booking.payment == "online" else free
        case State.MISSED:
            return _("没有按时报到，算一次爽约")
        case State.EXPIRED:
            return _("没有在保留时间内付费，号已放回")
        case State.CANCELLED:
            return _("已取消，号会在一段时间后放回给大家")
    return ""


def move_facts(booking: Booking, slot: Slot, session: Session, doctors: tuple[str, str], reader: Reader) -> list[Fact]:
    """Old and new, and what the difference costs (R-047)."""
    before, after = doctors
    facts = [
        (_("原来的时间"), reader.visit(booking.starts_at, booking.ends_at), ""),
        (_("新的时间"), reader.visit(slot.starts_at, slot.ends_at), ""),
    ]
    facts.append((_("医生"), after if after == before else f"{before} → {after}", ""))
    if session.fee_fen != booking.fee_fen:
        facts.append((_("医事服务费"), f"{reader.yuan(booking.fee_fen)} → {reader.yuan(session.fee_fen)}", ""))
    return facts
