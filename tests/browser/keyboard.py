"""A person with nothing but a keyboard: Tab, Enter, Space, arrows, Escape and letters. What the eye needs is asserted
at each stop: the focus can be seen, nothing lies over it, and it goes on in the order of the page."""

import json
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Locator, Page
from tests.browser.visitors import Visitor

MOST_STOPS = 200

# A stop as a person sees it. What is pressed may be smaller than what shows its focus: a choice's ring is its label's,
# and the part of a table that scrolls shows its own. `isAfter`: it stands behind the stop before it in the document.
STOP = """() => {
  const node = document.activeElement;
  if (!node || node === document.body || node === document.documentElement) return null;
  const shown = node.closest('.choice, .search-box') || node;
  const rings = [node, shown].some((one) => {
    const style = getComputedStyle(one);
    return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow.includes('inset');
  });
  const box = shown.getBoundingClientRect();
  const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
  const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
  const isIn = right - left >= 1 && bottom - top >= Math.min(box.height, 24) - 1;
  const over = isIn ? document.elementFromPoint((left + right) / 2, (top + bottom) / 2) : null;
  const isOurs = (one) => shown.contains(one) || one.contains(shown) || one.closest('label')?.control === node;
  const isFree = over !== null && isOurs(over);
  const last = window.stopBefore;
  const isAfter = !last?.isConnected || Boolean(last.compareDocumentPosition(node) & 4) || last === node;
  const isAgain = Boolean(window.stopsSeen?.has(node)) && last !== node; // a date has three stops within
  (window.stopsSeen ||= new Set()).add(node);
  window.stopBefore = node;
  const said = (node.ariaLabel || node.innerText || node.name || node.id || '').trim().replace(/\\s+/g, ' ');
  return {name: `${node.tagName.toLowerCase()} ${said.slice(0, 40)}`, rings, isIn, isFree, isAfter, isAgain};
}"""
FORGET = "() => { window.stopBefore = undefined; window.stopsSeen = undefined; }"
# Tab goes on from where the focus last was; from the page itself it goes to its first stop.
TO_THE_TOP = """() => {
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute('tabindex');
  scrollTo(0, 0);
}"""


@dataclass
class Keyboard:
    """`stops`: by name, all that had the focus since the page came."""

    someone: Visitor
    stops: list[str] = field(default_factory=list)

    @property
    def page(self) -> Page:
        return self.someone.page

    def go(self, path: str) -> None:
        self.someone.go(path)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def reach(self, what: Locator, *, back: bool = False) -> None:
        """Tab (or Shift-Tab) until this one has the focus."""
        self.page.evaluate(FORGET)
        self.stops.clear()
        wanted = what.first
        wanted.wait_for(state="attached")
        while not wanted.evaluate("node => node === document.activeElement"):
            assert self._tab(back=back), f"never reached; passed {json.dumps(self.stops, ensure_ascii=False)}"

    def enter(self, what: Locator, *, back: bool = False) -> None:
        """Reach it, press Enter and be where that leads."""
        self.reach(what, back=back)
        with self.page.expect_navigation():
            self.press("Enter")

    def choose(self, what: Locator, value: str) -> None:
        """An option of a list, by the arrows."""
        self.reach(what)
        self.press("Home")
        for _ in range(MOST_STOPS):
            if what.input_value() == value:
                return
            self.press("ArrowDown")
        raise AssertionError(f"no option {value}")

    def walk(self) -> list[str]:
        """Tab through the whole page, from its top until the focus leaves it. Returns its stops."""
        self.page.evaluate(FORGET)
        self.page.evaluate(TO_THE_TOP)
        self.stops.clear()
        while self._tab():
            pass
        there = list(self.stops)
        assert there, "nothing on this page takes the focus"
        return there

    def _tab(self, *, back: bool = False) -> bool:
        """One step; false when the focus has left the page."""
        self.press("Shift+Tab" if back else "Tab")
        stop: dict[str, Any] | None = self.page.evaluate(STOP)
        if stop is None or stop["isAgain"]:
            return False
        assert len(self.stops) < MOST_STOPS, self.stops
        self.stops.append(stop["name"])
        assert stop["rings"], f"no ring to be seen: {stop}"
        assert stop["isIn"], f"outside the window: {stop}"
        assert stop["isFree"], f"something lies over it: {stop}"
        if not back:
            assert stop["isAfter"], f"before {self.stops[-2:]} in the page: {stop}"
        return True
