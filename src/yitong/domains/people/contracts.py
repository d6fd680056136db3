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
    """What a claim asks of a patient, and of the account that acts where one does (R-005…R-010, R-045, R-046, R-103)."""

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
    locked_until: date | None
    no_shows_counted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientAdded(Event):
    operation: ClassVar[str] = "people.patient_added"
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientVerified(Event):
    operation: ClassVar[str] = "people.patient_verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientsMerged(Event):
    operation: ClassVar[str] = "people.patients_merged"
    survivor_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientsUnmerged(Event):
    operation: ClassVar[str] = "people.patients_unmerged"
    survivor_id: UUID


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One read of a patient's record, as the patient sees it."""

    at: datetime
    reader: str  # actor key; presenters turn it into words
    hospital_id: UUID | None
    what: str
    purpose: str
