"""Who calls: a channel by its key, an account holder through it, and how much they may ask for."""

import re
from enum import StrEnum
from typing import cast
from uuid import UUID

from django.http import HttpRequest
from ninja.security import HttpBearer

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.errors import KeyMissing, Unidentified
from yitong.domains.access import permissions
from yitong.domains.access import queries as access
from yitong.domains.access.commands import channels
from yitong.domains.access.contracts import Channel, Scope
from yitong.domains.access.errors import ChannelKeyUnknown
from yitong.domains.people import queries as people
from yitong.faces.common import refusals, throttle

ACCOUNT_HEADER = "X-Account-Session"
KEY_HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x21-\x7e]{8,80}")


class ChannelKeyRequired(Unidentified):
    """No key, or not in the form of one."""

    code = "CHANNEL_KEY_REQUIRED"


class AccountSessionRequired(Unidentified):
    """The key says which channel calls; this also needs the person for whom."""

    code = "ACCOUNT_SESSION_REQUIRED"


class Holder(StrEnum):
    """Whether an account holder takes part."""

    NONE = "none"
    MAY = "may"
    MUST = "must"
    WAITING = "waiting"  # signed in, but the second fact is still to come: the channel acts for him


class ApiRequest(HttpRequest):
    """What an endpoint receives: the request after the key was read."""

    actor: Actor
    channel: Channel
    key_id: UUID  # by which it called
    account_id: UUID  # of the account holder who takes part
    idempotency_key: str


class ChannelKey(HttpBearer):
    """`Authorization: Bearer ytk_…`. `scope` is what the channel's contract must cover; a command needs a key."""

    def __init__(self, scope: Scope | None, *, holder: Holder = Holder.NONE, is_command: bool = False) -> None:
        super().__init__()
        self.scope = scope
        self.holder = holder
        self.is_command = is_command

    def __call__(self, request: HttpRequest) -> Channel:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ChannelKeyRequired()
        return self.authenticate(request, token.strip())

    def authenticate(self, request: HttpRequest, token: str) -> Channel:
        now = clock.now()
        try:
            key_id, channel = access.key_and_channel(token, now)
        except ChannelKeyUnknown:
            throttle.address(request, "key", throttle.NOT_KNOWN_PER_MINUTE, now=now)
            raise
        throttle.channel(request, channel, now=now)
        channels.note_key_use(token, now=now)
        actor = Actor.for_channel(
            channel.channel_id, channel.code, scopes=channel.scopes, trace_id=refusals.trace_id_of(request)
        )
        if self.scope is not None:
            permissions.check_scope(actor, self.scope)
        called = cast(ApiRequest, request)
        called.channel, called.key_id = channel, key_id
        called.actor = self._for_whom(request, actor)
        if called.actor.account_id is not None:
            called.account_id = called.actor.account_id
        if self.is_command:
            called.idempotency_key = idempotency_key(request)
        return channel

    def _for_whom(self, request: HttpRequest, actor: Actor) -> Actor:
        """The account holder, where one takes part; the channel itself otherwise."""
        token = request.headers.get(ACCOUNT_HEADER, "") if self.holder is not Holder.NONE else ""
        if not token and self.holder in (Holder.NONE, Holder.MAY):
            return actor
        if self.holder is Holder.WAITING:
            if not token or not people.is_waiting_for_fact(token, clock.now(), channel=actor.channel):
                raise AccountSessionRequired()
            return actor
        account_id = people.account_of_session(token, clock.now(), channel=actor.channel) if token else None
        if account_id is None:
            raise AccountSessionRequired()
        permissions.check_scope(actor, Scope.ACCOUNTS)
        return Actor.for_account(account_id, channel=actor.channel, trace_id=actor.trace_id)


def idempotency_key(request: HttpRequest) -> str:
    """The client's key: 8 to 80 visible characters, made by the client and kept across its retries."""
    key = request.headers.get(KEY_HEADER, "")
    if not KEY.fullmatch(key):
        raise KeyMissing()
    return key
