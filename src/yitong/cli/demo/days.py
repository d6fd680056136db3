"""Which days are worked: public holidays and worked weekends of China.

The calendar is published a year at a time, late in the year before; for a year without one Saturday and Sunday are
the only free days, and `is_published` says so.
"""

from datetime import date
from enum import StrEnum

import chinese_calendar


class Day(StrEnum):
    WORKED = "worked"  # an ordinary working day
    MADE_UP = "made_up"  # a Saturday or Sunday worked in exchange for a holiday
    WEEKEND = "weekend"
    HOLIDAY = "holiday"  # a public holiday or a day off given for one


def is_published(year: int) -> bool:
    """Whether the holidays of this year are known."""
    try:
        chinese_calendar.is_holiday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def kind_of(day: date) -> Day:
    is_weekend = day.weekday() >= 5
    if not is_published(day.year):
        return Day.WEEKEND if is_weekend else Day.WORKED
    if chinese_calendar.is_workday(day):
        return Day.MADE_UP if is_weekend else Day.WORKED
    is_off, name = chinese_calendar.get_holiday_detail(day)
    return Day.HOLIDAY if name or not is_weekend else Day.WEEKEND


def roster_weekday(day: date) -> int | None:
    """The weekday (0 Monday … 6 Sunday) whose roster runs on this day; None where outpatient clinics are closed.

    A made-up day runs the roster of a weekday, each of the five in its turn.
    """
    kind = kind_of(day)
    if kind is Day.HOLIDAY:
        return None
    if kind is Day.MADE_UP:
        return day.toordinal() % 5
    return day.weekday()
