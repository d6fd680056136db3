"""The release as a picture: answers per second, and how long they took, over time. SVG written by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from bench._flash_shapes import Answers, percentile

WIDTH, PANEL, LEFT, RIGHT, TOP, GAP, BOTTOM = 960, 200, 76, 24, 56, 56, 44
BARS = 80  # at most
STEPS_S = (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0)
BOOKED, REFUSED, LINE, WORST, INK, GRID = "#1b6e5a", "#c9d6d2", "#1b6e5a", "#b3541e", "#24312d", "#e3e9e7"


@dataclass(frozen=True, slots=True)
class Bin:
    """`begins`: seconds after the release. Counts per second; latencies in milliseconds, None where nothing came."""

    begins: float
    booked: float
    refused: float
    median_ms: float | None
    p99_ms: float | None


def bins(answers: Answers, release: float) -> tuple[float, list[Bin]]:
    """The width of a bin in seconds, and the bins from the first answer to the last."""
    instants = [instant - release for instant in answers.answered]
    first, last = min(instants, default=0.0), max(instants, default=1.0)
    width = next((step for step in STEPS_S if (last - first) / step <= BARS), STEPS_S[-1])
    begin = first // width
    count = int(last // width - begin) + 1
    booked, refused, took = [0] * count, [0] * count, [[] for _ in range(count)]  # type: ignore[var-annotated]
    for n, instant in enumerate(instants):
        place = int(instant // width - begin)
        (booked if answers.status[n] == 201 else refused)[place] += 1
        took[place].append((answers.answered[n] - answers.sent[n]) * 1000)
    found = []
    for n in range(count):
        ordered = sorted(took[n])
        found.append(
            Bin(
                (begin + n) * width,
                booked[n] / width,
                refused[n] / width,
                percentile(ordered, 0.5) if ordered else None,
                percentile(ordered, 0.99) if ordered else None,
            )
        )
    return width, found


def draw(answers: Answers, release: float, *, bar: float) -> str:
    """`bar`: what the bare echo answered per second in the same run."""
    width, found = bins(answers, release)
    begin, end = found[0].begins, found[-1].begins + width
    height = TOP + 2 * PANEL + GAP + BOTTOM
    most = _round_up(max(bar, *(one.booked + one.refused for one in found)))
    slowest = _round_up(max((one.p99_ms or 0.0 for one in found), default=1.0))

    def x(second: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (second - begin) / (end - begin)

    upper, lower = TOP + PANEL, TOP + 2 * PANEL + GAP
    title = "放号后每秒的回答和等待时间 · Answers per second and their latency over a release"
    look = f'font-family="sans-serif" font-size="13" fill="{INK}" role="img" aria-labelledby="flash-title"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {look}>',
        f'<title id="flash-title">{title}</title>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        *_scale(upper, most, "每秒回答 · answers per second"),
        *_scale(lower, slowest, "毫秒 · milliseconds"),
    ]
    for one in found:
        left, wide = x(one.begins), x(one.begins + width) - x(one.begins) - 0.5
        low = PANEL * one.booked / most
        high = PANEL * one.refused / most
        parts.append(_bar(left, upper - low, wide, low, BOOKED))
        parts.append(_bar(left, upper - low - high, wide, high, REFUSED))
    level = upper - PANEL * bar / most
    said = f'<text x="{WIDTH - RIGHT}" y="{level - 6:.1f}" text-anchor="end" fill="{WORST}">空转上限 · bare echo</text>'
    parts += [f'<path d="M{LEFT} {level:.1f}H{WIDTH - RIGHT}" stroke="{WORST}" stroke-dasharray="6 4"/>', said]
    middle = width / 2
    for values, colour in (([one.median_ms for one in found], LINE), ([one.p99_ms for one in found], WORST)):
        points = [(x(o.begins + middle), lower - PANEL * v / slowest) for o, v in zip(found, values, strict=True) if v]
        parts.append(_line(points, colour))
    parts += _legend()
    parts += _times(begin, end, x, lower)
    return "\n".join([*parts, "</svg>", ""])


def _bar(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _line(points: Sequence[tuple[float, float]], colour: str) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _scale(base: float, most: float, title: str) -> list[str]:
    """Four lines with their values, and what they measure."""
    parts = [f'<text x="{LEFT}" y="{base - PANEL - 10}" font-weight="bold">{escape(title)}</text>']
    for quarter in range(5):
        level = base - PANEL * quarter / 4
        parts.append(f'<path d="M{LEFT} {level:.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>')
        shown = f"{most * quarter / 4:,.0f}" if most >= 8 else f"{most * quarter / 4:.1f}"
        parts.append(f'<text x="{LEFT - 8}" y="{level + 4:.1f}" text-anchor="end">{shown}</text>')
    return parts


def _legend() -> list[str]:
    items = ((BOOKED, "挂上 · booked"), (REFUSED, "未挂上 · refused"), (LINE, "中位数 · median"), (WORST, "99 %"))
    parts, left = [], WIDTH - RIGHT - 520
    for n, (colour, text) in enumerate(items):
        thick = 10 if n < 2 else 3
        parts.append(_bar(left, 22 - thick / 2, 14, thick, colour))
        parts.append(f'<text x="{left + 20}" y="26">{text}</text>')
        left += 150 if n != 2 else 140
    return parts


def _times(begin: float, end: float, x, lower: float) -> list[str]:  # type: ignore[no-untyped-def]
    """Whole seconds below, and the instant of the release."""
    step = next(s for s in (1, 2, 5, 10, 20, 50) if (end - begin) / s <= 16)
    parts = [
        f'<text x="{x(second):.1f}" y="{lower + 18}" text-anchor="middle">{second}</text>'
        for second in range(-(-int(begin) // step) * step, int(end) + 1, step)
    ]
    for base in (TOP + PANEL, lower):
        parts.append(f'<path d="M{x(0):.1f} {base - PANEL}V{base}" stroke="{INK}" stroke-dasharray="2 3"/>')
    caption = "放号后的秒数 · seconds after the release"
    parts.append(f'<text x="{WIDTH / 2}" y="{lower + 36}" text-anchor="middle">{caption}</text>')
    return parts


def _round_up(value: float) -> float:
    """To a number that divides by four without a mess: 1, 2, 4 or 8 times a power of ten."""
    scale = 1.0
    while scale * 8 < value:
        scale *= 10
    return next((scale * step for step in (1, 2, 4, 8) if scale * step >= value), scale * 8)
