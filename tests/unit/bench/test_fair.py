"""What the benches of the line would find: a crowd that is favoured, somebody who stands before who came first."""

import random

import pytest
from bench import line
from bench._fair_shapes import Asker, Tally, judged


def runs(count: int, weight: float) -> list[Tally]:
    """Fifty of 550 people are scripts', and so much likelier to be drawn than the others."""
    chance = random.Random(3)
    found = []
    for _ in range(count):
        keys = [(chance.random() ** (1 / (weight if n < 50 else 1.0)), n) for n in range(550)]
        won = [n for _, n in sorted(keys, reverse=True)[:50]]
        found.append(Tally(scripts=50, everybody=550, slots=50, won_by_scripts=sum(n < 50 for n in won), won=50))
    return found


def test_an_even_draw_is_even() -> None:
    verdict = judged(runs(30, 1.0))
    assert verdict.is_even
    assert verdict.chance_script == pytest.approx(verdict.chance_other, rel=0.3)


@pytest.mark.parametrize("weight", [1.5, 0.5, 100.0])
def test_who_is_favoured_or_slighted_is_found(weight: float) -> None:
    assert not judged(runs(30, weight)).is_even


def test_the_expected_spread_is_that_of_drawing_without_putting_back() -> None:
    verdict = judged([Tally(scripts=2, everybody=4, slots=2, won_by_scripts=1, won=2)])
    assert (verdict.expected, round(verdict.deviation**2, 6)) == (1.0, round(1 / 3, 6))


def test_who_stands_before_somebody_that_was_there_already_is_found() -> None:
    people = [Asker("", str(n), "", "") for n in range(3)]
    sent, told = {0: 0.0, 1: 2.0, 2: 2.5}, {0: 1.0, 1: 3.0, 2: 3.0}
    ranks = {"0": (5, True), "1": (6, True), "2": (7, True)}
    assert line.out_of_order(people, sent, told, ranks) == 0
    assert line.out_of_order(people, sent, told, {**ranks, "1": (4, True)}) == 1
    assert line.out_of_order(people, sent, told, {**ranks, "1": (8, True)}) == 0  # two who came together
