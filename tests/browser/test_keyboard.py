"""Every main flow by keys alone: the focus to be seen at each stop, no trap, no jump, and back after a sheet."""

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import expect
from tests import make
from tests.browser.households import Household
from tests.browser.keyboard import Keyboard
from tests.browser.practices import Practice
from tests.browser.test_desk_keys import sitting
from tests.browser.visitors import Visitor
from tests.browser.wards import Ward, enter, token_of, undo_within

from yitong.cli.demo import people as demo
from yitong.core import clock
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule.queries import timetable as schedule

New = Callable[..., Visitor]
Draw = Callable[[], tuple[str, str]]


def staff(visitor: New, ward: Ward, *roles: str) -> Keyboard:
    """Signed in by the form, as one does in the morning."""
    invited = ward.staff(*roles)
    keys = Keyboard(visitor(width="desk"))
    keys.go("/desk/sign-in/")
    keys.reach(keys.page.locator("input[name=login]"))
    keys.type(invited.login)
    keys.reach(keys.page.locator("input[name=password]"))
    keys.type(make.PASSWORD)
    with keys.page.expect_navigation():
        keys.press("Enter")
    return keys


# -- a patient -------------------------------------------------------------------------------------------------------


def test_a_patient_searches_books_and_cancels(patient: New, practice: Practice) -> None:
    keys = Keyboard(patient())
    page = keys.page
    department = hospitals.get_department(practice.clinic.hospital_id, practice.clinic.department_id)
    keys.go("/")
    assert keys.walk()[0].startswith("a 跳到正文")
    keys.go("/")
    keys.reach(page.locator("#q"))
    keys.type(department.name)
    expect(page.locator("#suggestions [role=option]").first).to_contain_text(department.name)
    keys.press("ArrowDown")
    with page.expect_navigation():
        keys.press("Enter")
    page.wait_for_url(f"**{practice.path}*")
    keys.walk()
    keys.enter(page.locator("a.offer"))
    keys.walk()
    keys.enter(page.locator("a.window", has_not_text="优先号").first)
    keys.walk()
    keys.enter(page.get_by_role("button", name="确认预约"))
    expect(page.locator(".code")).to_be_visible()
    keys.walk()
    keys.enter(page.get_by_role("link", name="取消预约"))
    keys.enter(page.get_by_role("button", name="确认取消"))
    assert "已取消这次预约" in keys.someone.text()


def test_a_patient_adds_a_child(visitor: New, household: Callable[..., Household]) -> None:
    keys = Keyboard(household().enter(visitor()))
    page = keys.page
    born = date(clock.now().year - 8, 4, 2)
    number = demo.identity_number("resident_id", born, "male", serial=8500 + make.number() % 400)
    keys.go("/me/people/")
    keys.enter(page.get_by_role("link", name="添加就诊人"))
    keys.walk()
    keys.reach(page.locator("input[name=relation]"))
    keys.press("Space")
    while page.locator("input[name=relation]:checked").input_value() != "child":
        keys.press("ArrowDown")
    keys.reach(page.locator("input[name=name]"))
    keys.type("测试小男")
    keys.reach(page.locator("input[name=number]"))
    keys.type(number)
    keys.reach(page.locator("input[name=consent]"))
    keys.press("Space")
    keys.enter(page.get_by_role("button", name="添加并核验"))
    assert "由您监护" in keys.someone.text()


def test_a_patient_changes_size_and_language(visitor: New) -> None:
    keys = Keyboard(visitor())
    html = keys.page.locator("html")
    keys.go("/")
    keys.enter(keys.page.get_by_role("button", name="长辈版"))
    expect(html).to_have_attribute("data-size", "large")
    keys.walk()
    keys.enter(keys.page.get_by_role("button", name="EN"))
    expect(html).to_have_attribute("lang", "en")
    keys.enter(keys.page.get_by_role("button", name="中文"))
    keys.enter(keys.page.get_by_role("link", name="字号与语言"))
    keys.reach(keys.page.locator("input[name=size]:checked"))
    keys.press("ArrowDown")
    keys.enter(keys.page.get_by_role("button", name="保存"))
    expect(html).to_have_attribute("data-size", "largest")


# -- the desk --------------------------------------------------------------------------------------------------------


def test_the_window_books_for_who_walks_in(visitor: New, ward: Ward, new_identity: Draw) -> None:
    session = ward.on_site()
    keys = staff(visitor, ward, "registrar")
    page = keys.page
    keys.walk()
    name, number = new_identity()
    keys.enter(page.get_by_role("link", name="找患者").first)
    keys.walk()
    keys.reach(page.locator("form:has([value=document]) input[name$=number]"))
    keys.type(number)
    with page.expect_navigation():
        keys.press("Enter")
    assert "没有找到" in keys.someone.text()
    keys.enter(page.get_by_role("link", name="今日").first, back=True)
    keys.go(f"/desk/?day={session.date}&department={session.department_id}")
    keys.enter(page.locator(f"#ns{session.session_id}"))
    assert page.evaluate("document.activeElement.name") == "number"
    keys.type(number)
    keys.reach(page.locator("input[name=name]"))
    keys.type(name)
    with page.expect_navigation():
        keys.press("Enter")
    keys.enter(page.locator("a.window"))
    keys.walk()
    keys.enter(page.locator("main form button.button"))
    page.wait_for_url("**/slip/")
    expect(page.locator(".code")).to_be_visible()


def test_a_day_is_chosen_and_a_session_stopped(visitor: New, ward: Ward) -> None:
    session = ward.on_site()
    undo_within(ward.hospital_id, 60)
    keys = staff(visitor, ward, "roster_manager")
    page = keys.page
    before = page.url
    keys.choose(page.locator("#department"), str(session.department_id))
    assert page.url == before  # an arrow only chooses; what is chosen goes when one says so (WCAG 3.2.2)
    keys.enter(page.get_by_role("button", name="查看"))
    keys.go(f"/desk/?day={session.date}&department={session.department_id}")
    keys.walk()
    keys.enter(page.locator(f"#xs{session.session_id}"))
    keys.reach(page.locator("input[name=reason]"))
    keys.press("ArrowDown")
    keys.enter(page.locator("main button.button-danger"))
    page.wait_for_url("**/desk/stops/*/")
    assert page.evaluate("document.activeElement.id") == "undo"
    with page.expect_navigation():
        keys.press("Enter")
    assert schedule.get_session(ward.hospital_id, session.session_id).stops_at is None


def test_the_week_is_changed(visitor: New, ward: Ward) -> None:
    department, line = sitting(ward)
    keys = staff(visitor, ward, "roster_manager")
    page = keys.page
    keys.go(f"/desk/roster/?department={department}")
    keys.walk()
    held = page.locator(f'a.sitting[data-move="/desk/roster/{line}/move/"]')
    keys.reach(held)
    keys.press("Space", "ArrowRight", "ArrowRight", "ArrowRight", "Enter")
    expect(page.locator("#sheet select[name=weekday]")).to_have_value("3")
    for _ in range(12):
        keys.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('#sheet')")
    keys.press("Escape")
    expect(held).to_be_focused()
    keys.press("Space", "ArrowRight", "ArrowRight", "ArrowRight", "Enter")
    expect(page.locator("#sheet button[autofocus]")).to_be_focused()
    keys.press("Enter")
    page.get_by_text("已移动").wait_for()


# -- the office ------------------------------------------------------------------------------------------------------


@pytest.fixture
def officer(visitor: New) -> Callable[[str], Keyboard]:
    """`officer("policy_officer")`: at the city's first page, with a session of his own."""

    def come(role: str) -> Keyboard:
        keys = Keyboard(enter(visitor(width="desk"), token_of(make.staff_member(role, now=clock.now()))))
        keys.go("/office/")
        return keys

    return come


def test_a_rule_of_the_city_is_changed(officer: Callable[[str], Keyboard]) -> None:
    keys = officer("policy_officer")
    page = keys.page
    keys.enter(page.get_by_role("link", name="规则").first)
    keys.walk()
    keys.enter(page.get_by_role("link", name="时段结束后保留"))
    keys.walk()
    keys.reach(page.locator("input[name=value]"))
    keys.press("Control+a")
    keys.type("20")
    keys.reach(page.locator("input[name=source]"))
    keys.type("京卫医〔2026〕14号")
    keys.enter(page.get_by_role("button", name="先看效果"))
    keys.walk()
    keys.enter(page.get_by_role("button", name="就这样定"))
    assert "已定下" in keys.someone.text()


def test_a_channel_is_ended(officer: Callable[[str], Keyboard]) -> None:
    channel_id, _secret = make.channel(now=clock.now())
    keys = officer("security_admin")
    page = keys.page
    keys.enter(page.get_by_role("link", name="渠道").first)
    keys.walk()
    keys.enter(page.locator(f'a[href="/office/channels/{channel_id}/"]'))
    keys.walk()
    keys.enter(page.get_by_role("link", name="吊销渠道"))
    keys.reach(page.locator("textarea[name=reason]"))
    keys.type("转售号源")
    code = page.locator("label[for=id_confirm]").inner_text().split()[-1]
    keys.reach(page.locator("input[name=confirm]"))
    keys.type(code)
    keys.enter(page.get_by_role("button", name="永久吊销"))
    expect(page.locator("h1")).to_contain_text("已吊销")
