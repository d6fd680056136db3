"""Whoever starts it on wrong ground is told what is wrong and what to mend, in a sentence and without a secret."""

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import make_conninfo

from yitong.cli import database
from yitong.cli.ground import CannotStart, take_folder
from yitong.cli.main import main
from yitong.config import environment, keys, logging, plugs

COMMANDS = [["migrate"], ["worker"], ["demo", "load"], ["audit", "verify"], ["keys", "status"], ["doctor"]]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("setting", [database.URL, database.OWNER_URL])
def test_what_is_no_address_is_named_and_not_repeated(
    command: list[str], setting: str, here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(database.URL, here)
    monkeypatch.setenv(setting, "mysql://yitong:secret@db/yitong")
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1
    assert f"{setting} is no address of a PostgreSQL" in result.output
    assert "secret" not in result.output


def test_owner_that_is_not_let_in_is_named(here: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(database.URL, here)
    monkeypatch.setenv(database.OWNER_URL, make_conninfo(here, user="nobody", password="wrong"))
    result = CliRunner().invoke(main, ["migrate"])
    assert result.exit_code == 1
    assert "The database of YITONG_OWNER_DATABASE_URL can't be reached" in result.output


def test_database_without_tables_is_told_to_be_migrated(here: str) -> None:
    database.check_tables(here)
    with pytest.raises(CannotStart, match="yitong migrate"):
        database.check_tables(make_conninfo(os.environ["YITONG_OWNER_DATABASE_URL"], dbname="template1"))


@pytest.mark.parametrize("command", [*COMMANDS, ["up", "--empty"]])
def test_folder_that_cannot_be_made_is_named(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", __file__)
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1
    assert f"The data folder {__file__} can't be made" in result.output


def test_folder_of_somebody_else_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take_folder(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # the tests may run as root, to whom nothing is closed
    with pytest.raises(CannotStart, match="can't be written to"):
        take_folder(tmp_path)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "eighty"])
def test_port_that_is_none_is_refused(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)
    result = CliRunner().invoke(main, ["up", "--empty"])
    assert result.exit_code == 2
    assert "--port" in result.output


def test_settings_of_a_kind_say_what_they_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.number("YITONG_PROXIES", 0) == 0
    assert environment.one_of("YITONG_HASH", "SHA-256", "SM3") == "SHA-256"
    monkeypatch.setenv("YITONG_HASH", "sm3")
    assert environment.one_of("YITONG_HASH", "SHA-256", "SM3") == "SM3"
    monkeypatch.setenv("YITONG_HASH", "MD5")
    with pytest.raises(ImproperlyConfigured, match="YITONG_HASH has to be SHA-256 or SM3"):
        environment.one_of("YITONG_HASH", "SHA-256", "SM3")
    for wrong in ("-1", "two", "²"):
        monkeypatch.setenv("YITONG_PROXIES", wrong)
        with pytest.raises(ImproperlyConfigured, match="YITONG_PROXIES has to be a number"):
            environment.number("YITONG_PROXIES", 0)


@pytest.mark.parametrize(
    ("setting", "read"),
    [
        ("YITONG_LOG_LEVEL", logging.configure),
        ("YITONG_BEACON_PERIOD", plugs.beacon_of_place),
        ("YITONG_BEACON_GENESIS", plugs.beacon_of_place),
    ],
)
def test_setting_of_the_wrong_kind_is_named(
    setting: str, read: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting, "loud")
    with pytest.raises(ImproperlyConfigured, match=setting):
        read()


def test_key_that_is_none_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    short = base64.b64encode(b"much too short").decode()
    monkeypatch.setenv("YITONG_SECRET_KEY", short)
    with pytest.raises(ImproperlyConfigured, match="YITONG_SECRET_KEY holds no key") as said:
        keys.read("secret")
    assert short not in str(said.value)
    for wrong in (short, f"one:{short}", f"1:{short}"):
        monkeypatch.setenv(keys.MASTER, wrong)
        with pytest.raises(ImproperlyConfigured, match=keys.MASTER) as said:
            keys.master_keys()
        assert short not in str(said.value)


def test_log_that_there_is_not_is_no_whole_log(here: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(database.URL, here)
    result = CliRunner().invoke(main, ["audit", "verify", "--log", "nonsense"])
    assert result.exit_code == 2
    assert "known logs: events, reads" in result.output


def test_what_is_no_public_key_is_refused() -> None:
    for wrong in ("zz", "00"):
        result = CliRunner().invoke(main, ["audit", "check-file", __file__, "--key", wrong])
        assert result.exit_code == 2
        assert "64 hexadecimal digits" in result.output


@pytest.fixture
def here(db: None) -> str:
    return os.environ[database.URL]
