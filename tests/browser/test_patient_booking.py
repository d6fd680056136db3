"""From the home page to a code, and what can be done with it afterwards; on a phone, at a desk, without scripts."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from tests import clinic as build
from tests import make
from tests.browser.households import Household
from tests.browser.practices import Practice
from tests.browser.visitors import Visitor

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.domains.booking.commands import claim, sweep
from yitong.domains.booking.contracts import HoldSlot
from yitong.domains.people.contracts.words import Verdict
from yitong.domains.schedule import contracts as schedule
from yitong.domains.schedule.commands import sessions

SignIn = Callable[[Visitor, str], None]
New = Callable[..., Visitor]
NewPractice = Callable[[], Practice]
NewHousehold = Callable[..., Household]


def to_department(someone: Visitor) -> None:
    """Home, the first hospital, a department that has something left."""
    someone.go("/")
    someone.open("main a.item")
    links = [a.get_attribute("href") for a in someone.page.locator("a.grid-item").all()]
    for href in links:
        someone.go(str(href))
        if someone.page.locator("a.offer").count():
            return
    raise AssertionError("no department of this hospital has anything left")


def to_window(someone: Visitor) -> None:
    to_department(someone)
    someone.open("a.offer")


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
    someone.until("/me/people/", "已实名核验")


def take(practice: Practice, slot_id: UUID) -> None:
    """Somebody else books it."""
    hospital_id = practice.clinic.hospital_id
    wish = HoldSlot(f"quick{make.number()}", hospital_id, slot_id, build.patient(hospital_id))
    claim.hold_slot(wish, actor=Actor("system", "test", "web"), now=clock.now())


def until_sold(someone: Visitor, practice: Practice) -> None:
    """The window hears of a hospital that was founded just now in its own time, where the machine is busy."""
    end = time.monotonic() + 30
    for session in practice.sessions:
        where = f"{someone.url}/counter/sessions/{session.hospital_id}/{session.session_id}"
        while someone.page.request.get(where).status != 200:
            assert time.monotonic() < end, where


def book(someone: Visitor, practice: Practice, *, again: bool = False) -> str:
    """A booking by the pages. Returns its eight digits."""
    until_sold(someone, practice)
    someone.go(f"{practice.path}?visit={'again' if again else 'first'}")
    someone.open("a.offer")
    someone.open("a.window")
    someone.press("确认预约")
    code = someone.page.locator(".code").inner_text().replace(" ", "")
    assert re.fullmatch(r"\d{8}", code)
    return code


@pytest.mark.rule("R-019")
@pytest.mark.parametrize("width", ["phone", "desk"])
def test_from_home_to_code(patient: New, width: str) -> None:
    someone = patient(width=width)
    someone.go("/")
    someone.look(f"home-{width}")
    someone.open("main a.item")
    someone.look(f"hospital-{width}")
    to_department(someone)
    someone.look(f"department-{width}")
    someone.open("a.offer")
    someone.look(f"session-{width}")
    someone.open("a.window")
    someone.look(f"book-{width}")
    someone.press("确认预约")
    assert "预约成功" in someone.text()
    someone.look(f"booked-{width}")
    code = someone.page.locator(".code").inner_text()
    assert re.fullmatch(r"\d{4} \d{4}", code)
    someone.go("/bookings/")
    someone.look(f"bookings-{width}")
    someone.open("main a.card")
    assert someone.page.locator(".code").inner_text() == code


@pytest.mark.rule("R-007")
def test_cancel_asks_once_and_keeps_its_word(patient: New, practice: Practice) -> None:
    someone = patient()
    book(someone, practice)
    someone.follow("取消预约")
    assert "原路退回" not in someone.text()  # nothing was paid
    someone.look("cancel")
    someone.press("确认取消")
    assert "已取消这次预约" in someone.text()
    assert someone.page.locator(".code").count() == 0
    someone.look("cancelled")
    someone.go("/bookings/")
    assert "已取消" in someone.text()


@pytest.mark.rule("R-047")
def test_move_keeps_the_booking(patient: New, practice: Practice) -> None:
    someone = patient()
    code = book(someone, practice)
    before = someone.page.locator("h1").inner_text()
    address = someone.page.url
    someone.follow("改约")
    assert "李示范" not in someone.text()  # a first visit is moved among titles
    someone.look("move-day")
    someone.open(someone.page.locator("a.offer").last)
    someone.look("move-window")
    someone.open(someone.page.locator("a.window").last)
    someone.look("move-confirm")
    someone.press("确认改约")
    someone.look("moved")
    assert someone.page.url == address
    assert someone.page.locator("h1").inner_text() != before
    assert someone.page.locator(".code").inner_text().replace(" ", "") == code


@pytest.mark.rule("R-047")
@pytest.mark.rule("R-004")
def test_who_comes_again_may_move_and_keep_the_doctor(patient: New, practice: Practice) -> None:
    someone = patient()
    book(someone, practice, again=True)
    someone.follow("改约")
    assert "原来的医生还有号的日子" in someone.text()
    assert someone.page.locator("a.offer", has_text="原来的医生").locator(".doctor-name", has_text="李示范").count()
    someone.look("move-same-doctor")
    someone.open("a.chip")
    someone.open(someone.page.locator("a.offer", has_text="李示范").first)
    someone.open("a.window")
    assert "李示范 主任医师" in someone.page.locator("main").inner_text()
    someone.press("确认改约")
    assert "已改到新的时间" in someone.text()
    assert "李示范 主任医师" in someone.text()


@pytest.mark.rule("R-047")
@pytest.mark.parametrize(("scripts", "width"), [(True, "phone"), (False, "desk")])
def test_who_moves_too_late_goes_on_to_what_is_near(
    patient: New, new_practice: NewPractice, scripts: bool, width: str
) -> None:
    """Somebody is quicker: the booking stays, and the page that says so leads on to another time."""
    practice = new_practice()
    practice.sit(practice.days[0], per_window=2)
    wanted = practice.sit(practice.days[1], per_window=2)
    someone = patient(scripts=scripts, width=width)
    code = book(someone, practice)
    booked = someone.page.url
    someone.go(urlsplit(booked).path + f"move/{wanted.session_id}/")
    someone.open(someone.page.locator("a.window").last)
    take(practice, UUID(someone.page.url.rstrip("/").rpartition("/")[2]))
    someone.press("确认改约")
    assert "号源已被预约" in someone.text()
    assert someone.page.get_by_role("button", name="确认改约").count() == 0
    someone.look(f"move-refused-{width}")
    someone.open("main a.window")
    someone.press("确认改约")
    assert "已改到新的时间" in someone.text()
    assert someone.page.url == booked
    assert someone.page.locator(".code").inner_text().replace(" ", "") == code


def test_booking_without_scripts(patient: New, practice: Practice) -> None:
    someone = patient(scripts=False)
    book(someone, practice)
    someone.follow("取消预约")
    someone.press("确认取消")
    assert "已取消这次预约" in someone.text()


def test_going_back_and_pressing_again_books_nothing_more(patient: New, practice: Practice) -> None:
    """The page comes anew, with another key: the rules say no, and the first booking stands."""
    someone = patient(scripts=False)
    book(someone, practice)
    someone.page.go_back()
    someone.press("确认预约")
    assert someone.page.locator("[role=alert]").first.is_visible()
    someone.go("/bookings/")
    assert someone.page.locator("main a.card").count() == 1


def test_double_click_is_one_booking(patient: New, practice: Practice) -> None:
    someone = patient()
    someone.go(practice.path)
    someone.open("a.offer")
    someone.open("a.window")
    someone.page.get_by_role("button", name="确认预约").dblclick()
    someone.page.locator(".code").wait_for()
    someone.go("/bookings/")
    assert someone.page.locator("main a.card").count() == 1


@pytest.mark.rule("R-005")
def test_refusal_stands_in_the_page_with_its_next_step(patient: New, practice: Practice) -> None:
    someone = patient()
    book(someone, practice)
    address = someone.page.url
    someone.go(practice.path)
    someone.open("a.offer")
    someone.open(someone.page.locator("a.window").last)
    someone.press("确认预约")
    assert someone.page.locator("[role=alert]").first.is_visible()
    assert "同一就诊日同一科室只能预约1次" in someone.text()
    someone.look("book-refused")
    someone.page.goto(address)
    assert someone.page.locator(".code").count() == 1


@pytest.mark.rule("R-046")
def test_two_places_at_one_time_are_refused(patient: New, new_practice: Callable[[], Practice]) -> None:
    one, other = new_practice(), new_practice()
    one.sit(one.days[0])
    other.sit(one.days[0])
    someone = patient()
    book(someone, one)
    someone.go(other.path)
    someone.open("a.offer")
    someone.open("a.window")
    someone.press("确认预约")
    assert "与已有预约时间冲突" in someone.text()
    assert someone.page.get_by_role("link", name="看看其他时间").count() == 1


@pytest.mark.rule("R-045")
def test_who_is_not_verified_is_led_to_it(
    visitor: New, household: NewHousehold, practice: Practice, new_identity: Callable[[], tuple[str, str]]
) -> None:
    home = household(with_self=False)
    home.add(*new_identity(), verdict=Verdict.NO_MATCH)
    someone = home.enter(visitor())
    someone.go(practice.path)
    someone.open("a.offer")
    someone.open("a.window")
    assert someone.page.get_by_role("button", name="确认预约").is_disabled()
    assert "还没有实名核验，暂不能预约" in someone.text()
    someone.look("book-not-verified")
    someone.follow("去核验")
    assert "/me/people/" in someone.page.url


def test_stranger_is_led_to_the_sign_in_and_back(
    visitor: New, sign_in: SignIn, phone_number: str, practice: Practice
) -> None:
    someone = visitor()
    someone.go(practice.path)
    someone.open("a.offer")
    someone.open("a.window")
    assert "/sign-in/" in someone.page.url
    assert "您选的时间还在" in someone.text()
    someone.look("sign-in")
    assert "/book/" in someone.page.locator("input[name=next]").first.input_value().replace("%2F", "/")


def test_another_account_does_not_see_it(patient: New, practice: Practice) -> None:
    someone = patient()
    book(someone, practice)
    path = someone.page.url.removeprefix(someone.url)
    other = patient()
    other.go(path)
    assert other.page.locator(".code").count() == 0
    other.look("not-found")


# -- nothing left ----------------------------------------------------------------------------------------------------


def test_a_day_without_slots_leads_to_days_with_some(visitor: New, practice: Practice) -> None:
    someone = visitor()
    someone.go(f"{practice.path}?date={practice.days[3]}")
    assert "这天没有出诊" in someone.text()
    assert someone.page.locator("a.chip").count() == 3
    someone.look("department-day-empty")
    someone.open("a.chip")
    assert someone.page.locator("a.offer").count() > 0


def test_a_department_without_slots_leads_to_the_same_specialty_elsewhere(
    visitor: New, practice: Practice, new_practice: Callable[[], Practice]
) -> None:
    empty = new_practice()
    someone = visitor()
    someone.go(empty.path)
    assert "这几天都没有可约的号" in someone.text()
    assert "同样的科室，这些地方还有号" in someone.text()
    someone.look("department-full")
    someone.open(someone.page.locator("main a.item").first)
    assert someone.page.locator("a.offer").count() > 0


# -- what becomes of a booking ---------------------------------------------------------------------------------------


@pytest.mark.rule("R-018")
def test_fee_first_is_said_honestly_and_the_hold_runs_out(
    patient: New, new_practice: Callable[[], Practice], household: NewHousehold
) -> None:
    place = new_practice()
    place.sit(place.days[0])
    place.ask_fee_first()
    someone = patient()
    someone.go(place.path)
    someone.open("a.offer")
    someone.open("a.window")
    assert "这里不能网上付费" in someone.text()
    someone.look("book-fee-first")
    someone.press("确认预约")
    assert "号已为您保留" in someone.text()
    assert "还没有约成" in someone.text()
    assert someone.page.locator(".code").count() == 0
    assert re.match(r"(15:00|14:\d\d)", someone.page.locator("main .countdown").inner_text())
    someone.look("held")
    path = someone.page.url.removeprefix(someone.url)
    hospital_id, booking_id = (UUID(part) for part in path.split("/")[2:4])
    _let_run_out(hospital_id, booking_id)
    someone.until(path, "没有在保留时间内付费，号已放回")
    assert someone.page.get_by_role("link", name="再约这个科").count() == 1
    someone.look("expired")


@pytest.mark.rule("R-016")
def test_a_stopped_session_reaches_its_patient(patient: New, new_practice: Callable[[], Practice]) -> None:
    place = new_practice()
    stopped = place.sit(place.days[0])
    place.sit(place.days[1])
    someone = patient()
    book(someone, place)
    path = someone.page.url.removeprefix(someone.url)
    cmd = schedule.StopSession("stop", stopped.hospital_id, stopped.session_id, schedule.StopReason.LEAVE)
    sessions.stop_session(cmd, actor=place.clinic.manager, now=clock.now())
    someone.until(path, "医院停诊；这次不占您的预约次数")
    assert someone.page.locator(".code").count() == 0
    someone.look("stopped")
    someone.until("/messages/", "停诊")
    someone.look("messages-stopped")
    someone.open(someone.page.get_by_role("link", name="看这个预约").first)
    assert someone.page.url.endswith(path)
    someone.follow("再约这个科")
    assert "停诊" in someone.page.locator(".strip").inner_text()


def _let_run_out(hospital_id: UUID, booking_id: UUID) -> None:
    """The sweep comes by after the hold is over."""
    after = clock.now() + timedelta(minutes=16)
    assert sweep.expire_hold(hospital_id, booking_id, actor=Actor.system("booking.expire"), now=after)


def test_english_is_complete(visitor: New) -> None:
    """No Chinese outside names of hospitals, departments and doctors."""
    someone = visitor(language="en")
    for path in ("/", "/sign-in/", "/settings/", "/me/"):
        someone.go(path)
        someone.look(f"en{path.replace('/', '-')}")
    someone.go("/sign-in/")
    assert not re.search(r"[一-鿿]", someone.page.locator("main").inner_text())
