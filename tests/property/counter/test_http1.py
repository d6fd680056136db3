"""Whatever comes, in whatever pieces: what was asked is heard as it was sent and answered in order, else cut off."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.loopback import Client, Place, play, settle

from yitong.counter.http1 import KEPT_S, MOST_WAITING

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
PATHS = st.from_regex(r"/(late/)?[a-z0-9%._~-]{0,20}", fullmatch=True)
LINES = st.sampled_from(["Accept-Language: en", "X-Forwarded-For: 1.1.1.1", "Cookie: a=b; c=d", "Content-Type: a/b"])


class Sent(NamedTuple):
    method: str
    path: str
    lines: Sequence[str]
    parts: Sequence[bytes]  # of its body
    is_chunked: bool

    @property
    def wire(self) -> bytes:
        head = "\r\n".join([f"{self.method} {self.path}?a=/b HTTP/1.1", "Host: a", *self.lines, ""]).encode()
        body = b"".join(self.parts)
        if self.is_chunked:
            chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in self.parts]
            return head + b"transfer-encoding: chunked\r\n\r\n" + b"".join(chunks) + b"0\r\n\r\n"
        return head + (b"content-length: %d\r\n\r\n" % len(body) if body else b"\r\n") + body


REQUESTS = st.builds(
    Sent,
    st.sampled_from(METHODS),
    PATHS,
    st.lists(LINES, max_size=3, unique=True),
    st.lists(st.binary(min_size=1, max_size=40), max_size=3),
    st.booleans(),
)
CUTS = st.lists(st.integers(0, 3_000), max_size=12)


def cut(whole: bytes, at: Sequence[int]) -> list[bytes]:
    ends = sorted({one % (len(whole) + 1) for one in at} | {0, len(whole)})
    return [whole[start:end] for start, end in zip(ends, ends[1:], strict=False)]


async def send(client: Client, pieces: Sequence[bytes]) -> None:
    """As far as the server takes them."""
    for piece in pieces:
        try:
            await asyncio.get_running_loop().sock_sendall(client.socket, piece)
        except (BrokenPipeError, ConnectionResetError):
            return
        await settle()


async def answer_the_late(at: Place) -> None:
    while True:
        at.door.answer_late()
        await asyncio.sleep(0)


@pytest.mark.slow
@given(st.lists(REQUESTS, min_size=1, max_size=8), CUTS)
def test_what_is_asked_is_heard_as_it_was_sent_and_answered_in_order(sent: list[Sent], cuts: list[int]) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        late = asyncio.create_task(answer_the_late(at))
        await send(client, cut(b"".join(one.wire for one in sent), cuts))
        answers = [await client.answer(has_content=one.method != "HEAD") for one in sent]
        late.cancel()
        assert client.came == b""
        expected = [(one.method, one.path, b"".join(one.parts)) for one in sent]
        assert [(asked.method, asked.path, asked.body) for asked in at.door.asked] == expected
        assert [answer.heard for one, answer in zip(sent, answers, strict=True) if one.method != "HEAD"] == [
            (method, path, body.decode("latin-1")) for method, path, body in expected if method != "HEAD"
        ]

    play(scene)


FRAGMENTS = st.sampled_from(
    [
        *(b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"0\r\n\r\n", b"5\r\nabcde\r\n", b"\xff" * 9, b"a" * 20_000),
        *(b"GET /a HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n", b"POST /b HTTP/1.0\r\n", b"CONNECT a:1 HTTP/1.1\r\n\r\n"),
        *(b"Content-Length: 5\r\n", b"Content-Length: 99999\r\n", b"Transfer-Encoding: chunked\r\n"),
        *(b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b"Connection: close\r\n", b"Expect: 100-continue\r\n"),
        *(b"GET /late HTTP/1.1\r\n\r\n", b"GET /raise HTTP/1.1\r\n\r\n", b"GET /twice HTTP/1.1\r\n\r\n"),
    ]
)
GARBAGE = st.lists(st.one_of(FRAGMENTS, st.binary(max_size=30)), max_size=12).map(b"".join)


@pytest.mark.slow
@given(st.lists(REQUESTS, max_size=3), GARBAGE, CUTS)
def test_garbage_is_cut_off_and_nobody_gets_an_answer_that_is_not_his(
    sent: list[Sent], garbage: bytes, cuts: list[int]
) -> None:
    """`play` fails for whatever goes wrong in the loop."""
    sent = [one._replace(method="GET") for one in sent]

    async def scene(at: Place) -> None:
        rude, other = await at.client(), await at.client()
        late = asyncio.create_task(answer_the_late(at))
        await send(rude, cut(b"".join(one.wire for one in sent) + garbage, cuts))
        for one in sent:
            assert (await rude.answer()).heard == ("GET", one.path, b"".join(one.parts).decode("latin-1"))
        assert (await other.ask(b"GET /other HTTP/1.1\r\n\r\n")).heard[1] == "/other"
        for _ in range(MOST_WAITING):
            at.after(KEPT_S + 1)  # whatever it is that the rude one still keeps open
            await settle()
        assert not at.connections.open
        late.cancel()
        await rude.rest()
        answered = rude.came.count(b"HTTP/1.1 ") - rude.came.count(b"HTTP/1.1 100 ")
        heard = len([asked for asked in at.door.asked if asked.path != "/other"]) - len(sent)
        assert heard <= answered <= heard + 1  # which refuses the garbage itself

    play(scene)
