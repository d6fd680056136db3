"""Rules as people read them: value, bound, who decides, what changes, who decided when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.core.cells import K
from yitong.core.errors import PolicyInvalid, PolicyLoosened, Refusal
from yitong.core.policy.keys import KEYS
from yitong.core.policy.kinds import JsonValue, PolicyKey, Stricter
from yitong.core.policy.values import Policies
from yitong.domains.hospitals.contracts.things import PolicyDifference, PolicyEntry, PolicyLine, PolicyPreview
from yitong.faces.common.words import Reader
from yitong.faces.office.policies.forms import CHOICES, PERIODS

# What the rules are about, in the order of a booking.
GROUPS = (
    "booking.window",
    "booking.limits",
    "booking",
    "waitlist",
    "draws",
    "pools",
    "identity",
    "staff",
    "fairness",
)


@dataclass(frozen=True, slots=True)
class Rule:
    key: str
    href: str
    name: str
    nation: str
    default: str
    city: str
    is_decided: bool
    coming: str
    hospitals: str
    rule: str


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    rules: list[Rule]


@dataclass(frozen=True, slots=True)
class Decision:
    when: str
    before: str
    after: str
    is_withdrawn: bool
    source: str
    who: str
    decided: str
    is_coming: bool
    is_nation: bool


@dataclass(frozen=True, slots=True)
class Difference:
    name: str
    href: str
    before: str
    after: str
    rule: str


@dataclass(frozen=True, slots=True)
class Words:
    """One sentence that patients read: as now, and as it would be where that differs."""

    now: str
    then: str
    is_changed: bool
    rule: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What a decision would do: the value, the sentences that patients read, and how many it meets."""

    before: str
    after: str
    since: str
    words: list[Words]
    bookings: str
    sessions: str

    @property
    def changed(self) -> list[Words]:
        return [one for one in self.words if one.is_changed]

    @property
    def same(self) -> list[Words]:
        return [one for one in self.words if not one.is_changed]


def name_of(key: PolicyKey, reader: Reader) -> str:
    return key.en if reader.is_english else key.zh


def value(key: PolicyKey, given: JsonValue | None) -> str:
    """A value as people say it, with its unit."""
    match given:
        case None:
            return "–"
        case bool():
            return _("是") if given else _("否")
        case list():
            return "; ".join(_step(step) for step in given)
        case int() if key.kind == "minutes":
            return _("%(n)s 分钟") % {"n": given}
        case str() if key.kind == "share":
            return f"{(Decimal(given) * 100).normalize():f}%"
        case str() if key.kind == "choice":
            return str(CHOICES.get(given, given))
    return str(given)


def _step(step: Mapping[str, int | str]) -> str:
    said = {"period": str(PERIODS[str(step["period"])]), "count": step["count"], "days": step["lock_days"]}
    return _("%(period)s爽约 %(count)s 次，限制 %(days)s 天") % said


def nation(key: PolicyKey) -> str:
    """What no city may go beyond: a bound of the nation, else the range within which the rule makes sense."""
    if key.national is not None:
        said = {"value": value(key, key.national)}
        strict = key.stricter in (Stricter.LOWER, Stricter.NO)
        return _("国家规定：不多于 %(value)s") % said if strict else _("国家规定：不少于 %(value)s") % said
    if key.least is not None and key.most is not None:
        return _("可定 %(least)s 到 %(most)s") % {"least": value(key, key.least), "most": value(key, key.most)}
    return _("国家没有规定")


def hospitals_may(key: PolicyKey) -> str:
    """What a hospital may still decide once the city has."""
    ways = {
        Stricter.LOWER: _("医院可以定得更小"),
        Stricter.HIGHER: _("医院可以定得更大"),
        Stricter.YES: _("医院可以从“否”改成“是”"),
        Stricter.NO: _("医院可以从“是”改成“否”"),
        Stricter.FREE: _("医院可以自己定"),
    }
    way = ways[key.stricter]
    return _("%(way)s，科室也可以") % {"way": way} if key.department else way


def groups(in_force: Policies, decisions: Sequence[PolicyEntry], reader: Reader) -> list[Group]:
    names = {
        "booking.window": _("预约窗口和放号"),
        "booking.limits": _("预约上限"),
        "booking": _("预约、退号和爽约"),
        "waitlist": _("候补"),
        "draws": _("摇号"),
        "pools": _("号源池"),
        "identity": _("身份和登录"),
        "staff": _("职工登录"),
        "fairness": _("公平：评分和慢速通道"),
    }
    sorted_in: dict[str, list[Rule]] = {prefix: [] for prefix in GROUPS}
    for name, key in KEYS.items():
        prefix = next(prefix for prefix in GROUPS if name.startswith(f"{prefix}."))
        sorted_in[prefix].append(rule(key, in_force, decisions, reader))
    return [Group(names[prefix], rules) for prefix, rules in sorted_in.items()]


def rule(key: PolicyKey, in_force: Policies, decisions: Sequence[PolicyEntry], reader: Reader) -> Rule:
    own = [one for one in decisions if one.policy == key.key and one.scope == "city"]
    past = [one for one in own if one.effective_from <= reader.now]
    coming = sorted((one for one in own if one.effective_from > reader.now), key=lambda one: one.effective_from)
    return Rule(
        key.key,
        reverse("office:policy", args=[key.key]),
        name_of(key, reader),
        nation(key),
        value(key, key.default),
        value(key, in_force.raw(key.key)),
        bool(past) and past[0].value is not None,
        _coming(key, coming[0], reader) if coming else "",
        hospitals_may(key),
        key.rule,
    )


def _coming(key: PolicyKey, one: PolicyEntry, reader: Reader) -> str:
    said = {"when": reader.moment(one.effective_from), "value": value(key, one.value)}
    return _("%(when)s起：%(value)s") % said


def history(
    key: PolicyKey, decisions: Iterable[PolicyEntry], names: Mapping[UUID, str], reader: Reader
) -> list[Decision]:
    """The latest first; each with the value that it took the place of."""
    found = list(decisions)
    befores = [*(one.value for one in found[1:]), key.default]
    return [
        Decision(
            reader.moment(one.effective_from),
            value(key, before if before is not None else key.default),
            value(key, one.value if one.value is not None else key.default),
            one.value is None,
            one.source,
            who(one.decided_by, names),
            reader.moment(one.decided_at),
            one.effective_from > reader.now,
            one.scope == "nation",
        )
        for one, before in zip(found, befores, strict=False)
    ]


def deciders(decisions: Iterable[PolicyEntry]) -> set[UUID]:
    return {UUID(one.decided_by.split(":", 1)[1]) for one in decisions if one.decided_by.startswith("staff:")}


def who(actor: str, names: Mapping[UUID, str]) -> str:
    kind, _sep, name = actor.partition(":")
    if kind != "staff":
        return _("系统")
    return names.get(UUID(name), name)


def differences(found: Iterable[PolicyDifference], reader: Reader) -> list[Difference]:
    return [
        Difference(
            name_of(KEYS[one.policy], reader),
            reverse("office:policy", args=[one.policy]),
            value(KEYS[one.policy], one.before),
            value(KEYS[one.policy], one.after),
            one.rule,
        )
        for one in found
    ]


def effect(
    key: PolicyKey, preview: PolicyPreview, since: datetime, *, bookings: int, sessions: int, reader: Reader
) -> Effect:
    """`bookings`, `sessions`: those from that instant on; a count of people below ten isn't told (R-213)."""
    return Effect(
        value(key, preview.value_before),
        value(key, preview.value_after),
        reader.moment(since),
        words(preview),
        "<10" if 0 < bookings < K else f"{bookings:,}",
        f"{sessions:,}",
    )


def why_refused(key: PolicyKey, refusal: Refusal | None, given: JsonValue | None) -> str:
    """A refused value with what stands against it, and whose rule that is."""
    if isinstance(refusal, PolicyInvalid):
        within = {"rule": key.rule, "bound": nation(key), "value": value(key, given)}
        return _("%(rule)s：%(bound)s，所以不能定 %(value)s。") % within
    if not isinstance(refusal, PolicyLoosened):
        return ""
    bound = str(refusal.params["bound"])
    said = {"rule": key.rule, "bound": value(key, int(bound) if bound.isdecimal() else bound)}
    said["value"] = value(key, given)
    return _("%(rule)s：上级规定为 %(bound)s，%(value)s 比它松。只有上级的规定变了才能这样定。") % said


def words(preview: PolicyPreview) -> list[Words]:
    """Line by line; a line that goes or comes stands alone."""
    before = {(line.policy, n): line for n, line in _numbered(preview.lines_before)}
    after = {(line.policy, n): line for n, line in _numbered(preview.lines_after)}
    keys = [*after, *(key for key in before if key not in after)]
    found = []
    for key in keys:
        now, then = before.get(key), after.get(key)
        now_text, then_text = now.text if now else "", then.text if then else ""
        line = then or now
        assert line is not None
        found.append(Words(now_text, then_text, now_text != then_text, line.rule))
    return sorted(found, key=lambda one: not one.is_changed)


def _numbered(lines: Sequence[PolicyLine]) -> list[tuple[int, PolicyLine]]:
    """A policy may have several lines (the ladder): each gets its place among its own."""
    seen: dict[str, int] = {}
    found = []
    for line in lines:
        seen[line.policy] = seen.get(line.policy, 0) + 1
        found.append((seen[line.policy], line))
    return found
