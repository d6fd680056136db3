"""What the slow phone of `bench pages` finds becomes figures and checks; without a browser nothing counts as held."""

from dataclasses import replace

import pytest
from bench import _phone

FINE = _phone.Look(paint_ms=1499, shift=0.049, interaction_ms=99, bytes=100_000, script_bytes=15_000)


def test_limits_are_those_of_the_budget() -> None:
    assert set(_phone.checks({"home": FINE, "book": FINE}).values()) == {True}


@pytest.mark.parametrize(
    ("name", "value", "broken"),
    [
        ("paint_ms", 1500, "phone_largest_paint_below_1500_ms"),
        ("shift", 0.05, "phone_layout_shift_below_0.05"),
        ("interaction_ms", 100, "phone_interaction_below_100_ms"),
        ("bytes", 100_001, "phone_first_load_within_100_kB"),
        ("script_bytes", 15_001, "phone_script_within_15_kB"),
    ],
)
def test_one_page_beyond_a_limit_breaks_that_check(name: str, value: float, broken: str) -> None:
    found = _phone.checks({"home": FINE, "book": replace(FINE, **{name: value})})
    assert [check for check, held in found.items() if not held] == [broken]


def test_without_a_browser_every_check_is_false_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_phone, "CHROMIUM", "/nowhere/chromium")
    looks = _phone.measure(1, {}, "", rounds=1)
    assert looks is None
    assert set(_phone.checks(looks).values()) == {False}
    assert "no Chromium at /nowhere/chromium" in _phone.figures(looks)["phone"]
    assert _phone.line(looks) == "slow phone not measured"


def test_of_several_looks_the_middle_time_and_the_worst_of_what_does_not_vary() -> None:
    looks = [replace(FINE, paint_ms=paint, interaction_ms=paint / 10, shift=paint / 1e5) for paint in (900, 700, 1900)]
    assert _phone.summed(looks) == replace(FINE, paint_ms=900, interaction_ms=90, shift=0.019)
