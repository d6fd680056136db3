"""Schedule: its refusals."""

from yitong.core.errors import Conflict, Forbidden, Missing, RuleBroken


class SessionMissing(Missing):
    code = "SESSION_NOT_FOUND"


class SlotMissing(Missing):
    code = "SLOT_NOT_FOUND"


class RosterLineMissing(Missing):
    code = "ROSTER_LINE_NOT_FOUND"


class RosterLineUnmoved(RuleBroken):
    """A move to where the line is already."""

    code = "ROSTER_LINE_UNMOVED"


class SessionIsStopped(Conflict):
    code = "SESSION_STOPPED"
    rule = "R-016"


class SessionIsStopping(Conflict):
    """A stop of it was decided and can still be taken back; until then nothing else happens to it."""

    code = "SESSION_STOPPING"
    rule = "R-016"


class StoppageMissing(Missing):
    code = "STOPPAGE_NOT_FOUND"


class StoppageInEffect(Conflict):
    """Too late to take it back: the booked are being told."""

    code = "STOPPAGE_IN_EFFECT"
    rule = "R-016"


class StoppageIsUndone(Conflict):
    code = "STOPPAGE_UNDONE"


class StoppageSize(RuleBroken):
    """No session at all, or more than one word may stop."""

    code = "STOPPAGE_SIZE"


class SessionIsReleased(Conflict):
    code = "SESSION_RELEASED"


class SessionIsOver(Conflict):
    code = "SESSION_OVER"


class SessionExists(Conflict):
    """Two imports or generations of the same sessions at once; asking again finds them."""

    code = "SESSION_EXISTS"


class SlotTooLong(RuleBroken):
    code = "SLOT_TOO_LONG"
    rule = "R-003"


class WindowsInvalid(RuleBroken):
    """Windows that are empty, out of order or outside their session."""

    code = "SESSION_WINDOWS"


class TimesInvalid(RuleBroken):
    """An end that isn't after its start, a night that runs into another day, days in the wrong order, too many days."""

    code = "SESSION_TIMES"


class RoomInvalid(RuleBroken):
    """A consulting room's name that is no name on a door: too long, or with signs that can't be read."""

    code = "ROOM_INVALID"


class PoolShareBroken(RuleBroken):
    """Fewer slots open to booking, or to the platform, than the rules ask for."""

    code = "POOL_SHARE"
    rule = "R-012"


class SlotsNotInPool(Conflict):
    code = "SLOTS_NOT_IN_POOL"
    rule = "R-012"


class PractitionerBusy(Conflict):
    """A practitioner can't sit twice at one time."""

    code = "PRACTITIONER_BUSY"


class PractitionerNotOfDepartment(RuleBroken):
    code = "PRACTITIONER_DEPARTMENT"
    rule = "R-016"


class SubstituteGradeTooLow(RuleBroken):
    code = "SUBSTITUTE_GRADE"
    rule = "R-016"


class SubstituteNeedsDoctor(RuleBroken):
    """A department's session has no named doctor who could be replaced, or the same one was named."""

    code = "SUBSTITUTE_NOBODY"
    rule = "R-016"


class ExtraLimitReached(Conflict):
    code = "EXTRA_LIMIT"
    rule = "R-014"


class ExtraReasonUnknown(RuleBroken):
    """An extra slot has one of the known reasons."""

    code = "EXTRA_REASON"
    rule = "R-014"


class NotYourSession(Forbidden):
    """An extra slot is the act of the doctor who sits in the session (R-014)."""

    code = "NOT_YOUR_SESSION"
    rule = "R-014"


class CursorInvalid(RuleBroken):
    """A cursor that no page gave out."""

    code = "SESSION_CURSOR"
