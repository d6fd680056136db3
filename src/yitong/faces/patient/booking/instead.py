"""What to book or move to instead, when the chosen slot went to somebody quicker: the nearest first, in time and then
in the city.

It is the same for all who are refused a new booking there, and a release refuses thousands at once: so it is kept for a
moment. What one moves to is his own; places elsewhere are new bookings for him too, as a booking stays at its hospital.
"""

from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.domains.booking.errors import DuplicateDepartment, PoolExhausted, SessionCancelled, SlotTaken, TimeClash
from yitong.domains.booking.queries import bookings, openings
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule.contracts import Session
from yitong.domains.schedule.errors import SessionIsStopping
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import lately
from yitong.faces.common.words import Reader
from yitong.faces.patient.hospitals import choosing, near, offering, presenters, ways

GONE = (SlotTaken, PoolExhausted, SessionCancelled, SessionIsStopping)
OWN = (SlotTaken, PoolExhausted, DuplicateDepartment, TimeClash)  # what one hears, too, who presses once more


@dataclass(frozen=True, slots=True)
class Instead:
    """Other windows of what was chosen, others who sit that day, other days, other places; `release`: when more comes,
    where there is nothing of all that; `wait_href`: the line for what was chosen, where all of it is gone."""

    windows: list[offering.Window]
    same_day: list[offering.Near]
    days: list[offering.Near]
    places: list[offering.Near]
    release: str
    wait_href: str = ""


def instead(session: Session, visit: ways.Visit, way: ways.NewBooking | ways.Moving, reader: Reader) -> Instead:
    key = ("instead", session.hospital_id, session.session_id, visit, way, reader.language)
    return lately.keep(key, reader.now, lambda: _instead(session, visit, way, reader))


def _instead(session: Session, visit: ways.Visit, way: ways.Way, reader: Reader) -> Instead:
    hospital_id = session.hospital_id
    in_force = policies.at(hospital_id, reader.now, department_id=session.department_id)
    bookable = choosing.days(in_force, reader)[:-1]
    sessions = schedule.list_sessions(hospital_id, session.department_id, bookable[0], bookable[-1])
    offers = openings.offers(hospital_id, sessions, channel=choosing.CHANNEL, now=reader.now)
    same = [one.session_id for one in choosing.bundle(session, visit, in_force)]
    others = [one for one in sessions if one.date == session.date and one.session_id not in same]
    doctors = choosing.practitioners(hospital_id, others)
    halves = offering.half_days(others, offers, doctors, visit, way, in_force, reader)
    department = hospitals.get_department(hospital_id, session.department_id)
    link = way.days(hospital_id, session.department_id)
    shown = choosing.windows(session, visit, way, reader)
    windows, offer = shown["windows"], shown["offer"]
    assert isinstance(windows, list)
    assert isinstance(offer, offering.Offer)
    found = Instead(
        windows=[one for one in windows if one.href],
        same_day=[_line(half, one) for half in halves for one in half.offers if one.is_open][: offering.MOST_NEAR],
        days=offering.near_days(offering.open_days(bookable, sessions, offers), session.date, link, reader),
        places=near.elsewhere(department, reader),
        release="",
        wait_href=offer.wait_href,
    )
    if found.windows or found.same_day or found.days or found.places:
        return found
    return Instead([], [], [], [], presenters.release(in_force, reader).text, offer.wait_href)


def has_already(actor: Actor, patient_id: UUID | None, session: Session) -> str:
    """Where the booking is that the patient has there on that day already, by another tab or before the way back."""
    if patient_id is None:
        return ""
    found = bookings.find_live_of_day(actor, patient_id, session.hospital_id, session.department_id, session.date)
    return reverse("patient:booking", args=[session.hospital_id, found]) if found else ""


def _line(half: offering.HalfDay, offer: offering.Offer) -> offering.Near:
    doctor = f"{offer.doctor.name} {offer.doctor.title}".strip()
    return offering.Near(offer.href, doctor, f"{half.name} {offer.left}")
