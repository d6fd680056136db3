"""The queue of wishes, apart from the database."""

import asyncio
from collections.abc import Collection, Sequence
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from yitong.core.ids import new_id
from yitong.counter.batch import Batches
from yitong.counter.picture import Board, Picture
from yitong.counter.store import Store
from yitong.counter.wishes import Wish
from yitong.domains.booking.contracts import HoldSlot


def board_of(slot_id: UUID) -> Board:
    slot = SimpleNamespace(slot_id=slot_id, is_extra=False, pool="online", starts_at=1, ends_at=2, reopens_at=None)
    return Board(cast(Any, SimpleNamespace(session_id=new_id())), cast(Any, None), [cast(Any, slot)])


def test_a_wish_that_waited_sees_the_board_that_was_read_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old board learns of no later booking: it would propose what is gone, and break batch after batch."""
    slot_id, picture, seen = new_id(), Picture(), []

    async def reload(session_ids: Collection[UUID]) -> None:
        raise AssertionError("nothing broke")

    async def once(self: Batches, store: Store, batch: Sequence[Wish]) -> None:
        seen.extend(wish.board for wish in batch)

    async def settle() -> None:
        cmd = HoldSlot("key-0001", new_id(), slot_id, new_id())
        answer = asyncio.get_running_loop().create_future()
        wish = Wish(cmd, b"", new_id(), new_id(), "web", "account:1", b"", board_of(slot_id), answer)
        batches = Batches(picture, reload)
        batches.ask(wish)
        picture.by_slot[slot_id] = fresh
        await batches._settle(cast(Store, None), batches._next())

    fresh = board_of(slot_id)
    monkeypatch.setattr(Batches, "_once", once)
    asyncio.run(settle())
    assert seen == [fresh]
