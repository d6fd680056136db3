"""The booking page before the booking window: what its form carries, and what the window's refusals look like on it."""

import re
import string
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from tests import clinic as build
from tests.clinic import NOW
from tests.faces.patient.test_patient_pages import book_path, post, text_of
from tests.visitor import anybody, signed_in

from yitong.core import clock, sentences
from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.booking.models import Booking
from yitong.domains.booking.queries import window as booking_window
from yitong.domains.people.models import Account
from yitong.faces.patient.booking import window

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(settings: Any) -> Iterator[None]:
    settings.YITONG_COUNTER = True
    with clock.frozen(NOW):
        yield


def fields_of(page: Any) -> dict[str, str]:
    """The hidden fields of the form."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()))


def chosen_of(page: Any) -> str:
    return re.findall(r'name="patient_id" value="([^"]+)" checked', page.content.decode())[0]


def test_the_form_goes_to_the_window_with_a_pass_for_its_people() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    page = signed_in(actor).get(book_path(place))
    fields = fields_of(page)
    assert 'action="/counter/claims"' in page.content.decode()
    assert {name: fields[name] for name in ("hospital_id", "slot_id", "is_first_visit", "by_name", "near")} == {
        "hospital_id": str(place.hospital_id),
        "slot_id": str(place.slot()),
        "is_first_visit": "true",
        "by_name": "false",
        "near": "window",
    }
    said = booking_window.passes().read(fields["pass"])
    assert (said.account_id, [one.patient_id for one in said.patients]) == (actor.account_id, [patient])
    assert UUID(fields["key"])


def test_where_no_window_is_served_the_page_books_itself(settings: Any) -> None:
    settings.YITONG_COUNTER = False
    place, (actor, _) = build.clinic(), build.holder()
    page = signed_in(actor).get(book_path(place)).content.decode()
    assert "/counter/" not in page
    assert "csrfmiddlewaretoken" in page


def test_who_has_nobody_yet_is_asked_first_who_he_is() -> None:
    place = build.clinic()
    page = signed_in(build.account()).get(book_path(place)).content.decode()
    assert "/counter/" not in page
    assert "您是谁" in page


@pytest.mark.rule("R-005")
@pytest.mark.parametrize("code", ["SLOT_TAKEN", "POOL_EXHAUSTED", "TIME_CLASH"])
def test_who_presses_once_more_hears_that_it_is_booked_and_not_that_somebody_took_it(code: str) -> None:
    """By a second tab, or on the way back: it was his own booking that took the time."""
    place, (actor, mine) = build.clinic(slots=3), build.holder()
    other = build.add_patient(actor, relation=build.Relation.SPOUSE)
    held = build.hold(place, mine, actor)
    client = signed_in(actor)
    page = client.get(book_path(place) + f"&refused={code}&patient={mine}")
    assert "这位就诊人这一天的这个科已经约好了" in text_of(page)
    assert f'href="/bookings/{place.hospital_id}/{held.booking_id}/"' in page.content.decode()
    assert "号源已被预约" not in text_of(page)
    assert "这些时间还有号" not in text_of(page)
    assert "已经约好了" not in text_of(client.get(book_path(place) + f"&refused={code}&patient={other}"))


@pytest.mark.rule("R-005")
def test_one_booking_a_day_in_a_department_is_said_with_the_way_to_it() -> None:
    place, (actor, mine) = build.clinic(slots=3), build.holder()
    held = build.hold(place, mine, actor)
    page = signed_in(actor).get(book_path(place) + f"&refused=BOOK_DUP_DEPT&patient={mine}")
    assert "同一就诊日同一科室只能预约1次" in text_of(page)
    assert f'<a href="/bookings/{place.hospital_id}/{held.booking_id}/">看这个预约</a>' in page.content.decode()


def test_another_account_learns_nothing_of_a_booking() -> None:
    place, (actor, patient) = build.clinic(slots=3), build.holder()
    build.hold(place, patient, actor)
    page = signed_in(build.holder()[0]).get(book_path(place) + f"&refused=SLOT_TAKEN&patient={patient}")
    assert "号源已被预约" in text_of(page)
    assert "已经约好了" not in text_of(page)


def test_who_signs_in_after_a_refusal_is_not_told_that_the_time_is_still_there() -> None:
    place = build.clinic()
    for refused, is_there in (("", True), ("&refused=SLOT_TAKEN", False)):
        following = quote(book_path(place) + refused, safe="")
        assert ("您选的时间还在" in text_of(anybody().get(f"/sign-in/?next={following}"))) is is_there


def test_a_refusal_comes_back_with_its_numbers_its_patient_and_what_is_near() -> None:
    place, (actor, first) = build.clinic(slots=3), build.holder()
    other = build.add_patient(actor, relation=build.Relation.SPOUSE)
    stranger, theirs = build.holder()
    build.hold(place, theirs, stranger)
    client = signed_in(actor)
    assert chosen_of(client.get(book_path(place) + f"&refused=TIME_CLASH&patient={other}")) == str(other)
    page = client.get(book_path(place) + f"&refused=SLOT_TAKEN&patient={first}")
    assert page.status_code == 200
    assert "号源已被预约" in text_of(page)
    assert "请选择其他时段" in text_of(page)
    assert "同一半天，这些时间还有号" in text_of(page)
    near = re.findall(r'class="window" href="/book/[^/]+/([^/]+)/', page.content.decode())
    assert near == [str(place.slot(1)), str(place.slot(2))]
    limit = text_of(client.get(book_path(place) + "&refused=BOOK_LIMIT_7D&n=3"))
    assert "任意7天内最多预约3次" in limit
    assert "这些时间还有号" not in limit


@pytest.mark.parametrize("served", [True, False])
def test_a_time_that_is_gone_has_no_press(settings: Any, served: bool) -> None:
    settings.YITONG_COUNTER = served
    place, (actor, patient), (other, hers) = build.clinic(slots=3), build.holder(), build.holder()
    build.hold(place, hers, other)
    client = signed_in(actor)
    pages = [client.get(book_path(place) + f"&refused={code}") for code in ("SLOT_TAKEN", "SESSION_CANCELLED")]
    if not served:
        pages.append(post(client, book_path(place), patient))
    for page in pages:
        assert "data-gone" in page.content.decode()
        assert "同一半天，这些时间还有号" in text_of(page)
        assert not re.search(r"<button[^>]*>确认预约", page.content.decode())
    still = client.get(book_path(place) + "&refused=TIME_CLASH").content.decode()
    assert re.search(r"<button[^>]*>确认预约", still)
    assert "data-gone" not in still


@pytest.mark.parametrize(
    "crafted",
    [
        "refused=BOOK_LIMIT_7D&n=call+0551-123",
        "refused=BOOK_LIMIT_7D",
        "refused=NOSHOW_LOCK&n=3&date=%3Cb%3Etoday",
        "refused=BOOK_WINDOW&min=1&max=7&release_time=07:00+call+us",
        "refused=BOOK_WINDOW&min=%D9%A3&max=7&release_time=07:00",
        "refused=YOU_WON",
        "refused=CANCEL_TOO_LATE&deadline=now",
        "refused=",
    ],
)
def test_nobody_can_make_a_link_that_says_what_he_likes(crafted: str) -> None:
    place, (actor, _) = build.clinic(), build.holder()
    client = signed_in(actor)
    page = client.get(book_path(place) + "&" + crafted)
    assert page.status_code == 200
    assert 'role="alert"' not in page.content.decode()
    assert "0551" not in text_of(page)


def test_a_patient_of_another_cannot_be_chosen_by_the_link() -> None:
    place, (actor, mine), (_, theirs) = build.clinic(), build.holder(), build.holder()
    page = signed_in(actor).get(book_path(place) + f"&refused=TIME_CLASH&patient={theirs}")
    assert str(theirs) not in re.sub(r'\?[^"]*"', "", page.content.decode())
    assert str(mine) in page.content.decode()


def test_only_a_claim_in_doubt_keeps_its_key() -> None:
    place, (actor, _), key = build.clinic(), build.holder(), str(new_id())
    client = signed_in(actor)
    busy = client.get(book_path(place) + f"&refused=BUSY&key={key}")
    assert fields_of(busy)["key"] == key
    assert "系统繁忙" in text_of(busy)
    assert fields_of(client.get(book_path(place) + f"&refused=TIME_CLASH&key={key}"))["key"] != key
    assert fields_of(client.get(book_path(place) + "&refused=BUSY&key=x"))["key"] != "x"


def test_each_sentence_names_what_is_let_through() -> None:
    catalogue = sentences.catalogue()
    for kind, told in window.TOLD.items():
        texts = " ".join(catalogue[kind.code].values())
        named = {field for _, field, _, _ in string.Formatter().parse(texts) if field}
        assert named == set(told), kind.code


@pytest.mark.rule("R-010")
def test_who_is_refused_for_his_many_bookings_can_do_what_the_refusal_says() -> None:
    place, (actor, _) = build.clinic(), build.holder()
    client = signed_in(actor)
    assert client.get("/me/appeal/").status_code == 303
    Account.objects.filter(id=actor.account_id).update(booked_at=[NOW] * 15)
    page = client.get(book_path(place) + "&refused=ABUSE_LOCK").content.decode()
    assert 'href="/me/appeal/"' in page
    assert "三个月内预约次数已满" in text_of(client.get("/me/appeal/"))
    sent = client.post("/me/appeal/", {"lock": "", "words": "一家三口都在看病"})
    assert (sent.status_code, sent["location"]) == (303, "/me/")
    assert "正在人工复核" in text_of(client.get("/me/"))


def test_every_refusal_of_the_table_is_told() -> None:
    shaped = {window.NUMBER: "3", window.DAY: "2026-11-23", window.TIME: "07:00", window.TRACE: "0123456789abcdef"}
    for kind, told in window.TOLD.items():
        asked = {"refused": kind.code, **{name: shaped[pattern] for name, pattern in told.items()}}
        refusal = window.refusal_of(asked)
        assert isinstance(refusal, Refusal)
        assert type(refusal) is kind


def test_a_new_booking_is_greeted_once() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    held = build.hold(place, patient, actor)
    client = signed_in(actor)
    path = f"/bookings/{held.hospital_id}/{held.booking_id}/"
    arrived = client.get(path + "?new=1")
    assert (arrived.status_code, arrived["location"]) == (303, path)
    assert "预约成功" in text_of(client.get(path))
    assert "预约成功" not in text_of(client.get(path))


def test_an_old_or_ended_booking_is_not_greeted() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    held = build.hold(place, patient, actor)
    client = signed_in(actor)
    path = f"/bookings/{held.hospital_id}/{held.booking_id}/"
    Booking.objects.filter(id=held.booking_id).update(created_at=NOW - timedelta(minutes=6))
    assert "预约成功" not in text_of(client.get(path + "?new=1", follow=True))
