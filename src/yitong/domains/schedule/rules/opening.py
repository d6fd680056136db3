"""When a day opens, and whether a session may be booked at an instant. Pure."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta

from yitong.core import clock
from yitong.core.policy.values import Policies
from yitong.domains.schedule.contracts import Pool, Session, SessionState

TOMORROW = timedelta(days=1)


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


def must_hide_name(session: Session, policies: Policies, *, is_first_visit: bool) -> bool:
    """A first visit is booked by specialty and title, unless the city lets doctors be named and the hospital opened
    this session so."""
    may_name = policies.flag("booking.first_visit_named_doctor") and session.is_first_visit_named
    return is_first_visit and session.practitioner_id is not None and not may_name
