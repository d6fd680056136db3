"""Which sessions there are: those that a roster makes, day by day, and those that a hospital sends. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from uuid import UUID

import chinese_calendar

from yitong.core import clock
from yitong.core.policy.values import Policies
from yitong.domains.schedule import errors
from yitong.domains.schedule.contracts import (
    AddRosterLine,
    GenerateSessions,
    HalfDay,
    MoveRosterLine,
    NewSession,
    RosterLine,
)
from yitong.domains.schedule.rules.cutting import (
    Window,
    check_shares,
    check_windows,
    cut_windows,
    longest_window,
    pool_windows,
)
from yitong.domains.schedule.rules.opening import release_at

MOST_DAYS = 92  # of one generation
MOST_PER_WINDOW = 100
LONGEST_ROOM = 20


def check_new_session(new: NewSession, policies: Policies, *, campus_id: UUID) -> None:
    """What an imported session must be: at its department's campus, on one day, windows and pools as the rules ask."""
    if clock.shanghai_date(new.starts_at) != new.date or new.campus_id != campus_id:
        raise errors.TimesInvalid()
    check_room(new.room)
    check_windows(new.starts_at, new.ends_at, new.windows, policies)
    check_shares(Counter(pool for _, _, pool in new.windows), policies)


class DayKind(StrEnum):
    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"  # a public holiday, days off in exchange among them
    WORKED_WEEKEND = "worked_weekend"  # 调休


# Holidays with a fixed date in the decree of 2024; all that is known of a year before its calendar is published.
FIXED_HOLIDAYS = {(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)}


@cache
def day_kind(day: date) -> DayKind:
    """By the State Council's yearly notice (package chinesecalendar); by the fixed holidays where it isn't out yet."""
    try:
        is_off, holiday = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        is_off = day.weekday() >= 5
        holiday = "fixed" if (day.month, day.day) in FIXED_HOLIDAYS else None
        is_off = is_off or holiday is not None
    if is_off:
        return DayKind.WEEKEND if holiday is None else DayKind.HOLIDAY
    return DayKind.WORKED_WEEKEND if day.weekday() >= 5 else DayKind.WORKDAY


def roster_weekday(day: date, kind: DayKind, worked_as: Mapping[date, int]) -> int:
    """By which weekday's roster a day runs. A worked weekend day runs as its neighbour inside the week, Saturday as
    Friday and Sunday as Monday, unless the hospital says otherwise; the weekend's own lines rest on it."""
    if day in worked_as:
        return worked_as[day]
    if kind is DayKind.WORKED_WEEKEND:
        return 4 if day.weekday() == 5 else 0
    return day.weekday()


def runs_on(line: RosterLine, day: date, kind: DayKind, worked_as: Mapping[date, int]) -> bool:
    """Whether the line makes a session on that day; on a holiday only lines that are open on holidays do."""
    if day < line.from_date or (line.until_date is not None and day > line.until_date):
        return False
    if kind is DayKind.HOLIDAY and not line.open_on_holidays:
        return False
    return line.weekday == roster_weekday(day, kind, worked_as)


def check_days(from_date: date, until_date: date, *, today: date) -> None:
    """Days to plan: in order, not in the past, at most 92. Refuses TimesInvalid."""
    if not today <= from_date <= until_date or until_date - from_date >= timedelta(days=MOST_DAYS):
        raise errors.TimesInvalid()


def days_ahead(policies: Policies) -> int:
    """How many days ahead rosters become sessions: the booking window, and before it the lead of referrals."""
    return min(MOST_DAYS, policies.int("booking.window.max_days") + policies.int("pools.referral_lead_days"))


def plan_session(
    line: RosterLine, day: date, *, session_id: UUID, title: str | None, fee_fen: int, policies: Policies
) -> NewSession:
    """The session that a line makes on a day on which it runs. Windows never exceed what is allowed by now (R-003)."""
    starts_at, ends_at = clock.at_shanghai(day, line.starts), clock.at_shanghai(day, line.ends)
    slot_minutes = min(line.slot_minutes, longest_window(policies) // timedelta(minutes=1))
    windows = cut_windows(starts_at, ends_at, slot_minutes, line.per_window)
    return NewSession(
        session_id=session_id,
        campus_id=line.campus_id,
        department_id=line.department_id,
        practitioner_id=line.practitioner_id,
        clinic_kind=line.clinic_kind,
        title=title,
        date=day,
        half_day=line.half_day,
        starts_at=starts_at,
        ends_at=ends_at,
        fee_fen=fee_fen,
        release_at=release_at(day, policies),
        windows=pool_windows(windows, policies, line.clinic_kind),
        is_first_visit_named=line.is_first_visit_named,
        room=line.room,
    )


def check_room(room: str) -> None:
    """What stands on a door: printable, without outer blanks. Refuses RoomInvalid."""
    if len(room) > LONGEST_ROOM or room != room.strip() or not room.isprintable():
        raise errors.RoomInvalid(n=LONGEST_ROOM)


def check_roster_line(line: AddRosterLine | RosterLine, *, campus_id: UUID, policies: Policies) -> None:
    """Refuses TimesInvalid, SlotTooLong, WindowsInvalid (no whole window fits, or none or too many slots in one),
    RoomInvalid."""
    check_room(line.room)
    if line.campus_id != campus_id or not 0 <= line.weekday <= 6:
        raise errors.TimesInvalid()
    if line.until_date is not None and line.until_date < line.from_date:
        raise errors.TimesInvalid()
    if line.ends <= line.starts or not _fits(line.half_day, line.starts, line.ends):
        raise errors.TimesInvalid()
    longest = longest_window(policies) // timedelta(minutes=1)
    if line.slot_minutes > longest:
        raise errors.SlotTooLong(n=longest)
    minutes = (line.ends.hour - line.starts.hour) * 60 + line.ends.minute - line.starts.minute
    if line.slot_minutes < 1 or minutes < line.slot_minutes or not 1 <= line.per_window <= MOST_PER_WINDOW:
        raise errors.WindowsInvalid(slots=0)


def move_line(line: RosterLine, cmd: MoveRosterLine, *, new_id: UUID, today: date) -> RosterLine:
    """The line as it stands elsewhere, from its first day there on. Refuses RosterLineUnmoved, TimesInvalid."""
    first = max(cmd.from_date, line.from_date)
    if cmd.from_date < today or (line.until_date is not None and line.until_date < first):
        raise errors.TimesInvalid()
    place = (cmd.weekday, cmd.half_day, cmd.starts, cmd.ends)
    if place == (line.weekday, line.half_day, line.starts, line.ends):
        raise errors.RosterLineUnmoved()
    return replace(
        line,
        roster_line_id=new_id,
        weekday=cmd.weekday,
        half_day=cmd.half_day,
        starts=cmd.starts,
        ends=cmd.ends,
        from_date=first,
    )


def _fits(half_day: HalfDay, starts: time, ends: time) -> bool:
    match half_day:
        case HalfDay.AM:
            return ends <= time(14)
        case HalfDay.PM:
            return time(11) <= starts and ends <= time(19)
        case HalfDay.NIGHT:
            return starts >= time(16)
    raise AssertionError(half_day)


def sittings(lines: Sequence[RosterLine], cmd: GenerateSessions) -> list[tuple[RosterLine, date]]:
    """The lines with the days on which they run, by day, then in the order of the lines."""
    worked_as = dict(cmd.worked_as)
    days = [cmd.from_date + timedelta(days=ahead) for ahead in range((cmd.until_date - cmd.from_date).days + 1)]
    return [(line, day) for day in days for line in lines if runs_on(line, day, day_kind(day), worked_as)]


@dataclass(frozen=True, slots=True)
class Planned:
    """A session to write, with the roster line that it comes from."""

    new: NewSession
    roster_line_id: UUID | None


class Sittings:
    """Who sits when, so that a plan seats nobody twice; the table's exclusion constraint says the same."""

    def __init__(self, taken: Iterable[tuple[UUID | None, datetime, datetime]]) -> None:
        self._taken: dict[UUID, list[Window]] = {}
        for practitioner_id, starts_at, ends_at in taken:
            if practitioner_id is not None:
                self._taken.setdefault(practitioner_id, []).append((starts_at, ends_at))

    def take(self, new: NewSession) -> bool:
        """Seats the practitioner; False where another sitting overlaps."""
        if new.practitioner_id is None:
            return True
        own = self._taken.setdefault(new.practitioner_id, [])
        if any(start < new.ends_at and new.starts_at < end for start, end in own):
            return False
        own.append((new.starts_at, new.ends_at))
        return True
