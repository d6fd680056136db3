"""`yitong up`: database, web and worker under one parent that starts them, watches them and ends them."""

import errno
import fcntl
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from yitong.cli import partners, serving
from yitong.cli.database import Database
from yitong.cli.ground import CannotStart, take_folder
from yitong.config.process import die_with

STOP_LIMIT_S = 15
LONGEST_PAUSE_S = 30
STEADY_AFTER_S = 60
LOG_LIMIT_BYTES = 20_000_000
READY_LIMIT_S = 90


@dataclass
class Child:
    """One process of ours, started again when it ends by itself, each time after a longer pause."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen | None = None
    started_at: float = 0.0
    again_at: float | None = None
    pause_s: float = 0.5

    def start(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        parent = os.getpid()
        with open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,  # Ctrl-C reaches us alone; we end the children in order
                preexec_fn=lambda: die_with(parent),
            )
        self.started_at = time.monotonic()
        self.again_at = None

    def look(self, say: Callable[[str], None]) -> None:
        """Notice that it ended; start it again when its pause is over."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            code = self.process.returncode
            self.end_group(signal.SIGKILL)
            self.process = None
            self.pause_s = 0.5 if now - self.started_at > STEADY_AFTER_S else min(self.pause_s * 2, LONGEST_PAUSE_S)
            self.again_at = now + self.pause_s
            say(f"{self.name} ended ({code}); starting it again in {self.pause_s:g} s. Its log: {self.log}")
        if self.again_at is not None and now >= self.again_at:
            self.start()

    def end_group(self, sig: signal.Signals) -> None:
        """The process and all that it started: it leads a group of its own."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, sig)
            except ProcessLookupError:
                return

    def stop(self, deadline: float) -> None:
        if self.process is None:
            return
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(max(0.0, deadline - time.monotonic()))
        self.end_group(signal.SIGKILL)
        self.process.wait()
        self.process = None


@dataclass
class Supervisor:
    database: Database
    data_dir: Path
    port: int
    host: str
    web_workers: int
    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)
    _stopping: bool = False

    def run(self, on_ready: Callable[[], None]) -> None:
        """Until a signal ends it; every child has ended when it returns."""
        logs = self.data_dir / "log"
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        simulators = partners.of_demo(self.host, self.port)
        self.children = [
            *(Child(one.name, one.command, {}, logs / f"{one.name}.log") for one in simulators),
            Child(
                "web",
                serving.web_command(self.host, self.port, self.web_workers),
                self._environment(pool=True),
                logs / "web.log",
            ),
            Child(
                "worker", [sys.executable, "-m", "yitong", "worker"], self._environment(pool=False), logs / "worker.log"
            ),
        ]
        reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        previous_fd = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        ending = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        previous = {s: signal.signal(s, self._end) for s in ending}
        previous[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda number, frame: None)
        try:
            for child in self.children:
                child.start()
            self._watch(reading, on_ready)
        finally:
            for number in ending:
                signal.signal(number, signal.SIG_IGN)
            self._stop_children()
            for number, handler in previous.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(previous_fd)
            os.close(reading)
            os.close(writing)

    def _end(self, number: int, frame: object) -> None:
        self._stopping = True

    def _watch(self, wakeup: int, on_ready: Callable[[], None]) -> None:
        """Sleeps until a signal, the end of a child or of the database, or the end of a pause."""
        ready, last_chance = False, time.monotonic() + READY_LIMIT_S
        with selectors.DefaultSelector() as selector:
            selector.register(wakeup, selectors.EVENT_READ)
            server = self._watch_server(selector, None)
            while not self._stopping:
                pauses = [c.again_at - time.monotonic() for c in self.children if c.again_at is not None]
                if not ready:
                    pauses.append(0.1)
                for key, _ in selector.select(max(0.0, min(pauses)) if pauses else None):
                    if key.fd == wakeup:
                        os.read(wakeup, 4096)
                    elif not self._stopping:
                        server = self._watch_server(selector, server)
                for child in self.children:
                    if not self._stopping:
                        child.look(self.say)
                if not ready and not self._stopping:
                    ready = self._is_ready()
                    if ready:
                        on_ready()
                    elif time.monotonic() > last_chance:
                        raise CannotStart(self._why_not())
            if server is not None:
                os.close(server)

    def _watch_server(self, selector: selectors.BaseSelector, ended: int | None) -> int | None:
        """A handle that becomes readable when the embedded server ends; brings that server back first if it did."""
        cluster = self.database.cluster
        if cluster is None:
            return None
        if ended is not None:
            selector.unregister(ended)
            os.close(ended)
            self.say("PostgreSQL ended; starting it again.")
        handle = os.pidfd_open(cluster.revive())
        selector.register(handle, selectors.EVENT_READ)
        return handle

    def _environment(self, *, pool: bool) -> dict[str, str]:
        gathered = {"YITONG_STATIC": "gathered", "YITONG_POOL": "1", "YITONG_KEEPS_REFERENCE": "1"} if pool else {}
        shared = {
            "PROMETHEUS_MULTIPROC_DIR": str(self.data_dir / "metrics"),
            "YITONG_KEPT_DIR": str(self.data_dir / "kept"),
        }
        return {
            "YITONG_DATABASE_URL": self.database.app_url,
            "DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            "DJANGO_SETTINGS_MODULE": "yitong.config.settings",
            "YITONG_COUNTER": "1",
            "PYTHONUNBUFFERED": "1",
            **gathered,
            **(shared if pool else {}),
        }

    def _address(self, path: str) -> str:
        return serving.origin(self.host, self.port) + path

    def _is_ready(self) -> bool:
        try:
            with build_opener(ProxyHandler({})).open(self._address("/health/ready"), timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _why_not(self) -> str:
        try:
            build_opener(ProxyHandler({})).open(self._address("/health/ready"), timeout=2)
        except URLError as error:
            body = error.read().decode(errors="replace") if hasattr(error, "read") else str(error)
            return f"Not ready after {READY_LIMIT_S} s: {body}. See {self.data_dir / 'log'}."
        return f"Not ready after {READY_LIMIT_S} s. See {self.data_dir / 'log'}."

    def _stop_children(self) -> None:
        for child in self.children:
            child.end_group(signal.SIGTERM)
        deadline = time.monotonic() + STOP_LIMIT_S
        for child in self.children:
            child.stop(deadline)


def check_port(host: str, port: int) -> None:
    """Free, or a message. Granian itself would share the port with whoever holds it."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CannotStart(
                    f"Port {port} is taken by another program. Choose another one: PORT={port + 1} make demo"
                ) from None
            raise CannotStart(f"Can't listen on {serving.authority(host, port)}: {error.strerror}.") from None


def take_data_dir(folder: Path) -> int:
    """One `yitong up` for one data folder; the lock goes with the process. Returns its handle."""
    take_folder(folder)
    lock = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 20, 0).decode().strip()
        os.close(lock)
        raise CannotStart(f"Yitong already runs on {folder} (process {holder}). Stop it, or set DATA_DIR.") from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock
