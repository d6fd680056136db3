"""A public randomness beacon as a process: slow, down, or wrong, as told. It speaks drand's HTTP format, version 1.

python -m yitong.simulators.beacon --genesis 1700000000 --period 30 --wrong 0.1

Its signatures are hashes: like the beacon's own they can't be told in advance, but nobody can check them with a key.
"""

import argparse
import hashlib
import json
import random
import re
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from yitong.simulators.serving import Moods, run

CHAIN = "51".zfill(64)


@dataclass
class Source:
    """`wrong`: share of answers whose randomness doesn't fit its signature; `stale`: that are of the round before."""

    genesis: int
    period_s: int
    secret: bytes = b"simulator"
    moods: Moods = field(default_factory=Moods)
    wrong: float = 0.0
    stale: float = 0.0
    asked: list[int] = field(default_factory=list)
    chance: random.Random = field(default_factory=random.Random)

    def latest(self) -> int:
        return max(0, int(time.time()) - self.genesis) // self.period_s + 1

    def answer(self, number: int) -> tuple[int, dict[str, Any]]:
        self.asked.append(number)
        if self.chance.random() < self.moods.down:
            return 503, {}
        if not 1 <= number <= self.latest():
            return 404, {}
        if self.chance.random() < self.moods.slow:
            time.sleep(self.moods.slow_s)
        if self.chance.random() < self.stale:
            number -= 1
        said = self.round(number)
        if self.chance.random() < self.wrong:
            said["randomness"] = hashlib.sha256(b"wrong").hexdigest()
        return 200, said

    def round(self, number: int) -> dict[str, Any]:
        signature = self.signature(number)
        return {
            "round": number,
            "randomness": hashlib.sha256(signature).hexdigest(),
            "signature": signature.hex(),
            "previous_signature": self.signature(number - 1).hex(),
        }

    def signature(self, number: int) -> bytes:
        first = hashlib.sha512(self.secret + number.to_bytes(8, "big")).digest()
        return first + hashlib.sha256(first).digest()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    source: Source

    def do_GET(self) -> None:
        found = re.fullmatch(rf"/{CHAIN}/public/(\d+|latest)", self.path)
        if self.path == "/control":
            return self._answer(200, {"asked": self.source.asked})
        if self.path == f"/{CHAIN}/info":
            return self._answer(
                200, {"period": self.source.period_s, "genesis_time": self.source.genesis, "hash": CHAIN}
            )
        if found is None:
            return self._answer(404, {})
        number = self.source.latest() if found[1] == "latest" else int(found[1])
        return self._answer(*self.source.answer(number))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        source = self.source
        source.wrong, source.stale = body.pop("wrong", source.wrong), body.pop("stale", source.stale)
        source.moods = Moods(**{**vars(source.moods), **body})
        self._answer(204, None)

    def _answer(self, status: int, body: dict[str, Any] | None) -> None:
        content = b"" if body is None else json.dumps(body).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            self.close_connection = True  # the asker has gone

    def log_message(self, format: str, *args: object) -> None:
        """Nothing to say."""


def server(port: int, source: Source) -> ThreadingHTTPServer:
    made = ThreadingHTTPServer(("127.0.0.1", port), type("Handler", (_Handler,), {"source": source}))
    made.daemon_threads = True
    return made


def main() -> None:
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--port", type=int, default=0, help="0: any free one; it is printed")
    made.add_argument("--genesis", type=int, default=1_700_000_000)
    made.add_argument("--period", type=int, default=30)
    made.add_argument("--seed", type=int, default=0)
    for mood in ("down", "slow", "wrong", "stale"):
        made.add_argument(f"--{mood}", type=float, default=0.0, metavar="SHARE")
    made.add_argument("--slow-s", type=float, default=8.0)
    args = made.parse_args()
    moods = Moods(down=args.down, slow=args.slow, slow_s=args.slow_s)
    chance = random.Random(args.seed)
    run(
        server(
            args.port,
            Source(args.genesis, args.period, moods=moods, wrong=args.wrong, stale=args.stale, chance=chance),
        )
    )


if __name__ == "__main__":
    main()
