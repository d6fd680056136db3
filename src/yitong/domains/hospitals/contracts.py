"""Hospitals: what crosses the border of this domain."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from yitong.core.events import Event
from yitong.core.policy import JsonValue


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


# What a command says of a thing; `code` is its natural key within the hospital, by which imports find it again.


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalFacts:
    name: str
    name_en: str
    short_name: str
    short_name_en: str = ""
    level: str
    kind: str
    district: str
    phone: str = ""
    introduction: str = ""
    specialties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CampusFacts:
    code: str
    name: str
    name_en: str = ""
    district: str
    address: str
    directions: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentFacts:
    code: str
    campus_code: str
    name: str
    name_en: str = ""
    national_code: str
    code_basis: CodeBasis
    code_reason: str
    sex: str | None = None
    age_from: int | None = None
    age_below: int | None = None
    location: str = ""
    introduction: str = ""
    is_bookable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PractitionerFacts:
    code: str
    name: str
    name_en: str = ""
    title: Title
    licence: str
    specialties: str = ""
    introduction: str = ""
    department_codes: tuple[str, ...]
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeFacts:
    clinic_kind: ClinicKind
    title: Title | None
    fee_fen: int
    effective_date: date
    source: str = ""


@dataclass(frozen=True, slots=True)
class AddHospital:
    code: str
    facts: HospitalFacts


@dataclass(frozen=True, slots=True)
class ChangeHospital:
    hospital_id: UUID
    facts: HospitalFacts


@dataclass(frozen=True, slots=True)
class AddCampus:
    hospital_id: UUID
    facts: CampusFacts


@dataclass(frozen=True, slots=True)
class ChangeCampus:
    hospital_id: UUID
    campus_id: UUID
    facts: CampusFacts


@dataclass(frozen=True, slots=True)
class ImportCampuses:
    hospital_id: UUID
    rows: tuple[CampusFacts, ...]


@dataclass(frozen=True, slots=True)
class AddDepartment:
    hospital_id: UUID
    facts: DepartmentFacts


@dataclass(frozen=True, slots=True)
class ChangeDepartment:
    hospital_id: UUID
    department_id: UUID
    facts: DepartmentFacts


@dataclass(frozen=True, slots=True)
class ImportDepartments:
    hospital_id: UUID
    rows: tuple[DepartmentFacts, ...]


@dataclass(frozen=True, slots=True)
class AddPractitioner:
    hospital_id: UUID
    facts: PractitionerFacts


@dataclass(frozen=True, slots=True)
class ChangePractitioner:
    hospital_id: UUID
    practitioner_id: UUID
    facts: PractitionerFacts


@dataclass(frozen=True, slots=True)
class ImportPractitioners:
    hospital_id: UUID
    rows: tuple[PractitionerFacts, ...]


@dataclass(frozen=True, slots=True)
class BindPractitioner:
    """Which member of staff a practitioner is, so that a doctor sees the own sessions."""

    hospital_id: UUID
    practitioner_id: UUID
    staff_id: UUID | None


@dataclass(frozen=True, slots=True)
class OfferClinicKind:
    hospital_id: UUID
    clinic_kind: ClinicKind
    is_offered: bool = True


@dataclass(frozen=True, slots=True)
class SetFee:
    hospital_id: UUID
    facts: FeeFacts


@dataclass(frozen=True, slots=True)
class ImportFees:
    hospital_id: UUID
    rows: tuple[FeeFacts, ...]


@dataclass(frozen=True, slots=True)
class PublishAnnouncement:
    hospital_id: UUID | None  # None: for the whole city
    title: str
    body: str
    from_at: datetime
    until_at: datetime | None
    key: str


@dataclass(frozen=True, slots=True)
class SetPolicy:
    """One value from one instant on; `value` None gives the decision back to the wider scope."""

    policy: str
    value: JsonValue | None
    hospital_id: UUID | None  # None: for the city
    department_id: UUID | None
    effective_from: datetime
    source: str
    key: str


@dataclass(frozen=True, slots=True)
class Made:
    """The id of what a command added or changed."""

    id: UUID


@dataclass(frozen=True, slots=True)
class Imported:
    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class OfferedKind:
    clinic_kind: ClinicKind
    is_offered: bool


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """One rule in plain words, made from the value that is enforced (S-38)."""

    policy: str
    rule: str
    text: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalAdded(Event):
    operation: ClassVar[str] = "hospitals.hospital_added"
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalClosed(Event):
    operation: ClassVar[str] = "hospitals.hospital_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalReopened(Event):
    operation: ClassVar[str] = "hospitals.hospital_reopened"


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalChanged(Event):
    operation: ClassVar[str] = "hospitals.hospital_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampusChanged(Event):
    """Added or changed: the subject is the campus."""

    operation: ClassVar[str] = "hospitals.campus_changed"
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentChanged(Event):
    operation: ClassVar[str] = "hospitals.department_changed"
    is_new: bool
    is_bookable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PractitionerChanged(Event):
    operation: ClassVar[str] = "hospitals.practitioner_changed"
    is_new: bool
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PractitionerBound(Event):
    operation: ClassVar[str] = "hospitals.practitioner_bound"
    staff_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicKindOffered(Event):
    operation: ClassVar[str] = "hospitals.clinic_kind_offered"
    clinic_kind: str
    is_offered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeSet(Event):
    operation: ClassVar[str] = "hospitals.fee_set"
    clinic_kind: str
    title: str | None
    fee_fen: int
    effective_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterDataImported(Event):
    """One file of one hospital came in: the subject is the hospital."""

    operation: ClassVar[str] = "hospitals.master_data_imported"
    what: str
    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementPublished(Event):
    operation: ClassVar[str] = "hospitals.announcement_published"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementWithdrawn(Event):
    operation: ClassVar[str] = "hospitals.announcement_withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet(Event):
    """The subject is the record; `value` is its JSON."""

    operation: ClassVar[str] = "hospitals.policy_set"
    policy: str
    scope: str
    department_id: UUID | None
    value: str
    effective_from: datetime
