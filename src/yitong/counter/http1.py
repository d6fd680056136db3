"""HTTP/1.1 as the window speaks it where it has a process to itself: httptools reads, the event loop carries.

No task, thread or future stands between socket and door. Of one connection one request is under way at a time. Made for
a place behind a proxy, which speaks TLS; without one it bears what comes: too long, too slow or no HTTP is cut off.
"""

import asyncio
import math
import time
from collections import deque
from email.utils import formatdate
from typing import cast

import httptools
import structlog

from yitong.counter.answers import CONTINUE, written
from yitong.counter.peers import Peers
from yitong.counter.requests import ASKED_FOR, LONGEST_BODY, Headers, Request, joined
from yitong.counter.rsgi import Hear

LONGEST_HEAD = 16_384  # counted by the pieces that come: one that comes in a single piece may be as long as that is
LONGEST_REQUEST = 8 * LONGEST_BODY  # as it comes: a body may come in chunks of one byte, but without an endless trailer
MOST_WAITING = 64  # requests of one connection, behind the one under way
MOST_CONNECTIONS = 20_000
READING_S = 10.0  # from the first byte of a request to its last
KEPT_S = 75.0  # that a connection may stand without a request; longer than a proxy keeps it
WRITING_S = 30.0  # in which a client has to take an answer
SWEEP_S, MOST_IN_A_TURN = 1.0, 64

log = structlog.get_logger("yitong.counter")


class Connections:
    """Those of one server, and the door that hears what they bring. `most_of_one`: address, if it has a limit."""

    def __init__(self, hear: Hear, *, most: int = MOST_CONNECTIONS, most_of_one: int | None = None) -> None:
        self.hear, self.most, self.is_leaving = hear, most, False
        self.peers = Peers(most_of_one)
        self.open: set[Connection] = set()
        self._came: deque[Heard] = deque()
        self._said: list[tuple[Connection, bytes, bool]] = []
        self.look(time.monotonic())

    def connection(self) -> "Connection":
        return Connection(self)

    async def watch(self) -> None:
        """Ends those that take too long, and knows the date (RFC 9110, 6.6.1): once a second."""
        while True:
            self.look(time.monotonic())
            await asyncio.sleep(SWEEP_S)

    def look(self, at: float) -> None:
        self.at = at  # for all until the next look: none of them asks for the time
        self.date = formatdate(usegmt=True).encode()
        for one in [one for one in self.open if one.deadline < at]:
            one.expire()

    def take(self, heard: "Heard") -> None:
        """It is heard soon. When a thousand ask at once no batch waits until the last of them was heard: the loop looks
        at its other work in between."""
        if not self._came:
            asyncio.get_running_loop().call_soon(self._hear_some)
        self._came.append(heard)

    def _hear_some(self) -> None:
        for _ in range(min(len(self._came), MOST_IN_A_TURN)):
            heard = self._came.popleft()
            heard.connection.hear(heard)
        if self._came:
            asyncio.get_running_loop().call_soon(self._hear_some)

    def say(self, one: "Connection", told: bytes, *, keeps: bool) -> None:
        """Sends it at the end of this turn of the loop, with all other answers of the turn. One by one each would wake
        a client or a proxy that has gone to sleep since the last: half of what an answer costs."""
        if not self._said:
            asyncio.get_running_loop().call_soon(self._send)
        self._said.append((one, told, keeps))

    def _send(self) -> None:
        said, self._said = self._said, []
        for one, told, keeps in said:
            one.is_telling = False
            if not one.transport.is_closing():  # else there is nobody any more to take it
                one.transport.write(told)
                if not keeps:
                    one.transport.close()
                elif one.waiting:
                    one.go_on()

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
        # of the request that is being read
        self._url, self._body_length, self._length = b"", 0, 0  # the last of all of it, as it comes
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._is_begun, self._is_in_head = False, True
        # of those that are whole
        self._asked: Heard | None = None  # has no answer yet
        self.waiting: deque[Heard] = deque()
        self.is_telling = False  # the last answer waits for the end of the turn
        self._is_full = False  # the client takes no more at present
        self._is_over = False  # nothing that still comes is read

    # -- asyncio.Protocol ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        host, port, *_ = self.transport.get_extra_info("peername") or ("", 0)
        self._client = f"{host}:{port}"
        if self._all.is_leaving or len(self._all.open) >= self._all.most or not self._all.peers.enter(self._client):
            self._is_over = True
            self.transport.abort()
            return
        self._all.open.add(self)
        self.deadline = self._all.at + KEPT_S

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._all.open:
            self._all.open.remove(self)
            self._all.peers.leave(self._client)
        self._asked, self._is_over = None, True
        self.waiting.clear()
        del self._parser  # it holds us: else both would wait for the garbage collector, which comes seldom

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        self._length += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._end_after_answers()
        except httptools.HttpParserError:
            self._break_off(400)
        if self._length > LONGEST_HEAD and (self._is_in_head or self._length > LONGEST_REQUEST):
            self._break_off(431 if self._is_in_head else 413)

    def eof_received(self) -> bool:
        """Who has no more to say may still wait for his answer."""
        self._end_after_answers()
        return True

    def pause_writing(self) -> None:
        self._is_full = True
        self.deadline = self._all.at + WRITING_S

    def resume_writing(self) -> None:
        self._is_full = False
        self.deadline = self._all.at + (READING_S if self._is_begun else KEPT_S)
        self.go_on()

    # -- what httptools reads --------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._is_over:
            raise EOFError
        self._headers, self._body, self._body_length, self._is_begun = {}, [], 0, True
        if self._asked is None and not self._is_full:
            self.deadline = self._all.at + READING_S

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        known = ASKED_FOR.get(name.lower())
        if known is not None and self._is_in_head:  # what trails a body no proxy has looked at
            told, before = value.decode("latin-1"), self._headers.get(known)
            self._headers[known] = told if before is None else joined(before, told)

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        if int(self._headers.get("content-length", "0")) > LONGEST_BODY:
            self._ask_without_body()
        if "expect" in self._headers and self._asked is None and not self.waiting:  # HTTP/1.0 knows no such word
            self._all.say(self, CONTINUE if self._parser.get_http_version() != "1.0" else b"", keeps=True)

    def on_body(self, body: bytes) -> None:
        self._body_length += len(body)
        if self._body_length > LONGEST_BODY:
            self._ask_without_body()
        self._body.append(body)

    def on_message_complete(self) -> None:
        is_upgrade = self._parser.should_upgrade()  # to what we don't speak; httptools reads no body then
        keeps = self._parser.should_keep_alive() and not is_upgrade and not self._all.is_leaving
        if keeps and "connection" in self._headers:  # HTTP/1.0 keeps where both say so, and we don't
            keeps = self._parser.get_http_version() != "1.0"
        heard = self._heard(None if is_upgrade else b"".join(self._body) if self._body else b"", keeps=keeps)
        if self._asked is None and not self._is_full and not self.is_telling:
            self._ask(heard)
        else:
            self.waiting.append(heard)
            self.transport.pause_reading()
            if len(self.waiting) >= MOST_WAITING:
                self._end_after_answers()

    def _heard(self, body: bytes | None, *, keeps: bool) -> Heard:
        """What was read, and room for the next."""
        path = self._url.partition(b"?")[0].decode("latin-1")
        if path[:1] != "/" and "://" in path:  # with the server's name (RFC 9112, 3.2.2)
            path = "/" + path.partition("://")[2].partition("/")[2]
        method = self._parser.get_method().decode()
        self._url, self._length, self._is_in_head, self._is_begun = b"", 0, True, False
        return Heard(method, path, self._headers, self._client, body, connection=self, keeps=keeps)

    def _ask_without_body(self) -> None:
        """It is longer than it may be: refused by the door, and not read."""
        self.waiting.append(self._heard(None, keeps=False))
        self.go_on()
        raise EOFError  # ends the parser's work in the midst of it

    # -- what is answered ------------------------------------------------------------------------------------------

    def _ask(self, heard: Heard) -> None:
        self._asked, self.deadline = heard, math.inf
        self._all.take(heard)

    def hear(self, heard: Heard) -> None:
        if heard is not self._asked:  # the client has gone
            return
        try:
            self._all.hear(heard, heard)
        except Exception:
            log.exception("counter.unheard")
            heard.response_empty(500, [])

    def go_on(self) -> None:
        """With the one that came behind, when the last answer is sent: none is made for whoever takes none."""
        if self.waiting and self._asked is None and not self._is_full and not self.is_telling:
            self._ask(self.waiting.popleft())
            if not self.waiting:
                self.transport.resume_reading()

    def answer(self, heard: Heard, status: int, headers: Headers, body: bytes) -> None:
        if heard is not self._asked:  # its client has gone, or has its answer
            return
        told = written(status, self._all.date, headers, body, keeps=heard.keeps, is_head=heard.method == "HEAD")
        self._asked, self.is_telling = None, True
        self.deadline = self._all.at + (READING_S if self._is_begun else KEPT_S)
        self._all.say(self, told, keeps=heard.keeps)

    # -- how it ends -----------------------------------------------------------------------------------------------

    def _end_after_answers(self) -> None:
        """Nothing more is read; what was asked is answered."""
        self._is_over = True
        last = self.waiting[-1] if self.waiting else self._asked
        if last is None:
            self._all.say(self, b"", keeps=False)
        else:
            last.keeps = False

    def _break_off(self, status: int) -> None:
        """What was sent is no request that could be answered."""
        if self._asked is None and not self.waiting:
            told = written(status, self._all.date, [], b"", keeps=False)
            self._all.say(self, told, keeps=False)
        self._end_after_answers()

    def expire(self) -> None:
        """It stood idle for long, sends too slowly, or takes no answer."""
        if self._is_full or self.transport.is_closing():
            self.transport.abort()
        elif self._is_begun:
            self._break_off(408)
        else:
            self._end_after_answers()

    def leave(self) -> None:
        """No other request is begun; one that is being read may come to its end."""
        if self._asked is not None or self.waiting or not self._is_begun:
            self._end_after_answers()
