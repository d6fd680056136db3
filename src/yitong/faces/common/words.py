"""Money, days and times as people say them, in Chinese and English. Pure: presenters and template filters both use it.

`language` is a Django language code; whatever does not begin with `en` reads Chinese.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import groupby
from typing import Protocol

from yitong.core.clock import SHANGHAI, shanghai_date
from yitong.core.money import Fen

WEEKDAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NEAR_ZH = {-1: "昨天", 0: "今天", 1: "明天", 2: "后天"}
NEAR_EN = {-1: "Yesterday", 0: "Today", 1: "Tomorrow"}
ROOM_NUMBER = re.compile(r"[A-Za-z]?\d{1,4}[A-Za-z]?")
NOON = time(12)
EVENING = time(18)


class Named(Protocol):
    """What has a Chinese and an English name."""

    @property
    def name(self) -> str: ...
    @property
    def name_en(self) -> str: ...


def is_english(language: str) -> bool:
    return language.startswith("en")


def yuan(amount: Fen | int, language: str) -> str:
    """`50 元`, `50.50 元`, `¥50`: whole yuan bare, as prices are said."""
    fen = amount if isinstance(amount, Fen) else Fen(amount)
    text = fen.yuan().removesuffix(".00")
    if is_english(language):
        return f"-¥{text[1:]}" if text.startswith("-") else f"¥{text}"
    return f"{text} 元"


def weekday(day: date, language: str) -> str:
    return (WEEKDAYS_EN if is_english(language) else WEEKDAYS_ZH)[day.weekday()]


def near(day: date, today: date, language: str) -> str:
    """`明天`, or nothing when the day is not near."""
    return (NEAR_EN if is_english(language) else NEAR_ZH).get((day - today).days, "")


def age(birth: date, today: date, language: str) -> str:
    """`5 岁`; in months below one year."""
    months = (today.year - birth.year) * 12 + today.month - birth.month - (today.day < birth.day)
    if months < 12:
        return f"{max(months, 0)} mo" if is_english(language) else f"{max(months, 0)} 个月"
    return f"{months // 12} y" if is_english(language) else f"{months // 12} 岁"


def month_day(day: date, language: str) -> str:
    return f"{day.day} {MONTHS_EN[day.month - 1]}" if is_english(language) else f"{day.month}月{day.day}日"


def plain_day(day: date, today: date, language: str) -> str:
    """`明天 11月22日 周日`; `Tomorrow, Sun 22 Nov`; the year only when it is another."""
    word = near(day, today, language)
    if is_english(language):
        year = "" if day.year == today.year else f" {day.year}"
        text = f"{weekday(day, language)} {month_day(day, language)}{year}"
        return f"{word}, {text}" if word else text
    year = "" if day.year == today.year else f"{day.year}年"
    text = f"{year}{month_day(day, language)} {weekday(day, language)}"
    return f"{word} {text}" if word else text


def clock_time(value: time) -> str:
    """`9:00`."""
    return f"{value.hour}:{value.minute:02d}"


def half_day(value: time, language: str) -> str:
    if is_english(language):
        return "morning" if value < NOON else "afternoon" if value < EVENING else "evening"
    return "上午" if value < NOON else "下午" if value < EVENING else "晚上"


def _local(value: datetime | time) -> time:
    return value.astimezone(SHANGHAI).time() if isinstance(value, datetime) else value


def window(start: datetime | time, end: datetime | time) -> str:
    """`9:00–9:30`, Shanghai time."""
    return f"{clock_time(_local(start))}–{clock_time(_local(end))}"


def visit_time(start: datetime, end: datetime, today: date, language: str) -> str:
    """`明天 11月22日 周日 上午 9:00–9:30`; `Tomorrow, Sun 22 Nov, 9:00–9:30`."""
    local = start.astimezone(SHANGHAI)
    day = plain_day(local.date(), today, language)
    if is_english(language):
        return f"{day}, {window(start, end)}"
    return f"{day} {half_day(local.time(), language)} {window(start, end)}"


def moment(instant: datetime, today: date, language: str) -> str:
    """`今天 15:04`; `11月3日 15:04`; in English within a sentence: `today 15:04`."""
    local = instant.astimezone(SHANGHAI)
    day, hour = local.date(), clock_time(local.time())
    word = near(day, today, language)
    if word:
        return f"{word.lower()} {hour}"
    if is_english(language):
        year = "" if day.year == today.year else f" {day.year}"
        return f"{month_day(day, language)}{year}, {hour}"
    year = "" if day.year == today.year else f"{day.year}年"
    return f"{year}{month_day(day, language)} {hour}"


def room(name: str, language: str) -> str:
    """`3号诊室`, `Room B203`: a number on a door; whatever else the hospital writes stays as it is."""
    if not ROOM_NUMBER.fullmatch(name):
        return name
    return f"Room {name}" if is_english(language) else f"{name}号诊室"


def distance(metres: int, language: str) -> str:
    """`约 3 公里`, as the crow flies: by whole kilometres, since a place may be known to one."""
    km = (metres + 500) // 1000
    if is_english(language):
        return f"about {km} km" if km else "less than 1 km"
    return f"约 {km} 公里" if km else "不到 1 公里"


def grouped(digits: str) -> str:
    """`1234 5678`: long codes in fours, from the left."""
    return " ".join(
        "".join(character for _, character in part)
        for _, part in groupby(enumerate(digits), key=lambda pair: pair[0] // 4)
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and when: what presenters need to turn instants and names into words."""

    language: str
    now: datetime

    @property
    def today(self) -> date:
        return shanghai_date(self.now)

    @property
    def is_english(self) -> bool:
        return is_english(self.language)

    def name(self, thing: Named) -> str:
        """The name in the reader's language; Chinese where there is no English one."""
        return (self.is_english and thing.name_en) or thing.name

    def yuan(self, amount: Fen | int) -> str:
        return yuan(amount, self.language)

    def day(self, day: date) -> str:
        return plain_day(day, self.today, self.language)

    def short_day(self, day: date) -> str:
        """`明天`, or `周三`: the top line of a day in the calendar strip."""
        return near(day, self.today, self.language) or weekday(day, self.language)

    def room(self, name: str) -> str:
        return room(name, self.language)

    def distance(self, metres: int) -> str:
        return distance(metres, self.language)

    def age(self, birth: date | None) -> str:
        return age(birth, self.today, self.language) if birth else ""

    def visit(self, start: datetime, end: datetime) -> str:
        return visit_time(start, end, self.today, self.language)

    def moment(self, instant: datetime) -> str:
        return moment(instant, self.today, self.language)
