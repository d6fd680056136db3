"""Every refusal of the tree has its own code and its sentence in both languages; no sentence is left over."""

import importlib
import pkgutil
import string
from collections import Counter
from collections.abc import Iterator

import yitong
from yitong.core import sentences
from yitong.core.errors import Refusal
from yitong.faces.common.refusals import SERVER_ERROR

NO_REFUSALS = ("yitong.simulators", "yitong.config.wsgi", "yitong.config.asgi", "yitong.__main__")


def refusals() -> list[type[Refusal]]:
    """Every class of the tree that says no, the six kinds included."""
    for module in pkgutil.walk_packages(yitong.__path__, "yitong.", onerror=importlib.import_module):
        if ".migrations" not in module.name and not module.name.startswith(NO_REFUSALS):
            importlib.import_module(module.name)
    return sorted(set(below(Refusal)), key=lambda kind: kind.__qualname__)


def below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith("yitong."):
            yield child
        yield from below(child)


ALL = refusals()


def test_each_class_has_a_code_of_its_own() -> None:
    without = [kind.__qualname__ for kind in ALL if "code" not in kind.__dict__]
    twice = [code for code, count in Counter(kind.code for kind in ALL).items() if count > 1]

    assert without == []
    assert twice == []


def test_each_code_shouts() -> None:
    assert [kind.code for kind in ALL if not kind.code.isascii() or kind.code != kind.code.upper()] == []


def test_each_code_has_its_sentence_and_next_step_in_chinese_and_english() -> None:
    entries = sentences.catalogue()
    missing = [
        f"{kind.code}.{part}"
        for kind in ALL
        for part in ("zh", "en", "next_zh", "next_en")
        if not entries.get(kind.code, {}).get(part, "").strip()
    ]

    assert missing == []


def test_no_sentence_is_left_over() -> None:
    known = {kind.code for kind in ALL} | {SERVER_ERROR}

    assert sorted(set(sentences.catalogue()) - known) == []


def test_chinese_is_chinese_and_english_is_english() -> None:
    entries = sentences.catalogue().items()
    chinese = [code for code, e in entries if not any("\u4e00" <= c <= "\u9fff" for c in e["zh"] + e["next_zh"])]
    english = [code for code, e in entries if any("\u4e00" <= c <= "\u9fff" for c in e["en"] + e["next_en"])]

    assert chinese == []
    assert english == []


def test_both_languages_use_the_same_parameters_by_plain_name() -> None:
    used = {code: {part: names(entry[part]) for part in entry} for code, entry in sentences.catalogue().items()}

    other = [code for code, u in used.items() if u["zh"] | u["next_zh"] != u["en"] | u["next_en"]]
    odd = [(code, name) for code, u in used.items() for name in set().union(*u.values()) if not name.isidentifier()]
    assert (other, odd) == ([], [])


def names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}
