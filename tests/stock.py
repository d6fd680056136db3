"""What most tests begin with is made once for a process, and its rows are written again for each of them.

A clinic or an account holder is sixty statements with the rules between them, and hundreds of tests begin with one.
Before the first test a few of each are made by their builders, so by the commands, each alone in a transaction that is
taken back; what is kept are the rows that it left, as one message. A test gets those rows, to the last byte but what a
sequence counts, and who asks for more of them than lie in stock, or for another kind, gets his from the commands. So
does a test with commits.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import wraps
from graphlib import TopologicalSorter
from inspect import signature
from typing import ParamSpec, TypeVar

from django.db import connection, transaction
from psycopg import sql

P = ParamSpec("P")
R = TypeVar("R")

WRITTEN = """SELECT relid::regclass::text, n_tup_ins > 0, n_tup_upd + n_tup_del > 0 FROM pg_stat_xact_user_tables
WHERE schemaname = 'public' AND n_tup_ins + n_tup_upd + n_tup_del > 0"""
# Not what a sequence counts: a new clone counts anew, and would come to the numbers that lie in stock.
COLUMNS = """SELECT attname FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''
AND (adbin IS NULL OR pg_get_expr(adbin, adrelid) NOT LIKE 'nextval(%%') ORDER BY attnum"""
REFERENCES = """SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid"""
BY_TRIGGER = {"procrastinate_events"}  # a trigger writes them with the jobs
OF_THIS_TRANSACTION = "xmin::text::bigint >= pg_current_xact_id()::text::bigint"


@dataclass
class Shelf:
    """So many pieces of one kind; `taken` are those that stand in the transaction of now."""

    make: Callable[[], object]
    size: int
    pieces: list[tuple[object, str]] = field(default_factory=list)  # (what the builder gave, the rows' statements)
    taken: int = 0


_shelves: list[Shelf] = []


def stocked(size: int, **given: object) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For a builder: so many of what it makes when it is called with these arguments and no others lie in stock.

    Not for one that asks what is plugged in or set around it: the stock is made where nothing is.
    """

    def decorate(build: Callable[P, R]) -> Callable[P, R]:
        usual = _bound(build, given)
        shelf = Shelf(lambda: build(**given), size)  # type: ignore[call-arg]
        _shelves.append(shelf)

        @wraps(build)
        def take(*args: P.args, **kwargs: P.kwargs) -> R:
            is_there = shelf.taken < len(shelf.pieces) and _is_rolled_back()
            if args or not is_there or _bound(build, kwargs) != usual:
                return build(*args, **kwargs)
            answer, rows = shelf.pieces[shelf.taken]
            shelf.taken += 1
            with connection.cursor() as cursor:
                cursor.cursor.execute(rows)
            return deepcopy(answer)  # type: ignore[return-value]

        return take

    return decorate


def _bound(build: Callable[..., object], given: Mapping[str, object]) -> dict[str, object]:
    """Every argument by its name, those that were left out too."""
    bound = signature(build).bind_partial(**given)
    bound.apply_defaults()
    return bound.arguments


def _is_rolled_back() -> bool:
    """Whether a test stands around this that keeps nothing."""
    return any(block._from_testcase for block in connection.atomic_blocks)


def fill() -> None:
    """Once, while nothing but the template's rows is there."""
    made = [(shelf, [_made(shelf) for _ in range(shelf.size)]) for shelf in _shelves]
    for shelf, pieces in made:  # none before all are made: each by its commands
        shelf.pieces = pieces


@contextmanager
def put_back() -> Iterator[None]:
    """What is taken in the block is in stock again after it, as its rows are gone."""
    before = [shelf.taken for shelf in _shelves]
    yield
    for shelf, taken in zip(_shelves, before, strict=True):
        shelf.taken = taken


@contextmanager
def undone() -> Iterator[None]:
    """All that happens within is forgotten; commands may be durable in it."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with put_back(), block:
        yield
        transaction.set_rollback(True)


def _made(shelf: Shelf) -> tuple[object, str]:
    with undone():
        answer = shelf.make()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(WRITTEN)
            tables = {table for table, came, _ in cursor.fetchall() if came} - BY_TRIGGER
            cursor.execute(REFERENCES)
            rows = [_rows_of(table) for table in _in_order(tables, cursor.fetchall())]
    return answer, ";\n".join(filter(None, rows))


def _in_order(tables: set[str], references: list[tuple[str, str]]) -> list[str]:
    """What is referred to, before that which refers to it."""
    needs: dict[str, set[str]] = {table: set() for table in sorted(tables)}
    for table, other in references:
        if table in needs and other in needs:
            needs[table].add(other)
    return list(TopologicalSorter(needs).static_order())


def _rows_of(table: str) -> str:
    """One INSERT of the rows that this transaction left in the table; empty where it left none."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [table])
        names = [sql.Identifier(name) for (name,) in cursor.fetchall()]
        texts = sql.SQL(", ").join(sql.SQL("quote_nullable({}::text)").format(name) for name in names)
        row = sql.SQL("SELECT '(' || concat_ws(', ', {}) || ')' FROM {} WHERE {}")
        cursor.execute(row.format(texts, sql.SQL(table), sql.SQL(OF_THIS_TRANSACTION)))
        rows = [text for (text,) in cursor.fetchall()]
        into = sql.SQL("INSERT INTO {} ({}) VALUES ")
        said = into.format(sql.SQL(table), sql.SQL(", ").join(names)).as_string(connection.connection)
    return said + ",\n".join(rows) if rows else ""
