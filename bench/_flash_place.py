"""Where a flash crowd is measured: a durable PostgreSQL with a city for each run, the servers, and the load generators.

Everything started here ends with its block.
"""

import json
import os
import signal
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self
from urllib.request import ProxyHandler, build_opener

import psycopg
from bench import _place
from bench._flash_shapes import Answers, Crowd, Session, Shape, keep, kept
from psycopg import sql

from yitong.cli import serving
from yitong.cli.postgres import APP, DATABASE, OWNER, Cluster
from yitong.config.process import die_with

HERE = Path(__file__).parent
READY_LIMIT_S = 60
STOP_LIMIT_S = 60
LEAST_NOTICE_S = 3.0  # a counter is ready at least so long before the release, or the release is set anew


@dataclass(frozen=True)
class City:
    """A database with a city and its crowd. `name` is that of the run and of the database."""

    folder: Path
    name: str
    app_url: str
    owner_url: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DATA_DIR": str(self.folder),
            "YITONG_DATABASE_URL": self.app_url,
            "YITONG_OWNER_DATABASE_URL": self.owner_url,
            "YITONG_PROXIES": "1",
            "YITONG_LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "yitong.config.settings",
        }

    @property
    def sessions(self) -> list[Session]:
        return kept(self.folder / f"{self.name}.sessions")

    @property
    def crowd(self) -> Crowd:
        return kept(self.folder / f"{self.name}.crowd")

    def release(self, at: float) -> None:
        """Every session opens at that instant (Unix time)."""
        with psycopg.connect(self.owner_url) as connection:
            connection.execute("UPDATE schedule_clinic_session SET release_at = %s", [datetime.fromtimestamp(at, UTC)])


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """The embedded PostgreSQL of this folder, durable, with a migrated empty database to copy from."""
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    with Cluster(folder) as running:
        _call("-m", "yitong", "migrate", environment=City(folder, "", *_urls(running, DATABASE)).environment)
        with running.connect(OWNER, DATABASE) as connection:
            durable = {name: connection.execute(f"SHOW {name}").fetchone() for name in ("fsync", "synchronous_commit")}
        assert set(durable.values()) == {("on",)}, durable
        yield running


def make_city(
    running: Cluster, name: str, shape: Shape, *, by: str = "_flash_city.py", more: Sequence[str] = ()
) -> City:
    """A database of that name, new, with a city and its crowd, as the script `by` makes them."""
    city = City(running.base, name, *_urls(running, name))
    with running.connect(OWNER) as connection:
        for statement in ("DROP DATABASE IF EXISTS {}", f"CREATE DATABASE {{}} TEMPLATE {DATABASE}"):
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
    keep(city.folder / f"{name}.shape", shape)
    call(city, by, *more)
    return city


def call(city: City, script: str, *more: str) -> None:
    """One of our scripts on a city, as its owner, until it is done."""
    environment = {**city.environment, "YITONG_DATABASE_URL": city.owner_url}
    _call(str(HERE / script), str(city.folder), city.name, *more, environment=environment)


def _urls(running: Cluster, name: str) -> tuple[str, str]:
    return running.url(APP, name), running.url(OWNER, name)


def _call(*arguments: str, environment: Mapping[str, str]) -> None:
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{arguments}: {done.stderr[-2000:]}")


# -- servers -------------------------------------------------------------------------------------------------------


@contextmanager
def served(command: Sequence[str], port: int, city: City) -> Iterator[subprocess.Popen[bytes]]:
    """A server that listens on that port in the environment of a city, until the block ends."""
    parent = os.getpid()
    with (city.folder / f"{city.name}-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            env=city.environment,
            cwd=HERE,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: die_with(parent, signal.SIGTERM),  # whatever ends us, nothing of ours stays
        )
        try:
            _place.await_port(port)
            yield process
        finally:
            _place.end(process)


@contextmanager
def window(city: City) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """`yitong counter` on this city, ready: its port and its process."""
    port = _place.free_port()
    with served([sys.executable, "-m", "yitong", "counter", "--port", str(port)], port, city) as process:
        await_health(port)
        yield port, process


def await_health(port: int) -> None:
    """Until the counter says that it is ready."""
    until = time.monotonic() + READY_LIMIT_S
    while True:
        try:
            with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/counter/health", timeout=2) as answer:
                json.loads(answer.read())
                return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def workers_of(pid: int) -> list[int]:
    """The processes below this one that serve: those that no other stands below, but for Python's own helper."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if b"resource_tracker" not in command:
            below.setdefault(parent, []).append(int(entry.name))
    found, leaves = [pid], []
    while found:
        one = found.pop()
        found += below.get(one, [])
        if one not in below:
            leaves.append(one)
    return [one for one in leaves if one != pid]


@contextmanager
def counter(city: City, *, notice_s: float) -> Iterator[tuple[int, float]]:
    """`yitong counter` on this city: its port, and the instant of the release, still to come."""
    while True:
        at = time.time() + notice_s
        city.release(at)
        with window(city) as (port, _):
            if at - time.time() < LEAST_NOTICE_S:
                notice_s *= 2  # too slow for this machine as it is today
                continue
            yield port, at
            return


@contextmanager
def echo(city: City) -> Iterator[int]:
    """The bare echo behind Granian: the bar is a server that others use, not our own."""
    port = _place.free_port()
    command = [
        *(sys.executable, "-m", "granian", "--interface", "rsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--loop", "uvloop", "--http", "1", *serving.COMMON, "_echo:application"),
    ]
    with served(command, port, city):
        yield port


@contextmanager
def single(city: City) -> Iterator[int]:
    """One transaction per request, in two processes as pages are served."""
    with _place.served("_single:application", environment=city.environment) as port:
        yield port


# -- load ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Generator:
    """A running load generator. As a context it ends with its block."""

    process: subprocess.Popen[str]
    answers: Path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def result(self, limit_s: float) -> Answers:
        _, said = self.process.communicate(timeout=limit_s)
        if self.process.returncode != 0:
            raise RuntimeError(f"the load generator failed: {said[-2000:]}")
        found: Answers = kept(self.answers)
        return found

    def stop(self) -> Answers:
        """Before its time: it writes what it has."""
        self.process.send_signal(signal.SIGTERM)
        return self.result(STOP_LIMIT_S)


def generate(
    city: City,
    *ports: int,
    what: str = "requests",
    due: "array[float] | None" = None,
    connections: int,
    seconds: float,
    start_at: float | None = None,
    tries: int = 1,
) -> Generator:
    """Starts a generator with the requests of `RUN.requests`, or of another file beside it, over all ports in turn.

    Without `due` it asks them over and over until the seconds are over; with more instants than requests it begins the
    list anew.
    """
    requests = city.folder / f"{city.name}.{what}"
    answers = city.folder / f"{city.name}.{what}.{'loop' if due is None else 'once'}.answers"
    work = {
        "ports": ports,
        "requests": str(requests),
        "offsets": f"{requests}.offsets",
        "due": due,
        "connections": connections,
        "seconds": seconds,
        "start_at": start_at,
        "tries": tries,
        "answers": str(answers),
    }
    keep(answers.with_suffix(".work"), work)
    parent = os.getpid()
    process = subprocess.Popen(
        [sys.executable, str(HERE / "_flash_load.py"), str(answers.with_suffix(".work"))],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: die_with(parent, signal.SIGTERM),
    )
    return Generator(process, answers)
