"""Waitlist: what crosses the border of this domain."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from yitong.core.events import Event
from yitong.domains.people.contracts.patients import SaidNotice


class Mode(StrEnum):
    """What is to happen when a slot is there."""

    AT_ONCE = "at_once"  # it is booked
    ASK = "ask"  # it is offered, with a clock


class WaitState(StrEnum):
    WAITING = "waiting"
    GATHERING = "gathering"  # a family's slots are being gathered: some are there, not yet all
    OFFERED = "offered"
    BOOKED = "booked"
    DECLINED = "declined"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


LIVE = (WaitState.WAITING, WaitState.GATHERING, WaitState.OFFERED)
ENDED = (WaitState.BOOKED, WaitState.DECLINED, WaitState.LAPSED, WaitState.WITHDRAWN, WaitState.CLOSED)


class OfferState(StrEnum):
    GATHERING = "gathering"
    OPEN = "open"
    TAKEN = "taken"
    DECLINED = "declined"
    LAPSED = "lapsed"
    SCATTERED = "scattered"  # not all slots of a family came in time: what was gathered went on
    REFUSED = "refused"  # all were there, and a rule refused
    RETRACTED = "retracted"  # withdrawn by the patient, or its session was stopped or closed


OFFER_LIVE = (OfferState.GATHERING, OfferState.OPEN)


class CloseReason(StrEnum):
    """Why an entry, or one of its sessions, ended without a booking."""

    OVER = "over"  # the last moment passed
    STOPPED = "stopped"  # the hospital stopped the session
    PATIENT_GONE = "patient_gone"  # one of the patients is in the account no more
    ACCOUNT_CLOSED = "account_closed"
    DROPPED = "dropped"  # the one who waits took this session out of his wish
    ENDED = "ended"  # the entry itself ended


class PassReason(StrEnum):
    """Why a kept slot went on to the next, where no rule's code says it."""

    DECLINED = "DECLINED"
    LAPSED = "LAPSED"
    GATHERED = "GATHERED"  # it waited for a family once, and not again
    TOO_LATE = "TOO_LATE"  # too near the end for asking anybody


MOST_PATIENTS = 3


@dataclass(frozen=True, slots=True)
class SessionKey:
    hospital_id: UUID
    session_id: UUID


@dataclass(frozen=True, slots=True)
class Join:
    """候补 for 1 to 3 patients together, all or nothing, in one of these sessions; the one wanted most comes first.

    `said`: what the page said beside the press of being asked for a number at these hospitals (R-049); so below.
    """

    key: str
    patient_ids: tuple[UUID, ...]
    sessions: tuple[SessionKey, ...]
    mode: Mode
    is_first_visit: bool = True
    said: tuple[SaidNotice, ...] = ()


@dataclass(frozen=True, slots=True)
class Accept:
    key: str
    hospital_id: UUID
    offer_id: UUID
    said: tuple[SaidNotice, ...] = ()


@dataclass(frozen=True, slots=True)
class Decline:
    """This slot not; the entry keeps its place, as long as it may be asked again."""

    key: str
    hospital_id: UUID
    offer_id: UUID


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """All sessions that are waited for from here on, the one wanted most first, and what is to happen then."""

    key: str
    entry_id: UUID
    sessions: tuple[SessionKey, ...]
    mode: Mode
    said: tuple[SaidNotice, ...] = ()


@dataclass(frozen=True, slots=True)
class Withdraw:
    key: str
    entry_id: UUID


@dataclass(frozen=True, slots=True)
class Changed:
    """The answer to each of them. `bookings`: made by this, in the order of the patients."""

    entry_id: UUID
    state: WaitState
    hospital_id: UUID | None = None
    bookings: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One session that an entry accepts. `ahead`: people who come first there, should a slot be freed now."""

    hospital_id: UUID
    session_id: UUID
    place: int
    is_live: bool
    end_reason: CloseReason | None
    closes_at: datetime
    ahead: int


@dataclass(frozen=True, slots=True)
class OfferedSlot:
    number: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    hospital_id: UUID
    offer_id: UUID
    session_id: UUID
    state: OfferState
    made_at: datetime
    until: datetime
    slots: tuple[OfferedSlot, ...]


@dataclass(frozen=True, slots=True)
class Passing:
    """A kept slot went on to the next: `reason` is a rule's code or one of `PassReason`."""

    hospital_id: UUID
    session_id: UUID
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as its account sees it."""

    entry_id: UUID
    state: WaitState
    mode: Mode
    patient_ids: tuple[UUID, ...]
    is_first_visit: bool
    joined_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    offers_left: int
    lines: tuple[Line, ...]
    offer: Offer | None
    passings: tuple[Passing, ...]  # the latest first
    booked: SessionKey | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry in the line of one session, as the hospital's staff sees it."""

    entry_id: UUID
    place: int  # in the line, from 1
    joined_at: datetime
    mode: Mode
    state: WaitState
    patient_ids: tuple[UUID, ...]
    patient_names: tuple[str, ...]  # plain; for those who may read them
    offer_until: datetime | None


@dataclass(frozen=True, slots=True)
class LineLength:
    """How many wait for a session."""

    session_id: UUID
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryEvent(Event):
    """Base of the events of one entry: `subject_id` is the entry. `kept` are the keepings that it is about."""

    session_id: UUID
    kept: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryJoined(Event):
    """Of no hospital: an entry may wait at several. `sessions` in the order of preference."""

    operation: ClassVar[str] = "waitlist.entry_joined"
    account_id: UUID
    sessions: tuple[UUID, ...]
    people: int
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAltered(Event):
    """`sessions`: all of them from here on; in whose line it stands already it keeps its place."""

    operation: ClassVar[str] = "waitlist.entry_altered"
    sessions: tuple[UUID, ...]
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsGathered(EntryEvent):
    operation: ClassVar[str] = "waitlist.slots_gathered"
    offer_id: UUID
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade(EntryEvent):
    operation: ClassVar[str] = "waitlist.offer_made"
    offer_id: UUID
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryBooked(EntryEvent):
    """`bookings` in the order of `kept`."""

    operation: ClassVar[str] = "waitlist.entry_booked"
    bookings: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPassed(EntryEvent):
    """Slots that would have been its turn go on to the next. `reason`: a rule's code or a `PassReason`."""

    operation: ClassVar[str] = "waitlist.entry_passed"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryWithdrawn(Event):
    operation: ClassVar[str] = "waitlist.entry_withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceClosed(Event):
    """An entry waits for one session less; where it was its last, the entry is closed (`to_state`)."""

    operation: ClassVar[str] = "waitlist.choice_closed"
    session_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryClosed(Event):
    """All of an entry ended at once."""

    operation: ClassVar[str] = "waitlist.entry_closed"
    reason: str
