"""Refusals of hospitals."""

from yitong.core.errors import Conflict, Missing, RuleBroken


class HospitalMissing(Missing):
    code = "HOSPITAL_NOT_FOUND"


class CampusMissing(Missing):
    code = "CAMPUS_NOT_FOUND"


class DepartmentMissing(Missing):
    code = "DEPARTMENT_NOT_FOUND"


class PractitionerMissing(Missing):
    code = "PRACTITIONER_NOT_FOUND"


class AnnouncementMissing(Missing):
    code = "ANNOUNCEMENT_NOT_FOUND"


class FeeMissing(Missing):
    """No price is in force for this kind of clinic and title on that day."""

    code = "FEE_NOT_SET"
    rule = "R-162"


class HospitalCodeTaken(Conflict):
    code = "HOSPITAL_CODE_TAKEN"


class HospitalAlreadyClosed(Conflict):
    code = "HOSPITAL_CLOSED"


class HospitalAlreadyOpen(Conflict):
    code = "HOSPITAL_OPEN"


class CampusCodeTaken(Conflict):
    code = "CAMPUS_CODE_TAKEN"


class CampusClosed(Conflict):
    """A department can be booked only where its campus is open."""

    code = "CAMPUS_CLOSED"


class CampusStillPlanned(Conflict):
    """Sessions are still to be held there: they are stopped first, so that their patients hear of it. `campus` is its
    name, `sessions` how many they are, `first_date` and `last_date` their days."""

    code = "CAMPUS_STILL_PLANNED"


class CampusInUse(Conflict):
    """A department, a roster line or a session names the campus: it can be closed, not removed."""

    code = "CAMPUS_IN_USE"


class DepartmentCodeTaken(Conflict):
    """The department's code is taken in the hospital, or its name on the campus."""

    code = "DEPARTMENT_CODE_TAKEN"


class PractitionerCodeTaken(Conflict):
    code = "PRACTITIONER_CODE_TAKEN"


class StaffBoundElsewhere(Conflict):
    code = "PRACTITIONER_STAFF_TAKEN"


class StaffIsNoDoctor(Conflict):
    """Who is to be linked to a practitioner is, now, no doctor of that hospital."""

    code = "PRACTITIONER_STAFF_NO_DOCTOR"


class FeeFixed(Conflict):
    """A price in force or past is history: a new one begins on a later day (R-162)."""

    code = "FEE_FIXED"
    rule = "R-162"


class FactsChanged(Conflict):
    """What stands is no longer what the change was made from: somebody else wrote meanwhile."""

    code = "HOSPITAL_FACTS_CHANGED"


class AnnouncementWithdrawnAlready(Conflict):
    code = "ANNOUNCEMENT_WITHDRAWN"


class FactsInvalid(RuleBroken):
    """A field of the facts can't stand: `field` names it."""

    code = "HOSPITAL_FACTS_INVALID"


class EligibilityInvalid(RuleBroken):
    code = "ELIGIBILITY_INVALID"
    rule = "R-046"


class PolicyInThePast(RuleBroken):
    """A rule takes effect now or later: what happened is judged by the rule of its time."""

    code = "POLICY_IN_THE_PAST"


class PolicyNotForDepartment(RuleBroken):
    code = "POLICY_NOT_FOR_DEPARTMENT"
