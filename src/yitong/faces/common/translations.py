"""The English catalogue: compiled without GNU gettext, and compared with what the source asks for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

PACKAGE = Path(__file__).resolve().parents[2]
LOCALE = PACKAGE / "config/locale"
CHINESE = re.compile(r"[一-鿿]")
TAG = re.compile(r"""{%\s*translate\s+(?:"([^"]+)"|'([^']+)')""")
BLOCK = re.compile(r"{%\s*blocktranslate(?:\s[^%]*)?%}(.*?){%\s*endblocktranslate\s*%}", re.S)
BRACKET = re.compile(r"""_\(\s*"([^"]+)"\s*\)""")
CALLS = {"gettext", "gettext_lazy", "pgettext", "ngettext", "_"}


def compile_all() -> None:
    """Write `django.mo` beside each `django.po` that is newer (or has none)."""
    for source in LOCALE.glob("*/LC_MESSAGES/django.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, abort_invalid=True)
        fresh = target.with_suffix(".mo.new")
        with fresh.open("wb") as file:
            write_mo(file, catalogue)
        fresh.replace(target)


def read(language: str) -> dict[str, str]:
    """msgid → msgstr, without the fuzzy ones."""
    with (LOCALE / language / "LC_MESSAGES/django.po").open("rb") as file:
        catalogue = read_po(file, abort_invalid=True)
    return {str(m.id): str(m.string) for m in catalogue if m.id and not m.fuzzy and isinstance(m.id, str)}


def found_in_source() -> set[str]:
    """Every Chinese msgid that templates and Python ask for."""
    return {message for message in (*_in_templates(), *_in_python()) if CHINESE.search(message)}


def _in_templates() -> Iterator[str]:
    for path in PACKAGE.glob("faces/*/templates/**/*.html"):
        source = path.read_text(encoding="utf-8")
        for match in TAG.finditer(source):
            yield match[1] or match[2]
        for match in BRACKET.finditer(source):
            yield match[1]
        for match in BLOCK.finditer(source):
            text = match[1]
            if "trimmed" in match[0].split("%}")[0]:
                text = " ".join(line.strip() for line in text.strip().splitlines())
            yield re.sub(r"{{\s*(\w+)\s*}}", r"%(\1)s", text)


def _in_python() -> Iterator[str]:
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        if "gettext" not in source:
            continue
        for node in ast.walk(ast.parse(source)):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0] if node.args else None
            if name in CALLS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value
