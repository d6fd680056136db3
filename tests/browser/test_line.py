"""The line before a release as people at their phones live it: joined, refreshed, on a second phone, let in, booked."""

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from playwright.sync_api import expect
from tests.browser.practices import Practice
from tests.browser.visitors import Visitor

from yitong.core import clock
from yitong.domains.booking.models import Place
from yitong.domains.schedule.contracts import Pool

New = Callable[..., Visitor]
NewPractice = Callable[[], Practice]
GATHER_S = 12
SOON_MS = 40_000


def released_now(practice: Practice, someone: Visitor) -> None:
    """One window with one slot, released this instant: who comes within the next seconds is ordered by lot."""
    practice.stand_in_line(gather_s=GATHER_S)
    session = practice.sit(
        practice.days[0],
        per_window=1,
        slot_minutes=30,
        starts=time(8),
        ends=time(8, 30),
        pools=(Pool.ONLINE,),
        release_at=clock.now(),
    )
    clinic = practice.clinic
    someone.until(f"/counter/departments/{clinic.hospital_id}/{clinic.department_id}", str(session.session_id))


def line_path(practice: Practice) -> str:
    return f"/lines/{practice.clinic.hospital_id}/{practice.clinic.department_id}/"


def in_order(*people: Visitor) -> tuple[Visitor, ...]:
    """As the lots had it, once the doors are open."""
    until = clock.now() + timedelta(milliseconds=SOON_MS)
    while clock.now() < until:
        for one in people:
            if one.page.get_by_role("link", name="去选时间").is_visible():
                return one, *(other for other in people if other is not one)
        people[0].page.wait_for_timeout(200)
    raise AssertionError("nobody was let in")


def test_a_line_is_joined_kept_and_gone_through(patient: New, new_practice: NewPractice) -> None:
    practice = new_practice()
    first, second = patient(), patient(size="largest")
    released_now(practice, first)
    for one in (first, second):
        one.go(line_path(practice))
        one.press("排队")
        expect(one.page.locator("[data-said]")).to_contain_text("抽签定先后")
    first.look("line-gathering")
    second.look("line-gathering-largest")

    first.page.reload()  # the place is kept
    expect(first.page.locator("[data-said]")).to_contain_text("抽签定先后")
    winner, other = in_order(first, second)
    winner.look("line-admitted")
    expect(other.page.locator("[data-said]")).to_contain_text("下一个就是您", timeout=SOON_MS)
    other.look("line-waiting")

    other.go(f"{practice.path}?visit=again")
    other.look("line-way-to-it")
    other.open("a.offer")
    other.open("a.window")
    other.press("确认预约")
    expect(other.page.get_by_text("轮到您才能预约")).to_be_visible()
    other.look("line-not-your-turn")

    winner.open(winner.page.get_by_role("link", name="去选时间"))
    winner.open("a.offer")
    winner.open("a.window")
    winner.open(winner.page.get_by_role("button", name="确认预约"))
    assert "预约成功" in winner.text()


def test_without_scripts_a_reload_tells(patient: New, new_practice: NewPractice) -> None:
    practice = new_practice()
    someone = patient(scripts=False)
    released_now(practice, someone)
    someone.go(line_path(practice))
    someone.open(someone.page.get_by_role("button", name="排队", exact=True))
    expect(someone.page.locator(".hint")).to_contain_text("已在队里")
    someone.look("line-plain")
    someone.open(someone.page.get_by_role("button", name="选中的人退出排队"))
    expect(someone.page.locator(".hint")).to_contain_text("已退出")
    assert Place.objects.exclude(left_at=None).filter(hospital_id=practice.clinic.hospital_id).count() == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_before_it_opens_it_says_when(patient: New, new_practice: NewPractice, language: str) -> None:
    practice = new_practice()
    practice.stand_in_line(gather_s=20)
    practice.sit(practice.days[0], per_window=1, release_at=clock.now() + timedelta(hours=3))
    someone = patient(language=language)
    someone.go(line_path(practice))
    expect(someone.page.locator("main .countdown")).to_contain_text("02:")
    someone.look(f"line-before-{language}")
