"""The load generator of `bench flash`, in a process of its own: `_flash_load.py WORK` reads its work, writes Answers.

One loop over epoll and blocking sockets with requests that were written beforehand: a third of the cost of asyncio, so
that on two cores the server is measured and not its client. Each connection asks, waits, asks again (no pipelining).
Loopback only, bounded in count and time. A request that is due waits for a free connection; a lost one, or one told to
come back (503, 429), is asked again with the same bytes, hence the same key, a bounded number of times.
"""

import gc
import heapq
import mmap
import resource
import select
import signal
import socket
import sys
import time
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._flash_shapes import Answers, keep, kept

MOST_CONNECTIONS = 1_000
MOST_REQUESTS = 3_000_000
MOST_SECONDS = 300
PAUSE_S = 0.25  # before a lost request is asked again
HANGS_S = 5.0  # a connection that stays silent for so long counts as lost, where lost ones are asked again
LOOK_S = 0.5


@dataclass(slots=True)
class Connection:
    port: int
    link: socket.socket | None = None
    asked: int = -1  # the request that waits for its answer
    due: float = 0.0
    sent: float = 0.0
    got: bytes = b""


class Load:
    """`work`: ports, requests and offsets (files), due (seconds from `start_at`, one for each time that something is
    asked, the requests in turn; None: at once, for as long as the seconds last), connections, seconds, tries (how often
    one request is asked at most)."""

    def __init__(self, work: dict[str, Any]) -> None:
        with open(work["requests"], "rb") as file:
            self.bytes = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        self.offsets: array[int] = kept(Path(work["offsets"]))
        self.due: array[float] | None = work["due"]
        self.tries: int = work["tries"]
        self.requests = len(self.offsets) - 1
        self.count = MOST_REQUESTS if self.due is None else len(self.due)
        ports = work["ports"]
        count = min(work["connections"], MOST_CONNECTIONS)
        self.connections = [Connection(ports[n % len(ports)]) for n in range(count)]
        self.by_fd: dict[int, Connection] = {}
        self.idle = list(self.connections)
        self.epoll = select.epoll()
        self.next = 0
        self.again: list[tuple[float, int]] = []  # (when, request)
        self.tried: dict[int, int] = {}
        self.answers = Answers()
        self.known: dict[bytes, int] = {}
        self.start = work["start_at"] or time.time()
        self.end = self.start + min(work["seconds"], MOST_SECONDS)

    def run(self) -> Answers:
        for connection in self.connections:
            self.open(connection)
        gc.disable()
        seen_hanging = time.time()
        while True:
            now = time.time()
            while self.idle and (found := self.following(now)) is not None:
                self.ask(self.idle.pop(), *found)
            waiting = len(self.connections) - len(self.idle)
            if now >= self.end or (not waiting and self.is_done()):
                break
            for fd, _ in self.epoll.poll(self.pause(now)):
                self.hear(self.by_fd[fd])
            if self.tries > 1 and now - seen_hanging > LOOK_S:
                seen_hanging = now
                self.give_up_on_hanging(now)
        self.answers.unanswered = (
            sum(c.asked >= 0 for c in self.connections)
            + len(self.again)
            + (0 if self.due is None else self.count - self.next)
        )
        return self.answers

    def stop(self) -> None:
        """At the next answer or instant."""
        self.end = 0.0

    def is_done(self) -> bool:
        return not self.again and self.next >= self.count

    def following(self, now: float) -> tuple[int, float] | None:
        """The request that is to be asked now, and since when it is due."""
        if self.again and self.again[0][0] <= now:
            due, request = heapq.heappop(self.again)
            return request, due
        if self.next >= self.count:
            return None
        due = self.start if self.due is None else self.start + self.due[self.next]
        if due > now:
            return None
        self.next += 1
        return (self.next - 1) % self.requests, due

    def pause(self, now: float) -> float:
        """Until something can be due; answers end it earlier."""
        instants = [self.end]
        if self.idle and self.again:
            instants.append(self.again[0][0])
        if self.idle and self.due is not None and self.next < self.count:
            instants.append(self.start + self.due[self.next])
        if self.tries > 1:
            instants.append(now + LOOK_S)
        return max(0.0, min(instants) - now)

    def open(self, connection: Connection) -> bool:
        fresh = socket.socket()
        try:
            fresh.connect(("127.0.0.1", connection.port))
        except OSError:
            fresh.close()
            return False
        fresh.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.link, connection.got = fresh, b""
        self.by_fd[fresh.fileno()] = connection
        self.epoll.register(fresh.fileno(), select.EPOLLIN)
        return True

    def ask(self, connection: Connection, request: int, due: float) -> None:
        connection.asked, connection.due, connection.sent = request, due, time.time()
        if connection.link is None and not self.open(connection):
            self.lose(connection, was_sent=False)
            return
        assert connection.link is not None
        try:
            connection.link.sendall(self.bytes[self.offsets[request] : self.offsets[request + 1]])
        except OSError:
            self.lose(connection)

    def hear(self, connection: Connection) -> None:
        assert connection.link is not None
        try:
            data = connection.link.recv(65_536)
        except OSError:
            data = b""
        if not data:
            self.lose(connection)
            return
        if connection.got:
            data = connection.got + data
        head = data.find(b"\r\n\r\n")
        length = data.find(b"ength: ", 0, head)  # Content-Length in either case
        if head < 0 or (length > 0 and len(data) < head + 4 + int(data[length + 7 : data.find(b"\r", length)])):
            connection.got = data
            return
        connection.got = b""
        request, status = connection.asked, int(data[9:12])
        self.note(connection, status, data[head + 4 :])
        connection.asked = -1
        if status in (503, 429) and self.may_try_again(request):
            heapq.heappush(self.again, (time.time() + _told_to_wait(data[:head]), request))
        self.idle.append(connection)

    def lose(self, connection: Connection, *, was_sent: bool = True) -> None:
        """The server closed, refused or hung: what was asked has an unknown outcome, and is asked again."""
        if connection.link is not None:
            self.epoll.unregister(connection.link.fileno())
            del self.by_fd[connection.link.fileno()]
            connection.link.close()
            connection.link = None
        if connection.asked < 0:
            return  # an idle one: it is opened when it is needed
        if was_sent:
            self.note(connection, 0, b"")
        if not was_sent or self.may_try_again(connection.asked):
            heapq.heappush(self.again, (time.time() + PAUSE_S, connection.asked))
        connection.asked = -1
        self.idle.append(connection)

    def may_try_again(self, request: int) -> bool:
        tried = self.tried[request] = self.tried.get(request, 1) + 1
        return tried <= self.tries

    def note(self, connection: Connection, status: int, body: bytes) -> None:
        place = self.known.get(body)
        if place is None:
            place = self.known[body] = len(self.answers.bodies)
            self.answers.bodies.append(body)
        answers = self.answers
        answers.request.append(connection.asked)
        answers.due.append(connection.due)
        answers.sent.append(connection.sent)
        answers.answered.append(time.time())
        answers.status.append(status)
        answers.body.append(place)

    def give_up_on_hanging(self, now: float) -> None:
        for connection in self.connections:
            if connection.asked >= 0 and connection.sent < now - HANGS_S:
                self.lose(connection)


def _told_to_wait(head: bytes) -> float:
    """Seconds, as `Retry-After` says."""
    _, found, rest = head.lower().partition(b"retry-after: ")
    return float(rest.partition(b"\r")[0]) if found else PAUSE_S


def main(path: Path) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096) if most > 0 else 4096, most))
    work = kept(path)
    load = Load(work)
    signal.signal(signal.SIGTERM, lambda number, frame: load.stop())
    keep(Path(work["answers"]), load.run())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
