"""A page never meets a connection whose server has gone: the pool's are looked at as they are taken."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db.utils import ConnectionHandler, OperationalError
from pytest_django.plugin import DjangoDbBlocker
from tests.conftest import CLUSTER

from yitong.cli.postgres import APP
from yitong.config import databases
from yitong.config.postgres import base


@pytest.fixture
def pooled(clone: Callable[[], None], django_db_blocker: DjangoDbBlocker) -> Iterator[Any]:
    """Django's connection as web processes have it, to this process's own database."""
    address = CLUSTER.url(APP, f"clone_{os.getpid()}")
    settings = databases.settings_for(address, pool=True)
    settings["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 1, "timeout": 5}
    connection = ConnectionHandler({"default": settings})["default"]
    with django_db_blocker.unblock():
        yield connection
        connection.close()
        connection.close_pool()


def backend_of(connection: Any) -> int:
    """The server process that answers; the connection goes back to the pool."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid: int = cursor.fetchone()[0]
    connection.close()
    return pid


def end(pid: int) -> None:
    with CLUSTER.connect() as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_a_living_connection_is_used_again(pooled: Any) -> None:
    assert backend_of(pooled) == backend_of(pooled)


def test_one_whose_server_ended_is_replaced(pooled: Any) -> None:
    gone = backend_of(pooled)
    end(gone)
    assert backend_of(pooled) != gone


def test_without_the_look_the_page_would_fail(pooled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_has_something_to_read", lambda connection: False)
    end(backend_of(pooled))
    with pytest.raises(OperationalError):
        backend_of(pooled)
