"""Patients as the window reads them out to check: enough to know who it is, the number masked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.core import masks
from yitong.domains.booking.contracts import Booking, Held, SessionOffer, SlotOffer
from yitong.domains.hospitals.contracts.things import Department, Practitioner
from yitong.domains.people.contracts.patients import Patient
from yitong.domains.schedule.contracts import Session, Slot
from yitong.faces.common import terms, words
from yitong.faces.common.words import Reader
from yitong.faces.desk.today.presenters import doctor_of

Fact = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Found:
    id: str
    href: str
    window_href: str
    phone_href: str
    name: str
    about: str
    level: str
    facts: list[Fact]


@dataclass(frozen=True, slots=True)
class PatientBooking:
    href: str
    when: str
    department: str
    state: str
    tag: str
    is_live: bool


@dataclass(frozen=True, slots=True)
class Offer:
    href: str
    time: str
    doctor: str
    clinic: str
    fee: str
    left: int


@dataclass(frozen=True, slots=True)
class Window:
    time: str
    left: str
    href: str


def found_patient(patient: Patient, reader: Reader) -> Found:
    kind = terms.term(terms.IDENTITY_KINDS, patient.identity_kind)
    number = masks.identity_number(patient.identity_number)
    sex = terms.term(terms.SEXES, patient.sex)
    born = patient.birth_date.isoformat() if patient.birth_date is not None else ""
    level = terms.term(terms.LEVELS, patient.level)
    return Found(
        id=str(patient.patient_id),
        href=reverse("desk:patient", args=[patient.patient_id]),
        window_href=reverse("desk:window_sessions", args=[patient.patient_id]),
        phone_href=reverse("desk:phone", args=[patient.patient_id]),
        name=patient.name,
        about=" · ".join(part for part in (sex, born, f"{kind} {number}") if part),
        level=level,
        facts=[
            (_("姓名"), patient.name, ""),
            (_("性别"), sex, ""),
            (_("出生日期"), born, ""),
            (kind, number, level),
        ],
    )


def bookings(found: Iterable[Booking], departments: Mapping[UUID, Department], reader: Reader) -> list[PatientBooking]:
    return [
        PatientBooking(
            href=reverse("desk:booking", args=[one.booking_id]),
            when=reader.visit(one.starts_at, one.ends_at),
            department=reader.name(departments[one.department_id]) if one.department_id in departments else "",
            state=terms.term(terms.BOOKING_STATES, one.state),
            tag=terms.BOOKING_TAGS.get(one.state, ""),
            is_live=one.ended_at is None,
        )
        for one in found
    ]


def offers(
    patient_id: UUID,
    sessions: Iterable[Session],
    left: Mapping[UUID, SessionOffer],
    doctors: Mapping[UUID, Practitioner],
    department: str,
    reader: Reader,
) -> list[Offer]:
    return [
        Offer(
            href=reverse("desk:window_slots", args=[patient_id, one.session_id]) if left[one.session_id].left else "",
            time=f"{terms.term(terms.HALF_DAYS, one.half_day)} {words.window(one.starts_at, one.ends_at)}",
            doctor=doctor_of(one, doctors, department, reader),
            clinic=terms.term(terms.CLINICS, one.clinic_kind),
            fee=reader.yuan(one.fee_fen),
            left=left[one.session_id].left,
        )
        for one in sessions
    ]


def nearest(slot: Slot, slots: Iterable[SlotOffer], reader: Reader) -> str:
    """The time nearest to this one at which anybody may have a number; "" where there is none."""
    free = [one for one in slots if one.is_open and not one.is_special and one.ends_at > reader.now]
    found = min(free, key=lambda one: (abs(one.starts_at - slot.starts_at), one.number), default=None)
    return words.window(found.starts_at, found.ends_at) if found is not None else ""


def booked_words(slot: Slot, held: Held) -> str:
    """What was booked, said where it is another time than the one that was chosen."""
    if (held.starts_at, held.ends_at) == (slot.starts_at, slot.ends_at):
        return _("挂号成功")
    asked, given = words.window(slot.starts_at, slot.ends_at), words.window(held.starts_at, held.ends_at)
    return _("挂号成功：%(asked)s已被挂走，挂的是%(given)s，第 %(n)s 号") % {
        "asked": asked,
        "given": given,
        "n": held.number,
    }


def windows(patient_id: UUID, slots: Iterable[SlotOffer], reader: Reader) -> list[Window]:
    """One for each time: the first open slot of it, and how many are open; those kept for the old come last (R-013)."""
    found: dict[tuple[object, object], list[SlotOffer]] = {}
    for slot in slots:
        found.setdefault((slot.starts_at, slot.ends_at), []).append(slot)
    made = []
    for own in found.values():
        open_ones = [slot for slot in own if slot.is_open and slot.ends_at > reader.now]
        open_ones.sort(key=lambda slot: slot.is_special)
        href = reverse("desk:window_confirm", args=[patient_id, open_ones[0].slot_id]) if open_ones else ""
        left = _("剩 %(n)s") % {"n": len(open_ones)} if open_ones else _("没有了")
        if open_ones and open_ones[0].is_special:
            left = _("只剩优先号 %(n)s") % {"n": len(open_ones)}
        made.append(Window(words.window(own[0].starts_at, own[0].ends_at), left, href))
    return made
