"""Channels and their keys, as words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from yitong.domains.access.contracts import Channel, ChannelKey, Scope
from yitong.domains.hospitals.contracts.things import Hospital
from yitong.faces.common import terms
from yitong.faces.common.tables import Column, Order, Table
from yitong.faces.common.words import Reader
from yitong.faces.office import words

NO_PATIENT_DATA = frozenset({Scope.COUNTS.value, Scope.CATALOGUE.value})


@dataclass(frozen=True, slots=True)
class Line:
    href: str
    code: str
    name: str
    kind: str
    state: str
    tag: str
    per_minute: int
    until: str
    is_over: bool
    last_use: str
    data: str


TABLE: Table[Line] = Table(
    columns=[
        Column(later("渠道")),
        Column(later("渠道代码"), "code"),
        Column(later("类别"), "kind"),
        Column(later("状态"), "state"),
        Column(later("信息"), "data"),
        Column(later("每分钟"), "limit", is_number=True),
        Column(later("合同到"), "until"),
        Column(later("最近使用")),
    ],
    keys={
        "code": lambda one: one.code,
        "kind": lambda one: one.kind,
        "state": lambda one: one.state,
        "data": lambda one: one.data,
        "limit": lambda one: one.per_minute,
        "until": lambda one: one.until,
    },
    otherwise=Order("code"),
    words=lambda one: (one.name, one.code, one.kind, one.state),
)


@dataclass(frozen=True, slots=True)
class KeyLine:
    key_id: UUID
    prefix: str
    made: str
    last_use: str
    ended: str


def line(channel: Channel, last_use: datetime | None, reader: Reader) -> Line:
    return Line(
        reverse("office:channel", args=[channel.channel_id]),
        channel.code,
        name_of(channel, reader),
        terms.term(words.CHANNEL_KINDS, channel.kind),
        terms.term(words.CHANNEL_STATES, channel.state),
        words.CHANNEL_TAGS[channel.state],
        channel.per_minute,
        channel.contract_until.isoformat() if channel.contract_until else "–",
        channel.contract_until is not None and channel.contract_until < reader.today,
        reader.moment(last_use) if last_use else _("还没用过"),
        _("不含个人信息") if channel.scopes <= NO_PATIENT_DATA else _("含个人信息"),
    )


def lines(channels: Iterable[Channel], uses: Mapping[UUID, datetime], reader: Reader) -> list[Line]:
    return [line(one, uses.get(one.channel_id), reader) for one in channels]


def name_of(channel: Channel, reader: Reader) -> str:
    """Our own channels have English; a partner's name stands as its contract says it."""
    if reader.is_english and channel.code in terms.CHANNELS:
        return terms.term(terms.CHANNELS, channel.code)
    return channel.name


def facts(channel: Channel, hospital: Hospital | None, reader: Reader) -> list[tuple[str, str, str]]:
    found = [
        (_("渠道代码"), channel.code, ""),
        (_("类别"), terms.term(words.CHANNEL_KINDS, channel.kind), ""),
        (_("用途"), channel.purpose, ""),
        (_("合同到哪天"), channel.contract_until.isoformat() if channel.contract_until else _("不限"), ""),
        (_("每分钟最多请求"), f"{channel.per_minute:,}", ""),
    ]
    if hospital is not None:
        found.insert(2, (_("医院"), reader.name(hospital), ""))
    if channel.state_reason:
        found.append((_("状态的理由"), channel.state_reason, ""))
    return found


def scopes(channel: Channel) -> list[str]:
    return [terms.term(words.SCOPES, scope) for scope in Scope if scope in channel.scopes]


def keys(found: Iterable[ChannelKey], reader: Reader) -> list[KeyLine]:
    return [
        KeyLine(
            one.key_id,
            one.prefix,
            reader.moment(one.created_at),
            reader.moment(one.last_used_at) if one.last_used_at else _("还没用过"),
            reader.moment(one.revoked_at) if one.revoked_at else "",
        )
        for one in found
    ]
