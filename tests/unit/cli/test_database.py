"""The tests' own ground, and what the running role may do."""

import psycopg
import pytest
from django.db import connection

from yitong.cli import grants


def _ask(query: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


@pytest.mark.usefixtures("db")
def test_tests_run_as_the_running_role() -> None:
    assert _ask("SELECT current_user") == "yitong_app"
    assert _ask("SELECT current_setting('server_version_num')::int / 10000") == 18


@pytest.mark.usefixtures("db")
def test_running_role_owns_nothing_and_rewrites_no_history() -> None:
    with connection.cursor() as cursor:
        assert grants.faults(cursor) == []
        cursor.execute("SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = 'yitong_app'")
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.usefixtures("clone")
def test_append_only_tables_refuse_every_change(
    statement: str, append_only: list[str], django_db_blocker, owner_connection: psycopg.Connection
) -> None:
    assert append_only
    for table in append_only:
        row = owner_connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum = 1", [table]
        ).fetchone()
        assert row is not None
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            try:
                with pytest.raises(Exception, match="permission denied"):
                    cursor.execute(statement.format(table, row[0], row[0]))
            finally:
                connection.close()
