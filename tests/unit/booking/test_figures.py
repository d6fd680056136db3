"""S-01, S-03: figures by hospital, campus and channel; one list of bookings over hospitals."""

from datetime import time, timedelta

import pytest
from tests import clinic as build
from tests import make
from tests.clinic import NOW

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.errors import Forbidden, Unidentified
from yitong.domains.access.contracts import Scope
from yitong.domains.booking.commands import change
from yitong.domains.booking.contracts import CancelBooking, DayCount, LeadCount, SellOut, State, StateCount
from yitong.domains.booking.queries import bookings, figures
from yitong.domains.schedule.contracts import Pool
from yitong.domains.schedule.queries import timetable as schedule

pytestmark = pytest.mark.django_db
WEEK = (build.DAY, build.DAY + timedelta(days=1))


def by_channel(code: str) -> Actor:
    return Actor.for_channel(make.hospital(), code, scopes=frozenset(Scope))


def test_bookings_are_counted_by_hospital_campus_and_channel() -> None:
    online = [by_channel("web"), by_channel("kiosk"), by_channel("app")]
    places = [build.clinic(slots=8, pools=(Pool.ONLINE,) * 7 + (Pool.PHONE,)) for _ in range(2)]
    for place in places:
        for n, channel in enumerate(online * 2):
            build.hold(place, build.patient(place.hospital_id), channel, n=n)
    phone = build.hold(places[0], build.patient(places[0].hospital_id), by_channel("114"), n=7)
    dropped = build.hold(places[0], build.patient(places[0].hospital_id), online[0], n=6)
    cancel = CancelBooking("c", places[0].hospital_id, dropped.booking_id)
    change.cancel_booking(cancel, actor=build.registrar(places[0].hospital_id), now=NOW)

    counts = figures.count_by_channel(*WEEK, make.city_operator())
    mine = {
        (line.hospital_id, line.channel): line.bookings
        for line in counts
        if line.hospital_id in {place.hospital_id for place in places}
    }
    assert mine == {
        **{(place.hospital_id, code): 2 for place in places for code in ("web", "kiosk", "app")},
        (phone.hospital_id, "114"): 1,
    }
    assert figures.count_by_channel(WEEK[1], WEEK[1] + timedelta(days=1), make.city_operator()) == []


def test_bookings_are_counted_by_day_lead_and_what_became_of_them() -> None:
    """The clinic is three days ahead; what is cancelled leaves the days and stays in the states."""
    place = build.clinic(slots=4)
    actors = [build.holder() for _ in range(3)]
    held = [build.hold(place, patient, actor, n=n) for n, (actor, patient) in enumerate(actors)]
    cancel = CancelBooking("c", place.hospital_id, held[0].booking_id)
    change.cancel_booking(cancel, actor=actors[0][0], now=NOW)
    officer = make.city_operator()
    assert figures.count_by_day(*WEEK, officer) == [DayCount(build.DAY, 2)]
    assert figures.count_by_lead(*WEEK, officer) == [LeadCount(3, 2)]
    assert set(figures.count_by_state(*WEEK, officer)) == {
        StateCount(place.hospital_id, State.CANCELLED, 1),
        StateCount(place.hospital_id, State.CONFIRMED, 2),
    }


def test_the_day_of_making_is_one_in_shanghai() -> None:
    """Half past midnight in Shanghai is still the day before in London."""
    place = build.clinic()
    actor, patient = build.holder()
    night = clock.at_shanghai(build.DAY - timedelta(days=1), time(0, 30))
    build.hold(place, patient, actor, now=night)
    assert figures.count_by_lead(*WEEK, make.city_operator()) == [LeadCount(1, 1)]


def test_a_session_has_sold_out_when_each_online_slot_was_taken_once() -> None:
    """One within ten minutes; one with a slot that nobody took; one that had given all away before one was freed; the
    phone's slots don't count."""
    released = NOW - timedelta(minutes=8)
    full = build.clinic(slots=3, pools=(Pool.ONLINE, Pool.ONLINE, Pool.PHONE), release_at=released)
    half = build.clinic(slots=2, release_at=released)
    freed = build.clinic(slots=1, release_at=NOW)
    for place, n in ((full, 0), (full, 1), (half, 0), (freed, 0)):
        actor, patient = build.holder()
        held = build.hold(place, patient, actor, n=n)
    change.cancel_booking(CancelBooking("c", freed.hospital_id, held.booking_id), actor=actor, now=NOW)
    found = {one.within: one.sessions for one in figures.count_sell_outs(*WEEK, make.city_operator(), now=NOW)}
    assert found == {
        timedelta(minutes=1): 1,
        timedelta(minutes=10): 1,
        timedelta(hours=1): 0,
        timedelta(days=1): 0,
        timedelta(days=366): 0,
        None: 1,
    }
    early = figures.count_sell_outs(*WEEK, make.city_operator(), now=released - timedelta(minutes=1))
    assert SellOut(None, 0) in early


def test_how_many_a_rule_would_meet() -> None:
    place = build.clinic()
    actor, patient = build.holder()
    build.hold(place, patient, actor)
    officer = make.staff_actor("policy_officer")
    assert figures.count_ahead(NOW, officer) == 1
    assert schedule.count_sessions_ahead(NOW) == 1
    later = place.slots[-1].ends_at
    assert figures.count_ahead(later, officer) == 0
    assert schedule.count_sessions_ahead(later) == 0
    with pytest.raises(Forbidden):
        figures.count_ahead(NOW, make.hospital_admin(place.hospital_id))
    with pytest.raises(Unidentified):
        figures.count_ahead(NOW, Actor.anonymous())


def test_figures_are_for_the_city_alone() -> None:
    with pytest.raises(Forbidden):
        figures.count_by_channel(*WEEK, make.hospital_admin(make.hospital()))
    with pytest.raises(Unidentified):
        figures.count_by_channel(*WEEK, Actor.anonymous())


def test_one_list_over_hospitals_latest_visit_first() -> None:
    actor, patient = build.holder()
    held = [build.hold(build.clinic(day=build.DAY + timedelta(days=n)), patient, actor) for n in range(3)]
    stranger, other = build.holder()
    build.hold(build.clinic(), other, stranger)
    listed = bookings.list_my_bookings(actor, now=NOW)
    assert [booking.booking_id for booking in listed] == [one.booking_id for one in reversed(held)]
    assert len({booking.hospital_id for booking in listed}) == 3
    before = bookings.list_my_bookings(actor, now=NOW, before=build.DAY + timedelta(days=1))
    assert [booking.date for booking in before] == [build.DAY]
    assert bookings.list_my_bookings(actor, now=NOW, patient_ids=[other]) == []
