"""Schedule: what happened, as others hear of it."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from yitong.core.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterLineAdded(Event):
    operation: ClassVar[str] = "schedule.roster_line_added"
    department_id: UUID
    practitioner_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterImported(Event):
    """A file of roster lines came in; the subject is the hospital."""

    operation: ClassVar[str] = "schedule.roster_imported"
    lines: int
    known: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterLineEnded(Event):
    operation: ClassVar[str] = "schedule.roster_line_ended"
    until_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsPlanned(Event):
    """A batch of sessions was made or imported; the subject is the hospital."""

    operation: ClassVar[str] = "schedule.sessions_planned"
    sessions: int
    slots: int
    from_date: date
    until_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReleased(Event):
    operation: ClassVar[str] = "schedule.session_released"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStopped(Event):
    operation: ClassVar[str] = "schedule.session_stopped"
    reason_code: str
    stoppage_id: UUID | None = None  # on whose word, where it was one for many


@dataclass(frozen=True, slots=True, kw_only=True)
class StopsPlanned(Event):
    """`sessions` are closed to booking from here on; who keeps a picture of what is open looks at them again."""

    operation: ClassVar[str] = "schedule.stops_planned"
    reason_code: str
    sessions: tuple[UUID, ...]
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StopsUndone(Event):
    operation: ClassVar[str] = "schedule.stops_undone"
    sessions: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSubstituted(Event):
    operation: ClassVar[str] = "schedule.session_substituted"
    from_practitioner_id: UUID | None
    to_practitioner_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomChanged(Event):
    operation: ClassVar[str] = "schedule.room_changed"
    from_room: str
    to_room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraSlotAdded(Event):
    operation: ClassVar[str] = "schedule.extra_slot_added"
    slot_id: UUID
    patient_id: UUID
    practitioner_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotsMoved(Event):
    """Slots went from one pool to another: flow-back of unused referral slots, or by a person (S-08).

    `slots` counts every slot that changed its pool. Whether one of them is booked is booking's knowledge: such a
    booking keeps its slot, and the new pool counts only once the slot is free again.
    """

    operation: ClassVar[str] = "schedule.slots_moved"
    from_pool: str
    to_pool: str
    slots: int
