"""The fewest inputs: what people do most often takes as few taps and typed fields as the issue asks, counted."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from tests.browser.counting import Counted
from tests.browser.households import Household
from tests.browser.practices import Practice
from tests.browser.visitors import Visitor

from yitong.core import clock
from yitong.domains.people.contracts import Relation
from yitong.domains.schedule import contracts as schedule
from yitong.domains.schedule.commands import sessions

New = Callable[..., Visitor]
NewHousehold = Callable[..., Household]


def been_there(someone: Visitor, place: Practice) -> None:
    """One visit by name, booked by the pages on the first day."""
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
    assert "预约成功" in someone.text()
    assert "3号诊室" in someone.text()
    assert counted.inputs <= 3


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
    chosen = someone.page.locator("input[name=patient]:checked")
    assert chosen.get_attribute("value") == str(home.patients[0])
    someone.page.locator(f"input[value='{home.patients[1]}']").check()
    someone.press("确认预约")
    someone.go(practice.path)
    someone.open("a.offer")
    someone.open("a.window")
    assert someone.page.locator("input[name=patient]:checked").get_attribute("value") == str(home.patients[1])
