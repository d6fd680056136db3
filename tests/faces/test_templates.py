"""What every template keeps: nothing inline (strict CSP), a token in every form that posts, every word translated."""

import gettext
import re
from collections.abc import Callable
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


def wrong(judged: Callable[[str], list[str]], templates: list[Path] = TEMPLATES) -> dict[str, list[str]]:
    """Template → what is wrong in it. One test judges all: as a test for each of them they took longer to start."""
    found = {name_of(path): judged(path.read_text(encoding="utf-8")) for path in templates}
    assert len(found) > 100
    return {name: faults for name, faults in found.items() if faults}


def inline(source: str) -> list[str]:
    """Style, script and handlers within the page."""
    return [
        *re.findall(r"<style|\sstyle\s*=|javascript:|hx-on|\shx-vals=[\"']js:", source),
        *re.findall(r"<[^>]+\son[a-z]+\s*=", source),
        *(tag for tag in re.findall(r"<script[^>]*>", source) if "src=" not in tag),
    ]


def test_nothing_is_inline() -> None:
    assert wrong(inline) == {}


def forms_without_token(source: str) -> list[str]:
    """What the booking window takes carries a pass instead: that only the account's own pages have."""
    forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", source, re.S | re.I)
    proofs = {True: 'name="pass"', False: "{% csrf_token %}"}
    return [form[:120] for form in forms if proofs['action="/counter/' in form] not in form]


def test_every_form_that_posts_carries_the_token() -> None:
    assert wrong(forms_without_token) == {}


# Forms of the desk that are the same at every hospital: one's own sign-in and keys, and what the city decides.
OF_NO_HOSPITAL = ("desk/sign_in/", "desk/duplicates/", "desk/jump/_keys.html", "desk/_rail_items.html")
OF_HOSPITALS = [
    path for path in TEMPLATES if name_of(path).startswith("desk/") and not name_of(path).startswith(OF_NO_HOSPITAL)
]


def forms_without_hospital(source: str) -> list[str]:
    """All tabs share one place: without it a press could be meant for another hospital (`at_desk`)."""
    forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", source, re.S | re.I)
    posts = re.findall(r"<(?!form)[^>]*\shx-(?:post|put|patch|delete)=[^>]*>", source)  # they bear no form's fields
    return [form[:120] for form in forms if "{{ shell.at_hospital }}" not in form] + posts


def test_every_form_of_the_desk_bears_its_hospital() -> None:
    found = {name_of(path): forms_without_hospital(path.read_text(encoding="utf-8")) for path in OF_HOSPITALS}
    assert len(found) > 50
    assert {name: forms for name, forms in found.items() if forms} == {}


def foreign(source: str) -> list[str]:
    return re.findall(r"(?:src|href|action)=\"(?:https?:)?//", source)


def test_nothing_comes_from_elsewhere() -> None:
    assert wrong(foreign) == {}


SPRITE = set(
    re.findall(r'<symbol id="([a-z-]+)"', (FACES / "common/static/yitong/icons.svg").read_text(encoding="utf-8"))
)


def icons_not_drawn(source: str) -> list[str]:
    named = re.findall(r'{% icon "([^"]+)"|icon_name="([^"]+)"', source)
    return sorted({one or other for one, other in named} - SPRITE)


def test_every_icon_is_drawn() -> None:
    assert wrong(icons_not_drawn) == {}


def bare_chinese(source: str) -> list[str]:
    source = re.sub(r"{% comment.*?endcomment %}|{#.*?#}", "", source, flags=re.S)
    source = re.sub(r"{% blocktranslate.*?endblocktranslate %}", "", source, flags=re.S)
    source = re.sub(r"{%\s*translate.*?%}|_\(\"[^\"]*\"\)", "", source)
    source = re.sub(r"<button[^>]*lang=\"zh-Hans\">中文</button>", "", source)
    return [line.strip() for line in source.splitlines() if CHINESE.search(line)]


def test_chinese_stands_only_where_it_is_translated() -> None:
    assert wrong(bare_chinese, [path for path in TEMPLATES if GALLERY not in name_of(path)]) == {}


@pytest.mark.parametrize(
    ("judged", "source"),
    [
        (inline, '<p style="color:red">'),
        (inline, '<a href="javascript:void(0)">'),
        (inline, '<p onclick="x()">'),
        (inline, "<script>x()</script>"),
        (inline, """<p hx-vals='js:{"a": 1}'>"""),
        (forms_without_token, '<form method="post"><button></button></form>'),
        (forms_without_hospital, '<form method="post">{% csrf_token %}</form>'),
        (forms_without_hospital, '<button hx-post="/desk/x/"></button>'),
        (foreign, '<img src="https://example.org/x.png">'),
        (foreign, '<a href="//example.org">'),
        (icons_not_drawn, '{% icon "no-such-icon" %}'),
        (bare_chinese, "<p>首页</p>"),
    ],
)
def test_a_fault_would_be_seen(judged: Callable[[str], list[str]], source: str) -> None:
    assert len(judged(source)) == 1


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
