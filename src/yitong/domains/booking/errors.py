"""Booking: its refusals."""

from yitong.core.errors import Conflict, Forbidden, KeyReused, Missing, Refusal, RuleBroken, Unidentified


class BookingMissing(Missing):
    code = "BOOKING_NOT_FOUND"


class VerifyRequired(Forbidden):
    code = "VERIFY_REQUIRED"
    rule = "R-045"


class RealNameMismatch(RuleBroken):
    code = "REALNAME_MISMATCH"
    rule = "R-001"


class WindowClosed(RuleBroken):
    code = "BOOK_WINDOW"
    rule = "R-002"


class SlotsLeft(Conflict):
    """Nobody waits for a session that still has slots: they can be booked at once."""

    code = "SLOTS_LEFT"
    rule = "R-017"


class FirstVisitBySpecialty(RuleBroken):
    code = "FIRSTVISIT_BY_SPECIALTY"
    rule = "R-004"


class DuplicateDepartment(Conflict):
    code = "BOOK_DUP_DEPT"
    rule = "R-005"


class DayLimitReached(Conflict):
    code = "BOOK_LIMIT_DAY"
    rule = "R-005"


class WeekLimitReached(Conflict):
    code = "BOOK_LIMIT_7D"
    rule = "R-005"


class QuarterLimitReached(Conflict):
    code = "BOOK_LIMIT_3M"
    rule = "R-005"


class CancelTooLate(RuleBroken):
    code = "CANCEL_TOO_LATE"
    rule = "R-007"


class NotYourTurn(Conflict):
    """A line stands before these slots: who is let in by it may book."""

    code = "LINE_FIRST"
    rule = "R-017"


class LineNotOpen(Conflict):
    """Nobody has to wait here at this time."""

    code = "LINE_NOT_OPEN"
    rule = "R-017"


class LineUnreadable(RuleBroken):
    code = "LINE_UNREADABLE"


class NoShowLocked(Forbidden):
    code = "NOSHOW_LOCK"
    rule = "R-009"


class AbuseLocked(Forbidden):
    code = "ABUSE_LOCK"
    rule = "R-010"


class CheckRequired(Forbidden):
    """The account is on the slow path: a short check comes before booking online."""

    code = "CHECK_REQUIRED"
    rule = "R-017"


class PoolExhausted(Conflict):
    code = "POOL_EXHAUSTED"
    rule = "R-012"


class SlotReserved(RuleBroken):
    """A number kept on site for the old and other special groups; nothing says that the patient is one of them."""

    code = "SLOT_RESERVED"
    rule = "R-013"


class EntitlementInvalid(Forbidden):
    code = "ENTITLEMENT_INVALID"
    rule = "R-012"


class SessionCancelled(Conflict):
    code = "SESSION_CANCELLED"
    rule = "R-016"


class PatientImmutable(RuleBroken):
    code = "PATIENT_IMMUTABLE"
    rule = "R-017"


class SlotTaken(Conflict):
    code = "SLOT_TAKEN"
    rule = "R-018"


class HoldRanOut(Conflict):
    code = "HOLD_EXPIRED"
    rule = "R-018"


class NotEligible(RuleBroken):
    code = "NOT_ELIGIBLE"
    rule = "R-046"


class TimeClash(Conflict):
    code = "TIME_CLASH"
    rule = "R-046"


class StateForbids(Conflict):
    """What is asked does not fit the booking's state."""

    code = "BOOKING_STATE"


class CodeCollision(Conflict):
    """Two claims drew the same code at once; asking again with the same key draws another."""

    code = "BOOKING_CODE_AGAIN"
    rule = "R-019"


class CheckInTooEarly(RuleBroken):
    code = "CHECK_IN_EARLY"
    rule = "R-008"


class EntitlementStands(Conflict):
    """The same entitlement is open already."""

    code = "ENTITLEMENT_STANDS"
    rule = "R-012"


class PassInvalid(Unidentified):
    """No pass to the booking window, one that is not ours, or one whose time is over: the page gives a new one."""

    code = "PASS_INVALID"


class ClaimUnreadable(RuleBroken):
    """Not a claim: a field is missing or not of its kind."""

    code = "CLAIM_UNREADABLE"
    status = 400


class ClaimFailed(Refusal):
    """A bug at the booking window, about this one claim: nothing was booked, and asking again will not help (500)."""

    code = "CLAIM_FAILED"
    status = 500


# What a claim broke, by the name of the constraint.
BY_CONSTRAINT: dict[str, type[Refusal]] = {
    "booking_one_live_per_slot": SlotTaken,
    "booking_one_live_per_department_day": DuplicateDepartment,
    "booking_key_once": KeyReused,
    "booking_one_open_code": CodeCollision,
    "patient_booking_no_overlap": TimeClash,
    "limits_same_day": DayLimitReached,
    "limits_7_days": WeekLimitReached,
    "limits_3_months": QuarterLimitReached,
}
