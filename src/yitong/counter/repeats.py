"""Claims that were confirmed already and are asked once more: told as the database has them now.

The picture knows their keys, so that none of them is booked again. But a booking may have been moved a moment ago
(R-047), by whoever else writes: from memory its patient would be sent to the old hour.
"""

import asyncio

from yitong.core.errors import Busy, Missing, Refusal
from yitong.counter.picture import Key
from yitong.counter.queue import tell_all
from yitong.counter.store import Store
from yitong.counter.wishes import Answer, Tell

PAUSE_S = 0.01  # between two questions: in a release each would else be about one or two


class Repeats:
    """Those that come while one question is under way, or just after it, are asked for together by the next."""

    def __init__(self) -> None:
        self._asked: dict[Key, list[Tell]] = {}
        self._arrived = asyncio.Event()

    def ask(self, key: Key, tell: Tell) -> None:
        self._asked.setdefault(key, []).append(tell)
        self._arrived.set()

    async def run(self, store: Store) -> None:
        """Until the connection is lost: then raises, and whoever waits is told to ask again."""
        while True:
            asked: dict[Key, list[Tell]] = {}
            try:
                await self._arrived.wait()
                self._arrived.clear()
                asked, self._asked = self._asked, {}
                found = await store.by_key(asked)
                for key, waiting in asked.items():
                    answer: Answer = found.get(key) or Missing()  # a day long past: forgotten by the database alone
                    tell_all(waiting, answer)
                asked = {}
                await asyncio.sleep(PAUSE_S)
            except BaseException:
                for waiting in asked.values():
                    tell_all(waiting, Busy())
                self.refuse_all(Busy())
                raise

    def refuse_all(self, refusal: Refusal) -> None:
        asked, self._asked = self._asked, {}
        for waiting in asked.values():
            tell_all(waiting, refusal)
