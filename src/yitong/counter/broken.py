"""What may break a batch, and what a wish hears that breaks by itself."""

import secrets

import psycopg
import structlog
from psycopg import errors as pg

from yitong.core.errors import Busy, Refusal
from yitong.domains.booking.errors import BY_CONSTRAINT, ClaimFailed, SlotTaken

PASSING = (pg.LockNotAvailable, pg.DeadlockDetected, pg.SerializationFailure, pg.QueryCanceled)

log = structlog.get_logger("yitong.counter")


class Stale(Exception):
    """The picture was wrong: what it proposed is not as it believed."""


def is_loss(error: Exception) -> bool:
    """Whether it says that the connection, or what stands behind it, is lost; all else is about a wish."""
    about_rows = (pg.IntegrityError, pg.DataError, *PASSING)
    return isinstance(error, psycopg.Error | OSError) and not isinstance(error, about_rows)


def refusal_for(error: Exception) -> Refusal:
    """What a wish hears that broke by itself. A bug goes to the log, under the number that its patient can quote."""
    if isinstance(error, Stale):
        return SlotTaken()
    if isinstance(error, PASSING):
        return Busy()
    broken = BY_CONSTRAINT.get(name_of(error))
    if broken is not None:
        return broken()
    trace_id = secrets.token_hex(8)
    log.error("counter.claim_failed", trace_id=trace_id, broken=name_of(error), exc_info=error)
    return ClaimFailed(trace_id=trace_id)


def name_of(error: Exception) -> str:
    """Which constraint it was, where one was broken."""
    broken = error.diag.constraint_name if isinstance(error, psycopg.Error) else None
    return broken or type(error).__name__
