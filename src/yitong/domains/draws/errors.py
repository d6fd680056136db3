"""Draws: their refusals."""

from yitong.core.errors import Conflict, Forbidden, Missing, RuleBroken


class DrawMissing(Missing):
    code = "DRAW_NOT_FOUND"


class EntryMissing(Missing):
    code = "DRAW_ENTRY_NOT_FOUND"


class FileMissing(Missing):
    """Its file isn't published yet: nothing is drawn, or it ended before anybody could apply."""

    code = "DRAW_FILE_NOT_FOUND"


class ProofMissing(Missing):
    """The entry stands in no file: none is published yet, or it was withdrawn."""

    code = "DRAW_PROOF_NOT_FOUND"


class DrawNotOpen(Conflict):
    """Applied before it opened or after it closed."""

    code = "DRAW_NOT_OPEN"
    rule = "R-017"


class AppliedAlready(Conflict):
    """The patient has a live entry in this draw."""

    code = "DRAW_APPLIED"
    rule = "R-017"


class ChoicesInvalid(RuleBroken):
    """No session, one twice, one that this draw doesn't give, or too many."""

    code = "DRAW_CHOICES"


class FamilyInvalid(RuleBroken):
    """No patient, one twice, or too many."""

    code = "DRAW_PATIENTS"


class AccountNeeded(Forbidden):
    """An account holder applies; nobody else can for him."""

    code = "DRAW_ACCOUNT"


class StateForbids(Conflict):
    """What is asked does not fit the draw's state."""

    code = "DRAW_STATE"


class PromiseLate(Conflict):
    """The draw has opened: no hash of a secret is taken any more."""

    code = "DRAW_PROMISE_LATE"


class PromiseInvalid(RuleBroken):
    """No SHA-256 in hexadecimal."""

    code = "DRAW_PROMISE"


class SecretEarly(Conflict):
    """Before entries and beacon are fixed no secret may be opened."""

    code = "DRAW_SECRET_EARLY"


class SecretLate(Conflict):
    """The time to open it is over, and with it the draw."""

    code = "DRAW_SECRET_LATE"


class SecretInvalid(RuleBroken):
    """It doesn't fit the hash that was given before."""

    code = "DRAW_SECRET"


BY_CONSTRAINT = {"draw_applicant_once": AppliedAlready}
