"""Words in two languages: the Chinese text is the key, English stands in a .po file, and none may be missing.

Each face keeps its own words in `faces/<f>/locale/`; what several rooms say stands in `config/locale/`.
"""

import io
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

PACKAGE = Path(__file__).resolve().parents[1]
HAN = re.compile(r"[\u4e00-\u9fff]")
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "_": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
CALL = re.compile(rf"\b(?:{'|'.join(KEYWORDS)})\s*\(")


@dataclass(frozen=True, order=True)
class Missing:
    """A Chinese text without English, at its first place."""

    place: str
    text: str


def catalogues() -> list[Path]:
    """Every .po file, in an order that stands."""
    return sorted(PACKAGE.rglob("locale/*/LC_MESSAGES/*.po"))


def compile_all() -> list[Path]:
    """Write the .mo beside each .po that is newer. Returns those written; safe in several processes at once."""
    written = []
    for po in catalogues():
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime_ns >= po.stat().st_mtime_ns:
            continue
        stamp = po.stat()
        with po.open("rb") as file:
            catalogue = read_po(file, locale=po.parts[-3])
        fresh = mo.with_suffix(f".{os.getpid()}.new")
        with fresh.open("wb") as file:
            write_mo(file, catalogue)
        os.utime(fresh, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        fresh.replace(mo)
        written.append(mo)
    return written


def missing() -> list[Missing]:
    """Every Chinese text of templates and sources that English lacks."""
    english = _english()
    found: dict[tuple[str | None, str], Missing] = {}
    for place, context, text in _texts():
        key = (context, text)
        if HAN.search(text) and key not in english and key not in found:
            found[key] = Missing(place, text)
    return sorted(found.values())


def _english() -> set[tuple[str | None, str]]:
    known: set[tuple[str | None, str]] = set()
    for po in catalogues():
        if po.parts[-3] != "en":
            continue
        with po.open("rb") as file:
            for message in read_po(file, locale="en"):
                whole = all(message.string) if isinstance(message.string, tuple) else bool(message.string)
                if message.id and whole and not message.fuzzy:
                    text = message.id[0] if isinstance(message.id, (list, tuple)) else message.id
                    known.add((message.context or None, text))
    return known


def _texts() -> Iterator[tuple[str, str | None, str]]:
    """(place, context, text) of every call for a translation."""
    from django.utils.translation.template import templatize

    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix == ".py":
            source = path.read_text()
        elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
            # What is not a translation comes as rows of X; its indentation would puzzle a reader of Python.
            source = "\n".join(line.lstrip() for line in templatize(path.read_text()).split("\n"))
        else:
            continue
        if not CALL.search(source):  # most files; to read their tokens takes seconds
            continue
        stream = io.BytesIO(source.encode())
        for line, message, _, context in extract("python", stream, KEYWORDS, (), {"encoding": "utf-8"}):
            text = message if isinstance(message, str) else message[0]
            yield f"{path.relative_to(PACKAGE.parent)}:{line}", context, text
