"""Family members, their cards, and who looked at their record, as plain words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.domains.hospitals.contracts.things import Hospital
from yitong.domains.people.contracts.patients import Carrier, PatientCard, ReadLine, Verification
from yitong.domains.people.contracts.words import (
    CarrierKind,
    CarrierState,
    IdentityLevel,
    VerificationState,
)
from yitong.faces.common import terms
from yitong.faces.common.words import Reader
from yitong.faces.patient import handing

LEVEL_TAGS = {"declared": "warn", "verified": "ok", "seen": "ok"}


@dataclass(frozen=True, slots=True)
class Member:
    href: str
    mark: str
    name: str
    full_name: str
    relation: str
    identity: str
    level: str
    level_tag: str
    is_verified: bool
    is_guarded: bool
    verification: str
    is_being_verified: bool


@dataclass(frozen=True, slots=True)
class CarrierLine:
    name: str
    value: str
    state: str
    ask_href: str = ""  # where it can be asked for (again)
    ask_words: str = ""
    handed: str = ""  # what the hospital is given then


@dataclass(frozen=True, slots=True)
class Read:
    when: str
    who: str
    what: str


@dataclass(frozen=True, slots=True)
class Code:
    text: str
    expires_at: datetime


def member(card: PatientCard, reader: Reader, verification: Verification | None = None) -> Member:
    return Member(
        href=reverse("patient:person", args=[card.patient_id]),
        mark=card.name[:1],
        name=card.name_masked,
        full_name=card.name,
        relation=terms.term(terms.RELATIONS, card.relation),
        identity=" · ".join(filter(None, (card.identity_masked, reader.age(card.birth_date)))),
        level=terms.term(terms.LEVELS, card.level),
        level_tag=LEVEL_TAGS[card.level],
        is_verified=card.level is not IdentityLevel.DECLARED,
        is_guarded=card.is_guarded,
        verification=verification_words(verification),
        is_being_verified=verification is not None and verification.state is VerificationState.ASKED,
    )


def verification_words(verification: Verification | None) -> str:
    """Where the real-name check stands, and what to do when it failed (R-045)."""
    match verification.state if verification else None:
        case VerificationState.ASKED:
            return _("正在核验，通常一分钟内有结果，不用守在这一页")
        case VerificationState.NOT_MATCHED:
            return _("姓名和证件号码对不上。请核对后移除重加，或带证件到医院窗口核验")
        case VerificationState.UNKNOWN:
            return _("核验机构没有答复。可以再试一次，或带证件到医院窗口，打 114 也能预约")
        case VerificationState.ELSEWHERE:
            return _("这个人已是另一个账号的本人。请用那个账号登录，或带证件到医院窗口")
    return ""


def carriers(
    found: Iterable[Carrier], hospitals: Mapping[str, Hospital], reader: Reader, *, can_ask: bool
) -> list[CarrierLine]:
    """A refusal or a silence that something followed is left out: the hospital's last word counts (R-049)."""
    found = list(found)
    last = {c.issuer: c for c in found if c.kind is CarrierKind.HOSPITAL_NUMBER and c.state is not CarrierState.ENDED}
    return [
        _line(c, hospitals.get(c.issuer), reader, can_ask=can_ask)
        for c in found
        if c.kind is not CarrierKind.HOSPITAL_NUMBER
        or c.state in (CarrierState.ACTIVE, CarrierState.ENDED)
        and c.value_masked
        or last.get(c.issuer) is c
    ]


def _line(carrier: Carrier, hospital: Hospital | None, reader: Reader, *, can_ask: bool) -> CarrierLine:
    where = reader.name(hospital) if hospital else ""
    line = CarrierLine(
        name=" · ".join(part for part in (terms.term(terms.CARRIERS, carrier.kind), where) if part),
        value=carrier.value_masked,
        state=_("医院还没有答复") if carrier.is_unanswered else _state(carrier.state),
    )
    if hospital is None or not can_ask or not (carrier.is_unanswered or carrier.state is CarrierState.REFUSED):
        return line
    return _asking(line, carrier.patient_id, hospital, _("再请医院建档"), reader)


def _state(state: CarrierState) -> str:
    return {
        CarrierState.PENDING: _("正在建档"),
        CarrierState.REFUSED: _("医院建档未成功"),
        CarrierState.ENDED: _("已停用"),
    }.get(state, "")


def _asking(line: CarrierLine, patient_id: UUID, hospital: Hospital, button: str, reader: Reader) -> CarrierLine:
    """With the form that has the hospital asked, and what its press agrees to (R-049)."""
    href = reverse("patient:person_number", args=[patient_id, hospital.hospital_id])
    return replace(line, ask_href=href, ask_words=button, handed=handing.words(reader.name(hospital), button))


def has_no_number(found: Iterable[Carrier], issuer: str) -> bool:
    """Whether a hospital has given him no number, and nobody has asked it for one."""
    there = (c for c in found if c.kind is CarrierKind.HOSPITAL_NUMBER and c.issuer == issuer)
    return all(c.state is CarrierState.ENDED for c in there)


def missing_number(patient_id: UUID, hospital: Hospital, reader: Reader) -> CarrierLine:
    name = f"{terms.term(terms.CARRIERS, CarrierKind.HOSPITAL_NUMBER)} · {reader.name(hospital)}"
    return _asking(CarrierLine(name, "", _("还没有")), patient_id, hospital, _("请医院建档"), reader)


def reads(lines: Iterable[ReadLine], hospitals: Mapping[UUID, Hospital], reader: Reader) -> list[Read]:
    return [_read(line, hospitals, reader) for line in lines]


def all_reads(
    found: Iterable[tuple[PatientCard, ReadLine]], hospitals: Mapping[UUID, Hospital], reader: Reader
) -> list[Read]:
    """Of several people, the newest first; each line says whose record it was."""
    ordered = sorted(found, key=lambda pair: pair[1].at, reverse=True)
    return [_read(line, hospitals, reader, whose=card.name_masked) for card, line in ordered]


def _read(line: ReadLine, hospitals: Mapping[UUID, Hospital], reader: Reader, *, whose: str = "") -> Read:
    return Read(
        when=reader.moment(line.at),
        who=_reader(line, hospitals, reader),
        what=" · ".join(part for part in (whose, _what(line.what), _purpose(line.purpose)) if part),
    )


def _reader(line: ReadLine, hospitals: Mapping[UUID, Hospital], reader: Reader) -> str:
    hospital = hospitals.get(line.hospital_id) if line.hospital_id else None
    place = reader.name(hospital) if hospital else ""
    kind = line.reader.split(":", 1)[0]
    who = {"staff": _("医院工作人员"), "channel": _("合作渠道"), "system": _("系统")}.get(kind, _("本人账号"))
    return " · ".join(part for part in (place, who) if part)


def _what(code: str) -> str:
    words = {
        "patient": _("基本信息"),
        "booking": _("预约"),
        "session_list": _("出诊名单"),
        "fairness_score": _("预约评分和原因"),
        "waitlist": _("候补名单"),
        "search": _("查找就诊人"),
        "qr": _("就诊码"),
        "carrier": _("就诊卡"),
        "carriers": _("就诊卡"),
        "resolve": _("凭卡或证件找就诊人"),
        "registration": _("登记"),
    }
    return words.get(code, _("就诊人信息"))


def _purpose(code: str) -> str:
    """What for; where a channel gives words of its own that we don't know, nothing rather than a code."""
    words = {
        "booking": _("办理预约"),
        "window_booking": _("在窗口预约"),
        "fairness": _("人工复核"),
        "desk": _("在窗口办理"),
        "check_in": _("报到"),
        "qr": _("报到"),
        "registration": _("登记"),
        "identification": _("核对身份"),
        "merge": _("合并重复档案"),
        "visit": _("就诊"),
    }
    return words.get(code, "")
