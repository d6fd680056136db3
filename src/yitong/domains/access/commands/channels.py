"""Channels, their keys and the kill switch (S-14)."""

from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events, idempotency
from yitong.core.db.command import command
from yitong.core.ids import new_id
from yitong.domains.access import models, permissions, rules
from yitong.domains.access.contracts import (
    AddChannel,
    ChangeChannel,
    ChannelAdded,
    ChannelChanged,
    ChannelFacts,
    ChannelKeyChanged,
    ChannelState,
    KeyMade,
    MakeKey,
)
from yitong.domains.access.errors import (
    ChannelCodeTaken,
    ChannelEnded,
    ChannelInvalid,
    ChannelKeyMissing,
    ChannelMissing,
)
from yitong.domains.access.permissions import Action
from yitong.domains.access.states import ChannelEvent, next_state


@command(refusals={"channel_code_once": ChannelCodeTaken})
def add_channel(cmd: AddChannel, *, actor: Actor, now: datetime) -> UUID:
    """A new way in, with its purpose, scopes, limit and contract. Gives its id.

    Emits: ChannelAdded. Refuses: Forbidden, ChannelInvalid, ChannelCodeTaken.
    """
    permissions.check_can(actor, Action.MANAGE_CHANNELS)
    rules.check_channel(cmd.code, cmd.facts)
    row = models.Channel(id=new_id(), code=cmd.code, state_at=now)
    _set_facts(row, cmd.facts)
    row.save(force_insert=True)
    event = ChannelAdded(hospital_id=row.hospital_id, subject_id=row.id, to_state=row.state, code=row.code)
    events.append(event, actor, at=now, shard=f"channel:{row.id}")
    return row.id


@command()
def change_channel(cmd: ChangeChannel, *, actor: Actor, now: datetime) -> None:
    """New terms. Locks: Channel. Emits: ChannelChanged. Refuses: Forbidden, ChannelMissing, ChannelEnded, …Invalid."""
    permissions.check_can(actor, Action.MANAGE_CHANNELS)
    row = _locked(cmd.channel_id)
    rules.check_channel(row.code, cmd.facts)
    if row.state == ChannelState.REVOKED:
        raise ChannelEnded()
    _set_facts(row, cmd.facts)
    row.save()
    _announce(row, None, actor, now)


@command()
def suspend_channel(channel_id: UUID, reason: str, *, actor: Actor, now: datetime) -> None:
    """Stop a channel for a while, from its next call on. Locks: Channel. Emits: ChannelChanged."""
    _set_state(channel_id, ChannelEvent.SUSPEND, reason, actor, now)


@command()
def resume_channel(channel_id: UUID, reason: str, *, actor: Actor, now: datetime) -> None:
    """Locks: Channel. Emits: ChannelChanged. Refuses: Forbidden, ChannelMissing, ChannelEnded, ChannelStateSame."""
    _set_state(channel_id, ChannelEvent.RESUME, reason, actor, now)


@command()
def revoke_channel(channel_id: UUID, reason: str, *, actor: Actor, now: datetime) -> None:
    """The kill switch: for good, with all keys, from the next call on (S-14).

    Locks: Channel. Emits: ChannelChanged. Refuses: Forbidden, ChannelMissing, ChannelEnded, ChannelInvalid.
    """
    _set_state(channel_id, ChannelEvent.REVOKE, reason, actor, now)
    models.ChannelKey.objects.filter(channel_id=channel_id, revoked_at=None).update(revoked_at=now)


@command()
def make_key(cmd: MakeKey, *, actor: Actor, now: datetime) -> KeyMade:
    """A new key; its secret is in this answer and nowhere else.

    Locks: Channel. Emits: ChannelKeyChanged. Refuses: Forbidden, ChannelMissing, ChannelEnded, KeyReused.
    """
    permissions.check_can(actor, Action.MANAGE_CHANNELS)
    once = idempotency.begin(actor, "access.make_key", cmd)
    if once.answer is not None:
        return KeyMade(UUID(once.answer["key_id"]), once.answer["prefix"], "")
    channel = _locked(cmd.channel_id)
    if channel.state == ChannelState.REVOKED:
        raise ChannelEnded()
    prefix, secret = rules.new_key()
    row = models.ChannelKey.objects.create(
        id=new_id(),
        channel=channel,
        prefix=prefix,
        secret_hash=rules.digest(secret),
        created_at=now,
        created_by=actor.key,
    )
    _announce_key(channel, row.id, "made", actor, now)
    once.finish(KeyMade(row.id, prefix, ""))
    return KeyMade(row.id, prefix, secret)


@command()
def revoke_key(channel_id: UUID, key_id: UUID, *, actor: Actor, now: datetime) -> None:
    """End one key; one that has ended stays so.

    Locks: Channel. Emits: ChannelKeyChanged. Refuses: Forbidden, ChannelMissing, ChannelKeyMissing.
    """
    permissions.check_can(actor, Action.MANAGE_CHANNELS)
    channel = _locked(channel_id)
    row = models.ChannelKey.objects.filter(channel_id=channel_id, id=key_id).first()  # one row at most
    if row is None:
        raise ChannelKeyMissing()
    if row.revoked_at is None:
        row.revoked_at = now
        row.save(update_fields=["revoked_at"])
        _announce_key(channel, row.id, "revoked", actor, now)


@command()
def note_key_use(key: str, *, now: datetime) -> None:
    """Write down, at most once a minute, that a key was used."""
    rows = models.ChannelKey.objects.filter(prefix=rules.prefix_of(key) or "", revoked_at=None)
    rows.exclude(last_used_at__gt=now - rules.SEEN_EVERY).update(last_used_at=now)


def _set_facts(row: models.Channel, facts: ChannelFacts) -> None:
    row.name, row.purpose = facts.name.strip(), facts.purpose.strip()
    row.kind = facts.kind.value
    row.hospital_id = facts.hospital_id
    row.scopes = sorted(scope.value for scope in facts.scopes)
    row.per_minute = facts.per_minute
    row.contract_until = facts.contract_until


def _set_state(channel_id: UUID, what: ChannelEvent, reason: str, actor: Actor, now: datetime) -> None:
    permissions.check_can(actor, Action.MANAGE_CHANNELS)
    if not 1 <= len(reason.strip()) <= 200:
        raise ChannelInvalid(field="reason")
    row = _locked(channel_id)
    before = row.state
    state = next_state(ChannelState(before), what)
    row.state, row.state_at, row.state_reason = state.value, now, reason.strip()
    row.save(update_fields=["state", "state_at", "state_reason"])
    _announce(row, before, actor, now)


def _locked(channel_id: UUID) -> models.Channel:
    row = models.Channel.objects.select_for_update(of=("self",)).filter(id=channel_id).order_by("pk").first()
    if row is None:
        raise ChannelMissing()
    return row


def _announce(row: models.Channel, before: str | None, actor: Actor, now: datetime) -> None:
    event = ChannelChanged(
        hospital_id=row.hospital_id, subject_id=row.id, from_state=before, to_state=row.state if before else None
    )
    events.append(event, actor, at=now, shard=f"channel:{row.id}")


def _announce_key(row: models.Channel, key_id: UUID, state: str, actor: Actor, now: datetime) -> None:
    event = ChannelKeyChanged(hospital_id=row.hospital_id, subject_id=row.id, to_state=state, key_id=key_id)
    events.append(event, actor, at=now, shard=f"channel:{row.id}")
