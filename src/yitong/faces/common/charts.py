"""Charts as drawings in the page (pygal). The library does the geometry; colour, type and dark ground come from
workbench.css, so nothing inline is left in what it drew, and a chart prints and grows as the text around it does.

A bar whose count isn't told (R-213) has no length, and says what its table says in its place.
"""

import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import pygal
from django.utils.safestring import SafeString, mark_safe
from pygal.style import Style

# pygal leaves a finder for its map plug-ins behind, of a kind that Python 3.12 no longer knows and 3.11 warns of.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

WIDTH = 400  # units; a phone shows one about as large as its own pixel
TEXT = 13
ROW = 30
COLUMNS_HIGH = 210
LONGEST_LABEL = 11  # em
MOST_SAID = 10  # columns above which values stand at an axis, as they would run into each other
MOST_NAMED = 8
DROPPED = ("defs", "title", "desc")
STYLE = Style(label_font_size=TEXT, major_label_font_size=TEXT, value_font_size=TEXT, value_label_font_size=TEXT)
PLAIN: dict[str, Any] = {
    "style": STYLE,
    "js": [],
    "width": WIDTH,
    "show_legend": False,
    "print_values": True,
    "print_values_position": "top",
    "disable_xml_declaration": True,
    "margin": 4,
    "truncate_label": -1,
}


@dataclass(frozen=True, slots=True)
class Bar:
    """`value` None: not told, or nothing; `said` stands in its place."""

    label: str
    value: float | None
    said: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One question as a drawing, with its words: `says` is what a person who can't see it hears."""

    drawing: SafeString
    says: str


def rows(bars: Sequence[Bar], says: str) -> Chart:
    """One bar a line, for things with names; the first stands at the top."""
    labels = [_shortened(one.label) for one in bars]
    reckoned = max((len(label) for label in labels), default=0) * 0.6 * TEXT
    chart = pygal.HorizontalBar(
        height=ROW * len(bars) + 8,
        show_x_labels=False,
        show_x_guides=False,
        margin_left=max(4.0, 4 + max(map(_width, labels), default=0) - reckoned),
        margin_right=12 + max((_width(one.said) for one in bars), default=0),
        **PLAIN,
    )
    chart.x_labels = labels[::-1]
    return _drawn(chart, bars[::-1], says)


def columns(bars: Sequence[Bar], says: str) -> Chart:
    """One bar beside the other, for what goes on: days, lengths of time."""
    are_said = len(bars) <= MOST_SAID
    chart = pygal.Bar(
        **{**PLAIN, "print_values": are_said, "margin_top": 24},
        height=COLUMNS_HIGH,
        show_y_labels=not are_said,
        show_y_guides=not are_said,
        show_x_guides=False,
        show_minor_x_labels=False,
        x_labels_major_every=-(-len(bars) // MOST_NAMED) or 1,
        value_formatter=lambda n: f"{n:,.0f}",
        max_scale=6,
    )
    chart.x_labels = [one.label for one in bars]
    return _drawn(chart, bars, says)


def _drawn(chart: Any, bars: Sequence[Bar], says: str) -> Chart:
    if not bars:
        return Chart(mark_safe(""), says)
    largest = max((one.value or 0 for one in bars), default=0)
    chart.range = (0, largest or 1)
    chart.add("", [{"value": one.value or 0, "formatter": _saying(one.said)} for one in bars])

    def bare(root: Element) -> Element:
        _strip(root)
        root.set("role", "img")
        root.set("aria-label", says)
        return root

    chart.add_xml_filter(bare)
    return Chart(mark_safe(chart.render(is_unicode=True)), says)  # built by ElementTree, which escapes


def _saying(text: str) -> Any:
    return lambda _value: text


def _strip(node: Element) -> None:
    """Takes away what pygal adds for a document of its own: styles, scripts, tooltips, names of its parts, ids."""
    for name in ("style", "id"):
        node.attrib.pop(name, None)
    for child in list(node):
        kinds = child.get("class", "").split()
        if not isinstance(child.tag, str) or child.tag in DROPPED or "tooltip-overlay" in kinds:
            node.remove(child)
        else:
            _strip(child)


def _width(text: str) -> float:
    """Of a line of text, in units; a Chinese character is as wide as high."""
    return sum(1.0 if unicodedata.east_asian_width(sign) in "WF" else 0.58 for sign in text) * TEXT


def _shortened(label: str) -> str:
    """At most so wide that the bars keep their room; the table beside the chart has the whole name."""
    if _width(label) <= LONGEST_LABEL * TEXT:
        return label
    kept = label
    while kept and _width(kept + "…") > LONGEST_LABEL * TEXT:
        kept = kept[:-1]
    return kept.rstrip() + "…"
