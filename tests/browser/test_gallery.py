"""Every part with its states, in every form that people choose."""

from collections.abc import Callable

import pytest
from tests.browser.visitors import Visitor


@pytest.mark.parametrize("width", ["phone", "desk"])
@pytest.mark.parametrize("size", ["normal", "large", "largest"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_parts(visitor: Callable[..., Visitor], width: str, size: str, scheme: str) -> None:
    someone = visitor(width=width, size=size, scheme=scheme)
    someone.go("/gallery/")
    someone.look(f"gallery-{width}-{size}-{scheme}")


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
        )
        small = [
            (boxes.nth(i).inner_text()[:20], box["height"])
            for i in range(boxes.count())
            if (box := boxes.nth(i).bounding_box()) is not None and box["height"] < least - 0.5
        ]
        assert small == []
