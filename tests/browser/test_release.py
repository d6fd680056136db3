"""A release as a person at a phone lives it: countdown, booked, sold out with what is near, service lost and back.

One department opens a few seconds after its pages were; whoever has them open needs no reload.
"""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

from playwright.sync_api import expect
from tests.browser.practices import Practice
from tests.browser.visitors import Visitor

from yitong.core import clock
from yitong.domains.schedule.contracts import Pool, Session

New = Callable[..., Visitor]
NewPractice = Callable[[], Practice]
SOON_S = 12.0


def opens_soon(practice: Practice, *, within_s: float = SOON_S, per_window: int = 1) -> Session:
    """One morning with two windows, released in a few seconds; the day after it is open already."""
    practice.sit(practice.days[1], per_window=4)
    return practice.sit(
        practice.days[0],
        per_window=per_window,
        slot_minutes=30,
        starts=time(8),
        ends=time(9),
        pools=(Pool.ONLINE,) * (2 * per_window),
        release_at=clock.now() + timedelta(seconds=within_s),
    )


def session_path(session: Session) -> str:
    return f"/hospitals/{session.hospital_id}/sessions/{session.session_id}/?visit=again"


def day_path(practice: Practice, session: Session) -> str:
    return f"{practice.path}?visit=again&date={session.date.isoformat()}"


FAST_PHONE = "const real = Date.now; Date.now = () => real() + 3600e3;"


def test_a_release_opens_the_page_by_itself_and_is_booked(patient: New, new_practice: NewPractice) -> None:
    """By the server's clock, whatever the phone's says; in large type for another."""
    practice = new_practice()
    session = opens_soon(practice)
    someone, elder = patient(), patient(size="largest")
    page = someone.page
    page.add_init_script(FAST_PHONE)

    someone.go(day_path(practice, session))
    expect(page.locator("main .countdown").first).to_contain_text("还有 00:")
    someone.look("release-day")
    someone.open("a.offer")
    elder.go(session_path(session))
    for one in (someone, elder):
        expect(one.page.locator("main .countdown")).to_contain_text("还有 00:")
        expect(one.page.locator("a.window")).to_have_count(0)
        expect(one.page.get_by_text("未放号")).to_have_count(2)
    someone.look("release-waiting")
    elder.look("release-waiting-largest")

    expect(page.locator("a.window")).to_have_count(2, timeout=(SOON_S + 5) * 1000)
    assert clock.now() >= session.release_at
    expect(page.locator("main [role=status]").first).to_have_text("有号了，可以预约")
    expect(page.locator("main .countdown")).to_be_hidden()
    someone.look("release-open")
    someone.open("a.window")
    someone.open(page.get_by_role("button", name="确认预约"))
    assert "预约成功" in someone.text()
    expect(elder.page.locator("a.window")).to_have_count(1, timeout=15_000)
    elder.look("release-open-largest")
    asks_only_while_it_is_seen(elder)


SEEN = """(seen) => {
  Object.defineProperty(document, "hidden", { value: !seen, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def asks_only_while_it_is_seen(someone: Visitor) -> None:
    page = someone.page
    asked: list[str] = []
    page.evaluate(SEEN, False)
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(5_000)  # after a release it asks every three seconds or so
    assert asked == []
    with page.expect_request("**/counter/sessions/**", timeout=3_000):
        page.evaluate(SEEN, True)


def test_who_is_too_late_sees_it_at_once_and_what_is_near(patient: New, new_practice: NewPractice) -> None:
    practice = new_practice()
    session = opens_soon(practice, within_s=-1)
    watcher, late, by_doctor = patient(), patient(), patient()
    by_doctor.go(f"/hospitals/{session.hospital_id}/doctors/{session.practitioner_id}/?date={session.date.isoformat()}")
    expect(by_doctor.page.locator("a.window")).to_have_count(2)
    quick = [patient() for _ in range(2)]

    watcher.go(session_path(session))
    late.go(session_path(session))
    late.open("a.window")
    for n, one in enumerate(quick):
        one.go(session_path(session))
        one.open(one.page.locator("a.window").nth(0))
        one.open(one.page.get_by_role("button", name="确认预约"))
        assert "预约成功" in one.text(), n

    expect(by_doctor.page.locator("a.window")).to_have_count(0, timeout=15_000)  # on the doctor's own page, too
    expect(by_doctor.page.locator("[data-sitting] .tag").first).to_have_text("约满")
    expect(watcher.page.locator("a.window")).to_have_count(0, timeout=15_000)
    expect(watcher.page.locator(".banner").get_by_text("刚刚约满了")).to_be_visible()
    watcher.look("release-gone")
    late.page.get_by_role("button", name="确认预约").click()
    late.page.get_by_text("号源已被预约").wait_for()
    late.page.get_by_text("这些日子还有号").wait_for()
    expect(late.page.get_by_role("button", name="确认预约")).to_have_count(0)
    expect(late.page.locator("#told")).to_be_focused()
    late.look("release-refused")
    late.open("#told a.chip")
    late.open("a.offer")
    late.open("a.window")
    late.open(late.page.get_by_role("button", name="确认预约"))
    assert "预约成功" in late.text()


def test_a_service_that_is_lost_is_said_calmly_and_comes_back(patient: New, new_practice: NewPractice) -> None:
    practice = new_practice()
    session = opens_soon(practice, within_s=-1, per_window=3)
    someone = patient()
    page = someone.page
    asked: list[str] = []

    def away(route: Any) -> None:
        asked.append(route.request.url)
        route.fulfill(status=503, content_type="application/problem+json", body="{}")

    page.route("**/counter/sessions/**", away)
    someone.go(session_path(session))
    expect(page.locator(".live")).to_have_attribute("data-state", "late")
    expect(page.locator("main [role=status]").first).to_contain_text("正在重连", timeout=15_000)
    someone.complaints.clear()  # the browser notes each 503
    someone.look("release-lost")
    assert page.locator("a.window").count() == 2  # what was known stays
    page.unroute("**/counter/sessions/**")
    expect(page.locator(".live")).to_have_attribute("data-state", "on", timeout=20_000)
    expect(page.locator("main [role=status]").first).to_contain_text("已恢复")
    someone.complaints.clear()
    assert len(asked) in (2, 3)  # it backs off


def test_without_scripts_the_page_says_the_time_and_a_reload_opens_it(patient: New, new_practice: NewPractice) -> None:
    practice = new_practice()
    session = opens_soon(practice, within_s=6)
    someone, quick = patient(scripts=False), patient(scripts=False)

    someone.go(session_path(session))
    assert "到时请刷新这一页" in someone.text()
    assert someone.page.locator("a.window").count() == 0
    someone.look("release-plain")
    while clock.now() < session.release_at:
        someone.page.wait_for_timeout(200)
    someone.until(session_path(session), "余 1")
    quick.go(session_path(session))
    for one in (someone, quick):
        one.open("a.window")
    quick.open(quick.page.get_by_role("button", name="确认预约"))
    assert "预约成功" in quick.text()
    someone.open(someone.page.get_by_role("button", name="确认预约"))
    assert "号源已被预约" in someone.text()
    assert "同一半天，这些时间还有号" in someone.text()
    expect(someone.page.get_by_role("button", name="确认预约")).to_have_count(0)
    someone.look("release-plain-refused")


def test_in_english_the_head_is_one_line_and_large_type_loses_no_words(visitor: New, new_practice: NewPractice) -> None:
    practice = new_practice()
    path = session_path(practice.sit(practice.days[0])).replace("visit=again", "visit=first")
    someone, elder = visitor(language="en"), visitor(language="en", size="large")
    someone.go(path)
    brand, switch = (someone.page.locator(one).first.bounding_box() for one in (".brand", ".topbar-tools .button"))
    assert brand is not None
    assert switch is not None
    assert brand["y"] == switch["y"]
    assert switch["width"] >= 44
    elder.go(path)
    about = elder.page.get_by_text("Doctor assigned by the department")
    assert about.evaluate("it => it.scrollHeight <= it.clientHeight")
