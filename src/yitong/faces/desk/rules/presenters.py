"""The rules of a hospital in words: what is in force, since when, by whose decision."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from yitong.core.policy.keys import KEYS
from yitong.core.policy.kinds import JsonValue, PolicyKey
from yitong.core.policy.values import Policies
from yitong.domains.hospitals.contracts.things import Department, PolicyEntry
from yitong.faces.common import terms
from yitong.faces.common.words import Reader
from yitong.faces.desk import words

GROUPS: tuple[tuple[str, Promise], ...] = (
    ("booking.window", gettext_lazy("放号和可约天数")),
    ("booking.limits", gettext_lazy("预约次数")),
    ("booking.", gettext_lazy("预约")),
    ("waitlist.", gettext_lazy("候补")),
    ("draws.", gettext_lazy("摇号")),
    ("pools.", gettext_lazy("号源分配")),
    ("fairness.", gettext_lazy("公平：评分和慢速通道")),
    ("identity.", gettext_lazy("实名和就诊码")),
    ("staff.", gettext_lazy("职工登录")),
)
CHOICES: dict[str, Promise] = {
    "at_visit": gettext_lazy("就诊时支付"),
    "online": gettext_lazy("网上支付"),
    "random": gettext_lazy("随机延迟"),
    "by_release": gettext_lazy("按时放号"),
    "by_lot": gettext_lazy("摇号"),
    "at_time": gettext_lazy("固定时间"),
}


@dataclass(frozen=True, slots=True)
class RuleLine:
    key: str
    name: str
    here: str
    city: str
    rule: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class HistoryLine:
    at: str
    scope: str
    value: str
    source: str
    who: str
    is_to_come: bool


def name(key: PolicyKey, reader: Reader) -> str:
    return key.en if reader.is_english else key.zh


def choice(word: str) -> str:
    return terms.term(CHOICES, word)


def value(key: PolicyKey, given: JsonValue | None) -> str:
    if given is None:
        return _("跟上一级")
    match key.kind:
        case "bool":
            return _("是") if given else _("否")
        case "share":
            return f"{(Decimal(str(given)) * 100).normalize():f}%"
        case "choice":
            return choice(str(given))
        case "ladder":
            assert isinstance(given, list)
            return "；".join(
                _("%(period)s %(n)s 次锁 %(days)s 天")
                % {"period": terms.term(words.PERIODS, str(s["period"])), "n": s["count"], "days": s["lock_days"]}
                for s in given
            )
    return str(given)


def share_of(percent: Decimal) -> str:
    """`85` → `0.85`, as the policy is stored."""
    return f"{(percent / 100).normalize():f}"


def groups(here: Policies, city: Policies, reader: Reader) -> list[tuple[str, list[RuleLine]]]:
    found: dict[str, list[RuleLine]] = {}
    for key in KEYS.values():
        title = next(str(title) for prefix, title in GROUPS if key.key.startswith(prefix))
        own, theirs = here.raw(key.key), city.raw(key.key)
        line = RuleLine(key.key, name(key, reader), value(key, own), value(key, theirs), key.rule, own != theirs)
        found.setdefault(title, []).append(line)
    return list(found.items())


def history(
    key: PolicyKey,
    entries: Iterable[PolicyEntry],
    names: Mapping[UUID, str],
    departments: Mapping[UUID, Department],
    reader: Reader,
) -> list[HistoryLine]:
    lines = []
    for one in sorted(entries, key=lambda entry: (entry.effective_from, entry.decided_at), reverse=True):
        scope = terms.term(words.SCOPES, one.scope)
        if one.department_id is not None and one.department_id in departments:
            scope = reader.name(departments[one.department_id])
        lines.append(
            HistoryLine(
                at=reader.moment(one.effective_from),
                scope=scope,
                value=value(key, one.value),
                source=one.source,
                who=_who(one.decided_by, names),
                is_to_come=one.effective_from > reader.now,
            )
        )
    return lines


def staff_ids(entries: Iterable[PolicyEntry]) -> set[UUID]:
    found = set()
    for one in entries:
        kind, _colon, key = one.decided_by.partition(":")
        if kind == "staff":
            found.add(UUID(key))
    return found


def _who(decided_by: str, names: Mapping[UUID, str]) -> str:
    kind, _colon, key = decided_by.partition(":")
    if kind == "staff":
        return names.get(UUID(key), _("已离开的职工"))
    return _("系统")
