"""A small load generator: keep-alive HTTP/1.1 over asyncio, in a process of its own, bounded in count and time.

It asks loopback addresses only and stops by itself.
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

MOST_REQUESTS = 400_000
MOST_SECONDS = 120


@dataclass(frozen=True)
class Load:
    """What one round measured. Latencies in milliseconds."""

    per_second: float
    median_ms: float
    p99_ms: float
    statuses: dict[str, int]
    bytes_largest: int


def run(port: int, asks: Sequence[str | tuple[str, dict[str, str]]], *, connections: int, seconds: float) -> Load:
    """Asks for the paths (or paths with headers) in turn over so many connections for so long, from a process of its
    own."""
    pairs = [(ask, {}) if isinstance(ask, str) else ask for ask in asks]
    work = {"port": port, "asks": pairs, "connections": connections, "seconds": seconds}
    done = subprocess.run(
        [sys.executable, __file__], input=json.dumps(work), capture_output=True, text=True, check=True, timeout=180
    )
    return Load(**json.loads(done.stdout))


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[str, int]:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    status = head[9:12].decode()
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        elif name.lower() == b"transfer-encoding":
            raise RuntimeError("the answer is chunked: give it a length")
    if length:
        await reader.readexactly(length)
    return status, len(head) + length


def _lines(headers: dict[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


async def _worker(
    work: dict, number: int, until: float, took: list[float], statuses: dict[str, int], sizes: list[int]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", work["port"], limit=4 * 2**20)
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{work['port']}\r\nAccept: text/html\r\n{_lines(headers)}\r\n".encode()
        for path, headers in work["asks"]
    ]
    n = number * len(requests) // work["connections"]
    while time.monotonic() < until and len(took) < MOST_REQUESTS:
        start = time.perf_counter()
        status, size = await _ask(reader, writer, requests[n % len(requests)])
        took.append((time.perf_counter() - start) * 1000)
        statuses[status] = statuses.get(status, 0) + 1
        sizes.append(size)
        n += 1
    writer.close()


async def _main(work: dict) -> dict:
    took: list[float] = []
    statuses: dict[str, int] = {}
    sizes: list[int] = []
    seconds = min(float(work["seconds"]), MOST_SECONDS)
    start = time.monotonic()
    workers = [_worker(work, n, start + seconds, took, statuses, sizes) for n in range(int(work["connections"]))]
    await asyncio.gather(*workers)
    elapsed = time.monotonic() - start
    took.sort()
    return {
        "per_second": round(len(took) / elapsed, 1),
        "median_ms": round(statistics.median(took), 2),
        "p99_ms": round(took[int(len(took) * 0.99)], 2),
        "statuses": statuses,
        "bytes_largest": max(sizes),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_main(json.load(sys.stdin)))))
