"""What most tests begin with is made once for a process, and its rows are written again for each of them.

A clinic or an account holder is sixty statements with the rules between them, and hundreds of tests begin with one.
Before the first test a few of each are made by their builders, so by the commands, each alone in a transaction that is
taken back; what is kept are the rows that it left, as one message. A test gets those rows, to the last byte but what a
sequence counts and the database's clock writes, and who asks for more of them than lie in stock, or for another kind,
gets his from the commands.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from functools import wraps
from graphlib import TopologicalSorter
from inspect import Signature, signature, unwrap
from threading import Lock
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.db import connection, transaction
from psycopg import sql

P = ParamSpec("P")
R = TypeVar("R")

ANYWHERE = UUID("01900000-0000-7000-8000-00000a2d5e6e")  # in stock for what a builder is given by a test: any id fits

WRITTEN = """SELECT relid::regclass::text, n_tup_ins > 0, n_tup_upd + n_tup_del > 0 FROM pg_stat_xact_user_tables
WHERE schemaname = 'public' AND n_tup_ins + n_tup_upd + n_tup_del > 0"""
# Not what a sequence counts: a new clone counts anew, and would come to the numbers that lie in stock. Nor what the
# clock says as a row is written: others read in that order.
COLUMNS = r"""SELECT attname FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity = ''
AND (adbin IS NULL OR pg_get_expr(adbin, adrelid) !~ '^(nextval|clock_timestamp)\(') ORDER BY attnum"""
REFERENCES = """SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid"""
BY_TRIGGER = {"procrastinate_events"}  # a trigger writes them with the jobs
OF_THIS_TRANSACTION = "xmin::text::bigint >= pg_current_xact_id()::text::bigint"


@dataclass
class Shelf:
    """So many pieces of one kind; `taken` are those that stand in the database of now."""

    builder: Callable[..., object]
    make: Callable[[], object]
    size: int
    given: Mapping[str, object]
    pieces: list[tuple[object, str]] = field(default_factory=list)  # (what the builder gave, the rows' statements)
    taken: int = 0

    def take(self, given: Mapping[str, object]) -> tuple[object, str] | None:
        """The next piece that is like what a builder is given, if any."""
        if self.taken >= len(self.pieces) or not self._fits(given):
            return None
        with _taking:
            if self.taken >= len(self.pieces):
                return None
            answer, rows = self.pieces[self.taken]
            self.taken += 1
        for name, usual in self.given.items():
            if usual == ANYWHERE:
                rows = rows.replace(str(ANYWHERE), str(given[name]))
        return answer, rows

    def _fits(self, given: Mapping[str, object]) -> bool:
        return given.keys() == self.given.keys() and all(
            given[name] == usual or (usual == ANYWHERE and isinstance(given[name], UUID))
            for name, usual in self.given.items()
        )


_shelves: list[Shelf] = []
_taking = Lock()
_is_committed = False  # whether a test stands around this whose commits are put back


def stocked(
    size: int, *args: object, within: Callable[[], AbstractContextManager[object]] = nullcontext, **given: object
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """For a builder: so many of what it makes when it is called with these arguments and no others lie in stock.

    An id that is ANYWHERE there may be any: for one that nothing refers to, and that the builder doesn't answer with.

    Not for one that asks what is plugged in or set around it: the stock is made where nothing is but what `within`
    plugs in.
    """

    def decorate(build: Callable[P, R]) -> Callable[P, R]:
        known = signature(build)

        def make() -> object:
            with within():
                return build(*args, **given)  # type: ignore[call-arg,arg-type]

        shelf = Shelf(unwrap(build), make, size, _bound(known, args, given))
        _shelves.append(shelf)

        @wraps(build)
        def take(*args: P.args, **kwargs: P.kwargs) -> R:
            piece = shelf.take(_bound(known, args, kwargs)) if _is_put_back() else None
            if piece is None:
                return build(*args, **kwargs)
            answer, rows = piece
            with connection.cursor() as cursor:
                cursor.cursor.execute(rows)
            return deepcopy(answer)  # type: ignore[return-value]

        return take

    return decorate


def _bound(known: Signature, args: Sequence[object], given: Mapping[str, object]) -> dict[str, object]:
    """Every argument by its name, those that were left out too."""
    bound = known.bind_partial(*args, **given)
    bound.apply_defaults()
    return bound.arguments


def _is_put_back() -> bool:
    """Whether a test stands around this that keeps nothing."""
    return _is_committed or any(block._from_testcase for block in connection.atomic_blocks)


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
def committed() -> Iterator[None]:
    """For a test with commits, after which the database is put back: what stands in it is from stock too."""
    global _is_committed
    with put_back():
        _is_committed = True
        try:
            yield
        finally:
            _is_committed = False


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
