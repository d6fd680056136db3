"""Who judges a page: axe, HTML_CodeSniffer, the accessibility tree, the width of a small window, and what moves.

HTML_CodeSniffer comes by `bin/browser-tools` from npm, as `tests/browser/tools/package-lock.json` pins it.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT as AXE
from playwright.sync_api import BrowserContext, Page
from tests.browser.visitors import VIOLATIONS

SNIFFER = Path(__file__).with_name("tools") / "node_modules" / "html_codesniffer" / "build" / "HTMLCS.js"
# Errors only: warnings and notices ask a person to look. The rest is left out with its reason.
SNIFFED = """new Promise((done) => HTMLCS.process('WCAG2AA', document, () => done(HTMLCS.getMessages()
  .filter((one) => one.type === HTMLCS.ERROR)
  .map((one) => [one.code, one.msg, one.element.outerHTML ? one.element.outerHTML.slice(0, 200) : '']))))"""
LEFT_OUT = (
    "H43.HeadersRequired",  # wants `headers` in tables with two rows of headings, where `scope` says the same (H63)
)
RENEWS_ITSELF = '[hx-trigger^="every"]'
SAMPLES = "NoSuchID"  # links of the gallery's samples lead nowhere
NAMED = "button|link|textbox|searchbox|checkbox|radio|combobox|spinbutton|switch|tab|img"
NAMELESS = re.compile(rf"^\s*- (?:{NAMED})(?: \[[^\]]*\])*:?\s*$", re.M)
RUNNING = "document.getAnimations().filter((one) => one.playState === 'running').length"
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"
# What we say ourselves, names apart: those of people bear `translate="no"`, words of a language their `lang`; what is
# only for the ear names the thing itself.
CHINESE = """[...document.querySelectorAll('nav a, label, legend, th[scope=col], button')]
  .filter((one) => one.checkVisibility() && !one.closest('[translate=no], [lang^=zh]')).map((one) => {
    const copy = one.cloneNode(true);
    copy.querySelectorAll('[translate=no], [lang^=zh], .visually-hidden').forEach((name) => name.remove());
    return copy.textContent.trim();
  }).filter((text) => /[\u4e00-\u9fff]/.test(text))"""
# Words of our own that begin on one line and end on the next, as where a column is too narrow for them.
TORN = """[...document.querySelectorAll('h1, h2, th, nav a, label, legend, .button, .steps li, .item-title')]
  .filter((one) => one.checkVisibility()).flatMap((one) => {
    const texts = document.createTreeWalker(one, NodeFilter.SHOW_TEXT), torn = [], range = document.createRange();
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      const words = text.parentElement.closest('[translate=no]') ? [] : text.data.matchAll(/[A-Za-z]{2,}/g);
      for (const word of words) {
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        const tops = [...range.getClientRects()].filter((box) => box.width).map((box) => box.top);
        if (tops.length && Math.max(...tops) - Math.min(...tops) > 4) torn.push(word[0]);
      }
    }
    return torn;
  })"""
NARROW = ((320, 640), (640, 450))  # reflow at 400 % of 1280 (WCAG 1.4.10), and 200 % of it (1.4.4)


def sniffer() -> str:
    if not SNIFFER.exists():
        pytest.fail(f"no {SNIFFER}: `bin/browser-tools` brings it")
    return SNIFFER.read_text(encoding="utf-8")


def bring(window: BrowserContext) -> None:
    """Puts the judges into every page that this window opens from now on: sent each time anew, they cost more."""
    window.add_init_script(AXE)
    window.add_init_script(sniffer())


def faults(page: Page) -> list[Any]:
    """All that the two judges, the accessibility tree and the clock say against the page as it stands."""
    violations = page.evaluate(VIOLATIONS)
    if (
        violations and page.locator(RENEWS_ITSELF).count()
    ):  # what was taken away during the look is seen without its ground
        violations = page.evaluate(VIOLATIONS)
    found: list[Any] = [("axe", *one) for one in violations]
    left_out = (*LEFT_OUT, SAMPLES) if "/gallery/" in page.url else LEFT_OUT
    found += [("sniffer", *one) for one in page.evaluate(SNIFFED) if not one[0].endswith(left_out)]
    found += [("nameless", line.strip()) for line in NAMELESS.findall(page.locator("body").aria_snapshot())]
    if moving := page.evaluate(RUNNING):
        found.append(("moves although less motion was asked for", moving))
    return found


def too_wide(page: Page) -> list[tuple[str, int]]:
    """Of the small windows, those in which the page runs over; the window is as before afterwards."""
    before = page.viewport_size
    assert before is not None
    found = [(before["width"], page.evaluate(OVERFLOW))]
    for wide, high in NARROW:
        page.set_viewport_size({"width": wide, "height": high})
        found.append((wide, page.evaluate(OVERFLOW)))
    page.set_viewport_size(before)
    return [(f"too wide at {wide} px", over) for wide, over in found if over > 0]


def torn(page: Page) -> list[tuple[str, str]]:
    """Words in heads, labels, buttons and names of steps that are broken over two lines."""
    return [("torn", word) for word in page.evaluate(TORN)]


def left_in_chinese(page: Page) -> list[tuple[str, str]]:
    """Labels, heads of columns and buttons of an English page that say something in Chinese."""
    return [("Chinese", text[:60]) for text in page.evaluate(CHINESE)]
