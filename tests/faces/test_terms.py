"""One voice: one word for each thing in each language, the marks of its script, and nothing left untranslated.

The names are those of the table in docs/architecture.md; here stand the words that we refuse beside them.
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import yitong
from yitong.cli import messages

PACKAGE = Path(yitong.__file__).parent
HAN = re.compile(r"[\u4e00-\u9fff]")

# (our word, what we refuse, as a pattern). A title such as 主任医师 is a title and stays.
CHINESE = [
    ("登录", "登陆|登入"),
    ("账号", "帐号|账户|帐户|用户"),
    ("就诊人、患者", "病人|病患"),
    ("医生、医师", "大夫"),
    ("院区", "分院|院部"),
    ("职工", "员工|雇员"),
    ("出诊", "坐诊|开诊医生"),
    ("替诊", "代诊|顶班"),
    ("停诊", "停号|休诊"),
    ("复诊", "再诊|回诊|覆诊"),
    ("改约", "改期|改签|变更预约"),
    ("爽约", "失约|失信"),
    ("报到", "签到|到诊登记"),
    ("约满", "满号|挂满|号满"),
    ("候补", "候号|排队号"),
    ("预约码", "识别码|取号码|挂号码"),
    ("医事服务费", "挂号费|诊查费|诊疗费"),
    ("实名核验", "实名认证|身份认证"),
    ("验证码", "校验码|短信码"),
    ("手机号", "手机号码|电话号码"),
    ("就诊卡", "诊疗卡|就医卡"),
    ("长辈版", "老年版|关怀版|老人版"),
    ("其他", "其它"),
    ("您", "你"),
    ("点", "点击|单击|点按"),
    ("请稍后再试", "请稍候|请稍等|稍后重试"),
]
CHINESE_FOR_PATIENTS = [
    ("就诊人", "患者"),
    ("取消预约", "退号|退约|撤号"),
    ("医生", "(?<!主任)(?<!主治)(?<!住院)医师"),
]
ENGLISH = [
    ("booking", r"appointments?|reservations?|orders? for|register at"),
    ("slot", r"tickets?|booked numbers?"),
    ("patient", r"customers?|clients?"),
    ("account, staff", r"users?"),
    ("campus", r"branch(?:es)?"),
    ("session", r"shifts?"),
    ("sign in, sign out", r"log(?:ged|ging)? (?:in|out|on|off)"),
    ("cancelled", r"canceled|canceling"),
    ("move", r"reschedul\w+"),
    ("fee", r"prices?"),
    ("follow-up", r"re-?visit|return visits?"),
    ("check in", r"check(?:ed|ing)?-in (?:at|to)"),
    ("phone number", r"mobile(?: number)?|cell(?:phone| phone)|telephone"),
    ("text message", r"sms"),
    ("doctor", r"(?<!chief )(?<!attending )(?<!resident )physicians?"),
]
FOR_PATIENTS = (
    "faces/patient",
    "core/catalogue/booking",
    "core/catalogue/waitlist",
    "core/catalogue/people",
    "domains/notify/rules",
    "domains/hospitals/rules",
)
MADE_UP = ("cli/demo", "simulators", "faces/common/gallery", "migrations")  # a city, its partners, samples, the past
PYTHON = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if not any(part in path.relative_to(PACKAGE).as_posix() for part in MADE_UP)
]
DEMO = sorted((PACKAGE / "cli/demo").rglob("*.py"))  # its doctors, notices and guides are read as life's would be
# Both languages stand side by side there, chosen by the reader's; or a search in Chinese for what hospitals name in it.
SIDE_BY_SIDE = {"faces/common/words.py", "faces/api/words.py", "faces/patient/home/presenters.py"}
# What an English page shows in Chinese: the name of a language, and what its pinyin stands for.
CHINESE_IN_ENGLISH = {"中文", "友谊医院"}


@dataclass(frozen=True)
class Said:
    place: str
    text: str

    @property
    def is_for_patients(self) -> bool:
        return self.place.startswith(FOR_PATIENTS)


@cache
def texts(language: str) -> tuple[Said, ...]:
    """All that pages, messages and answers say in this language."""
    return tuple(_texts(language))


def _texts(language: str) -> Iterator[Said]:
    for po in messages.catalogues():
        with po.open("rb") as file:
            for message in read_po(file, locale="en"):
                said = message.id if language == "zh" else message.string
                for one in said if isinstance(said, tuple | list) else [said]:
                    if message.id:
                        yield Said(f"{po.relative_to(PACKAGE).as_posix()}:{message.lineno}", one)
    for path in sorted((PACKAGE / "core/catalogue").glob("*.toml")):
        for code, sentence in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for key in (language, f"next_{language}"):
                yield Said(f"core/catalogue/{path.name} {code}.{key}", sentence.get(key, ""))
    if language == "zh":
        for path in PYTHON:
            for line, text, _ in strings(path):
                yield Said(f"{path.relative_to(PACKAGE).as_posix()}:{line}", text)


@cache
def strings(path: Path) -> list[tuple[int, str, bool]]:
    """(line, text, whether it is translated) of every string with Chinese in it that is no docstring."""
    source = path.read_text(encoding="utf-8")
    if not HAN.search(source) and not re.search(r"\\[uUN]", source):  # nor by its number or name
        return []
    tree = ast.parse(source)
    translates = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
    }
    translated: set[int] = set()
    silent: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in translates:
                translated |= {id(inner) for argument in node.args for inner in ast.walk(argument)}
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(id(node.value))
    return [
        (node.lineno, node.value, id(node) in translated)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and HAN.search(node.value)
        and id(node) not in silent
    ]


def mixed(said: Iterable[Said], table: list[tuple[str, str]], *, whole_words: bool) -> list[str]:
    found = []
    patterns = [(ours, re.compile(rf"\b(?:{refused})\b" if whole_words else refused, re.I)) for ours, refused in table]
    for one in said:
        for ours, pattern in patterns:
            match = pattern.search(one.text)
            if match:
                found.append(f"{one.place}: {match[0]} → {ours}: {one.text[:60]}")
    return found


def test_chinese_has_one_word_for_each_thing() -> None:
    assert mixed(texts("zh"), CHINESE, whole_words=False) == []


def test_patients_read_plain_words() -> None:
    ours = (one for one in texts("zh") if one.is_for_patients)
    assert mixed(ours, CHINESE_FOR_PATIENTS, whole_words=False) == []


def test_english_has_one_word_for_each_thing() -> None:
    assert mixed(texts("en"), ENGLISH, whole_words=True) == []


def test_chinese_has_the_marks_of_its_script() -> None:
    """Full-width beside a character: a half-width comma is too close, and no browser can squeeze it."""
    half = re.compile(r"[\u4e00-\u9fff”》][,;:!?(]|[,;!?)][\u4e00-\u9fff“《]|}[,;][{\u4e00-\u9fff]")
    made_up = (Said(f"{path.name}:{line}", text) for path in DEMO for line, text, _ in strings(path))
    said = chain(texts("zh"), made_up)
    assert [f"{one.place}: {one.text[:70]}" for one in said if half.search(one.text)] == []


def test_english_has_no_chinese_in_it() -> None:
    found = [
        f"{one.place}: {one.text}"
        for one in texts("en")
        if HAN.search(re.sub("|".join(CHINESE_IN_ENGLISH), "", one.text))
    ]
    assert found == []


def test_nothing_is_left_untranslated() -> None:
    assert [f"{one.place}: {one.text}" for one in messages.missing()] == []
    known = {said.text for said in texts("zh") if ".po:" in said.place}
    by_another_name = [  # a function of gettext that goes by a name which the extraction doesn't know
        f"{path.relative_to(PACKAGE)}:{line}: {text}"
        for path in PYTHON
        for line, text, is_translated in strings(path)
        if is_translated and text not in known
    ]
    assert by_another_name == []
    assert [one.place for one in texts("en") if not one.text.strip() and ".next_" not in one.place] == []


@pytest.mark.parametrize("face", ["common", "patient", "desk", "office"])
def test_faces_say_nothing_past_the_translations(face: str) -> None:
    """Chinese in the code of a face goes through gettext, or stands beside its English."""
    bare = [
        f"{place}:{line}: {text[:40]}"
        for path in PYTHON
        if (place := path.relative_to(PACKAGE).as_posix()).startswith(f"faces/{face}/") and place not in SIDE_BY_SIDE
        for line, text, is_translated in strings(path)
        if not is_translated
    ]
    assert bare == []


def test_both_languages_of_a_sentence_say_the_same_values() -> None:
    """A catalogue's sentence names the same parameters in both; for pages see test_templates."""
    odd = []
    for path in sorted((PACKAGE / "core/catalogue").glob("*.toml")):
        for code, said in tomllib.loads(path.read_text(encoding="utf-8")).items():
            for part in ("", "next_"):
                zh, en = (set(re.findall(r"{(\w+)", said.get(f"{part}{lang}", ""))) for lang in ("zh", "en"))
                if zh != en:
                    odd.append(f"{path.name} {code}: {sorted(zh ^ en)}")
    assert odd == []


LATIN = {"English", "EN"}  # the names of a language, as its readers know it


class Text(HTMLParser):
    """Words that stand between tags; what one types into a machine is the same in every language."""

    TYPED = ("code", "pre", "kbd")

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words: set[str] = set()
        self.typed = 0
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.typed += tag in self.TYPED

    def handle_endtag(self, tag: str) -> None:
        self.typed -= tag in self.TYPED

    def handle_data(self, data: str) -> None:
        if not self.typed:
            self.words |= set(re.findall(r"[A-Za-z]{2,}", data))


def test_templates_say_nothing_in_latin_past_the_translations() -> None:
    """What stands between tags is Chinese and translated, but for what is called the same in both."""
    found = []
    for path in sorted((PACKAGE / "faces").glob("*/templates/**/*.html")):
        if "/gallery/" in path.as_posix() or "/api/" in path.as_posix():  # samples; the API's own pages are English
            continue
        source = path.read_text(encoding="utf-8")
        for silent in (r"{% comment.*?endcomment %}", r"{% blocktranslate.*?endblocktranslate %}", r"{#.*?#}"):
            source = re.sub(silent, "", source, flags=re.S)
        source = re.sub(r"{% (?:block|extends)[^%]*%}\s*[\w-]*\s*{% endblock %}", "", source)  # a class of the frame
        words = Text(re.sub(r"{%.*?%}|{{.*?}}", "", source, flags=re.S)).words - LATIN
        if words:
            found.append(f"{path.relative_to(PACKAGE)}: {sorted(words)}")
    assert found == []
