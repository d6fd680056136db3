"""Sign-in, family, messages, data, devices, settings, search: each page looked at, each mistake answered in place."""

import re
from collections.abc import Callable

import pytest
from tests.browser.visitors import Visitor

SignIn = Callable[[Visitor, str], None]
New = Callable[..., Visitor]


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
    someone.page.locator("input[name=code]").fill("000000")
    someone.look("sign-in-code")
    someone.page.locator("main form button").first.click()
    assert someone.page.locator("[role=alert]").count() == 1
    someone.look("sign-in-wrong-code")
    assert phone_number not in someone.page.url


@pytest.mark.rule("R-101")
def test_family(visitor: New, sign_in: SignIn, phone_number: str, new_identity: Callable[[], tuple[str, str]]) -> None:
    someone = visitor()
    sign_in(someone, phone_number)
    someone.go("/me/people/")
    someone.look("people-empty")
    someone.follow("添加就诊人")
    someone.look("person-add")
    someone.press("添加并核验")
    someone.look("person-add-empty")
    name, number = new_identity()
    someone.page.get_by_text("本人", exact=True).first.click()
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
    someone.follow("就诊码")
    someone.look("person-code")
    someone.page.go_back()
    someone.follow("谁看过信息")
    someone.look("person-reads")
    someone.page.go_back()
    someone.follow("移除这位就诊人")
    someone.look("person-remove")
    someone.press("移除")
    assert "已从您的账号移除" in someone.text()


def test_account_pages(visitor: New, sign_in: SignIn, phone_number: str) -> None:
    someone = visitor()
    sign_in(someone, phone_number)
    for path in (
        "/",
        "/bookings/",
        "/messages/",
        "/me/",
        "/me/devices/",
        "/me/phone/",
        "/me/data/",
        "/me/data/erase/",
        "/settings/",
    ):
        someone.go(path)
        someone.look(f"account{path.replace('/', '-')}empty")
    someone.go("/me/")
    someone.press("退出登录")
    someone.go("/bookings/")
    assert "/sign-in/" in someone.page.url


def test_export_is_a_file(visitor: New, sign_in: SignIn, phone_number: str) -> None:
    someone = visitor()
    sign_in(someone, phone_number)
    someone.go("/me/data/")
    with someone.page.expect_download() as download:
        someone.page.get_by_role("button", name="下载").click()
    assert download.value.suggested_filename == "yitong-data.json"


def test_search_by_name_and_initials(visitor: New) -> None:
    someone = visitor()
    someone.go("/")
    name = someone.page.locator("main a.item .item-title").first.inner_text()
    someone.page.get_by_role("searchbox").fill(name[:6])
    suggestion = someone.page.locator("#suggestions a.item").first
    suggestion.wait_for()
    someone.look("search-suggestions")
    someone.page.get_by_role("searchbox").press("Enter")
    someone.page.wait_for_load_state("load")
    assert name in someone.text()
    someone.look("search-results")
    someone.go("/search/?q=zzzzzz")
    someone.look("search-nothing")
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
