"""The city's figures: how many, by which way, how early, how soon sold out; numbers alone."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, F
from django.db.models.expressions import Combinable
from django.db.models.functions import TruncDate

from yitong.core.actor import Actor
from yitong.core.clock import SHANGHAI, shanghai_date
from yitong.core.db.scale import cross_hospital
from yitong.domains.booking import models, permissions, rules
from yitong.domains.booking.contracts import (
    ChannelCount,
    DayCount,
    LeadCount,
    SellOut,
    State,
    StateCount,
)
from yitong.domains.schedule.queries import timetable as schedule

SOLD_OUT_WITHIN = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=366),
)
# When each slot of a session was first taken, by the pool that it was drawn from; ended bookings count as well.
FIRST_TAKEN = """
    SELECT session_id, count(*) FILTER (WHERE pool = 'online'), max(first_at) FILTER (WHERE pool = 'online'),
        count(*) FILTER (WHERE pool = 'referral'), max(first_at) FILTER (WHERE pool = 'referral')
    FROM (SELECT session_id, slot_id, min(pool) AS pool, min(created_at) AS first_at FROM booking_booking
        WHERE visit_date >= %s AND visit_date < %s AND pool IN ('online', 'referral') AND NOT is_extra
        GROUP BY session_id, slot_id) AS slots
    GROUP BY session_id"""


def count_by_channel(from_date: date, until_date: date, actor: Actor) -> list[ChannelCount]:
    """Live bookings with a day of visit in [from_date, until_date), by hospital, campus and channel (S-01)."""
    permissions.check_can_see_figures(actor)
    with cross_hospital("city figures"):
        rows = list(
            models.Booking.objects.filter(visit_date__gte=from_date, visit_date__lt=until_date, live=True)
            .values_list("hospital_id", "campus_id", "channel")
            .annotate(n=Count("id"))
            .order_by("hospital_id", "campus_id", "channel")
        )
    return [ChannelCount(*row) for row in rows]


def count_by_day(from_date: date, until_date: date, actor: Actor) -> list[DayCount]:
    """Live bookings of the city by day of visit; a day without any is absent."""
    return [DayCount(*row) for row in _count_live("visit_date", from_date, until_date, actor)]


def count_by_lead(from_date: date, until_date: date, actor: Actor) -> list[LeadCount]:
    """Live bookings of the city by whole Shanghai days between their making and their visit."""
    lead = F("visit_date") - TruncDate("created_at", tzinfo=SHANGHAI)
    rows = _count_live(lead, from_date, until_date, actor)
    return [LeadCount(ahead.days, n) for ahead, n in rows]


def count_by_state(from_date: date, until_date: date, actor: Actor) -> list[StateCount]:
    """All bookings with a day of visit in [from_date, until_date), by hospital and state: what became of them."""
    permissions.check_can_see_figures(actor)
    with cross_hospital("city figures"):
        rows = list(
            models.Booking.objects.filter(visit_date__gte=from_date, visit_date__lt=until_date)
            .values_list("hospital_id", "state")
            .annotate(n=Count("id"))
            .order_by("hospital_id", "state")
        )
    return [StateCount(hospital_id, State(state), n) for hospital_id, state, n in rows]


def count_sell_outs(from_date: date, until_date: date, actor: Actor, *, now: datetime) -> list[SellOut]:
    """How soon after its release a session of these days had given each of its online slots away at least once.

    A slot that was freed later doesn't undo it; a booking that was moved here counts from when it was first made.
    Referral slots that flowed back (R-012) are online ones by now, so bookings of theirs count with the others. Two
    queries. Refuses TimesInvalid above 92 days.
    """
    permissions.check_can_see_figures(actor)
    released = schedule.list_released(from_date, until_date, now)
    with cross_hospital("city figures"), connection.cursor() as cursor:
        cursor.execute(FIRST_TAKEN, [from_date, until_date])
        taken = {row[0]: row[1:] for row in cursor.fetchall()}
    counts = dict.fromkeys([*SOLD_OUT_WITHIN, None], 0)
    for one in released:
        took = rules.sold_out_after(one, *taken.get(one.session_id, (0, None, 0, None)))
        counts[None if took is None else next(limit for limit in SOLD_OUT_WITHIN if took <= limit)] += 1
    return [SellOut(within, n) for within, n in counts.items()]


def count_ahead(from_at: datetime, actor: Actor) -> int:
    """Live bookings whose visit begins at that instant or later, of the whole city: whom a rule from then on meets."""
    permissions.check_can_count_ahead(actor)
    with cross_hospital("city figures"):
        return models.Booking.objects.filter(
            visit_date__gte=shanghai_date(from_at), starts_at__gte=from_at, live=True
        ).count()


def _count_live(by: str | Combinable, from_date: date, until_date: date, actor: Actor) -> list[tuple[Any, int]]:
    permissions.check_can_see_figures(actor)
    with cross_hospital("city figures"):
        return list(
            models.Booking.objects.filter(visit_date__gte=from_date, visit_date__lt=until_date, live=True)
            .annotate(by=F(by) if isinstance(by, str) else by)
            .values_list("by")
            .annotate(n=Count("id"))
            .order_by("by")
        )
