"""Bookings, lines and what is left of a session, as others see them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID


class State(StrEnum):
    HELD = "held"
    CONFIRMED = "confirmed"
    CHECKED_IN = "checked_in"
    IN_VISIT = "in_visit"
    DONE = "done"
    MISSED = "missed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    STOPPED = "stopped"


class AgeBand(StrEnum):
    """How old, as coarsely as the figures of fairness tell it. 老年人 are the last two (R-226)."""

    CHILD = "0-17"
    YOUNG = "18-44"
    MIDDLE = "45-59"
    OLD = "60-74"
    OLDEST = "75+"


LIVE = (State.HELD, State.CONFIRMED, State.CHECKED_IN, State.IN_VISIT, State.DONE, State.MISSED)
MEANT = (State.CONFIRMED, State.CHECKED_IN, State.IN_VISIT, State.DONE, State.STOPPED)  # neither undone nor missed
ENDED = (State.CANCELLED, State.EXPIRED, State.STOPPED)


KEPT_UNTIL = datetime(3000, 1, 1, tzinfo=UTC)  # the return time of a kept slot: at every door it is not back
PATIENT_NAME = "booking.booking.patient_name"  # names the column in its ciphertexts
PASS_USE = "booking.pass"  # names the key that signs passes
LOT_USE = "booking.lot"  # names the key from which the lots of a line come


@dataclass(frozen=True, slots=True)
class LineTimes:
    """A line before the window (R-017): people gather from `opens_at`; from the release to `ends_at` only who is let in
    may book, and nobody is before `doors_at`, when all who came are in the order of their lots."""

    opens_at: datetime
    release_at: datetime
    doors_at: datetime
    ends_at: datetime


class Standing(StrEnum):
    """How a patient stands to a line."""

    OUTSIDE = "outside"  # has no place
    GATHERING = "gathering"  # in, before the doors: nobody has a number yet
    WAITING = "waiting"
    ADMITTED = "admitted"
    MISSED = "missed"  # was let in, and the time to book is over
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class LinePlace:
    """`ahead`: how many are let in before him, while he waits; `until`: when his turn ends, once it has begun."""

    patient_id: UUID
    standing: Standing
    ahead: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking as its patient's account and its hospital see it."""

    hospital_id: UUID
    booking_id: UUID
    patient_id: UUID
    session_id: UUID
    slot_id: UUID
    campus_id: UUID
    department_id: UUID
    practitioner_id: UUID | None
    clinic_kind: str
    date: date
    starts_at: datetime
    ends_at: datetime
    number: int
    state: State
    code: str
    fee_fen: int
    payment: str
    channel: str
    hold_until: datetime | None
    cancel_until: datetime
    created_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    patient_name: str  # plain; for those who may read it
    is_extra: bool
    is_first_visit: bool


@dataclass(frozen=True, slots=True)
class Usual:
    """Where an account's people go: a doctor, or a department's own clinic (no `practitioner_id`)."""

    hospital_id: UUID
    department_id: UUID
    practitioner_id: UUID | None
    visits: int
    last_date: date


@dataclass(frozen=True, slots=True)
class SessionOffer:
    """How much of a session is left for one channel."""

    session_id: UUID
    total: int
    left: int


@dataclass(frozen=True, slots=True)
class SlotOffer:
    slot_id: UUID
    number: int
    starts_at: datetime
    ends_at: datetime
    is_open: bool
    is_special: bool = False  # kept for the old and other special groups


@dataclass(frozen=True, slots=True)
class ChannelCount:
    """Bookings by hospital, campus and channel (S-01)."""

    hospital_id: UUID
    campus_id: UUID
    channel: str
    bookings: int


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a stop would touch: `told` are the patients of an account, whom a message reaches; the rest is called."""

    bookings: int
    patients: int
    told: int


@dataclass(frozen=True, slots=True)
class DayCount:
    """Live bookings of one day of visit."""

    day: date
    bookings: int


@dataclass(frozen=True, slots=True)
class StateCount:
    """Bookings of a hospital by the state they are in, ended ones too."""

    hospital_id: UUID
    state: State
    bookings: int


@dataclass(frozen=True, slots=True)
class LeadCount:
    """Live bookings by how many days before the visit they were made."""

    days: int
    bookings: int


@dataclass(frozen=True, slots=True)
class SellOut:
    """How many sessions had given every online slot away so long after their release. None: not yet."""

    within: timedelta | None
    sessions: int
