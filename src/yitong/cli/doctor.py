"""`yitong doctor`: looks at everything that a place needs, says what is wrong and how to mend it. Changes nothing."""

import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

import psycopg

from yitong.cli import grants, messages
from yitong.cli.database import OLDEST_VERSION, Database
from yitong.config import keys
from yitong.config.paths import data_dir

Verdict = Literal["good", "warning", "bad"]
CLOCK_LIMIT_S = 2.0
DISK_BAD_BYTES = 1_000_000_000
DISK_WARNING_BYTES = 5_000_000_000


@dataclass(frozen=True)
class Finding:
    verdict: Verdict
    what: str
    mend: str = ""


def examine(database: Database) -> list[Finding]:
    """All findings, each look by itself: one that fails doesn't hide the others. Needs Django to be set up."""
    looks: list[Callable[[Database], list[Finding]]] = [_settings, _keys, _disk, _words, _server]
    try:
        psycopg.connect(database.app_url, connect_timeout=5).close()
        looks += [_roles, _clock, _migrations, _encryption, _grants]  # pointless without a database
    except psycopg.OperationalError:
        pass
    found: list[Finding] = []
    for look in looks:
        try:
            found += look(database)
        except psycopg.OperationalError as error:
            mend = "Check that it runs, and host, port, name and password of YITONG_DATABASE_URL."
            found.append(Finding("bad", f"the database can't be reached: {str(error).strip()}", mend))
        except Exception as error:  # noqa: BLE001 - a look that fails is itself a finding
            name = look.__name__.strip("_")
            found.append(Finding("bad", f"{name}: can't be examined: {error}", "Mend what stands above and run again."))
    return found


def _settings(database: Database) -> list[Finding]:
    from django.conf import settings
    from django.core import checks

    found = [
        Finding("bad" if message.level >= checks.ERROR else "warning", message.msg, message.hint or "")
        for message in checks.run_checks()
        if message.level >= checks.WARNING
    ]
    if settings.DEBUG:
        found.append(Finding("bad", "settings.DEBUG is on", "Turn it off: it shows secrets to visitors."))
    host = urlsplit(settings.PUBLIC_URL).hostname
    if not settings.HTTPS and host not in {"127.0.0.1", "localhost", "::1"}:
        found.append(
            Finding(
                "bad",
                f"YITONG_PUBLIC_URL says http for {host}: passwords and identity numbers would travel in the open",
                "Put a proxy with TLS in front and set YITONG_PUBLIC_URL=https://…",
            )
        )
    return found or [Finding("good", f"settings, for {settings.PUBLIC_URL}")]


def _keys(database: Database) -> list[Finding]:
    mend = (
        f"A new place makes them with `yitong migrate`. Otherwise restore {keys.folder()} from your backup (chmod 700, "
        f"files 600), or give {keys.MASTER}, {', '.join(keys.SINGLE.values())}. A new master key can't read what an "
        "old one encrypted."
    )
    return [Finding("bad", fault, mend) for fault in keys.faults()] or [
        Finding("good", "keys present, closed to others"),
        Finding("warning", f"keys lie in {keys.folder()}", "Keep a copy apart from the database's backup.")
        if not os.environ.get(keys.MASTER)
        else Finding("good", "master keys come from the environment"),
    ]


def _disk(database: Database) -> list[Finding]:
    free = shutil.disk_usage(data_dir()).free
    said = f"{free / 1e9:.1f} GB free at {data_dir()}"
    if free < DISK_BAD_BYTES:
        return [Finding("bad", said, "Free some: PostgreSQL stops when the disk is full.")]
    if free < DISK_WARNING_BYTES:
        return [Finding("warning", said, "Plan for more: a city writes some GB a month.")]
    return [Finding("good", said)]


def _server(database: Database) -> list[Finding]:
    with psycopg.connect(database.app_url, connect_timeout=5) as connection:
        version = connection.info.server_version // 10000
        row = connection.execute("SELECT pg_is_in_recovery(), current_setting('server_encoding')").fetchone()
    assert row is not None
    read_only, encoding = row
    found = []
    if version < OLDEST_VERSION:
        found.append(Finding("bad", f"PostgreSQL {version}", f"Use PostgreSQL {OLDEST_VERSION} or newer."))
    if read_only:
        found.append(Finding("bad", "the database is a read-only standby", "Point YITONG_DATABASE_URL at the primary."))
    if encoding != "UTF8":
        found.append(Finding("bad", f"the database's encoding is {encoding}", "Create it with ENCODING 'UTF8'."))
    kind = "embedded" if database.cluster else "external"
    return found or [Finding("good", f"PostgreSQL {version}, {kind}, answers")]


def _roles(database: Database) -> list[Finding]:
    with psycopg.connect(database.app_url, connect_timeout=5) as connection:
        row = connection.execute(
            "SELECT current_user, rolsuper, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row is not None
    name, superuser, creates, bypasses = row
    if superuser or creates or bypasses:
        return [
            Finding(
                "bad",
                f"Yitong runs as {name}, a role with power over the whole server",
                "Make two roles, an owner that migrates (YITONG_OWNER_DATABASE_URL) and a plain one that runs.",
            )
        ]
    if database.app_url == database.owner_url:
        return [
            Finding(
                "warning",
                f"Yitong runs as {name}, the owner of its tables, who could rewrite events and access log",
                "Make a second role that owns nothing, put it in YITONG_DATABASE_URL, and the owner in "
                "YITONG_OWNER_DATABASE_URL; then run `yitong migrate`.",
            )
        ]
    return [Finding("good", f"runs as {name}, which owns nothing it shouldn't")]


def _clock(database: Database) -> list[Finding]:
    with psycopg.connect(database.app_url, connect_timeout=5) as connection:
        before = datetime.now(UTC)
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        after = datetime.now(UTC)
    assert row is not None
    there = row[0]
    skew_s = (there - before).total_seconds() if there < before else max(0.0, (there - after).total_seconds())
    if abs(skew_s) > CLOCK_LIMIT_S:
        return [
            Finding(
                "bad",
                f"the clocks of this machine and of the database differ by {skew_s:+.1f} s",
                "Let both follow NTP (chrony, systemd-timesyncd): releases and holds go by the clock.",
            )
        ]
    return [Finding("good", f"clock agrees with the database's ({skew_s:+.3f} s)")]


def _migrations(database: Database) -> list[Finding]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        names = ", ".join(f"{m.app_label}.{m.name}" for m, _ in plan[:5])
        return [Finding("bad", f"{len(plan)} migrations are not applied: {names}", "Run `yitong migrate`.")]
    return [Finding("good", "migrations applied")]


def _encryption(database: Database) -> list[Finding]:
    """Whether the keys that are here are those which this database was written with."""
    from django.db import ProgrammingError

    from yitong.core.db import keys as store

    if keys.faults():
        return []  # which `_keys` says: who is asked to open something makes a key where there is none
    try:
        trouble = store.trouble()
    except ProgrammingError:
        return []  # no tables yet, which `_migrations` says
    if trouble is not None:
        mend = f"Restore {keys.folder()} from your backup, or give the right {keys.MASTER}; see `yitong keys status`."
        return [Finding("bad", trouble, mend)]
    return [Finding("good", "the keys open this database's encrypted fields")]


def _grants(database: Database) -> list[Finding]:
    if database.app_url == database.owner_url:
        return []
    with psycopg.connect(database.app_url, connect_timeout=5) as connection:
        found = grants.faults(connection.cursor(), database.app_role)
    return [Finding("bad", fault, "Run `yitong migrate`: it says the grants anew.") for fault in found[:10]] or [
        Finding("good", "grants as declared: append-only tables can only be added to")
    ]


def _words(database: Database) -> list[Finding]:
    late = [po for po in messages.catalogues() if not po.with_suffix(".mo").exists()]
    if late:
        return [Finding("warning", "English pages lack their texts", "Run `yitong messages compile`.")]
    return [Finding("good", f"texts of both languages; this host is {socket.gethostname()}")]
