"""How much an account used in the last months (R-010)."""

from collections.abc import Collection
from datetime import datetime

from yitong.core.clock import SHANGHAI, at_shanghai, months_later, shanghai_date


def used_since(instants: Collection[datetime], now: datetime, *, months: int) -> int:
    """How many of the instants fall after the same moment `months` ago (R-010)."""
    if not instants:
        return 0
    floor = months_back(now, months)
    return sum(instant > floor for instant in instants)


def months_back(now: datetime, months: int) -> datetime:
    """The same Shanghai time of day, `months` earlier."""
    return at_shanghai(months_later(shanghai_date(now), -months), now.astimezone(SHANGHAI).time())
