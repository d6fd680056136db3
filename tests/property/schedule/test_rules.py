"""Shares, windows and release times hold whatever numbers a hospital chooses."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yitong.core import clock
from yitong.core.policy.keys import KEYS
from yitong.core.policy.values import Policies
from yitong.domains.schedule.contracts import HalfDay, Pool, Session, SessionState
from yitong.domains.schedule.rules import cutting, opening, roster

SHARES = st.integers(0, 100).map(lambda n: str(Decimal(n) / 100))
POOLS = st.fixed_dictionaries(
    {
        f"pools.{name}": SHARES
        for name in ("bookable", "platform", "referral", "referral_expert", "phone", "revisit", "onsite_special")
    }
).map(Policies)
WINDOWS = st.fixed_dictionaries(
    {
        "booking.window.min_days": st.integers(0, 30),
        "booking.window.max_days": st.integers(1, 92),
        "booking.window.release": st.times().map(lambda moment: moment.strftime("%H:%M")),
        "booking.window.stop_for_tomorrow": st.times().map(lambda moment: moment.strftime("%H:%M")),
        "booking.window.same_day": st.booleans(),
    }
).map(Policies)
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=730)).map(lambda later: datetime(2026, 1, 1, tzinfo=UTC) + later)
START = clock.at_shanghai(date(2026, 11, 24), time.min)


@pytest.mark.rule("R-012")
@given(st.integers(0, 400), POOLS, st.sampled_from(["general", "expert"]))
def test_shares_sum_and_keep_every_floor(total: int, policies: Policies, kind: str) -> None:
    counts = cutting.share_pools(total, policies, kind)
    assert set(counts) == set(Pool) - {Pool.DRAW}
    assert sum(counts.values()) == total
    assert min(counts.values()) >= 0
    cutting.check_shares(counts, policies)
    assert sum(counts[pool] for pool in cutting.BOOKABLE) < total * policies.share("pools.bookable") + 1 or counts[
        Pool.ONLINE
    ] + counts[Pool.PHONE] <= cutting.least_platform(total, policies)


@pytest.mark.rule("R-012")
@given(st.integers(1, 400))
def test_by_default_each_pool_is_within_one_slot_of_its_share(total: int) -> None:
    policies = Policies({})
    counts = cutting.share_pools(total, policies)
    bookable = cutting.least_bookable(total, policies)
    for pool, share in ((Pool.ONLINE, 35), (Pool.REFERRAL, 30), (Pool.PHONE, 10), (Pool.REVISIT, 10)):
        quota = Decimal(bookable * share) / 85
        assert abs(counts[pool] - quota) < 1


@given(st.integers(0, 200), POOLS)
def test_spread_keeps_the_counts_and_is_even(total: int, policies: Policies) -> None:
    counts = cutting.share_pools(total, policies)
    pools = cutting.spread(counts)
    assert Counter(pools) == {pool: n for pool, n in counts.items() if n}
    for pool, n in counts.items():
        first_half = pools[: total // 2].count(pool)
        assert abs(first_half - n / 2) <= len(Pool) / 2


@pytest.mark.rule("R-003")
@given(minutes=st.integers(1, 12 * 60), slot_minutes=st.integers(1, 60), per_window=st.integers(1, 20), policies=POOLS)
def test_windows_are_whole_in_order_and_inside(
    minutes: int, slot_minutes: int, per_window: int, policies: Policies
) -> None:
    ends_at = START + timedelta(minutes=minutes)
    windows = cutting.cut_windows(START, ends_at, slot_minutes, per_window)
    assert len(windows) == minutes // slot_minutes * per_window
    assert all(end - start == timedelta(minutes=slot_minutes) for start, end in windows)
    if windows and len(windows) <= cutting.MOST_SLOTS:
        wide = Policies({**policies.as_dict(), "booking.slot_minutes": 60})
        cutting.check_windows(START, ends_at, cutting.pool_windows(windows, policies, "general"), wide)
    assert windows == sorted(windows)


@pytest.mark.rule("R-002")
@given(INSTANTS, WINDOWS)
def test_every_bookable_day_is_released_and_the_next_one_is_not(now: datetime, policies: Policies) -> None:
    today = clock.shanghai_date(now)
    days = opening.bookable_dates(now, policies)
    assert days == sorted(set(days))
    booked_ahead = [day for day in days if day != today]
    assert all(opening.release_at(day, policies) <= now for day in booked_ahead)
    last = today + timedelta(days=policies.int("booking.window.max_days"))
    assert opening.release_at(last + timedelta(days=1), policies) > now
    if last not in days:
        first = max(1, policies.int("booking.window.min_days"))
        stop = clock.at_shanghai(today, policies.time("booking.window.stop_for_tomorrow"))
        is_shut_tomorrow = last == today + timedelta(days=1) and now >= stop
        assert opening.release_at(last, policies) > now or last < today + timedelta(days=first) or is_shut_tomorrow


@pytest.mark.rule("R-002")
@given(WINDOWS, st.integers(1, 92), st.integers(1, 10**9))
def test_nothing_opens_before_its_release(policies: Policies, days: int, microseconds: int) -> None:
    day = date(2026, 11, 23) + timedelta(days=days)
    release = opening.release_at(day, policies)
    session = Session(
        UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4), None, None, "general", None, day, HalfDay.AM,
        clock.at_shanghai(day, time.min), clock.day_bounds(day)[1], 0, SessionState.RELEASED, release,
        False, None, 1,
    )  # fmt: skip
    assert not opening.is_open(session, release - timedelta(microseconds=microseconds), policies)


@given(st.dates(date(2004, 1, 1), date(2040, 12, 31)))
def test_every_day_has_a_kind_and_one_roster(day: date) -> None:
    kind = roster.day_kind(day)
    weekday = roster.roster_weekday(day, kind, {})
    assert (kind is roster.DayKind.WORKED_WEEKEND) == (weekday != day.weekday())
    if kind is roster.DayKind.WORKDAY:
        assert day.weekday() < 5


@pytest.mark.rule("R-002")
@given(WINDOWS, INSTANTS, st.integers(0, 40), st.integers(0, 480))
def test_booking_ends_when_it_is_said_to(policies: Policies, now: datetime, ahead: int, lead: int) -> None:
    """Nothing is open from that instant on; and before it, where the day was open at all, something was."""
    policies = Policies({**{key: policies.raw(key) for key in KEYS}, "booking.window.lead_minutes": lead})
    day = clock.shanghai_date(now) + timedelta(days=ahead)
    starts_at, ends_at = clock.at_shanghai(day, time(2)), clock.at_shanghai(day, time(6))
    session = Session(
        UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4), None, None, "general", None, day, HalfDay.AM, starts_at,
        ends_at, 0, SessionState.RELEASED, starts_at - timedelta(days=200), False, None, 1,
    )  # fmt: skip
    ends = opening.booking_ends_at(session, policies)
    if opening.is_open(session, now, policies):
        assert now < ends
    last = ends - timedelta(microseconds=1)
    if day in opening.bookable_dates(last, policies):
        assert opening.is_open(session, last, policies)
    assert not opening.is_open(session, ends, policies)
