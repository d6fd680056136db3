"""The patient's pages over real domains: what they say, what they refuse, what they ask the database."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests import clinic as build
from tests import make
from tests.clinic import DAY, NOW
from tests.visitor import signed_in

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.ids import new_id
from yitong.domains.booking.models import Booking
from yitong.domains.hospitals.commands import places
from yitong.domains.hospitals.contracts.writes import ChangeCampus
from yitong.domains.hospitals.queries import directory
from yitong.domains.hospitals.queries import facts as stand
from yitong.domains.people import models as people
from yitong.domains.schedule.commands.sessions import stop_session
from yitong.domains.schedule.contracts import StopReason, StopSession

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def book_path(place: build.Clinic, n: int = 0, visit: str = "first") -> str:
    return f"/book/{place.hospital_id}/{place.slot(n)}/?visit={visit}"


def post(client: Client, path: str, patient: object, key: object = "", visit: str = "first") -> Any:
    return client.post(path, {"key": str(key or new_id()), "patient": str(patient), "visit": visit})


def queries_of(path: str) -> int:
    client = Client(SERVER_NAME="localhost")
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


# -- choosing --------------------------------------------------------------------------------------------------------


def test_department_asks_as_much_for_one_session_as_for_many() -> None:
    one = build.clinic()
    path = f"/hospitals/{one.hospital_id}/departments/{one.department_id}/"
    few = queries_of(path)
    for n in range(20):
        build.clinic(
            hospital_id=one.hospital_id, department_id=one.department_id, day=DAY + timedelta(days=n % 3), slots=2
        )
    assert queries_of(path) == few <= 12


def test_nothing_left_asks_a_bounded_number_elsewhere() -> None:
    """Other places of the specialty are offered, the nearest first, however many the city has."""
    empty = make.clinic()  # nobody sits here
    path = f"/hospitals/{empty.hospital_id}/departments/{empty.department_id}/"
    for _ in range(12):
        make.clinic()  # nor there
    near = make.clinic(hospital_id=empty.hospital_id)
    make.session(near)
    assert queries_of(path) <= 12 + 6 * 5
    page = text_of(Client(SERVER_NAME="localhost").get(path))
    assert "同样的科室，这些地方还有号" in page
    assert page.count("余 ") == 1


def test_a_closed_campus_is_not_offered_and_what_was_booked_there_stays_readable() -> None:
    place = build.clinic()
    at, admin = place.hospital_id, make.hospital_admin(place.hospital_id)
    make.campus(at, code="C2")
    make.department(at, campus_code="C2")
    actor, patient = build.holder()
    held = build.hold(place, patient, actor)
    campus_id = directory.get_department(at, place.department_id).campus_id
    stop = StopSession("once", at, place.session_id, StopReason.HOSPITAL)
    stop_session(stop, actor=admin, now=NOW)
    closed = replace(stand.campus_facts(at, campus_id), is_open=False)
    places.change_campus(ChangeCampus(at, campus_id, closed), actor=admin, now=NOW)
    client = signed_in(actor)
    for path in (f"/hospitals/{at}/", f"/hospitals/{at}/guide/"):
        page = text_of(client.get(path))
        assert (path, "C1院区" in page, "C2院区" in page) == (path, False, True)
    assert "C1院区" in text_of(client.get(f"/bookings/{at}/{held.booking_id}/"))
    somebody, other = build.holder()
    assert post(signed_in(somebody), book_path(place, 1), other).status_code == 409
    assert Booking.objects.count() == 1


def test_hospital_asks_as_much_for_one_department_as_for_many() -> None:
    hospital_id = make.hospital()
    make.campus(hospital_id)
    make.department(hospital_id)
    few = queries_of(f"/hospitals/{hospital_id}/")
    for _ in range(20):
        make.department(hospital_id, code=f"D{make.number()}")
    assert queries_of(f"/hospitals/{hospital_id}/") == few <= 12


def test_department_says_what_is_left_of_each_day() -> None:
    place = build.clinic(slots=3)
    actor, patient = build.holder()
    build.hold(place, patient, actor)
    page = Client(SERVER_NAME="localhost").get(f"/hospitals/{place.hospital_id}/departments/{place.department_id}/")
    assert "余 2" in text_of(page)
    assert f"date={DAY.isoformat()}" in page.content.decode()


@pytest.mark.rule("R-004")
def test_first_visit_sees_titles_and_follow_up_sees_names() -> None:
    at = make.clinic()
    session = make.session(at, day=DAY)
    path = f"/hospitals/{at.hospital_id}/departments/{at.department_id}/"
    client = Client(SERVER_NAME="localhost")
    first, again = client.get(path), client.get(path + "?visit=again")
    name = "由科室安排医生"
    assert name in text_of(first)
    assert name not in text_of(again)
    assert "限复诊" in text_of(again)
    assert "主任医师" in text_of(client.get(f"/hospitals/{at.hospital_id}/sessions/{session.session_id}/"))


def test_full_and_unknown_have_plain_words() -> None:
    client = Client(SERVER_NAME="localhost")
    place = build.clinic(slots=1)
    actor, patient = build.holder()
    build.hold(place, patient, actor)
    session = client.get(f"/hospitals/{place.hospital_id}/sessions/{place.session_id}/")
    assert "约满" in text_of(session)
    assert 'class="window"' not in session.content.decode()
    assert client.get(f"/hospitals/{new_id()}/").status_code == 404
    assert client.get(f"/hospitals/{place.hospital_id}/sessions/{new_id()}/").status_code == 404
    assert client.get("/search/", {"q": "'\"<script>" + "字" * 500}).status_code == 200
    department = f"/hospitals/{place.hospital_id}/departments/{place.department_id}/"
    for odd in ("2026-02-30", "1900-01-01", "x" * 300, ""):
        assert client.get(department, {"date": odd}).status_code == 200


# -- booking ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-019")
def test_booking_by_form() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    client = signed_in(actor)
    assert client.get(book_path(place)).status_code == 200
    done = post(client, book_path(place), patient)
    assert done.status_code == 303
    page = client.get(done["Location"])
    booking = Booking.objects.get(hospital_id=place.hospital_id)
    assert f"{booking.code[:4]} {booking.code[4:]}" in text_of(page)
    assert "预约成功" in text_of(page)
    assert "预约成功" not in text_of(client.get(done["Location"]))


def test_same_form_twice_is_one_booking() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    client, key = signed_in(actor), new_id()
    first = post(client, book_path(place), patient, key)
    second = post(client, book_path(place), patient, key)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first["Location"] == second["Location"]
    assert Booking.objects.filter(hospital_id=place.hospital_id).count() == 1


@pytest.mark.rule("R-018")
def test_refusal_stands_in_the_page_and_changes_nothing() -> None:
    place, (actor, patient), (other, hers) = build.clinic(), build.holder(), build.holder()
    build.hold(place, hers, other)
    refused = post(signed_in(actor), book_path(place), patient)
    assert refused.status_code == 409
    assert "号源已被预约" in text_of(refused)
    assert 'role="alert"' in refused.content.decode()
    assert Booking.objects.filter(hospital_id=place.hospital_id).count() == 1


def test_a_booking_that_is_nobody_s_leads_to_ones_own_and_home_has_one_name() -> None:
    place, (actor, _) = build.clinic(), build.holder()
    client = signed_in(actor)
    missing = client.get(f"/bookings/{place.hospital_id}/{new_id()}/", headers={"accept-language": "en"})
    assert missing.status_code == 404
    assert '<a class="button" href="/bookings/">My bookings</a>' in missing.content.decode()
    assert "Back to Home" in text_of(missing)
    elsewhere = client.get(f"/hospitals/{new_id()}/", headers={"accept-language": "en"})
    assert '<a class="button" href="/bookings/">' not in elsewhere.content.decode()


def test_title_and_kind_of_clinic_stand_apart_in_english() -> None:
    at = make.clinic()
    slot = make.slots(make.session(at, day=DAY))[0]
    path = f"/book/{at.hospital_id}/{slot.slot_id}/?visit=first"
    page = text_of(signed_in(build.holder()[0]).get(path, headers={"accept-language": "en"}))
    assert re.search(r"Doctor (?:[A-Z]?[a-z]+ )+· [A-Z][a-z]+ clinic", page), page


@pytest.mark.rule("R-004")
def test_first_visit_to_a_named_doctor_is_booked_by_title() -> None:
    """The page never names the doctor of a first visit, so the claim is by title and passes; a follow-up is by name."""
    at = make.clinic()
    session = make.session(at, day=DAY)
    slot = next(slot for slot in make.slots(session) if slot.pool == "online")
    actor, patient = build.holder()
    done = post(signed_in(actor), f"/book/{at.hospital_id}/{slot.slot_id}/", patient)
    assert done.status_code == 303
    assert Booking.objects.get(hospital_id=at.hospital_id).is_first_visit


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"patient": "", "key": str(new_id())},
        {"patient": "x" * 500, "key": "😀"},
        {"patient": str(new_id()), "key": ""},
    ],
)
def test_broken_forms_are_answered_in_place(sent: dict[str, str]) -> None:
    place, (actor, _) = build.clinic(), build.holder()
    answer = signed_in(actor).post(book_path(place), sent)
    assert answer.status_code == 422
    assert Booking.objects.count() == 0


def test_someone_elses_patient_looks_absent() -> None:
    place, (actor, _), (_, hers) = build.clinic(), build.holder(), build.holder()
    refused = post(signed_in(actor), book_path(place), hers)
    assert refused.status_code == 404
    assert Booking.objects.count() == 0


@pytest.mark.rule("R-045")
def test_unverified_patient_is_shown_the_way() -> None:
    place, (actor, patient) = build.clinic(), build.holder(verified=False)
    client = signed_in(actor)
    page = client.get(book_path(place))
    assert "还没有实名核验" in text_of(page)
    refused = post(client, book_path(place), patient)
    assert refused.status_code == 403
    assert Booking.objects.count() == 0


@pytest.mark.rule("R-045")
def test_where_the_verification_stands() -> None:
    actor, patient = build.holder(verified=False)
    client = signed_in(actor)
    page = client.get(f"/me/people/{patient}/")
    assert "正在核验" in text_of(page)
    assert "再核验一次" not in text_of(page)
    asked = people.Verification.objects.get(patient_id=patient)
    build.proving.note_verdict(patient, asked.id, build.Verdict.NO_MATCH, actor=Actor.system("test"), now=NOW)
    page = client.get(f"/me/people/{patient}/")
    assert "对不上" in text_of(page)
    assert client.post(f"/me/people/{patient}/verify/", {"key": str(new_id())}).status_code in (303, 429)


def test_another_accounts_booking_looks_absent() -> None:
    place, (actor, patient), (other, _) = build.clinic(), build.holder(), build.holder()
    held = build.hold(place, patient, actor)
    path = f"/bookings/{place.hospital_id}/{held.booking_id}/"
    stranger = signed_in(other)
    for address in (path, path + "cancel/", path + "move/", path + f"move/to/{place.slot(1)}/"):
        assert stranger.get(address).status_code == 404
    assert stranger.post(path + "cancel/", {"key": str(new_id())}).status_code == 404
    assert Booking.objects.get(id=held.booking_id).state == "confirmed"


@pytest.mark.rule("R-007")
def test_cancel_and_its_deadline() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    held = build.hold(place, patient, actor)
    client, path = signed_in(actor), f"/bookings/{place.hospital_id}/{held.booking_id}/"
    with clock.frozen(clock.at_shanghai(DAY, make.time(8))):
        late = client.post(path + "cancel/", {"key": str(new_id())})
    assert late.status_code == 422
    assert "已过取消时限" in text_of(late)
    assert Booking.objects.get(id=held.booking_id).state == "confirmed"
    assert client.post(path + "cancel/", {"key": str(new_id())}).status_code == 303
    assert Booking.objects.get(id=held.booking_id).state == "cancelled"
    assert "已取消" in text_of(client.get(path))


@pytest.mark.rule("R-047")
def test_move_keeps_id_and_code() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    held = build.hold(place, patient, actor)
    client, path = signed_in(actor), f"/bookings/{place.hospital_id}/{held.booking_id}/"
    assert client.get(path + "move/").status_code == 200
    assert client.get(path + f"move/{place.session_id}/").status_code == 200
    assert client.get(path + f"move/to/{place.slot(2)}/").status_code == 200
    moved = client.post(path + f"move/to/{place.slot(2)}/", {"key": str(new_id())})
    assert moved.status_code == 303
    row = Booking.objects.get(id=held.booking_id)
    assert (row.slot_id, row.code) == (place.slot(2), held.code)


# -- signing in and privacy -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/bookings/", "/messages/", "/me/people/", "/me/data/", "/me/devices/", "/me/phone/"])
def test_strangers_are_led_to_the_sign_in(path: str) -> None:
    answer = Client(SERVER_NAME="localhost").get(path)
    assert answer.status_code == 303
    assert answer["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize("path", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_next_stays_on_our_pages(path: str) -> None:
    page = Client(SERVER_NAME="localhost").get("/sign-in/", {"next": path})
    assert 'name="next" value="/"' in page.content.decode()


def test_no_name_or_number_in_addresses_and_lists_are_masked() -> None:
    given = build.identity()
    place, (actor, patient) = build.clinic(), build.holder(given)
    build.hold(place, patient, actor)
    client = signed_in(actor)
    for path in ("/", "/bookings/", "/me/people/", book_path(place, 1)):
        page = client.get(path).content.decode()
        assert given.number not in page
        assert given.name not in page
    person = client.get(f"/me/people/{patient}/")
    assert given.number not in person.content.decode()
    assert person.headers["Cache-Control"] == "no-store, private"


def test_forms_need_their_token() -> None:
    client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    assert client.post("/sign-in/", {"phone": "13800138000"}).status_code == 403


@pytest.mark.rule("R-198")
def test_export_and_erasure_cover_every_domain() -> None:
    given = build.identity()
    place, (actor, patient) = build.clinic(), build.holder(given)
    held = build.hold(place, patient, actor)
    client = signed_in(actor)
    exported = client.post("/me/data/export/")
    assert exported.headers["Content-Disposition"].startswith("attachment")
    assert {"people", "booking", "notify"} <= set(exported.json())
    assert given.number in exported.content.decode()
    assert client.post("/me/data/erase/", {}).status_code == 422
    assert client.post("/me/data/erase/", {"sure": "on"}).status_code == 409
    client.post(f"/bookings/{place.hospital_id}/{held.booking_id}/cancel/", {"key": str(new_id())})
    gone = client.post("/me/data/erase/", {"sure": "on"})
    assert (gone.status_code, gone["Location"]) == (303, "/")
    assert people.Patient.objects.get(id=patient).name is None
    assert client.get("/bookings/").status_code == 303
