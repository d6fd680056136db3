"""When a day opens, how a session is cut into slots, and which pool each slot belongs to. Pure."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import cache, lru_cache
from uuid import UUID

import chinese_calendar

from yitong.core import clock
from yitong.core.policy.values import Policies
from yitong.domains.hospitals.contracts import ClinicKind, Title
from yitong.domains.schedule import errors
from yitong.domains.schedule.contracts import (
    AddRosterLine,
    GenerateSessions,
    HalfDay,
    MoveRosterLine,
    NewSession,
    Pool,
    RosterLine,
    Session,
    SessionState,
)

Window = tuple[datetime, datetime]
PooledWindow = tuple[datetime, datetime, Pool]

BOOKABLE = (Pool.ONLINE, Pool.PHONE, Pool.REFERRAL, Pool.REVISIT)
PLATFORM = (Pool.ONLINE, Pool.PHONE)
POOL_ORDER = (Pool.ONLINE, Pool.PHONE, Pool.REVISIT, Pool.REFERRAL, Pool.ONSITE)
GRADES = (Title.RESIDENT, Title.ATTENDING, Title.ASSOCIATE_CHIEF, Title.CHIEF, Title.RENOWNED)
LONGEST_WINDOW = timedelta(minutes=60)  # the nation's ceiling; the table's CHECK says the same
MOST_DAYS = 92  # of one generation
MOST_SLOTS = 1000  # of one session
MOST_PER_WINDOW = 100
LONGEST_ROOM = 20
MOST_STOPPED = 500  # sessions on one word
TOMORROW = timedelta(days=1)


# -- when (R-002) --------------------------------------------------------------------------------------------------


def release_at(day: date, policies: Policies) -> datetime:
    """The instant at which sessions of that day open: D-max at the release time."""
    opens_on = day - timedelta(days=policies.int("booking.window.max_days"))
    return clock.at_shanghai(opens_on, policies.time("booking.window.release"))


def bookable_dates(now: datetime, policies: Policies) -> list[date]:
    """The days that a booking channel may book at this instant, in order: D+min … D+max, the last from its release on;
    tomorrow until the stop time; today where same-day booking is allowed."""
    today = clock.shanghai_date(now)
    first = max(1, policies.int("booking.window.min_days"))
    last = policies.int("booking.window.max_days")
    if now < clock.at_shanghai(today, policies.time("booking.window.release")):
        last -= 1
    days = [today + timedelta(days=ahead) for ahead in range(first, last + 1)]
    stops_at = clock.at_shanghai(today, policies.time("booking.window.stop_for_tomorrow"))
    if days and days[0] == today + TOMORROW and now >= stops_at:
        days = days[1:]
    if policies.flag("booking.window.same_day"):
        days = [today, *days]
    return days


def is_open(
    session: Session,
    now: datetime,
    policies: Policies,
    *,
    pool: Pool = Pool.ONLINE,
    days: Collection[date] | None = None,
) -> bool:
    """Whether a slot of that pool may be claimed at this instant. `days`: what `bookable_dates` says of it, from who
    asks for many sessions at once.

    `release_at` is the truth about time: a late release job delays nobody, an early one opens nothing. The state adds
    only that a stopped session is shut; one whose stop is decided is shut too, or somebody would book what ends in a
    minute.
    """
    if session.state is SessionState.STOPPED or session.stops_at is not None:
        return False
    if pool is Pool.ONSITE:
        return _is_open_at_desk(session, now, policies)
    if pool is Pool.REFERRAL:
        return _is_open_to_referrals(session, now, policies)
    if pool is Pool.DRAW:
        return now < session.ends_at  # only a draw opens this pool, and it decides when
    if session.release_at > now or session.date not in (bookable_dates(now, policies) if days is None else days):
        return False
    return _is_before_lead(session, now, policies)


def _is_before_lead(session: Session, now: datetime, policies: Policies) -> bool:
    if session.date != clock.shanghai_date(now):
        return True
    return now < session.ends_at - policies.minutes("booking.window.lead_minutes")


def _is_open_at_desk(session: Session, now: datetime, policies: Policies) -> bool:
    """The window at the hospital sells until the session ends, today's slots above all."""
    ahead = (session.date - clock.shanghai_date(now)).days
    return session.release_at <= now < session.ends_at and 0 <= ahead <= policies.int("booking.window.max_days")


def _is_open_to_referrals(session: Session, now: datetime, policies: Policies) -> bool:
    """Referred patients come first: `referral_lead_days` before everybody else, until tomorrow's stop time (R-012)."""
    lead = timedelta(days=policies.int("pools.referral_lead_days"))
    today = clock.shanghai_date(now)
    if session.release_at - lead > now or session.date < today:
        return False
    if session.date == today:
        return policies.flag("booking.window.same_day") and _is_before_lead(session, now, policies)
    stops_at = clock.at_shanghai(today, policies.time("booking.window.stop_for_tomorrow"))
    return session.date > today + TOMORROW or now < stops_at


def referral_returns_at(day: date, policies: Policies) -> datetime:
    """When the unused referral slots of that day go to everybody (R-012)."""
    before = timedelta(days=policies.int("pools.referral_return_days"))
    return clock.at_shanghai(day - before, policies.time("pools.referral_return_time"))


def booking_ends_at(session: Session, policies: Policies) -> datetime:
    """The instant (exclusive) until which the session's open pools may be booked (R-002): the lead before its end where
    the day itself may be booked, else the stop time of the day before, or the end of the last day that is early enough.
    """
    before_lead = session.ends_at - policies.minutes("booking.window.lead_minutes")
    if policies.flag("booking.window.same_day") and clock.shanghai_date(before_lead) == session.date:
        return before_lead
    first = max(1, policies.int("booking.window.min_days"))
    if first == 1:
        return clock.at_shanghai(session.date - TOMORROW, policies.time("booking.window.stop_for_tomorrow"))
    return clock.at_shanghai(session.date - timedelta(days=first - 1), time.min)


# -- first visits (R-004) ------------------------------------------------------------------------------------------


def must_hide_name(session: Session, policies: Policies, *, is_first_visit: bool) -> bool:
    """A first visit is booked by specialty and title, unless the city lets doctors be named and the hospital opened
    this session so."""
    may_name = policies.flag("booking.first_visit_named_doctor") and session.is_first_visit_named
    return is_first_visit and session.practitioner_id is not None and not may_name


# -- windows (R-003) -----------------------------------------------------------------------------------------------


def longest_window(policies: Policies) -> timedelta:
    return min(policies.minutes("booking.slot_minutes"), LONGEST_WINDOW)


def cut_windows(starts_at: datetime, ends_at: datetime, slot_minutes: int, per_window: int) -> list[Window]:
    """`per_window` slots in each whole window, in order; a rest shorter than a window stays free for the doctor."""
    step = timedelta(minutes=slot_minutes)
    count = (ends_at - starts_at) // step
    return [
        (starts_at + step * index, starts_at + step * (index + 1)) for index in range(count) for _ in range(per_window)
    ]


def check_windows(starts_at: datetime, ends_at: datetime, windows: Sequence[PooledWindow], policies: Policies) -> None:
    """Refuses TimesInvalid, WindowsInvalid, SlotTooLong."""
    if ends_at <= starts_at or ends_at - starts_at > timedelta(hours=24):
        raise errors.TimesInvalid()
    if not 1 <= len(windows) <= MOST_SLOTS:
        raise errors.WindowsInvalid(slots=len(windows))
    longest = longest_window(policies)
    before = starts_at
    for start, end, _ in windows:
        if not before <= start < end <= ends_at:
            raise errors.WindowsInvalid(slots=len(windows))
        if end - start > longest:
            raise errors.SlotTooLong(n=longest // timedelta(minutes=1))
        before = start


def check_new_session(new: NewSession, policies: Policies, *, campus_id: UUID) -> None:
    """What an imported session must be: at its department's campus, on one day, windows and pools as the rules ask."""
    if clock.shanghai_date(new.starts_at) != new.date or new.campus_id != campus_id:
        raise errors.TimesInvalid()
    check_room(new.room)
    check_windows(new.starts_at, new.ends_at, new.windows, policies)
    check_shares(Counter(pool for _, _, pool in new.windows), policies)


# -- pools (R-012, R-013) ------------------------------------------------------------------------------------------


def least_bookable(total: int, policies: Policies) -> int:
    return math.ceil(total * policies.share("pools.bookable"))


def least_platform(total: int, policies: Policies) -> int:
    """The platform's floor; never more than all that is bookable at all."""
    return min(math.ceil(total * policies.share("pools.platform")), total)


def share_pools(total: int, policies: Policies, clinic_kind: str = ClinicKind.GENERAL) -> dict[Pool, int]:
    """How many of `total` slots each pool gets; the counts sum to `total`.

    On-site gets what need not be bookable. The bookable part is split by largest remainder: referral, phone and
    revisit by their shares of all slots, online the rest. Where the platform's floor is short, slots go back from
    revisit, then from referral.
    """
    bookable = max(least_bookable(total, policies), least_platform(total, policies))
    is_expert = clinic_kind in (ClinicKind.EXPERT, ClinicKind.SPECIAL)
    weights = {
        Pool.PHONE: Fraction(policies.share("pools.phone")),
        Pool.REVISIT: Fraction(policies.share("pools.revisit")),
        Pool.REFERRAL: Fraction(policies.share("pools.referral_expert" if is_expert else "pools.referral")),
    }
    rest = Fraction(policies.share("pools.bookable")) - sum(weights.values())
    weights = {Pool.ONLINE: max(rest, Fraction(0)), **weights}
    counts = {**_largest_remainder(bookable, weights), Pool.ONSITE: total - bookable}
    short = least_platform(total, policies) - sum(counts[pool] for pool in PLATFORM)
    for giver in (Pool.REVISIT, Pool.REFERRAL):
        given = max(0, min(short, counts[giver]))
        counts[giver] -= given
        counts[Pool.ONLINE] += given
        short -= given
    return {pool: counts[pool] for pool in POOL_ORDER}


def _largest_remainder(total: int, weights: Mapping[Pool, Fraction]) -> dict[Pool, int]:
    whole = sum(weights.values())
    if whole == 0:
        return {pool: total if pool is Pool.ONLINE else 0 for pool in weights}
    exact = {pool: total * weight / whole for pool, weight in weights.items()}
    counts = {pool: math.floor(quota) for pool, quota in exact.items()}
    by_remainder = sorted(weights, key=lambda pool: (counts[pool] - exact[pool], POOL_ORDER.index(pool)))
    for pool in by_remainder[: total - sum(counts.values())]:
        counts[pool] += 1
    return counts


def check_shares(counts: Mapping[Pool, int], policies: Policies) -> None:
    """Refuses PoolShareBroken where a session opens too few slots to booking, or to the platform (R-012)."""
    total = sum(counts.values())
    drawn = counts.get(Pool.DRAW, 0)  # online ones, which are given by lot
    bookable = drawn + sum(counts.get(pool, 0) for pool in BOOKABLE)
    platform = drawn + sum(counts.get(pool, 0) for pool in PLATFORM)
    if bookable < least_bookable(total, policies):
        raise errors.PoolShareBroken(n=bookable, least=least_bookable(total, policies))
    if platform < least_platform(total, policies):
        raise errors.PoolShareBroken(n=platform, least=least_platform(total, policies))


def spread(counts: Mapping[Pool, int]) -> list[Pool]:
    """The pools in slot order, each spread evenly over the half-day: the k-th slot of n lies at (k + ½) / n."""
    return list(_spread(tuple(counts.items())))


@lru_cache(maxsize=1024)  # a city's sessions have some dozens of sizes, and rosters make them by the thousand
def _spread(counts: tuple[tuple[Pool, int], ...]) -> tuple[Pool, ...]:
    places = [
        (Fraction(2 * k + 1, 2 * count), POOL_ORDER.index(pool), pool) for pool, count in counts for k in range(count)
    ]
    return tuple(pool for _, _, pool in sorted(places))


def pool_windows(windows: Sequence[Window], policies: Policies, clinic_kind: str) -> tuple[PooledWindow, ...]:
    """The windows with their pools."""
    pools = spread(share_pools(len(windows), policies, clinic_kind))
    return tuple((start, end, pool) for (start, end), pool in zip(windows, pools, strict=True))


def special_places(new: NewSession, policies: Policies) -> set[int]:
    """Which slots (by position) are kept for the old and other special groups: a share of the on-site ones, spread
    evenly, at least one where there are any and the share isn't zero (R-013)."""
    onsite = [index for index, (_, _, pool) in enumerate(new.windows) if pool is Pool.ONSITE]
    kept = math.ceil(len(onsite) * policies.share("pools.onsite_special"))
    return {onsite[(2 * k + 1) * len(onsite) // (2 * kept)] for k in range(kept)}


# -- days of a roster ----------------------------------------------------------------------------------------------


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


# -- stops, substitutes and extra slots (R-014, R-016) --------------------------------------------------------------


def check_stoppage_size(sessions: int) -> None:
    """One word stops at least one session, and no more than a page can show whole. Refuses StoppageSize."""
    if not 1 <= sessions <= MOST_STOPPED:
        raise errors.StoppageSize(n=sessions, most=MOST_STOPPED)


def grade(title: str | None) -> int:
    """The rank of a title, lowest 0; -1 without one."""
    return -1 if title is None else GRADES.index(Title(title))


def check_substitute(*, title: str | None, substitute_title: str, is_of_department: bool) -> None:
    """R-016: same specialty and grade; a higher grade serves as well, a lower one is no substitution but a stop."""
    if not is_of_department:
        raise errors.PractitionerNotOfDepartment()
    if grade(substitute_title) < grade(title):
        raise errors.SubstituteGradeTooLow()


def check_extra(session: Session, policies: Policies, *, practitioner_id: object, now: datetime) -> None:
    """R-014: the doctor in person, on a session that still runs, up to the limit."""
    if session.practitioner_id is None or session.practitioner_id != practitioner_id:
        raise errors.NotYourSession()
    if session.state is SessionState.STOPPED:
        raise errors.SessionIsStopped()
    if session.stops_at is not None:
        raise errors.SessionIsStopping()
    if now >= session.ends_at:
        raise errors.SessionIsOver()
    limit = policies.int("booking.extra_per_session")
    if session.extra_slots >= limit:
        raise errors.ExtraLimitReached(n=limit)
