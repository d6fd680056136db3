"""What one takes along from a booking: calendar, words for the family, the map, the guide for a first visit."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.browser.practices import Practice
from tests.browser.test_patient_booking import book
from tests.browser.visitors import Visitor

New = Callable[..., Visitor]

SHARES = "navigator.share = (what) => { window.shared = what; return Promise.resolve(); }"


def test_the_visit_goes_into_the_calendar(patient: New, practice: Practice) -> None:
    someone = patient()
    book(someone, practice)
    with someone.page.expect_download() as got:
        someone.page.get_by_role("link", name="加到日历").click()
    assert got.value.suggested_filename == "visit.ics"
    body = Path(got.value.path()).read_bytes()
    assert body.startswith(b"BEGIN:VCALENDAR\r\n")
    assert b"DTSTART;TZID=Asia/Shanghai:" in body
    someone.look("booked-along")


@pytest.mark.parametrize(("size", "language"), [("normal", "zh"), ("largest", "zh"), ("normal", "en")])
def test_family_is_told_by_what_the_phone_has(patient: New, practice: Practice, size: str, language: str) -> None:
    someone = patient(size=size)
    someone.page.add_init_script(SHARES)
    book(someone, practice)
    path = someone.page.url.removeprefix(someone.url)
    if language == "en":
        someone.go("/")
        someone.press("EN")
    someone.go(f"{path}share/")
    someone.look(f"share-{size}-{language}")
    someone.page.locator("button[data-share]").click()
    shared = someone.page.evaluate("window.shared")
    assert shared["text"] == someone.page.locator("blockquote").inner_text()
    assert set(shared) == {"title", "text"}  # no address of a personal page


def test_without_scripts_the_words_can_still_be_copied(patient: New, practice: Practice) -> None:
    someone = patient(scripts=False)
    book(someone, practice)
    someone.follow("告诉家人")
    assert someone.page.locator("button[data-share]").is_hidden()
    assert "号" in someone.page.locator("blockquote").inner_text()
    assert "长按上面的文字可以复制" in someone.text()


@pytest.mark.parametrize("size", ["normal", "largest"])
def test_the_guide_is_one_tap_from_the_booking(patient: New, practice: Practice, size: str) -> None:
    someone = patient(size=size)
    book(someone, practice)
    someone.follow("第一次去这家医院")
    assert "带什么" in someone.text()
    someone.look(f"guide-{size}")
    link = someone.page.get_by_role("link", name="在地图上看").first
    assert link.get_attribute("rel") == "noreferrer"
