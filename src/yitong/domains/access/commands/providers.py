"""Signing in through a hospital's own identity provider (OpenID Connect)."""

from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.db.command import command
from yitong.core.errors import Busy
from yitong.core.ids import new_id
from yitong.domains.access import models, permissions, ports, queries, rules
from yitong.domains.access.commands import opening
from yitong.domains.access.contracts import (
    Identity,
    IdentityStart,
    ProviderChanged,
    ProviderSettings,
    SetProvider,
    SignedIn,
    SignInWay,
)
from yitong.domains.access.errors import IdentityRefused, IdentityUnknown, ProviderInvalid, ProviderMissing
from yitong.domains.access.permissions import Action


@command(refusals={"identity_provider_once_a_hospital": Busy})
def set_provider(cmd: SetProvider, *, actor: Actor, now: datetime) -> None:
    """Say how to reach the hospital's provider; what stands already changes nothing. With another issuer, who is whom
    has to be said anew, and so has the secret: it was a promise between us and the one before.

    Locks: IdentityProvider. Emits: ProviderChanged. Refuses: Forbidden, ProviderInvalid, Busy (somebody was setting
    the first one at the same moment).
    """
    permissions.check_can(actor, Action.SET_PROVIDER, cmd.hospital_id)
    issuer = rules.check_issuer(cmd.issuer)
    if not cmd.client_id.strip() or len(cmd.client_id) > 120:
        raise ProviderInvalid(field="client_id")
    rows = models.IdentityProvider.objects.select_for_update(of=("self",)).filter(hospital_id=cmd.hospital_id)
    row = rows.order_by("pk").first() or models.IdentityProvider(id=new_id(), hospital_id=cmd.hospital_id)
    is_same = row.issuer == issuer
    secret = cmd.client_secret if cmd.client_secret is not None or not is_same else row.client_secret
    if secret is None or len(secret) > 500:
        raise ProviderInvalid(field="client_secret")
    given = (cmd.client_id.strip(), secret, True)
    if is_same and (row.client_id, row.client_secret, row.is_active) == given:
        return
    if not is_same:
        models.StaffIdentity.objects.filter(provider_id=row.id).delete()
    row.issuer, row.client_id, row.client_secret = issuer, cmd.client_id.strip(), secret
    row.is_active, row.set_at = True, now
    row.save()
    _announce(row, "active", actor, now)


@command()
def drop_provider(hospital_id: UUID, *, actor: Actor, now: datetime) -> None:
    """No more sign-in through it.

    Locks: IdentityProvider. Emits: ProviderChanged. Refuses: Forbidden, ProviderMissing.
    """
    permissions.check_can(actor, Action.SET_PROVIDER, hospital_id)
    rows = models.IdentityProvider.objects.select_for_update(of=("self",)).filter(hospital_id=hospital_id)
    row = rows.filter(is_active=True).order_by("pk").first()
    if row is None:
        raise ProviderMissing()
    row.is_active = False
    row.save(update_fields=["is_active"])
    _announce(row, "dropped", actor, now)


def begin_identity(hospital_id: UUID, redirect_uri: str, *, now: datetime) -> IdentityStart:
    """Where to send the browser. The face keeps `state` in the browser's session and brings both back.

    Calls the provider outside of any transaction. Refuses: ProviderMissing, ProviderDown.
    """
    settings = queries.get_provider(hospital_id)
    state, nonce, verifier = rules.new_token(), rules.new_token(), rules.new_token()
    url = ports.identity_provider(settings).authorization_url(
        redirect_uri=redirect_uri, state=state, nonce=nonce, verifier=verifier
    )
    _keep_attempt(settings, state, nonce, verifier, redirect_uri, now=now)
    return IdentityStart(url, state)


def finish_identity(*, state: str, browser_state: str, code: str, now: datetime) -> SignedIn:
    """The browser is back. `browser_state` is what its own session kept: another's state signs nobody in.

    A provider vouches for its own hospital: the session has that hospital's roles only. Emits: StaffSignedIn.
    Refuses: IdentityRefused, IdentityUnknown, ProviderMissing, ProviderDown.
    """
    if not state or not rules.is_same(state.encode(), browser_state.encode()):
        raise IdentityRefused()
    settings, nonce, verifier, redirect_uri = _take_attempt(state, now=now)
    identity = ports.identity_provider(settings).identity(
        code=code, redirect_uri=redirect_uri, nonce=nonce, verifier=verifier
    )
    return _sign_in_identity(settings, identity, now=now)


@command()
def _keep_attempt(
    settings: ProviderSettings, state: str, nonce: str, verifier: str, redirect_uri: str, *, now: datetime
) -> None:
    models.IdentityAttempt.objects.create(
        state_hash=rules.digest(state),
        provider_id=settings.provider_id,
        nonce=nonce,
        verifier=verifier,
        redirect_uri=redirect_uri,
        until_at=now + rules.ATTEMPT_LIFE,
    )


@command()
def _take_attempt(state: str, *, now: datetime) -> tuple[ProviderSettings, str, str, str]:
    """Used once, and before it is old."""
    rows = models.IdentityAttempt.objects.select_for_update(of=("self",)).filter(state_hash=rules.digest(state))
    row = rows.select_related("provider").order_by("pk").first()
    if row is None or now >= row.until_at:
        raise IdentityRefused()
    row.delete()
    settings = queries.get_provider(row.provider.hospital_id)
    return settings, row.nonce, row.verifier, row.redirect_uri


@command()
def _sign_in_identity(settings: ProviderSettings, identity: Identity, *, now: datetime) -> SignedIn:
    rows = models.Staff.objects.select_for_update(of=("self",)).filter(state="active")
    bound = models.StaffIdentity.objects.filter(provider_id=settings.provider_id, subject=identity.subject)
    staff = rows.filter(id__in=bound.values("staff_id")).order_by("pk").first()
    here = staff is not None and any(
        role.hospital_id == settings.hospital_id for role in queries.roles_of(staff.id, now)
    )
    if staff is None or not here:
        raise IdentityUnknown()
    return opening.open_session(
        staff,
        way=SignInWay.PROVIDER,
        has_second_factor=identity.has_second_factor,
        now=now,
        only_hospital_id=settings.hospital_id,
    )


@command()
def forget_attempts(*, now: datetime) -> int:
    """Removes attempts that nobody finished."""
    return models.IdentityAttempt.objects.filter(until_at__lte=now).delete()[0]


def _announce(row: models.IdentityProvider, state: str, actor: Actor, now: datetime) -> None:
    event = ProviderChanged(hospital_id=row.hospital_id, subject_id=row.id, to_state=state)
    events.append(event, actor, at=now, shard=f"provider:{row.id}")
