"""How booking goes: by day, how early, what became of it, how fast a release is gone. Each with what may be told of it
beside the main table (R-213): see `core.cells`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext

from yitong.core.cells import Guard, Shown
from yitong.domains.booking.contracts import DayCount, LeadCount, SellOut, State, StateCount
from yitong.faces.common import charts, terms
from yitong.faces.common.charts import Bar
from yitong.faces.common.words import Reader
from yitong.faces.office.figures.cells import Cells
from yitong.faces.office.figures.presenters import Figure, Head, Headline, Table, bar, percent, spoken

Key = TypeVar("Key")

MOST_DAYS = 31  # above it a column is a week
# How early, in days: (from, to), the last without end.
LEADS = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6), (7, 7), (8, 13), (14, None))
CAME, WAITING = "came", "waiting"
OUTCOMES: dict[str, Promise] = {
    CAME: later("已来就诊"),
    WAITING: later("还没到就诊的时候"),
    State.MISSED: terms.BOOKING_STATES["missed"],
    State.CANCELLED: terms.BOOKING_STATES["cancelled"],
    State.EXPIRED: terms.BOOKING_STATES["expired"],
    State.STOPPED: terms.BOOKING_STATES["stopped"],
}
OUTCOME_OF = {
    State.HELD: WAITING,
    State.CONFIRMED: WAITING,
    State.CHECKED_IN: CAME,
    State.IN_VISIT: CAME,
    State.DONE: CAME,
}
LIVE = (CAME, WAITING, State.MISSED)
DUE = (CAME, State.MISSED)
ENDED = (State.CANCELLED, State.EXPIRED, State.STOPPED)
TOO_FEW = later("人数太少，写出来会指到具体的人，所以不写。")


def _beside(of: Cells, counts: Mapping[Key, int]) -> Guard[Key]:
    """One more cut of all live bookings."""
    whole = [list(counts)]
    families = [(list(counts), [[key] for key in counts])]
    if of.total().value is None:
        return Guard(counts, families, secret=whole)
    return Guard(counts, families, known=whole)


# -- by day ------------------------------------------------------------------------------------------------------------


def by_day(of: Cells, counts: Iterable[DayCount], start: date, end: date, reader: Reader) -> Figure:
    """A column for each day, or for each week where there are more than 31."""
    is_daily = (end - start).days < MOST_DAYS
    step = timedelta(days=1 if is_daily else 7)
    first = start if is_daily else start - timedelta(days=start.weekday())
    found: dict[date, int] = {}
    for one in counts:
        begin = one.day if is_daily else one.day - timedelta(days=one.day.weekday())
        found[begin] = found.get(begin, 0) + one.bookings
    guard = _beside(of, found)
    days = [first + step * n for n in range((end - first) // step + 1)]
    bars = [bar(f"{day.month}-{day.day}", guard.shown([day])) for day in days]
    rows = [[_named(day, reader, is_daily=is_daily), one.said] for day, one in zip(days, bars, strict=True)]
    title = _("按就诊日期") if is_daily else _("按周")
    heads = [Head(_("就诊日期") if is_daily else _("从这天起的一周"), is_number=False), Head(_("预约数"))]
    definition = _("每天有多少人要来看病") if is_daily else _("每周（从周一算起）有多少人要来看病")
    if not guard.is_safe:
        return Figure("days", title, definition, None, [], str(TOO_FEW))
    return Figure(
        "days", title, definition, charts.columns(bars, spoken(definition, bars)), [Table(title, heads, rows)]
    )


def _named(day: date, reader: Reader, *, is_daily: bool) -> str:
    return reader.day(day) if is_daily else day.isoformat()


# -- how early ---------------------------------------------------------------------------------------------------------


def by_lead(of: Cells, counts: Sequence[LeadCount]) -> Figure:
    found = dict.fromkeys(LEADS, 0)
    for one in counts:
        found[_lead_of(one.days)] += one.bookings
    guard = _beside(of, found)
    title, definition = _("提前几天预约"), _("从预约那天到就诊那天隔几天，按北京时间的日期算")
    if not guard.is_safe:
        return Figure("leads", title, definition, None, [], str(TOO_FEW))
    bars = [bar(_lead_label(lead), guard.shown([lead])) for lead in LEADS]
    whole = of.total()
    rows = [
        [_lead_name(lead), one.said, percent(_share(guard.shown([lead]), whole))]
        for lead, one in zip(LEADS, bars, strict=True)
    ]
    heads = [Head(_("提前"), is_number=False), Head(_("预约数")), Head(_("占全部"))]
    named = [Bar(row[0], one.value, one.said) for row, one in zip(rows, bars, strict=True)]
    says = spoken(_("提前几天预约的人数"), named)
    return Figure("leads", title, definition, charts.columns(bars, says), [Table(title, heads, rows)])


def median_lead(of: Cells, counts: Sequence[LeadCount]) -> Headline:
    """Half of the bookings are made at least so many days ahead."""
    note = _("一半的预约提前这么多天，或者更早")
    if of.total().value is None:
        return Headline(_("提前天数"), "–", note)
    days = [one.days for one in sorted(counts, key=lambda one: one.days) for _n in range(one.bookings)]
    said = ngettext("%(n)s 天", "%(n)s 天", days[len(days) // 2]) % {"n": days[len(days) // 2]} if days else "–"
    return Headline(_("提前天数"), said, note)


def _lead_of(days: int) -> tuple[int, int | None]:
    return next(lead for lead in reversed(LEADS) if max(days, 0) >= lead[0])


def _lead_label(lead: tuple[int, int | None]) -> str:
    least, most = lead
    return str(least) if least == most else f"{least}+" if most is None else f"{least}–{most}"


def _lead_name(lead: tuple[int, int | None]) -> str:
    if lead == (0, 0):
        return _("当天")
    return _("%(days)s 天") % {"days": _lead_label(lead)}


def _share(part: Shown, whole: Shown) -> float | None:
    return None if part.value is None or not whole.value else part.value / whole.value


# -- what became of them -----------------------------------------------------------------------------------------------


class Outcomes:
    """Bookings of the city by what became of them, cancelled ones too. Not by hospital: so many small counts of so many
    hospitals would follow from each other that little could be told."""

    def __init__(self, of: Cells, counts: Iterable[StateCount]) -> None:
        found: dict[str, int] = {}
        for one in counts:
            outcome = OUTCOME_OF.get(one.state, one.state)
            found[outcome] = found.get(outcome, 0) + one.bookings
        families: list[tuple[Iterable[str], Iterable[Iterable[str]]]] = [
            (OUTCOMES, [[outcome] for outcome in OUTCOMES]),
            (OUTCOMES, [LIVE, ENDED]),
            (LIVE, [DUE, [WAITING]]),
            *((part, [[outcome] for outcome in part]) for part in (LIVE, DUE, ENDED)),
        ]
        if of.total().value is None:
            self._guard = Guard(found, families, secret=[LIVE])
        else:
            self._guard = Guard(found, families, known=[LIVE])
        self.is_safe = self._guard.is_safe

    def count(self, *outcomes: str) -> Shown:
        """One outcome, those whose visit was due, or all."""
        return self._guard.shown(outcomes or OUTCOMES)

    def cancelled(self) -> float | None:
        return _share(self.count(State.CANCELLED), self.count()) if self.is_safe else None

    def missed(self) -> float | None:
        """Of those whose visit was due."""
        return _share(self.count(State.MISSED), self.count(*DUE)) if self.is_safe else None


def rates(outcomes: Outcomes) -> list[Headline]:
    return [
        Headline(_("取消率"), percent(outcomes.cancelled()), _("患者取消的 ÷ 全部预约，取消和停诊的也算在内")),
        Headline(_("爽约率"), percent(outcomes.missed()), _("爽约的 ÷ 到了就诊时候的预约")),
    ]


def by_outcome(outcomes: Outcomes) -> Figure:
    title = _("后来怎么样了")
    definition = _("就诊日期在这些天里的全部预约，现在各是什么状态。医院停诊的不怪患者，不算取消，也不算爽约。")
    if not outcomes.is_safe:
        return Figure("outcomes", title, definition, None, [], str(TOO_FEW))
    bars = [bar(str(name), outcomes.count(outcome)) for outcome, name in OUTCOMES.items()]
    whole = outcomes.count()
    shares = [percent(_share(outcomes.count(outcome), whole)) for outcome in OUTCOMES]
    city = [[one.label, one.said, share] for one, share in zip(bars, shares, strict=True)]
    heads = [Head(_("状态"), is_number=False), Head(_("预约数")), Head(_("占全部"))]
    drawing = charts.rows(bars, spoken(_("全部预约的状态"), bars))
    return Figure("outcomes", title, definition, drawing, [Table(title, heads, city)])


# -- how fast a release is gone ----------------------------------------------------------------------------------------


def by_sell_out(counts: Sequence[SellOut] | None) -> Figure:
    """Counts sessions, not people, so nothing has to be hidden."""
    title = _("放号后多久约满")
    definition = _("从放号到网上的号第一次全部约出去用了多久；后来退回来的号不改变它。数的是出诊单元，不是人。")
    if counts is None:
        return Figure("releases", title, definition, None, [], _("选 92 天以内的日子，才算得出来。"))
    whole = sum(one.sessions for one in counts)
    if not whole:
        return Figure("releases", title, definition, None, [], _("这些天里没有放过网上的号。"))
    bars = [Bar(_within(one.within), one.sessions, f"{one.sessions:,}") for one in counts]
    rows = [[one.label, one.said, percent((one.value or 0) / whole)] for one in bars]
    heads = [Head(_("约满用时"), is_number=False), Head(_("出诊单元数")), Head(_("占全部"))]
    return Figure("releases", title, definition, charts.rows(bars, spoken(title, bars)), [Table(title, heads, rows)])


def _within(limit: timedelta | None) -> str:
    if limit is None:
        return _("还没约满")
    minutes = limit // timedelta(minutes=1)
    return {1: _("1 分钟内"), 10: _("10 分钟内"), 60: _("1 小时内"), 24 * 60: _("1 天内")}.get(minutes, _("1 天以后"))
