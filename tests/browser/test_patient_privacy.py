"""Messages with their undo, and who looked: by hand, by keyboard, without scripts."""

from collections.abc import Callable

import pytest
from tests.browser.practices import Practice
from tests.browser.test_patient_booking import book
from tests.browser.visitors import Visitor

New = Callable[..., Visitor]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_marking_all_as_read_is_undone_in_one_press(patient: New, practice: Practice, scripts: bool) -> None:
    someone = patient(scripts=scripts)
    book(someone, practice)
    someone.until("/messages/", "预约成功")
    someone.look(f"messages-{scripts}")
    someone.press("全部已读")
    assert "都标为已读了" in someone.text()
    assert someone.page.locator(".tag", has_text="新").count() == 0
    someone.look(f"messages-read-{scripts}")
    someone.press("撤销")
    assert "已撤销" in someone.text()
    assert someone.page.locator(".tag", has_text="新").count() > 0


def test_a_message_leads_to_its_booking_by_keyboard(patient: New, practice: Practice) -> None:
    someone = patient()
    book(someone, practice)
    address = someone.page.url
    someone.until("/messages/", "预约成功")
    someone.page.get_by_role("link", name="看这个预约").first.focus()
    with someone.page.expect_navigation():
        someone.page.keyboard.press("Enter")
    assert someone.page.url == address


@pytest.mark.parametrize("language", ["zh", "en"])
def test_who_looked_is_one_tap_from_my_page(patient: New, language: str) -> None:
    someone = patient(language=language)
    someone.go("/me/")
    someone.follow("谁看过信息" if language == "zh" else "Who looked")
    assert someone.page.url.endswith("/me/reads/")
    someone.look(f"reads-{language}")
