"""The tests' database: real PostgreSQL 18, one clone for each test process, used as the running role.

The cluster at `.yitong/test/` is shared by every pytest that runs at the same time and stops with the last one. A
template database, named by a hash of all migrations and grants, is migrated once; each process gets a clone of it.
"""

import base64
import fcntl
import gc
import hashlib
import importlib.metadata
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import cast

import psycopg
import pytest
import pytest_socket
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import connections
from hypothesis import HealthCheck, Phase, settings
from pytest_django.plugin import DjangoDbBlocker
from tests import recorder, stock
from tests.clones import Clone

from yitong.cli import database, grants, messages, migration
from yitong.cli.postgres import APP, OWNER, Cluster
from yitong.core import clock

ROOT = Path(__file__).resolve().parents[1]
CLUSTER = Cluster(Path(os.environ.get("YITONG_TEST_DIR") or ROOT / ".yitong" / "test"), durable=False)
CLONE = re.compile(r"clone_(\d+)")
TEMPLATE_KEPT_S = 24 * 3600
# The template holds keys wrapped with this one, so every test process has to have the same.
os.environ["YITONG_MASTER_KEYS"] = "1:" + base64.b64encode(bytes(range(32))).decode()

# No test fails for the time that it takes: the machine may be busy with something else. Without the phase that explains
# a failure, which traces every line of a run.
PHASES = [phase for phase in Phase if phase is not Phase.explain]
LONG = os.environ.get("YITONG_LONG") == "1"  # `make long`
settings.register_profile(
    "calm",
    deadline=None,
    max_examples=300 if LONG else 25,
    phases=PHASES,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("calm")

messages.compile_all()


@cache
def _only_loopback() -> Callable[..., None]:
    """A `connect` that leads nowhere else; made once, as its making asks for the addresses of a name."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    return cast(Callable[..., None], socket.socket.connect)


def pytest_runtest_setup() -> None:
    socket.socket.connect = _only_loopback()  # type: ignore[method-assign]


def pytest_configure() -> None:
    recorder.install()
    # Looks for a file when it is asked for one; else each `Client()` would read the whole folder of them first.
    django_settings.WHITENOISE_AUTOREFRESH = True
    staticfiles_storage.url = cache(staticfiles_storage.url)  # as in service


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the garbage collector needn't walk it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def _django_set_urlconf() -> None:
    """pytest-django looks before each test for marks that none of ours bears, and for mail that we don't send."""


_dj_autoclear_mailbox = _django_isolate_apps = _django_clear_site_cache = _django_set_urlconf
_template_string_if_invalid_marker = _django_set_urlconf


@pytest.fixture(autouse=True)
def _statements_stay_within_a_hospital() -> Iterator[None]:
    """A statement that the recorder refused fails its test, even where some handler swallowed the error."""
    recorder.seen.clear()
    with stock.put_back():
        yield
    assert recorder.seen == []


# -- the cluster ---------------------------------------------------------------------------------------------------


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """One process at a time, over all builders and workers."""
    with open(CLUSTER.base / f"{name}.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _template_name() -> str:
    """By all that makes the schema: our migrations, the grants, and the versions of the packages that bring tables."""
    digest = hashlib.sha256()
    files = sorted((ROOT / "src/yitong").glob("**/migrations/*.py")) + [ROOT / "src/yitong/cli/grants.py"]
    for file in files:
        digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    for package in ("django", "procrastinate"):
        digest.update(importlib.metadata.version(package).encode())
    digest.update(" ".join(grants.append_only_tables()).encode())
    return f"template_{digest.hexdigest()[:12]}"


def _point_at(name: str, role: str) -> None:
    """Django's default connection, in this and every later thread, and in processes that a test starts."""
    url = CLUSTER.url(role, name)
    database.change_role(url)
    os.environ["YITONG_OWNER_DATABASE_URL"] = CLUSTER.url(OWNER, name)


def _drop(name: str) -> None:
    """As superuser: FORCE has to end whoever is still there, and an autovacuum worker only yields to that role."""
    with CLUSTER.connect() as superuser:
        superuser.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _make_template(name: str) -> None:
    fresh = f"{name}_fresh"
    _drop(fresh)
    with CLUSTER.connect(OWNER) as admin:
        admin.execute(f"CREATE DATABASE {fresh}")
        _point_at(fresh, OWNER)
        migration.migrate(APP)
        connections.close_all()
        admin.execute(f"ALTER DATABASE {fresh} RENAME TO {name}")


def _ensure_template() -> str:
    name = _template_name()
    used = CLUSTER.base / "templates"
    with _alone("template"):
        used.mkdir(exist_ok=True)
        with CLUSTER.connect(OWNER) as admin:
            known = {row[0] for row in admin.execute("SELECT datname FROM pg_database")}
            for old in known:
                if old.startswith("template_") and old != name:
                    mark = used / old
                    if not mark.exists() or time.time() - mark.stat().st_mtime > TEMPLATE_KEPT_S:
                        _drop(old)
                clone = CLONE.fullmatch(old)
                if clone and not Path(f"/proc/{clone[1]}").exists():
                    _drop(old)
        if name not in known:
            _make_template(name)
        (used / name).touch()
    return name


def _clone(template: str, name: str) -> None:
    _drop(name)
    with CLUSTER.connect(OWNER) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")


@pytest.fixture(scope="session")
def clone(django_db_blocker: DjangoDbBlocker) -> Iterator[Callable[[], None]]:
    """This process's own database. The value puts it back as it was made."""
    CLUSTER.join()
    name = f"clone_{os.getpid()}"
    try:
        with django_db_blocker.unblock():
            template = _ensure_template()
            _clone(template, name)
            _point_at(name, APP)

        def birth() -> Clone:
            return Clone(lambda: CLUSTER.connect(database=name))

        born = [birth()]

        def renew() -> None:
            connections.close_all()
            if not born[-1].put_back():
                born.pop().close()
                _clone(template, name)
                born.append(birth())

        yield renew
        born.pop().close()
        with django_db_blocker.unblock():
            connections.close_all()
            _drop(name)
    finally:
        CLUSTER.leave()


@pytest.fixture(scope="session")
def django_db_setup(clone: Callable[[], None], django_db_blocker: DjangoDbBlocker) -> None:
    """pytest-django's own fixtures (`db`: everything rolled back after the test) stand on our clone."""
    with django_db_blocker.unblock():
        stock.fill()


# -- for tests -----------------------------------------------------------------------------------------------------


@contextmanager
def _committed(clone: Callable[[], None], blocker: DjangoDbBlocker) -> Iterator[None]:
    with blocker.unblock(), stock.committed():
        try:
            yield
        finally:
            clone()


@pytest.fixture
def committed_db(
    django_db_setup: None, clone: Callable[[], None], django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Real commits, seen by other threads and processes; afterwards the database is put back as it was made."""
    with _committed(clone, django_db_blocker):
        yield


@pytest.fixture(scope="module")
def committed_for_module(
    django_db_setup: None, clone: Callable[[], None], django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """As `committed_db`, for tests which put back themselves what they changed. All of the module's, or the database is
    put back below them."""
    with _committed(clone, django_db_blocker):
        yield


@pytest.fixture(scope="module")
def as_it_stands(clone: Callable[[], None]) -> Iterator[Callable[[], Callable[[], None]]]:
    """`back = as_it_stands()` looks at what was committed so far, and `back()` puts all of it back."""

    name = f"clone_{os.getpid()}"
    with ExitStack() as open_:

        def look() -> Callable[[], None]:
            seen = Clone(lambda: CLUSTER.connect(database=name))
            open_.callback(seen.close)

            def back() -> None:
                connections.close_all()
                assert seen.put_back(), "a test changed the schema"

            return back

        yield look


@pytest.fixture(scope="module")
def shared_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """One transaction around a module's `db` tests: what fixtures of this scope make is made once, and each test rolls
    back to there."""
    with django_db_blocker.unblock(), stock.undone():
        yield


@pytest.fixture
def owner_connection(clone: Callable[[], None]) -> Iterator[psycopg.Connection]:
    """The schema's owner, autocommit: only for tests that look from outside."""
    with CLUSTER.connect(OWNER, f"clone_{os.getpid()}") as connection:
        yield connection


@pytest.fixture
def observer(clone: Callable[[], None]) -> Iterator[psycopg.Connection]:
    """The cluster's superuser, autocommit: for tests that watch who waits for whom, and end connections."""
    with CLUSTER.connect(database=f"clone_{os.getpid()}") as connection:
        yield connection


@pytest.fixture
def frozen_clock() -> Iterator[Callable[[datetime], datetime]]:
    """`frozen_clock(instant)` stops `clock.now()` there for the rest of the test; call again to move it."""
    with ExitStack() as stack:
        yield lambda instant: stack.enter_context(clock.frozen(instant))


@pytest.fixture
def append_only() -> list[str]:
    """Names of the tables that the running role can only add to."""
    assert apps.ready
    return grants.append_only_tables()
