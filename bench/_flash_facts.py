"""What the database holds after a flash crowd, read once, for the checker (`_flash_check`).

Ids are text and instants Unix time, as in the answers that are compared with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

FOR_EVER = float("inf")


@dataclass(frozen=True, slots=True)
class Booking:
    """A row of bookings. `day` is its visit's, as a proleptic ordinal (`date.toordinal`)."""

    hospital_id: str
    booking_id: str
    slot_id: str
    session_id: str
    patient_id: str
    department_id: str
    day: int
    starts_at: float
    ends_at: float
    pool: str
    state: str
    live: bool
    code: str
    actor: str
    key: str
    created_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Slot:
    session_id: str
    starts_at: float
    ends_at: float
    pool: str
    reopens_at: float | None = None


@dataclass(frozen=True, slots=True)
class Session:
    hospital_id: str
    department_id: str
    day: int
    release_at: float
    state: str


@dataclass(frozen=True, slots=True)
class PatientRow:
    """The patient's side of a booking."""

    booking_id: str
    patient_id: str
    starts_at: float
    ends_at: float
    state: str
    live: bool


@dataclass(slots=True)
class Facts:
    """`limits` are the days that count for a patient; `batches` names, for each event of a batch, its bookings;
    `announced` the booking of each event of one booking's own."""

    bookings: list[Booking] = field(default_factory=list)
    slots: Mapping[str, Slot] = field(default_factory=dict)
    sessions: Mapping[str, Session] = field(default_factory=dict)
    limits: Mapping[str, Sequence[int]] = field(default_factory=dict)
    patient_rows: list[PatientRow] = field(default_factory=list)
    batches: list[tuple[str, ...]] = field(default_factory=list)
    announced: list[str] = field(default_factory=list)


BOOKINGS = """
SELECT hospital_id::text, id::text, slot_id::text, session_id::text, patient_id::text, department_id::text,
       visit_date - DATE '0001-01-01' + 1, extract(epoch FROM starts_at)::float8, extract(epoch FROM ends_at)::float8,
       pool, state, live, code, actor, key, extract(epoch FROM created_at)::float8,
       extract(epoch FROM ended_at)::float8
FROM booking_booking
"""
SLOTS = """
SELECT id::text, session_id::text, extract(epoch FROM starts_at)::float8, extract(epoch FROM ends_at)::float8, pool,
       extract(epoch FROM reopens_at)::float8
FROM schedule_slot
"""
SESSIONS = """
SELECT id::text, hospital_id::text, department_id::text, date - DATE '0001-01-01' + 1,
       extract(epoch FROM release_at)::float8, state
FROM schedule_clinic_session
"""
LIMITS = """
SELECT patient_id::text, ARRAY(SELECT day - DATE '0001-01-01' + 1 FROM unnest(live_days) AS held(day))
FROM people_booking_limits WHERE live_days <> '{}'
"""
PATIENT_ROWS = """
SELECT id::text, patient_id::text, extract(epoch FROM starts_at)::float8, extract(epoch FROM ends_at)::float8, state,
       live
FROM booking_patient_booking
"""
BATCHES = """
SELECT ARRAY(SELECT jsonb_array_elements_text(body -> 'bookings')) FROM core_event
WHERE operation = 'booking.slots_claimed'
"""
# A booking that was paid later is confirmed by an event that says what it was before.
ANNOUNCED = """
SELECT subject_id::text FROM core_event
WHERE operation = 'booking.slot_held' OR (operation = 'booking.booking_confirmed' AND from_state IS NULL)
"""


def read(url: str) -> Facts:
    """All of it in one snapshot, as a role that sees everything."""
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

        def rows(statement: str) -> list[tuple[Any, ...]]:
            return connection.execute(statement).fetchall()

        return Facts(
            bookings=[Booking(*row) for row in rows(BOOKINGS)],
            slots={row[0]: Slot(*row[1:]) for row in rows(SLOTS)},
            sessions={row[0]: Session(*row[1:]) for row in rows(SESSIONS)},
            limits=dict(rows(LIMITS)),
            patient_rows=[PatientRow(*row) for row in rows(PATIENT_ROWS)],
            batches=[tuple(row[0]) for row in rows(BATCHES)],
            announced=[row[0] for row in rows(ANNOUNCED)],
        )
