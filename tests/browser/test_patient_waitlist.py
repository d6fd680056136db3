"""候补 in the browser: joined, an offer taken in time, an offer missed; on a phone and on a desk."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.browser import practices
from tests.browser.visitors import Visitor

from yitong.core import clock
from yitong.domains.waitlist import models

pytestmark = pytest.mark.rule("R-017")
New = Callable[..., Visitor]


@pytest.fixture
def full(new_practice: Callable[[], practices.Practice]) -> practices.Full:
    place = new_practice()
    practices.sell_out(place, 1)
    practices.sell_out(practices.beside(place), 0)
    return practices.sell_out(place, 0)


def join(someone: Visitor, full: practices.Full, *, asks: bool = True) -> str:
    """By the pages, from the department's day. Gives the entry's path."""
    someone.go(full.path)
    someone.follow("登记候补")
    if asks:
        someone.page.get_by_label("先问我").check()
    someone.press("登记候补")
    return someone.page.url.removeprefix(someone.url)


@pytest.mark.parametrize(("width", "size"), [("phone", "normal"), ("phone", "largest"), ("desk", "normal")])
def test_joined_and_taken_in_time(patient: New, full: practices.Full, width: str, size: str) -> None:
    someone, name = patient(width=width, size=size), f"waitlist-{width}-{size}"
    someone.go(full.path)
    someone.look(f"{name}-day")
    someone.follow("登记候补")
    someone.page.get_by_text("这些场次也可以").first.click()
    someone.press("其他医院或院区也可以")
    someone.page.locator("#elsewhere").get_by_role("checkbox").first.check()
    someone.look(f"{name}-join")
    someone.page.get_by_label("先问我").check()
    someone.press("登记候补")
    assert someone.page.locator("main .list li").count() == 2
    assert "下一个空出的号就给您" in someone.text()
    someone.look(f"{name}-waiting")
    path = someone.page.url.removeprefix(someone.url)
    someone.go("/bookings/")
    assert "候补中" in someone.text()
    someone.look(f"{name}-mine")
    full.free()
    someone.until(path, "有号了，请确认")
    someone.look(f"{name}-offer")
    someone.press("约这个号")
    assert "候补成功" in someone.text()
    someone.look(f"{name}-booked")
    someone.follow("看我的预约")
    assert "已预约" in someone.text()


@pytest.mark.parametrize(("width", "scripts"), [("phone", True), ("desk", False)])
def test_another_hospital_is_added_to_a_wait_afterwards(
    patient: New, full: practices.Full, width: str, scripts: bool
) -> None:
    first, someone = patient(), patient(width=width, scripts=scripts)
    join(first, full)
    path = join(someone, full)
    assert "前面还有 1 人" in someone.text()
    someone.follow("修改候补")
    someone.press("其他医院或院区也可以")
    someone.page.locator("#elsewhere").get_by_role("checkbox").first.check()
    someone.look(f"waitlist-change-elsewhere-{width}")
    someone.press("保存")
    assert "已修改候补" in someone.text()
    assert someone.page.url.partition("#")[0] == someone.url + path
    lines = someone.page.locator("main .list li").all_inner_texts()
    assert ["前面还有 1 人" in lines[0], "下一个空出的号就给您" in lines[1]] == [True, True]
    someone.look(f"waitlist-changed-{width}")


def test_an_offer_that_is_missed_goes_to_the_next(patient: New, full: practices.Full) -> None:
    sleeper, next_one = patient(), patient()
    path = join(sleeper, full)
    other = join(next_one, full, asks=False)
    assert "前面还有 1 人" in next_one.text()
    full.free()
    sleeper.until(path, "有号了，请确认")
    offers = models.WaitlistOffer.objects.filter(hospital_id=full.session.hospital_id, live=True)
    assert offers.get().until - clock.now() > timedelta(minutes=4)
    offers.update(until=offers.get().made_at)  # its time is over
    next_one.until(other, "候补成功")
    sleeper.go(path)
    assert "没有在时限内确认" in sleeper.text()
    sleeper.look("waitlist-missed")


def test_without_scripts_one_joins_declines_and_leaves(patient: New, full: practices.Full) -> None:
    someone = patient(scripts=False)
    path = join(someone, full)
    full.free()
    someone.until(path, "有号了，请确认")
    someone.press("不要这个号")
    assert "您没有要这个号" in someone.text()
    someone.follow("退出候补")
    someone.look("waitlist-leave")
    someone.press("确认退出")
    assert "已退出" in someone.text()


def test_whole_in_english(patient: New, full: practices.Full) -> None:
    someone = patient(language="en")
    someone.go(full.path)
    someone.look("waitlist-en-day")
    someone.follow("Join the waitlist")
    someone.page.get_by_text("These clinics would do").first.click()
    someone.look("waitlist-en-join")
    someone.page.get_by_label("Ask me first").check()
    someone.press("Join the waitlist")
    path = someone.page.url.removeprefix(someone.url)
    full.free()
    someone.until(path, "please answer")
    assert "Times we can still ask you: 1" in someone.text()
    someone.look("waitlist-en-offer")
    someone.go("/bookings/waitlist/")
    someone.look("waitlist-en-list")
