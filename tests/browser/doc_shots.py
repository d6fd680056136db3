"""The pictures of the documentation, taken from a running demo: `bin/doc-shots http://127.0.0.1:8000`.

Phone pictures show one screen of 390 × 844, desk pictures one of 1440 × 900 at two thirds of the size. Each is written
into docs/images/ with a palette, so that it stays below 120 kB. Names of groups after the address take only those.
"""

import base64
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pyotp
from playwright.sync_api import Browser, sync_playwright
from tests.browser.browsers import launch
from tests.browser.palette import shrink
from tests.browser.visitors import Visitor, code_for, give_code

from yitong.cli.demo import people
from yitong.cli.demo.city import SEED
from yitong.cli.demo.staff import PASSWORD
from yitong.core import clock

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
SECRETS = IMAGES.parents[1] / ".yitong" / "doc-shots.json"  # second factors of the demo's staff, for a second run
LIMIT_BYTES = 120_000
SIZES = {"phone": (390, 844, 1.0), "desk": (1440, 900, 2 / 3)}


class Camera:
    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url

    @contextmanager
    def window(self, size: str, *, language: str = "zh-CN") -> Iterator[Visitor]:
        wide, high, _ = SIZES[size]
        context = self.browser.new_context(
            viewport={"width": wide, "height": high},
            locale=language,
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            has_touch=size == "phone",
        )
        context.set_default_timeout(20_000)
        yield Visitor(context.new_page(), self.url)
        context.close()

    def take(self, visitor: Visitor, name: str) -> None:
        visitor.page.wait_for_load_state("load")
        visitor.page.evaluate("document.querySelector('#toast')?.remove()")
        self.keep(visitor.page.screenshot(), name, smaller=visitor.page.viewport_size["width"] > 1000)  # type: ignore[index]

    def keep(self, png: bytes, name: str, *, smaller: bool = False, limit: int = LIMIT_BYTES) -> None:
        small = shrink(self._scaled(png, SIZES["desk"][2]) if smaller else png)
        assert len(small) < limit, f"{name}: {len(small)} bytes"
        IMAGES.mkdir(parents=True, exist_ok=True)
        (IMAGES / f"{name}.png").write_bytes(small)
        print(f"docs/images/{name}.png  {len(small) // 1000} kB", flush=True)

    def _scaled(self, png: bytes, factor: float) -> bytes:
        wide, high, _ = SIZES["desk"]
        return self.mount(
            f'<img src="{_inline(png)}" width="{wide * factor:g}">', round(wide * factor), round(high * factor)
        )

    def mount(self, html: str, wide: int, high: int) -> bytes:
        """A picture of a piece of HTML of our own."""
        page = self.browser.new_page(viewport={"width": wide, "height": high})
        page.set_content(f"<style>*{{margin:0}}img{{display:block}}</style>{html}")
        page.wait_for_function("[...document.images].every(i => i.complete)")
        png = page.screenshot()
        page.close()
        return png


def _inline(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


# -- patients --------------------------------------------------------------------------------------------------------


def patient(camera: Camera) -> None:
    """A newcomer: signs in, adds himself and a child, books."""
    serial = int(time.time()) % 10_000
    phone = f"{people.PHONE_PREFIX}8{int(time.time()) % 10_000_000:07d}"
    mother = people.identity_number("resident_id", date(1988, 5, 17), "female", serial=serial)
    child = people.identity_number("resident_id", date(2016, 3, 8), "male", serial=serial + 1)
    with camera.window("phone") as visitor:
        visitor.go("/")
        camera.take(visitor, "patient-home")
        visitor.follow("妇产科")
        camera.take(visitor, "patient-soon")
        visitor.go("/")
        visitor.page.locator("main a.item").first.click()
        camera.take(visitor, "patient-hospital")
        visitor.go("/sign-in/")
        camera.take(visitor, "patient-sign-in")
        visitor.page.locator("input[name=phone]").fill(phone)
        visitor.press("获取验证码")
        give_code(visitor, code_for(visitor, phone))
        _add(visitor, "本人", "测试林晚", mother)
        _add(visitor, "子女", "测试林小满", child, guardian=True)
        _until_verified(visitor)
        visitor.go("/me/people/")
        camera.take(visitor, "patient-people")
        _to_department(visitor)
        camera.take(visitor, "patient-department")
        visitor.page.locator("a.offer").last.click()
        camera.take(visitor, "patient-session")
        visitor.page.locator("a.window").first.click()
        camera.take(visitor, "patient-book")
        visitor.press("确认预约")
        camera.take(visitor, "patient-booked")
        booked = visitor.page.url
        visitor.follow("告诉家人")
        camera.take(visitor, "patient-share")
        visitor.page.goto(booked)
        visitor.follow("第一次去这家医院")
        camera.take(visitor, "patient-guide")
        visitor.go("/")
        camera.take(visitor, "patient-home-again")
        for path, name in (("/bookings/", "bookings"), ("/messages/", "messages"), ("/me/data/", "data")):
            visitor.go(path)
            camera.take(visitor, f"patient-{name}")
        visitor.go("/me/people/")
        visitor.page.locator("main a[href*='/me/people/']:not([href*=add])").first.click()
        visitor.page.wait_for_load_state("load")
        visitor.follow("就诊码")
        camera.take(visitor, "patient-code")
        visitor.go("/me/reads/")
        camera.take(visitor, "patient-reads")
    with camera.window("phone") as visitor:
        visitor.page.context.add_cookies([{"name": "yitong_size", "value": "largest", "url": visitor.url}])
        visitor.go("/")
        camera.take(visitor, "patient-home-largest")
    with camera.window("phone", language="en-GB") as visitor:
        visitor.go("/")
        camera.take(visitor, "patient-home-en")
    with camera.window("desk") as visitor:
        _to_department(visitor)
        camera.take(visitor, "patient-department-wide")


def _add(visitor: Visitor, relation: str, name: str, number: str, *, guardian: bool = False) -> None:
    visitor.go("/me/people/add/")
    visitor.page.get_by_text(relation, exact=True).first.click()
    visitor.page.locator("input[name=name]").fill(name)
    visitor.page.locator("input[name=number]").fill(number)
    if guardian:
        visitor.page.locator("input[name=consent]").check()
    visitor.press("添加并核验")


def _until_verified(visitor: Visitor) -> None:
    for _ in range(100):
        visitor.go("/me/people/")
        if visitor.text().count("已实名核验") > 1:
            return
        visitor.page.wait_for_timeout(300)
    raise AssertionError(visitor.text())


def _to_department(visitor: Visitor) -> None:
    """A department that still has something in the days shown first, at the last hospital of the list."""
    visitor.go("/")
    visitor.page.locator("main a.item[href^='/hospitals/']").last.click()
    visitor.page.wait_for_load_state("load")
    for href in [a.get_attribute("href") for a in visitor.page.locator("main a[href*='/departments/']").all()]:
        visitor.go(str(href))
        if visitor.page.locator("a.offer").count():
            return
    raise AssertionError("no department has anything left")


def draws(camera: Camera) -> None:
    """The draws of the demo's department: applied for by a family, and one that is over, with its result and proof."""
    with camera.window("phone") as visitor:
        _enter_as(visitor, 0)
        _to_entry(visitor, "已报名")
        visitor.follow("这次摇号的全部数字")
        camera.take(visitor, "patient-draw")
        visitor.follow("去报名")
        for box in visitor.page.locator("input[name=patients]").all():
            box.check()
        for n in range(2):
            visitor.page.locator(f"select[name=place_{n}]").select_option(str(n + 1))
        _show(visitor, "select[name=place_1]")
        camera.take(visitor, "patient-draw-apply")
    with camera.window("phone") as visitor:
        _enter_as(visitor, 1)
        _to_entry(visitor, "中签", "未中签")
        camera.take(visitor, "patient-draw-result")
        ticket = visitor.page.locator("strong[data-ticket]").inner_text()
        with visitor.page.expect_download() as download:
            visitor.follow("下载摇号文件")
        visitor.go("/draws/check/")
        visitor.page.locator("#file").set_input_files(download.value.path())
        visitor.page.locator("#ticket").fill(ticket)
        visitor.press("核对")
        visitor.page.get_by_text("这次摇号完整").wait_for()
        _show(visitor, "[data-said]")
        camera.take(visitor, "patient-draw-check")
    with camera.window("desk") as visitor:
        enter(visitor, "bj13-admin", "/desk/draws/")
        visitor.page.locator("main a.item", has_text="报名中").first.click()
        camera.take(visitor, "desk-draw")


def _enter_as(visitor: Visitor, n: int) -> None:
    """The n-th account of the demo, from a device that it never used."""
    account = people.accounts(n + 1, seed=SEED)[n]
    visitor.go("/sign-in/")
    visitor.page.locator("input[name=phone]").fill(account.phone)
    visitor.press("获取验证码")
    give_code(visitor, code_for(visitor, account.phone))
    fact = visitor.page.locator("input[name=fact]")
    if fact.count():
        fact.fill(account.holder.identity_number[-4:])
        visitor.page.locator("main form button").first.click()
        visitor.page.wait_for_load_state("load")


def _to_entry(visitor: Visitor, *states: str) -> None:
    """An application of this account that is in one of these states."""
    visitor.go("/me/draws/")
    wanted = re.compile("^(" + "|".join(states) + ")$")
    mine = visitor.page.locator("main a.item", has=visitor.page.locator(".tag", has_text=wanted))
    mine.first.click()
    visitor.page.wait_for_load_state("load")


def _show(visitor: Visitor, what: str) -> None:
    """This in the middle of the screen."""
    visitor.page.locator(what).evaluate("one => one.scrollIntoView({block: 'center'})")


def partner(camera: Camera) -> None:
    with camera.window("desk") as visitor:
        visitor.go("/api/v1/docs")
        camera.take(visitor, "partner-docs")


# -- staff -----------------------------------------------------------------------------------------------------------


def enter(visitor: Visitor, login: str, path: str) -> None:
    """Signs a member of the demo's staff in; sets the second factor up where it is asked for, and keeps its secret."""
    secrets: dict[str, str] = json.loads(SECRETS.read_text()) if SECRETS.exists() else {}
    name = f"{visitor.url} {login}"
    visitor.go(f"/desk/sign-in/?next={path}")
    visitor.page.locator("input[name=login]").fill(login)
    visitor.page.locator("input[name=password]").fill(PASSWORD)
    visitor.press("登录")
    if visitor.page.locator("input[name=code]").count() and name in secrets:
        visitor.page.locator("input[name=password]").fill(PASSWORD)
        visitor.page.locator("input[name=code]").fill(pyotp.TOTP(secrets[name]).now())
        visitor.press("登录")
    if visitor.page.get_by_role("button", name="开始设置").count():
        visitor.press("开始设置")
        secrets[name] = visitor.page.locator(".secret").inner_text().replace(" ", "")
        visitor.page.locator("input[name=code]").fill(pyotp.TOTP(secrets[name]).now())
        visitor.press("核对并开启")
        SECRETS.parent.mkdir(exist_ok=True)
        SECRETS.write_text(json.dumps(secrets))
    visitor.go(path)


def desk(camera: Camera) -> None:
    """The next day for which somebody booked as the window sees it, and the list of such a session."""
    with camera.window("desk") as visitor:
        enter(visitor, "bj13-registrar", "/desk/")
        day = _booked_day(visitor)
        camera.take(visitor, "desk-day")
        booked = visitor.page.locator("main tbody tr", has=visitor.page.locator("a[href*='/desk/sessions/']"))
        row = booked.filter(has=visitor.page.locator("td.num strong", has_text=re.compile(r"^[1-9]"))).first
        row.locator("a").first.click()
        camera.take(visitor, "desk-session")
    with camera.window("desk") as visitor:
        enter(visitor, "bj13-roster", "/desk/stops/")
        visitor.page.locator("select[name=what]").select_option(label="妇科 · 东院")
        visitor.page.locator("input[name=from_date]").fill(f"{day}")
        visitor.page.locator("input[name=until_date]").fill(f"{day + timedelta(days=6)}")
        visitor.press("看会影响谁")
        visitor.page.get_by_text("医院安排").click()
        visitor.press("停诊")
        camera.take(visitor, "desk-stop")
        visitor.press("撤销停诊")


def _booked_day(visitor: Visitor) -> date:
    today = clock.shanghai_date(clock.now())
    for day in (today + timedelta(days=n) for n in range(1, 15)):
        visitor.go(f"/desk/?day={day}&department=all")
        if int(visitor.page.locator("#booked-total").inner_text()):
            return day
    raise AssertionError("nobody has booked at this hospital")


def office(camera: Camera) -> None:
    for login, path, name in (
        ("city-operator", "/office/", "figures"),
        ("city-policy", "/office/policies/", "policies"),
    ):
        with camera.window("desk") as visitor:
            enter(visitor, login, path)
            camera.take(visitor, f"office-{name}")


def cover(camera: Camera) -> None:
    """Phone and desk side by side, from the pictures that the groups before left."""
    phone, screen = ((IMAGES / f"{name}.png").read_bytes() for name in ("patient-booked", "desk-day"))
    style = (
        "body{display:flex;gap:40px;padding:48px;align-items:center;background:#e4eeea}"
        "img{border-radius:18px;box-shadow:0 12px 40px rgb(0 60 50 / .22)}"
    )
    html = f'<style>{style}</style><img src="{_inline(phone)}" height="600"><img src="{_inline(screen)}" height="600">'
    camera.keep(camera.mount(html, 48 * 2 + 40 + round(390 / 844 * 600) + 960, 600 + 96), "cover", limit=300_000)


GROUPS: dict[str, Callable[[Camera], None]] = {
    "patient": patient,
    "draws": draws,
    "partner": partner,
    "desk": desk,
    "office": office,
    "cover": cover,
}


def main(url: str, *wanted: str) -> None:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for name, group in GROUPS.items():
            if not wanted or name in wanted:
                group(Camera(browser, url.rstrip("/")))
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) < 2 or not re.match(r"https?://", sys.argv[1]):
        sys.exit("usage: bin/doc-shots http://127.0.0.1:8000 [patient|draws|partner|desk|office|cover …]")
    main(*sys.argv[1:])
