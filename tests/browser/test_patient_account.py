"""Sign-in, family, messages, data, devices, settings, search: each page looked at, each mistake answered in place."""

import re
from collections.abc import Callable
from datetime import date

import pytest
from tests import make
from tests.browser.households import Household
from tests.browser.visitors import Visitor, code_for, give_code

from yitong.cli.demo import people as demo
from yitong.core import clock
from yitong.domains.people.contracts.words import Decision, LockReason, Relation, Verdict

SignIn = Callable[[Visitor, str], None]
New = Callable[..., Visitor]
NewHousehold = Callable[..., Household]
Draw = Callable[[], tuple[str, str]]


def ask_code(someone: Visitor, phone: str, *, next_page: str = "/") -> None:
    someone.go(f"/sign-in/?next={next_page}")
    someone.page.get_by_role("textbox").first.fill(phone)
    someone.press("获取验证码")


def test_wrong_phone_and_wrong_code_are_told_in_place(visitor: New, phone_number: str) -> None:
    someone = visitor()
    someone.go("/sign-in/")
    someone.page.locator("main form button").first.click()
    assert "请填手机号" in someone.text()
    someone.look("sign-in-empty")
    someone.page.get_by_role("textbox").first.fill("12345")
    someone.page.locator("main form button").first.click()
    assert someone.page.locator("[role=alert]").count() == 1
    someone.look("sign-in-wrong-phone")
    someone.page.get_by_role("textbox").first.fill(phone_number)
    someone.page.locator("main form button").first.click()
    someone.look("sign-in-code")
    give_code(someone, "000000")
    assert someone.page.locator("[role=alert]").count() == 1
    someone.look("sign-in-wrong-code")
    assert phone_number not in someone.page.url


def test_a_code_tried_five_times_is_over(visitor: New, phone_number: str) -> None:
    someone = visitor()
    ask_code(someone, phone_number)
    for left in ("4", "3", "2", "1"):
        give_code(someone, "000000")
        assert f"还可以再试{left}次" in someone.text()
        assert someone.page.locator("input[name=code]").input_value() == ""
    give_code(someone, "000000")
    assert "验证码已失效，请重新获取" in someone.text()
    someone.press("重新获取")
    assert "操作过于频繁" in someone.text()
    assert someone.page.locator("input[name=code]").count() == 1  # what came before may still be typed
    someone.go("/sign-in/")
    someone.page.get_by_role("textbox").first.fill(phone_number)
    someone.press("获取验证码")
    someone.press("已经收到验证码，去填写")
    assert someone.page.locator("input[name=code]").count() == 1


@pytest.mark.rule("R-048")
def test_a_new_device_is_asked_for_a_second_fact(visitor: New, household: NewHousehold) -> None:
    home = household()
    someone = visitor()
    ask_code(someone, home.phone, next_page="/bookings/")
    give_code(someone, code_for(someone, home.phone))
    assert "再核对一步" in someone.text()
    someone.look("second-fact")
    path = someone.page.url.removeprefix(someone.url)
    someone.go("/bookings/")
    assert "/sign-in/" in someone.page.url  # such a session opens nothing yet
    someone.go(path)
    someone.page.locator("input[name=fact]").fill("0000" if home.numbers[0][-4:] != "0000" else "1111")
    someone.press("确认")
    assert "还可以再试4次" in someone.text()
    someone.look("second-fact-wrong")
    someone.page.locator("input[name=fact]").fill(home.numbers[0][-4:])
    someone.press("确认")
    assert someone.page.url == f"{someone.url}/bookings/"
    assert "已登录" in someone.text()


@pytest.mark.rule("R-048")
def test_the_phones_new_holder_begins_anew(visitor: New, household: NewHousehold) -> None:
    home = household()
    someone = visitor()
    ask_code(someone, home.phone)
    give_code(someone, code_for(someone, home.phone))
    someone.page.get_by_text("这不是我的账号").click()
    someone.press("新建我的账号")
    assert "已用这个手机号新建账号" in someone.text()
    someone.go("/me/people/")
    assert "还没有就诊人" in someone.text()


@pytest.mark.rule("R-048")
def test_the_phone_is_changed_with_a_code_to_each(visitor: New, household: NewHousehold, phone_number: str) -> None:
    home = household()
    someone = home.enter(visitor())
    someone.go("/me/phone/")
    someone.page.locator("input[name=old_phone]").fill(phone_number)  # not the account's
    someone.page.locator("input[name=new_phone]").fill(phone_number)
    someone.press("获取验证码")
    assert someone.page.locator("[role=alert]").count() == 1
    someone.look("phone-wrong")
    someone.page.locator("input[name=old_phone]").fill(home.phone)
    someone.press("获取验证码")
    someone.look("phone-codes")
    old, new = code_for(someone, home.phone), code_for(someone, phone_number)
    someone.page.locator("input[name=old_code]").fill(old)
    someone.page.locator("input[name=new_code]").fill("000000" if new != "000000" else "111111")
    someone.press("更换")
    assert "验证码不正确" in someone.text()
    someone.page.locator("input[name=old_code]").fill(old)
    someone.page.locator("input[name=new_code]").fill(new)
    someone.press("更换")
    assert "手机号已更换" in someone.text()
    assert phone_number[-4:] in someone.text()


def test_a_device_is_made_to_leave(visitor: New, household: NewHousehold) -> None:
    home = household(with_self=False)
    lost = home.enter(visitor())
    someone = visitor()
    ask_code(someone, home.phone)
    give_code(someone, code_for(someone, home.phone))
    someone.go("/me/devices/")
    assert someone.page.locator("li.item").count() == 2
    assert someone.page.locator("li.item", has_text="本机").count() == 1
    someone.look("devices")
    someone.press("让它退出")
    assert "已让这台设备退出登录" in someone.text()
    assert someone.page.locator("li.item").count() == 1
    lost.go("/bookings/")
    assert "/sign-in/" in lost.page.url


@pytest.mark.rule("R-199")
def test_a_locked_account_appeals_to_a_person(visitor: New, household: NewHousehold) -> None:
    home = household()
    home.lock(LockReason.CANCELS)
    someone = home.enter(visitor())
    someone.go("/me/")
    assert "因一个月内取消次数过多，暂时不能预约" in someone.text()
    someone.look("me-locked")
    someone.follow("申诉")
    someone.press("提交申诉")
    assert "请写几句话说明" in someone.text()
    someone.look("appeal-empty")
    someone.page.locator("textarea").fill("家里老人住院，几次改了时间。")
    someone.press("提交申诉")
    assert "申诉已提交，由人工复核" in someone.text()
    assert "申诉已提交，正在人工复核" in someone.text()
    someone.look("me-appealed")
    home.decide(Decision.LIFTED)
    someone.go("/me/")
    assert "暂时不能预约" not in someone.text()


@pytest.mark.rule("R-101")
def test_family(visitor: New, household: NewHousehold, new_identity: Draw) -> None:
    someone = household(with_self=False).enter(visitor())
    someone.go("/me/people/")
    someone.look("people-empty")
    someone.follow("添加就诊人")
    assert someone.page.locator("input[value=self]").is_checked()
    assert not someone.page.locator("input[name=birth_date]").is_visible()  # the document says it
    someone.look("person-add")
    someone.press("添加并核验")
    someone.look("person-add-empty")
    name, number = new_identity()
    someone.page.locator("input[name=name]").fill(name)
    someone.page.locator("input[name=number]").fill(number[:-1] + ("1" if number[-1] != "1" else "2"))
    someone.press("添加并核验")
    assert someone.page.locator("[role=alert]").first.is_visible()
    someone.look("person-add-wrong-number")
    someone.page.locator("input[name=number]").fill(number)
    someone.press("添加并核验")
    someone.look("person")
    assert name not in someone.page.url
    assert number not in someone.page.content()
    path = someone.page.url.removeprefix(someone.url)
    someone.until(path, "已实名核验")  # the authority answers in its own time
    someone.go(f"{path}code/")
    someone.look("person-code")
    someone.go(f"{path}reads/")
    someone.look("person-reads")
    someone.go(path)
    someone.follow("移除这位就诊人")
    someone.look("person-remove")
    someone.press("移除")
    assert "已从您的账号移除" in someone.text()


@pytest.mark.rule("R-103")
def test_a_minor_needs_a_guardians_consent(visitor: New, household: NewHousehold) -> None:
    someone = household().enter(visitor())
    born = date(clock.now().year - 9, 3, 2)
    number = demo.identity_number("resident_id", born, "female", serial=8000 + make.number())
    someone.go("/me/people/add/")
    assert not someone.page.locator("input[name=consent]").is_visible()
    someone.page.get_by_text("子女", exact=True).click()
    assert someone.page.locator("input[name=consent]").is_visible()
    someone.page.locator("input[name=name]").fill("测试小女")
    someone.page.locator("input[name=number]").fill(number)
    someone.press("添加并核验")
    assert someone.page.locator("[role=alert]").count() == 1
    someone.look("person-add-no-consent")
    someone.page.locator("input[name=consent]").check()
    someone.press("添加并核验")
    assert "由您监护" in someone.text()
    someone.look("person-minor")


@pytest.mark.rule("R-101")
def test_a_passport_is_asked_for_birth_and_sex(visitor: New, household: NewHousehold) -> None:
    someone = household(with_self=False).enter(visitor())
    someone.go("/me/people/add/")
    someone.page.locator("select[name=kind]").select_option("passport")
    someone.page.locator("input[name=name]").fill("TEST PATIENT")
    someone.page.locator("input[name=number]").fill(f"ZZ8{make.number():06d}")
    someone.press("添加并核验")
    assert someone.page.locator("[role=alert]").count() == 1
    someone.look("person-add-passport")
    someone.page.locator("input[name=birth_date]").fill("1990-05-01")
    someone.page.locator("select[name=sex]").select_option("female")
    someone.press("添加并核验")
    assert "正在实名核验" in someone.text()


@pytest.mark.rule("R-045")
def test_a_check_that_says_no_says_what_to_do(visitor: New, household: NewHousehold, new_identity: Draw) -> None:
    home = household(with_self=False)
    patient_id = home.add(*new_identity(), verdict=Verdict.NO_MATCH)
    someone = home.enter(visitor())
    someone.go(f"/me/people/{patient_id}/")
    assert "姓名和证件号码对不上" in someone.text()
    someone.look("person-not-matched")


def test_a_full_account_says_so(visitor: New, household: NewHousehold, new_identity: Draw) -> None:
    home = household()
    for _ in range(2):
        home.add(*new_identity(), relation=Relation.OTHER)
    someone = home.enter(visitor())
    someone.go("/me/people/add/")
    assert "一个账号最多 3 位就诊人" in someone.text()
    assert someone.page.locator("input[name=name]").count() == 0
    someone.look("person-add-full")


def test_account_pages(visitor: New, household: NewHousehold) -> None:
    someone = household(with_self=False).enter(visitor())
    for path in (
        "/bookings/",
        "/messages/",
        "/me/",
        "/me/phone/",
        "/me/data/",
        "/me/data/erase/",
        "/settings/",
    ):
        someone.go(path)
        someone.look(f"account{path.replace('/', '-')}empty")
    with someone.page.expect_download() as download:
        someone.go("/me/data/")
        someone.page.get_by_role("button", name="下载").click()
    assert download.value.suggested_filename == "yitong-data.json"
    someone.go("/me/")
    someone.press("退出登录")
    someone.go("/bookings/")
    assert "/sign-in/" in someone.page.url


def test_closing_an_account_ends_it(visitor: New, household: NewHousehold) -> None:
    someone = household(with_self=False).enter(visitor())
    someone.go("/me/data/erase/")
    someone.press("注销账号")
    assert "请先勾选，表示您已看明白" in someone.text()
    someone.page.locator("input[name=sure]").check()
    someone.press("注销账号")
    assert "账号已注销" in someone.text()
    someone.go("/me/")
    assert "还没有登录" in someone.text()


def test_search_by_name_and_initials(visitor: New) -> None:
    someone = visitor()
    someone.go("/")
    name = someone.page.locator("main a.item .item-title").first.inner_text()
    someone.page.locator("#q").fill(name[:6])
    suggestion = someone.page.locator("#suggestions a.item").first
    suggestion.wait_for()
    someone.look("search-suggestions")
    someone.page.locator("#q").press("Enter")
    someone.page.wait_for_load_state("load")
    assert name in someone.text()
    someone.look("search-results")
    someone.go("/search/?q=zzzzzz")
    someone.look("search-nothing")
    assert someone.page.locator("a.chip").count() > 0
    someone.go("/search/?q=" + "内🤒" * 250)
    assert "没有找到" in someone.text()
    someone.look("search-long")
    someone.go("/search/?q=rxk")
    assert "乳腺科" in someone.text()


def test_errors_have_a_page(visitor: New) -> None:
    someone = visitor()
    someone.go("/no-such-page/")
    someone.look("error-404")
    someone.go("/hospitals/00000000-0000-0000-0000-000000000000/")
    someone.look("error-no-hospital")
    assert someone.page.get_by_role("link", name="回到首页").count() == 1


def test_settings_change_size_and_language(visitor: New) -> None:
    someone = visitor(scripts=False)
    someone.go("/settings/")
    someone.page.get_by_text("长辈版：特大字").click()
    someone.press("保存")
    assert someone.page.locator("html").get_attribute("data-size") == "largest"
    someone.look("settings-largest")
    someone.go("/")
    someone.look("home-largest")


@pytest.mark.parametrize("path", ["/", "/search/?q=nk"])
def test_first_load_is_light(visitor: New, path: str) -> None:
    """Everything of a first visit, uncompressed, below 150 kB (issue 2)."""
    someone = visitor()
    sizes: dict[str, int] = {}
    someone.page.on("response", lambda answer: sizes.__setitem__(re.sub(r"\?.*", "", answer.url), len(answer.body())))
    someone.go(path)
    someone.page.wait_for_load_state("networkidle")
    assert sum(sizes.values()) < 150_000, sizes
