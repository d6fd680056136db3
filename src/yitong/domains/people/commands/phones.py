"""Codes to phones, and phones that change hands (R-048)."""

import hmac
import secrets
from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.db.command import command
from yitong.core.db.fields import blind_index
from yitong.core.errors import Refusal, Unidentified
from yitong.core.ids import new_id
from yitong.domains.notify import commands as notify
from yitong.domains.notify.contracts import Tell, TellPhone, TemplateName
from yitong.domains.people import errors, models, permissions
from yitong.domains.people.commands import quotas
from yitong.domains.people.contracts.accounts import AskCode, ChangePhone, ChangePhoneAtDesk, CodeAsked, Done
from yitong.domains.people.contracts.events import PhoneChanged
from yitong.domains.people.contracts.words import CodePurpose, IdentityLevel, Relation
from yitong.domains.people.queries import survivor_of
from yitong.domains.people.rules import codes

PHONE_TAKEN = {"people_account_phone_pkey": errors.PhoneTaken}


@command()
def ask_code(cmd: AskCode, *, actor: Actor, now: datetime) -> CodeAsked:
    """Send a code of six digits, valid for five minutes. The answer tells nothing of whether the phone has an account.

    Locks: Quota of phone, device and address. Refuses: PhoneInvalid, Throttled (R-048), AccountMissing where a code to
    leave a phone is asked for another phone than the account's.
    """
    permissions.check_can_sign_in_through(actor)
    phone = codes.read_phone(cmd.phone)
    if cmd.purpose is not CodePurpose.SIGN_IN:
        account = account_of(actor)
        if cmd.purpose is CodePurpose.LEAVE_PHONE and account.phone != phone:
            raise errors.AccountMissing()
    return send_code(
        phone, cmd.purpose, device=cmd.client.device, address=cmd.client.address, language=cmd.language, now=now
    )


@command()
def ask_code_at_desk(phone: str, hospital_id: UUID, *, actor: Actor, now: datetime) -> CodeAsked:
    """Send a code to the new phone of somebody who stands at a registrar's desk."""
    permissions.check_can_register(actor, hospital_id)
    number = codes.read_phone(phone)
    return send_code(number, CodePurpose.TAKE_PHONE, device=actor.key, address=str(hospital_id), language="zh", now=now)


def send_code(
    phone: str, purpose: CodePurpose, *, device: str, address: str, language: str, now: datetime
) -> CodeAsked:
    for kind, value in (("phone", phone), ("device", device), ("address", address)):
        if value:
            quotas.take(kind, value, now)
    code_id = new_id()
    code = f"{secrets.randbelow(10**codes.CODE_DIGITS):0{codes.CODE_DIGITS}d}"
    expires_at = now + codes.CODE_LIFE
    models.SignInCode.objects.update_or_create(
        phone_index=blind_index("phone", phone),
        purpose=purpose.value,
        defaults={
            "id": code_id,
            "code_hash": _hash(code_id, code),
            "sent_at": now,
            "expires_at": expires_at,
            "tries": 0,
            "used_at": None,
        },
    )
    template = TemplateName.SIGN_IN_CODE if purpose is CodePurpose.SIGN_IN else TemplateName.PHONE_CODE
    notify.tell_phone(
        TellPhone(
            key=f"code:{code_id}",
            phone=phone,
            template=template.value,
            secret={"code": code, "minutes": str(int(codes.CODE_LIFE.total_seconds()) // 60)},
            expires_at=expires_at,
            language="en" if language.startswith("en") else "zh",
        ),
        now,
    )
    return CodeAsked(expires_at=expires_at, again_at=now + codes.ALLOWANCES["phone"].gap)


def _hash(code_id: UUID, code: str) -> bytes:
    """Keyed, and bound to this one code: six digits alone would be guessed from a plain hash at once."""
    return blind_index("code", f"{code_id.hex}{code}")


def send_check_code(account_id: UUID, *, device: str, address: str, language: str, now: datetime) -> CodeAsked:
    """A code to the account's own phone, for the check of the slow path (R-017). Joins.

    Refuses: AccountMissing where it has no phone any more, Throttled.
    """
    account = locked_account(account_id)
    if account.phone is None:
        raise errors.AccountMissing()
    return send_code(account.phone, CodePurpose.CHECK, device=device, address=address, language=language, now=now)


def try_check_code(account_id: UUID, code: str, *, now: datetime) -> Refusal | None:
    """Use up the code of the check, as `try_code`. Joins."""
    phone = locked_account(account_id).phone
    return errors.CodeOver() if phone is None else try_code(phone, CodePurpose.CHECK, code, now)


def try_code(phone: str, purpose: CodePurpose, code: str, now: datetime) -> Refusal | None:
    """Use up a code. A wrong try must leave its trace, so the refusal is an answer, to be raised after the commit.

    Locks: SignInCode.
    """
    rows = list(
        models.SignInCode.objects.select_for_update(of=("self",))
        .filter(phone_index=blind_index("phone", phone), purpose=purpose.value)
        .order_by("pk")
    )
    if not rows or rows[0].used_at is not None or rows[0].expires_at <= now or rows[0].tries >= codes.CODE_TRIES:
        return errors.CodeOver()
    row = rows[0]
    row.tries += 1
    is_right = hmac.compare_digest(bytes(row.code_hash), _hash(row.id, code.strip()[:12]))
    if is_right:
        row.used_at = now
    row.save(update_fields=["tries", "used_at"])
    return None if is_right else errors.CodeWrong(left=codes.CODE_TRIES - row.tries)


def _give_back(phone: str, purpose: CodePurpose) -> None:
    """A code that was right, beside one that was wrong, may be given again; the try is counted. Joins."""
    models.SignInCode.objects.filter(phone_index=blind_index("phone", phone), purpose=purpose.value).update(
        used_at=None
    )


def account_of(actor: Actor) -> models.Account:
    """The actor's open account, locked. Refuses: Unidentified, AccountMissing."""
    if actor.account_id is None:
        raise Unidentified()
    return locked_account(actor.account_id)


def locked_account(account_id: UUID) -> models.Account:
    rows = list(
        models.Account.objects.select_for_update(of=("self",)).filter(id=account_id, state="open").order_by("pk")
    )
    if not rows:
        raise errors.AccountMissing()
    return rows[0]


# -- another phone -----------------------------------------------------------------------------------------------------


def change_phone(cmd: ChangePhone, *, actor: Actor, now: datetime) -> Done:
    """Give the account another phone, by a code to the old one and a code to the new one (R-048).

    Locks: SignInCode, Account. Emits: PhoneChanged. Refuses: CodeWrong, CodeOver, PhoneInvalid, PhoneSame, PhoneTaken
    (R-006).
    """
    return after_commit(_change_phone(cmd, actor=actor, now=now))


@command(refusals=PHONE_TAKEN)
def _change_phone(cmd: ChangePhone, *, actor: Actor, now: datetime) -> Done | Refusal:
    account = account_of(actor)
    new_phone = codes.read_phone(cmd.new_phone)
    if account.phone is None:
        raise errors.AccountMissing()
    if account.phone == new_phone:
        raise errors.PhoneSame()
    for phone, purpose, code in (
        (account.phone, CodePurpose.LEAVE_PHONE, cmd.old_code),
        (new_phone, CodePurpose.TAKE_PHONE, cmd.new_code),
    ):
        wrong = try_code(phone, purpose, code, now)
        if wrong is not None:
            if purpose is CodePurpose.TAKE_PHONE:
                _give_back(account.phone, CodePurpose.LEAVE_PHONE)
            return wrong
    move_phone(account, new_phone, how="code", actor=actor, now=now)
    return Done(account.id)


def change_phone_at_desk(cmd: ChangePhoneAtDesk, *, actor: Actor, now: datetime) -> Done:
    """Give the account of a person who stands at the desk another phone. An empty account at the new phone gives way.

    Locks: Account. Emits: PhoneChanged. Refuses: Forbidden, PatientMissing, AccountMissing (nobody's own account has
    this patient), CodeWrong, CodeOver, PhoneTaken.
    """
    return after_commit(_change_phone_at_desk(cmd, actor=actor, now=now))


@command(refusals=PHONE_TAKEN)
def _change_phone_at_desk(cmd: ChangePhoneAtDesk, *, actor: Actor, now: datetime) -> Done | Refusal:
    permissions.check_can_register(actor, cmd.hospital_id)
    patient_id = survivor_of(cmd.patient_id)
    link = models.AccountPatient.objects.filter(patient_id=patient_id, relation=Relation.SELF.value).order_by("pk")
    patient = models.Patient.objects.filter(id=patient_id, state="active").order_by("pk").first()
    if patient is None:
        raise errors.PatientMissing()
    holder = link.first()
    if holder is None or patient.level != IdentityLevel.SEEN.value:
        raise errors.AccountMissing()
    new_phone = codes.read_phone(cmd.new_phone)
    wrong = try_code(new_phone, CodePurpose.TAKE_PHONE, cmd.new_code, now)
    if wrong is not None:
        return wrong
    _close_empty_account_of(new_phone, now)
    account = locked_account(holder.account_id)
    end_sessions(account.id, now)
    move_phone(account, new_phone, how="desk", actor=actor, now=now)
    return Done(account.id)


def after_commit(answer: Done | Refusal) -> Done:
    """Raise the refusal of a command that had to leave a trace."""
    if isinstance(answer, Refusal):
        raise answer
    return answer


def move_phone(account: models.Account, phone: str, *, how: str, actor: Actor, now: datetime) -> None:
    """Put an account's phone in the place of its old one and say so everywhere. The account is locked."""
    index = blind_index("phone", phone)
    models.AccountPhone.objects.filter(account=account).delete()
    models.AccountPhone.objects.bulk_create([models.AccountPhone(phone_index=index, account=account)])
    account.phone = phone
    account.save(update_fields=["phone"])
    notify.set_contact(account.id, phone, account.language)
    event_id = events.append(PhoneChanged(subject_id=account.id, how=how), actor, at=now, shard=f"account:{account.id}")
    key = f"phone_changed:{event_id}"
    notify.tell(Tell(key, account.id, TemplateName.PHONE_CHANGED.value, {"at": now.isoformat()}), now)


def end_sessions(account_id: UUID, now: datetime) -> None:
    models.AccountSession.objects.filter(account_id=account_id, ended_at=None).update(ended_at=now)


def _close_empty_account_of(phone: str, now: datetime) -> None:
    """An account that was opened with the new phone and has nobody in it makes room."""
    row = models.AccountPhone.objects.filter(phone_index=blind_index("phone", phone)).order_by("pk").first()
    if row is not None and not models.AccountPatient.objects.filter(account_id=row.account_id).exists():
        close(locked_account(row.account_id), now)


def close(account: models.Account, now: datetime) -> None:
    """End an account: its phone, sessions, patients' seats and messages go, its id stays. The account is locked."""
    end_sessions(account.id, now)
    models.AccountPhone.objects.filter(account=account).delete()
    models.AccountPatient.objects.filter(account=account).delete()
    models.SlowPath.objects.filter(account=account).delete()
    notify.forget_account(account.id)
    account.state = models.AccountState.CLOSED.value
    account.phone = None
    account.booked_at = []
    account.cancelled_at = []
    account.closed_at = now
    account.save(update_fields=["state", "phone", "booked_at", "cancelled_at", "closed_at"])
