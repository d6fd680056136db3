"""What the picture learns of other writers, and when; on a real database, one look at a time."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from tests import clinic as build
from tests import windows
from tests.clinic import NOW
from tests.windows import Window

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import command
from yitong.counter import feed as feeds
from yitong.counter import statements
from yitong.counter.feed import Feed
from yitong.counter.picture import Known, Told
from yitong.domains.booking.commands import change
from yitong.domains.booking.contracts import CancelBooking, Held
from yitong.domains.booking.models import Booking

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.slow]


def run(test: Coroutine[Any, Any, None]) -> None:
    with clock.frozen(NOW):
        asyncio.run(test)


def cancel(held: Held, actor: Actor) -> None:
    cmd = CancelBooking(f"cancel-{held.booking_id}", held.hospital_id, held.booking_id)
    change.cancel_booking(cmd, actor=actor, now=NOW)


def booked(places: int, *, slots: int = 2) -> list[tuple[build.Clinic, Held, Actor]]:
    """Sessions of one hospital, the first slot of each booked."""
    first = build.clinic(slots=slots)
    rest = [build.clinic(slots=slots, hospital_id=first.hospital_id) for _ in range(places - 1)]
    made = []
    for place in (first, *rest):
        actor, patient = build.holder()
        made.append((place, build.hold(place, patient, actor), actor))
    return made


@pytest.mark.rule("R-017")
def test_what_happened_while_the_feed_stood_still_is_seen_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than it looks back: it looks back from what it saw last, not from the present."""
    monkeypatch.setattr(feeds, "LOOK_BACK_S", 0.1)
    made = booked(4)

    async def test() -> None:
        async with windows.opened() as window:
            await window.feed.look()
            last = list(window.picture.boards)[-1]  # its turn to be read anew comes last
            ((place, held, actor),) = [one for one in made if one[0].session_id == last]
            assert window.free(place) == 0b10
            await windows.beside(lambda: cancel(held, actor))
            await asyncio.sleep(0.3)
            await window.feed.look()
            assert window.free(place) == 0b11

    run(test())


def test_days_that_are_past_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window may run for a year."""
    monkeypatch.setattr(feeds, "DAYS_S", 0.0)
    ((place, _, _),) = booked(1)

    async def test() -> None:
        async with windows.opened() as window:
            picture = window.picture
            of_picture = picture.boards, picture.by_slot, picture.known, picture.codes, window.feed._hospital_of
            for days, kept in ((1, True), (2, False)):
                with clock.frozen(clock.day_bounds(place.day)[0] + timedelta(days=days)):
                    await window.feed.look()
                assert [bool(one) for one in of_picture] == [kept] * len(of_picture)
            assert not any(picture.by_department.values())

    run(test())


def test_an_event_that_becomes_visible_late_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was recorded before a look, and committed after it."""
    made = booked(4)

    async def test() -> None:
        async with windows.opened() as window:
            await window.feed.look()
            last = list(window.picture.boards)[-1]
            ((place, held, actor),) = [one for one in made if one[0].session_id == last]
            loop = asyncio.get_running_loop()

            def look(name: str, moment: str) -> None:
                if moment == "before_commit":
                    asyncio.run_coroutine_threadsafe(window.feed.look(), loop).result(10)

            with monkeypatch.context() as patch:
                patch.setattr(command, "boundary", look)
                await windows.beside(lambda: cancel(held, actor))
            assert window.free(place) == 0b10
            await window.feed.look()
            assert window.free(place) == 0b11

    run(test())


def test_a_look_that_stalls_is_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a connection that lives and says nothing: the window begins anew instead of believing an old picture."""
    monkeypatch.setattr(feeds, "LOOK_S", 0.2)

    class Stalls(Feed):
        async def _look(self) -> None:
            await self._all("SELECT pg_sleep(60)", [])

    async def test() -> None:
        async with windows.opened(Stalls) as window, asyncio.timeout(10):
            with pytest.raises(psycopg.OperationalError):
                await window.feed.follow()

    booked(1)
    run(test())


def test_another_writers_notice_wakes_it_and_its_own_batches_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a rush it would else look at nothing but what it wrote itself, several times a second."""
    monkeypatch.setattr(feeds, "POLL_S", 10.0)
    place, who = build.clinic(slots=2), windows.holder()
    actor, patient = build.holder()

    async def test() -> None:
        async with windows.opened() as window:
            woken = asyncio.create_task(window.feed._woken())
            asked = windows.request(windows.claim(who, place, key="key-0001"))
            await window.door.answer(asked, asked)
            assert asked.status == 201
            await asyncio.sleep(0.3)
            assert not woken.done()
            await windows.beside(lambda: build.hold(place, patient, actor, n=1))
            async with asyncio.timeout(5):
                await woken

    run(test())


def known(place: build.Clinic, n: int) -> Known:
    """As a batch of ours remembers the booking that it made."""
    ids = {"hospital_id": place.hospital_id, "booking_id": UUID(int=n), "slot_id": place.slot(n)}
    told = Told(
        **{name: str(one) for name, one in ids.items()},
        state="confirmed",
        code=f"{n:08d}",
        hold_until=None,
        number=1,
        starts_at=NOW,
        ends_at=NOW,
    )
    return Known(told, (told.hospital_id, "account:x", f"key-{n}"), "", place.session_id, is_live=True)


def test_boards_that_were_read_while_a_batch_booked_are_right_at_once_and_read_again() -> None:
    """All of them: where many sell, each would else wait for the next second, and the next."""
    made = booked(5)

    class Crossed(Feed):
        at_bookings: Callable[[], None] | None = None

        async def _all(self, statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
            rows = await super()._all(statement, values)
            if statement is statements.BOOKINGS and self.at_bookings is not None:
                act, self.at_bookings = self.at_bookings, None
                act()
            return rows

    async def test() -> None:
        async with windows.opened(Crossed) as window:
            await window.feed.look()
            for _, held, actor in made:
                await windows.beside(lambda held=held, actor=actor: cancel(held, actor))

            def book() -> None:
                for place, *_ in made:
                    window.picture.settle(window.board(place), known(place, 1))

            assert isinstance(window.feed, Crossed)
            window.feed.at_bookings = book
            await window.feed.look()
            assert [window.free(place) for place, *_ in made] == [0b01] * 5
            await window.feed.look()  # the database has no such bookings: they were there and are gone
            assert [window.free(place) for place, *_ in made] == [0b11] * 5

    run(test())


@pytest.mark.rule("R-017")
def test_a_booking_that_ended_before_its_own_window_heard_of_it_strands_no_slot() -> None:
    """Committed, cancelled from another device, and that seen by the feed; only then comes the word of its commit."""
    (place, _, _), *_ = booked(4)
    who = windows.holder()

    async def meanwhile(window: Window, moment: str) -> None:
        if moment == "after_commit":
            await windows.beside(cancel_his)
            await window.feed.look()

    def cancel_his() -> None:
        mine = Booking.objects.get(hospital_id=place.hospital_id, patient_id=who.patients[0])
        cmd = CancelBooking("cancel-at-once", mine.hospital_id, mine.id)
        change.cancel_booking(cmd, actor=who.actor, now=NOW)

    async def test() -> None:
        async with windows.opened(boundary=meanwhile) as window:
            await window.feed.look()
            asked = windows.request(windows.claim(who, place, 1, key="key-0001"))
            await window.door.answer(asked, asked)
            assert asked.status == 201
            for _ in range(2):
                await window.feed.look()
            assert window.free(place) == 0b10

    run(test())
