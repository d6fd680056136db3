"""Shared desks: who signed in here today comes back fast."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.db.command import command
from yitong.core.ids import new_id
from yitong.domains.access import models, permissions, queries, rules
from yitong.domains.access.commands import opening
from yitong.domains.access.contracts import (
    RegisterTerminal,
    SessionEnd,
    SignedIn,
    SignInWay,
    SwitchUser,
    TerminalChanged,
    TerminalMade,
)
from yitong.domains.access.errors import (
    MfaRequired,
    PinWrong,
    SessionMissing,
    SignInFailed,
    TerminalMissing,
    TerminalUnknown,
)
from yitong.domains.access.permissions import Action


@command()
def register_terminal(cmd: RegisterTerminal, *, actor: Actor, now: datetime) -> TerminalMade:
    """Make this browser a shared desk of the hospital; the token, given once, is its cookie.

    Emits: TerminalChanged. Refuses: Forbidden, NameInvalid.
    """
    permissions.check_can(actor, Action.MANAGE_TERMINALS, cmd.hospital_id)
    token = rules.new_token()
    row = models.Terminal.objects.create(
        id=new_id(),
        token_hash=rules.digest(token),
        hospital_id=cmd.hospital_id,
        name=rules.check_name(cmd.name),
        created_at=now,
    )
    event = TerminalChanged(hospital_id=row.hospital_id, subject_id=row.id, to_state="open")
    events.append(event, actor, at=now, shard=f"terminal:{row.id}")
    return TerminalMade(row.id, token)


@command()
def close_terminal(hospital_id: UUID, terminal_id: UUID, *, actor: Actor, now: datetime) -> None:
    """A desk that is gone: its sessions end. Locks: Terminal. Emits: TerminalChanged. Refuses: Forbidden, …Missing."""
    permissions.check_can(actor, Action.MANAGE_TERMINALS, hospital_id)
    rows = models.Terminal.objects.select_for_update(of=("self",)).filter(id=terminal_id, hospital_id=hospital_id)
    row = rows.filter(closed_at=None).order_by("pk").first()
    if row is None:
        raise TerminalMissing()
    row.closed_at = now
    row.save(update_fields=["closed_at"])
    opening.end_sessions(now, SessionEnd.ENDED_BY_ADMIN, terminal_id=row.id)
    event = TerminalChanged(hospital_id=hospital_id, subject_id=row.id, from_state="open", to_state="closed")
    events.append(event, actor, at=now, shard=f"terminal:{row.id}")


@command()
def set_pin(token: str, pin: str, *, now: datetime) -> None:
    """A PIN for the rest of the day, at this desk alone. It carries today's second factor, so that must be there first.

    Locks: TerminalDay. Refuses: SessionMissing, TerminalUnknown, MfaRequired, PinInvalid.
    """
    live = queries.session_of(token, now)
    if live is None:
        raise SessionMissing()
    if live.terminal_id is None:
        raise TerminalUnknown()
    roles = queries.roles_of(live.staff_id, now)
    if not live.has_second_factor and rules.needs_second_factor(role.name for role in roles):
        raise MfaRequired()
    row = _day(live.terminal_id, live.staff_id, now)
    row.pin_hash, row.pin_fails = make_password(rules.check_pin(pin)), 0
    row.save(update_fields=["pin_hash", "pin_fails"])


def switch_user(cmd: SwitchUser, *, now: datetime) -> SignedIn:
    """One of today's staff takes the desk over, by PIN or password; the session before ends.

    The second factor of the day at this desk counts. Locks: SignInFailure or TerminalDay, Staff. Emits: StaffSignedIn,
    StaffLocked. Refuses: TerminalUnknown, PinWrong, SignInFailed, AccountLocked (R-205), Busy.
    """
    return _switch_user(cmd, now=now).answer()


@command()
def _switch_user(cmd: SwitchUser, *, now: datetime) -> opening.Outcome:
    terminal = models.Terminal.objects.filter(token_hash=rules.digest(cmd.terminal_token), closed_at=None).first()
    if terminal is None:
        raise TerminalUnknown()
    staff = models.Staff.objects.filter(id=cmd.staff_id, state="active").first()  # one row at most
    if staff is None:
        raise TerminalUnknown()
    if cmd.pin is not None:
        day = _day(terminal.id, staff.id, now)
        if day.pin_hash is None or not check_password(cmd.pin, day.pin_hash):
            return _pin_failed(day)
        day.pin_fails = 0
        day.save(update_fields=["pin_fails"])
    else:
        guard = opening.FailureGuard(staff.login, now)
        locked = guard.locked()
        if locked is not None:
            return opening.Outcome(locked)
        day = _day(terminal.id, staff.id, now)
        if not opening.password_fits(staff, cmd.password or ""):
            return guard.failed(staff, SignInFailed())
        if staff.totp_confirmed_at is not None and day.second_factor_at is None:
            return opening.Outcome(MfaRequired())
        guard.passed()
    return opening.Outcome(
        signed_in=opening.open_session(
            staff,
            way=SignInWay.SWITCH,
            has_second_factor=day.second_factor_at is not None,
            now=now,
            terminal=terminal,
        )
    )


def _pin_failed(day: models.TerminalDay) -> opening.Outcome:
    """The fifth failure withdraws the PIN: a short secret is worth no more guesses."""
    day.pin_fails += 1
    if day.pin_fails >= rules.PIN_FAILS:
        day.pin_hash = None
    day.save(update_fields=["pin_fails", "pin_hash"])
    return opening.Outcome(PinWrong())


def _day(terminal_id: UUID, staff_id: UUID, now: datetime) -> models.TerminalDay:
    rows = models.TerminalDay.objects.select_for_update(of=("self",))
    row = rows.filter(terminal_id=terminal_id, staff_id=staff_id, day=clock.shanghai_date(now)).order_by("pk").first()
    if row is None:
        raise TerminalUnknown()
    return row
