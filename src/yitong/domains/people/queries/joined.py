"""Which accounts meet on one device, or at one address (R-017). Ids and instants alone: no value that joins them."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection

from yitong.domains.people.contracts.accounts import Mate
from yitong.domains.people.rules.joining import ADDRESS_LIFE

BY_DEVICE = """
SELECT mine.account_id, other.account_id, min(greatest(mine.first_seen_at, other.first_seen_at))
FROM people_device mine JOIN people_device other
  ON other.device_hash = mine.device_hash AND other.account_id <> mine.account_id
WHERE mine.account_id = ANY(%s) AND mine.last_seen_at > %s AND other.last_seen_at > %s
GROUP BY mine.account_id, other.account_id ORDER BY 1, 3, 2
"""
BY_ADDRESS = """
SELECT mine.account_id, other.account_id, min(greatest(mine.created_at, other.created_at))
FROM people_account_session mine JOIN people_account_session other
  ON other.address_index = mine.address_index AND other.account_id <> mine.account_id
WHERE mine.account_id = ANY(%s) AND mine.address_index IS NOT NULL AND mine.created_at > %s AND other.created_at > %s
GROUP BY mine.account_id, other.account_id ORDER BY 1, 3, 2
"""


def mates_by_device(account_ids: Collection[UUID], *, since: datetime) -> dict[UUID, list[Mate]]:
    """The other accounts on each account's devices, all used since then, with the instant at which they met."""
    return _mates(BY_DEVICE, account_ids, since)


def mates_by_address(account_ids: Collection[UUID], *, now: datetime) -> dict[UUID, list[Mate]]:
    """The other accounts that signed in from an address of each account's in the last week."""
    return _mates(BY_ADDRESS, account_ids, now - ADDRESS_LIFE)


def _mates(sql: str, account_ids: Collection[UUID], since: datetime) -> dict[UUID, list[Mate]]:
    found: dict[UUID, list[Mate]] = {account_id: [] for account_id in account_ids}
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(account_ids), since, since])
        for account_id, other_id, met_at in cursor.fetchall():
            found[account_id].append(Mate(other_id, met_at))
    return found
