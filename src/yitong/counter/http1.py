"""HTTP/1.1 as the window speaks it where it has a process to itself: httptools reads, the event loop carries.

A request is answered within the call that read its last byte, unless a batch must settle it first: no task, no thread
and no queue stands between the socket and the door. Of one connection one request is under way at a time; what comes
behind it waits. Made for a place behind a proxy, which speaks TLS and HTTP/2; it bears what comes without one as well:
what is too long, too slow or no HTTP is cut off.
"""

import asyncio
import math
import time
from collections import deque
from email.utils import formatdate
from http import HTTPStatus
from typing import cast

import httptools
import structlog

from yitong.counter.requests import LONGEST_BODY, Headers, Request
from yitong.counter.rsgi import Hear

LONGEST_HEAD = 16_384
MOST_CONNECTIONS = 20_000
READING_S = 10.0  # from the first byte of a request to its last
KEPT_S = 75.0  # that a connection may stand without a request; longer than a proxy keeps it
WRITING_S = 30.0  # in which a client has to take an answer
SWEEP_S = 1.0

# What the window asks for, by the names that come on the wire in any case; all else is not even decoded.
_ASKED_FOR = {
    name.encode(): name
    for name in ("content-type", "accept-language", "if-none-match", "x-forwarded-for", "content-length", "expect")
}
_SEVERAL = "x-forwarded-for"  # of which each proxy may add a line of its own (RFC 9110, 5.3)
_STARTS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\ndate: ".encode() for status in HTTPStatus}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_WITHOUT_LENGTH = (204, 304)

log = structlog.get_logger("yitong.counter")


class Connections:
    """Those of one server, and the door that hears what they bring."""

    def __init__(self, hear: Hear) -> None:
        self.hear = hear
        self.open: set[Connection] = set()
        self.is_leaving = False
        self.date = b""
        self._said: list[tuple[asyncio.Transport, bytes, bool]] = []

    def connection(self) -> "Connection":
        return Connection(self)

    async def watch(self) -> None:
        """Ends those that take too long, and knows the date (RFC 9110, 6.6.1): once a second."""
        while True:
            self.look(time.monotonic())
            await asyncio.sleep(SWEEP_S)

    def look(self, at: float) -> None:
        self.date = formatdate(usegmt=True).encode()
        for one in [one for one in self.open if one.deadline < at]:
            one.expire()

    def say(self, transport: asyncio.Transport, told: bytes, *, keeps: bool) -> None:
        """Sends it at the end of this turn of the loop, with all other answers of the turn. One by one each would wake
        a client or a proxy that has gone to sleep since the last: half of what an answer costs."""
        if not self._said:
            asyncio.get_running_loop().call_soon(self._send)
        self._said.append((transport, told, keeps))

    def _send(self) -> None:
        said, self._said = self._said, []
        for transport, told, keeps in said:
            transport.write(told)
            if not keeps:
                transport.close()

    def leave(self) -> None:
        """No other request is begun; those under way get their answers."""
        self.is_leaving = True
        for one in list(self.open):
            one.leave()


class Heard(Request):
    """A request of a connection, which takes its own answer (`requests.Answering`): one that comes twice, or after the
    client has gone, can't become the answer to another."""

    connection: "Connection"
    keeps: bool  # the connection, after this answer

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        self.connection.answer(self, status, headers, body)

    def response_empty(self, status: int, headers: Headers) -> None:
        self.connection.answer(self, status, headers, b"")


class Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, all_: Connections) -> None:
        self._all = all_
        self._parser = httptools.HttpRequestParser(self)
        self.deadline = 0.0
        # -- of the request that is being read
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._length = 0  # of its head, or of its body, as far as it has come
        self._is_in_head = True
        # -- of those that are whole
        self._asked: Heard | None = None  # has no answer yet
        self._next: deque[Heard] = deque()
        self._is_full = False  # the client takes no more at present
        self._is_over = False  # nothing that still comes is read

    # -- asyncio.Protocol ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if len(self._all.open) >= MOST_CONNECTIONS or self._all.is_leaving:
            self._transport.abort()
            return
        host, port, *_ = self._transport.get_extra_info("peername") or ("", 0)
        self._client = f"{host}:{port}"
        self._all.open.add(self)
        self.deadline = time.monotonic() + KEPT_S

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.open.discard(self)
        self._asked, self._is_over = None, True
        self._next.clear()

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        if self._is_in_head:
            self._length += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # to what we don't speak: the request itself was heard
            self._end_after_answers()
        except httptools.HttpParserError:
            self._break_off(400)
        else:
            if self._is_in_head and self._length > LONGEST_HEAD:
                self._break_off(431)

    def eof_received(self) -> bool:
        """Who has no more to say may still wait for his answer."""
        self._is_over = True
        self._end_after_answers()
        return True

    def pause_writing(self) -> None:
        self._is_full = True
        self.deadline = time.monotonic() + WRITING_S

    def resume_writing(self) -> None:
        self._is_full = False
        self.deadline = math.inf if self._asked is not None else time.monotonic() + KEPT_S
        self._go_on()

    # -- what httptools reads --------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._headers, self._body, self._is_in_head = {}, [], True
        if self._asked is None and not self._is_full:
            self.deadline = time.monotonic() + READING_S

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        known = _ASKED_FOR.get(name.lower())
        if known is not None:
            told = value.decode("latin-1")
            before = self._headers.get(known)
            self._headers[known] = f"{before}, {told}" if before is not None and known == _SEVERAL else told

    def on_headers_complete(self) -> None:
        self._is_in_head, self._length = False, 0
        if int(self._headers.get("content-length", "0")) > LONGEST_BODY:
            self._length = LONGEST_BODY + 1
            self._ask_without_body()
        elif "100-continue" in self._headers.get("expect", "").lower() and self._asked is None:
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        if self._length > LONGEST_BODY:
            return
        self._length += len(body)
        if self._length > LONGEST_BODY:
            self._ask_without_body()
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._is_over:
            return
        heard = self._heard(b"".join(self._body) if self._body else b"", keeps=self._parser.should_keep_alive())
        if self._asked is None and not self._next and not self._is_full:
            self._ask(heard)
        else:
            self._next.append(heard)
            self._transport.pause_reading()

    def _heard(self, body: bytes | None, *, keeps: bool) -> Heard:
        """What was read, and room for the next."""
        path = self._url.partition(b"?")[0].decode("latin-1")
        method = self._parser.get_method().decode("latin-1")
        self._url, self._length, self._is_in_head = b"", 0, True
        return Heard(method, path, self._headers, self._client, body, connection=self, keeps=keeps)

    def _ask_without_body(self) -> None:
        """It is longer than it may be: refused by the door, and not read."""
        self._is_over = True
        self._next.append(self._heard(None, keeps=False))
        self._go_on()

    # -- what is answered ------------------------------------------------------------------------------------------

    def _ask(self, heard: Heard) -> None:
        self._asked, self.deadline = heard, math.inf
        self._all.hear(heard, heard)

    def _go_on(self) -> None:
        """With those that came behind the one that is answered now."""
        while self._next and self._asked is None and not self._is_full:
            self._ask(self._next.popleft())
        if not self._next and not self._is_over:
            self._transport.resume_reading()

    def answer(self, heard: Heard, status: int, headers: Headers, body: bytes) -> None:
        if heard is not self._asked:  # its client has gone, or has its answer
            return
        lines = "".join([f"\r\n{name}: {value}" for name, value in headers])
        if lines.count("\n") != len(headers):
            raise ValueError("a header has one line")
        length = b"" if status in _WITHOUT_LENGTH else b"\r\ncontent-length: %d" % len(body)
        end = b"\r\n\r\n" if heard.keeps else b"\r\nconnection: close\r\n\r\n"
        content = b"" if heard.method == "HEAD" else body
        told = b"".join((_STARTS[status], self._all.date, lines.encode("latin-1"), length, end, content))
        self._all.say(self._transport, told, keeps=heard.keeps)
        self._asked = None
        if not heard.keeps:
            self._is_over = True
            return
        if not self._is_full:
            self.deadline = time.monotonic() + KEPT_S
        if self._next:
            asyncio.get_running_loop().call_soon(self._go_on)

    # -- how it ends -----------------------------------------------------------------------------------------------

    def _end_after_answers(self) -> None:
        """Nothing more is read; what was asked is answered."""
        self._is_over = True
        last = self._next[-1] if self._next else self._asked
        if last is None:
            self._all.say(self._transport, b"", keeps=False)
        else:
            last.keeps = False

    def _break_off(self, status: int) -> None:
        """What was sent is no request that could be answered."""
        if self._asked is None:
            told = _STARTS[status] + self._all.date + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            self._all.say(self._transport, told, keeps=False)
            self._is_over = True
        else:
            self._end_after_answers()

    def expire(self) -> None:
        """It stood idle for long, sends too slowly, or takes no answer."""
        if self._is_full:
            self._transport.abort()
        elif self._url or self._headers:
            self._break_off(408)
        else:
            self._end_after_answers()

    def leave(self) -> None:
        """No other request is begun."""
        self._next.clear()
        self._end_after_answers()
