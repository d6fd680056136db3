"""A handful of bookings, so that desks and "my bookings" are not empty: made online, by phone and at a window."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from yitong.cli.demo.city import City
from yitong.cli.demo.loading.people import Joined
from yitong.cli.demo.loading.staff import Crew
from yitong.core.actor import Actor
from yitong.core.errors import Refusal
from yitong.domains.booking.commands import claim
from yitong.domains.booking.contracts import HoldSlot
from yitong.domains.booking.queries import bookings, openings
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule.queries import timetable as schedule

BOOKERS = 8  # accounts that have booked
DAYS = 7
MOST_TRIES = 40  # sessions that one booker looks at


def book(joined: Sequence[Joined], city: City, crew: Crew, *, now: datetime) -> int:
    """The first accounts book for their holders, in turn at the staffed hospitals; one at each of these also has a
    walk-in number for today, where a clinic still sits. Who has booked before books no more.

    Returns how many were booked.
    """
    staffed = sorted({one.hospital_code for one in city.staff if one.role == "registrar" and one.hospital_code})
    made = 0
    for place, one in enumerate(joined[:BOOKERS]):
        code = staffed[place % len(staffed)]
        hospital_id = crew.hospital_id(code)
        if bookings.list_my_bookings(one.actor, now=now):
            continue
        days = [city.today + timedelta(days=ahead) for ahead in range(1, DAYS + 1)]
        made += _book_one(one, hospital_id, days, actor=one.actor, skip=place, now=now)
        if place < len(staffed):
            window = crew.member(code, "registrar", city)
            made += _book_one(one, hospital_id, [city.today], actor=window, skip=place + 1, now=now)
    return made


def _book_one(one: Joined, hospital_id: UUID, days: Sequence[date], *, actor: Actor, skip: int, now: datetime) -> int:
    """Takes the first slot that is open to this actor and fits the holder. What is refused is left for the next."""
    patient_id, _ = one.patients[0]
    for slot_id in _open_slots(hospital_id, days, actor=actor, skip=skip, now=now):
        cmd = HoldSlot(f"demo:{patient_id}:{slot_id}", hospital_id, slot_id, patient_id)
        try:
            claim.hold_slot(cmd, actor=actor, now=now)
        except Refusal:
            continue
        return 1
    return 0


def _open_slots(hospital_id: UUID, days: Sequence[date], *, actor: Actor, skip: int, now: datetime) -> Iterator[UUID]:
    """One open slot of each department's own clinic, from department to department."""
    departments = [one for one in hospitals.list_departments(hospital_id) if one.is_bookable]
    turned = [*departments[skip:], *departments[:skip]]
    for department in turned[:MOST_TRIES]:
        for session in schedule.list_sessions(hospital_id, department.department_id, days[0], days[-1]):
            if session.practitioner_id is not None:
                continue
            offers = openings.slot_offers(hospital_id, session, channel=actor.channel, now=now)
            free = [offer.slot_id for offer in offers if offer.is_open]
            if free:
                yield free[len(free) // 2]
                break
