"""A connection of batches, spoken through libpq itself: several in one round trip, and COPY.

psycopg's asynchronous cursors take a tenth of a millisecond for each statement, libpq a fifth of that; with a handful
of statements for each batch that was half of a batch's time in Python. Values, rows and errors are still psycopg's.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result

Row = tuple[Any, ...]
Statement = tuple[str, Sequence[Any]]  # with %s for each value
Plan = tuple[str, tuple[int, ...]]  # a statement, and the types of its values
Result = pq.abc.PGresult

COPY_IN, END = pq.ExecStatus.COPY_IN, pq.ExecStatus.PIPELINE_SYNC
DONE, FAILED = pq.ExecStatus.COMMAND_OK, pq.ExecStatus.FATAL_ERROR


class Link:
    """Its connection may be used through psycopg too, in between: both take its lock."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self.connection = connection
        self._prepared: dict[Plan, bytes] = {}
        self._heard: asyncio.Future[None] | None = None  # done when the next result is here, or more can be said

    @property
    def _pg(self) -> pq.abc.PGconn:
        return self.connection.pgconn

    async def ask(self, *statements: Statement) -> list[list[Row]]:
        """The rows of each, in one round trip. Where one fails, those after it are not run, and its error is raised."""
        wanted: list[int] = []  # which of the results are not of a mere preparation
        preparing: list[tuple[Plan, int]] = []  # and which are
        async with self.connection.lock:
            with self._listening():
                self._pg.enter_pipeline_mode()
                for statement, values in statements:
                    place = len(wanted) + len(preparing)
                    plan = self._send(statement, values)
                    if plan is not None:
                        preparing.append((plan, place))
                        place += 1
                    wanted.append(place)
                self._pg.pipeline_sync()
                await self._flush()
                found = await self._results_of_pipeline()
                self._pg.exit_pipeline_mode()
                for plan, place in preparing:
                    if found[place].status != DONE:  # what failed before it kept the server from it
                        del self._prepared[plan]
        _check(found)
        return [self._rows(found[n]) for n in wanted]

    async def forget(self) -> None:
        """Every plan: what is asked next is planned anew. (psycopg forgets its own as it sees this.)"""
        await self.connection.execute("DEALLOCATE ALL")
        self._prepared.clear()

    async def copy(self, statement: str, lines: bytes, *, then: str) -> int:
        """Rows into a table, and a statement behind them in the same request; how many rows it gives. Where one fails,
        the error is raised, and nothing stands of either."""
        found = []
        async with self.connection.lock:
            with self._listening():
                self._pg.send_query(f"{statement};{then}".encode())
                await self._flush()
                while (result := await self._result()) is not None:
                    found.append(result)
                    if result.status == COPY_IN:
                        await self._put(lines)
        _check(found)
        return found[-1].ntuples

    # -- what libpq is told ----------------------------------------------------------------------------------------

    def _send(self, statement: str, values: Sequence[Any]) -> Plan | None:
        """Gives what had to be prepared for it, of which another result will come before its own."""
        adapting = Transformer(self.connection)
        dumped = adapting.dump_sequence(values, [PyFormat.AUTO] * len(values))
        plan = statement, adapting.types or ()
        name = known = self._prepared.get(plan)
        if name is None:
            word = statement.split(maxsplit=1)[0]  # whoever reads along on the wire sees what is asked
            name = self._prepared[plan] = f"link_{len(self._prepared)}_{word}".encode()
            self._pg.send_prepare(name, _numbered(statement), plan[1])
        self._pg.send_query_prepared(name, dumped, adapting.formats)
        return plan if known is None else None

    async def _put(self, lines: bytes) -> None:
        while self._pg.put_copy_data(lines) == 0:
            await self._writable()
        while self._pg.put_copy_end() == 0:
            await self._writable()
        await self._flush()

    async def _flush(self) -> None:
        while self._pg.flush() == 1:
            await self._writable()

    async def _writable(self) -> None:
        """More was to be said than the socket takes at once."""
        loop, socket = asyncio.get_running_loop(), self._pg.socket
        self._heard = can_go_on = loop.create_future()
        loop.add_writer(socket, _set, can_go_on)
        try:
            await can_go_on
        finally:
            with suppress(OSError):  # libpq closes it when it is lost meanwhile; another may have its number next
                loop.remove_writer(socket)

    # -- what it says ----------------------------------------------------------------------------------------------

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """For one request. Who is interrupted leaves half an answer behind, so the connection is given up."""
        loop, socket = asyncio.get_running_loop(), self._pg.socket
        loop.add_reader(socket, self._hear)
        try:
            yield
        except BaseException:
            loop.remove_reader(socket)
            self._pg.finish()
            raise
        loop.remove_reader(socket)

    def _hear(self) -> None:
        waiting = self._heard
        try:
            self._pg.consume_input()
            if waiting is not None and not waiting.done() and not self._pg.is_busy():
                waiting.set_result(None)
        except psycopg.Error as error:
            if waiting is not None and not waiting.done():
                waiting.set_exception(error)

    async def _result(self) -> Result | None:
        """The next one; None where there is no other of this statement."""
        while self._pg.is_busy():
            self._heard = asyncio.get_running_loop().create_future()
            await self._heard
        return self._pg.get_result()

    async def _results_of_pipeline(self) -> list[Result]:
        found: list[Result] = []
        while True:
            result = await self._result()
            if result is not None:
                if result.status == END:
                    return found
                found.append(result)

    def _rows(self, result: Result) -> list[Row]:
        if not result.ntuples:
            return []
        adapting = Transformer(self.connection)
        adapting.set_pgresult(result)
        return adapting.load_rows(0, result.ntuples, tuple)


def _check(results: Iterable[Result]) -> None:
    for result in results:
        if result.status == FAILED:
            raise error_from_result(result)


def _numbered(statement: str) -> bytes:
    """With $1, $2 … as the server wants it."""
    first, *others = statement.replace("%%", "%").split("%s")
    return "".join([first, *(f"${n}{part}" for n, part in enumerate(others, 1))]).encode()


def _set(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)
