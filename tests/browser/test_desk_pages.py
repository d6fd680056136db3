"""The flows that staff live in, in a browser. The pages themselves: `test_every_page.py`."""

import re
from collections.abc import Callable
from uuid import UUID

import pyotp
import pytest
from tests import clinic as build
from tests import make
from tests.browser.practices import Practice
from tests.browser.test_patient_booking import add_myself, to_window, until_verified
from tests.browser.visitors import Visitor, code_for
from tests.browser.wards import Ward, enter, sign_in, token_of, undo_within

from yitong.core import clock
from yitong.core.clock import SHANGHAI
from yitong.domains.booking.commands import claim
from yitong.domains.booking.contracts import HoldSlot
from yitong.domains.schedule.contracts import Pool
from yitong.domains.schedule.models import Slot
from yitong.domains.schedule.queries import timetable as schedule

New = Callable[..., Visitor]


@pytest.mark.rule("R-205")
def test_an_administrator_sets_up_the_code_and_signs_in_with_it(visitor: New, ward: Ward) -> None:
    invited = ward.staff("hospital_admin")
    someone = visitor(width="desk")
    sign_in(someone, invited.login)
    someone.look("desk-totp-begin")
    someone.press("开始设置")
    secret = someone.page.locator(".secret").inner_text()
    assert someone.page.locator(".qr svg").count() == 1
    someone.look("desk-totp-scan")
    someone.page.locator("input[name=code]").fill("000000")
    someone.press("核对并开启")
    assert someone.page.locator(".secret").inner_text() == secret
    someone.page.locator("input[name=code]").fill(pyotp.TOTP(secret).at(clock.now()))
    someone.press("核对并开启")
    someone.look("desk-totp-recovery")
    recovery = someone.page.locator(".codes li").first.inner_text()
    someone.follow("收好了，进入工作台")
    assert someone.page.get_by_role("link", name="职工", exact=True).count() == 1
    someone.press("退出")
    sign_in(someone, invited.login)
    someone.look("desk-sign-in-code")
    assert someone.page.evaluate("document.activeElement.name") == "code"
    someone.page.locator("input[name=code]").fill(recovery)
    someone.press("登录")
    assert someone.page.url == f"{someone.url}/desk/"


@pytest.mark.rule("R-048")
def test_who_lost_the_old_phone_gets_another_one_at_the_window(visitor: New, ward: Ward, phone_number: str) -> None:
    given = build.identity()
    _actor, patient = build.holder(given)
    window = enter(visitor(width="desk"), token_of(ward.staff("registrar")))
    window.go(f"/desk/patients/{patient}/")
    window.follow("更换手机号")
    window.look("desk-phone")
    window.page.locator("input[name=number]").fill(given.number)
    window.page.locator("input[name=name]").fill(given.name)
    window.page.locator("input[name=new_phone]").fill(phone_number)
    window.press("证件相符，发验证码")
    window.look("desk-phone-code")
    window.page.locator("input[name=new_code]").fill(code_for(window, phone_number))
    window.press("更换")
    window.look("desk-phone-changed")
    assert "手机号已更换" in window.text()


def test_a_booking_from_a_phone_arrives_and_a_stop_reaches_it(
    visitor: New,
    ward: Ward,
    sign_in: Callable[[Visitor, str], None],
    phone_number: str,
    new_identity: Callable[[], tuple[str, str]],
) -> None:
    patient = visitor()
    sign_in(patient, phone_number)
    add_myself(patient, new_identity)
    until_verified(patient)
    to_window(patient)
    patient.page.locator("a.window").first.click()
    patient.page.wait_for_load_state("load")
    hospital_id, slot_id = (UUID(part) for part in patient.page.url.split("/book/")[1].split("/")[:2])
    slot = schedule.get_slot(hospital_id, slot_id)
    session = schedule.get_session(hospital_id, slot.session_id)
    day = slot.starts_at.astimezone(SHANGHAI).date()
    manager = make.staff_member("roster_manager", "nurse", hospital_id=hospital_id, now=clock.now())
    desk = visitor(width="desk")
    enter(desk, make.signed_in(manager, now=clock.now()).token)
    desk.go(f"/desk/?day={day}&department={session.department_id}")
    before = int(desk.page.locator("#booked-total").inner_text())
    patient.press("确认预约")
    code = patient.page.locator(".code").inner_text()
    arrived = re.compile(f"^{before + 1}$")
    desk.page.locator("#booked-total").filter(has_text=arrived).wait_for(timeout=15_000)
    desk.look("desk-arrived")

    desk.page.locator(f'a[href="/desk/sessions/{session.session_id}/"]').click()
    desk.page.wait_for_load_state("load")
    assert code in desk.text()
    desk.look("desk-session-booked")
    desk.follow("办理停诊")
    assert desk.page.locator("main tbody tr").count() >= 1
    desk.page.get_by_text("设备故障").click()
    desk.look("desk-stop-preview")
    undo_within(hospital_id, 4)
    desk.press("停诊")
    desk.look("desk-stop-waits")
    desk.page.get_by_text("全部停诊，预约都已结束").wait_for(timeout=60_000)
    desk.look("desk-stopped")
    for _ in range(100):
        patient.page.reload()
        if "医院停诊" in patient.text():
            break
        patient.page.wait_for_timeout(200)
    assert "医院停诊" in patient.text()


def test_a_walk_in_is_booked_by_keys_alone_and_without_scripts(
    visitor: New, ward: Ward, new_identity: Callable[[], tuple[str, str]]
) -> None:
    session = ward.on_site()
    someone = visitor(width="desk", scripts=False)
    sign_in(someone, ward.staff("registrar").login)
    name, number = new_identity()
    keys = someone.page.keyboard
    someone.go("/desk/window/")
    assert someone.page.evaluate("document.activeElement.name") == "number"
    keys.type(number)
    keys.press("Tab")
    keys.type(name)
    keys.press("Enter")
    someone.page.wait_for_url("**/desk/window/*/")
    assert "证件已核对" in someone.text()
    someone.page.locator("select[name=department]").select_option(str(session.department_id))
    someone.page.locator("select[name=day]").select_option(str(session.date))
    someone.press("查看")
    someone.page.locator(f'a[href$="/{session.session_id}/"]').focus()
    keys.press("Enter")
    someone.page.wait_for_url(f"**/{session.session_id}/")
    someone.page.locator("a.window").first.focus()
    keys.press("Enter")
    someone.page.wait_for_url("**/slot/*/")
    someone.page.locator("input[name=is_again]").focus()
    keys.press("Space")
    keys.press("Tab")
    keys.press("Enter")
    someone.page.wait_for_url("**/slip/")
    assert re.fullmatch(r"\d{4} \d{4}", someone.page.locator(".code").inner_text())
    someone.look("desk-slip-walk-in")


@pytest.mark.parametrize(("width", "scripts"), [("desk", False), ("phone", True)])
def test_where_a_time_went_to_another_window_the_nearest_is_one_press_away(
    visitor: New, new_practice: Callable[[], Practice], width: str, scripts: bool
) -> None:
    practice = new_practice()
    hospital_id, session = practice.clinic.hospital_id, practice.sit(practice.days[0], per_window=1)
    Slot.objects.filter(hospital_id=hospital_id, session_id=session.session_id).update(pool=Pool.ONSITE)
    slots = make.slots(session)
    registrar, patient_id = build.registrar(hospital_id), build.patient(hospital_id)

    def take(n: int) -> None:
        wish = HoldSlot(
            f"other{make.number()}", hospital_id, slots[n].slot_id, build.patient(hospital_id), is_first_visit=False
        )
        claim.hold_slot(wish, actor=registrar, now=clock.now())

    someone = visitor(width=width, scripts=scripts)
    staff = make.staff_member("registrar", hospital_id=hospital_id, now=clock.now())
    enter(someone, make.signed_in(staff, now=clock.now()).token)
    someone.go(f"/desk/window/{patient_id}/slot/{slots[0].slot_id}/")
    take(0)
    someone.page.locator("input[name=is_again]").check()
    someone.press("挂号")
    someone.look(f"desk-nearest-{width}")
    take(1)
    someone.press("挂最近的时段 8:30–9:00")
    assert "8:00–8:30已被挂走，挂的是9:00–9:30，第 3 号" in someone.text()
    someone.look(f"desk-nearest-booked-{width}")


def test_a_roster_line_by_keys_alone(visitor: New, ward: Ward) -> None:
    someone = visitor(width="desk")
    enter(someone, make.signed_in(ward.staff("roster_manager"), now=clock.now()).token)
    someone.go("/desk/roster/")
    before = someone.page.locator(".sitting").count()
    someone.page.locator("a.add").last.focus()  # Sunday night
    someone.page.keyboard.press("Enter")
    someone.page.wait_for_url("**/roster/add/**")
    someone.page.locator("input[name=per_window]").focus()
    someone.page.keyboard.press("Control+A")
    someone.page.keyboard.type("3")
    someone.page.keyboard.press("Enter")
    someone.page.wait_for_url("**/desk/roster/?department=*")
    assert someone.page.locator(".sitting").count() == before + 1
    someone.look("desk-roster-added")
    someone.page.locator(".sitting").last.focus()
    someone.page.keyboard.press("Enter")
    someone.page.wait_for_url("**/end/")
    someone.press("定为最后一天")
    assert "已定好最后一天" in someone.text()


def test_in_the_largest_type_what_is_said_of_a_patient_stands_under_its_name(visitor: New, ward: Ward) -> None:
    """Beside it a phone left room for three letters."""
    _actor, patient = build.holder(build.identity())
    window = enter(visitor(size="largest"), token_of(ward.staff("registrar")))
    window.go(f"/desk/patients/{patient}/")
    name, said = (window.page.locator(f".facts {part}").first.bounding_box() for part in ("dt", "dd"))
    assert name is not None
    assert said is not None
    assert said["y"] >= name["y"] + name["height"]
    assert said["x"] == name["x"]
