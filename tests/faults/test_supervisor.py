"""`yitong up` as a person runs it: a process tree that heals, and that ends whole."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from yitong.cli.postgres import Cluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
READY = re.compile(r"^Ready: (http://127\.0\.0\.1:\d+)$", re.M)


class Up:
    """A running `yitong up` on a port and a data folder of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.folder = folder
        self.output = folder.parent / f"{folder.name}.out"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("YITONG_") and k != "CITY"}
        environment |= {"DATA_DIR": str(folder), "PORT": str(self.port)}
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "yitong", "up", *options],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.output.read_text()

    def wait_ready(self) -> None:
        await_that(lambda: READY.search(self.said()) is not None or self.process.poll() is not None, 120, self.said)
        assert READY.search(self.said()), self.said()

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def processes(self) -> dict[int, str]:
        """Every living process of ours, by number: all carry our data folder in environment or command."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                environment = (entry / "environ").read_bytes()
                ours = f"DATA_DIR={self.folder}".encode() in environment.split(b"\0") or str(self.folder) in command
            except OSError:
                continue
            if ours and command:
                found[int(entry.name)] = command
        return found

    def children(self, word: str) -> list[int]:
        return sorted(pid for pid, command in self.processes().items() if word in command)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)


def await_that(condition: Callable[[], bool], seconds: float, explain: Callable[[], object]) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by the tests of this file: the first start makes it, later ones find it made."""
    return tmp_path_factory.mktemp("up") / "data"


@pytest.fixture
def own(folder: Path) -> Iterator[Up]:
    """One to end in some way."""
    running = Up(folder.with_name("ending"), "--empty")
    try:
        running.wait_ready()
        yield running
    finally:
        running.end()


@pytest.fixture(scope="module")
def up(folder: Path) -> Iterator[Up]:
    """One to hurt; each test waits until it has healed."""
    running = Up(folder, "--empty")
    try:
        running.wait_ready()
        yield running
    finally:
        running.end()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_every_process(own: Up, ending: signal.Signals) -> None:
    assert own.get("/health/ready") == (200, '{"status": "ready", "reasons": []}')
    assert len(own.children("granian")) == 3
    assert len(own.children("yitong worker")) == 1
    assert own.children("postgres -D")
    own.process.send_signal(ending)
    assert own.process.wait(60) == 0
    assert own.processes() == {}
    assert len(READY.findall(own.said())) == 1


def test_killed_supervisor_takes_its_children_along(own: Up) -> None:
    own.process.kill()
    own.process.wait()
    await_that(lambda: not own.children("granian") and not own.children("yitong worker"), 30, own.processes)
    again = Up(own.folder, "--empty")
    try:
        again.wait_ready()
    finally:
        again.end()
    assert again.processes() == {}


def test_killed_web_server_comes_back_alone_on_its_port(up: Up) -> None:
    before = up.children("granian")
    parents = {pid: int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1]) for pid in before}
    server = next(pid for pid in before if parents[pid] == up.process.pid)
    os.kill(server, signal.SIGKILL)
    await_that(lambda: not set(before) & set(up.children("granian")), 30, up.processes)
    await_that(lambda: up.get("/health/ready")[0] == 200, 30, up.processes)
    assert len(up.children("granian")) == 3
    assert "web ended" in up.said()


def test_killed_worker_of_the_web_server_is_replaced(up: Up) -> None:
    os.kill(up.children("granian")[-1], signal.SIGKILL)
    await_that(lambda: len(up.children("granian")) == 3, 30, up.processes)
    assert up.get("/health/live")[0] == 200


def test_killed_worker_comes_back_and_says_so(up: Up) -> None:
    (worker,) = up.children("yitong worker")
    os.kill(worker, signal.SIGKILL)
    await_that(lambda: up.children("yitong worker") not in ([], [worker]), 30, up.processes)
    assert "worker ended" in up.said()


def test_killed_database_comes_back_and_health_tells_the_truth(up: Up) -> None:
    Cluster(up.folder).kill()
    await_that(lambda: "PostgreSQL ended" in up.said(), 30, up.said)
    await_that(lambda: up.get("/health/ready")[0] == 200, 60, lambda: up.get("/health/ready"))


def test_ready_is_refused_with_reasons(up: Up) -> None:
    (up.folder / "keys" / "master-1").rename(up.folder / "keys" / ".master-1.away")
    try:
        status, body = up.get("/health/ready")
        assert (status, json.loads(body)["reasons"]) == (503, ["KEYS_AMISS"])
    finally:
        (up.folder / "keys" / ".master-1.away").rename(up.folder / "keys" / "master-1")
    with psycopg.connect(Cluster(up.folder).url("yitong_owner"), autocommit=True) as owner:
        owner.execute("INSERT INTO core_worker_heartbeat VALUES ('probe', now())")
        owner.execute("ALTER TABLE core_worker_heartbeat RENAME TO away")
        try:
            status, body = up.get("/health/ready")
            assert (status, json.loads(body)["reasons"]) == (503, ["DATABASE_UNREACHABLE"])
        finally:
            owner.execute("ALTER TABLE away RENAME TO core_worker_heartbeat")
    assert up.get("/health/live")[0] == 200


def test_second_start_on_the_same_folder_is_refused(up: Up) -> None:
    second = Up(up.folder, "--empty")
    assert second.process.wait(30) == 1
    assert "already runs" in second.said()
    assert up.get("/health/live")[0] == 200


def test_taken_port_is_explained(folder: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        refused = Up(folder.with_name("taken"), "--empty", "--port", str(holder.getsockname()[1]))
        assert refused.process.wait(30) == 1
    assert "is taken by another program" in refused.said()


def test_demo_city_is_loaded_once_and_kept(folder: Path) -> None:
    names = []
    for _ in range(2):
        running = Up(folder.with_name("demo"), "--city", "small")
        try:
            running.wait_ready()
            log_ins = running.said().split("Ready: ", 1)[1].splitlines()[1:]
            assert [line for line in log_ins if line.startswith("  ")]
            with psycopg.connect(Cluster(running.folder).url()) as connection:
                names.append(connection.execute("SELECT count(*), min(id::text) FROM hospitals_hospital").fetchone())
            assert running.get("/")[0] == 200
        finally:
            running.end()
    assert names[0] == names[1]
    assert names[0] is not None
    assert names[0][0] == 2


def test_metrics_join_all_web_processes(up: Up) -> None:
    for _ in range(20):
        up.get("/health/live")
    text = up.get("/metrics")[1]
    (line,) = [row for row in text.splitlines() if row.startswith("yitong_requests_total") and 'route="live"' in row]
    assert float(line.rsplit(" ", 1)[1]) >= 20
