"""Joiners, leavers and their roles, one by one or by file."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password

from yitong.core.actor import Actor, Role
from yitong.core.db import events, idempotency
from yitong.core.db.command import command
from yitong.core.events import Event
from yitong.core.ids import new_id
from yitong.domains.access import models, permissions, queries, rules
from yitong.domains.access.commands import opening
from yitong.domains.access.contracts import (
    AddStaff,
    BindIdentity,
    EndRole,
    GiveRole,
    ImportStaff,
    Invited,
    RoleEnded,
    RoleGiven,
    RoleName,
    SessionEnd,
    StaffAdded,
    StaffGone,
    StaffImported,
    StaffState,
)
from yitong.domains.access.errors import (
    FileInvalid,
    IdentityTaken,
    LoginTaken,
    ProviderMissing,
    RoleMissing,
    RoleOver,
    StaffHasLeft,
    StaffMissing,
    StaffWorksElsewhere,
)
from yitong.domains.access.permissions import Action


@command(refusals={"staff_login_once": LoginTaken})
def add_staff(cmd: AddStaff, *, actor: Actor, now: datetime) -> Invited:
    """One who joins. The answer's code, shown once, sets the first password within seven days.

    Emits: StaffAdded, RoleGiven. Refuses: Forbidden, LoginInvalid, NameInvalid, RoleMisplaced, RolesApart, LoginTaken,
    KeyReused.
    """
    _check_may_staff(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "access.add_staff", cmd) if cmd.key else None
    if once is not None and once.answer is not None:
        return Invited(UUID(once.answer["staff_id"]), once.answer["login"], "")
    invite = rules.new_invite()
    staff = _new(rules.check_login(cmd.login), rules.check_name(cmd.name), invite, now)
    _announce(StaffAdded(hospital_id=cmd.hospital_id, subject_id=staff.id, to_state="active"), actor, now)
    for role in dict.fromkeys(cmd.roles):
        _give(staff, role, cmd.hospital_id, None, actor, now)
    if once is not None:
        once.finish(Invited(staff.id, staff.login, ""))  # the code lies nowhere in clear
    return Invited(staff.id, staff.login, invite)


@command()
def invite_again(staff_id: UUID, *, actor: Actor, now: datetime) -> Invited:
    """For one who forgot the password: a new one-time code. The old password and all sessions end.

    Locks: Staff. Emits: CredentialChanged. Refuses: Forbidden, RoleOfOneself, StaffMissing, StaffHasLeft.
    """
    permissions.check_manages(actor, staff_id, _places(staff_id, now))
    staff = _locked(staff_id)
    invite = rules.new_invite()
    staff.password = make_password(None)
    staff.invite_hash, staff.invite_until = rules.digest(invite), now + rules.INVITE_LIFE
    staff.save(update_fields=["password", "invite_hash", "invite_until"])
    opening.end_sessions(now, SessionEnd.ENDED_BY_ADMIN, staff_id=staff_id)
    opening.announce_credential(staff_id, "invite", actor, now)
    return Invited(staff.id, staff.login, invite)


@command()
def give_role(cmd: GiveRole, *, actor: Actor, now: datetime) -> None:
    """Give a role; one that is held already stays as it is, with the new end.

    Locks: Staff. Emits: RoleGiven. Refuses: Forbidden, RoleOfOneself, StaffMissing, StaffHasLeft, RoleMisplaced,
    RoleOver, RolesApart (R-205).
    """
    permissions.check_manages(actor, cmd.staff_id, [cmd.hospital_id])
    _give(_locked(cmd.staff_id), cmd.role, cmd.hospital_id, cmd.until_at, actor, now)


@command()
def end_role(cmd: EndRole, *, actor: Actor, now: datetime) -> None:
    """Take a role away, from the next request on. Locks: Staff. Emits: RoleEnded. Refuses: Forbidden, RoleMissing."""
    permissions.check_manages(actor, cmd.staff_id, [cmd.hospital_id])
    _locked(cmd.staff_id)
    if not _end(cmd.staff_id, {cmd.role}, cmd.hospital_id, actor, now):
        raise RoleMissing()


@command()
def leave(staff_id: UUID, *, actor: Actor, now: datetime) -> None:
    """One who leaves: all roles and all sessions end at once; the login stays taken for good.

    Locks: Staff. Emits: RoleEnded, StaffGone. Refuses: Forbidden, RoleOfOneself, StaffMissing, StaffHasLeft,
    StaffWorksElsewhere.
    """
    places = _places(staff_id, now)
    managed = [permissions.can(actor, _action(place), place) for place in places]
    if any(managed) and not all(managed):
        raise StaffWorksElsewhere()
    permissions.check_manages(actor, staff_id, places)
    _leave(_locked(staff_id), None, actor, now)


@command(refusals={"staff_identity_subject_once": IdentityTaken, "staff_identity_once_a_provider": IdentityTaken})
def bind_identity(cmd: BindIdentity, *, actor: Actor, now: datetime) -> None:
    """Say which subject of the hospital's provider a member of its staff is.

    Locks: Staff. Emits: CredentialChanged. Refuses: Forbidden, RoleOfOneself, StaffMissing, ProviderMissing,
    IdentityTaken.
    """
    permissions.check_manages(actor, cmd.staff_id, [cmd.hospital_id])
    staff = _locked(cmd.staff_id)
    if cmd.hospital_id not in {role.hospital_id for role in queries.roles_of(staff.id, now)}:
        raise StaffMissing()
    _bind(staff, cmd.hospital_id, cmd.subject, actor, now)


@command(
    refusals={
        "staff_login_once": LoginTaken,
        "staff_identity_subject_once": IdentityTaken,
        "staff_identity_once_a_provider": IdentityTaken,
    }
)
def import_staff(cmd: ImportStaff, *, actor: Actor, now: datetime) -> StaffImported:
    """A hospital's file of joiners (`join`), changed roles (`roles`) and leavers (`leave`): all lines or none.

    A line says what is to be, so the same file twice changes nothing. Who works at other hospitals too keeps name and
    roles there. Locks: Staff. Emits: StaffAdded, RoleGiven, RoleEnded, StaffGone. Refuses: Forbidden,
    RoleOfOneself, FileInvalid (with its line), IdentityTaken.
    """
    _check_may_staff(actor, cmd.hospital_id)
    lines = rules.read_staff_file(cmd.text)
    rows = models.Staff.objects.select_for_update(of=("self",)).filter(login__in=[line.login for line in lines])
    known = {staff.login: staff for staff in rows.order_by("pk")}
    joined: list[Invited] = []
    counts = {"changed": 0, "left": 0, "unchanged": 0}
    for line in lines:
        staff = known.get(line.login)
        if staff is None and line.action == "join":
            invite = rules.new_invite()
            staff = _new(line.login, line.name, invite, now)
            _announce(StaffAdded(hospital_id=cmd.hospital_id, subject_id=staff.id, to_state="active"), actor, now)
            joined.append(Invited(staff.id, staff.login, invite))
            _set_line(staff, line, cmd.hospital_id, actor, now)
        else:
            counts[_apply_line(staff, line, cmd.hospital_id, actor, now)] += 1
    return StaffImported(tuple(joined), counts["changed"], counts["left"], counts["unchanged"])


def _apply_line(
    staff: models.Staff | None, line: rules.StaffLine, hospital_id: UUID, actor: Actor, now: datetime
) -> str:
    if staff is None:
        raise FileInvalid(line=line.line, column="login")
    if actor.kind == "staff" and actor.id == str(staff.id):
        permissions.check_manages(actor, staff.id, [])
    here = hospital_id in {role.hospital_id for role in queries.roles_of(staff.id, now)}
    if line.action == "leave":
        if not here:
            return "unchanged"
        _leave(staff, hospital_id, actor, now)
        return "left"
    if not staff.is_active or (line.action == "roles" and not here):
        raise FileInvalid(line=line.line, column="login")
    return "changed" if _set_line(staff, line, hospital_id, actor, now) else "unchanged"


def _set_line(staff: models.Staff, line: rules.StaffLine, hospital_id: UUID, actor: Actor, now: datetime) -> bool:
    """Makes the roles at the hospital those of the line. Whether anything changed."""
    held = queries.roles_of(staff.id, now)
    here = {RoleName(role.name) for role in held if role.hospital_id == hospital_id}
    for role in sorted(line.roles - here):
        _give(staff, role, hospital_id, None, actor, now)
    ended = _end(staff.id, here - line.roles, hospital_id, actor, now)
    renamed = bool(line.name) and line.name != staff.name and all(role.hospital_id == hospital_id for role in held)
    if renamed:
        staff.name = line.name
        staff.save(update_fields=["name"])
    bound = bool(line.subject) and _bind(staff, hospital_id, line.subject, actor, now)
    return bool(line.roles - here) or bool(ended) or renamed or bound


def _new(login: str, name: str, invite: str, now: datetime) -> models.Staff:
    return models.Staff.objects.create(
        id=new_id(),
        login=login,
        name=name,
        password=make_password(None),
        joined_at=now,
        invite_hash=rules.digest(invite),
        invite_until=now + rules.INVITE_LIFE,
    )


def _give(
    staff: models.Staff,
    role: RoleName,
    hospital_id: UUID | None,
    until_at: datetime | None,
    actor: Actor,
    now: datetime,
) -> None:
    if not staff.is_active:
        raise StaffHasLeft()
    if until_at is not None and until_at <= now:
        raise RoleOver()
    rules.check_place(role, hospital_id)
    held = queries.roles_of(staff.id, now)
    rules.check_apart([*(one.name for one in held), role])
    same = models.StaffRole.objects.held(now).filter(staff_id=staff.id, name=role.value, hospital_id=hospital_id)
    if Role(role.value, hospital_id) in held:
        same.update(until_at=until_at)
    else:
        models.StaffRole.objects.create(
            id=new_id(),
            staff=staff,
            name=role.value,
            hospital_id=hospital_id,
            from_at=now,
            until_at=until_at,
            given_by=actor.key,
        )
    event = RoleGiven(hospital_id=hospital_id, subject_id=staff.id, role=role.value, until_at=until_at)
    _announce(event, actor, now)


def _end(staff_id: UUID, names: set[RoleName], hospital_id: UUID | None, actor: Actor, now: datetime) -> int:
    wanted = [name.value for name in names]
    rows = models.StaffRole.objects.held(now).filter(staff_id=staff_id, name__in=wanted, hospital_id=hospital_id)
    held = sorted(rows.values_list("name", flat=True))
    rows.update(until_at=now)
    for name in held:
        _announce(RoleEnded(hospital_id=hospital_id, subject_id=staff_id, role=name), actor, now)
    return len(held)


def _leave(staff: models.Staff, only_hospital_id: UUID | None, actor: Actor, now: datetime) -> None:
    """From one hospital, or from all. Who then has no role anywhere has left."""
    held = queries.roles_of(staff.id, now)
    places = {role.hospital_id for role in held} if only_hospital_id is None else {only_hospital_id}
    for place in sorted(places, key=str):
        names = {RoleName(role.name) for role in held if role.hospital_id == place}
        _end(staff.id, names, place, actor, now)
    opening.end_sessions(now, SessionEnd.LEFT, staff_id=staff.id)
    if any(role.hospital_id not in places for role in held):
        return
    staff.state, staff.left_at = StaffState.LEFT.value, now
    staff.password = make_password(None)
    staff.invite_hash = staff.invite_until = None
    staff.save(update_fields=["state", "left_at", "password", "invite_hash", "invite_until"])
    models.TerminalDay.objects.filter(staff_id=staff.id).delete()
    event = StaffGone(hospital_id=only_hospital_id, subject_id=staff.id, from_state="active", to_state="left")
    _announce(event, actor, now)


def _bind(staff: models.Staff, hospital_id: UUID, subject: str, actor: Actor, now: datetime) -> bool:
    provider = models.IdentityProvider.objects.filter(hospital_id=hospital_id, is_active=True).first()  # unique
    if provider is None:
        raise ProviderMissing()
    bound = models.StaffIdentity.objects.filter(staff=staff, provider=provider)
    if bound.filter(subject=subject).exists():
        return False
    bound.delete()
    models.StaffIdentity.objects.create(id=new_id(), staff=staff, provider=provider, subject=subject, bound_at=now)
    opening.announce_credential(staff.id, "identity_bound", actor, now)
    return True


def _locked(staff_id: UUID) -> models.Staff:
    """Refuses StaffMissing, StaffHasLeft."""
    staff = models.Staff.objects.select_for_update(of=("self",)).filter(id=staff_id).order_by("pk").first()
    if staff is None:
        raise StaffMissing()
    if not staff.is_active:
        raise StaffHasLeft()
    return staff


def _places(staff_id: UUID, now: datetime) -> set[UUID | None]:
    """Where the person works; one without any role is the city's to manage."""
    return {role.hospital_id for role in queries.roles_of(staff_id, now)} or {None}


def _action(place: UUID | None) -> Action:
    return Action.MANAGE_CITY_STAFF if place is None else Action.MANAGE_HOSPITAL_STAFF


def _check_may_staff(actor: Actor, hospital_id: UUID | None) -> None:
    permissions.check_can(actor, _action(hospital_id), hospital_id)


def _announce(event: Event, actor: Actor, now: datetime) -> None:
    events.append(event, actor, at=now, shard=f"staff:{event.subject_id}")
