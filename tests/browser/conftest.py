"""A real browser against a real server: the small demo city in a database of its own, pages by Granian, jobs by a worker.

Chromium is Debian's; axe judges every page and state that `look` is shown; pictures lie in `.yitong/shots/`.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.plugin import DjangoDbBlocker

ROOT = Path(__file__).resolve().parents[2]
SHOTS = Path(os.environ.get("YITONG_SHOTS") or ROOT / ".yitong" / "shots")
CHROMIUM = os.environ.get("YITONG_CHROMIUM", "/usr/bin/chromium")
WIDTHS = {"phone": (390, 844), "desk": (1440, 900)}

# Playwright runs its own event loop in this thread; Django would take our plain queries for a mistake.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


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
    """The address of a server with its worker."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ,
        "PORT": str(port),
        "YITONG_PUBLIC_URL": url,
        "PYTHONPATH": str(ROOT / "src"),
        "DJANGO_SETTINGS_MODULE": "yitong.config.settings",
    }
    web = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
        "yitong.config.wsgi:application",
    ]
    logs = ROOT / ".yitong" / "test"
    with (
        _process(web, environment, logs / f"browser-web-{port}.log"),
        _process([sys.executable, "-m", "yitong", "worker"], environment, logs / f"browser-worker-{port}.log"),
    ):
        _wait_for(f"{url}/health/live")
        yield url


@contextmanager
def _process(arguments: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(arguments, env=environment, stdout=out, stderr=out, start_new_session=True)
    try:
        yield process
    finally:
        with_group = os.getpgid(process.pid)
        os.killpg(with_group, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(with_group, signal.SIGKILL)
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
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--font-render-hinting=none"]
        )
        yield browser
        browser.close()


@dataclass
class Visitor:
    """A person with a browser window. `look` judges and photographs the page as it stands."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def press(self, name: str, role: Any = "button") -> None:
        """The button or link with this name (its beginning is enough), and wait for what it leads to."""
        self.page.get_by_role(role, name=re.compile(f"^{re.escape(name)}")).first.click()
        self.page.wait_for_load_state("load")

    def follow(self, name: str) -> None:
        self.press(name, "link")

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=False).first.fill(text)

    def text(self) -> str:
        return self.page.locator("body").inner_text()

    def look(self, name: str) -> None:
        """No violation of WCAG, no overflow at this width, no complaint of the browser; and a picture of it."""
        self.page.wait_for_load_state("load")
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
        found = Axe().run(self.page)
        assert found.violations_count == 0, found.generate_report()
        wider = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wider <= 0, f"{name} is {wider} px too wide"
        assert self.complaints == []


@pytest.fixture
def visitor(chromium: Browser, server: str) -> Iterator[Callable[..., Visitor]]:
    """`visitor(width="phone", language="zh", scripts=True, size="normal", scheme="light")`: a new window without cookies."""
    contexts: list[BrowserContext] = []

    def new(
        *,
        width: str = "phone",
        language: str = "zh",
        scripts: bool = True,
        size: str = "normal",
        scheme: Any = "light",
    ) -> Visitor:
        wide, high = WIDTHS[width]
        context = chromium.new_context(
            viewport={"width": wide, "height": high},
            locale="zh-CN" if language == "zh" else "en-GB",
            timezone_id="Asia/Shanghai",
            java_script_enabled=scripts,
            color_scheme=scheme,
            reduced_motion="reduce",
            has_touch=width == "phone",
        )
        context.set_default_timeout(10_000)
        if size != "normal":
            context.add_cookies([{"name": "yitong_size", "value": size, "url": server}])
        contexts.append(context)
        page = context.new_page()
        someone = Visitor(page, server)
        page.on("pageerror", lambda error: someone.complaints.append(str(error)))
        page.on("console", lambda message: _note(someone, message.type, message.text))
        return someone

    yield new
    for context in contexts:
        context.close()


def _note(someone: Visitor, kind: str, text: str) -> None:
    """What the browser complains of; a refused form answers 4xx, which it also calls an error."""
    if kind == "error" and "the server responded with a status of 4" not in text:
        someone.complaints.append(text)


# -- getting somewhere -----------------------------------------------------------------------------------------------


@pytest.fixture
def phone_number(_numbers: Iterator[str] = iter(f"1380013{n:04d}" for n in range(8000, 9000))) -> str:
    """A mobile number that no other test uses."""
    return next(_numbers)


@pytest.fixture
def sign_in(server: str, django_db_blocker: DjangoDbBlocker) -> Callable[[Visitor, str], None]:
    """Signs a visitor in by the pages, with the code that the demo's outbox shows."""

    def enter(someone: Visitor, phone: str) -> None:
        someone.go("/sign-in/")
        someone.page.get_by_role("textbox").first.fill(phone)
        someone.page.locator("main form button").first.click()
        someone.page.locator("input[name=code]").fill(code_for(someone, phone))
        someone.page.locator("main form button").first.click()
        someone.page.wait_for_load_state("load")

    return enter


def code_for(someone: Visitor, phone: str) -> str:
    """The latest code that went to this phone, as the demo's outbox shows it."""
    outbox = someone.page.context.new_page()
    try:
        for _ in range(50):
            outbox.goto(f"{someone.url}/outbox/")
            for card in outbox.locator("main li.card").all():
                shown = card.inner_text()
                code = re.search(r"(?<!\d)\d{6}(?!\d)", shown.split("\n", 1)[1] if "\n" in shown else "")
                if phone in shown and code:
                    return code[0]
            outbox.wait_for_timeout(200)
    finally:
        outbox.close()
    raise AssertionError("no code in the outbox")
