"""The network is cut: the next booking and its code are still there, and gone when they have to be."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Error, Page, expect
from tests.browser.practices import Practice
from tests.browser.visitors import Visitor

New = Callable[..., Visitor]


def book(someone: Visitor, practice: Practice) -> str:
    """The code of a booking made by the pages, when the phone has kept it."""
    someone.go(practice.path)
    someone.open("a.offer")
    someone.open("a.window")
    someone.press("确认预约")
    code: str = someone.page.locator(".ticket .code").inner_text()
    wait_for_card(someone.page)
    return code


def wait_for_card(page: Page) -> None:
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    end = time.monotonic() + 10
    while sorted(kept(page)) != ["/offline/", "/offline/card/"]:
        assert time.monotonic() < end, kept(page)
        page.wait_for_timeout(100)


def kept(page: Page) -> list[str]:
    """What is stored of the visit on this device."""
    paths: list[str] = page.evaluate(
        """async () => (await caches.has("yitong-visit"))
          ? (await (await caches.open("yitong-visit")).keys()).map((one) => new URL(one.url).pathname) : []"""
    )
    return paths


def everything(page: Page) -> str:
    """All that the caches of this device say, as one text."""
    text: str = page.evaluate(
        """async () => {
          const said = [];
          for (const name of await caches.keys())
            for (const one of await (await caches.open(name)).matchAll()) said.push(one.url, await one.text());
          return said.join("\\n") + JSON.stringify({...localStorage}) + JSON.stringify({...sessionStorage});
        }"""
    )
    return text


def test_next_booking_and_its_code_without_network(patient: New, practice: Practice) -> None:
    someone = patient()
    page = someone.page
    code = book(someone, practice)
    page.context.set_offline(True)
    for path in ("/", "/bookings/"):
        page.goto(someone.url + path)
        expect(page.get_by_role("heading", level=2)).to_contain_text("月")
        assert page.locator(".ticket .code").inner_text() == code
        expect(page.get_by_role("img", name="预约码二维码")).to_be_visible()
        assert page.evaluate("getComputedStyle(document.querySelector('.card')).borderRadius") != "0px"
    someone.complaints.clear()  # the browser says that the network is gone
    someone.look("offline-booking")
    page.context.set_offline(False)
    page.get_by_role("link", name="再试一次").click()
    expect(page.get_by_role("heading", name="我的预约").or_(page.locator("main .list")).first).to_be_visible()


def test_nothing_else_that_is_personal_is_kept(patient: New, practice: Practice) -> None:
    someone = patient()
    code = book(someone, practice)
    for path in ("/", "/me/people/", "/messages/", "/bookings/", "/me/", "/me/data/"):
        someone.go(path)
    said = everything(someone.page)
    assert code.replace(" ", "") in said.replace(" ", "")
    assert "测试" not in said
    paths = someone.page.evaluate(
        """async () => {
          const all = [];
          for (const name of await caches.keys()) all.push(...(await (await caches.open(name)).keys()));
          return all.map((one) => new URL(one.url).pathname).filter((path) => !path.startsWith("/static/"));
        }"""
    )
    assert sorted(set(paths)) == ["/offline/", "/offline/card/"]


def test_sign_out_empties_the_phone(patient: New, practice: Practice) -> None:
    someone = patient()
    book(someone, practice)
    someone.go("/me/")
    someone.press("退出登录")
    someone.page.wait_for_load_state("networkidle")
    assert kept(someone.page) == []


def test_sign_out_without_network_empties_it_too(patient: New, practice: Practice) -> None:
    someone = patient()
    page = someone.page
    book(someone, practice)
    someone.go("/me/")
    page.context.set_offline(True)
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_timeout(500)
    page.goto(someone.url + "/")
    expect(page.get_by_text("这部手机里没有存下预约")).to_be_visible()
    assert page.locator(".code").count() == 0
    someone.complaints.clear()
    someone.look("offline-nothing")


def test_day_after_the_visit_nothing_is_left(patient: New, practice: Practice) -> None:
    someone = patient()
    page = someone.page
    book(someone, practice)
    page.evaluate(
        """async () => {
          const visit = await caches.open("yitong-visit"), card = await visit.match("/offline/card/");
          const headers = {...Object.fromEntries(card.headers), "x-keep-until": "2020-01-01T00:00:00+08:00"};
          await visit.put("/offline/card/", new Response(await card.text(), {headers}));
        }"""
    )
    page.context.set_offline(True)
    page.goto(someone.url + "/bookings/")
    expect(page.get_by_text("这部手机里没有存下预约")).to_be_visible()
    assert "/offline/card/" not in kept(page)


def test_cancelled_booking_is_forgotten(patient: New, practice: Practice) -> None:
    someone = patient()
    book(someone, practice)
    someone.follow("取消预约")
    someone.page.locator("main form button").first.click()
    someone.page.wait_for_load_state("networkidle")
    assert kept(someone.page) == []


def test_phone_that_is_to_keep_nothing_keeps_nothing(patient: New, practice: Practice) -> None:
    someone = patient()
    book(someone, practice)
    someone.look("booking-kept-offline")
    someone.press("不要存")
    someone.page.wait_for_load_state("networkidle")
    assert kept(someone.page) == []
    someone.press("存在这部手机里")
    wait_for_card(someone.page)


def test_card_follows_language_and_size(patient: New, practice: Practice) -> None:
    someone = patient()
    page = someone.page
    book(someone, practice)
    someone.press("长辈版")
    someone.press("EN")
    page.wait_for_load_state("networkidle")
    wait_for_card(page)
    page.context.set_offline(True)
    page.goto(someone.url + "/")
    assert page.locator("html").get_attribute("data-size") == "large"
    expect(page.get_by_text("No connection").first).to_be_visible()
    expect(page.get_by_text("Kept on")).to_be_visible()
    someone.complaints.clear()
    someone.look("offline-booking-large-en")


def test_stranger_gets_no_card_and_the_desk_no_worker(visitor: New) -> None:
    someone = visitor()
    page = someone.go("/")
    page.wait_for_load_state("networkidle")
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    assert kept(page) == []
    page.context.set_offline(True)
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        page.goto(someone.url + "/desk/")
