"""PostgreSQL behind a wire that the test holds in its hand: each message waits until it is let through.

The window under test is whole and unchanged; what it asks its database passes here. So the test chooses which of the
concurrent batches, looks and readings goes on next, delays an answer beyond a commit, loses a notice, or cuts a
connection at any point, without a word about how the window is built inside.
"""

import asyncio
import struct
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

STARTUP, CANCEL = 196_608, 80_877_102  # the codes of the two packets that have no type byte
NOTICE, READY, COPY_IN, KEY = b"A", b"Z", b"G", b"K"
ASKS = b"QS"  # the messages that ReadyForQuery answers: a simple query, and the Sync of an extended one


@dataclass
class Parser:
    """Cuts a stream into messages: a type byte, a length that counts itself, the rest."""

    rest: bytes = b""

    def feed(self, data: bytes) -> list[bytes]:
        self.rest += data
        found = []
        while len(self.rest) >= 5:
            end = 1 + int(struct.unpack("!I", self.rest[1:5])[0])
            if len(self.rest) < end:
                break
            found.append(self.rest[:end])
            self.rest = self.rest[end:]
        return found


@dataclass
class Link:
    """One connection of a window, both directions. `waits` is what the window has sent and the server has not got."""

    window: int
    name: str
    up: asyncio.StreamWriter
    down: asyncio.StreamWriter
    pid: int = 0
    waits: list[bytes] = field(default_factory=list)
    withheld: list[bytes] = field(default_factory=list)  # answers that the window has not got
    asked: int = 0  # requests that the server has not answered
    in_copy: bool = False
    is_made: bool = False  # until then, and on its way to its end, nothing is held up
    is_ending: bool = False
    withholds: bool = False
    is_cut: bool = False

    @property
    def is_listening(self) -> bool:
        return self.name.endswith("listening")

    @property
    def is_busy(self) -> bool:
        return self.asked > 0 and not self.in_copy

    def let_through(self) -> None:
        """The next request of the window goes to the server."""
        self._send(self.waits.pop(0))

    def deliver(self) -> None:
        """What the server answered reaches the window."""
        self.withholds = False
        for part in self.withheld:
            self.down.write(part)
        self.withheld.clear()

    def notify(self) -> None:
        """A notice that nobody sent: wakes whoever listens, as its own clock would."""
        body = struct.pack("!I", self.pid) + b"yitong_event\0\0"
        self.down.write(NOTICE + struct.pack("!I", 4 + len(body)) + body)

    def end(self) -> None:
        """The window gives its query up, and waits for the server to say so."""
        self.is_ending = True
        self.deliver()
        while self.waits:
            self.let_through()

    def cut(self) -> None:
        self.is_cut = True
        self.waits.clear()
        self.withheld.clear()
        for side in (self.up, self.down):
            side.transport.abort()

    def _send(self, data: bytes) -> None:
        for message in Parser().feed(data):
            kind = message[:1]
            self.asked += kind in ASKS
            self.in_copy = self.in_copy and kind not in b"cf"
        self.up.write(data)

    # -- what the two sides say ----------------------------------------------------------------------------------------

    def heard_from_window(self, data: bytes) -> None:
        is_free = not self.is_made or self.is_ending or self.is_listening or self.in_copy
        if is_free or _only_prepares(data):
            self._send(data)
        else:
            self.waits.append(data)

    def heard_from_server(self, message: bytes, *, deaf: bool) -> None:
        kind = message[:1]
        if kind == KEY:
            self.pid = int(struct.unpack("!I", message[5:9])[0])
        elif kind == READY:
            self.asked = max(0, self.asked - 1)
            self.is_made = True
        elif kind == COPY_IN:
            self.in_copy = True
        if kind == NOTICE and deaf:
            return
        if self.withholds and kind != NOTICE:
            self.withheld.append(message)
        else:
            self.down.write(message)


def _only_prepares(data: bytes) -> bool:
    return data[:1] == b"P" and all(message[:1] in b"PS" for message in Parser().feed(data))


class Wire:
    """Listens in `folder` as PostgreSQL does, one folder for each window; the server stands behind it at `server`."""

    def __init__(self, folder: Path, server: Path) -> None:
        self.folder = folder
        self.server = server
        self.links: list[Link] = []
        self.deaf: set[int] = set()  # windows that get no notices
        self.shut: set[int] = set()  # windows that are no more
        self.moves = 0  # counts whatever happens, so that the test sees when nothing happens any more
        self._listening: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, window: int) -> Path:
        """A new entrance; gives the folder that a connection's `host` names."""
        entrance = self.folder / str(window)
        entrance.mkdir()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(window, reader, writer)

        self._listening.append(await asyncio.start_unix_server(serve, entrance / ".s.PGSQL.5432"))
        return entrance

    async def close(self) -> None:
        for one in self._listening:
            one.close()
        for link in self.alive():
            link.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def alive(self) -> list[Link]:
        return [link for link in self.links if not link.is_cut]

    async def _serve(self, window: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if window in self.shut:
            writer.transport.abort()
            return
        (length,) = struct.unpack("!I", await reader.readexactly(4))
        packet = await reader.readexactly(length - 4)
        up_reader, up = await asyncio.open_unix_connection(self.server)
        up.write(struct.pack("!I", length) + packet)
        if struct.unpack("!I", packet[:4])[0] == CANCEL:
            for link in self.alive():
                if link.pid == struct.unpack("!I", packet[4:8])[0]:
                    link.end()
            await up_reader.read()
            up.close()
            writer.close()
            return
        words = packet[4:].split(b"\0")
        link = Link(window, words[words.index(b"application_name") + 1].decode(), up, writer)
        self.links.append(link)
        messages = Parser()

        def from_server(data: bytes) -> None:
            for message in messages.feed(data):
                link.heard_from_server(message, deaf=window in self.deaf)

        self._start(self._pump(link, reader, link.heard_from_window))
        self._start(self._pump(link, up_reader, from_server))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pump(self, link: Link, reader: asyncio.StreamReader, heard: Callable[[bytes], None]) -> None:
        try:
            while data := await reader.read(1 << 20):
                self.moves += 1
                heard(data)
        except (OSError, asyncio.CancelledError):
            pass
        self.moves += 1
        if not link.is_cut:
            link.cut()
