"""The fewest inputs: what people do most often takes as few taps and typed fields as the issue asks, counted."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from tests import make
from tests.browser.counting import Counted
from tests.browser.households import Household
from tests.browser.practices import Practice
from tests.browser.test_patient_booking import until_sold
from tests.browser.visitors import Visitor, code_for

from yitong.core import clock
from yitong.domains.hospitals.commands import places
from yitong.domains.hospitals.contracts.writes import ChangeDepartment
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people.contracts.words import Relation
from yitong.domains.schedule import contracts as schedule
from yitong.domains.schedule.commands import sessions

New = Callable[..., Visitor]
SignIn = Callable[[Visitor, str], None]
NewHousehold = Callable[..., Household]


def been_there(someone: Visitor, place: Practice) -> None:
    """One visit by name, booked by the pages on the first day."""
    until_sold(someone, place)
    someone.go(f"{place.path}?visit=again")
    someone.open("a.offer")
    someone.open("a.window")
    someone.press("确认预约")
    expect(someone.page.locator(".code")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_the_usual_doctor_takes_three_taps(patient: New, new_practice: Callable[[], Practice], scripts: bool) -> None:
    place = new_practice()
    stopped, _ = (place.sit(day, per_window=2, room="3") for day in place.days[:2])
    someone = patient(scripts=scripts)
    been_there(someone, place)
    visit = someone.page.url.removeprefix(someone.url)
    cmd = schedule.StopSession("stop", stopped.hospital_id, stopped.session_id, schedule.StopReason.LEAVE)
    sessions.stop_session(cmd, actor=place.clinic.manager, now=clock.now())
    someone.until(visit, "医院停诊")  # so that it stands in nobody's way
    someone.go("/")
    if scripts:
        someone.look("home-again")
    counted = Counted(someone)
    counted.tap(someone.page.get_by_role("link", name="再约李示范 主任医师"))
    assert "3号诊室" in someone.text()
    if scripts:
        someone.look("doctor-windows")
    counted.tap(someone.page.locator("a.window"))
    counted.tap(someone.page.get_by_role("button", name="确认预约"))
    someone.page.get_by_text("预约成功").first.wait_for()
    assert "3号诊室" in someone.text()
    assert counted.inputs <= 3


def test_the_usual_clinic_without_a_named_doctor_takes_three_taps(
    patient: New, new_practice: Callable[[], Practice]
) -> None:
    place = new_practice()
    stopped, _ = (place.sit(day, practitioner_id=None, room="5") for day in place.days[:2])
    someone = patient()
    been_there(someone, place)
    visit = someone.page.url.removeprefix(someone.url)
    cmd = schedule.StopSession("stop", stopped.hospital_id, stopped.session_id, schedule.StopReason.LEAVE)
    sessions.stop_session(cmd, actor=place.clinic.manager, now=clock.now())
    someone.until(visit, "医院停诊")
    someone.go("/")
    counted = Counted(someone)
    counted.tap(someone.page.get_by_role("link", name="再约心内科"))
    assert "5号诊室" in someone.text()
    someone.look("clinic-windows")
    counted.tap(someone.page.locator("a.window"))
    counted.tap(someone.page.get_by_role("button", name="确认预约"))
    someone.page.get_by_text("预约成功").first.wait_for()
    assert counted.inputs <= 3
    someone.go("/bookings/")
    assert "5号诊室" in someone.text()


@pytest.fixture
def eye_clinic(new_practice: Callable[[], Practice]) -> Practice:
    """An eye clinic with a free morning: whatever else the city has, one of the first that "眼科" finds."""
    place = new_practice()
    (campus,) = hospitals.list_campuses(place.clinic.hospital_id)
    facts = make.department_facts(
        code=place.clinic.department_code, campus_code=campus.code, name="眼科", national_code="10"
    )
    cmd = ChangeDepartment(place.clinic.hospital_id, place.clinic.department_id, facts)
    places.change_department(cmd, actor=make.hospital_admin(place.clinic.hospital_id), now=clock.now())
    place.sit(place.days[0], per_window=4)
    return place


@pytest.mark.usefixtures("eye_clinic")
def test_a_first_booking_takes_eight_inputs(
    visitor: New, phone_number: str, new_identity: Callable[[], tuple[str, str]]
) -> None:
    """From the home page, without an account: signing in, saying who one is, and being checked are among them."""
    name, number = new_identity()
    someone = visitor()
    page = someone.page
    someone.go("/")
    counted = Counted(someone)
    counted.tap(page.get_by_role("link", name="眼科", exact=True))
    someone.look("soon")
    counted.tap(page.locator("a.window"))
    counted.type(page.locator("input[name=phone]"), phone_number)
    counted.tap(page.get_by_role("button", name="获取验证码"))
    code = code_for(someone, phone_number)
    with page.expect_navigation():
        counted.type(page.locator("input[name=code]"), code)
    someone.look("book-myself")
    counted.type(page.locator("input[name=name]"), name)
    counted.type(page.locator("input[name=number]"), number)
    counted.tap(page.get_by_role("button", name="核验并预约"))
    expect(page.locator(".code")).to_be_visible(timeout=30_000)
    assert "预约成功" in someone.text()
    assert counted.inputs <= 8


@pytest.mark.usefixtures("eye_clinic")
def test_a_first_booking_without_scripts_asks_for_one_press_more(
    visitor: New, sign_in: SignIn, phone_number: str, new_identity: Callable[[], tuple[str, str]]
) -> None:
    name, number = new_identity()
    someone = visitor(scripts=False)
    sign_in(someone, phone_number)
    someone.follow("眼科")
    someone.open("a.window")
    someone.press("核验并预约")
    assert "请填姓名" in someone.text()
    someone.page.locator("input[name=name]").fill(name)
    someone.page.locator("input[name=number]").fill(number[:-1] + ("1" if number[-1] != "1" else "2"))
    someone.press("核验并预约")
    assert someone.page.locator("[role=alert]").count() == 1  # such a number there is not
    someone.page.locator("input[name=number]").fill(number)
    someone.press("核验并预约")
    path = someone.page.url.removeprefix(someone.url)
    someone.until(path, "核验通过")
    someone.press("确认预约")
    assert "预约成功" in someone.text()


def test_who_the_authority_does_not_know_is_told_what_to_do(
    visitor: New,
    sign_in: SignIn,
    phone_number: str,
    practice: Practice,
    new_identity: Callable[[], tuple[str, str]],
) -> None:
    someone = visitor()
    sign_in(someone, phone_number)
    someone.go(practice.path)
    someone.open("a.offer")
    someone.open("a.window")
    name, number = new_identity()
    someone.page.locator("input[name=name]").fill(f"{name}否")  # whom the demo's authority doesn't know
    someone.page.locator("input[name=number]").fill(number)
    someone.press("核验并预约")
    expect(someone.page.get_by_role("heading", name="还没有核验通过")).to_be_visible(timeout=30_000)
    someone.look("book-not-matched")
    someone.follow("看怎么办")
    assert "/me/people/" in someone.page.url


def test_a_page_of_somebody_elses_cannot_make_a_browser_book(patient: New, practice: Practice) -> None:
    """The waiting page goes on by itself only with a token that we signed for this account."""
    someone = patient()
    someone.go(practice.path)
    someone.open("a.offer")
    book = someone.page.locator("a.window").first.get_attribute("href")
    assert book is not None
    someone.go(book.replace("?", "first/forged:1:token/?"))
    assert someone.page.get_by_role("button", name="确认预约").is_visible()
    someone.go("/bookings/")
    assert "还没有预约" in someone.text()


def test_the_booking_page_remembers_for_whom(
    visitor: New, household: NewHousehold, practice: Practice, new_identity: Callable[[], tuple[str, str]]
) -> None:
    """Who was booked here last is chosen already; elsewhere it is oneself."""
    home = household()
    home.add(*new_identity(), relation=Relation.SPOUSE)
    someone = home.enter(visitor())
    someone.go(practice.path)
    someone.open("a.offer")
    someone.open("a.window")
    chosen = someone.page.locator(".people input:checked")
    assert chosen.get_attribute("value") == str(home.patients[0])
    someone.page.locator(f"input[value='{home.patients[1]}']").check()
    someone.press("确认预约")
    someone.go(practice.path)
    someone.open("a.offer")
    someone.open("a.window")
    assert someone.page.locator(".people input:checked").get_attribute("value") == str(home.patients[1])
