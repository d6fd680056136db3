"""Whoever books at a hospital that has no number of his has it asked, once (R-049)."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from tests import clinic as build
from tests.clinic import NOW

from yitong.core import clock
from yitong.core.db import events
from yitong.core.db.models import Event
from yitong.domains.booking import handlers
from yitong.domains.booking.contracts import BookingConfirmed
from yitong.domains.booking.models import Booking
from yitong.domains.people import models as people
from yitong.domains.people.contracts.patients import NumberAnswer, NumberAsk
from yitong.domains.people.contracts.words import NumberOutcome
from yitong.domains.people.jobs import ask_hospitals
from yitong.domains.people.ports import hospital_register

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


def test_the_first_booking_at_a_hospital_has_its_number_asked_once(register: Refusing) -> None:
    place = build.clinic()
    actor, patient_id = build.holder()
    build.hold(place, patient_id, actor)
    hear()
    hear()
    carrier = people.Carrier.objects.get()
    assert (carrier.patient_id, carrier.issuer, carrier.state) == (patient_id, str(place.hospital_id), "pending")
    ask_hospitals(0)
    hear()  # late, and again: the hospital has said no since
    ask_hospitals(0)
    assert register.asks == [place.hospital_id]
    assert Booking.objects.get().state == "confirmed"  # it stands without


def test_where_no_hospital_can_be_asked_nobody_waits_for_one() -> None:
    hospital_register.plug(Refusing(is_open=False))
    place = build.clinic()
    actor, patient_id = build.holder()
    build.hold(place, patient_id, actor)
    hear()
    assert not people.Carrier.objects.exists()


def test_the_relay_knows_the_handler() -> None:
    (known,) = [one for one in events.handlers_of(BookingConfirmed.operation) if "ask_for_hospital_number" in one.name]
    assert known.skippable  # a number that fails stops no patient's messages
