"""Booking: what crosses the border of this domain."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from yitong.core.events import Event
from yitong.domains.schedule.contracts import ExtraReason


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


class Near(StrEnum):
    """What may be given where the named slot is taken: an equal one of its window, or any one of its session."""

    SLOT = "slot"
    WINDOW = "window"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class HoldSlot:
    """Wish for one slot for one patient. `key` is the client's idempotency key."""

    key: str
    hospital_id: UUID
    slot_id: UUID
    patient_id: UUID
    is_first_visit: bool = True
    by_name: bool = False  # the patient chose the doctor by name
    entitlement_id: UUID | None = None
    near: Near = Near.SLOT


@dataclass(frozen=True, slots=True)
class HoldAtDesk(HoldSlot):
    """`is_special_group`: the desk saw on paper that the patient is one for whom on-site slots are kept (R-013), other
    than by age: disabled, in service, expecting."""

    is_special_group: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """The answer to a hold. Where payment is at the visit the booking is confirmed at once and has its code.

    The slot is the one that was given, which may be another than the one named (`Near`).
    """

    hospital_id: UUID
    booking_id: UUID
    state: State
    code: str
    hold_until: datetime | None
    slot_id: UUID
    number: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class PassPatient:
    """A patient in a pass. `name` is sealed as the booking will store it: nobody who holds the pass can read it."""

    patient_id: UUID
    name: bytes
    band: str = ""  # an AgeBand, for who counts who got a slot


@dataclass(frozen=True, slots=True)
class Pass:
    """What a signed pass says to the booking window: this account, in this session, may book for these patients until
    then. It spares the window a read; locks, limits, links and the channel's key are read in the claim itself."""

    account_id: UUID
    session_id: UUID  # of the account's signing in, not of a clinic
    channel: str
    patients: tuple[PassPatient, ...]
    expires_at: datetime
    key_id: UUID | None = None  # the key by which a channel of the API asked for it; None for our own pages


@dataclass(frozen=True, slots=True)
class IssuedPass:
    """A pass as it is handed out; `patients` are those for whom it may be shown."""

    token: str
    expires_at: datetime
    patients: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A freed slot that is kept for those who wait for its session (R-017). `promised_id`: what it is promised to, in
    the words of the domain that gives it."""

    hospital_id: UUID
    kept_id: UUID
    slot_id: UUID
    session_id: UUID
    number: int
    starts_at: datetime
    ends_at: datetime
    kept_at: datetime
    promised_id: UUID | None


@dataclass(frozen=True, slots=True)
class KeptWish:
    """A kept slot for one patient. `key` becomes the booking's own."""

    key: str
    kept: Kept
    patient_id: UUID
    is_first_visit: bool


@dataclass(frozen=True, slots=True)
class DrawnWish:
    """A place that one patient won by lot. `key` becomes the booking's own."""

    key: str
    hospital_id: UUID
    session_id: UUID
    patient_id: UUID
    is_first_visit: bool


@dataclass(frozen=True, slots=True)
class ConfirmBooking:
    key: str
    hospital_id: UUID
    booking_id: UUID


@dataclass(frozen=True, slots=True)
class CancelBooking:
    key: str
    hospital_id: UUID
    booking_id: UUID
    reason: str = "patient"


@dataclass(frozen=True, slots=True)
class MoveBooking:
    """改约 (R-047): the booking keeps its id and takes another slot of the same hospital."""

    key: str
    hospital_id: UUID
    booking_id: UUID
    slot_id: UUID
    patient_id: UUID | None = None  # given only to be compared: the patient of a booking never changes


@dataclass(frozen=True, slots=True)
class CheckIn:
    """取号/报到 with the document shown (R-001): `identity_number` is compared, never stored here."""

    key: str
    hospital_id: UUID
    booking_id: UUID
    identity_number: str


@dataclass(frozen=True, slots=True)
class AddExtra:
    """加号: one more slot in the doctor's own session, for one patient, with its reason (R-014)."""

    key: str
    hospital_id: UUID
    session_id: UUID
    patient_id: UUID
    reason: ExtraReason


@dataclass(frozen=True, slots=True)
class Changed:
    """The answer to confirm, cancel and move."""

    hospital_id: UUID
    booking_id: UUID
    state: State
    code: str


@dataclass(frozen=True, slots=True)
class GrantEntitlement:
    """A referral or contract that lets one patient draw from one pool of one department until a day (R-012, R-096)."""

    key: str
    hospital_id: UUID
    patient_id: UUID
    department_id: UUID
    pool: str
    until_date: date
    source: str


@dataclass(frozen=True, slots=True)
class Granted:
    hospital_id: UUID
    entitlement_id: UUID


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


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingEvent(Event):
    """Base of the events of one booking: `subject_id` is the booking."""

    patient_id: UUID
    session_id: UUID
    slot_id: UUID
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotHeld(BookingEvent):
    operation: ClassVar[str] = "booking.slot_held"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsClaimed(Event):
    """What the booking window booked at one hospital in one transaction: the subject is the batch, each booking has its
    own event once this one was carried."""

    operation: ClassVar[str] = "booking.slots_claimed"
    bookings: tuple[UUID, ...]
    sessions: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingConfirmed(BookingEvent):
    operation: ClassVar[str] = "booking.booking_confirmed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingCancelled(BookingEvent):
    operation: ClassVar[str] = "booking.booking_cancelled"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingMoved(BookingEvent):
    operation: ClassVar[str] = "booking.booking_moved"
    from_session_id: UUID
    from_slot_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldExpired(BookingEvent):
    operation: ClassVar[str] = "booking.hold_expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingStopped(BookingEvent):
    operation: ClassVar[str] = "booking.booking_stopped"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingCheckedIn(BookingEvent):
    operation: ClassVar[str] = "booking.booking_checked_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingMissed(BookingEvent):
    operation: ClassVar[str] = "booking.booking_missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOpened(Event):
    """The subject is the line. `lot` is the SHA-256 of the seed of its lots, in hexadecimal."""

    operation: ClassVar[str] = "booking.line_opened"
    department_id: UUID
    release_at: datetime
    lot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineClosed(Event):
    """Its seed, by which everybody can reckon his rank from his place, and how many came and were let in."""

    operation: ClassVar[str] = "booking.line_closed"
    seed: str
    places: int
    admitted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntitlementGranted(Event):
    operation: ClassVar[str] = "booking.entitlement_granted"
    patient_id: UUID
    department_id: UUID
    pool: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotKept(Event):
    """A freed slot is kept for those who wait: the subject is the keeping, one slot may be kept many times."""

    operation: ClassVar[str] = "booking.slot_kept"
    session_id: UUID
    slot_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotLetGo(Event):
    """A kept slot that nobody who waits can take returns to all, by R-017."""

    operation: ClassVar[str] = "booking.slot_let_go"
    session_id: UUID
    slot_id: UUID
    reopens_at: datetime
