"""A loss: from its first instant the window tells nothing."""

import asyncio

import pytest
from django.conf import settings

from yitong.core.errors import Busy
from yitong.counter.app import Counter
from yitong.counter.wishes import Answer


def test_nothing_is_told_while_what_is_under_way_ends() -> None:
    """The picture may lack what the lost connection has committed."""
    counter = Counter(lambda: "", settings.SECRET_KEY.encode())
    counter.door.is_ready = True
    was_ready: list[bool] = []

    async def is_lost() -> None:
        raise OSError

    async def ends_slowly() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            was_ready.append(counter.door.is_ready)

    with pytest.raises(OSError):
        asyncio.run(counter._until_lost((ends_slowly(), is_lost()), ()))

    assert was_ready == [False]


def test_a_repeat_that_comes_while_the_work_ends_does_not_wait_for_the_database_to_come_back() -> None:
    """Whoever asks for repeats has ended by then, and may not begin again for hours."""

    def no_database() -> str:
        raise OSError

    async def lost() -> list[Answer]:
        counter, told = Counter(no_database, settings.SECRET_KEY.encode()), list[Answer]()
        counter.batches.repeats.ask(("hospital", "account", "key-0001"), told.append)
        living = asyncio.create_task(counter._live())
        await asyncio.sleep(0.05)
        living.cancel()
        return told

    assert [type(one) for one in asyncio.run(lost())] == [Busy]
