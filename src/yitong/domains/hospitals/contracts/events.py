"""What happened in hospitals."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from yitong.core.events import Event


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
class FirstVisitGuideSet(Event):
    operation: ClassVar[str] = "hospitals.first_visit_guide_set"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampusChanged(Event):
    """Added or changed: the subject is the campus."""

    operation: ClassVar[str] = "hospitals.campus_changed"
    is_new: bool
    is_open: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CampusRemoved(Event):
    """Nothing named it. `code`: what the hospital called it, which stands nowhere else any more."""

    operation: ClassVar[str] = "hospitals.campus_removed"
    code: str


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
