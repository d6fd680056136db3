"""Hospitals: what crosses the border of this domain."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


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


@dataclass(frozen=True, slots=True)
class Campus:
    hospital_id: UUID
    campus_id: UUID
    name: str
    name_en: str
    district: str
    address: str
    directions: str


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


@dataclass(frozen=True, slots=True)
class Practitioner:
    hospital_id: UUID
    practitioner_id: UUID
    name: str
    title: Title
    specialties: str
    introduction: str
    department_ids: tuple[UUID, ...]


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


@dataclass(frozen=True, slots=True)
class FeeLine:
    """A published price with its date of effect (R-162)."""

    clinic_kind: ClinicKind
    title: Title | None
    fee_fen: int
    effective_date: date
