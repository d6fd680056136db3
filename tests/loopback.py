"""The window's own HTTP on loopback: a door that does what its path says, a clock that the test moves, raw clients."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvloop

from yitong.counter.http1 import MOST_CONNECTIONS, Connection, Connections
from yitong.counter.requests import Answering, Headers, Request

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
TOO_LONG_S = 20.0  # for what would hang
BIG = 60_000  # less than a transport holds before it asks for a pause, more than the small sockets here take
HUGE = 400_000


@dataclass
class Answer:
    status: int
    lines: list[tuple[str, str]]
    body: bytes

    @property
    def told(self) -> dict[str, str]:
        assert len(dict(self.lines)) == len(self.lines), self.lines
        return dict(self.lines)

    @property
    def heard(self) -> tuple[str, str, str | None]:
        """What the door had heard, which it says in its answer."""
        method, path, body = json.loads(self.body)
        return method, path, body


@dataclass
class Doorman:
    """Answers at once with what he heard; under `/late` when the test says so."""

    asked: list[Request] = field(default_factory=list)
    late: list[tuple[Request, Answering]] = field(default_factory=list)
    status: int = 200
    headers: Headers = field(default_factory=lambda: [("content-type", "application/json")])

    def hear(self, asked: Request, reply: Answering) -> None:
        self.asked.append(asked)
        match asked.path.removeprefix("/").partition("/")[0]:
            case "late":
                self.late.append((asked, reply))
            case "raise":
                raise LookupError("a bug")
            case "twice":
                self.answer(asked, reply)
                reply.response_bytes(200, [], b"once more")
            case "big" | "huge" as size:
                reply.response_bytes(200, [], b"x" * (BIG if size == "big" else HUGE))
            case _:
                self.answer(asked, reply)

    def answer(self, asked: Request, reply: Answering) -> None:
        body = None if asked.body is None else asked.body.decode("latin-1")
        reply.response_bytes(self.status, self.headers, json.dumps((asked.method, asked.path, body)).encode())

    def answer_late(self) -> None:
        late, self.late = self.late, []
        for asked, reply in late:
            self.answer(asked, reply)


class Client:
    """A socket, and what came on it."""

    def __init__(self) -> None:
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.came = b""

    async def send(self, *pieces: bytes) -> None:
        """Each piece comes by itself."""
        for piece in pieces:
            await asyncio.get_running_loop().sock_sendall(self.socket, piece)
            if len(pieces) > 1:
                await settle()

    async def _read(self) -> bytes:
        try:
            read = await asyncio.get_running_loop().sock_recv(self.socket, 65_536)
        except ConnectionResetError:  # of what was sent there was a rest that nobody read
            read = b""
        self.came += read
        return read

    async def head(self) -> bytes:
        while b"\r\n\r\n" not in self.came:
            assert await self._read(), self.came
        head, _, self.came = self.came.partition(b"\r\n\r\n")
        return head

    async def answer(self, *, has_content: bool = True) -> Answer:
        """The next one; what comes behind it stays."""
        start, *lines = (await self.head()).decode().split("\r\n")
        version, status, _ = start.split(" ", 2)
        assert version == "HTTP/1.1"
        parts = [line.partition(": ") for line in lines]
        told = [(name, value) for name, _, value in parts]
        length = int(dict(told).get("content-length", "0")) if has_content else 0
        while len(self.came) < length:
            assert await self._read(), self.came
        body, self.came = self.came[:length], self.came[length:]
        return Answer(int(status), told, body)

    async def ask(self, request: bytes) -> Answer:
        await self.send(request)
        return await self.answer()

    async def rest(self) -> bytes:
        """All that comes until the server closes."""
        while await self._read():
            pass
        return self.came

    def end(self) -> None:
        """Says that it has no more to say."""
        self.socket.shutdown(socket.SHUT_WR)

    def hang_up(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@dataclass
class Place:
    """One server."""

    door: Doorman
    connections: Connections
    port: int
    clients: list[Client] = field(default_factory=list)

    async def client(self, *, takes: int = 0) -> Client:
        """`takes`: bytes that it takes before it looks at them."""
        client = Client()
        self.clients.append(client)
        if takes:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, takes)
        await asyncio.get_running_loop().sock_connect(client.socket, ("127.0.0.1", self.port))
        return client

    def connection(self) -> Connection:
        """The only one."""
        (one,) = self.connections.open
        return one

    def after(self, seconds: float) -> None:
        """The clock stands still but for this."""
        self.connections.look(self.connections.at + seconds)


async def settle() -> None:
    """What is on its way arrives: on loopback within a turn or two."""
    for _ in range(6):
        await asyncio.sleep(0)


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await asyncio.sleep(0)


@asynccontextmanager
async def opened(*, most: int = MOST_CONNECTIONS) -> AsyncIterator[Place]:
    door = Doorman()
    connections = Connections(door.hear, most=most)
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)  # or the kernel would take a whole answer itself
    listening.bind(("127.0.0.1", 0))
    server = await asyncio.get_running_loop().create_server(connections.connection, sock=listening)
    place = Place(door, connections, listening.getsockname()[1])
    try:
        yield place
    finally:
        server.close()
        for client in place.clients:
            client.socket.close()
        for one in list(connections.open):
            one.transport.abort()
        await until(lambda: not connections.open)


Scene = Callable[[Place], Coroutine[Any, Any, None]]


def play(scene: Scene, *, loop: str = "uvloop", most: int = MOST_CONNECTIONS) -> None:
    """Plays it to its end. What went wrong in the loop, where nobody hears of it, is an error here."""
    wrong: list[dict[str, Any]] = []

    async def played() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
        async with opened(most=most) as place, asyncio.timeout(TOO_LONG_S):
            await scene(place)

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(played())
    assert wrong == []
