"""The waitlist as JSON."""

from typing import Annotated

from pydantic import Field, StrictBool

from yitong.domains.waitlist import contracts
from yitong.domains.waitlist.contracts import CloseReason, Mode, OfferState, WaitState
from yitong.faces.api.fields import Id, In, Instant, Out

Patients = Annotated[list[Id], Field(min_length=1, max_length=3, description="All of them together, or none")]


class SessionKey(In):
    hospital_id: Id
    session_id: Id


class Wish(In):
    sessions: list[SessionKey] = Field(
        min_length=1, max_length=20, description="Each sold out; the one wanted most comes first"
    )
    mode: Mode = Field(description="at_once: book it; ask: offer it, with a clock", examples=["ask"])

    def session_keys(self) -> tuple[contracts.SessionKey, ...]:
        return tuple(contracts.SessionKey(one.hospital_id, one.session_id) for one in self.sessions)


class ChangeWait(Wish):
    """All sessions that are waited for from here on."""


class Join(Wish):
    patient_ids: Patients
    is_first_visit: StrictBool = Field(True, examples=[True])


class WaitChanged(Out):
    entry_id: Id
    state: WaitState = Field(examples=["waiting"])
    hospital_id: Id | None = Field(description="Where it was booked", examples=[None])
    bookings: list[Id] = Field(description="Made by this, in the order of the patients")


class Line(Out):
    hospital_id: Id
    session_id: Id
    place: int = Field(examples=[0], description="In the order of preference, from 0")
    is_live: bool = Field(examples=[True])
    end_reason: CloseReason | None = Field(examples=[None])
    closes_at: Instant
    ahead: int = Field(examples=[3], description="People who come first, should a slot be freed now")


class OfferedSlot(Out):
    number: int = Field(examples=[7])
    starts_at: Instant
    ends_at: Instant


class Offer(Out):
    hospital_id: Id
    offer_id: Id
    session_id: Id
    state: OfferState = Field(examples=["open"])
    made_at: Instant
    until: Instant
    slots: list[OfferedSlot]


class Passing(Out):
    hospital_id: Id
    session_id: Id
    reason: str = Field(
        examples=["TIME_CLASH"], description="A refusal's code, or DECLINED, LAPSED, GATHERED, TOO_LATE"
    )
    at: Instant


class Booked(Out):
    hospital_id: Id
    session_id: Id


class Entry(Out):
    entry_id: Id
    state: WaitState = Field(examples=["offered"])
    mode: Mode = Field(examples=["ask"])
    patient_ids: list[Id]
    is_first_visit: bool = Field(examples=[True])
    joined_at: Instant
    ended_at: Instant | None = Field(examples=[None])
    end_reason: str | None = Field(examples=[None])
    offers_left: int = Field(examples=[1], description="How often it may be asked once more")
    lines: list[Line]
    offer: Offer | None
    passings: list[Passing] = Field(description="Slots that went on to the next, the latest first")
    booked: Booked | None


class Entries(Out):
    items: list[Entry]
