"""The meter of fairness in words, for the public and for the office: who tried, who got a slot, where it differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from yitong.core.cells import Shown
from yitong.domains.booking.contracts import AgeBand
from yitong.domains.fairness.contracts import Alarm, Chance, Group, Line, Meter, Way
from yitong.faces.common import charts, terms, words
from yitong.faces.common.charts import Bar, Chart
from yitong.faces.common.words import Reader

UNTOLD = "*"
BANDS: dict[str, Promise] = {
    AgeBand.CHILD.value: later("17 岁及以下"),
    AgeBand.YOUNG.value: later("18 到 44 岁"),
    AgeBand.MIDDLE.value: later("45 到 59 岁"),
    AgeBand.OLD.value: later("60 到 74 岁"),
    AgeBand.OLDEST.value: later("75 岁及以上"),
}
AGES: dict[str, Promise] = {"60+": later("60 岁及以上"), "0-59": later("不到 60 岁")}
WAYS: dict[str, Promise] = {
    Way.SCRIPT.value: later("网页，脚本开"),
    Way.FORM.value: later("网页，脚本关"),
    Way.PROGRAM.value: later("合作方应用"),
}
TITLES: dict[Group, Promise] = {
    Group.OLD: later("老人和其他人"),
    Group.BAND: later("按年龄"),
    Group.WAY: later("按手机快慢"),
    Group.CHANNEL: later("按用什么约"),
    Group.DISTRICT: later("按医院所在的区"),
    Group.HOSPITAL: later("按医院"),
}
MEANT: dict[Group, Promise] = {
    Group.OLD: later("法律说的老年人是 60 岁及以上。"),
    Group.BAND: later("按就诊人的年龄，不是操作手机的人的年龄。"),
    Group.WAY: later(
        "手机快慢没法量，只看网页脚本开没开：开着，没约上会自动再试；关着（旧手机、省流量），每试一次要重开一页。"
    ),
    Group.CHANNEL: later("只算抢号时能数出来的渠道。医院窗口和 114 不用抢，不在里面。"),
    Group.DISTRICT: later("医院在哪个区，不是人住在哪个区：我们不问您住哪儿。"),
    Group.HOSPITAL: later("每家医院的放号窗口。"),
}


@dataclass(frozen=True, slots=True)
class Head:
    name: str
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    heads: list[Head]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class Figure:
    """As `common/parts/chart.html` takes it."""

    name: str
    title: str
    definition: str
    reading: str
    chart: Chart | None
    tables: list[Table]


@dataclass(frozen=True, slots=True)
class Week:
    """A week of the meter, ready to be read."""

    week: str
    per_hundred: str
    tried: str
    alarms: list[str]
    figures: list[Figure]
    earlier: str
    later: str


class Names:
    """What groups are called by this reader."""

    def __init__(self, reader: Reader, hospitals: Mapping[UUID, str], channels: Mapping[str, str]) -> None:
        self.reader, self.hospitals, self.channels = reader, hospitals, channels

    def of(self, group: Group, name: str) -> str:
        match group:
            case Group.BAND:
                return terms.term(BANDS, name)
            case Group.OLD:
                return terms.term(AGES, name)
            case Group.WAY:
                return terms.term(WAYS, name)
            case Group.CHANNEL:
                return terms.term(terms.CHANNELS, name) if name in terms.CHANNELS else self.channels.get(name, name)
            case Group.DISTRICT:
                return terms.known(name) or _("不清楚")
            case Group.HOSPITAL:
                return self.hospitals.get(UUID(name), name)


def shown(found: Meter, groups: Sequence[Group], names: Names, weeks: Sequence[object]) -> Week:
    """`weeks`: the Mondays that can be asked for, the latest first."""
    at = weeks.index(found.start)
    return Week(
        week=week_words(found.start, names.reader),
        per_hundred=hundred(found.whole),
        tried=number(found.whole.tried),
        alarms=[alarm_words(one, found, names) for one in found.alarms],
        figures=[_figure(group, found.lines.get(group, ()), names) for group in groups],
        earlier=str(weeks[at + 1]) if at + 1 < len(weeks) else "",
        later=str(weeks[at - 1]) if at > 0 else "",
    )


def week_words(start: date, reader: Reader) -> str:
    """From Monday to Sunday."""
    return _("%(begin)s到%(end)s") % {"begin": _day(start, reader), "end": _day(start + timedelta(days=6), reader)}


def _day(day: date, reader: Reader) -> str:
    return words.month_day(day, reader.language)


def alarm_words(one: Alarm, found: Meter, names: Names) -> str:
    """What was found, in hundreds of people as far as they may be told; and what "more than chance" means."""
    lines = {line.name: line.chance for line in found.lines.get(one.group, ())}
    chance, others = lines.get(one.name), _others(one, found)
    said = {"who": names.of(one.group, one.name)}
    if chance is None or chance.share is None or others is None:
        return _("%(who)s约上的明显比别人少。人数太少，不写数字。") % said
    said |= {"n": f"{chance.share * 100:.0f}", "others": f"{others * 100:.0f}"}
    return (
        _("%(who)s：每 100 人约上 %(n)s 人，其他人 %(others)s 人。要是机会真的一样，差这么多，一百次里难得碰上一次。")
        % said
    )


def _others(one: Alarm, found: Meter) -> float | None:
    """The share of all others: the whole less these, where both are told."""
    mine = next((line.chance for line in found.lines.get(one.group, ()) if line.name == one.name), None)
    figures = (found.whole.tried.value, found.whole.got.value, *(_both(mine) if mine else (None, None)))
    if None in figures:
        return None
    tried, got, my_tried, my_got = (n or 0 for n in figures)
    return (got - my_got) / (tried - my_tried) if tried > my_tried else None


def _both(chance: Chance) -> tuple[int | None, int | None]:
    return chance.tried.value, chance.got.value


def hundred(chance: Chance) -> str:
    """Of a hundred people; the sign for what isn't told."""
    return UNTOLD if chance.share is None else f"{chance.share * 100:.0f}"


def number(count: Shown) -> str:
    if count.is_small:
        return "<10"
    return UNTOLD if count.value is None else f"{count.value:,}"


def _figure(group: Group, lines: Sequence[Line], names: Names) -> Figure:
    bars = [_bar(names.of(group, line.name), line.chance) for line in lines]
    heads = [
        Head(_("谁"), is_number=False),
        *map(Head, (_("每百人"), _("约上"), _("想约"))),
    ]
    rows = [
        [bar.label, hundred(line.chance), number(line.chance.got), number(line.chance.tried)]
        for bar, line in zip(bars, lines, strict=True)
    ]
    title = str(TITLES[group])
    tables = [Table(title, heads, rows)] if rows else []
    reading = _reading(bars)
    return Figure(group.value, title, str(MEANT[group]), reading, charts.rows(bars, f"{title}。{reading}"), tables)


def _bar(label: str, chance: Chance) -> Bar:
    share = chance.share
    return Bar(label, None if share is None else round(share * 100, 1), hundred(chance))


def _reading(bars: Sequence[Bar]) -> str:
    told = [bar for bar in bars if bar.value is not None]
    if len(told) < 2:
        return ""
    most, least = max(told, key=lambda bar: bar.value or 0), min(told, key=lambda bar: bar.value or 0)
    if most.said == least.said:
        return _("几组差不多：每 100 人约上 %(n)s 人。") % {"n": most.said}
    said = {"most": most.label, "n": most.said, "least": least.label, "m": least.said}
    return _("最多的是%(most)s，每 100 人约上 %(n)s 人；最少的是%(least)s，%(m)s 人。") % said
