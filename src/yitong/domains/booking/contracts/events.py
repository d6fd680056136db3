"""Booking: what happened, as others hear of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from yitong.core.events import Event


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
