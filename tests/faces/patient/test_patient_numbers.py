"""A hospital's own number on the pages of its patient (R-049)."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from django.test import Client
from tests import clinic as build
from tests.clinic import NOW
from tests.faces.patient.test_patient_pages import signed_in, text_of

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.domains.people import models as people
from yitong.domains.people.commands import carriers
from yitong.domains.people.contracts.patients import AskHospitalNumber, NoteHospitalNumber
from yitong.domains.people.contracts.words import CarrierKind
from yitong.domains.people.ports import hospital_register
from yitong.links.register.http import HttpHospitalRegister

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R-049")]
SYSTEM = Actor.system("test")


@pytest.fixture(autouse=True)
def _register() -> Iterator[None]:
    """One that can be asked; nobody does here."""
    before = hospital_register.taken()
    link = HttpHospitalRegister("http://127.0.0.1:1", key_id="yitong", secret=b"x")
    hospital_register.plug(link)
    with clock.frozen(NOW):
        yield
    link.close()
    hospital_register.plug(before)


def asked(patient_id: UUID, hospital_id: UUID) -> UUID:
    cmd = AskHospitalNumber(patient_id, hospital_id)
    return carriers.ask_hospital_number(cmd, actor=SYSTEM, now=NOW).carrier_id


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
    assert client.post(path).status_code == 303
    page = text_of(client.get(f"/me/people/{patient_id}/"))
    assert ("正在建档" in page, "医院建档未成功" in page) == (True, False)  # only the last word counts
    assert buttons(client, patient_id) == 0
    assert people.Carrier.objects.filter(state="pending").count() == 1
    people.Carrier.objects.filter(state="pending").update(next_at=None)
    assert buttons(client, patient_id) == 1
    assert client.post(path).status_code == 303
    assert people.Carrier.objects.get(state="pending").next_at == NOW


def test_who_is_not_his_asks_for_nothing() -> None:
    place, (_, patient_id), (other, _) = build.clinic(), build.holder(), build.holder()
    path = f"/me/people/{patient_id}/number/{place.hospital_id}/"
    assert signed_in(other).post(path).status_code == 404
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
