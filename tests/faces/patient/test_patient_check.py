"""The check before booking, as its pages go: led there, why, two questions, a code instead, a person."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from tests import clinic as build
from tests import lines, make
from tests.faces.patient.test_patient_pages import book_path, text_of
from tests.unit.fairness.test_slow_path import LATER, rights, slow_holder, wrongs
from tests.visitor import signed_in

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.ids import new_id
from yitong.domains.booking.models import Booking
from yitong.domains.fairness import models
from yitong.domains.fairness.commands import checking, reviewing
from yitong.domains.fairness.contracts import DecideReview
from yitong.domains.notify.models import Message
from yitong.domains.people.contracts.words import Decision
from yitong.domains.people.models import SlowPath

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.frozen(LATER):
        yield


def answers(picked: tuple[int, ...]) -> dict[str, str]:
    return {f"answer_{n}": str(one) for n, one in enumerate(picked)}


def asked(actor: Actor) -> None:
    checking.ask_questions(actor=actor, now=LATER)


@pytest.mark.rule("R-017")
@pytest.mark.parametrize("has_window", [True, False])
def test_booking_leads_to_the_check_and_the_right_answers_lead_back(settings: Any, *, has_window: bool) -> None:
    settings.YITONG_COUNTER = has_window
    actor, patient = slow_holder()
    client, path = signed_in(actor), book_path(build.clinic(day=build.DAY))
    if has_window:
        led = client.get(path)
    else:  # without a window the page books itself, and is told when it does
        led = client.post(path, {"key": str(new_id()), "patient": str(patient), "visit": "first"})
    assert (led.status_code, led.headers["Location"].split("?")[0]) == (303, "/me/check/")
    page = client.get(led.headers["Location"])
    assert page.status_code == 200
    assert "请先回答两个小问题" in text_of(page)
    form = page.content.decode().split('action="/me/check/"')[1]
    back = re.findall(r'name="next" value="([^"]+)"', form)[0]
    assert back.split("?")[0] == path.split("?")[0]
    done = client.post("/me/check/", {**answers(rights(actor)), "next": back})
    assert (done.status_code, done.headers["Location"]) == (303, back)
    again = client.get(back)
    assert again.status_code == 200
    assert "以前都可以预约" in text_of(again)
    assert "已经确认过" in text_of(client.get("/me/check/"))
    assert Booking.objects.filter(patient_id=patient, live=True).count() == 0


@pytest.mark.parametrize("way", ["waitlist", "line"])
def test_getting_in_line_leads_to_the_check_as_well(settings: Any, *, way: str) -> None:
    settings.YITONG_COUNTER = True
    actor, patient = slow_holder()
    client = signed_in(actor)
    if way == "waitlist":
        full = lines.sold_out()
        path = f"/book/waitlist/{full.place.hospital_id}/{full.place.session_id}/"
        sent = {"patients": patient, "sessions": full.place.session_id, "mode": "at_once", "key": str(new_id())}
        led = client.post(f"{path}?visit=first", sent)
    else:
        place = build.clinic(release_at=LATER + timedelta(hours=1))
        lines.decide(place.hospital_id, "booking.line.mode", "release")
        path = f"/lines/{place.hospital_id}/{place.department_id}/"
        led = client.get(path)
    assert (led.status_code, led.headers["Location"].split("?")[0]) == (303, "/me/check/")
    assert quote(path, safe="") in led.headers["Location"]


@pytest.mark.rule("R-199")
def test_the_page_says_why_in_plain_words_with_days_and_the_way_to_a_person() -> None:
    actor, _ = slow_holder()
    client = signed_in(actor)
    page = text_of(client.get("/me/check/"))
    assert "现在是 70 分，满 45 分就要先确认" in page
    assert "最近60天里，有2次放掉一个号后，120分钟内在同一场次为另一个人约上" in page
    assert "30 分" in page
    assert "申请人工复核" in page
    english = text_of(client.get("/me/check/", headers={"Accept-Language": "en"}))
    assert "You have 70 points; from 45 on a check comes first" in english
    assert not re.search("[一-鿿]", english.replace("中文", ""))


@pytest.mark.rule("R-224")
def test_the_questions_are_named_groups_of_radio_buttons_and_nothing_else() -> None:
    actor, _ = slow_holder()
    source = signed_in(actor).get("/me/check/").content.decode()
    form = source.split('action="/me/check/"')[1].split("</form>")[0]
    assert form.count("<fieldset") == form.count("<legend>") == 2
    assert form.count('type="radio"') == 8
    assert "<img" not in form
    assert "<canvas" not in form
    assert "<audio" not in form


def test_a_wrong_answer_brings_new_questions_and_an_empty_one_the_same() -> None:
    actor, _ = slow_holder()
    client = signed_in(actor)
    asked(actor)
    seed = models.Check.objects.get().seed
    empty = client.post("/me/check/", {})
    assert (empty.status_code, text_of(empty).count("请选一个")) == (422, 2)
    assert models.Check.objects.get().seed == seed
    wrong = client.post("/me/check/", answers(wrongs(actor)))
    assert wrong.status_code == 422
    assert "有一道没有答对" in text_of(wrong)
    assert models.Check.objects.get().seed != seed


def test_a_code_by_text_message_instead() -> None:
    actor, _ = slow_holder()
    client, back = signed_in(actor), "/bookings/"
    page = client.post("/me/check/code/", {"next": back})
    assert page.status_code == 200
    assert "验证码发到您账号的手机号" in text_of(page)
    code = make.code_sent(Message.objects.filter(template="phone_code").order_by("-id")[0].phone)
    wrong = client.post("/me/check/code/", {"code": "000000" if code != "000000" else "1", "next": back})
    assert (wrong.status_code, "还可以再试" in text_of(wrong)) == (422, True)
    assert client.post("/me/check/code/", {"code": "", "next": back}).status_code == 422
    done = client.post("/me/check/code/", {"code": code, "next": back})
    assert (done.status_code, done.headers["Location"]) == (303, back)
    again = client.post("/me/check/code/", {"next": back})
    assert again.status_code == 429


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org/", "javascript:alert(1)"])
def test_nobody_is_led_away_by_a_link(elsewhere: str) -> None:
    actor, _ = slow_holder()
    client = signed_in(actor)
    page = client.get(f"/me/check/?next={quote(elsewhere)}").content.decode()
    assert "example.org" not in page.split("<main")[1].split("</main>")[0]
    done = client.post("/me/check/", {**answers(rights(actor)), "next": elsewhere})
    assert done.headers["Location"] == "/me/check/"


def test_a_person_is_asked_once_and_the_answer_is_shown() -> None:
    actor, _ = slow_holder()
    client = signed_in(actor)
    assert client.get("/me/check/review/").status_code == 200
    assert client.post("/me/check/review/", {"words": ""}).status_code == 422
    sent = client.post("/me/check/review/", {"words": "我替村里老人约号"})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/me/check/")
    page = text_of(client.get("/me/check/"))
    assert "正在等人看" in page
    assert "申请人工复核" not in page
    assert client.get("/me/check/review/").headers["Location"] == "/me/check/"
    twice = client.post("/me/check/review/", {"words": "再说一次"})
    assert (twice.status_code, "正在等待人工复核" in text_of(twice)) == (409, True)


@pytest.mark.parametrize("decision", list(Decision))
def test_what_a_person_decided_is_read_by_who_asked(decision: Decision) -> None:
    actor, _ = slow_holder()
    client = signed_in(actor)
    client.post("/me/check/review/", {"words": "我替村里老人约号"})
    waiting = models.Review.objects.get(account_id=actor.account_id)
    operator = make.staff_actor("city_operator")
    reviewing.decide_review(DecideReview(waiting.id, decision, "核对过"), actor=operator, now=LATER)
    page = text_of(client.get("/me/check/"))
    is_lifted = decision is Decision.LIFTED
    assert ("之前的记录不再计分" in page, "您可以补充说明再申请" in page) == (is_lifted, not is_lifted)
    assert ("申请人工复核" in page) is not is_lifted


def test_who_is_plain_reads_how_he_stands_and_nothing_is_asked() -> None:
    actor, _ = build.holder()
    client = signed_in(actor)
    page = client.get("/me/check/")
    assert "您现在预约不用确认" in text_of(page)
    assert "您现在是 0 分" in text_of(page)
    assert "radio" not in page.content.decode()
    assert client.get("/me/check/review/").headers["Location"] == "/me/check/"
    assert client.post("/me/check/review/", {"words": "x"}).headers["Location"] == "/me/check/"
    assert client.post("/me/check/", answers((0, 0))).headers["Location"] == "/me/check/"
    assert client.post("/me/check/code/", {}).headers["Location"] == "/me/check/"
    assert models.Check.objects.count() + SlowPath.objects.count() == 0


def test_the_rules_are_open_to_everybody_with_the_values_in_force() -> None:
    page = text_of(Client(SERVER_NAME="localhost").get("/me/check/how/"))
    assert page.count("每次") >= 8
    assert "约好后60分钟内就取消，或到时间没有支付" in page
    assert "加起来满 45 分" in page
    assert "同一种情况最多 40 分" in page


@pytest.mark.parametrize("path", ["/me/check/", "/me/check/review/"])
def test_a_stranger_signs_in_first(path: str) -> None:
    assert "/sign-in/" in Client(SERVER_NAME="localhost").get(path).headers["Location"]
