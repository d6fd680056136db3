"""Fairness: its refusals. A review is refused in the words of an appeal (people.errors): it is one."""

from yitong.core.errors import Conflict, Missing, RuleBroken


class CheckWrong(RuleBroken):
    """Not every answer was right: there are new questions now."""

    code = "CHECK_WRONG"
    rule = "R-017"


class CheckNotNeeded(Conflict):
    """The account isn't on the slow path: nothing is asked of it."""

    code = "CHECK_NOT_NEEDED"
    rule = "R-017"


class ReviewMissing(Missing):
    """No review of that name waits for a person."""

    code = "REVIEW_NOT_FOUND"
    rule = "R-199"


class AlarmMissing(Missing):
    code = "ALARM_NOT_FOUND"


class AlarmIsNoted(Conflict):
    """Somebody else took note of it before."""

    code = "ALARM_NOTED"


class NoteEmpty(RuleBroken):
    """Who takes note of an alarm says what he found, or does about it."""

    code = "ALARM_NOTE_EMPTY"
