"""How often one phone, device, address or account may ask (R-048, R-017). Joins the caller's command."""

import math
from datetime import datetime

from django.db import connection

from yitong.core.db.command import joined
from yitong.core.db.fields import blind_index
from yitong.core.errors import Throttled
from yitong.domains.people.rules import codes


def take(kind: str, value: str, now: datetime) -> None:
    """Count one more, or refuse Throttled with the seconds to wait. Two at once wait for each other at the row."""
    subject = blind_index(f"quota.{kind}", value)
    where: tuple[str, bytes] = (kind, subject)
    with joined(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO people_quota (kind, subject, asked_at) VALUES (%s, %s, '{}') ON CONFLICT DO NOTHING", where
        )
        cursor.execute("SELECT asked_at FROM people_quota WHERE kind = %s AND subject = %s FOR UPDATE", where)
        (asked_at,) = cursor.fetchone()
        wait = codes.wait(asked_at, codes.ALLOWANCES[kind], now)
        if wait.total_seconds() > 0:
            raise Throttled(wait_s=math.ceil(wait.total_seconds()))
        kept = [*(at for at in asked_at if now - at < codes.DAY), now]
        cursor.execute(
            "UPDATE people_quota SET asked_at = %s::timestamptz[] WHERE kind = %s AND subject = %s", [kept, *where]
        )
