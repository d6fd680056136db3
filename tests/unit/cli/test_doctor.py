"""Each thing that can be wrong is found, and said with its cure."""

import base64
import os
import shutil
from collections import namedtuple
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from django.test import Client

from yitong.cli import doctor
from yitong.cli.database import Database
from yitong.config import keys
from yitong.core import clock
from yitong.core.db import keys as store
from yitong.core.db.models import WorkerHeartbeat


@pytest.fixture
def here(db: None) -> Database:
    return Database(os.environ["YITONG_DATABASE_URL"], os.environ["YITONG_OWNER_DATABASE_URL"], None)


@pytest.fixture
def key_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.delenv(keys.MASTER)
    keys.master_keys()
    for name in keys.SINGLE:
        keys.read(name)
    return keys.folder()


def _bad(found: list[doctor.Finding]) -> list[str]:
    assert all(finding.mend for finding in found if finding.verdict != "good")
    return [finding.what for finding in found if finding.verdict == "bad"]


@pytest.mark.slow
def test_sound_place_has_nothing_bad(here: Database) -> None:
    assert _bad(doctor.examine(here)) == []


def test_keys_are_made_once_and_closed(key_folder: Path) -> None:
    first = keys.master_keys(), keys.read("secret")
    assert (keys.master_keys(), keys.read("secret")) == first
    assert keys.faults() == []
    assert key_folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in key_folder.iterdir()} == {0o600}


def test_missing_open_and_spoilt_keys_are_found(key_folder: Path, here: Database) -> None:
    (key_folder / "master-1").chmod(0o644)
    assert _bad(doctor._keys(here)) == [f"{key_folder / 'master-1'} can be read by others"]
    (key_folder / "master-1").chmod(0o600)
    (key_folder / "sealing").write_text("c2hvcnQ=")
    assert "32 bytes" in _bad(doctor._keys(here))[0]
    (key_folder / "sealing").unlink()
    (key_folder / "master-1").unlink()
    assert _bad(doctor._keys(here)) == [f"no master key in {key_folder}", f"no key {key_folder / 'sealing'}"]


def test_master_key_of_another_database_is_found(
    here: Database, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    WorkerHeartbeat.objects.create(name="here", at=clock.now())
    assert _bad(doctor._encryption(here)) == []
    assert client.get("/health/ready").status_code == 200
    try:
        with monkeypatch.context() as elsewhere:
            elsewhere.setenv(keys.MASTER, "1:" + base64.b64encode(bytes(32)).decode())
            assert "is not the key of this database" in _bad(doctor._encryption(here))[0]
            assert client.get("/health/ready").json()["reasons"] == ["KEYS_AMISS"]
    finally:
        store.keyring().refresh()


def test_missing_master_key_is_found_and_not_made(key_folder: Path, here: Database) -> None:
    (key_folder / "master-1").unlink()
    assert f"no master key in {key_folder}" in _bad(doctor.examine(here))
    assert not (key_folder / "master-1").exists()


def test_second_master_key_joins_the_first(key_folder: Path) -> None:
    shutil.copy(key_folder / "master-1", key_folder / "master-2")
    assert sorted(keys.master_keys()) == [1, 2]


def test_running_as_the_owner_is_a_warning(here: Database) -> None:
    found = doctor._roles(Database(here.owner_url, here.owner_url, None))
    assert [finding.verdict for finding in found] == ["warning"]


def test_wrong_grants_are_found(here: Database, owner_connection: psycopg.Connection) -> None:
    owner_connection.execute(
        "GRANT UPDATE ON core_event TO yitong_app; REVOKE INSERT ON core_dead_letter FROM yitong_app"
    )
    try:
        assert _bad(doctor._grants(here)) == [
            "yitong_app may not write core_dead_letter",
            "yitong_app may change the append-only core_event",
        ]
    finally:
        owner_connection.execute(
            "REVOKE UPDATE ON core_event FROM yitong_app; GRANT INSERT ON core_dead_letter TO yitong_app"
        )


def test_pending_migration_is_found(here: Database, owner_connection: psycopg.Connection) -> None:
    where = "app = 'sessions' AND name = '0001_initial'"
    owner_connection.execute(f"UPDATE django_migrations SET app = 'away' WHERE {where}")
    try:
        assert _bad(doctor._migrations(here)) == ["1 migrations are not applied: sessions.0001_initial"]
    finally:
        owner_connection.execute("UPDATE django_migrations SET app = 'sessions' WHERE app = 'away'")
    assert connection.vendor == "postgresql"


def test_full_disk_and_foreign_clock_are_found(here: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: namedtuple("Usage", "free")(10_000_000))
    assert _bad(doctor._disk(here)) == [f"0.0 GB free at {doctor.data_dir()}"]
    monkeypatch.setattr(doctor, "CLOCK_LIMIT_S", -1.0)
    assert "differ by" in _bad(doctor._clock(here))[0]


def test_lost_database_hides_no_other_finding() -> None:
    nowhere = Database("postgresql:///?host=/nonexistent", "postgresql:///?host=/nonexistent", None)
    found = doctor.examine(nowhere)
    assert [finding.what for finding in found if "can't be reached" in finding.what]
    assert any("free at" in finding.what for finding in found)


def test_plain_http_to_the_world_is_bad(here: Database, settings) -> None:
    settings.PUBLIC_URL, settings.HTTPS = "http://booking.example.cn", False
    assert "in the open" in " ".join(_bad(doctor._settings(here)))
