"""What is asked of booking, and what it answers."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from yitong.domains.booking.contracts.things import State
from yitong.domains.schedule.contracts import ExtraReason


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
