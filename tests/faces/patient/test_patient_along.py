"""What one takes along: the calendar file, words for the family, the guide for a first visit."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client
from tests import clinic as build
from tests import make
from tests.clinic import NOW
from tests.faces.patient.test_patient_pages import text_of
from tests.unit.formats.test_icalendar import lines_of
from tests.visitor import signed_in

from yitong.core import clock
from yitong.core.ids import new_id
from yitong.domains.booking.commands import change
from yitong.domains.booking.contracts import CancelBooking
from yitong.domains.hospitals.commands import hospitals
from yitong.domains.hospitals.contracts.writes import SetFirstVisitGuide
from yitong.domains.schedule.commands import sessions
from yitong.domains.schedule.contracts import ChangeRoom

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def booked() -> tuple[Client, str, build.Clinic, Any, Any]:
    place = build.clinic()
    manager = make.staff_actor("roster_manager", hospital_id=place.hospital_id)
    cmd = ChangeRoom("room", place.hospital_id, place.session_id, "3")
    sessions.change_room(cmd, actor=manager, now=NOW)
    actor, patient_id = build.holder()
    held = build.hold(place, patient_id, actor)
    return signed_in(actor), f"/bookings/{place.hospital_id}/{held.booking_id}/", place, held, actor


def value(lines: list[str], name: str) -> str:
    (found,) = [line for line in lines if line.startswith(f"{name}:")]
    return found.removeprefix(f"{name}:")


def test_the_calendar_file_keeps_its_identity_and_outranks_the_one_before() -> None:
    client, path, place, held, actor = booked()
    answer = client.get(f"{path}calendar.ics")
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in answer.headers["Cache-Control"]
    before = lines_of(answer.content)
    assert value(before, "UID") == f"{held.booking_id}@yitong"
    assert value(before, "STATUS") == "CONFIRMED"
    assert value(before, "SUMMARY").endswith("3号诊室")
    assert sum(line == "BEGIN:VALARM" for line in before) == 2
    change.cancel_booking(CancelBooking("off", place.hospital_id, held.booking_id), actor=actor, now=NOW)
    with clock.frozen(NOW + timedelta(minutes=5)):
        after = lines_of(client.get(f"{path}calendar.ics").content)
    assert value(after, "UID") == value(before, "UID")
    assert value(after, "STATUS") == "CANCELLED"
    assert int(value(after, "SEQUENCE")) > int(value(before, "SEQUENCE"))
    assert "BEGIN:VALARM" not in after
    assert "从日历里取消" in text_of(client.get(path))


@pytest.mark.parametrize("page", ["calendar.ics", "share/"])
def test_what_is_passed_on_names_nobody_and_holds_no_code(page: str) -> None:
    client, path, _, held, _ = booked()
    text = client.get(f"{path}{page}").content.decode()
    assert "测试" not in text
    assert held.code not in text
    assert "3号诊室" in "".join(lines_of(text.encode())) if page.endswith("ics") else "3号诊室" in text
    assert "明天" not in text  # who reads it may read it another day
    assert "今天" not in text


@pytest.mark.parametrize("page", ["", "calendar.ics", "share/"])
def test_another_account_gets_none_of_it(page: str) -> None:
    _, path, _, _, _ = booked()
    other, _ = build.holder()
    assert signed_in(other).get(f"{path}{page}").status_code == 404


def test_the_booking_says_the_room_and_leads_to_the_map_without_a_trace() -> None:
    client, path, _, held, _ = booked()
    body = client.get(path).content.decode()
    assert "3号诊室" in body
    assert "3号诊室" in client.get("/bookings/").content.decode()
    (link,) = [tag for tag in body.split("<a ") if "uri.amap.com" in tag]
    assert 'rel="noreferrer"' in link
    assert str(held.booking_id) not in unquote(link.split(">")[0])


def test_the_kept_frame_of_a_booking_holds_nothing_of_the_one_before() -> None:
    """The frame is kept for everybody; code, place and path are each visitor's own."""
    (mine, my_path, _, my_held, _), (theirs, their_path, _, their_held, _) = booked(), booked()
    mine.get(my_path)
    told = theirs.get(their_path).content.decode()
    assert their_held.code in told.replace(" ", "")
    assert my_held.code not in told.replace(" ", "")
    assert their_path in told
    assert my_path not in told


def test_home_says_the_room_of_the_next_visit() -> None:
    client, _, place, _, _ = booked()
    assert "3号诊室" in text_of(client.get("/"))
    other, patient_id = build.holder()
    build.hold(build.clinic(hospital_id=place.hospital_id, department_id=place.department_id), patient_id, other)
    assert "诊室" not in text_of(signed_in(other).get("/"))


def test_the_guide_says_what_to_bring_and_what_the_hospital_says() -> None:
    hospital_id = make.hospital(phone="010-1234")
    make.campus(hospital_id)
    guide = SetFirstVisitGuide(hospital_id, "先到一层建卡。", "Go to the ground floor first.")
    hospitals.set_first_visit_guide(guide, actor=make.hospital_admin(hospital_id), now=NOW)
    page = text_of(Client(SERVER_NAME="localhost").get(f"/hospitals/{hospital_id}/guide/"))
    for words in ("带什么", "证件原件", "先到一层建卡。", "北京市西城区示范路1号", "010-1234", "30 分钟内都有效"):
        assert words in page, words
    english = Client(SERVER_NAME="localhost", headers={"Accept-Language": "en"}).get(f"/hospitals/{hospital_id}/guide/")
    assert "Go to the ground floor first." in text_of(english)
    assert Client(SERVER_NAME="localhost").get(f"/hospitals/{new_id()}/guide/").status_code == 404


def test_a_hospital_that_says_nothing_has_a_guide_all_the_same() -> None:
    hospital_id = make.hospital()
    page = text_of(Client(SERVER_NAME="localhost").get(f"/hospitals/{hospital_id}/guide/"))
    assert "带什么" in page
    assert "医院提醒" not in page


def test_the_next_release_goes_into_the_calendar_for_anybody() -> None:
    hospital_id = make.hospital(name="北京示范提醒医院")
    client = Client(SERVER_NAME="localhost")
    assert f"/hospitals/{hospital_id}/release.ics" in client.get(f"/hospitals/{hospital_id}/").content.decode()
    answer = client.get(f"/hospitals/{hospital_id}/release.ics")
    lines = lines_of(answer.content)
    assert value(lines, "SUMMARY") == "放号：北京示范提醒医院"
    assert "DTSTART;TZID=Asia/Shanghai:20261123T150000" in lines
    assert "TRIGGER:-PT5M" in lines
    assert value(lines, "UID") == f"release-{hospital_id}-2026-11-23@yitong"
