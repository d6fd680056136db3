"""Getting in line or into a draw says what a hospital is given for its number; a booking that follows asks (R-049)."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from tests import clinic as build
from tests import draws, lines, make
from tests.clinic import NOW
from tests.faces.patient.test_patient_numbers import NOTICE, SAID, asked, hear
from tests.faces.patient.test_patient_pages import text_of
from tests.faces.patient.test_patient_waitlist import entry_path, join, join_path, name_of
from tests.numbers import a_register
from tests.visitor import signed_in

from yitong.core import clock
from yitong.core.ids import new_id
from yitong.domains.booking.models import Booking
from yitong.domains.draws.models import DrawEntry
from yitong.domains.draws.ports import beacon
from yitong.domains.people import commands, models, personal_data
from yitong.domains.people.contracts.patients import MergePatients, SaidNotice
from yitong.domains.people.contracts.words import NUMBER_NOTICES
from yitong.domains.people.errors import NumberConsentMissing
from yitong.domains.people.ports import hospital_register
from yitong.domains.people.queries.consents import key_saying
from yitong.domains.waitlist import models as waitlist
from yitong.domains.waitlist.commands import joining
from yitong.domains.waitlist.contracts import Join, Mode, Withdraw
from yitong.links.register.http import HttpHospitalRegister

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R-049")]
LATER = NOW + timedelta(minutes=10)
ONLY_THEN = "约上以后才交"


@pytest.fixture(autouse=True)
def _register() -> Iterator[None]:
    with a_register(), clock.frozen(NOW):
        yield


@pytest.fixture
def _beacon() -> Iterator[None]:
    before = beacon.taken()
    draws.plug()
    yield
    beacon.plug(before)


def marks(page: Any) -> list[str]:
    return re.findall(r'name="handed" value="([^"]+)"', page.content.decode())


def says(page: Any, button: str) -> bool:
    """The sentence and the mark of it stand together or not at all."""
    is_said = f"按“{button}”，{SAID}" in text_of(page)
    assert is_said == bool(marks(page))
    return is_said


def fields_of(page: Any) -> dict[str, str]:
    text = page.content.decode()
    return {name: re.findall(rf'name="{name}" value="([^"]+)"', text)[0] for name in ("hospital", "offer")}


def consent_of(carrier: models.Carrier) -> tuple[object, ...]:
    return carrier.consent, carrier.consent_by, carrier.consent_at


def booked(full: lines.SoldOut, n: int = 0) -> None:
    """A slot is freed later, and given to who is next; then the relay says so."""
    with clock.frozen(LATER):
        full.free(n, now=LATER)
        full.serve(now=LATER)
        hear()


# -- 候补 --------------------------------------------------------------------------------------------------------------


def test_the_press_that_joins_is_the_consent_for_the_booking_that_results() -> None:
    full, (actor, patient_id) = lines.sold_out(), build.holder()
    client = signed_in(actor)
    page = client.get(join_path(full))
    assert says(page, "登记候补")
    assert ONLY_THEN in text_of(page)
    key = new_id()
    for _ in range(2):  # pressed twice
        assert join(client, full, patient_id, mode="at_once", key=key, handed=marks(page)).status_code == 303
    hear()
    assert not models.Carrier.objects.exists()  # nothing is handed over before
    booked(full)
    carrier = models.Carrier.objects.get()
    assert (carrier.patient_id, carrier.issuer) == (patient_id, str(full.place.hospital_id))
    assert consent_of(carrier) == (NUMBER_NOTICES[-1], actor.account_id, NOW)  # of the press, not of the booking
    mine = Booking.objects.get(patient_id=patient_id)
    shown = client.get(f"/bookings/{full.place.hospital_id}/{mine.id}/").content.decode()
    assert "?hospital=" not in shown  # he has agreed, and isn't led there once more


def test_a_family_agrees_for_each_of_its_patients() -> None:
    full, (actor, patient_id) = lines.sold_out(slots=2), build.holder()
    patients = [patient_id, *lines.family(actor, 1)]
    client = signed_in(actor)
    asked(patient_id, full.place.hospital_id)  # one has his on its way
    page = client.get(join_path(full))
    assert says(page, "登记候补")
    join(client, full, *patients, mode="at_once", handed=marks(page))
    full.free(1)
    booked(full)
    assert {row.patient_id for row in models.Carrier.objects.filter(consent_by=actor.account_id)} == {patients[1]}


def test_without_the_sentence_nobody_is_asked_and_the_booking_leads_to_it() -> None:
    """As entries of before, partners' ones, and forms of before."""
    full, (actor, patient_id) = lines.sold_out(), build.holder()
    client = signed_in(actor)
    join(client, full, patient_id, mode="at_once")
    booked(full)
    assert not models.Carrier.objects.exists()
    mine = Booking.objects.get(patient_id=patient_id)
    to = f"/me/people/{patient_id}/?hospital={full.place.hospital_id}"
    assert to in client.get(f"/bookings/{full.place.hospital_id}/{mine.id}/").content.decode()
    assert client.post(f"/me/people/{patient_id}/number/{full.place.hospital_id}/", NOTICE).status_code == 303


def test_what_another_account_or_hospital_said_counts_for_nothing() -> None:
    full, (actor, patient_id), (other, _) = lines.sold_out(), build.holder(), build.holder()
    assert actor.account_id is not None
    assert other.account_id is not None
    wrong = [
        key_saying(other.account_id, full.place.hospital_id),
        key_saying(actor.account_id, new_id()),
        "x",
        new_id(),
    ]
    join(signed_in(actor), full, patient_id, mode="at_once", handed=[str(one) for one in wrong])
    booked(full)
    assert not models.NumberConsent.objects.exists()
    assert not models.Carrier.objects.exists()


def test_a_version_that_was_never_said_is_refused_and_nobody_waits() -> None:
    full, (actor, patient_id) = lines.sold_out(), build.holder()
    said = (SaidNotice(full.place.hospital_id, "never"),)
    with pytest.raises(NumberConsentMissing):
        joining.join_waitlist(Join("k", (patient_id,), (full.key,), Mode.ASK, said=said), actor=actor, now=NOW)
    assert not models.NumberConsent.objects.exists()


def test_where_nothing_is_handed_over_nothing_is_said() -> None:
    full, (actor, patient_id) = lines.sold_out(), build.holder()
    client = signed_in(actor)
    asked(patient_id, full.place.hospital_id)
    assert not says(client.get(join_path(full)), "登记候补")
    build.add_patient(actor, relation=build.Relation.SPOUSE)
    assert says(client.get(join_path(full)), "登记候补")
    hospital_register.plug(HttpHospitalRegister(None, key_id="", secret=b""))
    assert not says(client.get(join_path(full)), "登记候补")


def test_a_page_that_offers_other_hospitals_names_each() -> None:
    full, far, (actor, patient_id) = lines.sold_out(), lines.sold_out(), build.holder()
    client, box = signed_in(actor), f"{far.place.hospital_id} {far.place.session_id}"
    page = join(client, full, patient_id, show="elsewhere")
    assert says(page, "登记候补")
    assert f"交给约上的那家医院（{name_of(full)}、{name_of(far)}）建档" in text_of(page)
    assert len(marks(page)) == 2
    join(client, full, patient_id, elsewhere=[box], mode="at_once", handed=marks(page))
    booked(far)
    carrier = models.Carrier.objects.get()  # only that one is asked
    assert (carrier.issuer, carrier.consent_by) == (str(far.place.hospital_id), actor.account_id)


def test_the_consent_of_one_entry_is_no_other_booking_s() -> None:
    full, (actor, patient_id) = lines.sold_out(), build.holder()
    more = lines.sold_out(hospital_id=full.place.hospital_id)
    client, free = signed_in(actor), build.clinic(hospital_id=full.place.hospital_id, at=build.time(15))
    join(client, full, patient_id, handed=marks(client.get(join_path(full))))
    assert client.post(f"{entry_path()}withdraw/", {"key": str(new_id())}).status_code == 303
    lines.join(actor, [patient_id], more)  # by a partner, say
    booked(more)
    build.hold(free, patient_id, actor)
    hear()
    assert Booking.objects.filter(patient_id=patient_id, live=True).count() == 2
    assert not models.Carrier.objects.exists()


def test_a_record_that_was_merged_meanwhile_has_agreed() -> None:
    full, (actor, patient_id) = lines.sold_out(), build.holder()
    client = signed_in(actor)
    join(client, full, patient_id, mode="at_once", handed=marks(client.get(join_path(full))))
    survivor = make.patient_seen()
    merge = MergePatients(f"m{make.number()}", survivor, patient_id, "同一人")
    commands.merge_patients(merge, actor=make.city_operator(), now=NOW)
    booked(full)
    carrier = models.Carrier.objects.get()
    assert (carrier.patient_id, carrier.consent_by) == (survivor, actor.account_id)


def test_an_offer_of_an_entry_that_never_said_it_says_it_where_it_is_taken() -> None:
    full, (actor, patient_id) = lines.sold_out(), build.holder()
    client = signed_in(actor)
    join(client, full, patient_id)
    full.free(0)
    full.serve()
    page = client.get(entry_path())
    assert says(page, "约这个号")
    fields = fields_of(page)
    with clock.frozen(LATER):
        answer = {**fields, "key": str(new_id()), "answer": "accept", "handed": marks(page)}
        assert client.post(f"{entry_path()}answer/", answer).status_code == 303
        hear()
    assert consent_of(models.Carrier.objects.get()) == (NUMBER_NOTICES[-1], actor.account_id, LATER)


def test_an_offer_of_who_agreed_on_joining_says_nothing_again() -> None:
    full, (actor, patient_id) = lines.sold_out(), build.holder()
    client = signed_in(actor)
    join(client, full, patient_id, handed=marks(client.get(join_path(full))))
    full.free(0)
    full.serve()
    page = client.get(entry_path())
    assert "约这个号" in text_of(page)
    assert not says(page, "约这个号")


def test_who_declines_agrees_to_nothing() -> None:
    full, (actor, patient_id) = lines.sold_out(), build.holder()
    client = signed_in(actor)
    join(client, full, patient_id)
    full.free(0)
    full.serve()
    page = client.get(entry_path())
    fields = fields_of(page)
    answer = {**fields, "key": str(new_id()), "answer": "decline", "handed": marks(page)}
    assert client.post(f"{entry_path()}answer/", answer).status_code == 303
    assert not models.NumberConsent.objects.exists()


def change_page(client: Client) -> Any:
    return client.get(f"{entry_path()}change/")


def test_a_change_says_it_where_it_was_not_said() -> None:
    full, (actor, patient_id) = lines.sold_out(), build.holder()
    client = signed_in(actor)
    join(client, full, patient_id)
    page = change_page(client)
    assert says(page, "保存")
    wish = {"key": str(new_id()), "sessions": [str(full.place.session_id)], "mode": "at_once", "handed": marks(page)}
    assert client.post(f"{entry_path()}change/", wish).status_code == 303
    assert not says(change_page(client), "保存")
    booked(full)
    assert models.Carrier.objects.get().consent_by == actor.account_id


def test_what_was_agreed_to_before_a_booking_is_exported_and_forgotten() -> None:
    full, (actor, patient_id) = lines.sold_out(), build.holder()
    client = signed_in(actor)
    join(client, full, patient_id, handed=marks(client.get(join_path(full))))
    (kept,) = personal_data.export([patient_id], None)["consents_before_a_booking"]  # type: ignore[misc]
    assert kept["consent"] == NUMBER_NOTICES[-1]
    commands.erase([make.patient_seen()], None, now=NOW)
    assert models.NumberConsent.objects.count() == 1
    joining.withdraw_entry(Withdraw("w", waitlist.WaitlistEntry.objects.get().id), actor=actor, now=NOW)
    commands.erase([patient_id], actor.account_id, now=NOW)
    assert not models.NumberConsent.objects.exists()


# -- 摇号 --------------------------------------------------------------------------------------------------------------


def apply(place: draws.Place, client: Client, patient_id: UUID, handed: list[str]) -> Any:
    wish = {"key": str(new_id()), "patients": [str(patient_id)], "visit": "first", "place_0": "1", "handed": handed}
    return client.post(f"/draws/{place.hospital_id}/{place.draw_id}/apply/", wish)


@pytest.mark.usefixtures("_beacon")
@pytest.mark.parametrize("agrees", [True, False])
def test_who_wins_a_draw_has_agreed_where_he_entered_it(agrees: bool) -> None:
    place, (actor, patient_id) = draws.opened(), build.holder()
    client, opens_at = signed_in(actor), place.row.opens_at
    with clock.frozen(opens_at):
        page = client.get(f"/draws/{place.hospital_id}/{place.draw_id}/apply/")
        assert says(page, "报名")
        assert ONLY_THEN in text_of(page)
        assert apply(place, client, patient_id, marks(page) if agrees else []).status_code == 303
    draws.settled(place)
    assert DrawEntry.objects.get().state == "won"
    hear()
    kept = [consent_of(row) for row in models.Carrier.objects.all()]
    assert kept == ([(NUMBER_NOTICES[-1], actor.account_id, opens_at)] if agrees else [])


@pytest.mark.usefixtures("_beacon")
def test_where_nobody_who_enters_is_asked_about_the_draw_says_nothing() -> None:
    place, (actor, patient_id) = draws.opened(), build.holder()
    asked(patient_id, place.hospital_id)
    with clock.frozen(place.row.opens_at):
        page = signed_in(actor).get(f"/draws/{place.hospital_id}/{place.draw_id}/apply/")
    assert not says(page, "报名")


@pytest.mark.usefixtures("_beacon")
def test_who_lost_and_gets_in_line_by_one_press_agrees_by_it() -> None:
    place = draws.opened(slots=(1,))
    winner, first = build.holder()
    actor, patient_id = build.holder()
    with clock.frozen(place.row.opens_at):
        draws.apply(place, actor=actor, patients=[patient_id])
        draws.apply(place, actor=winner, patients=[first])
    draws.settled(place)
    loser = DrawEntry.objects.get(state="lost")
    account = {winner.account_id: winner, actor.account_id: actor}[loser.account_id]
    path = f"/me/draws/{place.hospital_id}/{loser.id}/"
    with clock.frozen(draws.after_beacon(place)):
        client = signed_in(account)
        page = client.get(path)
        assert says(page, "一键候补")
        assert client.post(f"{path}wait/", {"key": str(new_id()), "handed": marks(page)}).status_code == 303
    kept = models.NumberConsent.objects.get()
    assert (kept.account_id, kept.hospital_id) == (loser.account_id, place.hospital_id)
