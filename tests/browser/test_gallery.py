"""Every part with its states, in every form that people choose."""

from collections.abc import Callable
from itertools import product

import pytest
from tests.browser.visitors import LONG, Visitor

# Each width with each size and each light; `make long` has every three of them together.
FORMS = list(product(("phone", "desk"), ("normal", "large", "largest"), ("light", "dark")))
PAIRS = [
    ("phone", "normal", "light"),
    ("phone", "large", "dark"),
    ("phone", "largest", "light"),
    ("desk", "normal", "dark"),
    ("desk", "large", "light"),
    ("desk", "largest", "dark"),
]


@pytest.mark.parametrize(("width", "size", "scheme"), FORMS if LONG else PAIRS)
def test_parts(visitor: Callable[..., Visitor], width: str, size: str, scheme: str) -> None:
    someone = visitor(width=width, size=size, scheme=scheme)
    someone.go("/gallery/")
    someone.look(f"gallery-{width}-{size}-{scheme}")


@pytest.mark.parametrize(
    ("width", "size"),
    list(product(("phone", "desk"), ("normal", "largest"))) if LONG else [("phone", "largest"), ("desk", "normal")],
)
def test_parts_of_the_desk_and_the_office(visitor: Callable[..., Visitor], width: str, size: str) -> None:
    someone = visitor(width=width, size=size)
    someone.go("/gallery/desk/")
    someone.page.locator("html[data-scripts]").wait_for()
    someone.look(f"gallery-work-{width}-{size}")


@pytest.mark.rule("R-221")
@pytest.mark.parametrize("path", ["/gallery/", "/gallery/desk/"])
def test_parts_flow_at_320_pixels(visitor: Callable[..., Visitor], path: str) -> None:
    """What 400 % zoom leaves of a desk screen: one column, nothing to scroll sideways but tables and strips."""
    someone = visitor(width="small")
    someone.go(path)
    someone.look(f"gallery-320-{'work' if 'desk' in path else 'parts'}")


@pytest.mark.parametrize("path", ["/gallery/", "/gallery/desk/"])
def test_parts_in_the_readers_own_colours(visitor: Callable[..., Visitor], path: str) -> None:
    """What we say by a ground, a border or an outline says too when grounds are the reader's (forced colours)."""
    someone = visitor(colours="active", width="desk")
    someone.go(path)
    someone.look(f"gallery-forced-{'work' if 'desk' in path else 'parts'}")
    unmarked = someone.page.evaluate(
        """[...document.querySelectorAll('[aria-current]:is(.chip, .day, .window), .choice:has(:checked)')]
        .filter((one) => getComputedStyle(one).outlineStyle === 'none').map((one) => one.className)"""
    )
    assert unmarked == []


def test_nothing_moves_for_those_who_want_stillness(visitor: Callable[..., Visitor]) -> None:
    moving = """document.getAnimations().length"""
    still, lively = visitor(motion="reduce"), visitor(motion="no-preference")
    assert still.go("/gallery/").evaluate(moving) == 0
    assert lively.go("/gallery/").evaluate(moving) > 0


@pytest.mark.rule("R-222")
@pytest.mark.parametrize("size", ["large", "largest"])
def test_lines_and_paragraphs_lie_apart(visitor: Callable[..., Visitor], size: str) -> None:
    """Lines at least 1.3 of the type; the next paragraph at least 1.3 lines below the last line before it."""
    someone = visitor(size=size)
    someone.go("/gallery/")
    apart = someone.page.evaluate(
        """[...document.querySelectorAll('p + p')].filter((p) => p.checkVisibility()).map((p) => {
          const line = (node) => parseFloat(getComputedStyle(node).lineHeight);
          const before = p.previousElementSibling;
          const gap = p.getBoundingClientRect().top - before.getBoundingClientRect().bottom;
          const type = parseFloat(getComputedStyle(p).fontSize);
          return [line(p) / type, (gap + line(p)) / line(p), p.textContent.trim().slice(0, 12)];
        })"""
    )
    assert len(apart) > 5
    assert [one for one in apart if one[0] < 1.3 or one[1] < 1.3 - 0.01] == []


def test_switches_need_no_script(visitor: Callable[..., Visitor]) -> None:
    someone = visitor(scripts=False)
    someone.go("/gallery/")
    someone.press("长辈版")
    assert someone.page.locator("html").get_attribute("data-size") == "large"
    someone.press("EN")
    assert someone.page.locator("html").get_attribute("lang") == "en"
    someone.press("中文")
    assert someone.page.locator("html").get_attribute("lang") == "zh-Hans"


@pytest.mark.rule("R-222")
def test_targets_are_large_enough(visitor: Callable[..., Visitor]) -> None:
    """44 px, 60 in the large form: what one presses, links inside sentences apart."""
    for size, least in (("normal", 44), ("large", 60)):
        someone = visitor(size=size)
        someone.go("/gallery/")
        boxes = someone.page.locator(
            "button:visible, a.button, a.item, a.day, a.window, .tabbar a, select, input.input"
        ).filter(visible=True)
        small = [
            (boxes.nth(i).inner_text()[:20], box["height"])
            for i in range(boxes.count())
            if (box := boxes.nth(i).bounding_box()) is not None and box["height"] < least - 0.5
        ]
        assert small == []
