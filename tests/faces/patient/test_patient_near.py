"""When nothing is left, what is near: the closest first, with the way in words; and where the next free times are."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests import clinic as build
from tests import make
from tests.clinic import DAY, NOW
from tests.faces.patient.test_patient_pages import text_of

from yitong.core import clock
from yitong.domains.hospitals.commands import places
from yitong.domains.hospitals.contracts.writes import AddCampus, CampusFacts

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def get(path: str) -> str:
    answer = Client(SERVER_NAME="localhost").get(path)
    assert answer.status_code == 200
    return text_of(answer)


def department_at(latitude: str | None, *, name: str = "眼科", code: str = "10", district: str = "西城区") -> UUID:
    """A department of a hospital of its own, on the meridian of 116.40; None: it doesn't say where it lies."""
    hospital_id = make.hospital(short_name=f"在{latitude}", name=f"北京{latitude}医院", district=district)
    facts = CampusFacts(
        code="C1",
        name="本部",
        district=district,
        address="示范路1号",
        latitude=Decimal(latitude) if latitude else None,
        longitude=Decimal("116.40") if latitude else None,
    )
    places.add_campus(AddCampus(hospital_id, facts, "key-1"), actor=make.hospital_admin(hospital_id), now=NOW)
    department_id = make.department(hospital_id, name=name, national_code=code)
    return _remember(hospital_id, department_id)


PLACES: dict[UUID, UUID] = {}


def _remember(hospital_id: UUID, department_id: UUID) -> UUID:
    PLACES[department_id] = hospital_id
    return department_id


def open_there(department_id: UUID, *, day: int = 0) -> build.Clinic:
    return build.clinic(
        hospital_id=PLACES[department_id], department_id=department_id, day=DAY + timedelta(days=day), slots=2
    )


def test_places_elsewhere_come_by_distance_with_the_way_in_words() -> None:
    here = department_at("39.90")
    far, close, unknown = department_at("40.10"), department_at("39.93"), department_at(None, district="房山区")
    for one in (far, unknown, close):
        open_there(one)
    page = get(f"/hospitals/{PLACES[here]}/departments/{here}/")
    assert page.index("北京39.93医院") < page.index("北京40.10医院") < page.index("北京None医院")
    assert "约 3 公里" in page
    assert "约 22 公里" in page
    assert "放号前提醒我" in page


def test_next_free_times_are_links_to_book_and_begin_near_the_district() -> None:
    south, north = department_at("39.80", district="大兴区"), department_at("40.10", district="昌平区")
    open_there(south)
    place = open_there(north)
    assert get("/soon/10/").count("余 ") == 4  # two departments with two windows each
    page = Client(SERVER_NAME="localhost").get("/soon/10/", {"near": "昌平区"})
    text = text_of(page)
    assert text.index("北京40.10医院") < text.index("北京39.80医院")
    assert f"/book/{place.hospital_id}/{place.slot(0)}/?visit=first" in page.content.decode()
    assert "geolocation=(self)" in page.headers["Permissions-Policy"]
    assert "geolocation=()" in Client(SERVER_NAME="localhost").get("/").headers["Permissions-Policy"]


def test_a_subject_that_nobody_looks_for_and_a_district_that_is_none() -> None:
    department_at("39.90")
    client = Client(SERVER_NAME="localhost")
    assert client.get("/soon/99/").status_code == 404
    assert client.get("/soon/10/", {"near": "<script>"}).status_code == 200
    assert "这几天都没有可约的号" in get("/soon/10/")


def test_soon_asks_a_bounded_number_whatever_the_size_of_the_city() -> None:
    def asked() -> int:
        Client(SERVER_NAME="localhost").get("/soon/10/")
        with CaptureQueriesContext(connection) as captured:
            Client(SERVER_NAME="localhost").get("/soon/10/")
        return len(captured)

    for n in range(6):
        open_there(department_at(f"39.9{n}"))
    six = asked()
    for n in range(6):
        open_there(department_at(f"40.0{n}"))
    assert asked() == six


def test_a_doctor_without_a_slot_leads_to_colleagues_who_have_one() -> None:
    at = make.clinic()
    colleague = make.practitioner(at.hospital_id, at.department_code, name="王同事")
    build.clinic(hospital_id=at.hospital_id, department_id=at.department_id, practitioner_id=colleague, day=DAY)
    page = Client(SERVER_NAME="localhost").get(f"/hospitals/{at.hospital_id}/doctors/{at.doctor_id}/")
    assert "王同事 主任医师" in text_of(page)
    assert f"/doctors/{colleague}/?date={DAY.isoformat()}" in page.content.decode()
