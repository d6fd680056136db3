"""What every way of signing in shares: failures in a row, the second factor, the session, the desk of the day."""

from dataclasses import dataclass
from datetime import datetime
from math import ceil
from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password
from django.db import connection

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import events, policies
from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.access import models, queries, rules
from yitong.domains.access.contracts import (
    CredentialChanged,
    SessionEnd,
    SignedIn,
    SignInWay,
    StaffLocked,
    StaffSignedIn,
)
from yitong.domains.access.errors import AccountLocked, MfaRequired, MfaWrong


@dataclass(frozen=True, slots=True)
class Outcome:
    """A sign-in as its transaction ended: a refusal has to leave its trace, so it is raised after the commit."""

    refusal: Refusal | None = None
    signed_in: SignedIn | None = None

    def answer(self) -> SignedIn:
        if self.refusal is not None:
            raise self.refusal
        assert self.signed_in is not None
        return self.signed_in


def announce_credential(staff_id: UUID, what: str, actor: Actor, now: datetime) -> None:
    events.append(CredentialChanged(subject_id=staff_id, what=what), actor, at=now, shard=f"staff:{staff_id}")


def password_fits(staff: models.Staff | None, password: str) -> bool:
    """The same work whether or not there is such a person, or one with a password."""
    usable = staff is not None and staff.is_active and staff.has_usable_password()
    if staff is None or not usable:
        make_password(password)
        return False
    return check_password(password, staff.password)


class FailureGuard:
    """Failures in a row of one login, locked for the length of the try: guesses at one login queue up.

    The city's policy alone decides, or a login that nobody has would lock otherwise than others (R-205).
    """

    def __init__(self, login: str, now: datetime) -> None:
        self.now = now
        self._policy = policies.at(None, now)
        self._key = rules.digest(rules.normal_login(login))
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO access_sign_in_failure (login_hash, fails, last_at) VALUES (%s, 0, %s)"
                " ON CONFLICT DO NOTHING",
                [self._key, now],
            )
            cursor.execute(
                "SELECT fails, last_at, locked_until FROM access_sign_in_failure WHERE login_hash = %s FOR UPDATE",
                [self._key],
            )
            self._failures = rules.Failures(*cursor.fetchone())

    def locked(self) -> AccountLocked | None:
        if not self._failures.is_locked(self.now):
            return None
        return self._refusal()

    def failed(self, staff: models.Staff | None, refusal: Refusal) -> Outcome:
        """Counts one more; the one that fills the measure locks."""
        policy = self._policy
        self._failures = self._failures.one_more(
            self.now, most=policy.int("staff.lock_fails"), lock=policy.minutes("staff.lock_minutes")
        )
        self._save()
        if not self._failures.is_locked(self.now):
            return Outcome(refusal)
        until = self._failures.locked_until
        if staff is not None and until is not None:
            event = StaffLocked(subject_id=staff.id, until_at=until)
            events.append(event, Actor.anonymous(channel="desk"), at=self.now, shard=f"staff:{staff.id}")
        return Outcome(self._refusal())

    def passed(self) -> None:
        self._failures = rules.Failures(0, self.now, None)
        self._save()

    def _save(self) -> None:
        now = self._failures
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE access_sign_in_failure SET fails = %s, last_at = %s, locked_until = %s WHERE login_hash = %s",
                [now.count, self.now, now.locked_until, self._key],
            )

    def _refusal(self) -> AccountLocked:
        until = self._failures.locked_until
        assert until is not None
        return AccountLocked(minutes=ceil((until - self.now).total_seconds() / 60))


def second_factor(staff: models.Staff, code: str | None, now: datetime) -> MfaRequired | MfaWrong | bool:
    """True where the code is right (and used up by that), False where the person has none set up, or the refusal."""
    if staff.totp_confirmed_at is None or staff.totp_secret is None:
        return False
    if not code:
        return MfaRequired()
    step = rules.totp_step(staff.totp_secret, code, staff.totp_last_step, now)
    if step is not None:
        staff.totp_last_step = step
        staff.save(update_fields=["totp_last_step"])
        return True
    used = models.RecoveryCode.objects.filter(
        staff_id=staff.id, code_hash=rules.digest(code.strip().lower()), used_at=None
    ).update(used_at=now)
    if not used:
        return MfaWrong()
    announce_credential(staff.id, "recovery_code_used", Actor.for_staff(staff.id, roles=frozenset()), now)
    return True


def open_session(
    staff: models.Staff,
    *,
    way: SignInWay,
    has_second_factor: bool,
    now: datetime,
    terminal: models.Terminal | None = None,
    only_hospital_id: UUID | None = None,
) -> SignedIn:
    """A new session. At a shared desk it takes the place of the one before. Emits: StaffSignedIn."""
    token = rules.new_token()
    if terminal is not None:
        end_sessions(now, SessionEnd.SWITCHED, terminal_id=terminal.id)
    session = models.StaffSession.objects.create(
        id=new_id(),
        token_hash=rules.digest(token),
        staff=staff,
        terminal=terminal,
        way=way.value,
        only_hospital_id=only_hospital_id,
        started_at=now,
        seen_at=now,
        second_factor_at=now if has_second_factor else None,
    )
    staff.last_sign_in_at = now
    staff.save(update_fields=["last_sign_in_at"])
    if terminal is not None:
        note_desk_day(terminal.id, staff.id, has_second_factor=has_second_factor, now=now)
    event = StaffSignedIn(subject_id=staff.id, way=session.way, has_second_factor=has_second_factor)
    roles = queries.roles_of(staff.id, now)
    events.append(event, Actor.for_staff(staff.id, roles=roles), at=now, shard=f"staff:{staff.id}")
    must_enrol = rules.needs_second_factor(role.name for role in roles) and staff.totp_confirmed_at is None
    return SignedIn(staff.id, token, must_enrol)


def note_desk_day(terminal_id: UUID, staff_id: UUID, *, has_second_factor: bool, now: datetime) -> None:
    row, _ = models.TerminalDay.objects.get_or_create(
        terminal_id=terminal_id, staff_id=staff_id, day=clock.shanghai_date(now)
    )
    if has_second_factor:
        row.second_factor_at = now
        row.save(update_fields=["second_factor_at"])


def end_sessions(now: datetime, why: SessionEnd, **which: object) -> int:
    """Ends open sessions at once: of a member of staff, of a desk, or one."""
    return models.StaffSession.objects.filter(ended_at=None, **which).update(ended_at=now, ended_why=why.value)
