"""Signing in and out, devices, the second fact, closing (R-006, R-048)."""

import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events, idempotency, policies
from yitong.core.db.command import command
from yitong.core.db.fields import blind_index
from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.notify import commands as notify
from yitong.domains.notify.contracts import Tell, TemplateName
from yitong.domains.people import errors, models, permissions
from yitong.domains.people.commands import phones, quotas
from yitong.domains.people.contracts.accounts import (
    Client,
    CloseAccount,
    Done,
    GiveSecondFact,
    SignedIn,
    SignIn,
    StartAnew,
)
from yitong.domains.people.contracts.events import AccountClosed, AccountOpened, DeviceRevoked, PhoneChanged, SignedInOn
from yitong.domains.people.contracts.words import CodePurpose
from yitong.domains.people.queries import hash_of
from yitong.domains.people.rules import codes
from yitong.domains.people.rules.joining import ADDRESS, ADDRESS_LIFE


def sign_in(cmd: SignIn, *, actor: Actor, now: datetime) -> SignedIn:
    """Sign in by phone and code; a phone without an account gets one.

    On a device that is new to the account, or was not confirmed for 90 days, an account with patients gets a session
    that opens only the question for a second fact (R-048).

    Locks: SignInCode. Emits: AccountOpened, SignedInOn. Refuses: PhoneInvalid, CodeWrong, CodeOver.
    """
    answer = _sign_in(cmd, actor=actor, now=now)
    if isinstance(answer, Refusal):
        raise answer
    return answer


@command(refusals=phones.PHONE_TAKEN)
def _sign_in(cmd: SignIn, *, actor: Actor, now: datetime) -> SignedIn | Refusal:
    permissions.check_can_sign_in_through(actor)
    phone = codes.read_phone(cmd.phone)
    wrong = phones.try_code(phone, CodePurpose.SIGN_IN, cmd.code, now)
    if wrong is not None:
        return wrong
    known = models.AccountPhone.objects.filter(phone_index=blind_index("phone", phone)).order_by("pk").first()
    if known is None:
        account = open_account(phone, cmd.language, now)
        events.append(AccountOpened(subject_id=account.id), actor, at=now, shard=f"account:{account.id}")
    else:
        account = phones.locked_account(known.account_id)
        if account.phone != phone:
            return errors.CodeOver()  # it was given another phone while we waited: this code opens it no more
    return _open_session(account, cmd.client, is_new_account=known is None, actor=actor, now=now)


def open_account(phone: str, language: str, now: datetime) -> models.Account:
    """A new account with its phone and contact. Joins the caller's command."""
    words = "en" if language.startswith("en") else "zh"
    account = models.Account.objects.create(id=new_id(), phone=phone, language=words, created_at=now)
    models.AccountPhone.objects.create(phone_index=blind_index("phone", phone), account=account)
    notify.set_contact(account.id, phone, words)
    return account


def _open_session(
    account: models.Account, client: Client, *, is_new_account: bool, actor: Actor, now: datetime
) -> SignedIn:
    device, is_new = _device_of(account, client, now)
    has_patients = models.AccountPatient.objects.filter(account=account).exists()
    days = timedelta(days=policies.at(None, now).int("identity.second_fact_days"))
    is_known = not is_new and device.confirmed_at is not None and now - device.confirmed_at <= days
    needs_fact = has_patients and not is_known
    if not has_patients:
        device.confirmed_at = now  # there is nothing to protect yet, and nothing to ask for
    device.save(update_fields=["label", "last_seen_at", "confirmed_at", "revoked_at"])
    token = secrets.token_urlsafe(32)
    session = models.AccountSession.objects.create(
        id=new_id(),
        token_hash=hash_of(token),
        account=account,
        device=device,
        channel=actor.channel,
        waits_for_fact=needs_fact,
        created_at=now,
        expires_at=now + (codes.FACT_LIFE if needs_fact else codes.SESSION_LIFE),
        address_index=blind_index(ADDRESS, client.address) if client.address else None,
    )
    signed_in = SignedInOn(subject_id=account.id, device_id=device.id, is_new_device=is_new)
    events.append(signed_in, actor, at=now, shard=f"account:{account.id}")
    return SignedIn(token, account.id, session.id, is_new_account, needs_fact)


def _device_of(account: models.Account, client: Client, now: datetime) -> tuple[models.Device, bool]:
    """The account's device for this cookie, and whether it is new (or was revoked, which makes it new again)."""
    device, made = models.Device.objects.get_or_create(
        account=account,
        device_hash=hash_of(client.device),
        defaults={"id": new_id(), "first_seen_at": now, "last_seen_at": now},
    )
    is_new = made or device.revoked_at is not None
    device.revoked_at = None
    device.last_seen_at = now
    device.label = client.label[:80]
    return device, is_new


# -- the second fact ---------------------------------------------------------------------------------------------------


def give_second_fact(cmd: GiveSecondFact, *, actor: Actor, now: datetime) -> Done:
    """Answer the question for a second fact: the last four characters of a patient's identity number.

    Locks: AccountSession. Refuses: SessionEnded, DeviceCheck (with the tries left), DeviceCheckFailed, Throttled.
    """
    return phones.after_commit(_give_second_fact(cmd, actor=actor, now=now))


@command()
def _give_second_fact(cmd: GiveSecondFact, *, actor: Actor, now: datetime) -> Done | Refusal:
    session = _waiting(cmd.token, actor, now)
    quotas.take("fact", str(session.account_id), now)
    if not _is_fact(session.account_id, cmd.fact):
        session.fact_tries += 1
        is_over = session.fact_tries >= codes.FACT_TRIES
        session.ended_at = now if is_over else None
        session.save(update_fields=["fact_tries", "ended_at"])
        left = codes.FACT_TRIES - session.fact_tries
        return errors.DeviceCheckFailed() if is_over else errors.DeviceCheck(left=left)
    session.waits_for_fact = False
    session.expires_at = now + codes.SESSION_LIFE
    session.save(update_fields=["waits_for_fact", "expires_at"])
    models.Device.objects.filter(id=session.device_id).update(confirmed_at=now)
    key = f"new_device:{session.id}"
    notify.tell(Tell(key, session.account_id, TemplateName.NEW_DEVICE.value, {"at": now.isoformat()}), now)
    return Done(session.account_id)


def _waiting(token: str, actor: Actor, now: datetime) -> models.AccountSession:
    rows = list(
        models.AccountSession.objects.select_for_update(of=("self",))
        .filter(
            token_hash=hash_of(token),
            channel=actor.channel,
            ended_at=None,
            expires_at__gt=now,
            waits_for_fact=True,
        )
        .order_by("pk")
    )
    if not rows:
        raise errors.SessionEnded()
    return rows[0]


def _is_fact(account_id: UUID, fact: str) -> bool:
    """Compares with every patient of the account, in the same time whatever matches."""
    given = fact.strip().upper()[:12].encode()
    links = models.AccountPatient.objects.filter(account_id=account_id).values("patient_id")
    matched = False
    for row in models.Patient.objects.filter(id__in=links).order_by("id"):
        expected = (row.identity_number or "")[-codes.FACT_CHARACTERS :].encode()
        matched |= len(expected) == codes.FACT_CHARACTERS and hmac.compare_digest(expected, given)
    return matched


@command(refusals=phones.PHONE_TAKEN)
def start_anew(cmd: StartAnew, *, actor: Actor, now: datetime) -> SignedIn:
    """A new holder of the phone begins an account of his own; the old one loses the phone and keeps everything else.

    Locks: AccountSession, Account. Emits: PhoneChanged, AccountOpened, SignedInOn. Refuses: SessionEnded.
    """
    session = _waiting(cmd.token, actor, now)
    old = phones.locked_account(session.account_id)
    phone = old.phone
    if phone is None:
        raise errors.SessionEnded()
    device = models.Device.objects.get(id=session.device_id)
    phones.end_sessions(old.id, now)
    models.AccountPhone.objects.filter(account=old).delete()
    old.phone = None
    old.save(update_fields=["phone"])
    notify.set_contact(old.id, None, old.language)
    events.append(PhoneChanged(subject_id=old.id, how="taken_over"), actor, at=now, shard=f"account:{old.id}")
    account = open_account(phone, old.language, now)
    events.append(AccountOpened(subject_id=account.id), actor, at=now, shard=f"account:{account.id}")
    fresh = models.Device.objects.create(
        id=new_id(),
        account=account,
        device_hash=device.device_hash,
        label=device.label,
        first_seen_at=now,
        last_seen_at=now,
        confirmed_at=now,
    )
    device.revoked_at = now
    device.save(update_fields=["revoked_at"])
    token = secrets.token_urlsafe(32)
    opened = models.AccountSession.objects.create(
        id=new_id(),
        token_hash=hash_of(token),
        account=account,
        device=fresh,
        channel=actor.channel,
        created_at=now,
        expires_at=now + codes.SESSION_LIFE,
    )
    signed_in = SignedInOn(subject_id=account.id, device_id=fresh.id, is_new_device=True)
    events.append(signed_in, actor, at=now, shard=f"account:{account.id}")
    return SignedIn(token, account.id, opened.id, is_new_account=True, needs_second_fact=False)


# -- leaving -----------------------------------------------------------------------------------------------------------


@command()
def sign_out(token: str, *, actor: Actor, now: datetime) -> None:
    """End the session of this token; nothing where it has ended."""
    models.AccountSession.objects.filter(token_hash=hash_of(token), ended_at=None).update(ended_at=now)


@command()
def forget_addresses(*, now: datetime) -> int:
    """Where sessions were opened from, a week ago and longer, is forgotten. Returns of how many."""
    rows = models.AccountSession.objects.filter(address_index__isnull=False, created_at__lt=now - ADDRESS_LIFE)
    return rows.update(address_index=None)


@command()
def revoke_device(device_id: UUID, *, actor: Actor, now: datetime) -> Done:
    """Sign a device of the account out and forget its second fact. Emits: DeviceRevoked. Refuses: AccountMissing."""
    account = phones.account_of(actor)
    changed = models.Device.objects.filter(id=device_id, account=account, revoked_at=None)
    if changed.update(revoked_at=now, confirmed_at=None) == 0:
        raise errors.AccountMissing()
    models.AccountSession.objects.filter(device_id=device_id, ended_at=None).update(ended_at=now)
    revoked = DeviceRevoked(subject_id=account.id, device_id=device_id)
    events.append(revoked, actor, at=now, shard=f"account:{account.id}")
    return Done(account.id)


@command()
def close_account(cmd: CloseAccount, *, actor: Actor, now: datetime) -> Done:
    """Close the account (R-198): sessions, phone, messages and the seats of its patients go; their records stay.

    Locks: Account. Emits: AccountClosed. Refuses: Unidentified, AccountMissing, KeyReused.
    """
    permissions.check_is_account(actor, cmd.account_id)
    once = idempotency.begin(actor, "people.close_account", cmd)
    if once.answer is not None:
        return Done(cmd.account_id)
    account = phones.locked_account(cmd.account_id)
    phones.close(account, now)
    events.append(AccountClosed(subject_id=account.id), actor, at=now, shard=f"account:{account.id}")
    return once.finish(Done(account.id))
