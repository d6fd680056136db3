"""Whoever books at a hospital that has no number of his has it asked, once (R-049)."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from tests import clinic as build
from tests.clinic import NOW

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.db.models import Event
from yitong.core.ids import new_id
from yitong.domains.booking import handlers
from yitong.domains.booking.contracts import BookingConfirmed
from yitong.domains.booking.models import Booking
from yitong.domains.people import models as people
from yitong.domains.people.commands import carriers
from yitong.domains.people.contracts.patients import NumberAnswer, NumberAsk
from yitong.domains.people.contracts.words import NUMBER_NOTICES, NumberOutcome
from yitong.domains.people.jobs import ask_hospitals
from yitong.domains.people.ports import hospital_register
from yitong.domains.people.queries import consents
from yitong.domains.people.queries.consents import key_saying

pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.rule("R-049")]


class Refusing:
    """Every hospital says no, where it can be asked at all."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.is_open = is_open
        self.asks: list[UUID] = []

    def number(self, ask: NumberAsk) -> NumberAnswer:
        self.asks.append(ask.hospital_id)
        return NumberAnswer(NumberOutcome.REFUSED, reason="x")


@pytest.fixture(autouse=True)
def register() -> Iterator[Refusing]:
    before = hospital_register.taken()
    plugged = Refusing()
    hospital_register.plug(plugged)
    with clock.frozen(NOW):
        yield plugged
    hospital_register.plug(before)


def hear() -> None:
    """As the relay does, which may do it twice."""
    for row in Event.objects.filter(operation=BookingConfirmed.operation).order_by("recorded_at", "id"):
        handlers.ask_for_hospital_number(events.read(row, BookingConfirmed), events.meta(row))


def agreed(place: build.Clinic, actor: Actor) -> str:
    """The key of a page that said what the hospital is given."""
    assert actor.account_id is not None
    return str(key_saying(actor.account_id, place.hospital_id))


def test_the_first_booking_at_a_hospital_has_its_number_asked_once(register: Refusing) -> None:
    place = build.clinic()
    actor, patient_id = build.holder()
    build.hold(place, patient_id, actor, key=agreed(place, actor))
    with clock.frozen(NOW + timedelta(minutes=1)):
        hear()
        hear()
    carrier = people.Carrier.objects.get()
    assert (carrier.patient_id, carrier.issuer, carrier.state) == (patient_id, str(place.hospital_id), "pending")
    consent = (carrier.consent, carrier.consent_by, carrier.consent_at)
    assert consent == (NUMBER_NOTICES[-1], actor.account_id, NOW)  # when he pressed, not when it was heard
    people.Carrier.objects.update(next_at=NOW)
    ask_hospitals(0)
    hear()  # late, and again: the hospital has said no since
    ask_hospitals(0)
    assert register.asks == [place.hospital_id]
    assert Booking.objects.get().state == "confirmed"  # it stands without


def test_where_no_hospital_can_be_asked_nobody_waits_for_one() -> None:
    hospital_register.plug(Refusing(is_open=False))
    place = build.clinic()
    actor, patient_id = build.holder()
    build.hold(place, patient_id, actor, key=agreed(place, actor))
    hear()
    assert not people.Carrier.objects.exists()


def test_nobody_is_asked_for_whom_no_page_spoke_of_it(register: Refusing) -> None:
    """A partner's key, another account's or hospital's that said so, one that was made up."""
    place, elsewhere = build.clinic(slots=5), build.clinic()
    actor, patient_id = build.holder()
    mine = agreed(place, actor)
    made_up = mine[:-1] + ("1" if mine[-1] == "0" else "0")
    for n, key in enumerate([str(new_id()), "114-0001", agreed(place, build.account())]):
        other, theirs = build.holder()
        build.hold(place, theirs, other, n=n, key=key)
    build.hold(place, patient_id, actor, n=3, key=agreed(elsewhere, actor))
    build.hold(place, build.add_patient(actor, relation=build.Relation.SPOUSE), actor, n=4, key=made_up)
    hear()
    assert not people.Carrier.objects.exists()


def test_an_older_sentence_is_kept_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that was open while the words changed."""
    place = build.clinic()
    actor, patient_id = build.holder()
    build.hold(place, patient_id, actor, key=agreed(place, actor))
    versions = (*NUMBER_NOTICES, "later")
    monkeypatch.setattr(consents, "NUMBER_NOTICES", versions)
    monkeypatch.setattr(carriers, "NUMBER_NOTICES", versions)
    hear()
    assert people.Carrier.objects.get().consent == NUMBER_NOTICES[-1]
    assert consents.notice_in(agreed(place, actor), actor.account_id or new_id(), place.hospital_id) == "later"


def test_the_relay_knows_the_handler() -> None:
    (known,) = [one for one in events.handlers_of(BookingConfirmed.operation) if "ask_for_hospital_number" in one.name]
    assert known.skippable  # a number that fails stops no patient's messages
