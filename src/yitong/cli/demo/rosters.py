"""Weekly rosters and, for given days, the clinic sessions and slots that follow from them.

A session of a day is the same from whichever day the city is loaded, so a later load only adds days.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from yitong.cli.demo import days, draw, terms
from yitong.cli.demo.departments import OutpatientDepartment
from yitong.cli.demo.practitioners import Practitioner, Title, size_of
from yitong.core.clock import at_shanghai

Kind = Literal["general", "expert", "special", "night"]
HalfDay = Literal["am", "pm", "night"]
Pool = Literal["online", "phone", "referral", "revisit", "onsite"]

HOURS: dict[HalfDay, tuple[time, time]] = {
    "am": (time(8), time(12)),
    "pm": (time(13, 30), time(17)),
    "night": (time(17, 30), time(20)),
}

# Shares of a session's slots in percent: at least 85 bookable, at least 30 on the city's platform, half
# of the experts' numbers for referrals, the rest on site.
SHARES: dict[Kind, dict[Pool, int]] = {
    "general": {"online": 40, "phone": 10, "referral": 30, "revisit": 5, "onsite": 15},
    "expert": {"online": 25, "phone": 5, "referral": 50, "revisit": 5, "onsite": 15},
    "special": {"online": 60, "phone": 10, "referral": 10, "revisit": 5, "onsite": 15},
    "night": {"online": 60, "phone": 10, "referral": 10, "revisit": 5, "onsite": 15},
}

# Fees in fen of the Beijing profile of 2017, as test data; None stands for every title.
FEES: tuple[tuple[Kind, Title | None, int], ...] = (
    ("general", "resident", 5000),
    ("general", "attending", 5000),
    ("general", "associate_chief", 6000),
    ("general", "chief", 8000),
    ("expert", "associate_chief", 6000),
    ("expert", "chief", 8000),
    ("expert", "renowned", 10000),
    ("special", None, 30000),
    ("night", "attending", 5000),
    ("night", "associate_chief", 6000),
    ("night", "chief", 8000),
)
FEES_FROM = date(2017, 4, 8)

_WEEKDAYS = (0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class RosterLine:
    """One clinic of a week. No practitioner: the department's clinic, by specialty and title (R-004)."""

    code: str
    hospital_code: str
    campus_code: str
    department_code: str
    practitioner_code: str | None
    kind: Kind
    title: Title
    weekday: int  # 0 Monday … 6 Sunday
    half_day: HalfDay
    starts: time
    ends: time
    slot_minutes: int
    per_window: int


@dataclass(frozen=True, slots=True)
class ClinicSession:
    """A roster line on a day. `slots` are (start, end, pool) in order; within a window they share start and end."""

    line: RosterLine
    date: date
    starts_at: datetime
    ends_at: datetime
    release_at: datetime
    fee_fen: int
    slots: tuple[tuple[datetime, datetime, Pool], ...]

    @property
    def key(self) -> str:
        """What no other session of the city is."""
        return f"{self.line.code} {self.date}"


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


def sessions(lines: Sequence[RosterLine], on: Sequence[date]) -> Iterator[ClinicSession]:
    """The sessions of these days, day by day; none on a public holiday, and the weekend's few on a weekend."""
    by_weekday: dict[int, list[RosterLine]] = {}
    for line in lines:
        by_weekday.setdefault(line.weekday, []).append(line)
    for day in on:
        weekday = days.roster_weekday(day)
        if weekday is None:
            continue
        for line in by_weekday.get(weekday, []):
            yield _session(line, day)


def fee_fen(kind: Kind, title: Title) -> int:
    """The published fee of a clinic (R-162)."""
    return next(fen for of_kind, of_title, fen in FEES if of_kind == kind and of_title in (title, None))


def _lines_of(department: OutpatientDepartment, doctors: Sequence[Practitioner], seed: int) -> Iterator[RosterLine]:
    """A department's week: its own clinics, its experts' half-days, special, night and Saturday clinics."""
    size = size_of(department, seed)
    code = department.code
    mornings = {1: 2, 2: 4, 3: 5}[size]
    for weekday in draw.some_of(_WEEKDAYS, mornings, seed, code, "mornings"):
        yield _line(department, None, "general", "attending", weekday, "am")
    if size == 3:
        for weekday in draw.some_of(_WEEKDAYS, 2, seed, code, "afternoons"):
            yield _line(department, None, "general", "attending", weekday, "pm")
    experts = [one for one in doctors if one.title in ("associate_chief", "chief", "renowned")]
    taken: set[tuple[str, int, HalfDay]] = set()
    for expert in experts:
        weekday = draw.number(5, seed, expert.code, "weekday")
        half_day: HalfDay = draw.one_of(("am", "pm"), seed, expert.code, "half")
        taken.add((expert.code, weekday, half_day))
        yield _line(department, expert, "expert", expert.title, weekday, half_day)
    if size == 3:
        chief = next(one for one in doctors if one.title == "chief")
        weekday = next(day for day in _WEEKDAYS if (chief.code, day, "pm") not in taken)
        yield _line(department, chief, "special", "chief", weekday, "pm")
    if draw.number(6, seed, code, "night") == 0:
        for weekday in draw.some_of(_WEEKDAYS, 2, seed, code, "nights"):
            yield _line(department, None, "night", "attending", weekday, "night")
    if draw.number(3, seed, code, "saturday") == 0:
        yield _line(department, None, "general", "attending", 5, "am")


def _line(
    department: OutpatientDepartment,
    practitioner: Practitioner | None,
    kind: Kind,
    title: Title,
    weekday: int,
    half_day: HalfDay,
) -> RosterLine:
    starts, ends = HOURS[half_day]
    minutes = terms.terms_of(department.hospital_code).slot_minutes
    half_hour = {"general": 4, "expert": 3, "special": 2, "night": 4}[kind]
    if half_day == "pm" and minutes == 20:
        starts = time(13, 40)
    elif half_day == "night" and minutes == 20:
        starts = time(17, 40)
    who = practitioner.code if practitioner else department.code
    return RosterLine(
        f"{who} {kind} {weekday} {half_day}",
        department.hospital_code,
        department.campus_code,
        department.code,
        practitioner.code if practitioner else None,
        kind,
        title,
        weekday,
        half_day,
        starts,
        ends,
        minutes,
        max(1, round(half_hour * minutes / 30)),
    )


def _session(line: RosterLine, day: date) -> ClinicSession:
    starts_at, ends_at = at_shanghai(day, line.starts), at_shanghai(day, line.ends)
    window = timedelta(minutes=line.slot_minutes)
    windows = int((ends_at - starts_at) / window)
    pools = pools_of(line.kind, windows * line.per_window)
    slots = tuple(
        (starts_at + i // line.per_window * window, starts_at + (i // line.per_window + 1) * window, pool)
        for i, pool in enumerate(pools)
    )
    release = terms.terms_of(line.hospital_code)
    release_at = at_shanghai(day - timedelta(days=release.max_days), release.release)
    return ClinicSession(line, day, starts_at, ends_at, release_at, fee_fen(line.kind, line.title), slots)


def pools_of(kind: Kind, slots: int) -> tuple[Pool, ...]:
    """The pool of each slot, spread so that every part of the session has some of each; shares as in `SHARES`.

    What is on site is rounded down and what is bookable up, so that rounding never breaks the floor of R-012.
    """
    shares = SHARES[kind]
    onsite = slots * shares["onsite"] // 100
    bookable: list[Pool] = [pool for pool in shares if pool != "onsite"]
    weight = sum(shares[pool] for pool in bookable)
    counts = {pool: (slots - onsite) * shares[pool] // weight for pool in bookable}
    counts["online"] += slots - onsite - sum(counts.values())
    counts["onsite"] = onsite
    places = sorted(
        ((place + 0.5) / count, rank, pool)
        for rank, (pool, count) in enumerate(counts.items())
        for place in range(count)
    )
    return tuple(pool for _, _, pool in places)
