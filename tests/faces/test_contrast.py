"""Colour by computation: each pair of text and ground that the components use, in light and in dark (R-221)."""

import re
from pathlib import Path

import pytest

from yitong.faces import common

FACES = Path(common.__file__).parents[1]
STATIC = Path(common.__file__).parent / "static/yitong"
TOKENS = (STATIC / "tokens.css").read_text(encoding="utf-8")

GROUNDS = ("paper", "surface")
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
SHAPES = [  # (shape, ground): at least 3:1
    *(
        (shape, ground)
        for shape in ("line-strong", "focus", "brand", "ok", "warn", "danger", "ink-2")
        for ground in GROUNDS
    ),
    *((f"{kind}", f"{kind}-soft") for kind in ("ok", "warn", "danger", "info")),
    ("focus", "brand-soft"),
    ("line-strong", "brand-soft"),
    ("brand", "brand-soft"),
    ("surface", "ink"),
    ("brand-ink", "brand"),
]
# What is told apart by more than its colour: a line between rows, the edge of what is disabled or says so in words.
QUIET = {"line", "sunken"}


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


SHEETS = sorted(FACES.glob("*/static/**/*.css"))


def rules_of(sheet: Path) -> list[tuple[str, dict[str, str]]]:
    """(selector, declarations) of every rule, wherever it is nested."""
    source = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.S)
    return [
        (selector.strip(), {name: value.strip() for name, value in re.findall(r"([\w-]+):\s*([^;{}]+)", body)})
        for selector, body in re.findall(r"([^{};]+)\{([^{}]*)\}", source)
    ]


def colour_in(value: str) -> str:
    """The token of a value, of those that are colours."""
    found = re.search(r"var\(--([a-z0-9-]+)\)", value)
    return found[1] if found and found[1] in LIGHT else ""


@pytest.mark.rule("R-221")
@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_every_pair_that_a_rule_makes_is_computed(sheet: Path) -> None:
    """A rule that sets ink and ground together makes a pair; so does an edge with its ground. None may be unknown."""
    texts, shapes = set(TEXT), {*SHAPES, *TEXT}
    unknown = []
    for selector, said in rules_of(sheet):
        ground = colour_in(said.get("background", said.get("background-color", "")))
        ink = colour_in(said.get("color", ""))
        if ink and ground and (ink, ground) not in texts:
            unknown.append((selector, ink, ground))
        for edge in (name for name in said if re.fullmatch(r"border(-\w+)*|outline", name)):
            shape = colour_in(said[edge])
            if shape and ground and shape != ground and shape not in QUIET and (shape, ground) not in shapes:
                unknown.append((selector, shape, ground))
    assert unknown == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_colours_come_from_tokens(sheet: Path) -> None:
    """But for paper and the QR code, which are black on white everywhere, and the tokens themselves."""
    own = [
        (selector, name, value)
        for selector, said in rules_of(sheet)
        for name, value in said.items()
        if re.search(r"#[0-9a-f]{3,8}\b|rgb|hsl", value) and not name.startswith("--")
    ]
    assert [one for one in own if one[2] not in ("#fff", "#ffffff", "#000", "0.3mm solid #000")] == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_nothing_that_is_read_is_dimmed(sheet: Path) -> None:
    """Half through, ink on its ground is no longer the pair that was computed. What only moves has its frames."""
    dimmed = [selector for selector, said in rules_of(sheet) if float(said.get("opacity", 1)) < 1]
    assert [one for one in dimmed if not re.fullmatch(r"from|to|\d+%", one.strip())] == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_a_finger_hovers_over_nothing(sheet: Path) -> None:
    """Where one taps, a rule for what is hovered over is drawn before the tap is answered, and stays after it."""
    source = sheet.read_text(encoding="utf-8")
    guarded = len(re.findall(r"@media \(hover: hover\) \{ [^{}]*:hover[^{}]*\{[^{}]*\} \}", source))
    rules = len(re.findall(r"[^{}]*:hover[^{}]*\{", source))
    assert guarded == rules


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
