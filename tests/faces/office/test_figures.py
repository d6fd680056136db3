"""Figures that explain themselves: charts that a strict CSP lets stand, and nothing in any of them that R-213 hides."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import clinic as build
from tests import make
from tests.clinic import DAY, NOW

from yitong.core.cells import Guard
from yitong.domains.booking.contracts import ChannelCount, DayCount, LeadCount, SellOut, State, StateCount
from yitong.domains.booking.queries import figures
from yitong.faces.common import charts
from yitong.faces.common.charts import Bar
from yitong.faces.common.words import Reader
from yitong.faces.office.figures import course
from yitong.faces.office.figures.cells import Cells

Enter = Callable[..., Client]
Text = Callable[[Any], str]
READER = Reader("zh-hans", NOW)
H1, H2, H3 = (UUID(int=n) for n in (1, 2, 3))


# -- charts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", [charts.rows, charts.columns])
def test_a_chart_has_nothing_inline_and_says_what_it_is(draw: Callable[..., charts.Chart]) -> None:
    chart = draw([Bar("东院 <&>", 1200, "1,200"), Bar("西院", None, "<10")], "每个院区的预约数")
    assert not re.search(r"<style|<script|\sstyle=|\sid=|\son\w+=|href=|<!--", chart.drawing)
    assert 'role="img" aria-label="每个院区的预约数"' in chart.drawing
    assert ">1,200<" in chart.drawing
    assert ">&lt;10<" in chart.drawing
    assert "东院 &lt;&amp;&gt;" in chart.drawing
    assert "1200" not in chart.drawing  # not even where a tooltip would have had it


def test_bars_are_as_long_as_their_counts() -> None:
    drawing = charts.rows([Bar("a", 100, "100"), Bar("b", 50, "50"), Bar("c", None, "<10")], "").drawing
    bars = re.findall(r'<rect[^>]*class="rect[^>]*>', drawing)
    widths = sorted(float(found[1]) for bar in bars if (found := re.search(r'width="([\d.]+)"', bar)))
    assert widths[-1] / widths[-2] == pytest.approx(2)
    assert len(widths) == 2  # what isn't told has no length


def test_a_chart_of_nothing_and_of_many_days() -> None:
    assert charts.rows([], "").drawing == ""
    days = [Bar(f"11-{n}", n, str(n)) for n in range(1, 32)]
    names = re.findall(r">(11-\d+)<", charts.columns(days, "").drawing)
    assert 4 <= len(names) <= 8  # so that they don't run into each other
    long = charts.rows([Bar("很长的医院名称" * 9, 3, "3")], "").drawing
    assert "很长的医院名称很长的…" in long


# -- what may be told, over several tables of one page -----------------------------------------------------------------


def follows(shown: list[tuple[frozenset[Any], int]]) -> dict[frozenset[Any], int]:
    """Every sum that a reader gets by taking told ones away from told ones, over and over."""
    known = dict(shown)
    fresh = set(known)
    while fresh:
        found = {}
        for one, other in product(known, known):
            if (one in fresh or other in fresh) and other < one and one - other not in known:
                found[one - other] = known[one] - known[other]
        known |= found
        fresh = set(found) if len(known) < 400 else set()
    return known


@pytest.mark.rule("R-213")
@settings(deadline=None)
@given(st.fixed_dictionaries({outcome: st.integers(0, 40) for outcome in course.OUTCOMES}), st.integers(0, 40))
def test_outcomes_beside_the_main_table_give_no_small_count_away(found: dict[str, int], offline: int) -> None:
    """The main table tells of live bookings; this one parts the same bookings by what became of them."""
    live = sum(found[outcome] for outcome in course.LIVE)
    main = Cells({(H1, H1, "web"): max(live - offline, 0), (H1, H1, "desk"): min(live, offline)}, ["web"])
    state_of = {outcome: state for state, outcome in course.OUTCOME_OF.items()}
    table = course.Outcomes(main, [StateCount(H1, state_of.get(one, one), n) for one, n in found.items()])  # type: ignore[arg-type]
    if not table.is_safe:
        return
    shown: list[tuple[frozenset[Any], int]] = []
    for several in [tuple(course.OUTCOMES), course.DUE, *((one,) for one in course.OUTCOMES)]:
        told = table.count(*several).value
        if told is not None:
            assert told == sum(found[outcome] for outcome in several)
            shown.append((frozenset(several), told))
    if main.total().value is not None:
        shown.append((frozenset(course.LIVE), live))
    assert {part: n for part, n in follows(shown).items() if 0 < n < 10} == {}


@pytest.mark.rule("R-213")
@given(st.dictionaries(st.integers(0, 6), st.integers(0, 30)))
def test_a_cut_of_a_total_that_is_told_hides_enough(counts: dict[int, int]) -> None:
    guard = Guard(counts, [(counts, [[key] for key in counts])], known=[counts])
    hidden = {key: n for key, n in guard.counts.items() if guard.shown([key]).value is None}
    assert all(key in hidden for key, n in counts.items() if 0 < n < 10)
    if guard.is_safe and hidden and sum(counts.values()) >= 10:
        assert len(hidden) > 1
        assert sum(hidden.values()) >= 10


@pytest.mark.rule("R-213")
def test_a_total_that_is_told_nowhere_cannot_be_added_up() -> None:
    counts = {1: 20, 2: 30}
    guard = Guard(counts, [(counts, [[key] for key in counts])], secret=[counts])
    assert [guard.shown([key]).value for key in counts] == [None, 30]
    assert guard.shown(counts).value is None


@pytest.mark.rule("R-213")
def test_what_the_others_leave_of_the_city_is_not_told() -> None:
    """The city less its large hospital would be the small one: so the large one's figure gives way."""
    cells = Cells({(H1, H1, "web"): 60, (H1, H1, "desk"): 40, (H2, H2, "web"): 7}, ["web"])
    assert cells.total().value == 107
    assert cells.total(hospital_id=H2).is_small
    assert cells.total(hospital_id=H1).value is None


# -- the page ----------------------------------------------------------------------------------------------------------


def city(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand bookings at one hospital."""
    place = make.clinic(now=NOW)
    h, c = place.hospital_id, place.campus_id
    monkeypatch.setattr(
        figures, "count_by_channel", lambda *asked: [ChannelCount(h, c, "web", 900), ChannelCount(h, c, "desk", 100)]
    )
    monkeypatch.setattr(
        figures, "count_by_day", lambda *asked: [DayCount(DAY, 996), DayCount(DAY + timedelta(days=1), 4)]
    )
    monkeypatch.setattr(
        figures, "count_by_lead", lambda *asked: [LeadCount(1, 300), LeadCount(3, 400), LeadCount(20, 300)]
    )
    states = {State.CONFIRMED: 500, State.DONE: 460, State.MISSED: 40, State.CANCELLED: 250}
    monkeypatch.setattr(
        figures, "count_by_state", lambda *asked: [StateCount(h, state, n) for state, n in states.items()]
    )
    sold = [SellOut(timedelta(minutes=1), 30), SellOut(timedelta(hours=1), 10), SellOut(None, 60)]
    monkeypatch.setattr(figures, "count_sell_outs", lambda *asked, now: sold)


@pytest.mark.rule("R-213")
def test_each_question_has_its_definition_its_chart_and_its_table(
    enter: Enter, text: Text, monkeypatch: pytest.MonkeyPatch
) -> None:
    city(monkeypatch)
    answer = enter("city_operator").get(
        "/office/", {"start": DAY.isoformat(), "end": (DAY + timedelta(days=6)).isoformat()}
    )
    html, page = answer.content.decode(), text(answer)
    assert html.count('class="pygal-chart"') == html.count('class="chart card"') == 7
    assert html.count("<table") >= 7
    assert "取消率 20.0%" in page
    assert "爽约率 8.0%" in page
    assert "提前天数 3 天" in page
    assert "1 分钟内 30 30.0%" in page
    assert "14+ 天 300 30.0%" in page
    assert "996" not in page  # or the four of the next day could be computed
    assert "style=" not in html


@pytest.mark.parametrize("page", ["", "audit/", "audit/reads/"])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_that_no_calendar_has_is_refused_beside_its_field(page: str, day: str, enter: Enter) -> None:
    answer = enter("auditor").get(f"/office/{page}", {"start": day, "end": day})
    assert answer.status_code == 422
    assert "请检查年份" in answer.content.decode()


def test_a_year_is_told_by_weeks_and_without_releases(enter: Enter, text: Text) -> None:
    answer = enter("auditor").get("/office/", {"start": "2026-01-01", "end": "2026-12-31"})
    page = text(answer)
    assert "按周" in page
    assert "选 92 天以内的日子" in page
    assert "2025-12-29" in page  # the Monday in whose week the year begins


def test_common_days_are_one_press_away(enter: Enter) -> None:
    answer = enter("auditor").get("/office/")
    links = re.findall(
        r'class="chip" href="\?start=([\d-]+)&amp;end=([\d-]+)"( aria-current="true")?>([^<]+)<',
        answer.content.decode(),
    )
    spans = {name: (date.fromisoformat(begin), date.fromisoformat(until)) for begin, until, _now, name in links}
    assert ("true" in links[0][2], links[0][3]) == (True, "今后 7 天")
    assert all(bool(now) is (spans[name] == spans["今后 7 天"]) for *_span, now, name in links)
    assert spans["上周"][0].weekday() == spans["本周"][0].weekday() == 0
    assert spans["本周"][0] <= READER.today <= spans["本周"][1]
    assert spans["上周"][1] + timedelta(days=1) == spans["本周"][0]
    assert spans["上个月"][0].day == 1


def test_as_many_queries_at_many_bookings_as_at_one(enter: Enter, django_assert_num_queries: Any) -> None:
    client = enter("city_operator")
    asked = {"start": DAY.isoformat(), "end": DAY.isoformat()}
    client.get("/office/", asked)
    for _n in range(2):
        place = build.clinic()
        actor, patient = build.holder()
        build.hold(place, patient, actor)
        client.get("/office/", asked)  # new places are read once
        with django_assert_num_queries(15):
            assert client.get("/office/", asked).status_code == 200


def test_long_names_and_unknown_channels_stand(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make.clinic(now=NOW)
    counts = [
        ChannelCount(place.hospital_id, place.campus_id, "partner-" + "x" * 24, 50),
        ChannelCount(uuid4(), uuid4(), "web", 50),
    ]
    monkeypatch.setattr(figures, "count_by_channel", lambda *asked: counts)
    assert enter("auditor").get("/office/").status_code == 200
