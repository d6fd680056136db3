"""What follows a batch of the booking window: each booking its own event, once, whatever dies on the way."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from tests import clinic as build
from tests import windows
from tests.clinic import NOW

from yitong.core import clock
from yitong.core.db import command, relay
from yitong.core.db.models import Event, EventDelivery, EventFailure
from yitong.domains.booking.commands.claimed import announce_claims
from yitong.domains.booking.contracts import BookingConfirmed, SlotsClaimed
from yitong.domains.booking.models import Booking
from yitong.domains.notify.models import Message
from yitong.domains.people.models import Account

pytestmark = pytest.mark.slow
ANNOUNCE, TELL = "booking.commands.claimed.announce_claims", "booking.commands.announce.tell_booking"


class PowerCut(BaseException):
    """No handler sees it, nothing after it is done."""


@dataclass(frozen=True)
class Batch:
    """Three claims of two accounts, made at once; one of the accounts has two of them."""

    event: Event
    bookings: dict[UUID, UUID]  # account by booking


@pytest.fixture
def batch(made: tuple[Batch, Callable[[], None]]) -> Iterator[Batch]:
    """As the window left it, before anybody was told."""
    batch, back = made
    yield batch
    back()


@pytest.fixture(scope="module")
def made(
    committed_for_module: None, as_it_stands: Callable[[], Callable[[], None]]
) -> tuple[Batch, Callable[[], None]]:
    place = build.clinic(slots=4)
    family, single = windows.holder(patients=2), windows.holder()
    sent = [
        windows.claim(family, place, 0, key="key-0001"),
        windows.claim(family, place, 1, key="key-0002", patient=1),
        windows.claim(single, place, 2, key="key-0003"),
    ]

    async def book() -> None:
        async with windows.opened() as window:
            asked = [windows.request(one) for one in sent]
            await asyncio.gather(*(window.door.answer(one, one) for one in asked))
            assert [one.status for one in asked] == [201, 201, 201]

    while relay.drain():  # what the builders did is told before
        pass
    with clock.frozen(NOW):
        asyncio.run(book())
    event = Event.objects.get(operation=SlotsClaimed.operation)
    rows = Booking.objects.filter(hospital_id=place.hospital_id)
    made = Batch(event, {row.id: row.account_id for row in rows if row.account_id is not None})
    return made, as_it_stands()


def carry_all() -> None:
    with clock.frozen(NOW):
        while relay.drain():
            pass


def check(batch: Batch) -> None:
    own = Event.objects.filter(subject_id__in=batch.bookings)
    assert Counter(one.subject_id for one in own) == dict.fromkeys(batch.bookings, 1)
    assert {one.operation for one in own} == {BookingConfirmed.operation}
    assert {one.subject_id: one.actor for one in own} == {
        booking_id: f"account:{account_id}" for booking_id, account_id in batch.bookings.items()
    }
    assert {one.trace_id for one in own} == {f"batch:{batch.event.id.hex}"}  # the windows' feeds know it by this
    used = Counter(batch.bookings.values())
    assert {one.id: len(one.booked_at) for one in Account.objects.filter(id__in=used)} == used
    told = Message.objects.filter(medium="in_app", template__startswith="booking_")
    assert Counter(one.account_id for one in told) == used
    assert EventDelivery.objects.count() == Event.objects.count()
    assert not EventFailure.objects.exists()


def test_each_booking_of_a_batch_gets_its_own_event(batch: Batch) -> None:
    assert set(batch.event.body["bookings"]) == {str(one) for one in batch.bookings}
    carry_all()
    check(batch)


@pytest.mark.parametrize("moment", ["begin", "before_commit", "after_commit"])
@pytest.mark.parametrize(("name", "nth"), [(ANNOUNCE, 1), (TELL, 1), (TELL, 2), (TELL, 3)])
def test_a_kill_at_any_boundary_loses_and_repeats_none(
    batch: Batch, monkeypatch: pytest.MonkeyPatch, name: str, nth: int, moment: str
) -> None:
    left = nth

    def cut(at_name: str, at_moment: str) -> None:
        nonlocal left
        if (at_name, at_moment) == (name, moment):
            left -= 1
            if left == 0:
                raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(command, "boundary", cut)
        with pytest.raises(PowerCut):
            carry_all()
    carry_all()
    check(batch)


def test_a_repeat_tells_the_first_answer_and_writes_nothing(batch: Batch) -> None:
    carry_all()
    bookings = list(batch.bookings)
    for _ in range(2):
        again = announce_claims(batch.event.hospital_id, bookings, batch.event.id, now=NOW)
        assert again.bookings == 3
    carry_all()
    check(batch)


def test_what_ended_before_it_was_announced_is_announced_as_it_was_made(batch: Batch) -> None:
    """Its end has an event of its own, which the account sees in this order."""
    Booking.objects.filter(id__in=list(batch.bookings)).update(
        state="cancelled", live=False, ended_at=NOW, end_reason="x"
    )
    carry_all()
    check(batch)
