"""The statement recorder: what `docs/decisions` promises about growth, held while the tests run.

It sees every statement of ours on every Django connection and refuses those that a database spread over hospitals
could not carry: a statement on a table of class H without `hospital_id =`, a locking read of such a table without it,
rows written without it, a volatile function in UPDATE or ON CONFLICT, MERGE. A read or write that goes over all
hospitals on purpose stands in `core.db.scale.cross_hospital("reason")`; locks and volatile functions have no such way
out. The booking window has connections of its own: `tests/unit/counter/test_scale.py` reads us its statements.
"""

import inspect
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import sqlglot
from django.apps import apps
from django.db.backends.signals import connection_created
from sqlglot import exp

from yitong.core.db.scale import Scale, cross_hospital_reason

TESTS = Path(__file__).resolve().parent
PRODUCT = TESTS.parent / "src" / "yitong"
KEY = "hospital_id"
VOLATILE = {"clock_timestamp", "gen_random_uuid", "uuid_generate_v4", "uuidv7", "nextval", "random", "timeofday"}
CLOCK = {"now", "current_timestamp", "statement_timestamp", "transaction_timestamp"}  # in ON CONFLICT also these
PLACEHOLDERS = re.compile(r"%s(?:\s*,\s*%s)*|%\(\w+\)s")
COPIES = re.compile(r"^\s*COPY\s+(\w+)\s*\(([^)]*)\)\s+FROM\b", re.IGNORECASE)
TOUCHES = re.compile(r"^\s*(?:SELECT|INSERT|UPDATE|DELETE|MERGE|WITH|\()", re.IGNORECASE)

Column = tuple[str, str]  # (table or alias, column), lower case


class NotScalable(AssertionError):
    """A statement that would not outlive the step to a distributed database."""


seen: list[str] = []  # faults of the test that runs; the fixture below looks, in case a handler swallowed the error
_is_strict = False


@cache
def hospital_tables() -> frozenset[str]:
    """Tables of class H, from the models."""
    return frozenset(m._meta.db_table for m in apps.get_models() if getattr(m, "scale", None) is Scale.H)


# -- on the connections ----------------------------------------------------------------------------------------------


def install() -> None:
    """Listens on every connection that Django opens from now on, in every thread."""
    connection_created.connect(_listen, dispatch_uid="tests.recorder")


def _listen(*, connection: Any, **_: Any) -> None:
    if check_execution not in connection.execute_wrappers:
        connection.execute_wrappers.append(check_execution)


def check_execution(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
    """Django's execute wrapper."""
    if isinstance(sql, str):
        for fault, excusable in faults_of(sql):
            if (excusable and cross_hospital_reason()) or not (_is_strict or _comes_from_the_product()):
                continue
            seen.append(fault)
            raise NotScalable(fault)
    return execute(sql, params, many, context)


def _comes_from_the_product() -> bool:
    """Whether our code asks, and not a test that looks at its rows or tries what the running role may do."""
    frame = inspect.currentframe()
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(PRODUCT):
            return True
        if file.is_relative_to(TESTS) and file != Path(__file__):
            return False
        frame = frame.f_back
    return True


@contextmanager
def expecting() -> Iterator[list[str]]:
    """For tests that plant a fault: what is seen inside is theirs, and their own statements are looked at."""
    global _is_strict
    before = len(seen)
    found: list[str] = []
    _is_strict = True
    try:
        yield found
    finally:
        _is_strict = False
        found.extend(seen[before:])
        del seen[before:]


# -- one statement ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=20_000)
def faults_of(sql: str) -> tuple[tuple[str, bool], ...]:
    """(what is wrong, whether `cross_hospital` excuses it) for each fault of the statement."""
    copies = COPIES.match(sql)
    if copies:
        table, columns = copies[1].lower(), copies[2].lower()
        is_open = table in hospital_tables() and KEY not in re.split(r"\s*,\s*", columns.strip())
        return ((f"writes {table} without {KEY}: {sql}", False),) if is_open else ()
    if not TOUCHES.match(sql) or not any(table in sql for table in hospital_tables()):
        return ()
    return _faults(PLACEHOLDERS.sub(lambda found: "$1" if found[0].count("%") == 1 else "$1, $1", sql))


@lru_cache(maxsize=20_000)
def _faults(sql: str) -> tuple[tuple[str, bool], ...]:
    try:
        statements = sqlglot.parse(sql.replace("%%", "%"), read="postgres")
    except sqlglot.ParseError as error:
        return ((f"can't be read ({error.errors[0].get('description')}): {sql}", False),)
    return tuple(fault for statement in statements if statement for fault in _Reader(hospital_tables()).read(statement))


class _Reader:
    def __init__(self, tables: Iterable[str]) -> None:
        self.tables = frozenset(tables)

    def read(self, statement: exp.Expression) -> Iterator[tuple[str, bool]]:
        if isinstance(statement, exp.Merge):
            yield "MERGE: " + statement.sql("postgres"), False
            return
        for node in statement.find_all(exp.Select, exp.Update, exp.Delete):
            yield from self._scope(node)
        for insert in statement.find_all(exp.Insert):
            yield from self._insert(insert)

    def _scope(self, node: exp.Expression) -> Iterator[tuple[str, bool]]:
        sources = _sources(node)
        own = {alias: table for alias, table in sources.items() if table in self.tables}
        if own:
            bound = _bound(node)
            open_ = sorted(alias for alias in own if (alias, KEY) not in bound)
            if open_:
                names = ", ".join(own[alias] for alias in open_)
                locks = bool(node.args.get("locks"))
                what = "locks rows" if locks else "goes"
                yield f"{what} over all hospitals ({names} without {KEY} =): {node.sql('postgres')}", not locks
        if isinstance(node, exp.Update) and own:
            yield from self._volatile(node.args.get("expressions") or [], VOLATILE, node)
            yield from self._volatile([node.args.get("where")], VOLATILE, node)
            if any(_name(assigned.this) == KEY for assigned in node.expressions if isinstance(assigned, exp.EQ)):
                yield f"changes {KEY}: {node.sql('postgres')}", False

    def _insert(self, insert: exp.Insert) -> Iterator[tuple[str, bool]]:
        table = insert.find(exp.Table)
        conflict = insert.args.get("conflict")
        columns = [_name(column) for column in insert.this.expressions] if isinstance(insert.this, exp.Schema) else []
        if table is not None and table.name.lower() in self.tables and columns and KEY not in columns:
            yield f"writes {table.name} without {KEY}: {insert.sql('postgres')}", False
        if table is not None and table.name.lower() in self.tables and isinstance(conflict, exp.OnConflict):
            yield from self._volatile(conflict.args.get("expressions") or [], VOLATILE | CLOCK, insert)

    @staticmethod
    def _volatile(
        parts: Iterable[exp.Expression | None], names: set[str], statement: exp.Expression
    ) -> Iterator[tuple[str, bool]]:
        for part in parts:
            for call in part.find_all(exp.Func) if part is not None else ():
                name = _function(call)
                if name in names:
                    yield f"volatile {name}() in {statement.sql('postgres')}", False


def _function(call: exp.Func) -> str:
    if isinstance(call, exp.Anonymous):
        return str(call.this).lower()
    if isinstance(call, exp.CurrentTimestamp):
        return "now"
    if isinstance(call, exp.Uuid):
        return "gen_random_uuid"
    if isinstance(call, exp.Rand):
        return "random"
    return call.sql_name().lower()


def _sources(node: exp.Expression) -> dict[str, str]:
    """Alias → table of what this SELECT, UPDATE or DELETE reads or writes itself, its subqueries apart."""
    roots: list[exp.Expression | None] = [node.args.get("from_") or node.args.get("from"), *node.args.get("joins", [])]
    if isinstance(node, exp.Update | exp.Delete):
        roots.append(node.this)
        using = node.args.get("using")
        roots.extend(using if isinstance(using, list) else [using])
    found = {}
    for root in roots:
        for table in _within(root, exp.Table):
            found[table.alias_or_name.lower()] = table.name.lower()
    return found


def _within(root: exp.Expression | None, kind: type[Any]) -> Iterator[Any]:
    """Nodes of a kind, without entering a subquery."""
    if not isinstance(root, exp.Expression):
        return
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, kind):
            yield node
        if isinstance(node, exp.Select | exp.Subquery | exp.SetOperation) and node is not root:
            continue
        stack.extend(child for child in node.iter_expressions())


def _bound(node: exp.Expression) -> set[Column]:
    """Columns that hold one given value wherever this scope's condition is true; the scopes around it help."""
    given: set[Column] = set()
    pairs: list[tuple[Column, Column]] = []
    scope: exp.Expression | None = node
    while scope is not None:
        if isinstance(scope, exp.Select | exp.Update | exp.Delete):
            alone = list(_sources(scope))
            given |= _given_rows(scope)
            for condition in _conditions(scope):
                fixed, equal = _read(condition, alone)
                given |= fixed
                pairs += equal
        scope = scope.parent
    changed = True
    while changed:
        changed = False
        for left, right in pairs:
            if (left in given) != (right in given):
                given |= {left, right}
                changed = True
    return given


def _given_rows(node: exp.Expression) -> set[Column]:
    """Columns of `unnest(…, …) AS w(hospital_id, id)`: rows that were handed in, each with its own value."""
    found = set()
    for root in (node.args.get("from_") or node.args.get("from"), *node.args.get("joins", [])):
        for rows in _within(root, exp.Unnest):
            alias = rows.args.get("alias")
            if alias is not None and not any(
                list(given.find_all(exp.Column, exp.Select)) for given in rows.expressions
            ):
                found |= {(alias.name.lower(), column.name.lower()) for column in alias.columns}
    return found


def _conditions(node: exp.Expression) -> Iterator[exp.Expression]:
    where = node.args.get("where")
    if where is not None:
        yield where.this
    roots = [node.args.get("from_") or node.args.get("from"), *node.args.get("joins", [])]
    if isinstance(node, exp.Update | exp.Delete):
        roots.append(node.this)
    for root in roots:
        for join in _within(root, exp.Join):
            if join.args.get("on") is not None:
                yield join.args["on"]


def _read(condition: exp.Expression, alone: list[str]) -> tuple[set[Column], list[tuple[Column, Column]]]:
    """(columns with a given value, equal columns) of a condition that holds."""
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        left, right = _read(condition.left, alone), _read(condition.right, alone)
        return left[0] | right[0], left[1] + right[1]
    if isinstance(condition, exp.Or):
        return _read(condition.left, alone)[0] & _read(condition.right, alone)[0], []
    if isinstance(condition, exp.EQ):
        return _equal(condition.left, condition.right, alone)
    if isinstance(condition, exp.In):
        return _among(condition, alone), []
    return set(), []


def _equal(
    left: exp.Expression, right: exp.Expression, alone: list[str]
) -> tuple[set[Column], list[tuple[Column, Column]]]:
    if isinstance(left, exp.Tuple) and isinstance(right, exp.Tuple):
        parts = [_equal(one, other, alone) for one, other in zip(left.expressions, right.expressions, strict=False)]
        return set().union(*(part[0] for part in parts)), [pair for part in parts for pair in part[1]]
    columns = [_column(side, alone) for side in (left, right)]
    if columns[0] and columns[1]:
        return set(), [(columns[0], columns[1])]
    for column, other in ((columns[0], right), (columns[1], left)):
        if column and not list(other.find_all(exp.Column, exp.Select, exp.Any)):
            return {column}, []
    return set(), []


def _among(condition: exp.In, alone: list[str]) -> set[Column]:
    """`(hospital_id, id) IN ((…), (…))` names its hospitals row by row; `hospital_id IN (one)` names one."""
    values = condition.expressions
    if condition.args.get("query") is not None or any(list(v.find_all(exp.Column, exp.Select)) for v in values):
        return set()
    if isinstance(condition.this, exp.Tuple):
        return {column for part in condition.this.expressions if (column := _column(part, alone))}
    column = _column(condition.this, alone)
    return {column} if column and len(values) == 1 else set()


def _column(node: exp.Expression, alone: list[str]) -> Column | None:
    node = node.unnest()
    if isinstance(node, exp.Cast):
        node = node.this
    if not isinstance(node, exp.Column):
        return None
    table = node.table.lower() or (alone[0] if len(alone) == 1 else "")
    return (table, node.name.lower())


def _name(node: exp.Expression) -> str:
    return node.name.lower()
