"""People: what crosses the border of this domain."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from yitong.core.events import Event


class IdentityKind(StrEnum):
    """Kinds of identity documents (R-101)."""

    RESIDENT_ID = "resident_id"  # 居民身份证
    HOUSEHOLD_BOOK = "household_book"  # 户口簿 (children)
    PASSPORT = "passport"  # 护照
    HK_MACAU_PERMIT = "hk_macau_permit"  # 港澳居民来往内地通行证
    TAIWAN_PERMIT = "taiwan_permit"  # 台湾居民来往大陆通行证
    RESIDENCE_PERMIT = "residence_permit"  # 港澳台居民居住证
    FOREIGN_PERMANENT = "foreign_permanent"  # 外国人永久居留证
    MILITARY = "military"  # 军官证


class IdentityLevel(StrEnum):
    """How well an identity is known (R-045), weakest first."""

    DECLARED = "declared"
    VERIFIED = "verified"
    SEEN = "seen"


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"
    UNKNOWN = "unknown"


class PatientState(StrEnum):
    ACTIVE = "active"
    MERGED = "merged"
    ERASED = "erased"


class Relation(StrEnum):
    """What the patient is to the account holder."""

    SELF = "self"
    CHILD = "child"
    PARENT = "parent"
    SPOUSE = "spouse"
    WARD = "ward"
    OTHER = "other"


class CarrierKind(StrEnum):
    """Cards and numbers that lead to one person (R-102)."""

    JINGYITONG = "jingyitong"  # 京医通卡
    YILIANMA = "yilianma"  # 医联码
    BEIJINGTONG = "beijingtong"  # 北京通
    HOSPITAL_NUMBER = "hospital_number"  # 院内号
    INSURANCE_TOKEN = "insurance_token"  # 医保电子凭证
    HEALTH_CODE = "health_code"  # 电子健康卡


class CarrierState(StrEnum):
    PENDING = "pending"  # a hospital number that is being made
    ACTIVE = "active"
    REFUSED = "refused"
    ENDED = "ended"


class VerificationState(StrEnum):
    ASKED = "asked"
    MATCHED = "matched"
    NOT_MATCHED = "not_matched"
    UNKNOWN = "unknown"  # no answer after all tries: the level stays as it is
    ELSEWHERE = "elsewhere"  # the person is the holder of another account


class CodePurpose(StrEnum):
    SIGN_IN = "sign_in"
    LEAVE_PHONE = "leave_phone"  # to the phone that is given up
    TAKE_PHONE = "take_phone"  # to the new one


class LockReason(StrEnum):
    BOOKINGS = "bookings"
    CANCELS = "cancels"
    IDENTITY = "identity"


class Decision(StrEnum):
    LIFTED = "lifted"
    KEPT = "kept"


CITY_ISSUER = "city"  # issuer of carriers that belong to no one hospital


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


@dataclass(frozen=True, slots=True)
class Limits:
    """A patient's limit row, as locked. Days of visit of all live bookings at all hospitals, sorted."""

    patient_id: UUID
    live_days: tuple[date, ...]
    no_show_days: tuple[date, ...]
    locked_until: date | None  # the first day on which booking is possible again
    no_shows_counted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpened(Event):
    operation: ClassVar[str] = "people.account_opened"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountClosed(Event):
    operation: ClassVar[str] = "people.account_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInOn(Event):
    """An account opened a session. `subject_id` is the account."""

    operation: ClassVar[str] = "people.signed_in_on"
    device_id: UUID
    is_new_device: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRevoked(Event):
    operation: ClassVar[str] = "people.device_revoked"
    device_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneChanged(Event):
    """An account has another phone. `how`: `code`, `desk`, or `taken_over` (a new holder of the number began anew)."""

    operation: ClassVar[str] = "people.phone_changed"
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLocked(Event):
    """R-010. `reason`: `bookings`, `cancels` or `identity`."""

    operation: ClassVar[str] = "people.account_locked"
    lock_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockAppealed(Event):
    operation: ClassVar[str] = "people.lock_appealed"
    lock_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealDecided(Event):
    operation: ClassVar[str] = "people.appeal_decided"
    lock_id: UUID
    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientAdded(Event):
    operation: ClassVar[str] = "people.patient_added"
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRemoved(Event):
    """A patient was taken off an account; his record stays."""

    operation: ClassVar[str] = "people.patient_removed"
    account_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationAsked(Event):
    operation: ClassVar[str] = "people.verification_asked"
    verification_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientVerified(Event):
    operation: ClassVar[str] = "people.patient_verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationEnded(Event):
    """The authority said no, or nobody answered: the level stays as it was."""

    operation: ClassVar[str] = "people.verification_ended"
    verification_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientsMerged(Event):
    """`subject_id` is the patient whose record now leads to the survivor."""

    operation: ClassVar[str] = "people.patients_merged"
    survivor_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientsUnmerged(Event):
    operation: ClassVar[str] = "people.patients_unmerged"
    survivor_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateDecided(Event):
    operation: ClassVar[str] = "people.candidate_decided"
    other_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierLinked(Event):
    operation: ClassVar[str] = "people.carrier_linked"
    carrier_id: UUID
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierEnded(Event):
    operation: ClassVar[str] = "people.carrier_ended"
    carrier_id: UUID
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalNumberAsked(Event):
    """R-049: whoever speaks with the hospital makes the number and tells `note_hospital_number`."""

    operation: ClassVar[str] = "people.hospital_number_asked"
    carrier_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalNumberMade(Event):
    operation: ClassVar[str] = "people.hospital_number_made"
    carrier_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalNumberRefused(Event):
    operation: ClassVar[str] = "people.hospital_number_refused"
    carrier_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientErased(Event):
    operation: ClassVar[str] = "people.patient_erased"


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One read of a patient's record, as the patient sees it."""

    at: datetime
    reader: str  # actor key; presenters turn it into words
    hospital_id: UUID | None
    what: str
    purpose: str


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


# -- accounts ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Client:
    """The device that asks: `device` is the long-lived random value in its cookie, `label` a name for people."""

    device: str
    address: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class AskCode:
    """Wish for a code by SMS. The answer is the same whether the phone has an account or not."""

    phone: str
    purpose: CodePurpose
    client: Client
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class CodeAsked:
    expires_at: datetime
    again_at: datetime


@dataclass(frozen=True, slots=True)
class SignIn:
    phone: str
    code: str
    client: Client
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. `token` is shown this once; with `needs_second_fact` it opens only that question (R-048)."""

    token: str
    account_id: UUID
    session_id: UUID
    is_new_account: bool
    needs_second_fact: bool


@dataclass(frozen=True, slots=True)
class GiveSecondFact:
    """The last four characters of the identity number of any patient of the account."""

    token: str
    fact: str


@dataclass(frozen=True, slots=True)
class StartAnew:
    """The phone's new holder, who knows none of the old holder's patients, begins an account of his own (R-048)."""

    token: str


@dataclass(frozen=True, slots=True)
class AccountSession:
    account_id: UUID
    session_id: UUID
    device_id: UUID
    language: str


@dataclass(frozen=True, slots=True)
class Account:
    account_id: UUID
    phone_masked: str
    language: str
    created_at: datetime
    lock: "Lock | None"


@dataclass(frozen=True, slots=True)
class Device:
    device_id: UUID
    label: str
    first_seen_at: datetime
    last_seen_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True)
class ChangePhone:
    """Both codes at once: the one sent to the old phone and the one sent to the new."""

    new_phone: str
    old_code: str
    new_code: str
    client: Client


@dataclass(frozen=True, slots=True)
class ChangePhoneAtDesk:
    """Without the old phone: a registrar has seen the document of the account's holder; the new phone has a code."""

    patient_id: UUID
    hospital_id: UUID
    new_phone: str
    new_code: str


@dataclass(frozen=True, slots=True)
class CloseAccount:
    key: str
    account_id: UUID


@dataclass(frozen=True, slots=True)
class Done:
    """The answer of commands that have nothing else to say."""

    subject_id: UUID


@dataclass(frozen=True, slots=True)
class Lock:
    """R-010: who is locked may sign in, look and cancel. An appeal goes to a person (R-199)."""

    lock_id: UUID
    account_id: UUID
    reason: LockReason
    locked_at: datetime
    appealed_at: datetime | None
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class Appeal:
    """A lock with what its holder says against it, for the person who decides."""

    lock: Lock
    words: str
    booked_m3: int
    cancels_m1: int


@dataclass(frozen=True, slots=True)
class AppealLock:
    lock_id: UUID
    words: str


@dataclass(frozen=True, slots=True)
class DecideAppeal:
    lock_id: UUID
    decision: Decision
    reason: str


# -- patients ----------------------------------------------------------------------------------------------------------


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


class Verdict(StrEnum):
    """What an authority says of name, number (and phone)."""

    MATCH = "match"
    NO_MATCH = "no_match"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class IdentityAsk:
    """A question to an authority, in clear. `phone` only where the person asks for himself. Never logged."""

    verification_id: UUID
    kind: IdentityKind
    name: str
    number: str
    phone: str | None


# -- carriers and codes ------------------------------------------------------------------------------------------------


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
class AskHospitalNumber:
    patient_id: UUID
    hospital_id: UUID


@dataclass(frozen=True, slots=True)
class NoteHospitalNumber:
    """What the hospital said: a number, or (number empty) a reason for its refusal."""

    patient_id: UUID
    carrier_id: UUID
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


# -- merges ------------------------------------------------------------------------------------------------------------


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
