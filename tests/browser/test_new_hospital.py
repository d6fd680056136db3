"""A hospital on its first day: taken in at the office, filled in at the desk by who was let in there, and booked by a
patient; nobody touches a shell."""

import re
import time
from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from playwright.sync_api import expect
from pytest_django.plugin import DjangoDbBlocker
from tests import make
from tests.browser.visitors import Visitor
from tests.browser.wards import enter, sign_in, token_of

from yitong.core import clock

New = Callable[..., Visitor]
LONG_NAME = "首都示范大学附属北京友好儿童与妇女联合医学中心"
LONG_DEPARTMENT = "小儿心血管内科与先天性心脏病多学科联合门诊"


@pytest.fixture
def officer(visitor: New, server: str, django_db_blocker: DjangoDbBlocker) -> New:
    """`officer("city_operator")`: somebody of the city, signed in."""

    def come(role: str, **options: object) -> Visitor:
        with django_db_blocker.unblock():
            token = token_of(make.staff_member(role, now=clock.now()))
        return enter(visitor(**{"width": "desk", **options}), token)

    return come


def put(someone: Visitor, **given: str) -> None:
    """Types into the fields of the form, or chooses in them."""
    for name, value in given.items():
        field = someone.page.locator(f"main [name={name}]").first
        if field.evaluate("it => it.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def take_in(officer: New, code: str) -> str:
    """The operator adds the hospital; the security administrator lets in its administrator. Gives the invitation."""
    operator = officer("city_operator")
    operator.go("/office/hospitals/")
    operator.follow("加入一家医院")
    put(operator, code=f"{code} 有空格", district="西城区", name=f"{LONG_NAME}{code}", short_name=f"示范{code}")
    put(operator, name_en=f"Capital Model University Affiliated Hospital {code}", level="三级甲等", kind="综合医院")
    operator.press("加入")
    assert operator.page.locator("#id_code-error").is_visible()
    assert operator.page.locator("[name=name]").input_value() == f"{LONG_NAME}{code}"
    operator.look("new-hospital-refused")
    put(operator, code=code)
    operator.press("加入")
    assert "医院还没有填：院区、科室、医师、医事服务费" in operator.text()
    operator.look("new-hospital-office")
    security = officer("security_admin")
    security.go("/office/staff/")
    security.follow("邀请医院管理员")
    named = security.page.locator("main select[name=hospital] option").filter(has_text=f"{LONG_NAME}{code}")
    put(security, hospital=named.get_attribute("value") or "", login=f"admin-{code.lower()}", name="王路")
    security.look("new-hospital-invite")
    security.press("邀请")
    return security.page.locator("#secret").inner_text()


def come_in(someone: Visitor, login: str, invite: str) -> None:
    """The first sign-in: password, second factor."""
    someone.go("/desk/sign-in/invite/")
    put(someone, login=login, invite=invite, new=make.PASSWORD, again=make.PASSWORD)
    someone.page.locator("main form button").first.click()
    someone.page.wait_for_load_state("load")
    sign_in(someone, login)
    someone.press("开始设置")
    secret = someone.page.locator(".secret").inner_text()
    put(someone, code=pyotp.TOTP(secret).at(clock.now()))
    someone.press("核对并开启")
    someone.follow("收好了，进入工作台")


def fill_in(admin: Visitor, name: str) -> None:
    """Step by step, always by the link that the pages offer next."""
    assert "先把本院资料填上" in admin.text()
    admin.look(f"{name}-first-day")
    admin.follow("从这里开始")
    admin.look(f"{name}-steps")
    admin.follow("加一个院区")
    put(admin, name="本部", code="MAIN", address="北京市西城区示范路 1 号")
    admin.press("加上")
    admin.look(f"{name}-campus")
    admin.follow("加一个科室")
    put(admin, name=LONG_DEPARTMENT, code="CARDIO", national_code="99")
    admin.press("加上")
    assert admin.page.locator("[name=name]").input_value() == LONG_DEPARTMENT
    assert "国家名录里没有这个科目" in admin.text()
    admin.look(f"{name}-department-refused")
    put(admin, national_code="07.04", code_reason="小儿心血管内科即小儿心脏病专业")
    admin.page.locator("[name=code_basis][value=rule]").check()
    admin.press("加上")
    admin.look(f"{name}-department")
    admin.follow("加一位医师")
    put(admin, name="李示范", code="D001", title="chief", licence="110100000000001", home="CARDIO")
    admin.press("加上")
    admin.look(f"{name}-doctor")
    admin.follow("定价")
    put(admin, clinic_kind="expert", fee_fen="80", source="京发改〔2026〕1号")
    admin.press("定下来")
    admin.look(f"{name}-fees")


def roster(admin: Visitor, name: str) -> None:
    """One sitting a week, on a day that can be booked now, and its sessions."""
    day = clock.shanghai_date(clock.now()) + timedelta(days=3)
    admin.follow("去排班")
    admin.page.locator("a.add").first.click()
    admin.page.wait_for_load_state("load")
    doctor = admin.page.locator("main select[name=practitioner] option").nth(1).get_attribute("value")
    put(admin, practitioner=doctor or "", clinic_kind="expert", weekday=str(day.weekday()), half_day="am")
    admin.page.locator("[name=open_on_holidays]").check()
    admin.press("排上")
    admin.go("/desk/hospital/")
    admin.follow("去生成")
    admin.press("生成")
    expect(admin.page.locator("main .figures dd").first).not_to_have_text("0")
    admin.go("/desk/hospital/")
    assert "下一步" not in admin.text()
    admin.look(f"{name}-done")


@pytest.mark.rule("S-83")
@pytest.mark.rule("R-162")
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("width", "scripts"), [("desk", False), ("phone", True)])
def test_a_new_hospital_from_the_office_to_what_a_patient_is_offered(
    officer: New, visitor: New, width: str, scripts: bool
) -> None:
    code, name = f"N{time.time_ns() % 10**7}", f"new-hospital-{width}"
    invite = take_in(officer, code)
    admin = visitor(width=width, scripts=scripts)
    come_in(admin, f"admin-{code.lower()}", invite)
    fill_in(admin, name)
    roster(admin, name)
    seen = admin.page.locator("main a", has_text="打开患者页面").get_attribute("href")
    patient = visitor(width=width)
    patient.until(seen or "", LONG_DEPARTMENT)
    patient.look(f"{name}-patient-hospital")
    patient.open(patient.page.locator("main a", has_text=LONG_DEPARTMENT).first)
    here = re.sub(r"^https?://[^/]+", "", patient.page.url)
    patient.until(here, "主任医师")  # once the worker has released what is due (R-004: no name at a first visit)
    assert "80 元" in patient.text()
    patient.look(f"{name}-patient-department")
    patient.open(patient.page.locator("main a[href*='/sessions/']").first)
    patient.page.locator("a.window").first.click()
    patient.page.wait_for_load_state("load")
    assert "/sign-in/" in patient.page.url  # a slot is booked by who has signed in
