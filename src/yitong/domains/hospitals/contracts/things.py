"""What the reads of hospitals answer with."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from yitong.core.policy.kinds import JsonValue


class Title(StrEnum):
    """Professional grade of a practitioner; `renowned` is a chief whom the hospital names 知名专家."""

    RESIDENT = "resident"
    ATTENDING = "attending"
    ASSOCIATE_CHIEF = "associate_chief"
    CHIEF = "chief"
    RENOWNED = "renowned"


class ClinicKind(StrEnum):
    GENERAL = "general"  # 普通
    EXPERT = "expert"  # 专家
    SPECIAL = "special"  # 特需
    NIGHT = "night"  # 夜间


class CodeBasis(StrEnum):
    """Why a department has its national code."""

    EXACT = "exact"
    RULE = "rule"
    PARENT = "parent"


@dataclass(frozen=True, slots=True)
class Hospital:
    hospital_id: UUID
    code: str
    name: str
    name_en: str
    short_name: str
    level: str
    kind: str
    district: str
    phone: str
    introduction: str
    is_open: bool
    short_name_en: str = ""
    specialties: tuple[str, ...] = ()
    first_visit: str = ""  # the hospital's own words for who comes for the first time
    first_visit_en: str = ""


@dataclass(frozen=True, slots=True)
class Campus:
    hospital_id: UUID
    campus_id: UUID
    name: str
    name_en: str
    district: str
    address: str
    directions: str
    code: str = ""
    latitude: Decimal | None = None  # degrees, WGS 84; both or none
    longitude: Decimal | None = None
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class StillPlanned:
    """Sessions that are yet to be held at a campus, and their first and last day."""

    sessions: int
    first_date: date
    last_date: date


@dataclass(frozen=True, slots=True)
class Department:
    hospital_id: UUID
    department_id: UUID
    campus_id: UUID
    name: str
    name_en: str
    national_code: str
    code_basis: CodeBasis
    code_reason: str
    sex: str | None  # "female" or "male" where only they are seen
    age_from: int | None
    age_below: int | None
    location: str
    introduction: str
    is_bookable: bool
    code: str = ""


@dataclass(frozen=True, slots=True)
class Practitioner:
    hospital_id: UUID
    practitioner_id: UUID
    name: str
    title: Title
    specialties: str
    introduction: str
    department_ids: tuple[UUID, ...]
    code: str = ""
    is_active: bool = True
    name_en: str = ""
    staff_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    announcement_id: UUID
    hospital_id: UUID | None
    title: str
    body: str
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class FoundItem:
    """One line of a search: a hospital, a department or a practitioner."""

    kind: str  # hospital | department | practitioner
    hospital_id: UUID
    item_id: UUID
    name: str
    detail: str
    department_id: UUID | None = None
    title: Title | None = None
    name_en: str = ""
    detail_en: str = ""


@dataclass(frozen=True, slots=True)
class FeeLine:
    """A published price with its date of effect (R-162)."""

    clinic_kind: ClinicKind
    title: Title | None
    fee_fen: int
    effective_date: date


@dataclass(frozen=True, slots=True)
class OfferedKind:
    clinic_kind: ClinicKind
    is_offered: bool


@dataclass(frozen=True, slots=True)
class SetUp:
    """How far a hospital's own data has come: what can be booked, who practises, which prices are published."""

    campuses: int
    departments: int
    practitioners: int
    fees: int


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """One rule in plain words, made from the value that is enforced (S-38)."""

    policy: str
    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class PolicyPreview:
    """One policy as it stands and as it would be, with all that patients read before and after."""

    value_before: JsonValue
    value_after: JsonValue
    lines_before: tuple[PolicyLine, ...]
    lines_after: tuple[PolicyLine, ...]


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """One decision in the history of a policy."""

    record_id: UUID
    scope: str
    hospital_id: UUID | None
    department_id: UUID | None
    policy: str
    value: JsonValue | None
    effective_from: datetime
    source: str
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class PolicyDifference:
    """A policy whose value differs between two instants, or between a hospital and the city."""

    policy: str
    rule: str
    before: JsonValue
    after: JsonValue
