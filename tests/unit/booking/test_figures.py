"""S-01, S-03: figures by hospital, campus and channel; one list of bookings over hospitals."""

from datetime import timedelta

import pytest
from tests import clinic as build
from tests import make
from tests.clinic import NOW

from yitong.core.actor import Actor
from yitong.core.errors import Forbidden, Unidentified
from yitong.domains.access.contracts import Scope
from yitong.domains.booking import queries
from yitong.domains.booking.commands import change
from yitong.domains.booking.contracts import CancelBooking
from yitong.domains.schedule.contracts import Pool

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

    counts = queries.count_by_channel(*WEEK, make.city_operator())
    mine = {
        (line.hospital_id, line.channel): line.bookings
        for line in counts
        if line.hospital_id in {place.hospital_id for place in places}
    }
    assert mine == {
        **{(place.hospital_id, code): 2 for place in places for code in ("web", "kiosk", "app")},
        (phone.hospital_id, "114"): 1,
    }
    assert queries.count_by_channel(WEEK[1], WEEK[1] + timedelta(days=1), make.city_operator()) == []


def test_figures_are_for_the_city_alone() -> None:
    with pytest.raises(Forbidden):
        queries.count_by_channel(*WEEK, make.hospital_admin(make.hospital()))
    with pytest.raises(Unidentified):
        queries.count_by_channel(*WEEK, Actor.anonymous())


def test_one_list_over_hospitals_latest_visit_first() -> None:
    actor, patient = build.holder()
    held = [build.hold(build.clinic(day=build.DAY + timedelta(days=n)), patient, actor) for n in range(3)]
    stranger, other = build.holder()
    build.hold(build.clinic(), other, stranger)
    listed = queries.list_my_bookings(actor, now=NOW)
    assert [booking.booking_id for booking in listed] == [one.booking_id for one in reversed(held)]
    assert len({booking.hospital_id for booking in listed}) == 3
    before = queries.list_my_bookings(actor, now=NOW, before=build.DAY + timedelta(days=1))
    assert [booking.date for booking in before] == [build.DAY]
    assert queries.list_my_bookings(actor, now=NOW, patient_ids=[other]) == []
