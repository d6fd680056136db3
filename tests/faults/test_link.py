"""How a batch speaks with its database: many statements in one round trip, and what is left of a connection after each
way in which that can end. On a real database; a temporary table is all that is written."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from psycopg import errors as pg
from tests.loopback import LOOPS

from yitong.config import databases
from yitong.counter.link import Link
from yitong.counter.store import connect

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.slow]

Talk = Callable[[Link], Awaitable[None]]


def linked(talk: Talk, loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
    async def run() -> None:
        url = databases.url()
        assert url is not None
        async with await connect(url, name="test of a link") as connection, asyncio.timeout(20):
            await connection.execute("CREATE TEMPORARY TABLE kept (n integer UNIQUE, text text)")
            await talk(Link(connection))

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(run())


def test_values_and_rows_are_those_of_psycopg() -> None:
    instant, one = datetime(2026, 11, 23, 2, 0, tzinfo=UTC), UUID(int=7)
    values = [instant, [one], None, "90 %", 5, True]
    asked = "SELECT %s::timestamptz, %s::uuid[], %s::text, %s::text, 100 %% %s, %s::boolean"

    async def talk(link: Link) -> None:
        for _ in range(2):  # prepared, and once more as it was prepared
            told = await link.ask(("SELECT 1 WHERE false", ()), (asked, values), ("SELECT generate_series(1, %s)", [2]))
            assert told == [[], [(instant, [one], None, "90 %", 0, True)], [(1,), (2,)]]
        assert (await (await link.connection.execute(asked, values)).fetchall()) == told[1]

    linked(talk)


def test_where_one_statement_fails_those_after_it_are_not_run() -> None:
    async def talk(link: Link) -> None:
        with pytest.raises(pg.UniqueViolation) as broken:
            await link.ask(
                ("BEGIN", ()),
                ("INSERT INTO kept VALUES (%s)", [1]),
                ("INSERT INTO kept VALUES (%s)", [1]),
                ("COMMIT", ()),
            )
        assert broken.value.diag.constraint_name == "kept_n_key"
        await link.ask(("ROLLBACK", ()))
        assert await link.ask(("SELECT n FROM kept", ())) == [[]]

    linked(talk)


def test_many_rows_go_into_a_table_or_none() -> None:
    many = "".join(f"{n}\t{'x' * 1_000}\n" for n in range(3_000)).encode()  # more than a socket takes at once

    async def talk(link: Link) -> None:
        assert await link.copy("COPY kept FROM STDIN", many, then="SELECT FROM kept WHERE n < 7") == 7
        count = ("SELECT count(*) FROM kept", ())
        assert await link.ask(count) == [[(3_000,)]]
        await link.ask(("BEGIN", ()))
        with pytest.raises(pg.UniqueViolation):
            await link.copy("COPY kept FROM STDIN", b"3000\tx\n2\tx\n", then="SELECT 1")
        await link.ask(("ROLLBACK", ()))
        with pytest.raises(pg.DivisionByZero):
            await link.copy("COPY kept FROM STDIN", b"3000\tx\n", then="SELECT 1 / 0")
        assert await link.ask(count) == [[(3_000,)]]

    linked(talk)


def test_who_is_interrupted_leaves_no_half_answer_to_the_next() -> None:
    """The connection is given up, as a lost one: what came on it later would be taken for another statement's."""

    async def talk(link: Link) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await link.ask(("SELECT pg_sleep(0.2)", ()))
        assert link.connection.closed
        with pytest.raises(psycopg.OperationalError):
            await link.ask(("SELECT 1", ()))

    linked(talk)


def test_a_server_that_goes_away_is_a_lost_connection() -> None:
    async def talk(link: Link) -> None:
        with pytest.raises(psycopg.OperationalError):
            await link.ask(("SELECT pg_terminate_backend(pg_backend_pid())", ()), ("SELECT 1", ()))
        assert link.connection.closed

    linked(talk)


def test_what_was_not_prepared_behind_an_error_is_prepared_the_next_time() -> None:
    """Else a lock that one batch waited for too long would lose the window, if it came at the wrong instant."""
    broken: tuple[str, tuple[()]] = ("SELECT 1 / 0", ())

    async def talk(link: Link) -> None:
        for _ in range(2):
            with pytest.raises(pg.DivisionByZero):
                await link.ask(("SELECT 5", ()), broken, ("SELECT 6", ()), ("SELECT %s::text", ["a"]))
        told = await link.ask(("SELECT 7", ()), ("SELECT 6", ()), ("SELECT 5", ()), ("SELECT %s::text", ["a"]))
        assert told == [[(7,)], [(6,)], [(5,)], [("a",)]]

    linked(talk)


NAPS = (
    "CREATE FUNCTION pg_temp.nap() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NEW; END'",
    "CREATE TRIGGER naps BEFORE INSERT ON kept FOR EACH ROW EXECUTE FUNCTION pg_temp.nap()",
)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_server_that_goes_away_while_it_is_told_something_is_a_lost_connection(
    loop: str, observer: psycopg.Connection
) -> None:
    """It takes no more of a long word, and then it is gone. Its socket's number is free for the next one."""
    many = b"1\t%b\n" % (b"x" * 1_000) * 30_000

    async def talk(link: Link) -> None:
        for statement in NAPS:
            await link.connection.execute(statement)
        pid = link.connection.info.backend_pid
        copying = asyncio.create_task(link.copy("COPY kept FROM STDIN", many, then="SELECT 1"))
        await asyncio.sleep(0.3)
        observer.execute("SELECT pg_terminate_backend(%s)", [pid])
        with pytest.raises(psycopg.OperationalError):
            async with asyncio.timeout(5):
                await copying
        assert link.connection.closed
        async with await connect(databases.url() or "", name="test of a link") as another:
            assert await Link(another).ask(("SELECT 1", ())) == [[(1,)]]

    for _ in range(5):
        linked(talk, LOOPS[loop])
