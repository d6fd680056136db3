"""Accounts that book or cancel too often (R-010), and their appeal to a person (R-199)."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from yitong.core.actor import Actor
from yitong.core.db import events, policies
from yitong.core.db.command import command, joined
from yitong.core.ids import new_id
from yitong.domains.notify import commands as notify
from yitong.domains.notify.contracts import Tell, TemplateName
from yitong.domains.people import errors, models, permissions
from yitong.domains.people.contracts.accounts import AppealLock, DecideAppeal, Done
from yitong.domains.people.contracts.events import AccountLocked, AppealDecided, LockAppealed
from yitong.domains.people.contracts.patients import AccountUse
from yitong.domains.people.contracts.words import Decision, LockReason
from yitong.domains.people.rules.usage import months_back

LONGEST_APPEAL = 500
COUNTER = Actor.system("people.note_account_use")


def note_booking(account_id: UUID, *, at: datetime) -> AccountUse:
    """Count a booking. Gives what the account had done before: the claim refuses by it, so nothing is locked here.

    Joins the caller's command, as its last lock: claims for several patients of one account hold different rows of
    limits and meet here, so what is decided by the answer is decided for one of them after the other.

    Locks: Account.
    """
    with joined():
        use = _counted(account_id, [at], [], at)
        return AccountUse(use.booked_m3 - 1, use.cancels_m1) if use else AccountUse(0, 0)


def note_made_bookings(account_id: UUID, booked: int, *, at: datetime) -> None:
    """Count bookings that can't be refused any more, since the booking window made them a moment ago; over the limit
    of R-010 the account is locked. Joins. Locks: Account."""
    with joined():
        use = _counted(account_id, [at] * booked, [], at)
        if use and use.booked_m3 > policies.at(None, at).int("booking.limits.per_phone_m3"):
            lock(account_id, LockReason.BOOKINGS, COUNTER, at)


def note_cancel(account_id: UUID, *, at: datetime) -> None:
    """Count a slot that was freed; over the limit of R-010 the account is locked. Joins. Locks: Account."""
    with joined():
        use = _counted(account_id, [], [at], at)
        if use and use.cancels_m1 > policies.at(None, at).int("booking.limits.cancels_m1"):
            lock(account_id, LockReason.CANCELS, COUNTER, at)


def _counted(account_id: UUID, booked: list[datetime], cancelled: list[datetime], at: datetime) -> AccountUse | None:
    """Adds and counts in one statement, which takes the row as whoever was before us left it.

    None where the account is closed: who closed his account leaves no counts behind.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_account SET"
            " booked_at = ARRAY(SELECT i FROM unnest(booked_at || %s::timestamptz[]) AS i WHERE i > %s),"
            " cancelled_at = ARRAY(SELECT i FROM unnest(cancelled_at || %s::timestamptz[]) AS i WHERE i > %s)"
            " WHERE id = %s AND state <> %s RETURNING cardinality(booked_at), cardinality(cancelled_at)",
            [
                *(booked, months_back(at, 3), cancelled, months_back(at, 1)),
                *(account_id, models.AccountState.CLOSED.value),
            ],
        )
        row = cursor.fetchone()
    return AccountUse(*row) if row else None


def lock(account_id: UUID, reason: LockReason, actor: Actor, now: datetime) -> None:
    """Lock an account that is not locked yet, and tell it how to appeal. Joins; the account is locked."""
    if models.AbuseLock.objects.filter(account_id=account_id, lifted_at=None).exists():
        return
    row = _lock(account_id, reason, actor, now)
    tell = Tell(f"lock:{row.id}", account_id, TemplateName.ACCOUNT_LOCKED.value, {"reason": reason.value})
    notify.tell(tell, now)


def _lock(account_id: UUID, reason: LockReason, actor: Actor, now: datetime) -> models.AbuseLock:
    row = models.AbuseLock.objects.create(id=new_id(), account_id=account_id, reason=reason.value, locked_at=now)
    happened = AccountLocked(subject_id=account_id, lock_id=row.id, reason=reason.value)
    events.append(happened, actor, at=now, shard=f"account:{account_id}")
    return row


@command()
def appeal_lock(cmd: AppealLock, *, actor: Actor, now: datetime) -> Done:
    """Say why the lock is wrong; again after a person kept it.

    An account that has booked as often as it may is refused more (R-010) without a lock, since the refusal ends as its
    bookings grow old and a refused claim writes nothing. Who appeals against that puts it before a person: it becomes
    a lock, and lifting that lets the counts begin anew.

    Locks: the lock, or the account. Emits: LockAppealed, AccountLocked. Refuses: LockMissing, AppealWaiting,
    AppealEmpty.
    """
    row = _locked(cmd.lock_id) if cmd.lock_id is not None else _locked_for_use(actor, now)
    if actor.account_id is None or row.account_id != actor.account_id:
        raise errors.LockMissing()
    if row.appealed_at is not None and row.decision is None:
        raise errors.AppealWaiting()
    words = cmd.words.strip()
    if not words or len(words) > LONGEST_APPEAL:
        raise errors.AppealEmpty(most=LONGEST_APPEAL)
    row.appealed_at, row.appeal = now, words
    row.decision = row.decided_at = row.decided_by = row.decided_why = None
    row.save(update_fields=["appealed_at", "appeal", "decision", "decided_at", "decided_by", "decided_why"])
    happened = LockAppealed(subject_id=row.account_id, lock_id=row.id)
    events.append(happened, actor, at=now, shard=f"account:{row.account_id}")
    return Done(row.account_id)


@command()
def decide_appeal(cmd: DecideAppeal, *, actor: Actor, now: datetime) -> Done:
    """A person of the city lifts the lock, with the counts beginning anew, or keeps it, and says why (R-199).

    Emits: AppealDecided. Refuses: Forbidden, LockMissing, AppealMissing, AppealEmpty.
    """
    permissions.check_can_decide(actor)
    row = _locked(cmd.lock_id)
    if row.appealed_at is None or row.decision is not None:
        raise errors.AppealMissing()
    reason = cmd.reason.strip()
    if not reason or len(reason) > LONGEST_APPEAL:
        raise errors.AppealEmpty(most=LONGEST_APPEAL)
    is_lifted = cmd.decision is Decision.LIFTED
    row.decision, row.decided_at, row.decided_by, row.decided_why = cmd.decision.value, now, actor.key, reason
    row.lifted_at = now if is_lifted else None
    row.save(update_fields=["decision", "decided_at", "decided_by", "decided_why", "lifted_at"])
    if is_lifted:
        models.Account.objects.filter(id=row.account_id).exclude(state="closed").update(booked_at=[], cancelled_at=[])
    happened = AppealDecided(subject_id=row.account_id, lock_id=row.id, decision=cmd.decision.value)
    event_id = events.append(happened, actor, at=now, shard=f"account:{row.account_id}")
    template = TemplateName.ACCOUNT_UNLOCKED if is_lifted else TemplateName.APPEAL_REFUSED
    notify.tell(Tell(f"appeal:{event_id}", row.account_id, template.value), now)
    return Done(row.account_id)


def _locked_for_use(actor: Actor, now: datetime) -> models.AbuseLock:
    """The lock of the actor's account, made where only its use refuses it. Refuses LockMissing."""
    if actor.account_id is None:
        raise errors.LockMissing()
    use = _counted(actor.account_id, [], [], now)
    standing = models.AbuseLock.objects.filter(account_id=actor.account_id, lifted_at=None).order_by("pk").first()
    if standing is not None:
        return _locked(standing.id)
    if use is None or use.booked_m3 < policies.at(None, now).int("booking.limits.per_phone_m3"):
        raise errors.LockMissing()
    return _lock(actor.account_id, LockReason.BOOKINGS, COUNTER, now)


def _locked(lock_id: UUID) -> models.AbuseLock:
    rows = list(
        models.AbuseLock.objects.select_for_update(of=("self",)).filter(id=lock_id, lifted_at=None).order_by("pk")
    )
    if not rows:
        raise errors.LockMissing()
    return rows[0]
