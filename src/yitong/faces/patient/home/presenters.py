"""Home and search, as plain words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.domains.booking.contracts import Booking, State, Usual
from yitong.domains.hospitals.contracts.things import Department, FoundItem, Hospital, Practitioner
from yitong.faces.common import terms
from yitong.faces.common.words import Reader

ICONS = {"hospital": "hospital", "department": "department", "practitioner": "person"}
COMING = (State.HELD, State.CONFIRMED, State.CHECKED_IN, State.IN_VISIT)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list."""

    href: str
    title: str
    note: str
    icon: str


@dataclass(frozen=True, slots=True)
class District:
    name: str
    hospitals: list[Line]


@dataclass(frozen=True, slots=True)
class NextVisit:
    href: str
    when: str
    where: str
    state: str
    more: int

    @property
    def tag(self) -> str:
        """Another one when what a phone keeps of it is out of date."""
        return f"{self.href} {self.when} {self.state}"


@dataclass(frozen=True, slots=True)
class Again:
    """A doctor or a clinic that one has been to: the way to the next open times."""

    href: str
    title: str
    note: str


def districts(hospitals: Iterable[Hospital], reader: Reader) -> list[District]:
    """Hospitals by district, both in the order of the list."""
    lines: dict[str, list[Line]] = {}
    for hospital in hospitals:
        lines.setdefault(hospital.district, []).append(hospital_line(hospital, reader))
    return [District(terms.known(name), of_district) for name, of_district in lines.items()]


def hospital_line(hospital: Hospital, reader: Reader) -> Line:
    note = " · ".join(terms.known(part) for part in (hospital.level, hospital.kind) if part)
    return Line(reverse("patient:hospital", args=[hospital.hospital_id]), reader.name(hospital), note, "hospital")


def found_line(item: FoundItem, reader: Reader) -> Line:
    match item.kind:
        case "hospital":
            href = reverse("patient:hospital", args=[item.hospital_id])
        case "department":
            href = reverse("patient:department", args=[item.hospital_id, item.item_id])
        case _:
            href = reverse("patient:doctor", args=[item.hospital_id, item.item_id])
    title = reader.name(item)
    if item.title is not None:
        title = f"{title} {terms.term(terms.TITLES, item.title)}"
    note = (reader.is_english and item.detail_en) or item.detail
    return Line(href, title, note, ICONS.get(item.kind, "search"))


def coming(bookings: Sequence[Booking], reader: Reader) -> list[Booking]:
    """Those still to happen, the nearest first."""
    return sorted((b for b in bookings if b.state in COMING and b.ends_at > reader.now), key=lambda b: b.starts_at)


def again(one: Usual, hospital: Hospital, department: Department, doctor: Practitioner | None, reader: Reader) -> Again:
    """To the doctor's own days, while the doctor practises; else to the times of the department's own clinic."""
    place = f"{reader.name(department)} · {reader.name(hospital)}"
    if doctor is not None and doctor.is_active:
        who = f"{reader.name(doctor)} {terms.term(terms.TITLES, doctor.title)}"
        href = reverse("patient:doctor", args=[one.hospital_id, doctor.practitioner_id])
        return Again(href, _("再约%(who)s") % {"who": who}, place)
    href = reverse("patient:department", args=[one.hospital_id, one.department_id])
    return Again(
        f"{href}?visit=again&times=1", _("再约%(who)s") % {"who": reader.name(department)}, reader.name(hospital)
    )


def next_visit(
    bookings: Sequence[Booking], hospital: Hospital, department: Department, room: str, more: int, reader: Reader
) -> NextVisit:
    booking = bookings[0]
    return NextVisit(
        href=reverse("patient:booking", args=[booking.hospital_id, booking.booking_id]),
        when=reader.visit(booking.starts_at, booking.ends_at),
        where=" · ".join(part for part in (reader.name(hospital), reader.name(department), reader.room(room)) if part),
        state=terms.term(terms.BOOKING_STATES, booking.state),
        more=more,
    )
