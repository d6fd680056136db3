"""Rate limits for channels, devices and addresses."""

from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import connection

from yitong.core.errors import Throttled
from yitong.domains.access import rules

MINUTE = timedelta(minutes=1)

# The bucket of n a minute holds n tokens and fills evenly. Its row says when it will be full; a token moves that
# instant by a minute / n, and there is none left where it would come to lie more than a minute ahead.
TAKE = """
    INSERT INTO access_token_bucket AS bucket (bucket, full_at) VALUES (%(bucket)s, %(now)s + %(step)s)
    ON CONFLICT (bucket) DO UPDATE SET full_at = GREATEST(bucket.full_at, %(now)s) + %(step)s
    WHERE GREATEST(bucket.full_at, %(now)s) + %(step)s <= %(now)s + %(minute)s
    RETURNING full_at
"""


def take_token(bucket: str, per_minute: int, now: datetime) -> int:
    """Take one of the bucket's tokens and say how many are left. Of its name (`channel:<id>`) only a hash is kept.

    One statement of its own, outside commands: a refused request has used its token. Refuses Throttled (R-017, R-212)
    with `wait_s`, whole seconds until there is one again.
    """
    step = MINUTE / max(1, per_minute)
    params: dict[str, Any] = {
        "bucket": rules.digest(bucket),
        "now": now,
        "step": step,
        "minute": MINUTE,
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE, params)
        taken = cursor.fetchone()
        if taken is not None:
            return int((now + MINUTE - taken[0]) / step)
        cursor.execute("SELECT full_at FROM access_token_bucket WHERE bucket = %(bucket)s", params)
        row = cursor.fetchone()
    full_at = row[0] if row else now
    raise Throttled(wait_s=max(1, ceil((full_at + step - MINUTE - now).total_seconds())))


def forget_full_buckets(now: datetime) -> int:
    """Removes rows that say nothing any more; gives their number."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM access_token_bucket WHERE full_at < %s", [now - MINUTE])
        return cursor.rowcount
