"""What the database holds, read from outside, and what must never be so. Knows no code of the window and no rule of it:
the limits are counted here as the rulebook says them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

SAME_DAY, IN_A_WEEK = 2, 3

BOOKINGS = """SELECT id, hospital_id, session_id, slot_id, patient_id, department_id, visit_date, starts_at, ends_at,
  live, state, code, code_open, actor, key, number FROM booking_booking"""
PATIENTS_SIDE = "SELECT id, patient_id, visit_date, starts_at, ends_at, live, state FROM booking_patient_booking"
SLOTS = "SELECT id, session_id, reopens_at FROM schedule_slot ORDER BY session_id, number"
SESSIONS = "SELECT id, state FROM schedule_clinic_session"
LIMITS = "SELECT patient_id, live_days FROM people_booking_limits"


@dataclass(frozen=True)
class Row:
    booking_id: UUID
    hospital_id: UUID
    session_id: UUID
    slot_id: UUID
    patient_id: UUID
    department_id: UUID
    day: date
    starts_at: datetime
    ends_at: datetime
    live: bool
    state: str
    code: str
    code_open: bool
    actor: str
    key: str
    number: int


@dataclass(frozen=True)
class Facts:
    """The database at an instant of the test's clock."""

    now: datetime
    bookings: tuple[Row, ...]
    side: frozenset[tuple[Any, ...]]
    slots: tuple[tuple[UUID, UUID, datetime | None], ...]
    stopped: frozenset[UUID]
    days: tuple[tuple[UUID, tuple[date, ...]], ...]

    @property
    def live(self) -> list[Row]:
        return [one for one in self.bookings if one.live]

    def of(self, patient_id: UUID) -> list[Row]:
        return [one for one in self.live if one.patient_id == patient_id]

    def is_free(self, slot_id: UUID) -> bool:
        (reopens_at,) = [at for one, _, at in self.slots if one == slot_id]
        return all(one.slot_id != slot_id for one in self.live) and (reopens_at is None or reopens_at <= self.now)

    def free(self, session_id: UUID) -> list[UUID]:
        if session_id in self.stopped:
            return []
        return [slot_id for slot_id, of, _ in self.slots if of == session_id and self.is_free(slot_id)]

    def by_key(self, hospital_id: UUID, actor: str, key: str) -> Row | None:
        wanted = (hospital_id, actor, key)
        return next((one for one in self.bookings if (one.hospital_id, one.actor, one.key) == wanted), None)


def instant(connection: psycopg.Connection) -> str:
    """What is the same as long as nothing was committed."""
    row = connection.execute("SELECT pg_current_snapshot()::text").fetchone()
    assert row is not None
    return str(row[0])


def read(connection: psycopg.Connection, now: datetime) -> Facts:
    statements = (BOOKINGS, PATIENTS_SIDE, SLOTS, SESSIONS, LIMITS)
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with connection.pipeline():
            cursors = [connection.execute(statement) for statement in statements]
        bookings, side, slots, sessions, limits = (cursor.fetchall() for cursor in cursors)
    return Facts(
        now,
        tuple(Row(*row) for row in bookings),
        frozenset(side),
        tuple(slots),
        frozenset(one for one, state in sessions if state == "stopped"),
        tuple(sorted((one, tuple(days)) for one, days in limits)),
    )


def wrong(facts: Facts) -> list[str]:
    """What must never be so, whoever did what."""
    found = []
    slots = Counter(one.slot_id for one in facts.live)
    found += [f"slot {one} twice" for one, n in slots.items() if n > 1]
    codes = Counter((one.hospital_id, one.code) for one in facts.bookings if one.code_open)
    found += [f"code {one} twice" for one, n in codes.items() if n > 1]
    side = {(o.booking_id, o.patient_id, o.day, o.starts_at, o.ends_at, o.live, o.state) for o in facts.bookings}
    if side != facts.side:
        found.append("the patients' side says something else")
    counted = {patient_id: Counter(days) for patient_id, days in facts.days}
    mine: dict[UUID, list[Row]] = {}
    for one in facts.live:
        mine.setdefault(one.patient_id, []).append(one)
    for patient_id, days in counted.items():
        if days != Counter(one.day for one in mine.get(patient_id, ())):
            found.append(f"patient {patient_id}: other days are counted than are booked")
    for patient_id, rows in mine.items():
        found += [f"patient {patient_id}: {why}" for why in _over(rows)]
    return found


def wrongly_changed(before: Facts, after: Facts) -> list[str]:
    """What must not have become so."""
    known = {one.booking_id for one in before.bookings}
    held = {(one.booking_id, one.slot_id) for one in before.live}
    back = {slot_id: at for slot_id, _, at in after.slots}
    found = [f"booking {one} is gone" for one in known - {one.booking_id for one in after.bookings}]
    for one in after.bookings:
        at = back[one.slot_id]
        if one.booking_id not in known and one.session_id in before.stopped:
            found.append(f"booked in session {one.session_id} after its stop (R-016)")
        if one.live and (one.booking_id, one.slot_id) not in held and at is not None and at > after.now:
            found.append(f"slot {one.slot_id} taken before it was back (R-017)")
    return found


def _over(rows: Sequence[Row]) -> Iterable[str]:
    """R-005 and R-046 for one person's live bookings."""
    days = [one.day for one in rows]
    if max(Counter(days).values()) > SAME_DAY:
        yield "too many on a day"
    if any(sum(start <= day < start + timedelta(days=7) for day in days) > IN_A_WEEK for start in days):
        yield "too many in a week"
    if max(Counter((one.department_id, one.day) for one in rows).values()) > 1:
        yield "twice in a department on a day"
    ordered = sorted(rows, key=lambda one: one.starts_at)
    if any(one.ends_at > other.starts_at for one, other in zip(ordered, ordered[1:], strict=False)):
        yield "two visits at once"
