"""How a session is cut into slots, and which pool each slot belongs to. Pure."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache

from yitong.core.policy.values import Policies
from yitong.domains.hospitals.contracts.things import ClinicKind
from yitong.domains.schedule import errors
from yitong.domains.schedule.contracts import NewSession, Pool

Window = tuple[datetime, datetime]
PooledWindow = tuple[datetime, datetime, Pool]

BOOKABLE = (Pool.ONLINE, Pool.PHONE, Pool.REFERRAL, Pool.REVISIT)
PLATFORM = (Pool.ONLINE, Pool.PHONE)
POOL_ORDER = (Pool.ONLINE, Pool.PHONE, Pool.REVISIT, Pool.REFERRAL, Pool.ONSITE)
LONGEST_WINDOW = timedelta(minutes=60)  # the nation's ceiling; the table's CHECK says the same
MOST_SLOTS = 1000  # of one session


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
