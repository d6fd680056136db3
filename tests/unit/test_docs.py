"""The documentation says nothing that isn't there: links, pictures, commands, variables, dependencies."""

import importlib.metadata
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import click
import pytest
from babel.messages.pofile import read_po

from yitong.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("README.md")])
WRITTEN = [page for page in PAGES if page.is_relative_to(ROOT / "docs") or page.parent == ROOT]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
COMMAND = re.compile(r"(?<![\w/.-])(?:\.venv/bin/)?yitong((?: [a-z][a-z-]*)+|(?: --help)\b)")
VARIABLE = re.compile(r"\b(YITONG_[A-Z_]+|DATA_DIR|PROMETHEUS_[A-Z_]+)\b")
PICTURE_LIMIT_BYTES = 120_000
COVER_LIMIT_BYTES = 300_000
SHEET_LIMIT_BYTES = 900_000  # a contact sheet: half a hundred photographs


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def anchors(page: Path) -> set[str]:
    """What headings can be linked to, as GitHub names them."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def broken_links(page: Path, text: str) -> list[str]:
    broken = []
    for target in LINK.findall(text):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        place = (page.parent / unquote(path)).resolve() if path else page
        if not place.exists() or not place.is_relative_to(ROOT) or anchor and anchor not in anchors(place):
            broken.append(target)
    return broken


def test_every_link_leads_somewhere() -> None:
    broken = {name(page): broken_links(page, page.read_text()) for page in PAGES}
    assert {page: links for page, links in broken.items() if links} == {}


def test_broken_links_would_be_seen() -> None:
    text = "[a](no-such-page.md) ![b](images/none.png) [c](docs/README.md#no-such-head) [d](../outside) [e](LICENSE)"
    found = broken_links(ROOT / "README.md", text)
    assert found == ["no-such-page.md", "images/none.png", "docs/README.md#no-such-head", "../outside"]


def limit_of(picture: Path) -> int:
    if picture.suffix == ".jpg":
        return SHEET_LIMIT_BYTES
    return COVER_LIMIT_BYTES if picture.name == "cover.png" else PICTURE_LIMIT_BYTES


def test_every_picture_is_shown_and_small() -> None:
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in LINK.findall(page.read_text())
        if target.endswith((".png", ".jpg"))
    }
    images = ROOT / "docs" / "images"
    there = {*images.glob("*.png"), *images.glob("*.jpg")}
    assert sorted(path.name for path in there - shown) == []
    too_large = [path.name for path in there if path.stat().st_size > limit_of(path)]
    assert too_large == []


def commands_in(text: str) -> set[str]:
    """`yitong …` in fences and in inline code: only there it is a command."""
    code = [body for _, body in FENCE.findall(text)] + re.findall(r"`([^`\n]+)`", FENCE.sub("", text))
    return {found.strip() for part in code for found in COMMAND.findall(part)}


def unknown_command(words: str) -> str | None:
    """The first word that the command line doesn't know. What follows a command that takes arguments is theirs."""
    at: click.Command = main
    for word in words.split():
        if word == "--help" or not isinstance(at, click.Group):
            return None
        if word not in at.commands:
            return word
        at = at.commands[word]
    return None


def test_every_command_is_a_real_one() -> None:
    named = {(name(page), words) for page in WRITTEN for words in commands_in(page.read_text())}
    assert {(page, words) for page, words in named if unknown_command(words)} == set()


def test_wrong_commands_would_be_seen() -> None:
    assert commands_in("`yitong keys rotate` and yitong is\n```sh\n.venv/bin/yitong fly away\n```\n") == {
        "keys rotate",
        "fly away",
    }
    assert unknown_command("keys rotate") is None
    assert unknown_command("keys turn") == "turn"
    assert unknown_command("fly away") == "fly"


def test_every_make_target_is_a_real_one() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    asked = {
        (name(page), target)
        for page in WRITTEN
        for code in [*(b for _, b in FENCE.findall(page.read_text())), *re.findall(r"`([^`\n]+)`", page.read_text())]
        for target in re.findall(r"(?:^|&& |\| )make ([a-z-]+)", code, re.M)
    }
    assert {one for one in asked if one[1] not in targets} == set()


@cache
def variables_of_code() -> set[str]:
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "tests").rglob("*.py"), ROOT / "Makefile"]
    # partners.py joins a prefix with URL and SECRET
    return {found for file in files if file != Path(__file__) for found in VARIABLE.findall(file.read_text())}


def test_every_variable_is_read_by_code() -> None:
    named = {(name(page), variable) for page in PAGES for variable in VARIABLE.findall(page.read_text())}
    assert {(page, variable) for page, variable in named if variable not in variables_of_code()} == set()


def test_operators_page_names_every_variable_that_the_code_reads() -> None:
    asked = re.compile(r"""environ(?:\.get\(|\[|\.setdefault\()\s*["'](YITONG_[A-Z_]+|DATA_DIR|PORT|CITY)["']""")
    read = {found for file in (ROOT / "src").rglob("*.py") for found in asked.findall(file.read_text())}
    page = (ROOT / "docs" / "guides" / "operator.md").read_text()
    assert len(read) > 10
    assert {variable for variable in read if f"`{variable}`" not in page} == set()


# -- pages -----------------------------------------------------------------------------------------------------------

NAMED = re.compile(r"(?<![*\w])\*([^*]{2,60}?)\*(?!\*)")


@cache
def said_in_english() -> set[str]:
    """What the pages say, as one reads it."""
    found = set()
    for file in (ROOT / "src").rglob("locale/en/LC_MESSAGES/django.po"):
        with file.open("rb") as catalogue:
            found |= {str(one.string).replace("’", "'") for one in read_po(catalogue)}
    return found


@pytest.mark.parametrize("guide", ["desk", "office", "operator"])
def test_the_guides_name_pages_and_buttons_as_these_name_themselves(guide: str) -> None:
    text = re.sub(r"\s+", " ", (ROOT / "docs" / "guides" / f"{guide}.md").read_text().replace("**", ""))
    named = set(NAMED.findall(text))
    assert len(named) > 1
    assert named - said_in_english() == set()


# -- dependencies ----------------------------------------------------------------------------------------------------


def asked_for(file: str) -> set[str]:
    lines = (ROOT / "requirements" / file).read_text().splitlines()
    return {re.split(r"[\[<>=~!; ]", line)[0] for line in lines if line and not line.startswith(("-", "#"))}


def licence(package: str) -> str:
    """As the package says it, by the newest way that it uses, or else by its licence file."""
    about = importlib.metadata.metadata(package)
    by_class = [line.split(" :: ")[-1] for line in about.get_all("Classifier") or [] if line.startswith("License")]
    in_words = (about.get("License") or "").strip()
    if about.get("License-Expression"):
        return str(about["License-Expression"])
    if in_words and "\n" not in in_words and len(in_words) < 30:
        return in_words
    if by_class:
        return by_class[0]
    files = importlib.metadata.files(package) or []
    text = next(str(file.locate()) for file in files if "licenses/" in str(file))
    return Path(text).read_text().split("\n")[0]


def plain(words: str) -> str:
    return re.sub(r"\b(License|Licence|3-Clause|-)\b|-3-Clause", "", words).strip()


def test_dependency_page_lists_what_is_asked_for_with_its_licence() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    run, build = page.split("## To build and prove")
    build = build.split("## Not from Python")[0]
    for part, file in ((run, "runtime.in"), (build, "dev.in")):
        rows = dict(re.findall(r"^\| ([a-z0-9-]+) \| ([^|]+) \|", part, re.M))
        rows.pop("package", None)
        assert set(rows) == asked_for(file)
        assert {p: plain(said.strip()) for p, said in rows.items()} == {p: plain(licence(p)) for p in rows}
