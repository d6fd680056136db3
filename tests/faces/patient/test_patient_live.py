"""What the pages that choose give to the script that follows the booking window, and what stands without it."""

import re
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests import clinic as build
from tests import make
from tests.clinic import DAY, NOW
from tests.faces.patient.test_patient_near import PLACES, department_at, open_there
from tests.faces.patient.test_patient_pages import book_path, text_of
from tests.visitor import signed_in

from yitong.core import clock
from yitong.core.db import policies
from yitong.core.ids import new_id
from yitong.domains.booking.models import Booking
from yitong.domains.hospitals.models import Department
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.patient.booking import first, instead

pytestmark = pytest.mark.django_db

WAITED_FOR = clock.shanghai_date(NOW) + timedelta(days=7)  # NOW is before the hour at which it opens


@pytest.fixture(autouse=True)
def _now(settings: Any) -> Iterator[None]:
    settings.YITONG_COUNTER = True
    with clock.frozen(NOW):
        yield


def get(path: str) -> str:
    answer = Client(SERVER_NAME="localhost").get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def department_path(place: build.Clinic, **asked: object) -> str:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return f"/hospitals/{place.hospital_id}/departments/{place.department_id}/?{query}"


def session_path(place: build.Clinic) -> str:
    return f"/hospitals/{place.hospital_id}/sessions/{place.session_id}/?visit=first"


def to_come(*, slots: int = 4, day: Any = WAITED_FOR, release_at: Any = None) -> build.Clinic:
    release_at = release_at or schedule.release_at(day, policies.at(None, NOW))
    return build.clinic(slots=slots, day=day, release_at=release_at)


# -- what the script needs ---------------------------------------------------------------------------------------------


def test_a_department_says_where_to_ask_and_which_part_is_whose() -> None:
    place = build.clinic()
    page = get(department_path(place))
    assert f'data-live="/counter/departments/{place.hospital_id}/{place.department_id}"' in page
    assert f'data-chosen="{DAY.isoformat()}"' in page
    assert f'data-day="{DAY.isoformat()}"' in page
    assert f'data-sessions="{place.session_id}"' in page
    assert f'data-way="{session_path(place)}"' in page
    assert 'data-left="余 {n}"' in page
    assert "patient/live.js" in page


def test_a_doctors_half_days_are_followed_together() -> None:
    here = build.clinic(day=DAY + timedelta(days=1))
    hospital_id, same = here.hospital_id, {"hospital_id": here.hospital_id, "department_id": here.department_id}
    doctor = make.practitioner(hospital_id, department_code(here))
    am = build.clinic(practitioner_id=doctor, **same)
    pm = build.clinic(practitioner_id=doctor, at=time(13, 30), **same)
    page = get(f"/hospitals/{hospital_id}/doctors/{doctor}/?date={DAY.isoformat()}")
    live = re.findall(r'data-live="/counter/sessions/([^"]+)"', page)[0]
    assert set(live.partition("/")[2].split(",")) == {str(am.session_id), str(pm.session_id)}
    assert page.count("data-sitting") == 2
    assert f'data-slot="/book/{hospital_id}/{UUID(int=0)}/?visit=again"' in page
    assert "patient/live.js" in page


@pytest.mark.rule("R-004")
def test_sessions_that_are_one_offer_are_asked_for_together() -> None:
    first_of = department_at("39.90")
    one, other = (sits_there(first_of) for _ in range(2))
    page = get(session_path(one))
    assert f'data-live="/counter/sessions/{one.hospital_id}/{one.session_id},{other.session_id}"' in page
    assert f'data-slot="/book/{one.hospital_id}/{UUID(int=0)}/?visit=first"' in page
    starts = [int(found) for found in re.findall(r'data-starts="(\d+)"', page)]
    assert starts == [int(slot.starts_at.timestamp()) for slot in one.slots]


def test_where_no_window_is_served_nothing_is_asked(settings: Any) -> None:
    settings.YITONG_COUNTER = False
    place = build.clinic()
    for page in (get(department_path(place)), get(session_path(place))):
        assert "data-live" not in page
        assert "live.js" not in page
        assert "余号更新于" in page


def sits_there(department_id: UUID) -> build.Clinic:
    """A doctor of its own, whom a first visit may not name."""
    hospital_id = PLACES[department_id]
    code = Department.objects.get(id=department_id).code
    doctor_id = make.practitioner(hospital_id, code)
    return build.clinic(hospital_id=hospital_id, department_id=department_id, practitioner_id=doctor_id)


# -- before a release --------------------------------------------------------------------------------------------------


def test_the_day_that_opens_next_can_be_waited_for() -> None:
    place = to_come()
    opens_at = schedule.release_at(WAITED_FOR, policies.at(None, NOW))
    page = get(department_path(place, date=WAITED_FOR.isoformat()))
    assert f'data-chosen="{WAITED_FOR.isoformat()}"' in page
    assert f'data-countdown="{opens_at.astimezone(clock.SHANGHAI).isoformat()}"' in page
    assert "还没有放号" in page
    assert f'class="card offer" href="{session_path(place)}"' in page
    assert ">约满<" not in page


def test_a_session_before_its_release_has_a_countdown_and_nothing_to_press() -> None:
    place = to_come(day=DAY, release_at=NOW + timedelta(hours=1))
    answer = Client(SERVER_NAME="localhost").get(session_path(place))
    page, text = answer.content.decode(), text_of(answer)
    assert "data-countdown" in page
    assert 'class="window"' not in page
    assert text.count("未放号") == 4
    assert "约满" not in text.replace("刚刚约满了", "")
    assert "今天 11:00放号，以服务器时间为准" in text
    assert "到时请刷新这一页" in text


def test_at_its_release_the_plain_page_is_bookable() -> None:
    place = to_come(day=DAY, release_at=NOW + timedelta(hours=1))
    with clock.frozen(NOW + timedelta(hours=1)):
        page = get(session_path(place))
    assert page.count('class="window"') == 4
    assert "data-countdown" not in page


def test_a_day_beyond_the_next_can_not_be_asked_for() -> None:
    place = build.clinic()
    later = (WAITED_FOR + timedelta(days=1)).isoformat()
    assert f'data-chosen="{DAY.isoformat()}"' in get(department_path(place, date=later))


# -- sold out: what is near --------------------------------------------------------------------------------------------


def refused_page(place: build.Clinic, code: str = "SLOT_TAKEN") -> str:
    actor, _ = build.holder()
    answer = signed_in(actor).get(f"{book_path(place)}&refused={code}")
    assert answer.status_code == 200
    return answer.content.decode()


def hrefs(page: str, kind: str) -> list[str]:
    return re.findall(rf'class="{kind}" href="([^"]+)"', page)


@pytest.mark.parametrize("code", ["SLOT_TAKEN", "POOL_EXHAUSTED", "SESSION_CANCELLED"])
def test_who_came_too_late_sees_other_windows_doctors_days_and_places(code: str) -> None:
    here = open_there(department_at("39.90"))
    near = open_there(department_at("39.91"))
    same = {"hospital_id": here.hospital_id, "department_id": here.department_id}
    doctor_id = make.practitioner(here.hospital_id, department_code(here))
    afternoon = build.clinic(at=build.time(14), practitioner_id=doctor_id, **same)  # type: ignore[arg-type]
    other_day = build.clinic(day=DAY + timedelta(days=1), **same)  # type: ignore[arg-type]

    page = refused_page(here, code)

    assert len(hrefs(page, "window")) == len(here.slots)
    chips = hrefs(page, "chip")
    assert session_path(afternoon) in chips
    assert any(f"date={other_day.day.isoformat()}" in href for href in chips)
    assert hrefs(page, "item") == [f"/hospitals/{near.hospital_id}/departments/{near.department_id}/"]


def department_code(place: build.Clinic) -> str:
    return Department.objects.get(id=place.department_id).code


def test_where_nothing_is_near_it_says_when_more_comes() -> None:
    place = build.clinic(slots=1)
    actor, patient_id = build.holder()
    build.hold(place, patient_id, actor)
    page = refused_page(place)
    assert "附近都约满了" in page
    assert re.search(r"附近都约满了。.*放出.*的号", page)


def test_what_is_near_costs_the_same_for_one_who_sits_that_day_as_for_many() -> None:
    few, many = build.clinic(), build.clinic()
    for n in range(6):
        build.clinic(
            hospital_id=many.hospital_id,
            department_id=many.department_id,
            practitioner_id=None,
            day=DAY + timedelta(days=n % 3),
        )
    counts = []
    for place in (few, many):
        actor, _ = build.holder()
        client = signed_in(actor)
        client.get(book_path(place) + "&refused=SLOT_TAKEN")
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(book_path(place) + "&refused=SLOT_TAKEN")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def moved_too_late(place: build.Clinic, booked: build.Clinic) -> tuple[str, str]:
    """The page after a move to the first slot of a place that is gone, and the address of the booking."""
    (actor, patient_id), (other, theirs) = build.holder(), build.holder()
    booking_id = build.hold(booked, patient_id, actor).booking_id
    build.hold(place, theirs, other)
    path = f"/bookings/{booked.hospital_id}/{booking_id}/"
    answer = signed_in(actor).post(f"{path}move/to/{place.slot()}/", {"key": str(new_id())})
    assert answer.status_code == 409
    assert Booking.objects.get(id=booking_id).slot_id == booked.slot()
    return answer.content.decode(), path


def test_who_moves_too_late_is_told_what_is_near_and_goes_on_moving() -> None:
    here = open_there(department_at("39.90"))
    near = open_there(department_at("39.91"))
    same = {"hospital_id": here.hospital_id, "department_id": here.department_id}
    doctor_id = make.practitioner(here.hospital_id, department_code(here))
    afternoon = build.clinic(at=build.time(14), practitioner_id=doctor_id, **same)  # type: ignore[arg-type]
    booked = build.clinic(day=DAY + timedelta(days=1), **same)  # type: ignore[arg-type]

    page, path = moved_too_late(here, booked)

    assert hrefs(page, "window") == [f"{path}move/to/{here.slot(1)}/"]
    chips = hrefs(page, "chip")
    assert f"{path}move/{afternoon.session_id}/" in chips
    assert f"{path}move/?date={booked.day.isoformat()}" in chips
    assert hrefs(page, "item") == [f"/hospitals/{near.hospital_id}/departments/{near.department_id}/"]
    assert "去这些地方要另约一个" in page
    assert "/book/" not in page


def test_who_moves_and_may_not_is_told_of_nothing_near() -> None:
    place, (actor, patient_id) = build.clinic(), build.holder()
    booking_id = build.hold(place, patient_id, actor).booking_id
    later = build.clinic(day=DAY + timedelta(days=30), hospital_id=place.hospital_id, department_id=place.department_id)
    path = f"/bookings/{place.hospital_id}/{booking_id}/move/to/{later.slot()}/"
    answer = signed_in(actor).post(path, {"key": str(new_id())})
    assert "不在可预约范围" in answer.content.decode()
    assert "还有号" not in answer.content.decode()


def test_other_refusals_show_nothing_near() -> None:
    assert "这些时间还有号" not in refused_page(build.clinic(), "TIME_CLASH")
    assert {kind.code for kind in instead.GONE} == {
        "SLOT_TAKEN",
        "POOL_EXHAUSTED",
        "SESSION_CANCELLED",
        "SESSION_STOPPING",
    }


# -- a first booking in one go -----------------------------------------------------------------------------------------


def waiting_page(place: build.Clinic, *, verified: bool = True) -> tuple[str, UUID, str]:
    actor, patient_id = build.holder(verified=verified)
    key = str(new_id())
    token = signing.dumps([str(actor.account_id), str(place.slot()), str(patient_id), key], salt=first.SALT)
    path = f"/book/{place.hospital_id}/{place.slot()}/first/{token}/?visit=first"
    answer = signed_in(actor).get(path)
    assert answer.status_code == 200, answer
    return answer.content.decode(), patient_id, key


def test_a_first_booking_goes_to_the_window_once_the_person_is_verified() -> None:
    page, patient_id, key = waiting_page(build.clinic())
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    assert 'action="/counter/claims" data-window data-go' in page
    assert (fields["patient_id"], fields["key"]) == (str(patient_id), key)
    assert fields["pass"]
    assert 'id="told"' in page
    assert "patient/window.js" in page


def test_a_first_booking_before_the_check_is_passed_sends_nothing() -> None:
    page, _, _ = waiting_page(build.clinic(), verified=False)
    assert "data-go" not in page
    assert "/counter/claims" not in page


def test_a_first_booking_where_no_window_is_served_is_made_by_the_page(settings: Any) -> None:
    settings.YITONG_COUNTER = False
    place = build.clinic()
    page, _, _ = waiting_page(place)
    assert f'action="{book_path(place)}" data-go' in page
    assert "window.js" not in page
