"""How web processes are started and kept, and how they are reached: commands, flags and addresses."""

import os
import signal
import subprocess
import sys
import threading
import time

from yitong.config.process import die_with

LEAST_PAUSE_S, MOST_PAUSE_S, STEADY_AFTER_S = 0.25, 10.0, 10.0
LOOK_S = 0.1
ENDS_S = 15.0  # a server that was told to end and is there still is killed; longer than it gives its last requests
COMMON = (
    *("--backlog", "1024", "--workers-kill-timeout", "5", "--respawn-failed-workers", "--respawn-interval", "1"),
    *("--no-access-log", "--log-level", "warning", "--no-ws"),
)


def authority(host: str, port: int) -> str:
    """`127.0.0.1:8000`; an IPv6 address stands in brackets, or its end would be read as the port (RFC 3986, 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def origin(host: str, port: int) -> str:
    """Where a server that listens on `host` is reached from here: one that listens on all addresses, on loopback."""
    return "http://" + authority({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port)


def counter_command(host: str, port: int) -> list[str]:
    """The booking window by itself. One process batches best; for a second, run it twice."""
    return [sys.executable, "-m", "yitong.config.alone", host, str(port)]


def web_command(host: str, port: int, workers: int) -> list[str]:
    """Everything on one port: the booking window, and Django below it."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "rsgi", "--host", host, "--port", str(port)),
        *("--workers", str(workers), "--loop", "uvloop", "--http", "auto", *COMMON, "yitong.config.front:application"),
    ]


def keep(command: list[str], environment: dict[str, str]) -> int:
    """Runs a server until we are told to end, and starts it again when it has ended by itself, each time after a longer
    pause. Returns its exit code."""
    parent, pause_s, is_told = os.getpid(), LEAST_PAUSE_S, False
    process: subprocess.Popen[bytes] | None = None

    def end(number: int, frame: object) -> None:
        nonlocal is_told
        is_told = True
        if process is not None:
            _end(process)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    while True:
        started_at = time.monotonic()
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, preexec_fn=lambda: die_with(parent)
        )
        if is_told:  # while it was being started: `end` ended the one before
            _end(process)
        code = process.wait()
        lived_s = time.monotonic() - started_at
        pause_s = LEAST_PAUSE_S if lived_s > STEADY_AFTER_S else min(pause_s * 2, MOST_PAUSE_S)
        again_at = time.monotonic() + pause_s
        while not is_told and time.monotonic() < again_at:
            time.sleep(LOOK_S)
        if is_told:
            return 0 if code == -signal.SIGTERM else code


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    killing = threading.Timer(ENDS_S, process.kill)
    killing.daemon = True
    killing.start()
