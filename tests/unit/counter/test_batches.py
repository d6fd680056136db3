"""The queue of wishes: apart from the database, then on one, whatever befalls a batch."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from tests import clinic as build
from tests import windows
from tests.windows import Window

from yitong.config import databases
from yitong.core import clock
from yitong.core.errors import Busy, KeyReused
from yitong.core.ids import new_id
from yitong.counter import batch, clinics, statements, store
from yitong.counter.batch import Batches
from yitong.counter.clinics import Instant
from yitong.counter.picture import Board, Picture
from yitong.counter.queue import FEWEST_BESIDE, tell_all
from yitong.counter.store import Claimed, Store, connect, ordinal
from yitong.counter.wishes import Answer, Holder, Member, Wish
from yitong.domains.booking.contracts import Near
from yitong.domains.booking.errors import SlotTaken
from yitong.domains.booking.models import Booking
from yitong.domains.people.errors import PatientMissing
from yitong.domains.people.models import BookingLimits
from yitong.domains.schedule.contracts import Pool

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def board_of(*slot_ids: UUID) -> Board:
    """A session with these slots, all online and in one window."""
    same = {"is_extra": False, "pool": Pool.ONLINE, "starts_at": 1, "ends_at": 2, "reopens_at": None}
    slots = [SimpleNamespace(slot_id=slot_id, **same) for slot_id in slot_ids]
    session = SimpleNamespace(session_id=new_id(), hospital_id=new_id())
    return Board(cast(Any, session), cast(Any, None), cast(Any, slots))


def wish_for(board: Board, slot_id: UUID, near: Near = Near.SESSION) -> Wish:
    member = Member(str(new_id()), b"sealed")
    holder = Holder(str(new_id()), str(new_id()), "web", (member,), NOW)
    key = (board.hospital, holder.actor, "key-0001")
    return Wish(key, "", holder, member, board, str(slot_id), near, is_first_visit=True, by_name=False)


def answer_to(wish: Wish) -> "asyncio.Future[Answer]":
    """What it will be told."""
    told: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    wish.tellers.append(told.set_result)
    return told


async def no_reload(session_ids: Collection[UUID]) -> None:
    raise AssertionError("nothing broke")


class NothingStored:
    """A store that holds nothing."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        yield

    async def by_key(self, keys: Iterable[object]) -> dict[object, object]:
        list(keys)
        return {}


class RefusesProposed(Batches):
    """The rules refuse each wish that got a proposal, for its own sake."""

    async def _decide(
        self,
        store: Store,
        batch: Sequence[Wish],
        proposed: Sequence[int],
        answers: dict[int, Answer],
        at: Instant,
    ) -> list[Claimed]:
        answers.update({place: PatientMissing() for place in proposed})
        return []


def test_a_wish_that_waited_sees_the_board_that_was_read_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old board learns of no later booking: it would propose what is gone, and break batch after batch."""
    slot_id, picture, seen = new_id(), Picture(), []

    async def once(self: Batches, store: Store, batch: Sequence[Wish]) -> bool:
        seen.extend(wish.board for wish in batch)
        return True

    async def settle() -> None:
        batches = Batches(picture, no_reload)
        batches.queue.ask(wish_for(board_of(slot_id), slot_id))
        picture.by_slot[str(slot_id)] = fresh
        await batches._settle(cast(Store, None), batches.queue.take())

    fresh = board_of(slot_id)
    monkeypatch.setattr(Batches, "_once", once)
    asyncio.run(settle())
    assert seen == [fresh]


@pytest.mark.parametrize("near", list(Near))
def test_nobody_is_told_sold_out_for_a_slot_that_is_only_proposed(near: Near) -> None:
    """The first is refused for his own sake: the second, who was in the same batch, gets his turn with the slot."""

    async def settle() -> tuple[list[Answer | None], list[Wish]]:
        slot_id = new_id()
        board = board_of(slot_id)
        batches = RefusesProposed(Picture(), no_reload)
        first, second = wish_for(board, slot_id, near), wish_for(board, slot_id, near)
        heard = [answer_to(wish) for wish in (first, second)]
        for wish in (first, second):
            batches.queue.ask(wish)
        await batches._settle(cast(Store, NothingStored()), batches.queue.take())
        told = [answer.result() if answer.done() else None for answer in heard]
        batches.queue._unpark()  # as at the end of every batch
        return told, [one for one in batches.queue.waiting if one is second]

    told, waiting = asyncio.run(settle())
    assert isinstance(told[0], PatientMissing)
    assert told[1] is None
    assert len(waiting) == 1


def test_what_is_proposed_is_no_choice_and_yet_not_gone() -> None:
    slot_id = new_id()
    board = board_of(slot_id)
    board.proposed.mask = 1
    pools = (Pool.ONLINE,)
    assert board.choose(str(slot_id), Near.SESSION, pools, NOW) is None
    assert board.choose(str(slot_id), Near.SESSION, pools, NOW, even_proposed=True) == 0
    board.taken = 1
    assert board.choose(str(slot_id), Near.SESSION, pools, NOW, even_proposed=True) is None


def test_two_batches_under_way_hold_no_two_wishes_of_one_patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """They would wait for each other in the database; so the second wish waits here, and comes before later ones."""
    under_way, most, settled = 0, 0, []
    gates: list[asyncio.Event] = []

    async def settle(self: Batches, store: Store, batch: list[Wish]) -> bool:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        gates.append(asyncio.Event())
        await gates[-1].wait()
        under_way -= 1
        settled.append([wish.member.patient_id for wish in batch])
        for wish in batch:
            self.queue.tell(wish, PatientMissing())
        return True

    async def both() -> list[str]:
        slots = [new_id() for _ in range(4)]
        board = board_of(*slots)
        batches = Batches(Picture(), no_reload)
        first, again, other, last = (wish_for(board, slot_id) for slot_id in slots)
        again.member = first.member
        again.key = (*again.key[:2], "key-0002")
        heard = [answer_to(wish) for wish in (first, again, other, last)]
        runs = [asyncio.ensure_future(batches.run(cast(Store, NothingStored()))) for _ in range(2)]
        batches.queue.ask(first)
        await asyncio.sleep(0)
        for wish in (again, other):
            batches.queue.ask(wish)
        for _ in range(3):
            await asyncio.sleep(0)
        batches.queue.ask(last)
        for n in range(4):
            for _ in range(5):
                await asyncio.sleep(0)
            if n < len(gates):
                gates[n].set()
        await asyncio.gather(*heard)
        for run in runs:
            run.cancel()
        return [wish.member.patient_id for wish in (first, again, other, last)]

    monkeypatch.setattr("yitong.counter.queue.FEWEST_BESIDE", 1)
    monkeypatch.setattr(Batches, "_settle", settle)
    first, again, other, last = asyncio.run(both())
    assert most == 2
    assert first == again
    assert settled[0] == [first]
    assert all(len(set(batch)) == len(batch) for batch in settled)
    assert sorted(patient for batch in settled for patient in batch) == sorted([first, again, other, last])


def test_a_few_wishes_are_no_batch_beside_another() -> None:
    async def next_one() -> tuple[int, int]:
        slots = [new_id() for _ in range(FEWEST_BESIDE + 1)]
        board, batches = board_of(*slots), Batches(Picture(), no_reload)
        batches.queue.ask(wish_for(board, slots[0]))
        await batches.queue.next_batch()
        for slot_id in slots[1:-1]:
            batches.queue.ask(wish_for(board, slot_id))
        few = len(batches.queue.take())
        batches.queue.ask(wish_for(board, slots[-1]))
        return few, len(batches.queue.take())

    assert asyncio.run(next_one()) == (0, FEWEST_BESIDE)


def test_who_came_while_a_small_batch_settled_nothing_is_not_forgotten_beside_a_slow_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def next_one() -> tuple[list[Wish], Wish]:
        slots = [new_id() for _ in range(3)]
        board, queue = board_of(*slots), Batches(Picture(), no_reload).queue
        slow, parked, last = (wish_for(board, slot_id) for slot_id in slots)
        queue.ask(slow)
        await queue.next_batch()
        await asyncio.sleep(0.3)
        queue.ask(parked)
        small = await queue.next_batch()
        waiting = asyncio.ensure_future(queue.next_batch())
        queue.ask(last)
        await asyncio.sleep(0)
        assert not waiting.done()
        queue.park(parked)
        queue.end(small, is_changed=False)
        async with asyncio.timeout(5):
            return await waiting, last

    monkeypatch.setattr("yitong.counter.queue.SLOW_S", 0.2)
    taken, last = asyncio.run(next_one())
    assert taken == [last]


@pytest.mark.parametrize("is_asked_later", [False, True])
def test_a_batch_that_waits_for_somebody_elses_lock_keeps_nobody_back(
    monkeypatch: pytest.MonkeyPatch, *, is_asked_later: bool
) -> None:
    """It may take ten seconds, and a few wishes a second never become as many as are worth a batch beside another."""
    monkeypatch.setattr("yitong.counter.queue.SLOW_S", 0.01)

    async def next_one() -> tuple[list[Wish], list[Wish]]:
        slots = [new_id() for _ in range(3)]
        board, queue = board_of(*slots), Batches(Picture(), no_reload).queue
        slow, *others = (wish_for(board, slot_id) for slot_id in slots)
        queue.ask(slow)
        await queue.next_batch()
        taken = []
        for wish in others:  # the second while a batch that has ended in time was beside the slow one
            waiting = asyncio.ensure_future(queue.next_batch())
            await asyncio.sleep(0.05 if is_asked_later else 0)
            queue.ask(wish)
            async with asyncio.timeout(5):
                taken.append(await waiting)
            queue.end(taken[-1], is_changed=True)
        return others, [wish for batch in taken for wish in batch]

    asked, taken = asyncio.run(next_one())
    assert taken == asked


def test_who_finds_all_proposed_to_another_batch_waits_for_it_and_lets_the_others_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second batch can do nothing until the first has ended: it must neither spin nor be forgotten."""

    class Held(RefusesProposed):
        async def _decide(
            self,
            store: Store,
            batch: Sequence[Wish],
            proposed: Sequence[int],
            answers: dict[int, Answer],
            at: Instant,
        ) -> list[Claimed]:
            if not gate.is_set():
                begun.set()
            await gate.wait()
            return await super()._decide(store, batch, proposed, answers, at)

    async def both() -> list[Answer]:
        slot_id = new_id()
        board = board_of(slot_id)
        batches = Held(Picture(), no_reload)
        runs = [asyncio.ensure_future(batches.run(cast(Store, NothingStored()))) for _ in range(2)]
        first, second = wish_for(board, slot_id), wish_for(board, slot_id)
        heard = [answer_to(wish) for wish in (first, second)]
        batches.queue.ask(first)
        await begun.wait()
        batches.queue.ask(second)
        for _ in range(10):
            await asyncio.sleep(0)
        assert not heard[1].done()
        gate.set()
        told = [await one for one in heard]
        for run in runs:
            run.cancel()
        return told

    gate, begun = asyncio.Event(), asyncio.Event()
    monkeypatch.setattr("yitong.counter.queue.FEWEST_BESIDE", 1)
    assert [type(one) for one in asyncio.run(both())] == [PatientMissing, PatientMissing]


def test_who_waits_for_another_batch_is_not_taken_up_twice_when_his_own_is_tried_again() -> None:
    """He would be settled twice: the second time his own key breaks the batch that he is in."""

    class BreaksOnce(RefusesProposed):
        is_broken = False

        async def _decide(self, *asked: Any) -> list[Claimed]:
            if not self.is_broken:
                self.is_broken = True
                raise psycopg.errors.LockNotAvailable
            return await super()._decide(*asked)

    async def settle() -> list[Wish]:
        slot_id = new_id()
        board = board_of(slot_id)

        async def nothing_new(session_ids: Collection[UUID]) -> None:
            pass

        batches = BreaksOnce(Picture(), nothing_new)
        for _ in range(2):
            batches.queue.ask(wish_for(board, slot_id))
        await batches._settle(cast(Store, NothingStored()), batches.queue.take())
        batches.queue._unpark()
        return list(batches.queue.waiting)

    assert len(asyncio.run(settle())) == 1


def test_who_finds_all_taken_hears_so_at_once_and_gets_no_slot_that_is_freed_while_his_batch_is_tried_again() -> None:
    """A release leaves as many waiting as it serves: they need no transaction to hear that nothing is left."""

    async def settle() -> tuple[list[Answer], int]:
        slot_ids = [new_id(), new_id()]
        board = board_of(*slot_ids)
        board.taken = 1

        async def one_is_freed(session_ids: Collection[UUID]) -> None:
            board.taken = 0

        class BreaksOnce(RefusesProposed):
            is_broken = False

            async def _decide(self, *asked: Any) -> list[Claimed]:
                if not self.is_broken:
                    self.is_broken = True
                    assert len(heard) == 1, "told before the database is asked"
                    raise psycopg.errors.LockNotAvailable
                return await super()._decide(*asked)

        batches, heard = BreaksOnce(Picture(), one_is_freed), list[Answer]()
        gone, other = wish_for(board, slot_ids[0], Near.SLOT), wish_for(board, slot_ids[1], Near.SLOT)
        for wish in (gone, other):
            wish.tellers.append(heard.append)
            batches.queue.ask(wish)
        await batches._settle(cast(Store, NothingStored()), batches.queue.take())
        return heard, gone.n

    heard, place = asyncio.run(settle())
    assert [type(one) for one in heard] == [SlotTaken, PatientMissing]
    assert place == -1


def test_who_is_left_when_each_waits_for_a_lock_by_himself_is_told_to_ask_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where somebody has locked a table: two seconds for each of 256 were eight minutes for the last."""
    lasts_s, begun = 0.02, list[int]()

    async def once(self: Batches, store: Store, batch: Sequence[Wish]) -> bool:
        begun.append(len(batch))
        await asyncio.sleep(lasts_s)
        raise psycopg.errors.LockNotAvailable

    async def nothing_new(session_ids: Collection[UUID]) -> None:
        pass

    async def settle() -> list[Answer]:
        slots, heard = [new_id() for _ in range(50)], list[Answer]()
        board, batches = board_of(*slots), Batches(Picture(), nothing_new)
        for slot_id in slots:
            batches.queue.ask(wish := wish_for(board, slot_id))
            wish.tellers.append(heard.append)
        store = cast(Store, NothingStored())
        await batches._settle(store, batches.queue.take())
        return heard

    monkeypatch.setattr(Batches, "_once", once)
    monkeypatch.setattr(batch, "ALONE_S", 5 * lasts_s)
    assert [type(one) for one in asyncio.run(settle())] == [Busy] * 50
    assert begun.count(50) == batch.ATTEMPTS
    assert 0 < begun.count(1) <= 5


def test_a_wish_is_told_once() -> None:
    """What is told later belongs to nobody: behind its teller there may be another request by then."""

    async def twice() -> list[Answer]:
        batches = Batches(Picture(), no_reload)
        wish, heard = wish_for(board_of(slot_id := new_id()), slot_id), []
        wish.tellers.append(heard.append)
        for answer in (Busy(), PatientMissing()):
            batches.queue.tell(wish, answer)
        return heard

    assert [type(one) for one in asyncio.run(twice())] == [Busy]


def test_one_who_cannot_be_told_keeps_nobody_elses_answer_back() -> None:
    heard: list[Answer] = []

    def fails(answer: Answer) -> None:
        raise OSError

    tell_all([fails, heard.append], Busy())
    assert len(heard) == 1


# -- on a real database ------------------------------------------------------------------------------------------------


async def new_boards(window: Window) -> None:
    await window.feed.reload(list(window.picture.boards))


async def another_writer(window: Window) -> None:
    raise psycopg.errors.UniqueViolation


async def a_long_wait(window: Window) -> None:
    raise psycopg.errors.LockNotAvailable


@pytest.mark.usefixtures("committed_db")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "act"),
    [
        *((moment, new_boards) for moment in ("begin", "before_commit", "after_commit")),
        *((moment, act) for moment in ("begin", "before_commit") for act in (another_writer, a_long_wait)),
    ],
)
def test_whatever_befalls_a_batch_nothing_stays_proposed_and_every_wish_is_answered(
    moment: str, act: Callable[[Window], Awaitable[None]]
) -> None:
    """A slot that stayed proposed would send its wishes back to the queue for ever. One slot, five wishes, two of them
    of one patient, and something happens in the first two tries."""
    place, people = build.clinic(slots=1), [windows.holder() for _ in range(4)]
    sent = [
        windows.claim(who, place, near=Near.SESSION, key=f"key-{n:04d}") for n, who in enumerate([*people, people[0]])
    ]
    left = 2

    async def once_more(window: Window, now: str) -> None:
        nonlocal left
        if now == moment and left:
            left -= 1
            await act(window)

    async def test() -> None:
        async with windows.opened(boundary=once_more) as window, asyncio.timeout(20):
            asked = [windows.request(one) for one in sent]
            await asyncio.gather(*(window.door.answer(one, one) for one in asked))
            assert sorted(one.status for one in asked) == [201, 409, 409, 409, 409]
            assert {board.proposed.mask for board in window.picture.boards.values()} == {0}
            assert not window.batches.queue.waiting

    with clock.frozen(build.NOW):
        asyncio.run(test())


@pytest.mark.usefixtures("committed_db")
@pytest.mark.slow
@pytest.mark.parametrize("moment", ["begin", "before_commit", "after_commit"])
def test_a_batch_that_is_given_up_leaves_nothing_proposed_and_tells_all_to_ask_again(moment: str) -> None:
    place, people = build.clinic(slots=1), [windows.holder() for _ in range(3)]
    sent = [windows.claim(who, place, near=Near.SESSION, key="key-0001") for who in people]

    async def give_up(window: Window, now: str) -> None:
        if now == moment:
            window.running.cancel()
            await asyncio.sleep(0)

    async def test() -> None:
        async with windows.opened(boundary=give_up) as window, asyncio.timeout(20):
            asked = [windows.request(one) for one in sent]
            asking = asyncio.gather(*(window.door.answer(one, one) for one in asked))
            with pytest.raises(asyncio.CancelledError):
                await window.running
            window.batches.queue.refuse_all(Busy())  # as the window does after a loss
            await asking
            assert [one.said["code"] for one in asked] == ["BUSY"] * 3
            assert window.board(place).proposed.mask == 0

    with clock.frozen(build.NOW):
        asyncio.run(test())


def desk_books(place: build.Clinic, n: int) -> None:
    actor, patient = build.holder()
    build.hold(place, patient, actor, n=n)


@pytest.mark.usefixtures("committed_db")
@pytest.mark.slow
def test_what_another_took_is_looked_at_slot_by_slot_and_the_next_time_before_the_claim() -> None:
    """A window that has not heard of it yet. To read the boards whole would cost more than the batch; to be told by a
    constraint costs a batch."""
    place, people = build.clinic(slots=6), [windows.holder() for _ in range(4)]
    begun: list[str] = []

    async def count(window: Window, now: str) -> None:
        begun.append(now)

    async def test() -> None:
        async with windows.opened(boundary=count) as window, asyncio.timeout(20):
            monkey = pytest.MonkeyPatch()
            monkey.setattr(window.batches, "reload", no_reload)
            for n, tries in ((0, 2), (2, 1)):
                await windows.beside(lambda n=n: desk_books(place, n))
                begun.clear()
                near = (Near.SESSION, Near.SLOT)
                sent = [windows.claim(people[n + m], place, n, key=f"key-{n}-{m:05d}", near=near[m]) for m in range(2)]
                asked = [windows.request(one) for one in sent]
                await asyncio.gather(*(window.door.answer(one, one) for one in asked))
                assert [one.status for one in asked] == [201, 409]
                assert asked[1].said["code"] == SlotTaken.code
                assert begun.count("begin") == tries
            monkey.undo()

    with clock.frozen(build.NOW):
        asyncio.run(test())


@pytest.mark.usefixtures("committed_db")
@pytest.mark.slow
def test_a_key_that_was_used_for_something_else_at_another_window_costs_its_batch_one_try() -> None:
    place, people, who = build.clinic(slots=8), [windows.holder() for _ in range(4)], windows.holder(patients=2)
    begun: list[str] = []

    async def count(window: Window, now: str) -> None:
        begun.append(now)

    async def test() -> None:
        async with windows.opened() as one, windows.opened(boundary=count) as another, asyncio.timeout(20):
            first = windows.request(windows.claim(who, place, key="key-used"))
            await one.door.answer(first, first)
            sent = [windows.claim(who, place, 1, key="key-used", patient=1)]
            sent += [windows.claim(other, place, n, key="key-0001") for n, other in enumerate(people, 2)]
            asked = [windows.request(one) for one in sent]
            await asyncio.gather(*(another.door.answer(one, one) for one in asked))
            assert asked[0].said["code"] == KeyReused.code
            assert [one.status for one in (first, *asked[1:])] == [201] * 5
            assert begun.count("begin") == 2
            assert another.board(place).proposed.mask == 0

    with clock.frozen(build.NOW):
        asyncio.run(test())


@pytest.mark.usefixtures("committed_db")
@pytest.mark.slow
def test_who_always_comes_a_moment_too_late_is_told_to_ask_again_and_not_that_all_are_gone() -> None:
    place, who = build.clinic(slots=4), windows.holder()

    async def always(window: Window, now: str) -> None:
        if now == "before_commit":
            await another_writer(window)

    async def test() -> None:
        async with windows.opened(boundary=always) as window, asyncio.timeout(20):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(batch, "refusal_for", lambda error: SlotTaken())
                asked = windows.request(windows.claim(who, place, near=Near.SESSION, key="key-0001"))
                await window.door.answer(asked, asked)
                assert asked.said["code"] == Busy.code

    with clock.frozen(build.NOW):
        asyncio.run(test())


@pytest.mark.usefixtures("committed_db")
@pytest.mark.slow
def test_a_batch_is_planned_anew_as_the_tables_grow() -> None:
    """A window begins before the first booking: what was planned for an empty table is no plan for a full one."""

    async def test() -> list[datetime]:
        found = []
        async with await connect(databases.url() or "", name="test") as connection:
            of_window = Store(connection, "counter:test")
            for _ in range(5):
                await of_window.warm_up(Instant(NOW))
                asked = "SELECT name, prepare_time FROM pg_prepared_statements"
                planned = dict(await (await connection.execute(asked, prepare=False)).fetchall())
                assert any(name.endswith("_SELECT") for name in planned)
                assert len({at for name, at in planned.items() if name.endswith("_COMMIT")}) == 1
                found.append(planned["counter_finish"])
        return found

    first, second, third, fourth, fifth = asyncio.run(test())
    assert first == second == third < fourth == fifth


@pytest.mark.usefixtures("committed_db")
@pytest.mark.slow
def test_a_batch_that_could_not_be_planned_is_planned_by_the_next_and_leaves_no_transaction_open(
    observer: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration holds the table for some seconds. Without its plans every later batch would lose the window, and so
    would a transaction that nobody ends."""
    monkeypatch.setattr("yitong.counter.store.SETTINGS", store.SETTINGS.replace("lock_timeout=2s", "lock_timeout=50ms"))

    async def test() -> None:
        async with await connect(databases.url() or "", name="test") as connection:
            of_window = Store(connection, "counter:test")
            with observer.transaction():
                observer.execute("LOCK TABLE booking_booking IN ACCESS EXCLUSIVE MODE")
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    await of_window.warm_up(Instant(NOW))
            await of_window.by_key([(str(new_id()), "account:1", "key-0001")])
            assert connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
            await of_window.warm_up(Instant(NOW))

    asyncio.run(test())


@pytest.mark.usefixtures("committed_db")
@pytest.mark.slow
def test_windows_of_one_database_have_numbers_of_their_own() -> None:
    """One looks for free slots upwards, its neighbour downwards."""

    async def test() -> list[int]:
        url = databases.url() or ""
        async with await connect(url, name="test") as first, await connect(url, name="test") as third:
            async with await connect(url, name="test") as second:
                found = [await ordinal(first), await ordinal(second)]
            while (again := await ordinal(third)) == 2:  # the server needs a moment to see that it has gone
                await third.execute("SELECT pg_advisory_unlock_all()")
            return [*found, again]

    assert asyncio.run(test()) == [0, 1, 1]


@pytest.mark.usefixtures("committed_db")
@pytest.mark.slow
@pytest.mark.rule("R-005")
def test_a_booking_joins_the_days_that_still_count_in_their_order() -> None:
    place, who = build.clinic(), windows.holder()
    days = [place.day + timedelta(days=n) for n in (-statements.KEPT_DAYS - 1, -statements.KEPT_DAYS, 3)]
    BookingLimits.objects.filter(patient_id=who.patients[0]).update(live_days=days)

    async def test() -> None:
        async with windows.opened() as window, asyncio.timeout(20):
            asked = windows.request(windows.claim(who, place, key="key-0001"))
            await window.door.answer(asked, asked)
            assert asked.status == 201

    with clock.frozen(build.NOW):
        asyncio.run(test())
    assert BookingLimits.objects.get(patient_id=who.patients[0]).live_days == [days[1], place.day, days[2]]


# -- one wish that can't be written ------------------------------------------------------------------------------------

POISON = "key-poison"


@pytest.fixture
def _unknown_constraint(committed_db: None, observer: psycopg.Connection) -> Iterator[None]:
    """A later release's, or another system's: the window knows no rule by this name."""
    observer.execute(f"ALTER TABLE booking_booking ADD CONSTRAINT unheard_of CHECK (key <> '{POISON}')")
    yield
    observer.execute("ALTER TABLE booking_booking DROP CONSTRAINT unheard_of")


@pytest.fixture
def _bug_in_a_rule(committed_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(wish: Wish, *facts: Any) -> None:
        if wish.key[2] == POISON:
            raise KeyError
        clinics.check(wish, *facts)

    monkeypatch.setattr(batch, "check", check)


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["_unknown_constraint", "_bug_in_a_rule"])
def test_one_wish_that_breaks_every_batch_is_told_so_and_nobody_else_waits_for_it(
    broken: str, request: pytest.FixtureRequest
) -> None:
    """As a loss it would take the window from everybody, and again each time that its client asks with the same key."""
    request.getfixturevalue(broken)
    place, people = build.clinic(slots=4), [windows.holder() for _ in range(4)]
    keys = ["key-0001", POISON, "key-0003"]
    sent = [windows.claim(who, place, n, key=key) for n, (who, key) in enumerate(zip(people, keys, strict=False))]

    async def test() -> None:
        async with windows.opened() as window, asyncio.timeout(20):
            later = windows.claim(people[3], place, 3, key="key-0004")
            asked = [windows.request(one) for one in (*sent, sent[1], later)]
            await asyncio.gather(*(window.door.answer(one, one) for one in asked[:3]))
            for one in asked[3:]:
                await window.door.answer(one, one)
            assert [one.status for one in asked] == [201, 500, 201, 500, 201]
            assert [asked[n].said["code"] for n in (1, 3)] == ["CLAIM_FAILED"] * 2
            assert all(re.fullmatch("[0-9a-f]{16}", asked[n].said["params"]["trace_id"]) for n in (1, 3))
            assert window.board(place).proposed.mask == 0
            assert not window.running.done()

    with clock.frozen(build.NOW):
        asyncio.run(test())
    assert Booking.objects.filter(hospital_id=place.hospital_id).count() == 3


def test_a_session_that_is_gone_is_not_believed_as_it_was_read() -> None:
    """Its row has no version under the lock: what the board remembers of it is nothing to book by."""

    class NoSession(NothingStored):
        async def sessions(self, boards: Collection[Board]) -> dict[str, object]:
            return {}

    async def shared() -> dict[str, object]:
        board = board_of(new_id())
        batches = Batches(Picture(), no_reload)
        return dict(await batches._clinics_of(cast(Store, NoSession()), {board.text: board}, {}, Instant(NOW)))

    assert asyncio.run(shared()) == {}
