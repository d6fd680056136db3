"""Accounts, their sessions and devices, and locks with their appeals."""

import hashlib
from datetime import datetime
from uuid import UUID

from django.db import connection

from yitong.core import masks
from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.domains.people import errors, models, permissions
from yitong.domains.people.contracts.accounts import Account, AccountSession, Appeal, Device, Lock
from yitong.domains.people.contracts.words import Decision, LockReason
from yitong.domains.people.rules.usage import used_since

PAGE = 50

OPEN_SESSION = """
SELECT s.account_id, s.id, s.device_id, a.language
FROM people_account_session s JOIN people_account a ON a.id = s.account_id
WHERE s.token_hash = %s AND s.channel = %s AND s.ended_at IS NULL AND s.expires_at > %s AND a.state = 'open'
      AND NOT s.waits_for_fact
"""


def account_of_session(token: str, now: datetime, *, channel: str = "web") -> UUID | None:
    """The account that a session's token opens through that channel; None where it ended, was made through another
    channel or still waits for the second fact. One query."""
    session = session_of(token, now, channel=channel)
    return session.account_id if session else None


def session_of(token: str, now: datetime, *, channel: str = "web") -> AccountSession | None:
    with connection.cursor() as cursor:  # by hand: each page of an account asks it; building it took longer
        cursor.execute(OPEN_SESSION, [hash_of(token), channel, now])
        row = cursor.fetchone()
    return AccountSession(*row) if row else None


def is_waiting_for_fact(token: str, now: datetime, *, channel: str = "web") -> bool:
    """Whether this session opens nothing but the question for the second fact (R-048)."""
    return _open_sessions(token, now, channel).filter(waits_for_fact=True).exists()


def _open_sessions(token: str, now: datetime, channel: str):  # type: ignore[no-untyped-def]
    return (
        models.AccountSession.objects.filter(
            token_hash=hash_of(token), channel=channel, ended_at=None, expires_at__gt=now, account__state="open"
        )
        .select_related("account")
        .order_by("id")
    )


def hash_of(random_value: str) -> bytes:
    """For long random values only: they need no key."""
    return hashlib.sha256(random_value.encode()).digest()


def get_account(account_id: UUID, actor: Actor) -> Account:
    """An account for its own holder. Refuses: Unidentified, AccountMissing."""
    permissions.check_is_account(actor, account_id)
    row = models.Account.objects.filter(id=account_id, state="open").order_by("id").first()
    if row is None:
        raise errors.AccountMissing()
    lock = models.AbuseLock.objects.filter(account_id=account_id, lifted_at=None).order_by("id").first()
    return Account(row.id, masks.phone(row.phone), row.language, row.created_at, _lock(lock) if lock else None)


def has_booked_most(account_id: UUID, actor: Actor, now: datetime) -> bool:
    """Whether the account has booked as often as it may, so that a claim is refused without a lock (R-010)."""
    permissions.check_is_account(actor, account_id)
    row = models.Account.objects.filter(id=account_id, state="open").order_by("id").first()
    most = policies.at(None, now).int("booking.limits.per_phone_m3")
    return row is not None and used_since(row.booked_at, now, months=3) >= most


def list_devices(account_id: UUID, actor: Actor, *, token: str = "") -> list[Device]:
    """Devices that may still sign in without a second fact, the latest first; `token` tells which one asks."""
    permissions.check_is_account(actor, account_id)
    open_ = models.AccountSession.objects.filter(token_hash=hash_of(token), ended_at=None)
    current = set(open_.values_list("device_id", flat=True))
    rows = models.Device.objects.filter(account_id=account_id, revoked_at=None).order_by("-last_seen_at", "id")[:PAGE]
    return [Device(row.id, row.label, row.first_seen_at, row.last_seen_at, row.id in current) for row in rows]


def _lock(row: models.AbuseLock) -> Lock:
    decision = Decision(row.decision) if row.decision else None
    return Lock(row.id, row.account_id, LockReason(row.reason), row.locked_at, row.appealed_at, decision)


def list_appeals(actor: Actor, now: datetime) -> list[Appeal]:
    """Appeals that wait for a person, the oldest first (R-199)."""
    permissions.check_can_decide(actor)
    rows = (
        models.AbuseLock.objects.filter(lifted_at=None, decision=None, appealed_at__isnull=False)
        .select_related("account")
        .order_by("appealed_at", "id")[:PAGE]
    )
    return [
        Appeal(
            _lock(row),
            row.appeal or "",
            used_since(row.account.booked_at, now, months=3),
            used_since(row.account.cancelled_at, now, months=1),
        )
        for row in rows
    ]
