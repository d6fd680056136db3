from datetime import UTC, date, datetime, time

import pytest
from django.template import Context, Template
from django.utils.translation import override

from yitong.core import clock
from yitong.core.money import Fen
from yitong.faces.common import words

TODAY = date(2026, 11, 21)
ZH, EN = "zh-hans", "en"


@pytest.mark.parametrize(
    ("fen", "zh", "en"),
    [
        (5000, "50 元", "¥50"),
        (5050, "50.50 元", "¥50.50"),
        (0, "0 元", "¥0"),
        (-1234, "-12.34 元", "-¥12.34"),
        (100_00_00, "10000 元", "¥10000"),
    ],
)
def test_money_is_said_in_yuan(fen: int, zh: str, en: str) -> None:
    assert words.yuan(Fen(fen), ZH) == zh
    assert words.yuan(fen, EN) == en


@pytest.mark.parametrize(
    ("day", "zh", "en"),
    [
        (date(2026, 11, 21), "今天 11月21日 周六", "Today, Sat 21 Nov"),
        (date(2026, 11, 22), "明天 11月22日 周日", "Tomorrow, Sun 22 Nov"),
        (date(2026, 11, 23), "后天 11月23日 周一", "Mon 23 Nov"),
        (date(2026, 11, 20), "昨天 11月20日 周五", "Yesterday, Fri 20 Nov"),
        (date(2027, 1, 1), "2027年1月1日 周五", "Fri 1 Jan 2027"),
    ],
)
def test_days_are_said_as_people_say_them(day: date, zh: str, en: str) -> None:
    assert words.plain_day(day, TODAY, ZH) == zh
    assert words.plain_day(day, TODAY, EN) == en


def test_visit_time_is_in_shanghai() -> None:
    start, end = datetime(2026, 11, 22, 1, 0, tzinfo=UTC), datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
    assert words.visit_time(start, end, TODAY, ZH) == "明天 11月22日 周日 上午 9:00–9:30"
    assert words.visit_time(start, end, TODAY, EN) == "Tomorrow, Sun 22 Nov, 9:00–9:30"


def test_an_instant_late_in_utc_is_the_next_day_here() -> None:
    assert words.moment(datetime(2026, 11, 21, 17, 5, tzinfo=UTC), TODAY, ZH) == "明天 1:05"
    assert words.moment(datetime(2026, 11, 3, 7, 4, tzinfo=UTC), TODAY, ZH) == "11月3日 15:04"
    assert words.moment(datetime(2026, 11, 21, 7, 4, tzinfo=UTC), TODAY, EN) == "today 15:04"
    assert words.moment(datetime(2025, 11, 3, 7, 4, tzinfo=UTC), TODAY, EN) == "3 Nov 2025, 15:04"


@pytest.mark.parametrize(("hour", "zh"), [(8, "上午"), (12, "下午"), (17, "下午"), (18, "晚上")])
def test_half_days(hour: int, zh: str) -> None:
    assert words.half_day(time(hour), ZH) == zh


@pytest.mark.parametrize(("digits", "shown"), [("40718265", "4071 8265"), ("123", "123"), ("", "")])
def test_codes_are_grouped(digits: str, shown: str) -> None:
    assert words.grouped(digits) == shown


def render(source: str, **context: object) -> str:
    return Template("{% load yitong %}" + source).render(Context(context))


def test_filters_follow_the_language_of_the_page() -> None:
    with clock.frozen(datetime(2026, 11, 21, 4, 0, tzinfo=UTC)):
        with override(EN):
            assert render("{{ d|day }} {{ f|fen }}", d=date(2026, 11, 22), f=Fen(5000)) == "Tomorrow, Sun 22 Nov ¥50"
        with override(ZH):
            assert render("{{ d|day }} {{ f|fen }}", d=date(2026, 11, 22), f=Fen(5000)) == "明天 11月22日 周日 50 元"


def test_icon_is_silent_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in render('{% icon "home" %}')
    assert 'role="img" aria-label="&lt;x&gt;"' in render('{% icon "home" label %}', label="<x>")


def test_qr_is_svg_of_attributes_only() -> None:
    drawing = render('{% qr "YT:40718265" "预约码" %}')
    assert drawing.startswith('<div class="qr" role="img" aria-label="预约码"><svg ')
    assert "style" not in drawing
    assert "script" not in drawing
