"""Signing in and out with login, password and second factor (R-205)."""

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from yitong.core.actor import Actor
from yitong.core.db.command import command
from yitong.core.errors import Refusal
from yitong.domains.access import models, queries, rules
from yitong.domains.access.commands import opening
from yitong.domains.access.contracts import AcceptInvite, ChangePassword, SessionEnd, SignedIn, SignIn, SignInWay
from yitong.domains.access.errors import InviteInvalid, PasswordWeak, SessionMissing, SignInFailed


def sign_in(cmd: SignIn, *, now: datetime) -> SignedIn:
    """Open a session. An unknown login costs the same work, gets the same answers and locks the same way.

    Locks: SignInFailure, Staff. Emits: StaffSignedIn, StaffLocked. Refuses: SignInFailed, AccountLocked, MfaRequired,
    MfaWrong (R-205), Busy. A failure is counted although it is refused.
    """
    return _sign_in(cmd, now=now).answer()


@command()
def _sign_in(cmd: SignIn, *, now: datetime) -> opening.Outcome:
    guard = opening.FailureGuard(cmd.login, now)
    locked = guard.locked()
    if locked is not None:
        return opening.Outcome(locked)
    staff = _locked_by_login(cmd.login)
    if not opening.password_fits(staff, cmd.password) or staff is None:
        return guard.failed(staff, SignInFailed())
    second = opening.second_factor(staff, cmd.code, now)
    if isinstance(second, Refusal):
        return guard.failed(staff, second) if cmd.code else opening.Outcome(second)
    guard.passed()
    terminal = None
    if cmd.terminal_token:
        rows = models.Terminal.objects.filter(token_hash=rules.digest(cmd.terminal_token), closed_at=None)
        terminal = rows.first()  # unique; a desk that was closed is any browser
    return opening.Outcome(
        signed_in=opening.open_session(
            staff, way=SignInWay.PASSWORD, has_second_factor=second, now=now, terminal=terminal
        )
    )


@command()
def sign_out(token: str, *, now: datetime) -> None:
    """End a session. One that has ended already stays so."""
    opening.end_sessions(now, SessionEnd.SIGNED_OUT, token_hash=rules.digest(token))


@command()
def note_use(token: str, *, now: datetime) -> None:
    """Keep a session awake; written at most once a minute, and never for one that was idle too long."""
    live = queries.session_of(token, now)
    if live is None:
        opening.end_sessions(now, SessionEnd.IDLE, token_hash=rules.digest(token))
    elif now - live.seen_at >= rules.SEEN_EVERY:
        models.StaffSession.objects.filter(id=live.session_id, ended_at=None).update(seen_at=now)


def accept_invite(cmd: AcceptInvite, *, now: datetime) -> None:
    """Set the first password with the one-time code from the administrator.

    Locks: SignInFailure, Staff. Emits: CredentialChanged. Refuses: InviteInvalid, AccountLocked, PasswordWeak.
    """
    outcome = _accept_invite(cmd, now=now)
    if outcome.refusal is not None:
        raise outcome.refusal


@command()
def _accept_invite(cmd: AcceptInvite, *, now: datetime) -> opening.Outcome:
    guard = opening.FailureGuard(cmd.login, now)
    locked = guard.locked()
    if locked is not None:
        return opening.Outcome(locked)
    staff = _locked_by_login(cmd.login)
    if staff is None or not _invite_fits(staff, cmd.invite, now):
        return guard.failed(staff, InviteInvalid())
    guard.passed()
    _set_password(staff, cmd.password, now)
    return opening.Outcome()


@command()
def change_password(cmd: ChangePassword, *, now: datetime) -> None:
    """One's own password. Every other session of the person ends.

    Locks: Staff. Emits: CredentialChanged. Refuses: SessionMissing, SignInFailed, PasswordWeak.
    """
    live = queries.session_of(cmd.token, now)
    if live is None:
        raise SessionMissing()
    staff = models.Staff.objects.select_for_update(of=("self",)).filter(id=live.staff_id).order_by("pk").get()
    if not opening.password_fits(staff, cmd.old):
        raise SignInFailed()
    _set_password(staff, cmd.new, now)
    others = models.StaffSession.objects.filter(staff_id=staff.id, ended_at=None).exclude(id=live.session_id)
    others.update(ended_at=now, ended_why=SessionEnd.PASSWORD_CHANGED.value)


def _locked_by_login(login: str) -> models.Staff | None:
    rows = models.Staff.objects.select_for_update(of=("self",)).filter(login=rules.normal_login(login))
    return rows.order_by("pk").first()


def _invite_fits(staff: models.Staff, invite: str, now: datetime) -> bool:
    if not staff.is_active or staff.invite_hash is None or staff.invite_until is None or now >= staff.invite_until:
        return False
    return rules.is_same(bytes(staff.invite_hash), rules.digest(invite.strip().lower()))


def _set_password(staff: models.Staff, password: str, now: datetime) -> None:
    """Refuses PasswordWeak."""
    try:
        validate_password(password[:500], user=staff)
    except ValidationError as error:
        raise PasswordWeak() from error
    staff.password = make_password(password)
    staff.password_at = now
    staff.invite_hash = staff.invite_until = None
    staff.save(update_fields=["password", "password_at", "invite_hash", "invite_until"])
    opening.announce_credential(staff.id, "password", Actor.for_staff(staff.id, roles=frozenset()), now)
