"""The queue of wishes, apart from the database."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from yitong.core.ids import new_id
from yitong.counter.batch import Batches
from yitong.counter.picture import Board, Picture
from yitong.counter.store import Claimed, Store
from yitong.counter.wishes import Answer, Wish
from yitong.domains.booking.contracts import HoldSlot, Near
from yitong.domains.people.errors import PatientMissing
from yitong.domains.schedule.contracts import Pool

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def board_of(*slot_ids: UUID) -> Board:
    """A session with these slots, all online and in one window."""
    same = {"is_extra": False, "pool": Pool.ONLINE, "starts_at": 1, "ends_at": 2, "reopens_at": None}
    slots = [SimpleNamespace(slot_id=slot_id, **same) for slot_id in slot_ids]
    session = SimpleNamespace(session_id=new_id(), hospital_id=new_id())
    return Board(cast(Any, session), cast(Any, None), cast(Any, slots))


def wish_for(board: Board, slot_id: UUID, near: Near = Near.SESSION) -> Wish:
    cmd = HoldSlot("key-0001", board.session.hospital_id, slot_id, new_id(), near=near)
    answer = asyncio.get_running_loop().create_future()
    return Wish(cmd, b"", new_id(), new_id(), "web", f"account:{new_id()}", b"", board, answer)


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
        now: datetime,
    ) -> list[Claimed]:
        answers.update({place: PatientMissing() for place in proposed})
        return []


def test_a_wish_that_waited_sees_the_board_that_was_read_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old board learns of no later booking: it would propose what is gone, and break batch after batch."""
    slot_id, picture, seen = new_id(), Picture(), []

    async def once(self: Batches, store: Store, batch: Sequence[Wish]) -> None:
        seen.extend(wish.board for wish in batch)

    async def settle() -> None:
        batches = Batches(picture, no_reload)
        batches.ask(wish_for(board_of(slot_id), slot_id))
        picture.by_slot[slot_id] = fresh
        await batches._settle(cast(Store, None), batches._next())

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
        for wish in (first, second):
            batches.ask(wish)
        await batches._settle(cast(Store, NothingStored()), batches._next())
        told = [one.answer.result() if one.answer.done() else None for one in (first, second)]
        return told, [one for one in batches.waiting if one is second]

    told, waiting = asyncio.run(settle())
    assert isinstance(told[0], PatientMissing)
    assert told[1] is None
    assert len(waiting) == 1


def test_what_is_proposed_is_no_choice_and_yet_not_gone() -> None:
    slot_id = new_id()
    board = board_of(slot_id)
    board.proposed.mask = 1
    pools = (Pool.ONLINE,)
    assert board.choose(slot_id, Near.SESSION, pools, NOW) is None
    assert board.choose(slot_id, Near.SESSION, pools, NOW, even_proposed=True) == 0
    board.taken = 1
    assert board.choose(slot_id, Near.SESSION, pools, NOW, even_proposed=True) is None
