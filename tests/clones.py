"""What a clone of the template held when it was made, and how it is put back after a test with real commits.

A new clone costs the server two checkpoints and a copy of every file, and each connection to it learns the catalogue
anew. What a test wrote is a few rows: those are taken out, and where rows of the template were touched, these are
written again. A test that left the schema changed gets a new clone all the same.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
from psycopg import sql

# One row for all that DDL writes; TRUNCATE, VACUUM and ANALYZE change none of it.
SCHEMA = " UNION ALL ".join(
    f"SELECT '{catalogue}', count(*), sum(xmin::text::bigint)::bigint FROM {catalogue}"
    for catalogue in ("pg_attribute", "pg_attrdef", "pg_constraint", "pg_proc", "pg_trigger", "pg_rewrite", "pg_policy")
) + (
    " UNION ALL SELECT 'pg_class', count(*), sum(hashtext((oid, relname, relacl, relowner, reloptions)::text))"
    " FROM pg_class WHERE relnamespace <> 'pg_toast'::regnamespace"
)
TABLES = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
OTHERS_END_S = 10

State = dict[str, tuple[int, int | None]]  # table → (rows, sum of the transactions that wrote them)


@dataclass
class Clone:
    """`connect` gives a superuser's connection to it, autocommit.

    One of them stays open between looks: what it asks goes over every table, so a new one would read the whole
    catalogue first and plan it all again.
    """

    connect: Callable[[], psycopg.Connection]
    _looking: psycopg.Connection | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        connection = self._connection()
        self.schema = connection.execute(SCHEMA, prepare=True).fetchall()
        self.tables = sorted(table for (table,) in connection.execute(TABLES))
        self.state = self._state_of(connection)
        self.rows = {table: _copied(connection, table) for table, (count, _) in self.state.items() if count}

    def put_back(self) -> bool:
        """False if only a new clone will do. Whoever is connected has to go, as with a new one."""
        connection = self._connection()
        _end_others(connection)
        if not self.has_its_schema(connection):
            return False
        now = self._state_of(connection)
        touched = [table for table in self.tables if now[table] != self.state[table]]
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")  # no trigger, no foreign key
            for table in touched:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.SQL(table)))
                if table in self.rows:
                    with connection.cursor().copy(sql.SQL("COPY {} FROM STDIN").format(sql.SQL(table))) as copy:
                        copy.write(self.rows[table])
        now = self._state_of(connection)
        assert {table: count for table, (count, _) in now.items()} == {
            table: count for table, (count, _) in self.state.items()
        }
        self.state = now
        return True

    def has_its_schema(self, connection: psycopg.Connection) -> bool:
        return connection.execute(SCHEMA, prepare=True).fetchall() == self.schema

    def close(self) -> None:
        if self._looking is not None:
            self._looking.close()

    def _connection(self) -> psycopg.Connection:
        """The one that stays, or another where it was ended: by a test that ends all, or with its server."""
        if self._looking is not None:
            try:
                self._looking.execute("SELECT 1")
                return self._looking
            except psycopg.OperationalError:
                self._looking.close()
        self._looking = self.connect()
        # So many tables look like much work: the server would start processes for it, thirty times as long as the work.
        self._looking.execute("SET max_parallel_workers_per_gather = 0")
        return self._looking

    def _state_of(self, connection: psycopg.Connection) -> State:
        each = " UNION ALL ".join(
            f"SELECT '{table}', count(*), sum(xmin::text::bigint)::bigint FROM {table}" for table in self.tables
        )
        return {table: (count, written) for table, count, written in connection.execute(each, prepare=True)}


def _copied(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.SQL(table))) as copy:
        return b"".join(bytes(part) for part in copy)


def _end_others(connection: psycopg.Connection) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'",
        [OTHERS_END_S * 1000],
    )
