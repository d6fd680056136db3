"""Schedule: what crosses the border of this domain."""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from yitong.core.events import Event


class Pool(StrEnum):
    """号源池: the shares of a session's slots (R-012, R-013)."""

    ONLINE = "online"
    PHONE = "phone"
    REFERRAL = "referral"
    REVISIT = "revisit"
    ONSITE = "onsite"


# Channel → pool is a table; what a channel may draw from, besides pools by entitlement.
POOLS_OF_CHANNEL: dict[str, tuple[Pool, ...]] = {
    "web": (Pool.ONLINE,),
    "app": (Pool.ONLINE,),
    "kiosk": (Pool.ONLINE,),
    "api": (Pool.ONLINE,),
    "114": (Pool.PHONE,),
    "desk": (Pool.ONSITE,),
}


class HalfDay(StrEnum):
    AM = "am"
    PM = "pm"
    NIGHT = "night"


class SessionState(StrEnum):
    PLANNED = "planned"
    RELEASED = "released"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Session:
    """出诊单元: a doctor or a department, a date, a half-day, a kind. Fees in fen."""

    hospital_id: UUID
    session_id: UUID
    campus_id: UUID
    department_id: UUID
    practitioner_id: UUID | None
    substituted_id: UUID | None  # the practitioner who was to sit here, where another one stands in
    clinic_kind: str
    title: str | None
    date: date
    half_day: HalfDay
    starts_at: datetime
    ends_at: datetime
    fee_fen: int
    state: SessionState
    release_at: datetime
    is_first_visit_named: bool
    stop_reason: str | None
    slots: int


@dataclass(frozen=True, slots=True)
class Slot:
    hospital_id: UUID
    slot_id: UUID
    session_id: UUID
    number: int
    starts_at: datetime
    ends_at: datetime
    pool: Pool
    is_extra: bool
    reopens_at: datetime | None


@dataclass(frozen=True, slots=True)
class BookableSlot:
    """A slot with its session, as a claim sees it: the session is locked FOR SHARE until the claim ends."""

    slot: Slot
    session: Session


@dataclass(frozen=True, slots=True)
class NewSession:
    """One session to import, with its windows. `windows` are (starts_at, ends_at, pool), in order."""

    session_id: UUID
    campus_id: UUID
    department_id: UUID
    practitioner_id: UUID | None
    clinic_kind: str
    title: str | None
    date: date
    half_day: HalfDay
    starts_at: datetime
    ends_at: datetime
    fee_fen: int
    release_at: datetime
    windows: tuple[tuple[datetime, datetime, Pool], ...]


@dataclass(frozen=True, slots=True)
class RosterLine:
    """One line of a weekly roster: from it sessions are made."""

    hospital_id: UUID
    roster_line_id: UUID
    campus_id: UUID
    department_id: UUID
    practitioner_id: UUID | None
    clinic_kind: str
    weekday: int  # 0 Monday … 6 Sunday
    half_day: HalfDay
    starts: time
    ends: time
    slot_minutes: int
    per_window: int
    from_date: date
    until_date: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReleased(Event):
    operation: ClassVar[str] = "schedule.session_released"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStopped(Event):
    operation: ClassVar[str] = "schedule.session_stopped"
    reason_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSubstituted(Event):
    operation: ClassVar[str] = "schedule.session_substituted"
    from_practitioner_id: UUID | None
    to_practitioner_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraSlotAdded(Event):
    operation: ClassVar[str] = "schedule.extra_slot_added"
    slot_id: UUID
    patient_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsMoved(Event):
    """Slots went from one pool to another: flow-back of unused referral slots, or by a person (S-08)."""

    operation: ClassVar[str] = "schedule.slots_moved"
    from_pool: str
    to_pool: str
    slots: int
