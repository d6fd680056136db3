"""Channels: contract, scopes, limit, keys, and the kill switch (S-14)."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.access import permissions, queries
from yitong.domains.access.commands import channels as commands
from yitong.domains.access.contracts import Channel, ChannelState, KeyMade, MakeKey
from yitong.domains.access.permissions import Action
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.office import gate
from yitong.faces.office.channels import forms, presenters
from yitong.faces.office.forms import IN_PLACE, Key, Reason, status_of


@require_GET
@gate.in_office
def channels(request: Request) -> HttpResponse:
    reader = pages.reader_of(request)
    found = presenters.lines(queries.list_channels(request.actor), queries.last_uses(request.actor), reader)
    context = {
        "table": presenters.TABLE.shown(request, found),
        "has_channels": bool(found),
        "can_manage": permissions.can(request.actor, Action.MANAGE_CHANNELS),
    }
    return pages.page(request, "office/channels/channels.html", context)


@require_http_methods(["GET", "POST"])
@gate.in_office
def add(request: Request) -> HttpResponse:
    permissions.check_can(request.actor, Action.MANAGE_CHANNELS)
    reader = pages.reader_of(request)
    form = forms.Add(request.POST if request.method == "POST" else None, hospitals=_choices(reader))
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            made = commands.add_channel(form.to_command(), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "office:channel", made, notice=_("渠道已建好，接下来给它一个密钥"))
    context = {"form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "office/channels/terms.html", context, status_of(form, refusal))


@require_http_methods(["GET", "POST"])
@gate.in_office
def change(request: Request, channel_id: UUID) -> HttpResponse:
    permissions.check_can(request.actor, Action.MANAGE_CHANNELS)
    reader = pages.reader_of(request)
    channel = queries.get_channel(channel_id, request.actor)
    given = request.POST if request.method == "POST" else None
    form = forms.Terms(given, initial=forms.initial(channel), hospitals=_choices(reader))
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            commands.change_channel(form.to_change(channel_id), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "office:channel", channel_id, notice=_("已改，从下一次请求起生效"))
    context = {"form": form, "channel": channel, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "office/channels/terms.html", context, status_of(form, refusal))


@require_GET
@gate.in_office
def channel(request: Request, channel_id: UUID) -> HttpResponse:
    return _page(request, queries.get_channel(channel_id, request.actor))


@never_cache
@require_POST
@gate.in_office
def make_key(request: Request, channel_id: UUID) -> HttpResponse:
    """The answer to the press shows the secret; no other page ever does, nor the same press twice."""
    permissions.check_can(request.actor, Action.MANAGE_CHANNELS)
    reader = pages.reader_of(request)
    form = Key(request.POST)
    refusal: Refusal | None = None
    made: KeyMade | None = None
    if form.is_valid():
        try:
            made = commands.make_key(MakeKey(channel_id, form.text()), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
    response = _page(request, queries.get_channel(channel_id, request.actor), made, refusal)
    response.headers["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "POST"])
@gate.in_office
def revoke_key(request: Request, channel_id: UUID, key_id: UUID) -> HttpResponse:
    permissions.check_can(request.actor, Action.MANAGE_CHANNELS)
    reader = pages.reader_of(request)
    channel = queries.get_channel(channel_id, request.actor)
    if request.method == "POST":
        commands.revoke_key(channel_id, key_id, actor=request.actor, now=reader.now)
        return pages.go(request, "office:channel", channel_id, notice=_("密钥已吊销，下一次请求就会被拒绝"))
    keys = [
        one for one in presenters.keys(queries.list_keys(request.actor, channel_id), reader) if one.key_id == key_id
    ]
    context = {"channel": channel, "name": presenters.name_of(channel, reader), "key": keys[0] if keys else None}
    return pages.page(request, "office/channels/revoke_key.html", context)


@require_http_methods(["GET", "POST"])
@gate.in_office
def switch(request: Request, channel_id: UUID, to: str) -> HttpResponse:
    """Suspend, resume, or the kill switch: each says what it does, and asks why."""
    permissions.check_can(request.actor, Action.MANAGE_CHANNELS)
    reader = pages.reader_of(request)
    channel = queries.get_channel(channel_id, request.actor)
    acts = {
        "suspend": (commands.suspend_channel, _("已暂停，从下一次请求起被拒绝")),
        "resume": (commands.resume_channel, _("已恢复")),
        "revoke": (commands.revoke_channel, _("已吊销，所有密钥从下一次请求起失效")),
    }
    act, notice = acts[to]
    form = Reason(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    is_confirmed = to != "revoke" or request.POST.get("confirm") == channel.code
    if form.is_bound and form.is_valid() and is_confirmed:
        try:
            act(channel_id, form.cleaned_data["reason"], actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "office:channel", channel_id, notice=notice)
    context = {
        "channel": channel,
        "name": presenters.name_of(channel, reader),
        "form": form,
        "to": to,
        "is_unconfirmed": form.is_bound and not is_confirmed,
        "refusal": pages.said(refusal, reader),
    }
    status = 422 if form.is_bound and not is_confirmed and refusal is None else status_of(form, refusal)
    return pages.page(request, "office/channels/switch.html", context, status)


def _page(
    request: Request, channel: Channel, made: KeyMade | None = None, refusal: Refusal | None = None
) -> HttpResponse:
    reader = pages.reader_of(request)
    keys = queries.list_keys(request.actor, channel.channel_id)
    uses = [one.last_used_at for one in keys if one.last_used_at is not None]
    hospital = hospitals.get_hospital(channel.hospital_id) if channel.hospital_id else None
    context = {
        "channel": channel,
        "line": presenters.line(channel, max(uses, default=None), reader),
        "facts": presenters.facts(channel, hospital, reader),
        "scopes": presenters.scopes(channel),
        "keys": presenters.keys(keys, reader),
        "can_manage": permissions.can(request.actor, Action.MANAGE_CHANNELS)
        and channel.state is not ChannelState.REVOKED,
        "is_active": channel.state is ChannelState.ACTIVE,
        "made": made,
        "key": new_id(),
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "office/channels/channel.html", context, refusal.status if refusal else 200)


def _choices(reader: Reader) -> list[tuple[str, str]]:
    return [(str(one.hospital_id), reader.name(one)) for one in hospitals.list_hospitals(with_closed=True)]
