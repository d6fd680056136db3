"""Colour by computation: each pair of text and ground that the components use, in light and in dark (R-221)."""

import re
from pathlib import Path

import pytest

from yitong.faces import common

STATIC = Path(common.__file__).parent / "static/yitong"
TOKENS = (STATIC / "tokens.css").read_text(encoding="utf-8")

TEXT = [  # (ink, ground): at least 4.5:1
    *((ink, ground) for ink in ("ink", "ink-2", "brand", "brand-strong") for ground in ("paper", "surface", "sunken")),
    *(
        (f"{kind}", ground)
        for kind in ("ok", "warn", "danger", "info")
        for ground in (f"{kind}-soft", "surface", "paper")
    ),
    *(("ink", f"{kind}-soft") for kind in ("ok", "warn", "danger", "info", "brand")),
    ("ink-2", "brand-soft"),
    ("brand", "brand-soft"),
    ("brand-strong", "brand-soft"),
    ("brand-ink", "brand"),
    ("brand-ink", "brand-strong"),
    ("hero-ink", "hero"),
    ("hero-ink-2", "hero"),
    ("hero", "hero-ink"),
    ("danger-ink", "danger"),
    ("surface", "ink"),
]
SHAPES = [
    ("line-strong", "surface"),
    ("line-strong", "paper"),
    ("brand", "surface"),
    ("focus", "surface"),
    ("focus", "paper"),
]


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6})", block))


LIGHT = tokens(TOKENS.split("@media (prefers-color-scheme: dark)")[0])
DARK = LIGHT | tokens(TOKENS.split("@media (prefers-color-scheme: dark)")[1])


def luminance(colour: str) -> float:
    def linear(value: int) -> float:
        share = value / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_computation_matches_known_pairs() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.rule("R-221")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_reads_on_its_ground(scheme: str) -> None:
    colours = LIGHT if scheme == "light" else DARK
    weak = {
        pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2)
        for pair in TEXT
        if contrast(colours[pair[0]], colours[pair[1]]) < 4.5
    }
    assert weak == {}


@pytest.mark.rule("R-221")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_of_inputs_and_focus_are_seen(scheme: str) -> None:
    colours = LIGHT if scheme == "light" else DARK
    weak = {
        pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2)
        for pair in SHAPES
        if contrast(colours[pair[0]], colours[pair[1]]) < 3
    }
    assert weak == {}


@pytest.mark.rule("R-222")
def test_large_type_is_large_enough() -> None:
    """Text of at least 18 px, settable to at least 30; targets of 60 px; everything else is in rem and follows."""
    percent = {
        name: float(value) for name, value in re.findall(r'data-size="(\w+)"\] \{\s*font-size: ([\d.]+)%', TOKENS)
    }
    target = float(re.search(r"--target: ([\d.]+)rem", TOKENS)[1])  # type: ignore[index]
    smallest = 0.875
    assert 16 * percent["large"] / 100 * smallest >= 18
    assert 16 * percent["largest"] / 100 >= 30
    assert 16 * percent["large"] / 100 * target >= 60
    assert 16 * target >= 44
    for sheet in ("base.css", "components.css"):
        assert re.findall(r"font-size:\s*[\d.]+px", (STATIC / sheet).read_text(encoding="utf-8")) == []
