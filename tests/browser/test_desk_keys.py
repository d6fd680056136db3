"""The desk by keys alone: sheets, rows, the week grid, a document at the window; and what comes out on paper."""

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from playwright.sync_api import Page, expect
from tests import clinic as build
from tests import make
from tests.browser.visitors import SHOTS, Visitor
from tests.browser.wards import Ward, enter, undo_within

from yitong.core import clock
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people.commands import patients
from yitong.domains.people.contracts.patients import RegisterAtDesk
from yitong.domains.schedule.commands import planning
from yitong.domains.schedule.contracts import AddRosterLine, HalfDay, Session
from yitong.domains.schedule.queries import timetable as schedule

New = Callable[..., Visitor]
FOCUS = "document.activeElement.id || document.activeElement.name || document.activeElement.tagName"


def at_desk(visitor: New, ward: Ward, *roles: str, **options: object) -> Visitor:
    someone = visitor(width="desk", **options)
    return enter(someone, make.signed_in(ward.staff(*roles), now=clock.now()).token)


def keys(page: Page, *pressed: str) -> None:
    for one in pressed:
        page.keyboard.press(one)


def day_of(session: Session) -> str:
    return f"/desk/?day={session.date}&department={session.department_id}"


@pytest.mark.rule("R-016")
def test_a_session_is_stopped_with_at_most_four_inputs_and_undone_with_one(visitor: New, ward: Ward) -> None:
    session = ward.on_site()
    undo_within(ward.hospital_id, 60)
    someone = at_desk(visitor, ward, "roster_manager")
    page = someone.go(day_of(session))
    inputs = 0
    page.locator(f"#xs{session.session_id}").click()
    inputs += 1
    page.wait_for_url("**/stop/")
    page.get_by_text("设备故障").click()
    inputs += 1
    page.locator("main button.button-danger").click()
    inputs += 1
    page.wait_for_url("**/desk/stops/*/")
    assert inputs <= 4
    someone.look("desk-stop-window")
    assert schedule.get_session(ward.hospital_id, session.session_id).stops_at is not None
    assert page.evaluate(FOCUS) == "undo"
    keys(page, "Enter")
    page.get_by_text("没有通知任何人").first.wait_for()
    assert schedule.get_session(ward.hospital_id, session.session_id).stops_at is None


@pytest.mark.rule("R-016")
def test_a_stop_by_keys_alone_from_the_row(visitor: New, ward: Ward) -> None:
    session = ward.on_site()
    undo_within(ward.hospital_id, 60)
    someone = at_desk(visitor, ward, "roster_manager")
    page = someone.go(day_of(session))
    page.locator(f"#s{session.session_id}").focus()
    keys(page, "x")
    page.wait_for_url("**/stop/")
    page.locator("input[name=reason]").first.focus()
    keys(page, "Space", "Tab", "Enter")
    page.wait_for_url("**/desk/stops/*/")
    keys(page, "u")
    page.get_by_text("没有通知任何人").first.wait_for()


def test_rows_sheets_and_pages_by_keys(visitor: New, ward: Ward) -> None:
    session = ward.on_site()
    someone = at_desk(visitor, ward, "registrar", "roster_manager")
    page = someone.go(f"/desk/?day={session.date}&department=all")
    keys(page, "j")
    first = page.evaluate(FOCUS)
    keys(page, "j", "ArrowDown")
    assert page.evaluate(FOCUS) not in ("", "BODY", first)
    keys(page, "k", "ArrowUp")
    assert page.evaluate(FOCUS) == first
    keys(page, "?")
    page.locator("#sheet kbd").first.wait_for()
    someone.look("desk-keys-sheet")
    keys(page, "Escape")
    assert page.evaluate(FOCUS) == first
    keys(page, "/")
    page.locator("#sheet input[name=q]").wait_for()
    page.keyboard.type("排")
    page.locator("#jump-found a").first.wait_for()
    someone.look("desk-jump-sheet")
    keys(page, "ArrowDown", "Enter")
    page.wait_for_url("**/desk/roster/")
    keys(page, "g", "w")
    page.wait_for_url("**/desk/week/")
    keys(page, "g", "t")
    page.wait_for_url("**/desk/")
    page.locator("#filter").focus()
    page.keyboard.type("j/?gw")
    assert page.locator("#filter").input_value() == "j/?gw"
    assert page.locator("#sheet[open]").count() == 0
    keys(page, "Control+k")
    page.locator("#sheet input[name=q]").wait_for()
    assert someone.complaints == []


def test_letters_can_be_left_to_the_screen_reader(visitor: New, ward: Ward) -> None:
    someone = at_desk(visitor, ward, "nurse")
    page = someone.go("/desk/keys/")
    someone.press("关闭单键快捷键")
    page.goto(f"{someone.url}/desk/")
    keys(page, "?", "j", "g", "w")
    assert page.locator("#sheet[open]").count() == 0
    assert (page.evaluate(FOCUS), page.url) == ("BODY", f"{someone.url}/desk/")
    keys(page, "Control+k")
    page.locator("#sheet input[name=q]").wait_for()


def test_the_table_is_filtered_and_stays_so_when_it_renews_itself(visitor: New, ward: Ward) -> None:
    session = ward.on_site()
    someone = at_desk(visitor, ward, "nurse")
    page = someone.go(f"/desk/?day={session.date}&department=all")
    doctor = page.locator(f"#s{session.session_id}").inner_text()
    rows = page.locator("#list tbody tr:not(.group):visible")
    before = rows.count()
    keys(page, "f")
    page.keyboard.type(doctor)
    assert 1 <= rows.count() < before
    left = rows.count()
    with page.expect_response(
        lambda answer: "/desk/" in answer.url and answer.request.headers.get("hx-request") == "true"
    ):
        pass
    page.wait_for_timeout(300)
    assert rows.count() == left
    assert page.evaluate(FOCUS) == "filter"


def test_who_is_expected_arrives_by_his_document_without_scripts(visitor: New, ward: Ward) -> None:
    given, now = build.identity(), clock.now()
    registrar = make.staff_actor("registrar", hospital_id=ward.hospital_id)
    patients.register_at_desk(
        RegisterAtDesk(f"arrive{make.number()}", ward.hospital_id, given), actor=registrar, now=now
    )
    someone = at_desk(visitor, ward, "registrar", scripts=False)
    page = someone.go("/desk/")
    page.locator("main input[name=number]").focus()
    page.keyboard.type(given.number)
    keys(page, "Enter")
    page.get_by_text("没有等着报到").wait_for()
    someone.follow("给他挂号")
    assert "/desk/window/" in page.url


def sitting(ward: Ward) -> tuple[str, str]:
    """(department, line): a department of a hospital of the demo in which one doctor sits on Monday and Tuesday."""
    manager, now = make.staff_actor("roster_manager", hospital_id=ward.hospital_id), clock.now()
    today = clock.shanghai_date(now)
    every = schedule.list_roster(ward.hospital_id, today, actor=manager)
    for department in hospitals.list_departments(ward.hospital_id):
        doctors = hospitals.list_practitioners(ward.hospital_id, department.department_id)
        free = [one for one in doctors if all(line.practitioner_id != one.practitioner_id for line in every)]
        if not free or not department.is_bookable:
            continue
        lines = [
            planning.add_roster_line(
                AddRosterLine(
                    key=f"grid{make.number()}",
                    hospital_id=ward.hospital_id,
                    campus_id=department.campus_id,
                    department_id=department.department_id,
                    practitioner_id=free[0].practitioner_id,
                    clinic_kind="expert",
                    weekday=weekday,
                    half_day=HalfDay.NIGHT,
                    starts=time(18),
                    ends=time(20),
                    slot_minutes=30,
                    per_window=2,
                    from_date=today + timedelta(days=1),
                ),
                actor=manager,
                now=now,
            ).roster_line_id
            for weekday in (0, 1)
        ]
        return str(department.department_id), str(lines[0])
    raise AssertionError("nobody is free in this hospital")


def test_the_week_grid_by_keys_and_by_mouse(visitor: New, ward: Ward) -> None:
    department, line = sitting(ward)
    someone = at_desk(visitor, ward, "roster_manager")
    page = someone.go(f"/desk/roster/?department={department}")
    held = page.locator(f'a.sitting[data-move="/desk/roster/{line}/move/"]')
    held.focus()
    keys(page, "Space", "ArrowRight")
    assert "周二" in page.locator("#week-say").inner_text()
    keys(page, "Escape")
    assert held.evaluate("node => node === document.activeElement")
    keys(page, "Space", "ArrowRight", "Enter")
    page.locator("#sheet select[name=weekday]").wait_for()
    assert page.locator("#sheet select[name=weekday]").input_value() == "1"
    page.locator("#sheet form.form button.button").first.click()
    page.locator("#sheet [role=alert]").wait_for()  # the doctor sits there on Tuesdays already
    someone.look("desk-roster-clash")
    keys(page, "Escape")

    target = page.locator('td[data-weekday="3"][data-half="night"]')
    target.scroll_into_view_if_needed()
    start, end = held.bounding_box(), target.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 20, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(end["x"] + 30, end["y"] + 20, steps=8)
    page.mouse.up()
    expect(page.locator("#sheet select[name=weekday]")).to_have_value("3")
    page.locator("#sheet form.form button.button").first.click()
    page.get_by_text("已移动").wait_for()


def test_a_line_moves_without_scripts(visitor: New, ward: Ward) -> None:
    department, line = sitting(ward)
    someone = at_desk(visitor, ward, "roster_manager", scripts=False)
    page = someone.go(f"/desk/roster/?department={department}")
    page.locator(f'a.move[href="/desk/roster/{line}/move/"]').click()
    page.wait_for_url("**/move/")
    page.locator("select[name=weekday]").select_option("4")
    page.get_by_text("那里再排一个").click()
    someone.press("确定")
    assert "已再排一个" in someone.text()


def test_what_comes_out_on_paper(visitor: New, ward: Ward) -> None:
    session = ward.on_site()
    booking_id, _patient = ward.walk_in(session)
    someone = at_desk(visitor, ward, "registrar")
    page = someone.page
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})  # A4 at 96 dpi
    for name, path, kept in (
        ("day", f"/desk/?day={session.date}&department=all", "#list"),
        ("list", f"/desk/sessions/{session.session_id}/list/", "main table"),
        ("slip", f"/desk/bookings/{booking_id}/slip/", ".slip"),
    ):
        page.goto(someone.url + path)
        assert page.locator(kept).is_visible()
        for hidden in (".rail", ".bench-head", "main form", "main .button"):
            assert page.locator(f"{hidden}:visible").count() == 0, (name, hidden)
        wider = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wider <= 0, (name, wider)
        page.screenshot(path=SHOTS / f"desk-print-{name}.png", full_page=True)
        assert page.pdf(format="A4").startswith(b"%PDF")
