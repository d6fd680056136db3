"""Where merged records lead (R-102)."""

from collections.abc import Collection
from uuid import UUID

from django.db import connection

MERGES_IN_A_ROW = 10

# An account's patients, and every record that was merged into one of theirs. UNION: a circle would end, too.
OF_ACCOUNT = """
WITH RECURSIVE r(id) AS (
  SELECT patient_id FROM people_account_patient WHERE account_id = %s
  UNION SELECT p.id FROM people_patient p JOIN r ON p.survivor_id = r.id WHERE p.state = 'merged')
SELECT id FROM r
"""

OF_ACCOUNTS = """
WITH RECURSIVE r(account_id, id) AS (
  SELECT account_id, patient_id FROM people_account_patient WHERE account_id = ANY(%s)
  UNION SELECT r.account_id, p.id FROM people_patient p JOIN r ON p.survivor_id = r.id WHERE p.state = 'merged')
SELECT account_id, id FROM r
"""


def survivor_of(patient_id: UUID) -> UUID:
    """Where a merged record leads in the end; the patient himself otherwise, also where he is unknown."""
    for _ in range(MERGES_IN_A_ROW):
        with connection.cursor() as cursor:  # by hand, as the next one: pages of an account ask them
            cursor.execute("SELECT survivor_id FROM people_patient WHERE id = %s AND state = 'merged'", [patient_id])
            found = cursor.fetchone()
        if found is None or found[0] is None:
            return patient_id
        (patient_id,) = found
    raise AssertionError("merges go in a circle")


def records_of(patient_ids: Collection[UUID]) -> set[UUID]:
    """These patients and every record that was merged into them: under which ids their history stands."""
    found, layer = set(patient_ids), set(patient_ids)
    for _ in range(MERGES_IN_A_ROW):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM people_patient WHERE survivor_id = ANY(%s) AND state = 'merged'", [list(layer)]
            )
            layer = {record_id for (record_id,) in cursor.fetchall()}
        if not layer:
            break
        found |= layer
    return found


def records_of_account(account_id: UUID) -> set[UUID]:
    """As `records_of` for all patients of an account. One query."""
    with connection.cursor() as cursor:
        cursor.execute(OF_ACCOUNT, [account_id])
        return {record_id for (record_id,) in cursor.fetchall()}


def records_of_accounts(account_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """As `records_of_account`, of each of them. One query."""
    found: dict[UUID, set[UUID]] = {account_id: set() for account_id in account_ids}
    with connection.cursor() as cursor:
        cursor.execute(OF_ACCOUNTS, [list(account_ids)])
        for account_id, record_id in cursor.fetchall():
            found[account_id].add(record_id)
    return found
