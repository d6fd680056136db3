"""Reads of access; each answers with contracts."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Max, Q

from yitong.core import clock
from yitong.core.actor import Actor, Role
from yitong.core.db import policies
from yitong.domains.access import models, permissions, rules
from yitong.domains.access.contracts import (
    Channel,
    ChannelKey,
    ChannelState,
    KeyInUse,
    ProviderFacts,
    ProviderSettings,
    RoleName,
    SeatedStaff,
    StaffMember,
    StaffSession,
    Terminal,
)
from yitong.domains.access.errors import (
    ChannelKeyUnknown,
    ChannelMissing,
    ProviderMissing,
    StaffMissing,
    TerminalUnknown,
)

MOST = 500

# Each page of the staff begins with these two: written out, they are asked in a fifth of the time that the ORM takes.
SESSION = """
    SELECT s.id, s.staff_id, s.terminal_id, s.only_hospital_id, s.started_at, s.seen_at,
           s.second_factor_at IS NOT NULL, p.totp_confirmed_at IS NOT NULL
    FROM access_staff_session s JOIN access_staff p ON p.id = s.staff_id
    WHERE s.token_hash = %s AND s.ended_at IS NULL AND p.state = 'active'"""
ROLES = """
    SELECT r.name, r.hospital_id FROM access_staff_role r JOIN access_staff p ON p.id = r.staff_id
    WHERE r.staff_id = %(staff_id)s AND p.state = 'active'
      AND r.from_at <= %(now)s AND (r.until_at IS NULL OR r.until_at > %(now)s)"""


def roles_of(staff_id: UUID, now: datetime) -> frozenset[Role]:
    """The roles held now; none where the person has left. What a session may use of them: `session_of`."""
    with connection.cursor() as cursor:
        cursor.execute(ROLES, {"staff_id": staff_id, "now": now})
        return frozenset(Role(name, hospital_id) for name, hospital_id in cursor.fetchall())


def session_of(token: str, now: datetime) -> StaffSession | None:
    """The living session of this token. None where it ended, was idle too long (R-205), or the person has left."""
    with connection.cursor() as cursor:
        cursor.execute(SESSION, [rules.digest(token)])
        row = cursor.fetchone()  # unique
    if row is None:
        return None
    session_id, staff_id, terminal_id, only_hospital_id, started_at, seen_at, has_second_factor, has_totp = row
    if now - started_at >= rules.SESSION_LIFE:
        return None
    roles = roles_of(staff_id, now)
    if now - seen_at >= idle_time(roles, now):
        return None
    return StaffSession(
        session_id,
        staff_id,
        rules.usable_roles(roles, has_second_factor=has_second_factor, only_hospital_id=only_hospital_id),
        rules.needs_second_factor(role.name for role in roles) and not has_totp,
        has_second_factor,
        terminal_id,
        started_at,
        seen_at,
    )


def idle_time(roles: frozenset[Role], now: datetime) -> timedelta:
    """The strictest of the places where one works."""
    places = {role.hospital_id for role in roles} or {None}
    return min(policies.at(place, now).minutes("staff.idle_minutes") for place in places)


def staff_names(ids: Iterable[UUID]) -> dict[UUID, str]:
    """Names to show beside acts; those who left too."""
    rows = models.Staff.objects.filter(id__in=set(ids)).values_list("id", "name")
    return {staff_id: str(name) for staff_id, name in rows}


def get_staff(staff_id: UUID, actor: Actor, now: datetime) -> StaffMember:
    """Oneself, or one whom the actor may see. Refuses StaffMissing."""
    rows = models.Staff.objects.all()
    if not (actor.kind == "staff" and actor.id == str(staff_id)):
        rows = rows.visible_to(actor, now)
    found = _members(rows.filter(id=staff_id), now)
    if not found:
        raise StaffMissing()
    return found[0]


def find_staff(login: str, actor: Actor, now: datetime) -> StaffMember | None:
    """By login, among those whom the actor may see; those who left too."""
    found = _members(models.Staff.objects.visible_to(actor, now).filter(login=login.strip().lower()), now)
    return found[0] if found else None


def list_city_staff(actor: Actor, now: datetime) -> list[StaffMember]:
    """Who holds a role of the city now, or none anywhere yet; a city has some dozens."""
    permissions.check_can(actor, permissions.Action.READ_HOSPITAL_STAFF)
    held = models.StaffRole.objects.held(now)
    rows = models.Staff.objects.filter(state="active").filter(
        Q(id__in=held.filter(hospital_id=None).values("staff_id")) | ~Q(id__in=held.values("staff_id"))
    )
    return _members(rows.order_by("login")[:MOST], now)


def list_administrators(actor: Actor, now: datetime, *, after: str = "", limit: int = 50) -> list[StaffMember]:
    """By login, a page after the login `after`: who lets in the staff of some hospital."""
    permissions.check_can(actor, permissions.Action.READ_HOSPITAL_STAFF)
    held = models.StaffRole.objects.held(now).filter(name=RoleName.HOSPITAL_ADMIN.value)
    rows = models.Staff.objects.filter(state="active", id__in=held.values("staff_id"), login__gt=after)
    return _members(rows.order_by("login")[: max(1, min(limit, MOST))], now)


def list_staff(
    actor: Actor, now: datetime, *, hospital_id: UUID | None = None, after: str = "", limit: int = 50
) -> list[StaffMember]:
    """By login, a page after the login `after`: of one hospital, or (None) all whom the actor may see."""
    if hospital_id is not None:
        permissions.check_can(actor, permissions.Action.READ_HOSPITAL_STAFF, hospital_id)
        held = models.StaffRole.objects.held(now).filter(hospital_id=hospital_id)
        rows = models.Staff.objects.filter(id__in=held.values("staff_id"))
    else:
        rows = models.Staff.objects.visible_to(actor, now)
    return _members(rows.filter(login__gt=after).order_by("login")[: max(1, min(limit, MOST))], now)


def list_doctors(hospital_id: UUID, actor: Actor, now: datetime) -> list[StaffMember]:
    """By login, who of the hospital's staff is a doctor there."""
    permissions.check_can(actor, permissions.Action.READ_HOSPITAL_STAFF, hospital_id)
    held = models.StaffRole.objects.held(now).filter(hospital_id=hospital_id, name=RoleName.DOCTOR.value)
    return _members(models.Staff.objects.filter(id__in=held.values("staff_id")).order_by("login")[:MOST], now)


def find_terminal(token: str) -> Terminal | None:
    """The shared desk that this browser is."""
    row = models.Terminal.objects.filter(token_hash=rules.digest(token), closed_at=None).first()  # unique
    return None if row is None else _terminal(row)


def list_terminals(hospital_id: UUID, actor: Actor) -> list[Terminal]:
    permissions.check_can(actor, permissions.Action.MANAGE_TERMINALS, hospital_id)
    rows = models.Terminal.objects.filter(hospital_id=hospital_id)
    return [_terminal(row) for row in rows.order_by("name", "id")[:MOST]]


def list_seated(terminal_token: str, now: datetime) -> list[SeatedStaff]:
    """Who signed in at this desk today and is still with the hospital. Refuses TerminalUnknown."""
    terminal = find_terminal(terminal_token)
    if terminal is None:
        raise TerminalUnknown()
    rows = models.TerminalDay.objects.filter(
        terminal_id=terminal.terminal_id, day=clock.shanghai_date(now), staff__state="active"
    )
    return [
        SeatedStaff(row.staff_id, row.staff.name, row.pin_hash is not None)
        for row in rows.select_related("staff").order_by("staff__login")[:50]
    ]


def channel_of_key(key: str, now: datetime) -> Channel:
    """The channel whose key this is. One query, nothing remembered: a revoked key is refused at its next call (S-14).

    Refuses ChannelKeyUnknown, ChannelRevoked, ChannelSuspended, ChannelContractEnded.
    """
    return key_and_channel(key, now)[1]


def key_and_channel(key: str, now: datetime) -> tuple[UUID, Channel]:
    prefix = rules.prefix_of(key)
    rows = models.ChannelKey.objects.filter(prefix=prefix or "").select_related("channel")
    row = rows.first()  # unique
    if row is None or not rules.is_same(bytes(row.secret_hash), rules.digest(key)):
        raise ChannelKeyUnknown()
    channel = _channel(row.channel)
    in_use = KeyInUse(
        key_id=row.id,
        channel_id=channel.channel_id,
        channel=channel.code,
        state=channel.state,
        is_revoked=row.revoked_at is not None,
        contract_until=channel.contract_until,
        scopes=channel.scopes,
        per_minute=channel.per_minute,
    )
    rules.check_key(in_use, clock.shanghai_date(now))
    return row.id, channel


def get_channel(channel_id: UUID, actor: Actor) -> Channel:
    permissions.check_can(actor, permissions.Action.READ_CHANNELS)
    row = models.Channel.objects.filter(id=channel_id).first()  # one row at most
    if row is None:
        raise ChannelMissing()
    return _channel(row)


def list_channels(actor: Actor) -> list[Channel]:
    permissions.check_can(actor, permissions.Action.READ_CHANNELS)
    return [_channel(row) for row in models.Channel.objects.order_by("code")[:MOST]]


def channel_names() -> dict[str, str]:
    """Names of the channels by code, for reports."""
    return dict(models.Channel.objects.order_by("code").values_list("code", "name")[:MOST])


def list_keys(actor: Actor, channel_id: UUID) -> list[ChannelKey]:
    permissions.check_can(actor, permissions.Action.READ_CHANNELS)
    rows = models.ChannelKey.objects.filter(channel_id=channel_id).order_by("-created_at", "id")
    return [
        ChannelKey(row.id, row.channel_id, row.prefix, row.created_at, row.revoked_at, row.last_used_at)
        for row in rows[:MOST]
    ]


def last_uses(actor: Actor) -> dict[UUID, datetime]:
    """When each channel was last used, by any of its keys; those never used are left out."""
    permissions.check_can(actor, permissions.Action.READ_CHANNELS)
    rows = models.ChannelKey.objects.filter(last_used_at__isnull=False).values_list("channel_id")
    return dict(rows.annotate(last=Max("last_used_at")).order_by("channel_id")[:MOST])


def find_provider(hospital_id: UUID) -> bool:
    """Whether the hospital's staff may sign in through its own provider."""
    return models.IdentityProvider.objects.filter(hospital_id=hospital_id, is_active=True).exists()


def list_provider_hospitals() -> list[UUID]:
    """The hospitals whose staff may sign in through their own provider."""
    rows = models.IdentityProvider.objects.filter(is_active=True).order_by("hospital_id")
    return list(rows.values_list("hospital_id", flat=True)[:MOST])


def get_provider(hospital_id: UUID) -> ProviderSettings:
    """With its secret: for commands, never for a page."""
    row = models.IdentityProvider.objects.filter(hospital_id=hospital_id, is_active=True).first()  # unique
    if row is None:
        raise ProviderMissing()
    return ProviderSettings(row.id, row.hospital_id, row.issuer, row.client_id, row.client_secret)


def find_provider_facts(hospital_id: UUID, actor: Actor) -> ProviderFacts | None:
    """The hospital's provider, in use or dropped, for who may set it. Never its secret."""
    permissions.check_can(actor, permissions.Action.SET_PROVIDER, hospital_id)
    rows = models.IdentityProvider.objects.filter(hospital_id=hospital_id).defer("client_secret")
    row = rows.first()  # unique
    if row is None:
        return None
    bound = models.StaffIdentity.objects.filter(provider_id=row.id).count()
    return ProviderFacts(row.issuer, row.client_id, row.is_active, row.set_at, bound)


def _members(rows: models.StaffSet, now: datetime) -> list[StaffMember]:
    """Two queries, however many there are."""
    found = list(rows)
    held: dict[UUID, list[tuple[RoleName, UUID | None]]] = {row.id: [] for row in found}
    roles = models.StaffRole.objects.held(now).filter(staff_id__in=held).order_by("name", "hospital_id")
    for staff_id, name, hospital_id in roles.values_list("staff_id", "name", "hospital_id"):
        held[staff_id].append((RoleName(name), hospital_id))
    return [
        StaffMember(
            row.id,
            row.login,
            row.name,
            row.is_active,
            row.totp_confirmed_at is not None,
            tuple(held[row.id]),
            row.last_sign_in_at,
        )
        for row in found
    ]


def _terminal(row: models.Terminal) -> Terminal:
    return Terminal(row.id, row.hospital_id, row.name, row.created_at, row.closed_at)


def _channel(row: models.Channel) -> Channel:
    return Channel(
        row.id,
        row.code,
        row.name,
        row.kind,
        row.purpose,
        ChannelState(row.state),
        frozenset(row.scopes),
        row.per_minute,
        row.contract_until,
        row.hospital_id,
        row.state_reason,
    )
