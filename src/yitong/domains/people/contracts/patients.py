"""Patients, claims, cards, merges."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yitong.domains.people.contracts.words import (
    CITY_ISSUER,
    CarrierKind,
    CarrierState,
    IdentityKind,
    IdentityLevel,
    NumberOutcome,
    NumberWrong,
    PatientState,
    Relation,
    Sex,
    VerificationState,
)


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient as those see him who may. `name` and `identity_number` are plain: never log, never put in a URL."""

    patient_id: UUID
    name: str
    sex: Sex
    birth_date: date | None
    identity_kind: IdentityKind
    identity_number: str
    level: IdentityLevel
    state: PatientState


@dataclass(frozen=True, slots=True)
class PatientCard:
    """A patient in the list of an account: masked for display (R-108)."""

    patient_id: UUID
    name_masked: str
    name: str
    identity_masked: str
    relation: Relation
    sex: Sex
    birth_date: date | None
    level: IdentityLevel
    is_guarded: bool  # a minor who acts through this account's holder


@dataclass(frozen=True, slots=True)
class AccountUse:
    """How much an account booked and cancelled, for whomever (R-010)."""

    booked_m3: int
    cancels_m1: int


@dataclass(frozen=True, slots=True)
class BookingFacts:
    """What a claim asks of a patient, and of the account that acts where one does (R-010, R-045, R-046, R-103)."""

    patient_id: UUID
    state: PatientState
    level: IdentityLevel
    sex: Sex
    birth_date: date | None
    may_act: bool  # the acting account is linked to the patient, and a guardian where he is a minor
    abuse_locked: bool
    account_booked_m3: int  # live or ended bookings made by the acting account in 3 months
    account_cancels_m1: int
    needs_check: bool = False  # the acting account is on the slow path, and no check of its is fresh


@dataclass(frozen=True, slots=True)
class Bookable:
    """Whom an account may book for, as id → name in clear. `checked_until`: until when a check that was passed opens
    booking (R-017); None where none is asked for."""

    names: dict[UUID, str]
    birth_dates: dict[UUID, date]
    checked_until: datetime | None


@dataclass(frozen=True, slots=True)
class Limits:
    """A patient's limit row, as locked. Days of visit of all live bookings at all hospitals, sorted."""

    patient_id: UUID
    live_days: tuple[date, ...]
    no_show_days: tuple[date, ...]
    locked_until: date | None  # the first day on which booking is possible again
    no_shows_counted: int


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One read of a patient's record, as the patient sees it."""

    at: datetime
    reader: str  # actor key; presenters turn it into words
    hospital_id: UUID | None
    what: str
    purpose: str
    read_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadsAsked:
    """Which part of the read log an auditor asks for: recorded in [from_at, until_at), after the line `before`."""

    from_at: datetime
    until_at: datetime
    reader: str = ""  # actor key
    patient_id: UUID | None = None
    hospital_id: UUID | None = None
    before: tuple[datetime, UUID] | None = None


@dataclass(frozen=True, slots=True)
class AuditedRead:
    """One read of a record, by ids alone, for the auditor."""

    read_id: UUID
    recorded_at: datetime
    patient_id: UUID
    reader: str
    channel: str
    hospital_id: UUID | None
    what: str
    purpose: str


@dataclass(frozen=True, slots=True)
class IdentityGiven:
    """A person as he or his family writes him down. Birth and sex are read from numbers that say them."""

    name: str
    kind: IdentityKind
    number: str
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN


@dataclass(frozen=True, slots=True)
class AddPatient:
    """`guardian_consent` is the version of the notice that the guardian of a minor agreed to (R-103)."""

    key: str
    account_id: UUID
    identity: IdentityGiven
    relation: Relation
    guardian_consent: str = ""


@dataclass(frozen=True, slots=True)
class PatientAdd:
    """The answer to `add_patient`, the same for a person that is known and one that isn't."""

    patient_id: UUID
    verification_id: UUID


@dataclass(frozen=True, slots=True)
class RemovePatient:
    key: str
    account_id: UUID
    patient_id: UUID


@dataclass(frozen=True, slots=True)
class RegisterAtDesk:
    """A registrar has the document in hand: the patient is found or made, and `seen`."""

    key: str
    hospital_id: UUID
    identity: IdentityGiven


@dataclass(frozen=True, slots=True)
class Registered:
    patient_id: UUID
    is_new: bool


@dataclass(frozen=True, slots=True)
class AskVerification:
    key: str
    patient_id: UUID


@dataclass(frozen=True, slots=True)
class Verification:
    verification_id: UUID
    patient_id: UUID
    state: VerificationState
    asked_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class IdentityAsk:
    """A question to an authority, in clear. `phone` only where the person asks for himself. Never logged."""

    verification_id: UUID
    kind: IdentityKind
    name: str
    number: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class LinkCarrier:
    key: str
    patient_id: UUID
    kind: CarrierKind
    value: str
    issuer: str = CITY_ISSUER


@dataclass(frozen=True, slots=True)
class CarrierKey:
    patient_id: UUID
    carrier_id: UUID


@dataclass(frozen=True, slots=True)
class NumberConsent:
    """Who agreed that the patient's data go to the hospital, when, and to which version of `NUMBER_NOTICES`."""

    notice: str
    account_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class SaidNotice:
    """What a page said of one hospital beside its button: a version of `NUMBER_NOTICES`."""

    hospital_id: UUID
    notice: str


@dataclass(frozen=True, slots=True)
class AskHospitalNumber:
    patient_id: UUID
    hospital_id: UUID
    consent: NumberConsent


@dataclass(frozen=True, slots=True)
class GiveHospitalNumber:
    """A number as the hospital's window reads it from its own system or the patient's card."""

    key: str
    hospital_id: UUID
    patient_id: UUID
    number: str


@dataclass(frozen=True, slots=True)
class CorrectHospitalNumber:
    """The number `carrier_id`, which the page showed, is wrong. `number`: the right one; empty where it isn't known."""

    key: str
    hospital_id: UUID
    patient_id: UUID
    carrier_id: UUID
    reason: NumberWrong
    number: str = ""


@dataclass(frozen=True, slots=True)
class NumberHere:
    """The number that stands for a patient at a hospital, in clear."""

    carrier_id: UUID
    number: str


@dataclass(frozen=True, slots=True)
class NoteHospitalNumber:
    """What the hospital said: a number, or (number empty) a reason for its refusal."""

    patient_id: UUID
    carrier_id: UUID
    number: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NumberAsk:
    """One question to a hospital: make a number for this person, or say which one he has (R-049).

    What a register of patients needs and no more: no phone. The same `carrier_id` is the same question.
    """

    carrier_id: UUID
    hospital_id: UUID
    name: str
    identity_kind: IdentityKind
    identity_number: str
    sex: Sex
    birth_date: date | None


@dataclass(frozen=True, slots=True)
class NumberAnswer:
    """What the hospital said: its number, or the reason (its own words) why there is none."""

    outcome: NumberOutcome
    number: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A card or number as listed: masked."""

    carrier_id: UUID
    patient_id: UUID
    kind: CarrierKind
    issuer: str
    value_masked: str
    state: CarrierState
    created_at: datetime
    reason: str
    is_unanswered: bool = False  # the hospital answered none of the tries, and nobody has asked since


@dataclass(frozen=True, slots=True)
class QrCode:
    """The dynamic code (R-104): `text` goes into the picture; at `expires_at` the page asks for the next."""

    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class UseQr:
    text: str
    terminal: str
    hospital_id: UUID


@dataclass(frozen=True, slots=True)
class MergePatients:
    key: str
    survivor_id: UUID
    merged_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class UnmergePatients:
    key: str
    survivor_id: UUID
    merge_id: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class Merged:
    survivor_id: UUID
    merge_id: UUID


@dataclass(frozen=True, slots=True)
class MergeLine:
    """One merge in the history of both patients."""

    merge_id: UUID
    survivor_id: UUID
    merged_id: UUID
    basis: str
    at: datetime
    by: str
    unmerged_at: datetime | None
    unmerged_by: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two records that may be one person; `matches` says in what they agree. For a person to decide."""

    candidate_id: UUID
    patient_id: UUID
    other_id: UUID
    matches: tuple[str, ...]
    found_at: datetime


@dataclass(frozen=True, slots=True)
class RejectCandidate:
    patient_id: UUID
    candidate_id: UUID


@dataclass(frozen=True, slots=True)
class FindPatient:
    """A search at a desk or by a channel: by identity, by carrier, or (weakest) by name and birth date."""

    hospital_id: UUID | None  # where the asker works; None for a channel of the whole city
    purpose: str
    identity_kind: IdentityKind | None = None
    identity_number: str = ""
    carrier_kind: CarrierKind | None = None
    carrier_value: str = ""
    carrier_issuer: str = CITY_ISSUER
    name: str = ""
    birth_date: date | None = None
