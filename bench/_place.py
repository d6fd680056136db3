"""Servers for a measurement: `yitong up` with its own city, and what it is compared with. All end with their block."""

import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from yitong.config.paths import project_root
from yitong.config.process import die_with

GRANIAN = ("--interface", "wsgi", "--host", "127.0.0.1", "--no-access-log", "--log-level", "warning", "--http", "auto")
READY_LIMIT_S = 1800
STOP_LIMIT_S = 60


@dataclass
class City:
    """A running demo city. `steps` are the seconds after its start at which each line of progress appeared."""

    port: int
    data_dir: Path
    was_new: bool
    steps: dict[str, float] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "DATA_DIR": str(self.data_dir), "PORT": str(self.port), "YITONG_DEMO": "1"}

    @property
    def load_s(self) -> float:
        """Seconds between the pages gathered and the city loaded."""
        return round(self.steps["Demo city"] - self.steps["Pages"], 1)

    @property
    def ready_s(self) -> float:
        return round(self.steps["Ready"], 1)


def folder(name: str) -> Path:
    return project_root() / ".yitong" / "bench" / name


def machine() -> dict[str, object]:
    """What it ran on, and how busy that was with other work when it began."""
    model = next((line.split(":")[1].strip() for line in _cpu() if line.startswith("model name")), platform.machine())
    return {
        "cpu": model,
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 1),
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
    }


def _cpu() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def city(name: str, data_dir: Path, *, workers: int = 2) -> Iterator[City]:
    """`yitong up` until the block ends. Its data folder stays, so the next run starts from it."""
    found = City(free_port(), data_dir, was_new=not (data_dir / "demo-sign-ins.json").exists())
    data_dir.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-u", "-m", "yitong", "up", "--city", name, "--web-workers", str(workers)]
    started, parent = time.monotonic(), os.getpid()
    process = subprocess.Popen(
        command,
        env=found.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: die_with(parent, signal.SIGTERM),  # whatever ends us, nothing of ours stays
    )
    try:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            step = line.strip().removeprefix("✓ ").split(":")[0]
            found.steps.setdefault(step, time.monotonic() - started)
            if step == "Ready" or time.monotonic() - started > READY_LIMIT_S:
                break
        if "Ready" not in found.steps:
            raise RuntimeError("`yitong up` did not become ready:\n" + "".join(said[-20:]))
        yield found
    finally:
        end(process)


@contextmanager
def served(
    application: str, *, workers: int = 2, threads: int = 2, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """A WSGI application of `bench/` under Granian with the flags of `yitong up`; gives its port."""
    port, parent = free_port(), os.getpid()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "granian", *GRANIAN, "--port", str(port), "--workers", str(workers)),
            *("--blocking-threads", str(threads), "--backlog", "1024", "--no-ws", application),
        ],
        cwd=Path(__file__).parent,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: die_with(parent, signal.SIGTERM),  # whatever ends us, nothing of ours stays
    )
    try:
        await_port(port)
        yield port
    finally:
        end(process)


def await_port(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def end(process: subprocess.Popen[Any]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
