"""Bookings as JSON."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool, StringConstraints

from yitong.domains.booking.contracts import Near, State
from yitong.domains.hospitals.contracts.things import ClinicKind
from yitong.domains.schedule.contracts import Pool
from yitong.faces.api.fields import Day, Fen, Id, In, Instant, Out, Plain

Source = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64),
    Plain,
    Field(examples=["referral-2026-0042"]),
]


class HoldSlot(In):
    hospital_id: Id
    slot_id: Id
    patient_id: Id
    is_first_visit: StrictBool = Field(True, examples=[True])
    by_name: StrictBool = Field(False, examples=[False], description="The doctor was chosen by name (R-004)")
    entitlement_id: Id | None = Field(None, examples=[None])
    near: Near = Field(Near.SLOT, description="What may be given where the named slot is taken", examples=["window"])


class MoveBooking(In):
    slot_id: Id


class GrantEntitlement(In):
    hospital_id: Id
    patient_id: Id
    department_id: Id
    pool: Literal[Pool.REFERRAL, Pool.REVISIT] = Field(examples=["referral"])
    until_date: Day
    source: Source


class Held(Out):
    hospital_id: Id
    booking_id: Id
    state: State
    code: str = Field(examples=["48203917"], description="Eight digits, shown at the hospital (R-019)")
    hold_until: Instant | None = Field(description="Null where the visit is paid on the day: confirmed at once")
    slot_id: Id = Field(description="The slot that was given: another than the named one only as `near` allows")
    number: int = Field(examples=[12])
    starts_at: Instant
    ends_at: Instant


class Changed(Out):
    hospital_id: Id
    booking_id: Id
    state: State
    code: str = Field(examples=["48203917"])


class Granted(Out):
    hospital_id: Id
    entitlement_id: Id


class Booking(Out):
    hospital_id: Id
    booking_id: Id
    patient_id: Id
    patient_name: str = Field(examples=["张*"], description="Masked, except for the account holder's own patients")
    session_id: Id
    slot_id: Id
    campus_id: Id
    department_id: Id
    practitioner_id: Id | None
    clinic_kind: ClinicKind
    date: Day
    starts_at: Instant
    ends_at: Instant
    number: int = Field(examples=[7])
    state: State
    code: str = Field(examples=["48203917"])
    fee_fen: Fen
    payment: str = Field(examples=["at_visit"])
    channel: str = Field(examples=["114"])
    hold_until: Instant | None
    cancel_until: Instant
    created_at: Instant
    ended_at: Instant | None = Field(examples=[None])
    end_reason: str | None = Field(examples=[None])
    is_extra: bool = Field(examples=[False])
