"""Time: instants are aware and in UTC; a day is a day in Shanghai.

`now()` is read in faces, jobs, handlers and the command line, and handed down; nowhere below.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)


def now() -> datetime:
    """The present instant, or the one that a test froze."""
    return _frozen.get() or datetime.now(UTC)


@contextmanager
def frozen(instant: datetime) -> Iterator[datetime]:
    """Within the block `now()` answers `instant` (this thread and its tasks only)."""
    if instant.tzinfo is None:
        raise ValueError("an instant is aware")
    token = _frozen.set(instant.astimezone(UTC))
    try:
        yield instant
    finally:
        _frozen.reset(token)


def shanghai_date(instant: datetime) -> date:
    """The Shanghai day in which the instant falls."""
    return instant.astimezone(SHANGHAI).date()


def at_shanghai(day: date, clock_time: time) -> datetime:
    """The instant of a wall-clock time on a Shanghai day, in UTC."""
    return datetime.combine(day, clock_time, tzinfo=SHANGHAI).astimezone(UTC)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The half-open interval [start, end) of a Shanghai day, in UTC."""
    return at_shanghai(day, time.min), at_shanghai(day + timedelta(days=1), time.min)


def months_later(day: date, months: int) -> date:
    """The same day-number `months` on; the month's last day where there is none (31 May + 1 month = 30 June)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    first_of_next = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (first_of_next - timedelta(days=1)).day))
