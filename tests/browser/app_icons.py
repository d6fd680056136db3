"""Our favicon as the PNG that phones ask for: as it is, and to the edges for those that cut a shape of their own."""

from pathlib import Path

from playwright.sync_api import sync_playwright
from tests.browser.browsers import launch
from tests.browser.palette import shrink

from yitong.faces import common

STATIC = Path(common.__file__).parent / "static/yitong"
ICONS = {"app-180.png": (180, True), "app-192.png": (192, False), "app-512.png": (512, False)}
ICONS["app-maskable-512.png"] = (512, True)


def draw() -> None:
    source = (STATIC / "favicon.svg").read_text(encoding="utf-8")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for name, (size, is_whole) in ICONS.items():
            page = browser.new_page(viewport={"width": size, "height": size})
            drawing = source.replace(' rx="15"', "") if is_whole else source
            page.set_content(f"<style>*{{margin:0}}svg{{display:block;width:{size}px}}</style>{drawing}")
            picture = page.screenshot(omit_background=not is_whole)
            (STATIC / name).write_bytes(picture if not is_whole else shrink(picture))
        browser.close()


if __name__ == "__main__":
    draw()
