"""The public page of fairness: without signing in, large, in both languages, on a phone and at a desk."""

from collections.abc import Callable

import pytest
from tests.browser import fair_weeks
from tests.browser.visitors import Visitor

New = Callable[..., Visitor]


@pytest.fixture(autouse=True)
def _week(server: str) -> None:
    fair_weeks.put_once()


@pytest.mark.rule("R-226")
@pytest.mark.parametrize(
    ("width", "language", "size"),
    [("phone", "zh", "normal"), ("phone", "zh", "largest"), ("phone", "en", "large"), ("desk", "en", "normal")],
)
def test_everybody_reads_who_gets_a_slot(visitor: New, width: str, language: str, size: str) -> None:
    someone = visitor(width=width, language=language, size=size)
    someone.go("/")
    someone.follow("约号公平吗" if language == "zh" else "Is booking fair?")
    assert "60 岁及以上" in someone.text() if language == "zh" else "60 and older" in someone.text()
    someone.look(f"fairness-{width}-{language}-{size}")
    someone.follow("前一周" if language == "zh" else "Week before")
    assert "这一周人太少" in someone.text() if language == "zh" else "so few people" in someone.text()
    someone.look(f"fairness-empty-{width}-{language}-{size}")


def test_it_reads_as_well_without_scripts(visitor: New) -> None:
    someone = visitor(scripts=False)
    someone.go("/fairness/")
    assert "约号公平吗" in someone.text()
    someone.look("fairness-no-scripts")
