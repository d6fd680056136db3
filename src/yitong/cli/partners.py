"""The demo's outside world: simulators of the partners for which no real address is set."""

import os
import secrets
import socket
import sys
from dataclasses import dataclass

from yitong.cli import serving


@dataclass(frozen=True, slots=True)
class Partner:
    name: str
    command: list[str]


def of_demo(host: str, port: int) -> list[Partner]:
    """Simulators to start, with their addresses put into the environment for pages and workers. None outside a demo."""
    if os.environ.get("YITONG_DEMO") != "1":
        return []
    found = []
    if "YITONG_SMS_URL" not in os.environ:
        report = ["--report-url", f"{serving.origin(host, port)}/hooks/sms/"]
        found.append(_partner("sms", "YITONG_SMS", report))
    if "YITONG_IDENTITY_URL" not in os.environ:
        found.append(_partner("identity", "YITONG_IDENTITY", ["--slow", "0.2", "--slow-s", "2"]))
    if "YITONG_REGISTER_URL" not in os.environ:
        found.append(_partner("register", "YITONG_REGISTER", ["--slow", "0.2", "--slow-s", "2"]))
    return found


def _partner(name: str, prefix: str, more: list[str]) -> Partner:
    own_port = _free_port()
    os.environ[f"{prefix}_URL"] = f"http://127.0.0.1:{own_port}"
    os.environ[f"{prefix}_SECRET"] = secrets.token_hex(32)
    command = [sys.executable, "-m", f"yitong.simulators.{name}", "--port", str(own_port)]
    return Partner(f"simulator-{name}", [*command, "--secret-env", f"{prefix}_SECRET", *more])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
