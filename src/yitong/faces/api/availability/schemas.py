"""What is left, as JSON."""

from pydantic import Field

from yitong.domains.hospitals.contracts.things import ClinicKind, Title
from yitong.domains.schedule.contracts import HalfDay, SessionState
from yitong.faces.api.fields import Day, Fen, Id, Instant, Out

Left = Field(examples=[12], description="Slots that this channel can still book now")
Total = Field(examples=[30])


class DepartmentDay(Out):
    date: Day
    sessions: int = Field(examples=[4], description="Sessions that are not stopped")
    total: int = Total
    left: int = Left
    is_open: bool = Field(examples=[True], description="Whether the day can be booked now (R-002)")
    release_at: Instant | None = Field(description="When the first session of the day opens, where none has opened yet")


class Session(Out):
    hospital_id: Id
    session_id: Id
    campus_id: Id
    department_id: Id
    practitioner_id: Id | None = Field(description="Null: the department's own clinic, no named doctor")
    substituted_id: Id | None = Field(description="The doctor for whom another one stands in (R-016)")
    clinic_kind: ClinicKind
    title: Title | None
    date: Day
    half_day: HalfDay
    starts_at: Instant
    ends_at: Instant
    fee_fen: Fen
    state: SessionState
    release_at: Instant
    stop_reason: str | None = Field(examples=[None])
    total: int = Total
    left: int = Left


class Slot(Out):
    slot_id: Id
    number: int = Field(examples=[1])
    starts_at: Instant
    ends_at: Instant
    is_open: bool = Field(examples=[True])


class Days(Out):
    items: list[DepartmentDay]


class Slots(Out):
    items: list[Slot]
