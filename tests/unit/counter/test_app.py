"""A loss: from its first instant the window tells nothing."""

import asyncio

import pytest
from django.conf import settings

from yitong.counter.app import Counter


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
