"""The embedded server: started twice at once, killed, left behind, and closed to others."""

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from yitong.cli.postgres import APP, OWNER, Cluster
from yitong.cli.postgres_account import PostgresTrouble

pytestmark = pytest.mark.slow
USE_AND_DIE = """
import os, sys, pathlib
from yitong.cli.postgres import Cluster
cluster = Cluster(pathlib.Path(sys.argv[1]), durable=False, shared_buffers="16MB")
cluster.join()
print("joined", flush=True)
sys.stdin.read()
"""


def _cluster(base: Path) -> Cluster:
    return Cluster(base, durable=False, shared_buffers="16MB")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pytest's temporary folders are closed to others: for root, the way below a closed folder is what is tested."""
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture
def running(base: Path) -> Iterator[Cluster]:
    with _cluster(base) as cluster:
        yield cluster
    assert not cluster.is_running()


def test_app_role_neither_creates_nor_owns(running: Cluster) -> None:
    with running.connect(APP, "yitong") as connection:
        assert connection.execute("SELECT current_setting('statement_timeout')").fetchone() == ("30s",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (n int)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE DATABASE mine")


def test_nothing_is_open_to_others(running: Cluster) -> None:
    for path in (running.home, running.data, Path(running.state()["socket"])):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE(running.state_file.stat().st_mode) == 0o600
    with running.connect() as connection:
        assert connection.execute("SELECT current_setting('listen_addresses')").fetchone() == ("",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(running.url(OWNER).replace(running.state()["passwords"][OWNER], "wrong"))


def test_server_runs_under_no_privileged_account(running: Cluster) -> None:
    pid = (running.data / "postmaster.pid").read_text().split("\n", 1)[0]
    assert Path(f"/proc/{pid}").stat().st_uid != 0


def test_log_holds_no_values(running: Cluster) -> None:
    with running.connect(OWNER, "yitong") as connection:
        connection.execute("CREATE TABLE probe (name text UNIQUE)")
        try:
            connection.execute("INSERT INTO probe VALUES ('王小明-13800000000')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO probe VALUES ('王小明-13800000000')")
            with pytest.raises(psycopg.errors.UndefinedTable):
                connection.execute("SELECT '王小明' FROM nowhere")
        finally:
            connection.execute("DROP TABLE probe")
    said = "".join(path.read_text() for path in (running.home / "log").iterdir())
    assert said
    assert "王小明" not in said
    assert "13800000000" not in said


def test_two_starts_at_once_make_one_server(base: Path) -> None:
    clusters = [_cluster(base) for _ in range(4)]
    threads = [threading.Thread(target=cluster.join) for cluster in clusters]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({(cluster.data / "postmaster.pid").read_text().split("\n", 1)[0] for cluster in clusters}) == 1
    for cluster in clusters[:-1]:
        cluster.leave()
        assert clusters[-1].is_running()
    clusters[-1].leave()
    assert not clusters[-1].is_running()


def test_killed_user_leaves_a_server_that_the_next_adopts_and_stops(base: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", USE_AND_DIE, str(base)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "joined\n"
        user.kill()
    cluster = _cluster(base)
    assert cluster.is_running()
    cluster.join()
    cluster.leave()
    assert not cluster.is_running()


def test_killed_server_comes_back_with_what_was_committed(base: Path) -> None:
    with _cluster(base) as cluster:
        with cluster.connect(OWNER, "yitong") as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        cluster.kill(signal.SIGKILL)
        assert cluster.revive() > 0
        with cluster.connect(OWNER, "yitong") as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
            connection.execute("DROP TABLE kept")


def test_number_of_a_stranger_in_a_stale_file_is_no_server(base: Path) -> None:
    with _cluster(base):
        pass
    cluster = _cluster(base)
    stale = cluster.data / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{cluster.data}\n")
    os.chown(stale, cluster.data.stat().st_uid, cluster.data.stat().st_gid)
    assert not cluster.is_running()
    with cluster:
        assert cluster.is_running()


def test_socket_moves_when_its_path_would_be_too_long(tmp_path: Path) -> None:
    with _cluster(tmp_path / ("long" * 30)) as cluster:
        socket = Path(cluster.state()["socket"])
        assert len(str(socket)) < 60
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
        cluster.connect(APP, "yitong").close()
    socket.rmdir()


def test_data_without_its_passwords_is_explained(tmp_path: Path) -> None:
    with _cluster(tmp_path):
        pass
    (tmp_path / "postgres.json").unlink()
    with pytest.raises(PostgresTrouble, match="passwords"):
        _cluster(tmp_path).join()
