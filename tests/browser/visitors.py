"""Those who use the pages in the browser tests."""

import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT as AXE
from playwright.sync_api import Locator, Page

ROOT = Path(__file__).resolve().parents[2]
# In forced colours the palette is the reader's own, and its contrast none of ours. What axe would load beforehand, the
# style sheets once more, is for a rule that it leaves off by itself. The empty styles that it leaves behind go again:
# htmx would take them over into what it swaps in, which the CSP refuses.
VIOLATIONS = """axe.run({resultTypes: ['violations'], preload: false,
  rules: {'color-contrast': {enabled: !matchMedia('(forced-colors: active)').matches}}}).then((found) => {
  document.querySelectorAll('[style=""]').forEach((one) => one.removeAttribute('style'));
  return found.violations.map((v) => [v.id, v.help, v.nodes.slice(0, 5).map((n) => n.html.slice(0, 200))]);
})"""
HAS_ITS_SCRIPTS = "() => window.htmx || !document.querySelector('[hx-get], [hx-post], [hx-boost]')"
IS_SETTLED = "() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling, .htmx-added')"
LONG = os.environ.get("YITONG_LONG") == "1"  # `make long`: every form, not the few that show each of its sides
SHOTS = Path(os.environ.get("YITONG_SHOTS") or ROOT / ".yitong" / "shots")


@dataclass
class Visitor:
    """A person with a browser window. `look` judges and photographs the page as it stands."""

    page: Page
    url: str
    scripts: bool = True
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path)
        if self.scripts:  # no hand is as quick as a test, which would press before what a press is meant for is there
            self.page.wait_for_function(HAS_ITS_SCRIPTS)
        return self.page

    def settle(self) -> None:
        """Until what was swapped in does what it is meant for: it has the focus a moment before."""
        self.page.wait_for_function(IS_SETTLED)

    def press(self, name: str, role: Any = "button") -> None:
        """The button or link with this name (its beginning is enough), and wait for what it leads to."""
        self.page.get_by_role(role, name=re.compile(f"^{re.escape(name)}")).first.click()
        if self.scripts:  # the booking window answers a script, which then goes on
            self.page.locator("form[data-window] [aria-busy=true]").wait_for(state="detached")
        self.page.wait_for_load_state("load")

    def open(self, link: Locator | str) -> None:
        """Press what leads to another page, and be there."""
        where = self.page.locator(link).first if isinstance(link, str) else link
        with self.page.expect_navigation():
            where.click()

    def until(self, path: str, text: str) -> None:
        """Asks for a page until it says this: what a worker does, it does in its own time."""
        end = time.monotonic() + 30
        while text not in self.go(path).locator("body").inner_text():
            assert time.monotonic() < end, self.text()

    def follow(self, name: str) -> None:
        self.press(name, "link")

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=False).first.fill(text)

    def text(self) -> str:
        return self.page.locator("body").inner_text()

    def look(self, name: str) -> None:
        """No violation of WCAG, no overflow at this width, no complaint of the browser; and a picture of it."""
        self.page.wait_for_load_state("load")
        photograph(self.page, SHOTS / name)
        if self.scripts:  # axe is one
            self.page.evaluate(AXE)
            found = self.page.evaluate(VIOLATIONS)
            assert found == [], f"{name}: {found}"
        wider = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wider <= 0, f"{name} is {wider} px too wide"
        assert self.complaints == [], self.complaints


def photograph(page: Page, path: Path) -> None:
    """The whole page, as a JPEG beside that name: a PNG takes the browser three times as long."""
    path.parent.mkdir(parents=True, exist_ok=True)
    where = path.with_name(f"{path.name}.jpg")
    page.screenshot(
        path=where, type="jpeg", quality=85, full_page=True, animations="disabled", scale="css", timeout=60_000
    )


def code_for(someone: Visitor, phone: str, *, but: str = "") -> str:
    """The latest code that went to this phone, as the demo's outbox shows it; another than `but`, which was before."""
    outbox = someone.page.context.new_page()
    try:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            outbox.goto(f"{someone.url}/outbox/")
            for card in outbox.locator("main li.card").all():
                shown = card.inner_text()
                code = re.search(r"(?<!\d)\d{6}(?!\d)", shown.split("\n", 1)[1] if "\n" in shown else "")
                if phone in shown and code and code[0] != but:
                    return code[0]
    finally:
        outbox.close()
    raise AssertionError("no code in the outbox")


def give_code(someone: Visitor, code: str) -> None:
    """Types the code of a text message; with scripts it goes by itself when it is whole."""
    field = someone.page.locator("input[name=code]")
    with someone.page.expect_navigation():
        field.fill(code)
        if not someone.scripts:
            someone.page.locator("main form button").first.click()
