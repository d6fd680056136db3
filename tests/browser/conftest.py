"""A real browser against a real server: the small demo city in a database of its own, pages by Granian, and a worker.

Chromium is Debian's; axe judges every page and state that `look` is shown; pictures lie in `.yitong/shots/`.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from pytest_django.plugin import DjangoDbBlocker
from tests.browser import households, practices, wards
from tests.browser.browsers import CHROMIUM, launch
from tests.browser.visitors import Visitor, code_for, give_code

from yitong.cli import partners, serving
from yitong.cli.demo import people

ROOT = Path(__file__).resolve().parents[2]
REFUSED = ("the server responded with a status of 4", "Response Status Error Code 4")
WIDTHS = {"small": (320, 640), "phone": (390, 844), "desk": (1440, 900)}

# Playwright runs its own event loop in this thread; Django would take our plain queries for a mistake.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that of several processes none is alone with them at the end."""
    items.sort(key=lambda item: item.path.name != "test_every_page.py")


# -- the city and its server -----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def city(clone: Callable[[], None], django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The small demo city, committed. Tests share it, so each brings its own account."""
    with django_db_blocker.unblock():
        from yitong.cli import messages
        from yitong.cli.demo import loader

        messages.compile_all()
        loader.load("small", lambda step, done, total: None)
        yield
        connections.close_all()


@pytest.fixture(scope="session")
def server(city: None) -> Iterator[str]:
    """The address of a server with its worker, SMS gateway, identity authority and hospitals' registers."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    logs = ROOT / ".yitong" / "test"
    with pytest.MonkeyPatch.context() as environment, ExitStack() as running:
        for name, value in {
            "PORT": str(port),
            "YITONG_PUBLIC_URL": url,
            "YITONG_DEMO": "1",
            "YITONG_COUNTER": "1",
            "PYTHONPATH": str(ROOT / "src"),
            "DJANGO_SETTINGS_MODULE": "yitong.config.settings",
        }.items():
            environment.setenv(name, value)
        for name in ("YITONG_SMS", "YITONG_IDENTITY", "YITONG_REGISTER"):
            for part in ("URL", "SECRET"):
                environment.setenv(f"{name}_{part}", "")  # so that what the demo puts there goes afterwards
                del os.environ[f"{name}_{part}"]
        commands = [(one.name, one.command) for one in partners.of_demo("127.0.0.1", port)]
        commands.append(("web", serving.web_command("127.0.0.1", port, 1)))
        commands.append(("worker", [sys.executable, "-m", "yitong", "worker"]))
        for name, command in commands:
            running.enter_context(_process(command, logs / f"browser-{name}-{port}.log"))
        _wait_for(f"{url}/health/live")
        yield url


@contextmanager
def _process(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is None:
                os.killpg(process.pid, number)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(10)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _wait_for(url: str, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            pass
        if time.monotonic() > end:
            raise AssertionError(f"no answer from {url} in {seconds} s")
        time.sleep(0.1)


# -- the browser -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail(f"no browser at {CHROMIUM}: `make test` installs Debian's chromium and fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium: Browser, server: str) -> Iterator[Callable[..., Visitor]]:
    """`visitor(width="phone", language="zh", scripts=True, size="normal", scheme="light", colours="none",
    motion="reduce")`: a window of its own."""
    contexts: list[BrowserContext] = []

    def new(
        *,
        width: str = "phone",
        language: str = "zh",
        scripts: bool = True,
        size: str = "normal",
        scheme: Any = "light",
        colours: Any = "none",
        motion: Any = "reduce",
    ) -> Visitor:
        wide, high = WIDTHS[width]
        context = chromium.new_context(
            viewport={"width": wide, "height": high},
            locale="zh-CN" if language == "zh" else "en-GB",
            timezone_id="Asia/Shanghai",
            java_script_enabled=scripts,
            color_scheme=scheme,
            forced_colors=colours,
            reduced_motion=motion,
            has_touch=width in ("small", "phone"),
        )
        context.set_default_timeout(10_000)
        if size != "normal":
            context.add_cookies([{"name": "yitong_size", "value": size, "url": server}])
        contexts.append(context)
        page = context.new_page()
        someone = Visitor(page, server, scripts)
        page.on("pageerror", lambda error: someone.complaints.append(str(error)))
        page.on("console", lambda message: _note(someone, message.type, message.text))
        return someone

    yield new
    for context in contexts:
        context.close()


def _note(someone: Visitor, kind: str, text: str) -> None:
    """What the browser complains of; a refused form answers 4xx, which it and htmx also call an error."""
    if kind == "error" and not any(known in text for known in REFUSED):
        someone.complaints.append(text)


# -- getting somewhere -----------------------------------------------------------------------------------------------


# Phones and documents that nobody has, as in the demo, beyond those that it gave out.
NUMBERS = (f"{people.PHONE_PREFIX}9{n:07d}" for n in range(1, 10_000_000))
SERIALS = iter(range(9000, 9900))


@pytest.fixture
def phone_number() -> str:
    """A mobile number that no other test uses."""
    return next(NUMBERS)


@pytest.fixture
def new_identity() -> Callable[[], tuple[str, str]]:
    """(name, resident identity number) of a grown person who cannot exist; another one at each call."""

    def draw() -> tuple[str, str]:
        serial = next(SERIALS)
        name = "测试" + "".join("零一二三四五六七八九"[int(digit)] for digit in str(serial))
        return name, people.identity_number("resident_id", date(1981, 5, 17), "female", serial=serial)

    return draw


@pytest.fixture
def sign_in(server: str, django_db_blocker: DjangoDbBlocker) -> Callable[[Visitor, str], None]:
    """Signs a visitor in by the pages, with the code that the demo's outbox shows."""

    def enter(someone: Visitor, phone: str) -> None:
        someone.go("/sign-in/")
        someone.page.get_by_role("textbox").first.fill(phone)
        someone.page.locator("main form button").first.click()
        give_code(someone, code_for(someone, phone))

    return enter


@pytest.fixture
def household(server: str, new_identity: Callable[[], tuple[str, str]]) -> Callable[..., households.Household]:
    """`household(with_self=True)`: an account of its own, made by the commands; its holder is a verified patient."""

    def new(*, with_self: bool = True) -> households.Household:
        made = households.open_household(next(NUMBERS))
        if with_self:
            made.add(*new_identity())
        return made

    return new


@pytest.fixture
def patient(visitor: Callable[..., Visitor], household: Callable[..., households.Household]) -> Callable[..., Visitor]:
    """A visitor who is signed in and has one verified patient: himself."""

    def enter(**options: object) -> Visitor:
        return household().enter(visitor(**options))

    return enter


@pytest.fixture(scope="session")
def practice(server: str) -> practices.Practice:
    """A department with slots on several days, for tests that only need to book."""
    return practices.open_one()


@pytest.fixture
def new_practice(server: str) -> Callable[[], practices.Practice]:
    """A department in which nobody sits yet, of a hospital of its own."""
    return practices.found


@pytest.fixture
def ward(server: str, django_db_blocker: DjangoDbBlocker) -> Iterator[wards.Ward]:
    """A hospital of the demo city, with staff of one's own making."""
    from yitong.domains.hospitals.queries import directory as hospitals

    with django_db_blocker.unblock():
        found = hospitals.find_hospital_by_code(wards.HOSPITAL)
        assert found is not None
        yield wards.Ward(found.hospital_id, django_db_blocker)
