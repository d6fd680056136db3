"""A whole city in processes of their own, as `yitong up` starts it, and a program that uses its pages like a person."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Self, TypeVar

import httpx

Found = TypeVar("Found")
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running_city(folder: Path, app_url: str, owner_url: str, *, limit_s: float = 120) -> Iterator[str]:
    """The small demo city with pages, worker and simulators on this database; gives its address.

    All that it writes lies in `folder`: logs in `log/`, what it said at the terminal in `up.out`.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("YITONG_SMS")}
    environment = {name: value for name, value in kept.items() if not name.startswith("YITONG_IDENTITY")} | {
        "DATA_DIR": str(folder),
        "PORT": str(port),
        "CITY": "small",
        "YITONG_DATABASE_URL": app_url,
        "YITONG_OWNER_DATABASE_URL": owner_url,
        "YITONG_LOG_LEVEL": "DEBUG",
        "PYTHONPATH": str(ROOT / "src"),
    }
    said = folder / "up.out"
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "yitong", "up", "--web-workers", "1"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=environment,
            start_new_session=True,
        )
    try:
        until(lambda: "Ready: " in said.read_text() or process.poll() is not None, limit_s, said.read_text)
        assert process.poll() is None, said.read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def until(look: Callable[[], Found | None], limit_s: float, why: Callable[[], object]) -> Found:
    """What `look` finds at last; with `why()` in the failure when it doesn't."""
    end = time.monotonic() + limit_s
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, why()
        time.sleep(0.2)


class Page(HTMLParser):
    """Links and forms of a page, with what a browser would send from each form as it stands."""

    def __init__(self, url: str, status: int, text: str) -> None:
        super().__init__()
        self.url, self.status, self.text = url, status, text
        self.links: list[tuple[str, str]] = []  # (class, href)
        self.addresses: list[str] = []  # every address that the page offers
        self.forms: list[tuple[str, dict[str, str]]] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.addresses += [given[name] for name in ("href", "src", "action", "hx-get", "hx-post") if given.get(name)]
        if tag == "a":
            self.links.append((given.get("class", ""), given.get("href", "")))
        elif tag == "form":
            self.forms.append((given.get("action", ""), {}))
        elif self.forms and tag == "input":
            kind, chosen = given.get("type", "text"), "checked" in given
            if given.get("name") and (kind not in ("radio", "checkbox") or chosen):
                self.forms[-1][1][given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given.get("name", "")
        elif self.forms and tag == "option" and self._select:
            if "selected" in given or self._select not in self.forms[-1][1]:
                self.forms[-1][1][self._select] = given.get("value", "")
        elif self.forms and tag == "textarea" and given.get("name"):
            self.forms[-1][1][given["name"]] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""

    def link(self, css: str, containing: str = "") -> str | None:
        return next((href for cls, href in self.links if css in cls.split() and containing in href), None)

    def link_to(self, beginning: str) -> str | None:
        """The first link below this path."""
        return next((href for _, href in self.links if href.startswith(beginning) and href != beginning), None)

    def alerts(self) -> list[str]:
        """What the page complains of, for the failure of a test."""
        said = re.findall(
            r'(?:role="alert"|class="[^"]*error[^"]*")[^>]*>(.*?)</(?:div|p|ul|section)>', self.text, re.S
        )
        return [re.sub(r"<[^>]+>|\s+", " ", part).strip() for part in said]

    def form_with(self, name: str) -> tuple[str, dict[str, str]]:
        """The form that asks for this field."""
        return next(form for form in self.forms if name in form[1])


@dataclass
class Window:
    """A browser without a screen. `addresses` are all that it asked for or was sent to."""

    base: str
    addresses: list[str] = field(default_factory=list)
    offered: set[str] = field(default_factory=set)
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        headers = {"Accept-Language": "zh-CN", "Origin": self.base}
        self.client = httpx.Client(base_url=self.base, timeout=30, headers=headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.client.close()

    def go(self, path: str, *, typed: bool = False) -> Page:
        """`typed`: somebody wrote this address by hand, so it is no address of ours."""
        return self._answer(self.client.get(path), typed=typed)

    def send(self, page: Page, asks: str, /, **values: str) -> Page:
        """The form of the page that asks for this field, filled in and sent."""
        action, fields = page.form_with(asks)
        return self._answer(self.client.post(action or page.url, data=fields | values))

    def press(self, page: Page, **button: str) -> Page:
        """A button that stands alone in a form, sent to the page's own address."""
        token = page.form_with("csrfmiddlewaretoken")[1]["csrfmiddlewaretoken"]
        return self._answer(self.client.post(page.url, data={"csrfmiddlewaretoken": token, **button}))

    def _answer(self, response: httpx.Response, *, typed: bool = False) -> Page:
        if not typed:
            self.addresses.append(str(response.request.url))
        while response.is_redirect:
            self.addresses.append(response.headers["Location"])
            response = self.client.get(response.headers["Location"])
        page = Page(str(response.request.url), response.status_code, response.text)
        if not typed:
            self.offered |= set(page.addresses)
        return page


def code_in_outbox(window: Window, phone: str) -> str:
    """The latest code that went to this phone, from the demo's outbox page."""

    def look() -> str | None:
        cards = re.split(r'<li class="card', window.client.get("/outbox/").text)[1:]
        for card in cards:
            shown = re.sub(r"<[^>]+>", " ", card)
            codes = re.findall(r"(?<!\d)\d{6}(?!\d)", shown)
            if phone in shown and codes:
                return str(codes[0])
        return None

    return until(look, 30, lambda: f"no code for {phone} in the outbox")
