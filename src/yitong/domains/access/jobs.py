"""Scheduled work of access."""

from yitong.core import clock
from yitong.core.db.jobs import periodic
from yitong.domains.access.commands import limits, providers


@periodic("*/10 * * * *")
def forget_what_ran_out(timestamp: int) -> None:
    """Full buckets and unfinished sign-ins say nothing any more."""
    now = clock.now()
    limits.forget_full_buckets(now)
    providers.forget_attempts(now=now)
