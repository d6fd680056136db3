"""Events, reads, seals and dead letters as an auditor reads them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from yitong.core.clock import SHANGHAI
from yitong.core.db.audit import DayLine, EventLine, Letter, LogState
from yitong.core.db.sealing_check import VerifyReport
from yitong.domains.people.contracts.patients import AuditedRead
from yitong.faces.common import terms
from yitong.faces.common.words import Reader
from yitong.faces.office import words

CITY = "city"
MOST_FINDINGS = 50


@dataclass(frozen=True, slots=True)
class Event:
    when: str
    what: str
    code: str
    who: str
    actor: str
    channel: str
    hospital: str
    subject: str
    change: str
    body: list[tuple[str, str]]
    trace_id: str


@dataclass(frozen=True, slots=True)
class Read:
    when: str
    who: str
    actor: str
    patient: str
    hospital: str
    what: str
    purpose: str
    channel: str


@dataclass(frozen=True, slots=True)
class Chain:
    log: str
    place: str
    log_code: str
    shard: str
    rows: str
    seals: str
    sealed: str
    head: str
    last_day: str


@dataclass(frozen=True, slots=True)
class Report:
    is_whole: bool
    rows: str
    seals: str
    days: str
    tail: int
    findings: list[str]
    notices: list[str]
    omitted: int


@dataclass(frozen=True, slots=True)
class LetterLine:
    event_id: UUID
    handler: str
    what: str
    hospital: str
    when: str
    error: str
    stops: bool


def stamp(instant: datetime) -> str:
    """To the second: an auditor compares."""
    return f"{instant.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def cursor(at: datetime, row_id: UUID) -> str:
    return f"{at.isoformat()}_{row_id}"


def people_in(actors: Iterable[str]) -> set[UUID]:
    return {UUID(actor.split(":", 1)[1]) for actor in actors if actor.startswith("staff:")}


def who(actor: str, names: Mapping[UUID, str]) -> str:
    kind, _sep, name = actor.partition(":")
    if kind == "staff":
        return names.get(UUID(name), words.actor_kind(kind))
    return f"{words.actor_kind(kind)} {name}" if kind == "system" else f"{words.actor_kind(kind)} …{name[-6:]}"


def events(lines: Sequence[EventLine], names: Mapping[UUID, str], hospitals: Mapping[UUID, str]) -> list[Event]:
    return [
        Event(
            stamp(one.recorded_at),
            words.operation(one.operation),
            one.operation,
            who(one.actor, names),
            one.actor,
            terms.term(terms.CHANNELS, one.channel),
            hospitals.get(one.hospital_id, "") if one.hospital_id else _("全市"),
            str(one.subject_id),
            " → ".join(state for state in (one.from_state, one.to_state) if state),
            [(name, str(value)) for name, value in one.body.items() if value not in (None, "", [])],
            one.trace_id,
        )
        for one in lines
    ]


def reads(lines: Sequence[AuditedRead], names: Mapping[UUID, str], hospitals: Mapping[UUID, str]) -> list[Read]:
    return [
        Read(
            stamp(one.recorded_at),
            who(one.reader, names),
            one.reader,
            str(one.patient_id),
            hospitals.get(one.hospital_id, "") if one.hospital_id else "–",
            _what(one.what),
            _purpose(one.purpose),
            terms.term(terms.CHANNELS, one.channel),
        )
        for one in lines
    ]


def _what(code: str) -> str:
    said = {
        "patient": _("基本信息"),
        "booking": _("预约"),
        "session_list": _("出诊名单"),
        "fairness_score": _("预约评分和原因"),
        "waitlist": _("候补名单"),
        "search": _("查找就诊人"),
        "qr": _("就诊码"),
        "carrier": _("就诊卡"),
    }
    return said.get(code, code)


def _purpose(code: str) -> str:
    said = {"booking": _("办理预约"), "check_in": _("报到"), "registration": _("登记"), "visit": _("就诊")}
    said |= {"fairness": _("人工复核")}
    return said.get(code, code)


def chains(states: Iterable[LogState], hospitals: Mapping[UUID, str], reader: Reader) -> list[Chain]:
    return [
        Chain(
            terms.term(words.LOGS, one.log),
            place(one.shard, hospitals),
            one.log,
            one.shard,
            f"{one.rows:,}",
            f"{one.seals:,}",
            reader.moment(one.sealed_at),
            one.head,
            one.last_day.isoformat() if one.last_day else "–",
        )
        for one in states
    ]


def place(shard: str, hospitals: Mapping[UUID, str]) -> str:
    return _("全市") if shard == CITY else hospitals.get(UUID(shard), shard)


def days(lines: Iterable[DayLine]) -> list[tuple[str, str, str]]:
    return [(one.day.isoformat(), f"{one.rows:,}", one.root) for one in lines]


def report(found: VerifyReport, hospitals: Mapping[UUID, str]) -> Report:
    return Report(
        found.is_whole,
        f"{found.rows:,}",
        f"{found.seals:,}",
        f"{found.days:,}",
        found.tail,
        [_finding(one.kind, one.log, one.shard, one.place, hospitals) for one in found.findings[:MOST_FINDINGS]],
        [_finding(one.kind, one.log, one.shard, one.place, hospitals) for one in found.notices[:MOST_FINDINGS]],
        found.omitted + max(0, len(found.findings) - MOST_FINDINGS),
    )


def _finding(kind: str, log: str, shard: str, where: str, hospitals: Mapping[UUID, str]) -> str:
    said = {
        "row_changed": _("记录被改过"),
        "row_removed": _("记录被删掉"),
        "row_unsealed": _("记录没有封存"),
        "order_changed": _("封存的顺序变了"),
        "leaves_changed": _("封存的摘要变了"),
        "seal_missing": _("少了一次封存"),
        "seal_changed": _("封存被改过"),
        "signature_broken": _("签名不对"),
        "key_unknown": _("签名的密钥不认识"),
        "day_missing": _("少了一天的总摘要"),
        "day_changed": _("某天的总摘要被改过"),
        "history_rewritten": _("和医院手里的留底对不上"),
        "sealed_late": _("封存晚了"),
        "day_open": _("前一天还没有收口"),
    }
    return " · ".join([said.get(kind, kind), terms.term(words.LOGS, log), place(shard, hospitals), where])


def letters(found: Iterable[Letter], hospitals: Mapping[UUID, str], reader: Reader) -> list[LetterLine]:
    return [
        LetterLine(
            one.event_id,
            one.handler,
            words.operation(one.operation),
            hospitals.get(one.hospital_id, "") if one.hospital_id else _("全市"),
            reader.moment(one.at),
            one.error,
            one.stops_shard,
        )
        for one in found
    ]
