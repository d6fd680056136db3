"""What the meter tells gives nobody away, and its alarm is neither deaf nor nervous."""

import random
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yitong.domains.booking.contracts import AgeBand
from yitong.domains.fairness.contracts import Group, Way
from yitong.domains.fairness.rules.meter import Cell, Counted, Told, is_worse, worse_ones

HOSPITALS = (("h1", "东城区"), ("h2", "东城区"), ("h3", "西城区"))
CHANNELS, WAYS = ("web", "app"), (Way.SCRIPT.value, Way.FORM.value)
BANDS = (AgeBand.YOUNG.value, AgeBand.OLD.value, AgeBand.OLDEST.value)
CELLS = [Cell(h, d, c, w, b) for (h, d), c, w, b in product(HOSPITALS, CHANNELS, WAYS, BANDS)]
MARGIN, LEAST = Decimal("0.05"), 200

people = st.builds(lambda tried, share: Counted(tried, round(tried * share)), st.integers(0, 40), st.floats(0, 1))
weeks = st.dictionaries(st.sampled_from(CELLS), people, max_size=len(CELLS))


def parts(week: dict[Cell, Counted], group: Group) -> dict[str, Counted]:
    found: dict[str, Counted] = {}
    for cell, one in week.items():
        before = found.get(cell.in_group(group), Counted(0, 0))
        found[cell.in_group(group)] = Counted(before.tried + one.tried, before.got + one.got)
    return found


@pytest.mark.rule("R-213")
@given(weeks)
def test_what_is_told_is_true_and_never_small(week: dict[Cell, Counted]) -> None:
    told = Told(week)
    for group in Group:
        truth = parts(week, group)
        for line in told.lines(group):
            tried, got = line.chance.tried.value, line.chance.got.value
            assert tried in (None, truth[line.name].tried)
            assert got in (None, truth[line.name].got)
            assert tried in (None, 0) or tried >= 10
            assert got in (None, 0) or got >= 10
            if tried is not None and got is not None:
                assert tried - got == 0 or tried - got >= 10  # who got none follows at once


@pytest.mark.rule("R-213")
@given(weeks)
def test_nothing_untold_follows_by_taking_the_told_ones_away(week: dict[Cell, Counted]) -> None:
    told = Told(week)
    if not told.is_safe:
        assert told.whole().tried.value is None
        assert all(told.lines(group) == () for group in Group)
        return
    whole = told.whole()
    for group in Group:
        truth = parts(week, group)
        for pick in ("tried", "got", "lost"):
            of_whole = value(whole.tried.value, whole.got.value, pick)
            if of_whole is None:
                continue
            untold = [
                value(truth[line.name].tried, truth[line.name].got, pick)
                for line in told.lines(group)
                if value(line.chance.tried.value, line.chance.got.value, pick) is None
            ]
            hidden = sum(n or 0 for n in untold)  # one of them may be nobody, which the reader can't know either
            assert hidden == 0 or (len(untold) > 1 and hidden >= 10)


def value(tried: int | None, got: int | None, pick: str) -> int | None:
    if pick == "tried":
        return tried
    if pick == "got":
        return got
    return None if tried is None or got is None else tried - got


def test_enough_people_are_told_whole() -> None:
    told = Told({cell: Counted(100, 40) for cell in CELLS})
    assert told.whole().share == pytest.approx(0.4)
    assert {len(told.lines(group)) for group in Group} == {2, 3}
    assert all(line.chance.share == pytest.approx(0.4) for group in Group for line in told.lines(group))


# -- the alarm -------------------------------------------------------------------------------------------------------


def a_week(seed: int, chances: dict[str, float], *, people: int = 300) -> dict[Cell, Counted]:
    """So many people in each cell try their luck; `chances` by age."""
    chance = random.Random(seed)
    return {
        cell: Counted(people, sum(chance.random() < chances[cell.band] for _ in range(people)))
        for cell in CELLS
        if cell.channel == "web"
    }


@pytest.mark.rule("R-226")
def test_the_alarm_hears_the_old_lose_and_is_quiet_where_all_are_alike() -> None:
    same = dict.fromkeys(BANDS, 0.3)
    worse = {**same, AgeBand.OLD.value: 0.2, AgeBand.OLDEST.value: 0.2}
    alarmed = [worse_ones(a_week(seed, worse), margin=MARGIN, least=LEAST) for seed in range(100)]
    assert all((Group.OLD, "60+") in found for found in alarmed)
    quiet = [worse_ones(a_week(seed, same), margin=MARGIN, least=LEAST) for seed in range(200)]
    assert sum(bool(found) for found in quiet) == 0  # the margin alone sees to that, with so many people


def test_without_a_margin_chance_alone_alarms_once_in_a_hundred_times() -> None:
    same = dict.fromkeys(BANDS, 0.3)
    found = [
        (Group.OLD, "60+") in worse_ones(a_week(seed, same, people=60), margin=Decimal(0), least=LEAST)
        for seed in range(2000)
    ]
    assert 5 <= sum(found) <= 40  # 20 expected


@pytest.mark.parametrize(
    ("one", "others", "is_alarm"),
    [
        (Counted(1000, 200), Counted(1000, 300), True),
        (Counted(1000, 300), Counted(1000, 200), False),  # better, not worse
        (Counted(199, 20), Counted(1000, 300), False),  # too few people
        (Counted(1000, 200), Counted(199, 60), False),
        (Counted(100_000, 30_000), Counted(100_000, 34_000), False),  # sure, but small
        (Counted(200, 56), Counted(200, 68), False),  # 6 points, but it may be chance
        (Counted(0, 0), Counted(1000, 300), False),
        (Counted(1000, 0), Counted(1000, 0), False),
    ],
)
def test_the_alarm_wants_enough_people_a_gap_and_more_than_chance(
    one: Counted, others: Counted, *, is_alarm: bool
) -> None:
    assert is_worse(one, others, margin=MARGIN, least=LEAST) is is_alarm
