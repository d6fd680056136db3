"""From the home page to a code, and what can be done with it afterwards; on a phone, at a desk, without scripts."""

import re
from collections.abc import Callable

import pytest
from tests.browser.visitors import Visitor

SignIn = Callable[[Visitor, str], None]
New = Callable[..., Visitor]


def to_department(someone: Visitor) -> None:
    """Home, the first hospital, a department that has something left."""
    someone.go("/")
    someone.page.locator("main a.item").first.click()
    someone.page.wait_for_load_state("load")
    links = [a.get_attribute("href") for a in someone.page.locator("a.grid-item").all()]
    for href in links:
        someone.go(str(href))
        if someone.page.locator("a.offer").count():
            return
    raise AssertionError("no department of this hospital has anything left")


def to_window(someone: Visitor) -> None:
    to_department(someone)
    someone.page.locator("a.offer").first.click()
    someone.page.wait_for_load_state("load")


def add_myself(someone: Visitor, identity: Callable[[], tuple[str, str]]) -> None:
    name, number = identity()
    someone.go("/me/people/add/")
    someone.page.get_by_text("本人", exact=True).first.click()
    someone.page.locator("input[name=name]").fill(name)
    someone.page.locator("input[name=number]").fill(number)
    someone.press("添加并核验")
    assert "正在实名核验" in someone.text(), someone.text()


def until_verified(someone: Visitor) -> None:
    """The authority answers in its own time; the page says so and is asked again."""
    for _ in range(100):
        someone.go("/me/people/")
        if "已实名核验" in someone.text():
            return
        someone.page.wait_for_timeout(200)
    raise AssertionError(someone.text())


def book(someone: Visitor) -> str:
    """A booking by the pages. Returns its eight digits."""
    to_window(someone)
    someone.page.locator("a.window").first.click()
    someone.page.wait_for_load_state("load")
    someone.press("确认预约")
    code = someone.page.locator(".code").inner_text().replace(" ", "")
    assert re.fullmatch(r"\d{8}", code)
    return code


@pytest.fixture
def patient(visitor: New, sign_in: SignIn, phone_number: str, new_identity: Callable[[], tuple[str, str]]) -> New:
    """A visitor who is signed in and has one verified patient: himself."""

    def enter(**options: object) -> Visitor:
        someone = visitor(**options)
        sign_in(someone, phone_number)
        add_myself(someone, new_identity)
        until_verified(someone)
        return someone

    return enter


@pytest.mark.rule("R-019")
@pytest.mark.parametrize("width", ["phone", "desk"])
def test_from_home_to_code(patient: New, width: str) -> None:
    someone = patient(width=width)
    someone.go("/")
    someone.look(f"home-{width}")
    someone.page.locator("main a.item").first.click()
    someone.look(f"hospital-{width}")
    to_department(someone)
    someone.look(f"department-{width}")
    someone.page.locator("a.offer").first.click()
    someone.look(f"session-{width}")
    someone.page.locator("a.window").first.click()
    someone.look(f"book-{width}")
    someone.press("确认预约")
    someone.look(f"booked-{width}")
    assert "预约成功" in someone.text()
    assert re.fullmatch(r"\d{4} \d{4}", someone.page.locator(".code").inner_text())
    code = someone.page.locator(".code").inner_text()
    someone.go("/bookings/")
    someone.look(f"bookings-{width}")
    someone.page.locator("a.card").first.click()
    assert someone.page.locator(".code").inner_text() == code


@pytest.mark.rule("R-007")
def test_cancel_asks_once_and_keeps_its_word(patient: New) -> None:
    someone = patient()
    book(someone)
    someone.follow("取消预约")
    someone.look("cancel")
    someone.press("确认取消")
    someone.look("cancelled")
    assert "已取消这次预约" in someone.text()
    assert someone.page.locator(".code").count() == 0
    someone.go("/bookings/")
    assert "已取消" in someone.text()


@pytest.mark.rule("R-047")
def test_move_keeps_the_booking(patient: New) -> None:
    someone = patient()
    code = book(someone)
    before = someone.page.locator("h1").inner_text()
    address = someone.page.url
    someone.follow("改约")
    someone.look("move-day")
    someone.page.locator("a.offer").last.click()
    someone.look("move-window")
    someone.page.locator("a.window").last.click()
    someone.look("move-confirm")
    someone.press("确认改约")
    someone.look("moved")
    assert someone.page.url == address
    assert someone.page.locator("h1").inner_text() != before
    assert someone.page.locator(".code").inner_text().replace(" ", "") == code


def test_booking_without_scripts(patient: New) -> None:
    someone = patient(scripts=False)
    book(someone)
    someone.follow("取消预约")
    someone.press("确认取消")
    assert "已取消这次预约" in someone.text()


def test_going_back_and_pressing_again_books_nothing_more(patient: New) -> None:
    """The page comes anew, with another key: the rules say no, and the first booking stands."""
    someone = patient(scripts=False)
    book(someone)
    someone.page.go_back()
    someone.press("确认预约")
    assert someone.page.locator("[role=alert]").first.is_visible()
    someone.go("/bookings/")
    assert someone.page.locator("main a.card").count() == 1


def test_double_click_is_one_booking(patient: New) -> None:
    someone = patient()
    to_window(someone)
    someone.page.locator("a.window").first.click()
    someone.page.wait_for_load_state("load")
    someone.page.get_by_role("button", name="确认预约").dblclick()
    someone.page.locator(".code").wait_for()
    someone.go("/bookings/")
    assert someone.page.locator("main a.card").count() == 1


@pytest.mark.rule("R-005")
def test_refusal_stands_in_the_page_with_its_next_step(patient: New) -> None:
    someone = patient()
    book(someone)
    address = someone.page.url
    to_window(someone)
    someone.page.locator("a.window").last.click()
    someone.press("确认预约")
    assert someone.page.locator("[role=alert]").first.is_visible()
    assert "同一就诊日同一科室只能预约1次" in someone.text()
    someone.look("book-refused")
    someone.page.goto(address)
    assert someone.page.locator(".code").count() == 1


def test_stranger_is_led_to_the_sign_in_and_back(visitor: New, sign_in: SignIn, phone_number: str) -> None:
    someone = visitor()
    to_window(someone)
    someone.page.locator("a.window").first.click()
    someone.page.wait_for_load_state("load")
    assert "/sign-in/" in someone.page.url
    someone.look("sign-in")
    assert "/book/" in someone.page.locator("input[name=next]").first.input_value().replace("%2F", "/")


def test_another_account_does_not_see_it(patient: New, visitor: New, sign_in: SignIn) -> None:
    someone = patient()
    book(someone)
    path = someone.page.url.removeprefix(someone.url)
    other = visitor()
    sign_in(other, "13800137001")
    other.go(path)
    assert other.page.locator(".code").count() == 0
    other.look("not-found")


def test_english_is_complete(visitor: New) -> None:
    """No Chinese outside names of hospitals, departments and doctors."""
    someone = visitor(language="en")
    for path in ("/", "/sign-in/", "/settings/", "/me/"):
        someone.go(path)
        someone.look(f"en{path.replace('/', '-')}")
    someone.go("/sign-in/")
    assert not re.search(r"[一-鿿]", someone.page.locator("main").inner_text())
