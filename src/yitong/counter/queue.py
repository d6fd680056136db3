"""Who waits at the booking window, which batch takes whom, and how each is told.

Batches under way never wait for each other: no two of them hold a wish of the same patient.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

import structlog

from yitong.core.errors import Busy, Refusal
from yitong.counter.picture import Key
from yitong.counter.wishes import Answer, Tell, Wish

MOST = 256  # wishes of one batch: a longer one makes its first wish wait and holds the loop
FEWEST_BESIDE = 96  # wishes that are worth a batch of their own while others are under way
SLOW_S = 0.25  # after which a batch keeps no small one back: it waits for a lock that somebody else holds
MOST_WAITING = 20_000  # wishes that wait; who comes then is told to ask again

log = structlog.get_logger("yitong.counter")


def tell_all(tellers: Iterable[Tell], answer: Answer) -> None:
    """One who can't be told keeps nobody else's answer back."""
    for tell in tellers:
        try:
            tell(answer)
        except Exception:
            log.exception("counter.untold")


class Queue:
    """Wishes in the order in which they came. `under_way` are all that are not told yet, those of batches too."""

    def __init__(self) -> None:
        self.waiting: deque[Wish] = deque()
        self.under_way: dict[Key, Wish] = {}
        self._parked: list[Wish] = []  # those whom a batch under way must settle first
        self._patients: set[str] = set()  # of the batches under way
        self._batches = 0
        self._swift: dict[int, asyncio.TimerHandle] = {}  # the batches that are not slow yet, by identity
        self._arrived = asyncio.Event()

    def ask(self, wish: Wish) -> None:
        """Puts a wish into the queue; its tellers hear when it is settled. Refuses Busy."""
        if len(self.waiting) >= MOST_WAITING:
            raise Busy()
        self.waiting.append(wish)
        self.under_way[wish.key] = wish
        if not self._swift or len(self.waiting) >= FEWEST_BESIDE:
            self._arrived.set()

    async def next_batch(self) -> list[Wish]:
        """Waits until there is one. It is under way until `end`."""
        while True:
            await self._arrived.wait()
            batch = self.take()
            if batch:
                self._batches += 1
                self._swift[id(batch)] = asyncio.get_running_loop().call_later(SLOW_S, self._is_slow, id(batch))
                return batch
            self._arrived.clear()

    def _is_slow(self, batch_id: int) -> None:
        del self._swift[batch_id]
        self._arrived.set()

    def take(self) -> list[Wish]:
        """The wishes that waited longest, one for each patient: the next of the same one sees what became of this.
        None while another batch is swiftly under way and those who wait would make a poor one."""
        if self._swift and len(self.waiting) < FEWEST_BESIDE:
            return []
        batch: list[Wish] = []
        while self.waiting and len(batch) < MOST:
            wish = self.waiting.popleft()
            if wish.member.patient_id in self._patients:
                self._parked.append(wish)
                continue
            self._patients.add(wish.member.patient_id)
            batch.append(wish)
        return batch

    def park(self, wish: Wish) -> None:
        """It waits for what a batch under way becomes, and then comes before all who asked later."""
        self._parked.append(wish)

    def end(self, batch: list[Wish], *, is_changed: bool) -> None:
        """A batch is over. `is_changed`: it settled something; else those whom it parked wait for the other batch, not
        for itself."""
        self._batches -= 1
        if (swift := self._swift.pop(id(batch), None)) is not None:
            swift.cancel()
        self._patients.difference_update([wish.member.patient_id for wish in batch])
        if is_changed or not self._batches:
            self._unpark()
        if self.waiting:
            self._arrived.set()

    def _unpark(self) -> None:
        self.waiting.extendleft(reversed(self._parked))
        self._parked.clear()

    def tell(self, wish: Wish, answer: Answer) -> None:
        """To every request that waits for it; once, whatever becomes of the wish afterwards."""
        self.under_way.pop(wish.key, None)
        tellers, wish.tellers, wish.is_told = wish.tellers, [], True
        tell_all(tellers, answer)

    def refuse_all(self, refusal: Refusal) -> None:
        self._unpark()
        while self.waiting:
            self.tell(self.waiting.popleft(), refusal)
