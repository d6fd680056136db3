"""Departments of the tests' own, with days that are far enough off to be cancelled and moved at any hour."""

from dataclasses import dataclass, field
from datetime import date, time, timedelta

from django.db import transaction
from tests import clinic as build
from tests import make

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.domains.access.contracts import Scope
from yitong.domains.booking.commands import change, claim
from yitong.domains.booking.contracts import CancelBooking, Held, HoldSlot
from yitong.domains.schedule import contracts as schedule
from yitong.domains.schedule.queries import timetable as offered


@dataclass
class Practice:
    """One department of a hospital with a doctor; `days` can be booked now, `sessions` are theirs."""

    clinic: make.Clinic
    days: list[date]
    sessions: list[schedule.Session] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"/hospitals/{self.clinic.hospital_id}/departments/{self.clinic.department_id}/"

    def sit(self, day: date, **changed: object) -> schedule.Session:
        """The doctor sits in the morning of that day, by name for who comes again (R-004)."""
        made = make.session(self.clinic, day, now=clock.now(), **changed)
        self.sessions.append(made)
        return made

    def ask_fee_first(self) -> None:
        """From now on this hospital wants its fee before the visit (R-018)."""
        self.decide("booking.payment", "online")

    def stand_in_line(self, *, gather_s: int) -> None:
        """From now on there is a line before its releases (R-017), ordered by lot until so long after one."""
        self.decide("booking.line.mode", "release")
        self.decide("booking.line.gather_seconds", gather_s)

    def decide(self, key: str, value: object) -> None:
        with transaction.atomic():
            policies.record(
                key,
                value,
                scope="hospital",
                hospital_id=self.clinic.hospital_id,
                scope_id=self.clinic.hospital_id,
                effective_from=clock.now() - timedelta(minutes=1),
                source="test",
                decided_by="test",
                now=clock.now(),
            )


def found() -> Practice:
    """A department of a new hospital in which nobody sits yet."""
    now = clock.now()
    clinic = make.clinic(now=now)
    days = offered.bookable_dates(now, policies.at(clinic.hospital_id, now))
    return Practice(clinic, days[2:])


def beside(place: Practice) -> Practice:
    """Another department of the same specialty, on another campus of that hospital, in which nobody sits yet."""
    return Practice(make.clinic(hospital_id=place.clinic.hospital_id, now=clock.now()), place.days)


def open_one() -> Practice:
    """With three mornings, and an afternoon on the first."""
    made = found()
    for day in made.days[:3]:
        made.sit(day, per_window=20)  # room for every test, in any order
    made.sit(made.days[0], per_window=20, starts=time(13, 30), ends=time(17), half_day=schedule.HalfDay.PM)
    return made


def crowd(made: Practice, *, each: int = 12) -> None:
    """So many people book on each of its days, by the web and by the app."""
    hospital_id = made.clinic.hospital_id
    for session in made.sessions:
        slots = [slot for slot in offered.list_slots(hospital_id, session.session_id) if slot.pool == "online"]
        for n, slot in enumerate(slots[:each]):
            channel = Actor.for_channel(hospital_id, ("web", "app")[n % 2], scopes=frozenset(Scope))
            hold = HoldSlot(f"crowd{make.number()}", hospital_id, slot.slot_id, build.patient(hospital_id))
            claim.hold_slot(hold, actor=channel, now=clock.now())


@dataclass
class Full:
    """A morning of which every slot that can be booked is taken."""

    session: schedule.Session
    held: list[Held]

    @property
    def path(self) -> str:
        one = self.session
        return f"/hospitals/{one.hospital_id}/departments/{one.department_id}/?date={one.date}"

    def free(self) -> None:
        """Somebody cancels; the worker then serves who waits."""
        held = self.held.pop()
        cmd = CancelBooking(f"cancel{make.number()}", held.hospital_id, held.booking_id)
        change.cancel_booking(cmd, actor=build.registrar(held.hospital_id), now=clock.now())


def sell_out(place: Practice, n: int) -> Full:
    session = place.sit(place.days[n], per_window=1)
    hospital_id, channel = session.hospital_id, Actor("system", "test", "web")
    held = []
    for slot in offered.list_slots(hospital_id, session.session_id):
        if slot.pool == "online":
            wish = HoldSlot(f"full{make.number()}", hospital_id, slot.slot_id, build.patient(hospital_id))
            held.append(claim.hold_slot(wish, actor=channel, now=clock.now()))
    return Full(session, held)
