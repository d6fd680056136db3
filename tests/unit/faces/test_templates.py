"""What every template keeps: nothing inline (strict CSP), a token in every form that posts, every word translated."""

import gettext
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import yitong
from yitong.cli import messages

FACES = Path(yitong.__file__).parent / "faces"
TEMPLATES = sorted(FACES.glob("*/templates/**/*.html"))
CHINESE = re.compile(r"[一-鿿]")
GALLERY = "common/gallery/"


def name_of(path: Path) -> str:
    return path.as_posix().split("/templates/")[1]


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_nothing_is_inline(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle\s*=|javascript:|hx-on|\shx-vals=[\"']js:", source)
    assert not re.search(r"<[^>]+\son[a-z]+\s*=", source)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", source))


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_form_that_posts_carries_the_token(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", source, re.S | re.I):
        assert "{% csrf_token %}" in form, form[:120]


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_nothing_comes_from_elsewhere(path: Path) -> None:
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", path.read_text(encoding="utf-8"))


SPRITE = set(
    re.findall(r'<symbol id="([a-z-]+)"', (FACES / "common/static/yitong/icons.svg").read_text(encoding="utf-8"))
)


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_icon_is_drawn(path: Path) -> None:
    named = re.findall(r'{% icon "([^"]+)"|icon_name="([^"]+)"', path.read_text(encoding="utf-8"))
    assert {one or other for one, other in named} - SPRITE == set()


@pytest.mark.parametrize("path", [path for path in TEMPLATES if GALLERY not in name_of(path)], ids=name_of)
def test_chinese_stands_only_where_it_is_translated(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    source = re.sub(r"{% comment.*?endcomment %}|{#.*?#}", "", source, flags=re.S)
    source = re.sub(r"{% blocktranslate.*?endblocktranslate %}", "", source, flags=re.S)
    source = re.sub(r"{%\s*translate.*?%}|_\(\"[^\"]*\"\)", "", source)
    source = re.sub(r"<button[^>]*lang=\"zh-Hans\">中文</button>", "", source)
    assert [line.strip() for line in source.splitlines() if CHINESE.search(line)] == []


def test_every_chinese_sentence_has_its_english() -> None:
    assert [f"{text.place}: {text.text}" for text in messages.missing()] == []


def test_translations_keep_their_parameters() -> None:
    parameter = re.compile(r"%\(\w+\)s|\{\w+\}")
    found = []
    for po in messages.catalogues():
        with po.open("rb") as file:
            found += [m for m in read_po(file) if m.id and isinstance(m.id, str)]
    texts = [(str(m.id), str(m.string)) for m in found]
    assert [zh for zh, en in texts if set(parameter.findall(zh)) != set(parameter.findall(en))] == []
    assert len({(m.context, m.id) for m in found}) == len(found)


def test_compiled_catalogue_is_what_the_source_says() -> None:
    messages.compile_all()
    words = {}
    for po in messages.catalogues():
        with po.with_suffix(".mo").open("rb") as file:
            words[po.parts[-5]] = gettext.GNUTranslations(file)
    assert words["config"].gettext("首页") == "Home"
    assert words["desk"].gettext("当日出诊") == "Sessions of the day"
