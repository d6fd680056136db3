"""People: how this domain says no."""

from yitong.core.errors import Conflict, Forbidden, Missing, RuleBroken, Unidentified


class PatientMissing(Missing):
    """Absent, or not this actor's: the two look the same."""

    code = "PATIENT_NOT_FOUND"


class AccountMissing(Missing):
    code = "ACCOUNT_NOT_FOUND"


class SessionEnded(Unidentified):
    code = "SESSION_ENDED"


# -- identity ----------------------------------------------------------------------------------------------------------


class IdInvalid(RuleBroken):
    """`part`: `form`, `check`, `birth` or `kind`."""

    code = "ID_INVALID"
    rule = "R-100"


class IdFifteen(RuleBroken):
    """A number of the first generation, of 15 digits."""

    code = "ID_FIFTEEN"
    rule = "R-100"


class IdTypeUnsupported(RuleBroken):
    code = "ID_TYPE_UNSUPPORTED"
    rule = "R-101"


class NameInvalid(RuleBroken):
    code = "NAME_INVALID"
    rule = "R-001"


class BirthDateNeeded(RuleBroken):
    """The document's number does not say when its holder was born."""

    code = "BIRTH_DATE_NEEDED"
    rule = "R-101"


class NameDiffers(RuleBroken):
    """At a desk: the number is known under another name."""

    code = "NAME_DIFFERS"
    rule = "R-001"


class AlreadyVerified(Conflict):
    code = "ALREADY_VERIFIED"
    rule = "R-045"


# -- the patients of an account ----------------------------------------------------------------------------------------


class AccountPatientLimit(Conflict):
    code = "ACCOUNT_PATIENT_LIMIT"
    rule = "R-006"


class PatientAlreadyAdded(Conflict):
    code = "PATIENT_ALREADY_ADDED"


class SelfAlreadyAdded(Conflict):
    code = "SELF_ALREADY_ADDED"
    rule = "R-006"


class RelationImpossible(RuleBroken):
    """A child of full age, a parent or spouse below it, a ward who is an adult (that is decided at a desk)."""

    code = "RELATION_IMPOSSIBLE"
    rule = "R-103"


class GuardianRequired(Forbidden):
    code = "GUARDIAN_REQUIRED"
    rule = "R-103"


class ConsentMissing(RuleBroken):
    """A guardian has not agreed to the notice for minors."""

    code = "GUARDIAN_CONSENT"
    rule = "R-103"


# -- accounts ----------------------------------------------------------------------------------------------------------


class PhoneInvalid(RuleBroken):
    code = "PHONE_INVALID"


class PhoneTaken(Conflict):
    code = "PHONE_TAKEN"
    rule = "R-006"


class PhoneSame(RuleBroken):
    code = "PHONE_SAME"


class CodeWrong(RuleBroken):
    code = "CODE_WRONG"
    rule = "R-048"


class CodeOver(RuleBroken):
    """Run out, used, or tried too often."""

    code = "CODE_OVER"
    rule = "R-048"


class DeviceCheck(Forbidden):
    """The second fact is wrong. `left` tries remain."""

    code = "DEVICE_CHECK"
    rule = "R-048"


class DeviceCheckFailed(Forbidden):
    """The second fact was wrong too often: the session has ended."""

    code = "DEVICE_CHECK_FAILED"
    rule = "R-048"


class LockMissing(Missing):
    code = "LOCK_NOT_FOUND"


class AppealWaiting(Conflict):
    code = "APPEAL_WAITING"
    rule = "R-199"


class AppealEmpty(RuleBroken):
    code = "APPEAL_EMPTY"
    rule = "R-199"


class AppealMissing(Conflict):
    """There is no appeal to decide: none was made, or it is decided."""

    code = "APPEAL_NOT_WAITING"
    rule = "R-199"


# -- carriers, codes, merges -------------------------------------------------------------------------------------------


class CarrierInvalid(RuleBroken):
    code = "CARRIER_INVALID"


class CarrierTaken(Conflict):
    """The card leads to another patient."""

    code = "CARRIER_TAKEN"
    rule = "R-102"


class CarrierMissing(Missing):
    code = "CARRIER_NOT_FOUND"


class HospitalNumberSettled(Conflict):
    """The hospital has answered before, and otherwise."""

    code = "MRN_SETTLED"
    rule = "R-049"


class HospitalNumberRefused(Conflict):
    code = "MRN_REFUSED"
    rule = "R-049"


class HospitalNumberOther(Conflict):
    """The patient has another number at this hospital already."""

    code = "MRN_OTHER"
    rule = "R-049"


class HospitalNumberChanged(Conflict):
    """The number that is to be taken back stands there no more."""

    code = "MRN_CHANGED"
    rule = "R-049"


class HospitalNumberSame(Conflict):
    """The right number is the one that stands there."""

    code = "MRN_SAME"
    rule = "R-049"


class NumberConsentMissing(RuleBroken):
    """Nobody has agreed to what a hospital is given with the question for its number."""

    code = "MRN_CONSENT"
    rule = "R-049"


class QrExpired(Conflict):
    """Run out, used, or not ours."""

    code = "QR_EXPIRED"
    rule = "R-104"


class OpenVisit(Conflict):
    code = "EMPI_OPEN_VISIT"
    rule = "R-102"


class MergeImpossible(Conflict):
    """One of the two is merged, erased or not proven, or they are one and the same."""

    code = "MERGE_IMPOSSIBLE"
    rule = "R-102"


class MergeOverLimit(Conflict):
    """Together the two have more live bookings than one person may (R-005)."""

    code = "MERGE_OVER_LIMIT"
    rule = "R-102"


class MergeMissing(Missing):
    code = "MERGE_NOT_FOUND"


class RightsDenied(Conflict):
    """What is asked for by R-198 can't be done yet. `reason`: `open_visit` or `other_account`."""

    code = "RIGHTS_DENIED"
    rule = "R-198"
