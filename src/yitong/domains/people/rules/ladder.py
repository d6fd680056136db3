"""R-009: how long somebody is locked who did not come."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from yitong.core.clock import months_later

Step = Mapping[str, int | str]


def lock_of(no_show_days: Sequence[date], day: date, ladder: Sequence[Step]) -> tuple[int, date | None]:
    """(no-shows counted, first day of booking again) after the no-show on `day`, which is in the list.

    The highest step that is reached decides; its lock is counted from the last no-show. A step of a natural year
    counts the no-shows of that year, one of 3 months those of the 3 months that end with `day`. The count is that of
    the step which locks, or else the year's.
    """
    reached = [(_counted(no_show_days, day, step), step) for step in ladder]
    locking = [(int(step["lock_days"]), counted) for counted, step in reached if counted >= int(step["count"])]
    if not locking:
        return sum(other.year == day.year for other in no_show_days), None
    lock_days, counted = max(locking)
    return counted, day + timedelta(days=lock_days)


def _counted(no_show_days: Sequence[date], day: date, step: Step) -> int:
    if step["period"] == "natural_year":
        return sum(other.year == day.year for other in no_show_days)
    return sum(other <= day < months_later(other, 3) for other in no_show_days)
