"""A list asks the database as often at fifty rows as at one."""

from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests import clinic as build
from tests import make
from tests.clinic import DAY, NOW
from tests.visitor import anybody, signed_in

from yitong.core import clock
from yitong.core.db import policies, reference
from yitong.core.ids import new_id
from yitong.domains.booking.queries import openings
from yitong.domains.hospitals.queries import directory as places
from yitong.domains.hospitals.queries import searching
from yitong.domains.schedule.queries import timetable as schedule

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def asked(client: Client, path: str) -> int:
    client.get(path)  # what is made once in a process is made
    with CaptureQueriesContext(connection) as captured:
        answer: Any = client.get(path)
    assert answer.status_code == 200
    return len(captured)


def more_sessions(first: build.Clinic, many: int) -> None:
    for n in range(many):
        build.clinic(
            hospital_id=first.hospital_id,
            department_id=first.department_id,
            slots=4,
            at=time(8 + n % 8),
            day=DAY + timedelta(days=n % 3),
        )


def test_department_asks_the_same_for_fifty_sessions() -> None:
    place = build.clinic()
    path = f"/hospitals/{place.hospital_id}/departments/{place.department_id}/?date={DAY.isoformat()}"
    one = asked(anybody(), path)
    more_sessions(place, 49)
    assert asked(anybody(), path) == one


def test_windows_of_one_offer_ask_the_same_for_one_session_and_for_eight() -> None:
    place = build.clinic()
    first = schedule.get_session(place.hospital_id, place.session_id)
    with CaptureQueriesContext(connection) as one:
        openings.slot_offers_of(place.hospital_id, [first], channel="web", now=NOW)
    more_sessions(place, 7)
    all_of_them = schedule.list_sessions(place.hospital_id, place.department_id, DAY, DAY + timedelta(days=3))
    assert len(all_of_them) == 8
    with CaptureQueriesContext(connection) as eight:
        offers = openings.slot_offers_of(place.hospital_id, all_of_them, channel="web", now=NOW)
    assert len(eight) == len(one)
    assert offers == [
        offer for s in all_of_them for offer in openings.slot_offers(place.hospital_id, s, channel="web", now=NOW)
    ]


def test_what_is_left_takes_two_statements_and_one_for_the_rules() -> None:
    place = build.clinic()
    more_sessions(place, 20)
    all_of_them = schedule.list_sessions(place.hospital_id, place.department_id, DAY, DAY + timedelta(days=3))
    with CaptureQueriesContext(connection) as captured:
        openings.offers(place.hospital_id, all_of_them, channel="web", now=NOW)
    assert len(captured) == 3


def test_search_asks_the_same_for_fifty_hits() -> None:
    hospital_id = make.hospital()
    make.campus(hospital_id)
    make.department(hospital_id, name="心内科")
    one = asked(anybody(), "/search/?q=心内科")
    for n in range(49):
        make.department(hospital_id, name=f"心内科{n}")
    assert asked(anybody(), "/search/?q=心内科") == one
    assert len(searching.search("心内科", limit=50)) == 50


def test_search_takes_signs_of_patterns_as_they_are() -> None:
    make.hospital()
    assert searching.search("%") == []
    assert searching.search("_") == []
    assert searching.search("\\") == []


def test_my_bookings_ask_the_same_for_one_and_for_many() -> None:
    place = build.clinic(slots=4)
    actor, patient_id = build.holder()
    build.hold(place, patient_id, actor)
    client = signed_in(actor)
    one = asked(client, "/bookings/")
    for n in range(1, 3):
        later = build.clinic(
            hospital_id=place.hospital_id, department_id=place.department_id, day=DAY + timedelta(days=n)
        )
        build.hold(later, patient_id, actor)
    assert asked(client, "/bookings/") == one


def test_policies_of_all_departments_take_one_statement() -> None:
    place = build.clinic()
    with CaptureQueriesContext(connection) as captured:
        of_department = policies.of_hospital(place.hospital_id, NOW)
        for _ in range(50):
            of_department(new_id())
        of_department(place.department_id)
    assert len(captured) == 1


# -- what a process keeps ------------------------------------------------------------------------------------------


@pytest.fixture
def keeping(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.YITONG_KEEPS_REFERENCE = True
    monkeypatch.setattr(reference, "_kept", reference._Kept())


@pytest.mark.usefixtures("keeping")
def test_a_transaction_reads_the_tables() -> None:
    hospital_id = make.hospital()
    with reference.kept(), CaptureQueriesContext(connection) as captured:
        places.get_hospital(hospital_id)
        places.get_hospital(hospital_id)
    assert len(captured) == 2
