"""After a test with real commits the database is as it was made, whatever the test did."""

from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from tests import make
from tests.clones import Clone
from tests.conftest import CLUSTER

from yitong.domains.hospitals.models import Hospital

pytestmark = pytest.mark.slow


@pytest.fixture
def clone_here(committed_db: None, observer: psycopg.Connection) -> Iterator[Clone]:
    name = observer.info.dbname
    with closing(Clone(lambda: CLUSTER.connect(database=name))) as here:
        yield here


@pytest.fixture
def look(clone_here: Clone) -> Callable[[str], list[tuple]]:
    """Through a connection of its own, as putting back ends those that are open."""

    def ask(statement: str) -> list[tuple]:
        with clone_here.connect() as connection:
            return connection.execute(statement).fetchall()

    return ask


def test_rows_that_came_are_gone_and_those_that_went_are_back(clone_here: Clone, look: Callable) -> None:
    (table, before), *_ = ((table, look(f"SELECT * FROM {table} ORDER BY 1")) for table in clone_here.rows)
    with clone_here.connect() as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(f"DELETE FROM {table}")
    make.hospital()
    assert (Hospital.objects.count(), look(f"SELECT count(*) FROM {table}")) == (1, [(0,)])

    assert clone_here.put_back()

    assert look("SELECT count(*) FROM hospitals_hospital") == [(0,)]
    assert look("SELECT count(*) FROM core_event") == [(0,)]
    assert look(f"SELECT * FROM {table} ORDER BY 1") == before


def test_a_changed_row_of_the_template_is_put_back_each_time(clone_here: Clone, look: Callable) -> None:
    name = "django_content_type"
    before = look(f"SELECT * FROM {name} ORDER BY id")
    for _ in range(2):
        with clone_here.connect() as superuser:
            superuser.execute(f"UPDATE {name} SET model = 'other' || id")
        assert clone_here.put_back()
        assert look(f"SELECT * FROM {name} ORDER BY id") == before


def test_whoever_is_connected_has_to_go(clone_here: Clone, observer: psycopg.Connection) -> None:
    make.hospital()
    observer.execute("BEGIN")
    observer.execute("LOCK TABLE hospitals_hospital")
    assert clone_here.put_back()
    with pytest.raises(psycopg.OperationalError):
        observer.execute("SELECT 1")


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE booking_booking ADD CONSTRAINT unheard_of CHECK (key <> 'x')",
        "GRANT DELETE ON core_event TO yitong_app",
        "CREATE TABLE stray (id int)",
        "DROP INDEX booking_one_live_per_slot",
        "ALTER TABLE access_staff_role DISABLE TRIGGER ALL",
    ],
)
def test_a_changed_schema_asks_for_a_new_clone(clone_here: Clone, observer: psycopg.Connection, change: str) -> None:
    with observer.transaction(force_rollback=True):
        assert clone_here.has_its_schema(observer)
        observer.execute(change)
        assert not clone_here.has_its_schema(observer)
    assert clone_here.has_its_schema(observer)


def test_a_table_that_a_test_left_is_not_taken_for_the_template(
    clone_here: Clone, observer: psycopg.Connection
) -> None:
    observer.execute("CREATE TABLE stray (id int)")
    assert not clone_here.put_back()
