"""The weekly rosters of the city's clinics. Sessions and slots follow from them by the rules of `schedule`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Literal

import chinese_calendar

from yitong.cli.demo import draw, terms
from yitong.cli.demo.departments import OutpatientDepartment
from yitong.cli.demo.practitioners import Practitioner, Title, size_of

Kind = Literal["general", "expert", "special", "night"]
HalfDay = Literal["am", "pm", "night"]

# By slot length in minutes, so that the windows fill the half-day.
HOURS: dict[int, dict[HalfDay, tuple[time, time]]] = {
    30: {"am": (time(8), time(12)), "pm": (time(13, 30), time(17)), "night": (time(17, 30), time(20))},
    20: {"am": (time(8), time(12)), "pm": (time(13, 40), time(17)), "night": (time(17, 40), time(20))},
}
PER_HALF_HOUR: dict[Kind, int] = {"general": 4, "expert": 3, "special": 2, "night": 4}

# Fees in fen of the Beijing profile of 2017, as test data; None stands for every title without its own.
FEES: tuple[tuple[Kind, Title | None, int], ...] = (
    ("general", None, 5000),
    ("general", "associate_chief", 6000),
    ("general", "chief", 8000),
    ("expert", "associate_chief", 6000),
    ("expert", "chief", 8000),
    ("expert", "renowned", 10000),
    ("special", None, 30000),
    ("night", None, 5000),
    ("night", "associate_chief", 6000),
    ("night", "chief", 8000),
)
FEES_FROM = date(2017, 4, 8)

_WEEKDAYS = (0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class RosterLine:
    """One clinic of a week. No practitioner: the department's clinic, for first visits by specialty (R-004)."""

    code: str
    hospital_code: str
    campus_code: str
    department_code: str
    practitioner_code: str | None
    kind: Kind
    weekday: int  # 0 Monday … 6 Sunday
    half_day: HalfDay
    starts: time
    ends: time
    slot_minutes: int
    per_window: int
    room: str

    @property
    def slots(self) -> int:
        """How many slots its session has."""
        minutes = (self.ends.hour - self.starts.hour) * 60 + self.ends.minute - self.starts.minute
        return minutes // self.slot_minutes * self.per_window


def roster_lines(
    departments: Sequence[OutpatientDepartment], practitioners: Sequence[Practitioner], *, seed: int
) -> tuple[RosterLine, ...]:
    """The weekly roster of every bookable department."""
    doctors: dict[str, list[Practitioner]] = {}
    for one in practitioners:
        doctors.setdefault(one.department_code, []).append(one)
    return tuple(
        line
        for department in departments
        if department.bookable
        for line in _lines_of(department, doctors[department.code], seed)
    )


def years_without_holidays(days: Sequence[date]) -> tuple[int, ...]:
    """The years among these days whose holiday calendar is not out yet: published late in the year before."""
    return tuple(year for year in sorted({day.year for day in days}) if not _is_published(year))


def _is_published(year: int) -> bool:
    try:
        chinese_calendar.is_holiday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True


def _lines_of(department: OutpatientDepartment, doctors: Sequence[Practitioner], seed: int) -> Iterator[RosterLine]:
    """A department's week: its own clinics, its experts' half-days, special, night and Saturday clinics."""
    size = size_of(department, seed)
    code = department.code
    mornings = {1: 2, 2: 4, 3: 5}[size]
    for weekday in draw.some_of(_WEEKDAYS, mornings, seed, code, "mornings"):
        yield _line(department, None, "general", weekday, "am", seed)
    if size == 3:
        for weekday in draw.some_of(_WEEKDAYS, 2, seed, code, "afternoons"):
            yield _line(department, None, "general", weekday, "pm", seed)
    taken: set[tuple[str, int, HalfDay]] = set()
    for expert in doctors:
        if expert.title not in ("associate_chief", "chief", "renowned"):
            continue
        weekday = draw.number(5, seed, expert.code, "weekday")
        half_day: HalfDay = draw.one_of(("am", "pm"), seed, expert.code, "half")
        taken.add((expert.code, weekday, half_day))
        yield _line(department, expert, "expert", weekday, half_day, seed)
    if size == 3:
        chief = next(one for one in doctors if one.title == "chief")
        weekday = next(day for day in _WEEKDAYS if (chief.code, day, "pm") not in taken)
        yield _line(department, chief, "special", weekday, "pm", seed)
    if draw.number(6, seed, code, "night") == 0:
        for weekday in draw.some_of(_WEEKDAYS, 2, seed, code, "nights"):
            yield _line(department, None, "night", weekday, "night", seed)
    if draw.number(3, seed, code, "saturday") == 0:
        yield _line(department, None, "general", 5, "am", seed)


def _line(
    department: OutpatientDepartment,
    practitioner: Practitioner | None,
    kind: Kind,
    weekday: int,
    half_day: HalfDay,
    seed: int,
) -> RosterLine:
    """Each doctor, and each department's own clinic, has a consulting room of its own along the corridor."""
    minutes = terms.terms_of(department.hospital_code).slot_minutes
    starts, ends = HOURS[minutes][half_day]
    who = practitioner.code if practitioner else department.code
    return RosterLine(
        f"{who} {kind} {weekday} {half_day}",
        department.hospital_code,
        department.campus_code,
        department.code,
        practitioner.code if practitioner else None,
        kind,
        weekday,
        half_day,
        starts,
        ends,
        minutes,
        max(1, round(PER_HALF_HOUR[kind] * minutes / 30)),
        str(1 + draw.number(18, seed, who, "room")),
    )
