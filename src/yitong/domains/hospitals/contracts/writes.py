"""What the commands of hospitals take and answer."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from yitong.core.digests import digest_of
from yitong.core.policy.kinds import JsonValue
from yitong.domains.hospitals.contracts.things import ClinicKind, CodeBasis, Title

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
    latitude: Decimal | None = None  # degrees, WGS 84; both or none
    longitude: Decimal | None = None
    is_open: bool = True


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
class GuideFacts:
    """The hospital's own words for who comes for the first time; empty: it has none."""

    text: str = ""
    text_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeFacts:
    clinic_kind: ClinicKind
    title: Title | None
    fee_fen: int
    effective_date: date
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """A hospital's prices, past and to come, the latest first."""

    prices: tuple[FeeFacts, ...]

    def on(self, facts: FeeFacts) -> FeeFacts | None:
        """The price that begins on that day for the same kind and title."""
        wanted = (facts.clinic_kind, facts.title, facts.effective_date)
        return next((one for one in self.prices if (one.clinic_kind, one.title, one.effective_date) == wanted), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What a hospital decided of one policy, for itself and for its departments, or the city and the nation, the latest
    decision first. None is ever changed, so its id says it all."""

    policy: str
    record_ids: tuple[UUID, ...]


MasterFacts = HospitalFacts | CampusFacts | DepartmentFacts | PractitionerFacts
SeenFacts = MasterFacts | GuideFacts | PriceList | Decisions


def seen_of(facts: SeenFacts) -> str:
    """A word for these facts as somebody saw them. Given with a change, the change is refused where they are no longer
    what stands; without it, the last one to write is right."""
    return digest_of(facts).hex()


@dataclass(frozen=True, slots=True)
class AddHospital:
    code: str
    facts: HospitalFacts
    key: str


@dataclass(frozen=True, slots=True)
class ChangeHospital:
    hospital_id: UUID
    facts: HospitalFacts
    seen: str = ""  # `seen_of` the facts that the change was made from


@dataclass(frozen=True, slots=True)
class SetFirstVisitGuide:
    """What the hospital tells who comes for the first time; empty takes it back."""

    hospital_id: UUID
    text: str
    text_en: str = ""
    seen: str = ""  # `seen_of` the words that the change was made from


@dataclass(frozen=True, slots=True)
class AddCampus:
    hospital_id: UUID
    facts: CampusFacts
    key: str


@dataclass(frozen=True, slots=True)
class ChangeCampus:
    hospital_id: UUID
    campus_id: UUID
    facts: CampusFacts
    seen: str = ""  # `seen_of` the facts that the change was made from


@dataclass(frozen=True, slots=True)
class RemoveCampus:
    """One that nothing names; one with a history is closed (`is_open`)."""

    hospital_id: UUID
    campus_id: UUID
    key: str


@dataclass(frozen=True, slots=True)
class ImportCampuses:
    hospital_id: UUID
    rows: tuple[CampusFacts, ...]


@dataclass(frozen=True, slots=True)
class AddDepartment:
    hospital_id: UUID
    facts: DepartmentFacts
    key: str


@dataclass(frozen=True, slots=True)
class ChangeDepartment:
    hospital_id: UUID
    department_id: UUID
    facts: DepartmentFacts
    seen: str = ""  # `seen_of` the facts that the change was made from


@dataclass(frozen=True, slots=True)
class ImportDepartments:
    hospital_id: UUID
    rows: tuple[DepartmentFacts, ...]


@dataclass(frozen=True, slots=True)
class AddPractitioner:
    hospital_id: UUID
    facts: PractitionerFacts
    key: str


@dataclass(frozen=True, slots=True)
class ChangePractitioner:
    hospital_id: UUID
    practitioner_id: UUID
    facts: PractitionerFacts
    seen: str = ""  # `seen_of` the facts that the change was made from


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
    seen: str = ""  # `seen_of` the price list that the price was set from


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
    seen: str = ""  # `seen_of` the decisions that this one was made from


@dataclass(frozen=True, slots=True)
class Made:
    """The id of what a command added or changed."""

    id: UUID


@dataclass(frozen=True, slots=True)
class Imported:
    added: int
    changed: int
    unchanged: int
