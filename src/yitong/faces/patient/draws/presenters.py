"""A draw in plain words, for someone who has never heard of a hash."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.core.actor import Actor
from yitong.core.lots.terms import Party
from yitong.core.policy.values import Policies
from yitong.core.sentences import sentence
from yitong.domains.draws import queries as draws
from yitong.domains.draws.contracts import (
    FILE_HALF_DAYS,
    FILE_TITLES,
    BeaconState,
    Count,
    Draw,
    DrawState,
    Entry,
    EntryState,
    VoidReason,
)
from yitong.domains.waitlist import queries as waitlist
from yitong.faces.common import terms
from yitong.faces.common.words import Reader


def words_of_file(language: str) -> str:
    """As JSON, what the words of a draw's file are called in the reader's language; "" where he reads them as they are.

    The checker works without us, so it carries them. Names of doctors stay: the file has them in Chinese alone.
    """
    if language == settings.LANGUAGE_CODE:
        return ""
    half_days = {said: str(terms.HALF_DAYS[key]) for key, said in FILE_HALF_DAYS.items()}
    titles = {said: str(terms.TITLES[key]) for key, said in FILE_TITLES.items()}
    return json.dumps(half_days | titles)


@dataclass(frozen=True, slots=True)
class WayToDraw:
    href: str
    said: str


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    is_done: bool
    is_current: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """`proofs`: (name, characters) in the order in which they became public."""

    state: str
    kind: str
    note: str
    steps: list[Step]
    sessions: list[tuple[str, str]]
    weights: list[tuple[str, str]]
    times: list[tuple[str, str, str]]
    counts: list[tuple[str, str]]
    proofs: list[tuple[str, str]]
    is_open: bool
    has_file: bool


ORDER = (DrawState.PLANNED, DrawState.OPENED, DrawState.CLOSED, DrawState.REVEALED, DrawState.DRAWN, DrawState.SETTLED)


def way_to(hospital_id: UUID, department_id: UUID, in_force: Policies, reader: Reader) -> list[WayToDraw]:
    """The draws of a department that are under way; nothing is asked where it gives by release."""
    if in_force.word("draws.mode") != "by_lot":
        return []
    found = draws.list_under_way(hospital_id, department_id)
    return [WayToDraw(reverse("patient:draw", args=[hospital_id, one.draw_id]), _said(one, reader)) for one in found]


def _said(one: Draw, reader: Reader) -> str:
    if one.state is DrawState.PLANNED:
        return _("这一批号摇号：%(time)s开始报名") % {"time": reader.moment(one.opens_at)}
    if one.state is DrawState.OPENED:
        return _("这一批号摇号：%(time)s前报名，早报晚报机会一样") % {"time": reader.moment(one.closes_at)}
    return _("这一批号正在摇号，报名已截止")


def shown(one: Draw, counts: Sequence[Count], labels: Mapping[UUID, str], reader: Reader, *, has_file: bool) -> Shown:
    """`labels`: of its sessions, in the reader's language (`common.drawn`)."""
    state, kind, note = _state(one, reader)
    return Shown(
        state=state,
        kind=kind,
        note=note,
        steps=_steps(one),
        sessions=[(labels[session.session_id], _("%(n)s 个号") % {"n": session.places}) for session in one.sessions],
        weights=[(reason(name), _("%(n)s 支签") % {"n": lots}) for name, lots in one.weights.items()],
        times=[
            (_("报名开始"), reader.moment(one.opens_at), ""),
            (_("报名截止"), reader.moment(one.closes_at), ""),
            (_("最晚开奖"), reader.moment(one.reveal_by), ""),
            (_("剩下的号放号"), reader.moment(one.release_at), ""),
        ],
        counts=[_count(count) for count in counts],
        proofs=_proofs(one),
        is_open=one.is_open and one.opens_at <= reader.now < one.closes_at,
        has_file=has_file,
    )


def _state(one: Draw, reader: Reader) -> tuple[str, str, str]:
    """A word, its colour, a sentence."""
    match one.state:
        case DrawState.PLANNED:
            return _("未开始"), "info", _("%(time)s开始报名。") % {"time": reader.moment(one.opens_at)}
        case DrawState.OPENED:
            return _("报名中"), "ok", _("%(time)s截止，早报晚报机会一样。") % {"time": reader.moment(one.closes_at)}
        case DrawState.CLOSED | DrawState.REVEALED:
            return _("等待开奖"), "info", _("报名已经封好，谁也不能再改。")
        case DrawState.DRAWN | DrawState.SETTLED:
            return _("已开奖"), "ok", _("名次已公开，可以自己核对。")
    reasons = {
        VoidReason.HOSPITAL: _("医院没有按时提交或公开它的密数，所以这次不摇号。"),
        VoidReason.OPERATOR: _("平台打不开自己的密数，所以这次不摇号。"),
        VoidReason.NOTHING: _("开始报名时没有可以摇的号。"),
        VoidReason.LATE: _("平台没有按时开始或截止，为了不让人怀疑，这次不摇号。"),
    }
    assert one.void_reason is not None
    released = _("号源改为%(time)s放号，谁都可以约；不会再摇一次。") % {"time": reader.moment(one.release_at)}
    return _("已作废"), "warn", reasons[one.void_reason] + released


def _steps(one: Draw) -> list[Step]:
    if one.state is DrawState.VOID:
        return []
    names = (_("公布"), _("报名"), _("封存"), _("公开密数"), _("开奖"), _("分配"))
    at = ORDER.index(one.state)
    is_over = one.state is DrawState.SETTLED
    return [Step(name, n < at or is_over, n == at and not is_over) for n, name in enumerate(names)]


def reason(name: str) -> str:
    names = {"base": _("每份报名"), "lost": _("30 天内在本科室没摇中，再加"), "older": _("有 60 岁及以上的人，再加")}
    return names.get(name, name)


def _count(one: Count) -> tuple[str, str]:
    name = _("有 %(n)s 支签的报名") % {"n": one.weight}
    if one.entries is None:
        return name, _("不足 10 份，不公布")
    if one.won is None:
        return name, _("%(n)s 份") % {"n": one.entries}
    return name, _("%(n)s 份，中签 %(won)s 份") % {"n": one.entries, "won": one.won}


def _proofs(one: Draw) -> list[tuple[str, str]]:
    found = [
        (_("平台密数的封条"), _hex(one.promises.get(Party.OPERATOR))),
        (_("医院密数的封条"), _hex(one.promises.get(Party.HOSPITAL))),
        (_("全部报名的封条"), _hex(one.root)),
        (_("公共随机数"), _beacon(one)),
        (_("平台密数"), _hex(one.secrets.get(Party.OPERATOR))),
        (_("医院密数"), _hex(one.secrets.get(Party.HOSPITAL))),
        (_("种子"), _hex(one.seed)),
    ]
    return [(name, text) for name, text in found if text]


def _beacon(one: Draw) -> str:
    match one.beacon_state:
        case BeaconState.HAD:
            return f"{one.beacon_round}: {_hex(one.beacon_randomness)}"
        case BeaconState.MISSED:
            return _("第 %(n)s 轮，规定时间内没有取到，没有用上") % {"n": one.beacon_round}
        case BeaconState.AWAITED:
            return _("第 %(n)s 轮，还没有公布") % {"n": one.beacon_round}
    return ""


def _hex(value: bytes | None) -> str:
    return value.hex() if value else ""


@dataclass(frozen=True, slots=True)
class Mine:
    """An entry as its holder sees it. `tag` is its state in a word."""

    href: str
    title: str
    tag: str
    tag_kind: str
    said: str
    ticket: str
    people: str
    facts: list[tuple[str, str, str]]
    choices: list[tuple[str, str, str]]  # which in the order, what, what became of it
    can_change: bool  # its sessions, or its mind


def mine(
    one: Entry, draw: Draw, title: str, names: Mapping[UUID, str], labels: Mapping[UUID, str], reader: Reader
) -> Mine:
    tag, kind, said = _fate(one, draw, reader)
    people = "、".join(names.get(patient, "") for patient in one.patient_ids)
    facts = [(_("就诊人"), people, ""), (_("报名时间"), reader.moment(one.applied_at), "")]
    if one.weight is not None:
        facts.append((_("签数"), str(one.weight), "；".join(reason(name) for name in one.reasons)))
    if one.rank is not None:
        facts.append((_("名次"), _("第 %(rank)s 名，共 %(n)s 份") % {"rank": one.rank, "n": draw.count}, ""))
    return Mine(
        href=reverse("patient:draw_entry", args=[one.hospital_id, one.entry_id]),
        title=title,
        tag=tag,
        tag_kind=kind,
        said=said,
        ticket=one.ticket.hex(),
        people=people,
        facts=facts,
        choices=[
            (_("第 %(n)s 志愿") % {"n": n}, labels[session], _refused(one, session, reader))
            for n, session in enumerate(one.session_ids, start=1)
        ],
        can_change=one.state is EntryState.APPLIED and draw.is_open and reader.now < draw.closes_at,
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """What who lost may do now: `sessions` that he may get in line for; or where he is in
    line already."""

    sessions: list[str]
    session_ids: list[UUID]
    href: str = ""


def waiting(one: Entry, labels: Mapping[UUID, str], actor: Actor, reader: Reader) -> Waiting | None:
    """None where nothing was lost, or nothing is to be waited for."""
    if one.state is not EntryState.LOST:
        return None
    for entry in waitlist.list_my_entries(actor, only_live=True):
        is_for_them = set(entry.patient_ids) & set(one.patient_ids)  # others of the family may wait there, too
        if is_for_them and {line.session_id for line in entry.lines} & set(one.session_ids):
            return Waiting([], [], reverse("patient:waitlist_entry", args=[entry.entry_id]))
    found = waitlist.list_joinable(one.hospital_id, one.session_ids, channel=actor.channel, now=reader.now)
    return Waiting([labels[session_id] for session_id in found], found) if found else None


def _fate(one: Entry, draw: Draw, reader: Reader) -> tuple[str, str, str]:
    match one.state:
        case EntryState.WITHDRAWN:
            return _("已撤回"), "info", ""
        case EntryState.WON:
            return _("中签"), "ok", _("号已经约好，请看“我的预约”。")
        case EntryState.LOST:
            return _("未中签"), "info", _("这次没有中签。30 天内再报这个科室的摇号，签会更多。")
    if draw.state is DrawState.VOID:
        return _("已作废"), "warn", _state(draw, reader)[2]
    if draw.state in (DrawState.DRAWN, DrawState.SETTLED):
        return _("分配中"), "info", _("正在按名次分配，请稍后再看。")
    return _("已报名"), "brand", _("%(time)s截止，随后开奖，结果会发消息。") % {"time": reader.moment(draw.closes_at)}


def _refused(one: Entry, session: UUID, reader: Reader) -> str:
    """Why a rule spoke against this choice, in the catalogue's words."""
    if session == one.given:
        return _("中签")
    code = one.refusals.get(session)
    return sentence(code, {}, reader.language).message if code else ""
