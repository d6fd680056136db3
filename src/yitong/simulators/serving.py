"""What simulators share: a small HTTP server that checks signatures and misbehaves as told.

Written against the protocol's description, not with Yitong's own code: two readings of it meet in the tests.
`POST /control` (unsigned, loopback only) changes how it behaves, `GET /control` tells what it has seen.
"""

import argparse
import hashlib
import hmac
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MINUTES_5 = 300


@dataclass
class Moods:
    """How it misbehaves. Shares are of requests, in [0, 1]; seconds are divided by the clock's rate."""

    down: float = 0.0  # 503, nothing done
    lost: float = 0.0  # done, but the connection breaks before the answer
    slow: float = 0.0  # the answer comes after `slow_s`
    slow_s: float = 3.0
    refuse: float = 0.0  # says no
    duplicate: float = 0.0  # what it does later, it does twice


@dataclass
class Partner:
    """One simulated partner: secret, moods, and what came in."""

    key_id: str
    secret: bytes
    clock_rate: float = 1.0
    moods: Moods = field(default_factory=Moods)
    seen: list[dict[str, Any]] = field(default_factory=list)
    refused: int = 0
    chance: random.Random = field(default_factory=random.Random)
    lock: threading.Lock = field(default_factory=threading.Lock)
    nonces: dict[str, float] = field(default_factory=dict)

    def happens(self, share: float) -> bool:
        with self.lock:
            return self.chance.random() < share

    def wait(self, seconds: float) -> None:
        time.sleep(seconds / self.clock_rate)

    def is_signed(self, method: str, path: str, body: bytes, headers: Any) -> bool:
        stamp, nonce = headers.get("X-Timestamp", ""), headers.get("X-Nonce", "")
        if headers.get("X-Key") != self.key_id or not stamp.isdigit() or not 8 <= len(nonce) <= 64:
            return False
        now = time.time()
        if abs(now - int(stamp)) > MINUTES_5:
            return False
        expected = self.sign(method, path, int(stamp), nonce, body)
        if not hmac.compare_digest(expected, headers.get("X-Signature", "")):
            return False
        with self.lock:
            self.nonces = {old: at for old, at in self.nonces.items() if now - at < 2 * MINUTES_5}
            if nonce in self.nonces:
                return False
            self.nonces[nonce] = now
        return True

    def sign(self, method: str, path: str, stamp: int, nonce: str, body: bytes) -> str:
        text = f"{method}\n{path}\n{stamp}\n{nonce}\n{hashlib.sha256(body).hexdigest()}"
        return hmac.new(self.secret, text.encode(), "sha256").hexdigest()


Answer = tuple[int, dict[str, Any] | None]
Handle = Callable[[dict[str, Any]], Answer]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    partner: Partner
    routes: dict[str, Handle]
    state: Callable[[], dict[str, Any]]

    def do_GET(self) -> None:
        if self.path == "/control":
            self._answer(200, {"refused": self.partner.refused, "seen": self.partner.seen, **type(self).state()})
        else:
            self._answer(404, None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/control":
            self.partner.moods = Moods(**{**vars(self.partner.moods), **json.loads(body)})
            return self._answer(204, None)
        handle = self.routes.get(self.path)
        if handle is None:
            return self._answer(404, None)
        if self.partner.happens(self.partner.moods.down):
            return self._answer(503, None)
        if not self.partner.is_signed("POST", self.path, body, self.headers):
            self.partner.refused += 1
            return self._answer(401, {"error": "signature"})
        try:
            asked = json.loads(body)
            assert isinstance(asked, dict)
        except (ValueError, AssertionError):
            return self._answer(400, {"error": "json"})
        status, answer = handle(asked)
        if self.partner.happens(self.partner.moods.slow):
            self.partner.wait(self.partner.moods.slow_s)
        if self.partner.happens(self.partner.moods.lost):
            self.close_connection = True
            self.connection.close()
            return None
        return self._answer(status, answer)

    def _answer(self, status: int, body: dict[str, Any] | None) -> None:
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True  # the asker has gone

    def log_message(self, format: str, *args: object) -> None:
        """Requests hold names and phones: they are not logged."""


def parser(description: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--port", type=int, default=0, help="0: any free one; it is printed")
    made.add_argument("--key-id", default="yitong")
    made.add_argument("--secret-env", default="", help="name of the variable that holds the secret")
    made.add_argument("--clock-rate", type=float, default=1.0, help="how many times faster its time runs")
    made.add_argument("--seed", type=int, default=0)
    for mood in ("down", "lost", "slow", "refuse", "duplicate"):
        made.add_argument(f"--{mood}", type=float, default=0.0, metavar="SHARE")
    made.add_argument("--slow-s", type=float, default=3.0)
    return made


def partner_of(args: argparse.Namespace, secret: bytes) -> Partner:
    moods = Moods(args.down, args.lost, args.slow, args.slow_s, args.refuse, args.duplicate)
    return Partner(args.key_id, secret, args.clock_rate, moods, chance=random.Random(args.seed))


def server(
    port: int, partner: Partner, routes: dict[str, Handle], state: Callable[[], dict[str, Any]]
) -> ThreadingHTTPServer:
    handler = type("Handler", (_Handler,), {"partner": partner, "routes": routes, "state": staticmethod(state)})
    made = ThreadingHTTPServer(("127.0.0.1", port), handler)
    made.daemon_threads = True
    return made


def run(made: ThreadingHTTPServer) -> None:
    """Until the process is ended. The first line it prints is its port."""
    print(made.server_address[1], flush=True)
    try:
        made.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        sys.exit(0)
