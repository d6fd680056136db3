"""One counter: its connections, its tasks, and how it comes back after a loss."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import psycopg
import structlog

from yitong.core import clock
from yitong.core.errors import Busy
from yitong.core.tokens import Tokens, derived
from yitong.counter import large_pages
from yitong.counter.batch import Batches, new_trace
from yitong.counter.clinics import Instant
from yitong.counter.door import Door
from yitong.counter.feed import Feed
from yitong.counter.line.room import Room
from yitong.counter.loss import cut, end_backends
from yitong.counter.pace import Pace
from yitong.counter.picture import Picture
from yitong.counter.store import PLANS_EACH_TIME, Store, connect, ordinal
from yitong.domains.booking.contracts import LOT_USE, PASS_USE, Pass

AGAIN_S = 0.5
ENDS_S = 0.05  # for those who wait on a connection that is cut to hear of it
WRITING = "yitong counter"  # the connections of batches, as PostgreSQL names them
# Nearly all that a claim makes stays, or goes by itself: looking for cycles a hundredth as often loses nothing.
COLLECT = (50_000, 50, 50)

log = structlog.get_logger("yitong.counter")


class Counter:
    """Everything under `/counter/`. `url` is read anew at each connection: a password may have changed."""

    def __init__(self, url: Callable[[], str], secret: bytes, *, proxies: int = 0) -> None:
        self.url = url
        self.picture = Picture()
        self.batches = Batches(self.picture, self._reload)
        passes = Tokens(derived(secret, PASS_USE), Pass)
        self.room = Room(self.picture, derived(secret, LOT_USE))
        self.door = Door(self.picture, self.batches, passes, Pace(self.picture), proxies, room=self.room)
        self.feed: Feed | None = None
        self._tasks: Sequence[asyncio.Task[None]] = ()
        self._writing: Sequence[int] = ()  # the server's processes that work, or worked last, for batches

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._tasks = [loop.create_task(self._live()), loop.create_task(self.door.tally.run(self.url))]

    def stop(self, loop: asyncio.AbstractEventLoop) -> None:
        for task in self._tasks:
            task.cancel()

    def __call__(self, scope: Any, protocol: Any) -> Coroutine[Any, Any, None]:
        return self.door.answer(scope, protocol)

    async def _live(self) -> None:
        """Works until cancelled. After a loss the last batch's outcomes are unknown, so the picture is made anew."""
        while True:
            try:
                await self._work()
            except (psycopg.Error, OSError) as error:
                log.warning("counter.lost", error=type(error).__name__)
            except Exception:
                log.exception("counter.failed")
            self.batches.queue.refuse_all(Busy())
            self.batches.repeats.refuse_all(Busy())  # who asked while the work ended
            await asyncio.sleep(AGAIN_S)

    async def _work(self) -> None:
        url = self.url()
        async with (
            await connect(url, name=WRITING) as one,
            await connect(url, name=WRITING) as two,
            await connect(url, name=WRITING) as three,
            await connect(url, name="yitong counter asking", settings=PLANS_EACH_TIME) as asking,
            await connect(url, name="yitong counter listening") as listening,
            await connect(url, name="yitong counter lines") as lining,
        ):
            # One batch is thought about, one is written, one waits for the disk.
            writing = one, two, three
            await end_backends(asking, self._writing, WRITING)
            self._writing = [connection.info.backend_pid for connection in writing]
            self.batches.upwards = await ordinal(listening) % 2 == 0
            self.batches.trace = new_trace()  # what was lost and is there nevertheless is another's, who tells of it
            self.picture.clear()
            self.feed = Feed(self.picture, self.batches.trace, self._writing)
            await self.feed.load(listening, asking)
            gc.collect()
            gc.freeze()  # the picture stays: the collector need not walk it
            gc.set_threshold(*COLLECT)
            large_pages.gather()
            trace = self.batches.trace
            stores = [Store(connection, trace) for connection in writing]
            for store in stores:
                await store.warm_up(Instant(clock.now()))
            self.door.is_ready = True
            log.info("counter.ready", sessions=len(self.picture.boards))
            repeats = self.batches.repeats.run(Store(asking, trace))
            lines = self.room.run(lining, trace)
            works = (*map(self.batches.run, stores), repeats, lines, self.feed.follow())
            await self._until_lost(works, (*writing, asking, listening, lining))

    async def _until_lost(
        self, works: Sequence[Awaitable[None]], connections: Sequence[psycopg.AsyncConnection[Any]]
    ) -> None:
        """Runs the works beside each other; when one fails, the others end and its error is raised.

        From that instant nothing is told: the picture may lack what the lost connection has committed. The others are
        cut as well: to end their queries politely takes an answer, and the server may be silent on all of them.
        """
        tasks = [asyncio.ensure_future(work) for work in works]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self.door.is_ready = False
            for connection in connections:
                cut(connection)
            await asyncio.wait(tasks, timeout=ENDS_S)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _reload(self, session_ids: Any) -> None:
        assert self.feed is not None
        await self.feed.reload(session_ids)
