"""What lies in stock is what the commands write; tests that keep nothing take it, and it is back after them."""

from collections.abc import Callable
from inspect import unwrap
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests import clinic as build
from tests import lines, make, stock, windows
from tests.stock import ANYWHERE, undone

from yitong.core.db.events import CITY
from yitong.core.db.models import Event
from yitong.domains.access.models import StaffRole
from yitong.domains.people.models import Account

BUILDERS = [
    build.clinic,
    build.holder,
    lines.sold_out,
    make.account_holder,
    make.account_signed_in,
    make.channel,
    make.clinic,
    make.hospital,
    windows.holder,
]


def pieces(builder: Callable[..., object]) -> list[Any]:
    """All that lies in stock of what a builder makes."""
    return [answer for shelf in stock._shelves if shelf.builder is unwrap(builder) for answer, _ in shelf.pieces]


def rows() -> dict[str, int]:
    """Table → its rows, as far as it has any."""
    tables = [model._meta.db_table for model in apps.get_models() if model._meta.managed]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in tables))
        return {table: count for table, count in cursor.fetchall() if count}


def statements(make: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as asked:
        make()
    return len(asked)


@pytest.mark.django_db
@pytest.mark.parametrize("builder", BUILDERS, ids=lambda builder: f"{builder.__module__}.{builder.__name__}")
def test_stock_leaves_the_rows_that_the_commands_leave(builder: Callable[[], object]) -> None:
    before = rows()
    with undone():
        assert statements(builder) == 0
        from_stock = rows()
    with undone():
        assert statements(unwrap(builder)) > 1
        by_command = rows()
    assert from_stock == by_command
    assert sum(from_stock.values()) > sum(before.values())
    assert rows() == before


@pytest.mark.django_db
def test_what_was_taken_back_is_in_stock_again() -> None:
    with undone():
        first, second = build.holder(), build.holder()
        assert first != second
    assert [build.holder(), build.holder()] == [first, second]


@pytest.mark.django_db
def test_who_wants_more_or_something_else_gets_it_from_the_commands() -> None:
    assert len({build.holder()[1] for _ in range(6)}) == 6
    with undone():
        assert statements(lambda: build.clinic(slots=4)) == 0  # as when nothing is said
        assert statements(lambda: build.clinic(slots=7)) > 10


@pytest.mark.django_db
def test_a_database_that_counts_anew_takes_what_lies_in_stock(observer: psycopg.Connection) -> None:
    """As after a test that changed the schema: its process has a new clone, and what lies in stock is older."""
    observer.execute("SELECT setval('procrastinate_jobs_id_seq', 1, false)")
    for builder in BUILDERS:
        builder()
        unwrap(builder)()


@pytest.mark.parametrize("_time", ["first", "second"])
def test_a_test_with_real_commits_takes_from_stock_what_is_put_back_after_it(committed_db: None, _time: str) -> None:
    assert not Account.objects.exists()
    assert statements(windows.holder) == 0
    (account_id,) = Account.objects.values_list("id", flat=True)
    assert account_id in [answer.actor.account_id for answer in pieces(windows.holder)]


@pytest.mark.django_db
def test_what_is_of_any_place_is_of_the_one_that_was_asked_for() -> None:
    here, there = UUID(int=11), UUID(int=12)
    with undone():
        assert statements(lambda: make.staff_member("nurse", hospital_id=here)) == 0
        assert list(StaffRole.objects.values_list("name", "hospital_id")) == [("nurse", here)]
        assert not Event.objects.exclude(hospital_id__in=[here, CITY]).exists()
        assert not Event.objects.filter(body__icontains=str(ANYWHERE)).exists()
    assert make.staff_member("nurse", hospital_id=there) in pieces(make.staff_member)
    assert list(StaffRole.objects.values_list("hospital_id", flat=True)) == [there]


@pytest.mark.django_db
def test_what_lies_in_stock_is_recorded_when_it_is_taken() -> None:
    """Who reads in the order of recording has seen all that is older than some minutes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (taken_at,) = cursor.fetchone()
    make.clinic()
    assert Event.objects.exists()
    assert not Event.objects.filter(recorded_at__lt=taken_at).exists()
    recorded = list(Event.objects.order_by("recorded_at", "id").values_list("id", flat=True))
    assert recorded == sorted(recorded)
