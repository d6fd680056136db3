"""Whom and where one has been to: derived from one's own bookings, and never another's."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from tests import clinic as build
from tests import make
from tests.clinic import DAY, NOW
from tests.faces.patient.test_patient_pages import text_of
from tests.visitor import signed_in

from yitong.core import clock
from yitong.domains.booking.contracts import Booking, State
from yitong.domains.booking.queries import bookings
from yitong.domains.hospitals.commands import practitioners
from yitong.domains.hospitals.contracts.writes import ChangePractitioner
from yitong.domains.people.contracts.words import Relation

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def with_doctor() -> tuple[build.Clinic, UUID, str]:
    """A clinic of one doctor, his id and department's code."""
    at = make.clinic()
    place = build.clinic(
        hospital_id=at.hospital_id, department_id=at.department_id, practitioner_id=at.doctor_id, day=DAY
    )
    return place, at.doctor_id, at.department_code


def booking(**changed: object) -> Booking:
    place, doctor_id, _ = with_doctor()
    actor, patient_id = build.holder()
    build.hold(place, patient_id, actor)
    (made,) = bookings.list_my_bookings(actor, now=NOW)
    return replace(made, **changed)  # type: ignore[arg-type]


def test_the_most_frequent_come_first_then_the_latest() -> None:
    one = booking(practitioner_id=UUID(int=1))
    often = replace(one, practitioner_id=UUID(int=2), date=DAY - timedelta(days=90))
    late = replace(one, practitioner_id=UUID(int=3), date=DAY + timedelta(days=1))
    clinic = replace(one, practitioner_id=None, date=DAY - timedelta(days=200))
    found = bookings.usual_of([one, often, often, late, clinic], most=3)
    assert [(u.practitioner_id, u.visits) for u in found] == [(UUID(int=2), 2), (UUID(int=3), 1), (UUID(int=1), 1)]


@pytest.mark.parametrize("state", State)
def test_what_was_undone_or_missed_is_not_remembered(state: State) -> None:
    remembered = {State.CONFIRMED, State.CHECKED_IN, State.IN_VISIT, State.DONE, State.STOPPED}
    assert bool(bookings.usual_of([booking(state=state)], most=3)) is (state in remembered)


def test_home_leads_back_to_the_doctor_and_to_nobody_elses() -> None:
    place, doctor_id, _ = with_doctor()
    actor, patient_id = build.holder()
    build.hold(place, patient_id, actor)
    home = signed_in(actor).get("/")
    assert "再约李示范 主任医师" in text_of(home)
    assert f"/hospitals/{place.hospital_id}/doctors/{doctor_id}/" in home.content.decode()
    other, _ = build.holder()
    assert "再约" not in text_of(signed_in(other).get("/"))
    assert "再约" not in text_of(Client(SERVER_NAME="localhost").get("/"))


def test_a_doctor_who_left_leads_to_the_department() -> None:
    place, doctor_id, code = with_doctor()
    actor, patient_id = build.holder()
    build.hold(place, patient_id, actor)
    gone = ChangePractitioner(place.hospital_id, doctor_id, make.practitioner_facts(code, is_active=False))
    practitioners.change_practitioner(gone, actor=make.hospital_admin(place.hospital_id), now=NOW)
    home = signed_in(actor).get("/")
    assert "再约李示范" not in text_of(home)
    assert f"/hospitals/{place.hospital_id}/departments/{place.department_id}/?visit=again" in home.content.decode()


def test_the_doctors_page_has_the_windows_of_the_first_open_day() -> None:
    place, doctor_id, _ = with_doctor()
    page = Client(SERVER_NAME="localhost").get(f"/hospitals/{place.hospital_id}/doctors/{doctor_id}/")
    body = page.content.decode()
    assert f"/book/{place.hospital_id}/{place.slot(0)}/?visit=again" in body
    assert body.count('class="window"') == len(place.slots)


def test_who_was_booked_here_last_is_chosen_again() -> None:
    place = build.clinic()
    actor, own_id = build.holder()
    spouse_id = build.add_patient(actor, relation=Relation.SPOUSE)
    client = signed_in(actor)
    path = f"/book/{place.hospital_id}/{place.slot(1)}/"

    def chosen() -> str:
        body = client.get(path).content.decode()
        (tag,) = [tag for tag in body.split("<input") if 'name="patient"' in tag and " checked" in tag]
        return tag

    assert str(own_id) in chosen()
    build.hold(place, spouse_id, actor)
    assert str(spouse_id) in chosen()
