"""What happened to patients and accounts."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from yitong.core.events import Event


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
class HospitalNumberWithdrawn(Event):
    """`reason`: a `NumberWrong`. Where the right number is known, `CarrierLinked` follows."""

    operation: ClassVar[str] = "people.hospital_number_withdrawn"
    carrier_id: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientErased(Event):
    operation: ClassVar[str] = "people.patient_erased"
