"""Contact sheets: the photographs of `test_every_page.py`, small and side by side, one sheet for each face and form.

`bin/contact-sheets` lays out every form that was photographed into `.yitong/shots/sheets/`, for whoever looks at all of
them; with `docs` it makes the pictures of `docs/faces.md` again. A photograph is cut off where the sheet's cell ends.
"""

import html
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from tests.browser.browsers import launch
from tests.browser.doc_shots import IMAGES
from tests.browser.visitors import ROOT, SHOTS

TAKEN, SHEETS = SHOTS / "pages", SHOTS / "sheets"
LIMIT_BYTES = 400_000
QUALITY = 60  # of small pictures side by side: more is not seen, and weighs half as much again
FACES = ("patient", "desk", "office")  # and what belongs to none of them
EARLIER = "7d3bc27"  # the pages as they were before the design language
# What stood then and stands now, under the same name in docs/images/.
COMPARED = ("patient-booked", "patient-messages", "desk-session")
STYLE = """*{box-sizing:border-box;margin:0}
body{padding:24px;background:#dfe7e4;color:#1d2b28;font:13px/1.4 "Noto Sans CJK SC",sans-serif}
main{display:flex;flex-wrap:wrap;gap:20px 16px;align-items:start}
figure{display:grid;gap:6px}figcaption{overflow-wrap:anywhere}
figure div{overflow:hidden;border-radius:6px;background:#eef3f1;box-shadow:0 1px 4px #0003}img{display:block}
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """Cells of one sheet, in its pixels: a photograph fills one from side to side, and is cut off below."""

    across: int
    wide: int
    high: int

    @property
    def page_width(self) -> int:
        return 48 + self.across * self.wide + (self.across - 1) * 16


LAYOUTS = {390: Layout(8, 195, 422), 768: Layout(6, 256, 340), 1440: Layout(4, 400, 250)}


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture with what is written under it."""

    picture: Path
    says: str


class Easel:
    """Lays pictures out in a browser and takes them as one."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def sheet(self, shown: Sequence[Shown], layout: Layout) -> bytes:
        cells = "".join(
            f'<figure style="width:{layout.wide}px"><div style="height:{layout.high}px"><img width="{layout.wide}"'
            f' src="{one.picture.as_uri()}"></div><figcaption>{html.escape(one.says)}</figcaption></figure>'
            for one in shown
        )
        return self._take(f"<main>{cells}</main>", layout.page_width)

    def columns(self, picture: Path, wide: int, *, high: int, width: int) -> bytes:
        """A long photograph, `width` px wide as it was taken, in columns from left to right."""
        assert picture.exists(), f"{picture} was not taken: YITONG_LONG=1 takes every form"
        self.page.set_viewport_size({"width": width, "height": 100})
        scale = wide / width
        length = self._length_of(picture) * scale
        cells = "".join(
            f'<div style="width:{wide}px;height:{high}px;border-radius:6px;background:#eef3f1 url({picture.as_uri()})'
            f' 0 {-start}px/{wide}px no-repeat"></div>'
            for start in range(0, round(length), high)
        )
        across = -(-round(length) // high)
        return self._take(f"<main>{cells}</main>", 48 + across * wide + (across - 1) * 16)

    def _length_of(self, picture: Path) -> int:
        self._show(f'<img src="{picture.as_uri()}">')
        return int(self.page.evaluate("document.images[0].naturalHeight"))

    def _show(self, body: str) -> None:
        draft = SHEETS / "draft.html"
        draft.write_text(f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style>{body}', encoding="utf-8")
        self.page.goto(draft.as_uri())
        draft.unlink()

    def _take(self, body: str, wide: int) -> bytes:
        self.page.set_viewport_size({"width": wide, "height": 800})
        self._show(body)
        return self.page.screenshot(full_page=True, type="jpeg", quality=QUALITY)


@contextmanager
def easel() -> Iterator[Easel]:
    SHEETS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield Easel(browser.new_page())
        browser.close()


def taken(folder: Path, face: str) -> list[Shown]:
    """The photographs of one face (""; of none) in one form, in the order in which they were taken."""
    found = [
        Shown(picture, picture.stem.removeprefix(f"{face}-"))
        for picture in folder.glob("*.jpg")
        if (picture.stem.split("-")[0] == face if face else picture.stem.split("-")[0] not in FACES)
    ]
    return sorted(found, key=lambda one: one.picture.stat().st_mtime_ns)


def every_form() -> None:
    with easel() as stand:
        for folder in sorted(path for path in TAKEN.iterdir() if path.is_dir()):
            layout = LAYOUTS[int(folder.name.split("-")[0])]
            for face in (*FACES, ""):
                if shown := taken(folder, face):
                    _write(SHEETS / f"{folder.name}-{face or 'others'}.jpg", stand.sheet(shown, layout))


def for_docs() -> None:
    """From the form that most people see: phones for patients, a desk screen for those who work."""
    phone, screen = (TAKEN / f"{width}-normal-zh-light" for width in (390, 1440))
    with easel() as stand:
        for folder, face in ((phone, "patient"), (screen, "desk"), (screen, "office")):
            layout = LAYOUTS[390 if folder is phone else 1440]
            _write(IMAGES / f"sheet-{face}.jpg", stand.sheet(taken(folder, face), layout))
        _write(IMAGES / "gallery.jpg", stand.columns(phone / "gallery-gallery.jpg", 234, high=1500, width=390))
        _write(IMAGES / "gallery-desk.jpg", stand.columns(screen / "gallery-work.jpg", 720, high=1600, width=1440))
        _write(IMAGES / "before-after.jpg", _compared(stand))


def _compared(stand: Easel) -> bytes:
    """Before above, after below."""
    before = SHEETS / "before"
    before.mkdir(exist_ok=True)
    for name in COMPARED:
        asked = ["git", "show", f"{EARLIER}:docs/images/{name}.png"]
        (before / f"{name}.png").write_bytes(subprocess.run(asked, cwd=ROOT, check=True, capture_output=True).stdout)
    rows = "".join(
        f'<div style="display:flex;gap:16px">{cells}</div>'
        for cells in (
            "".join(
                f'<figure><div><img src="{(folder / name).as_uri()}.png" height="600"></div>'
                f"<figcaption>{label} · {name}</figcaption></figure>"
                for name in COMPARED
            )
            for folder, label in ((before, "before"), (IMAGES, "after"))
        )
    )
    return stand._take(f'<main style="flex-direction:column">{rows}</main>', 1680)


def _write(path: Path, picture: bytes) -> None:
    assert len(picture) < LIMIT_BYTES or path.parent == SHEETS, f"{path.name}: {len(picture)} bytes"
    path.write_bytes(picture)
    print(f"{path.relative_to(ROOT)}  {len(picture) // 1000} kB", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            every_form()
        case ["docs"]:
            for_docs()
        case _:
            sys.exit("usage: bin/contact-sheets [docs]")
