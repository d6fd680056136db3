"""Refusals: every way in which Yitong says no, as six kinds.

A refusal is an answer, not a bug. Its code is a public promise: never reused, never renamed. Its sentence in
Chinese and English stands in `core/catalogue/`. Anything that is not a Refusal is a bug.
"""

from typing import ClassVar


class Refusal(Exception):
    """Base of all refusals. `params` are ids, numbers and dates, never personal data: they reach clients and logs."""

    code: ClassVar[str]
    rule: ClassVar[str | None] = None
    status: ClassVar[int]

    def __init__(self, **params: object) -> None:
        super().__init__(self.code, params)
        self.params = params


class Unidentified(Refusal):
    """Who are you? (401)"""

    code = "AUTH_REQUIRED"
    status = 401


class Forbidden(Refusal):
    """You may not. (403)"""

    code = "FORBIDDEN"
    status = 403


class Missing(Refusal):
    """Absent, or hidden from this actor: the two look the same. (404)"""

    code = "NOT_FOUND"
    status = 404


class Conflict(Refusal):
    """State or quota: the world moved; choose again. (409)"""

    code = "CONFLICT"
    status = 409


class RuleBroken(Refusal):
    """Can never succeed as asked. (422)"""

    code = "INVALID"
    status = 422


class Busy(Refusal):
    """Nothing was done; ask again with the same key. (503)"""

    code = "BUSY"
    status = 503


class KeyReused(Conflict):
    """The idempotency key came back with another content."""

    code = "KEY_REUSED"


class KeyMissing(RuleBroken):
    """A command that costs something came without an idempotency key."""

    code = "KEY_MISSING"


class Throttled(Refusal):
    """Too many requests from one person, device, address or channel (R-017, R-212). (429)"""

    code = "RATE_LIMITED"
    rule = "R-017"
    status = 429


class PolicyLoosened(RuleBroken):
    """A narrower scope may tighten a policy, never loosen it."""

    code = "POLICY_LOOSENED"


class PolicyInvalid(RuleBroken):
    """The value is not of the policy's type or outside its bounds."""

    code = "POLICY_INVALID"


class PolicyUnknown(Missing):
    """No policy has this key."""

    code = "POLICY_UNKNOWN"


class AuditTooWide(RuleBroken):
    """One question to the events spans a limited time."""

    code = "AUDIT_TOO_WIDE"


class DeadLetterMissing(Missing):
    """No such dead letter is open: another person settled it, or its event went through."""

    code = "DEAD_LETTER_NOT_FOUND"
