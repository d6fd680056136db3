"""Setting up the second factor: time-based codes (RFC 6238) and recovery codes."""

from datetime import datetime
from uuid import UUID

import pyotp

from yitong.core.actor import Actor
from yitong.core.db.command import command
from yitong.domains.access import models, permissions, queries, rules
from yitong.domains.access.commands import opening
from yitong.domains.access.contracts import Enrolment, SessionEnd
from yitong.domains.access.errors import MfaNotBegun, MfaSetAlready, MfaWrong, SessionMissing, StaffMissing

ISSUER = "Yitong"


@command()
def begin_totp(token: str, *, now: datetime) -> Enrolment:
    """A new secret for one's authenticator; it counts once a code of it was shown.

    Locks: Staff. Refuses: SessionMissing, MfaSetAlready.
    """
    staff, _ = _own(token, now)
    if staff.totp_confirmed_at is not None:
        raise MfaSetAlready()
    secret = pyotp.random_base32()
    staff.totp_secret = secret
    staff.save(update_fields=["totp_secret"])
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=staff.login, issuer_name=ISSUER))


@command()
def confirm_totp(token: str, code: str, *, now: datetime) -> tuple[str, ...]:
    """Show one code. From here on the second factor is asked at each sign-in; gives the recovery codes, shown once.

    Locks: Staff. Emits: CredentialChanged. Refuses: SessionMissing, MfaNotBegun, MfaSetAlready, MfaWrong.
    """
    staff, session_id = _own(token, now)
    if staff.totp_confirmed_at is not None:
        raise MfaSetAlready()
    if staff.totp_secret is None:
        raise MfaNotBegun()
    step = rules.totp_step(staff.totp_secret, code, staff.totp_last_step, now)
    if step is None:
        raise MfaWrong()
    staff.totp_confirmed_at, staff.totp_last_step = now, step
    staff.save(update_fields=["totp_confirmed_at", "totp_last_step"])
    session = models.StaffSession.objects.get(id=session_id)
    session.second_factor_at = now
    session.save(update_fields=["second_factor_at"])
    if session.terminal_id is not None:
        opening.note_desk_day(session.terminal_id, staff.id, has_second_factor=True, now=now)
    codes = tuple(rules.new_invite() for _ in range(rules.RECOVERY_CODES))
    models.RecoveryCode.objects.filter(staff_id=staff.id).delete()
    models.RecoveryCode.objects.bulk_create(
        [models.RecoveryCode(staff_id=staff.id, code_hash=rules.digest(code)) for code in codes]
    )
    opening.announce_credential(staff.id, "totp_set", Actor.for_staff(staff.id, roles=frozenset()), now)
    return codes


@command()
def clear_totp(staff_id: UUID, *, actor: Actor, now: datetime) -> None:
    """For one who lost the device: the administrator saw the person. All sessions end.

    Locks: Staff. Emits: CredentialChanged. Refuses: Forbidden, RoleOfOneself, StaffMissing.
    """
    permissions.check_manages(actor, staff_id, {role.hospital_id for role in queries.roles_of(staff_id, now)} or {None})
    staff = models.Staff.objects.select_for_update(of=("self",)).filter(id=staff_id).order_by("pk").first()
    if staff is None:
        raise StaffMissing()
    staff.totp_secret = staff.totp_confirmed_at = staff.totp_last_step = None
    staff.save(update_fields=["totp_secret", "totp_confirmed_at", "totp_last_step"])
    models.RecoveryCode.objects.filter(staff_id=staff_id).delete()
    models.TerminalDay.objects.filter(staff_id=staff_id).update(second_factor_at=None, pin_hash=None)
    opening.end_sessions(now, SessionEnd.ENDED_BY_ADMIN, staff_id=staff_id)
    opening.announce_credential(staff_id, "totp_cleared", actor, now)


def _own(token: str, now: datetime) -> tuple[models.Staff, UUID]:
    live = queries.session_of(token, now)
    if live is None:
        raise SessionMissing()
    staff = models.Staff.objects.select_for_update(of=("self",)).filter(id=live.staff_id).order_by("pk").get()
    return staff, live.session_id
