"""A hospital's own number on the pages of its patient (R-049)."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from tests import clinic as build
from tests.clinic import NOW
from tests.faces.patient.test_patient_pages import book_path, post, text_of
from tests.numbers import a_register, question
from tests.visitor import signed_in

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.db.models import Event
from yitong.core.ids import new_id
from yitong.domains.booking import handlers
from yitong.domains.booking.contracts import BookingConfirmed
from yitong.domains.people import models as people
from yitong.domains.people.commands import carriers
from yitong.domains.people.contracts.patients import NoteHospitalNumber, NumberAsk
from yitong.domains.people.contracts.words import NUMBER_NOTICES, CarrierKind
from yitong.domains.people.ports import hospital_register
from yitong.domains.people.queries import consents
from yitong.faces.patient import handing
from yitong.links.register.http import HttpHospitalRegister

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R-049")]
SYSTEM = Actor.system("test")
NOTICE = {"notice": NUMBER_NOTICES[-1]}
SAID = "就是同意我们把就诊人的姓名、证件类型和号码、性别、出生日期交给"
# The sentence of each version as it was agreed to: who changes a word makes a new version, and adds its digest here.
WORDED = {"hospital-file-2026-11": "a0a44ce69bb71a42"}


@pytest.fixture(autouse=True)
def _register() -> Iterator[None]:
    with a_register(), clock.frozen(NOW):
        yield


def asked(patient_id: UUID, hospital_id: UUID) -> UUID:
    return carriers.ask_hospital_number(question(patient_id, hospital_id), actor=SYSTEM, now=NOW).carrier_id


def answered(patient_id: UUID, carrier_id: UUID, number: str = "", reason: str = "") -> None:
    cmd = NoteHospitalNumber(patient_id, carrier_id, number, reason)
    carriers.note_hospital_number(cmd, actor=SYSTEM, now=NOW)


def test_the_booking_says_where_the_number_stands() -> None:
    place, (actor, patient_id) = build.clinic(), build.holder()
    held = build.hold(place, patient_id, actor)
    client = signed_in(actor)

    def page() -> str:
        return text_of(client.get(f"/bookings/{place.hospital_id}/{held.booking_id}/"))

    assert "医院就诊号" not in page()
    carrier_id = asked(patient_id, place.hospital_id)
    assert "医院就诊号 正在建档" in page()
    people.Carrier.objects.update(next_at=None)
    assert "医院就诊号 医院还没有答复" in page()
    answered(patient_id, carrier_id, reason="姓名与院内档案不符")
    refused = page()
    assert "医院就诊号 医院建档未成功" in refused
    assert "预约仍然有效" in refused
    assert "姓名与院内档案不符" not in refused  # the hospital's words are for its window
    answered(patient_id, asked(patient_id, place.hospital_id), "M00012345")
    assert "医院就诊号 M******45" in page()
    assert "M00012345" not in page()


def buttons(client: Client, patient_id: UUID) -> int:
    return client.get(f"/me/people/{patient_id}/").content.decode().count(f"/me/people/{patient_id}/number/")


def test_a_refusal_can_be_asked_again_from_the_person() -> None:
    place, (actor, patient_id) = build.clinic(), build.holder()
    client, path = signed_in(actor), f"/me/people/{patient_id}/number/{place.hospital_id}/"
    carrier_id = asked(patient_id, place.hospital_id)
    assert buttons(client, patient_id) == 0
    answered(patient_id, carrier_id, reason="x")
    assert buttons(client, patient_id) == 1
    assert SAID in text_of(client.get(f"/me/people/{patient_id}/"))
    unsaid = client.post(path)
    assert (unsaid.status_code, "请医院建档要先征得同意" in text_of(unsaid)) == (422, True)
    assert not people.Carrier.objects.filter(state="pending").exists()
    assert client.post(path, NOTICE).status_code == 303
    kept = people.Carrier.objects.get(state="pending")
    assert (kept.consent, kept.consent_by, kept.consent_at) == (NUMBER_NOTICES[-1], actor.account_id, NOW)
    page = text_of(client.get(f"/me/people/{patient_id}/"))
    assert SAID not in page
    assert ("正在建档" in page, "医院建档未成功" in page) == (True, False)  # only the last word counts
    assert buttons(client, patient_id) == 0
    assert people.Carrier.objects.filter(state="pending").count() == 1
    people.Carrier.objects.filter(state="pending").update(next_at=None)
    assert buttons(client, patient_id) == 1
    assert client.post(path, NOTICE).status_code == 303
    assert people.Carrier.objects.get(state="pending").next_at == NOW


def test_who_is_not_his_asks_for_nothing() -> None:
    place, (_, patient_id), (other, _) = build.clinic(), build.holder(), build.holder()
    path = f"/me/people/{patient_id}/number/{place.hospital_id}/"
    assert signed_in(other).post(path, NOTICE).status_code == 404
    assert not people.Carrier.objects.exists()


def test_where_no_hospital_can_be_asked_nobody_is_sent_to_ask() -> None:
    place, (actor, patient_id) = build.clinic(), build.holder()
    answered(patient_id, asked(patient_id, place.hospital_id), reason="x")
    hospital_register.plug(HttpHospitalRegister(None, key_id="", secret=b""))
    assert buttons(signed_in(actor), patient_id) == 0


def test_cards_stand_beside_numbers() -> None:
    place, (actor, patient_id) = build.clinic(), build.holder()
    card = carriers.LinkCarrier("k", patient_id, CarrierKind.YILIANMA, "A1234567")
    carriers.link_carrier(card, actor=SYSTEM, now=NOW)
    answered(patient_id, asked(patient_id, place.hospital_id), "M00012345")
    page = text_of(signed_in(actor).get(f"/me/people/{patient_id}/"))
    assert ("A*****67" in page, "M******45" in page) == (True, True)


# -- the consent, on the page that books -------------------------------------------------------------------------------


def key_of(page: Any) -> str:
    return re.findall(r'name="key" value="([^"]+)"', page.content.decode())[0]


def hear() -> None:
    for row in Event.objects.filter(operation=BookingConfirmed.operation).order_by("recorded_at", "id"):
        handlers.ask_for_hospital_number(events.read(row, BookingConfirmed), events.meta(row))


def test_the_sentence_is_the_version_that_is_kept() -> None:
    text = handing.words("某医院", "某按钮")
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == WORDED[NUMBER_NOTICES[-1]]
    assert {field.name for field in fields(NumberAsk)} == {
        *("carrier_id", "hospital_id"),
        *("name", "identity_kind", "identity_number", "sex", "birth_date"),  # what the sentence names
    }


def test_the_page_says_what_is_handed_over_and_its_press_is_the_consent() -> None:
    place, (actor, patient_id) = build.clinic(slots=3), build.holder()
    client = signed_in(actor)
    page = client.get(book_path(place))
    assert f"按“确认预约”，{SAID}" in text_of(page)
    assert post(client, book_path(place), patient_id, key_of(page)).status_code == 303
    hear()
    kept = people.Carrier.objects.get()
    assert (kept.patient_id, kept.issuer) == (patient_id, str(place.hospital_id))
    assert (kept.consent, kept.consent_by, kept.consent_at) == (NUMBER_NOTICES[-1], actor.account_id, NOW)


def test_the_form_of_the_booking_window_bears_it_too(settings: Any) -> None:
    """The window keeps the key as it came: `tests/browser/test_hospital_number.py` goes through it."""
    settings.YITONG_COUNTER = True
    place, (actor, patient_id) = build.clinic(), build.holder()
    page = signed_in(actor).get(book_path(place))
    assert ('action="/counter/claims"' in page.content.decode(), SAID in text_of(page)) == (True, True)
    build.hold(place, patient_id, actor, key=key_of(page))
    hear()
    assert people.Carrier.objects.get().consent == NUMBER_NOTICES[-1]


def test_where_nothing_is_handed_over_nothing_is_said() -> None:
    """A number, a question on its way, no register."""
    place, (actor, patient_id) = build.clinic(slots=3), build.holder()
    client = signed_in(actor)

    def says() -> tuple[bool, bool]:
        page = client.get(book_path(place))
        assert actor.account_id is not None
        bears = consents.notice_in(key_of(page), actor.account_id, place.hospital_id) is not None
        return SAID in text_of(page), bears

    assert says() == (True, True)
    carrier_id = asked(patient_id, place.hospital_id)
    assert says() == (False, False)
    people.Carrier.objects.update(next_at=None)  # the hospital never answered
    assert says() == (True, True)
    answered(patient_id, carrier_id, "M00012345")
    assert says() == (False, False)
    build.add_patient(actor, relation=build.Relation.SPOUSE)  # for whom there is none
    assert says() == (True, True)
    hospital_register.plug(HttpHospitalRegister(None, key_id="", secret=b""))
    assert says() == (False, False)


def test_who_is_not_verified_is_told_nothing_of_it() -> None:
    place, (actor, _) = build.clinic(), build.holder(verified=False)
    assert SAID not in text_of(signed_in(actor).get(book_path(place)))


def test_who_books_for_the_first_time_of_all_agrees_where_he_says_who_he_is() -> None:
    place, actor = build.clinic(), build.account()
    client, given = signed_in(actor), build.identity()
    page = client.get(book_path(place))
    assert f"按“核验并预约”，{SAID}" in text_of(page)
    begun = f"/book/{place.hospital_id}/{place.slot()}/first/?visit=first"

    def booked(key: str) -> Any:
        waiting = client.post(begun, {"key": key, "name": given.name, "number": given.number})
        assert waiting.status_code == 303
        people.Patient.objects.update(level="verified")
        return client.get(waiting.headers["Location"])

    ready = booked(key_of(page))
    assert f"按“确认预约”，{SAID}" in text_of(ready)
    patient_id = people.Patient.objects.get().id
    assert post(client, book_path(place), patient_id, key_of(ready)).status_code == 303
    hear()
    assert people.Carrier.objects.get().consent == NUMBER_NOTICES[-1]


def test_a_booking_that_no_page_of_ours_made_leads_to_where_one_agrees() -> None:
    place, (actor, patient_id) = build.clinic(slots=2), build.holder()
    client, to = signed_in(actor), f"/me/people/{patient_id}/?hospital={place.hospital_id}"

    def page_of(booking_id: UUID) -> str:
        return client.get(f"/bookings/{place.hospital_id}/{booking_id}/").content.decode()

    held = build.hold(place, patient_id, actor)
    hear()
    assert not people.Carrier.objects.exists()
    assert to in page_of(held.booking_id)
    assert SAID not in text_of(client.get(f"/me/people/{patient_id}/"))
    person = client.get(to)
    assert f"按“请医院建档”，{SAID}" in text_of(person)
    path = f"/me/people/{patient_id}/number/{place.hospital_id}/"
    assert client.post(path, NOTICE).status_code == 303
    assert (to in page_of(held.booking_id), SAID in text_of(client.get(to))) == (False, False)
    for unknown in ("x", str(new_id())):
        assert SAID not in text_of(client.get(f"/me/people/{patient_id}/?hospital={unknown}"))


def test_who_has_agreed_already_is_not_led_there() -> None:
    place, (actor, patient_id) = build.clinic(), build.holder()
    client = signed_in(actor)
    made = post(client, book_path(place), patient_id, key_of(client.get(book_path(place))))
    assert (
        "?hospital=" not in client.get(made.headers["Location"]).content.decode()
    )  # the hospital is asked in a moment
