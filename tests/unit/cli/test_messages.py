"""Chinese texts without English are found, wherever they stand."""

from pathlib import Path

import pytest

from yitong.cli import messages


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "yitong"
    (package / "faces" / "templates").mkdir(parents=True)
    locale = package / "config" / "locale"
    (locale / "en" / "LC_MESSAGES").mkdir(parents=True)
    monkeypatch.setattr(messages, "PACKAGE", package)
    return package


def _po(package: Path, *pairs: tuple[str, str], extra: str = "") -> Path:
    po = package / "config/locale/en/LC_MESSAGES/django.po"
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    po.write_text(head + "".join(f'msgid "{zh}"\nmsgstr "{en}"\n\n' for zh, en in pairs) + extra)
    return po


def _missing(package: Path) -> set[str]:
    return {item.text for item in messages.missing()}


def test_texts_of_templates_and_sources_are_found(package: Path) -> None:
    (package / "faces/templates/a.html").write_text(
        '{% load i18n %}\n<p>{% translate "预约挂号" %}</p>\n  <b>{% blocktranslate count n=n %}还有 {{ n }} 个号'
        '{% plural %}还有 {{ n }} 个号{% endblocktranslate %}</b>\n{% translate "完成" context "按钮" %}\n'
        "it's {% translate 'English' %}"
    )
    (package / "a.py").write_text('x = gettext("就诊人")\ny = ngettext("一", "多", 3)\nz = "不译"\n')
    _po(package, ("就诊人", "Patients"))
    assert _missing(package) == {"预约挂号", "还有 %(n)s 个号", "完成", "一"}


def test_empty_and_fuzzy_entries_count_as_missing(package: Path) -> None:
    (package / "a.py").write_text('gettext("一")\ngettext("二")\ngettext("三")\n')
    _po(package, ("一", ""), ("三", "three"), extra='#, fuzzy\nmsgid "二"\nmsgstr "two"\n')
    assert _missing(package) == {"一", "二"}


def test_context_is_part_of_the_key(package: Path) -> None:
    (package / "a.py").write_text('pgettext("button", "完成")\n')
    _po(package, ("完成", "done"))
    assert _missing(package) == {"完成"}
    _po(package, extra='msgctxt "button"\nmsgid "完成"\nmsgstr "Done"\n')
    assert _missing(package) == set()


def test_only_changed_catalogues_are_compiled(package: Path) -> None:
    po = _po(package, ("就诊人", "Patients"))
    assert messages.compile_all() == [po.with_suffix(".mo")]
    assert messages.compile_all() == []
    assert b"Patients" in po.with_suffix(".mo").read_bytes()
