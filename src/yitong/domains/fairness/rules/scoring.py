"""From findings to points: each weighs what its policy says on its day and a little less every day after, until it
weighs nothing. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from yitong.core.policy.values import Policies
from yitong.domains.fairness.contracts import Level, Signal
from yitong.domains.fairness.rules import signals


@dataclass(frozen=True, slots=True)
class Weighed:
    """One reason: as `contracts.Reason`, with the bound in place of the sentences."""

    signal: Signal
    points: int
    count: int
    free: int
    days: int
    bound: int
    first_at: datetime
    last_at: datetime


def score(
    history: signals.History, policies: Policies, *, now: datetime, cleared_at: datetime | None = None
) -> list[Weighed]:
    """The reasons of an account, the heaviest first; their points are its score.

    What a person has excused (`cleared_at`) counts no more, whatever else is found later.
    """
    found = signals.find(history, policies)
    weighed = [_weigh(signal, found[signal], policies, now, cleared_at) for signal in Signal]
    return sorted((one for one in weighed if one is not None), key=lambda one: (-one.points, one.signal))


def total(reasons: Sequence[Weighed]) -> int:
    return sum(one.points for one in reasons)


def level(points: int, policies: Policies) -> Level:
    return Level.SLOW if points >= policies.int("fairness.slow_at") else Level.PLAIN


def _weigh(
    signal: Signal, found: Sequence[datetime], policies: Policies, now: datetime, cleared_at: datetime | None
) -> Weighed | None:
    """The freshest findings are the excused ones, as they weigh most. No kind of reason counts above its ceiling, so
    that one habit alone never slows anybody down."""
    each, free, days = (policies.int(f"fairness.{signal.value}.{name}") for name in ("points", "free", "days"))
    since = max(now - timedelta(days=days), cleared_at or now - timedelta(days=days))
    counted = sorted(at for at in found if since < at <= now)
    left = sum(days - (now - at).days for at in counted[: max(0, len(counted) - free)])
    points = min(each * left // days, policies.int("fairness.single_most"))
    if points == 0:
        return None
    bound = signals.bound_of(signal, policies)
    return Weighed(signal, points, len(counted), free, days, bound, counted[0], counted[-1])
