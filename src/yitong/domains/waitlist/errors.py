"""Waitlist: its refusals."""

from yitong.core.errors import Conflict, Missing, RuleBroken


class EntryMissing(Missing):
    code = "WAITLIST_NOT_FOUND"


class OfferOver(Conflict):
    """The offer was answered, or its clock ran out."""

    code = "OFFER_OVER"
    rule = "R-017"


class WaitlistClosed(RuleBroken):
    """Too near the end of booking: what is freed now returns to all."""

    code = "WAITLIST_CLOSED"
    rule = "R-017"


class WaitlistFull(Conflict):
    """The patient waits at as many places as he may."""

    code = "WAITLIST_LIMIT"
    rule = "R-017"


class AlreadyWaiting(Conflict):
    """The patient waits for this session already."""

    code = "WAITLIST_TWICE"


class WishUnclear(RuleBroken):
    """No patient or no session, too many of them, or one twice."""

    code = "WAITLIST_WISH"


class StateForbids(Conflict):
    """What is asked does not fit the entry's state."""

    code = "WAITLIST_STATE"
