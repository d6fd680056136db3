"""The window's own HTTP as raw clients meet it: who is heard, in which order he is answered, when he is cut off."""

import asyncio
import gc
import weakref
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from functools import partial

import pytest
from tests import loopback
from tests.loopback import BIG, HUGE, LOOPS, Place, Scene, settle, until

from yitong.counter.door import client_address
from yitong.counter.http1 import (
    KEPT_S,
    LONGEST_HEAD,
    LONGEST_REQUEST,
    MOST_IN_A_TURN,
    MOST_WAITING,
    READING_S,
    WRITING_S,
)
from yitong.counter.requests import LONGEST_BODY, Answering, Request

CONTINUE = b"HTTP/1.1 100 Continue"
CHUNKED = b"Transfer-Encoding: chunked"

Play = Callable[[Scene], None]


@pytest.fixture(params=LOOPS)
def play(request: pytest.FixtureRequest) -> Play:
    """On the loop that serves, and on Python's own."""
    return partial(loopback.play, loop=request.param)


def get(path: str, *lines: bytes, method: str = "GET", version: str = "1.1") -> bytes:
    return b"\r\n".join([f"{method} {path} HTTP/{version}".encode(), b"Host: yitong.example", *lines, b"", b""])


def post(body: bytes, *lines: bytes, path: str = "/claims") -> bytes:
    return get(path, b"Content-Length: %d" % len(body), *lines, method="POST") + body


def chunked(*parts: bytes, path: str = "/claims", trailer: bytes = b"") -> bytes:
    chunks = b"".join(b"%x;of=it\r\n%b\r\n" % (len(part), part) for part in parts)
    return get(path, CHUNKED, method="POST") + chunks + b"0\r\n" + trailer + b"\r\n"


# -- one after the other -----------------------------------------------------------------------------------------------


def test_a_connection_is_kept_and_each_answer_is_dated(play: Play) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        for path in ("/a", "/b"):
            answer = await client.ask(get(path))
            assert (answer.status, answer.heard) == (200, ("GET", path, ""))
            assert list(answer.told) == ["date", "content-type", "content-length"]
            assert parsedate_to_datetime(answer.told["date"]).utcoffset() is not None
        assert {asked.client for asked in at.door.asked} == {f"127.0.0.1:{client.socket.getsockname()[1]}"}

    play(scene)


def test_answers_keep_the_order_of_what_was_asked(play: Play) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        await client.send(get("/late") + get("/b") + post(b"c") + get("/late/d") + get("/e"))
        await until(lambda: len(at.door.late) == 1)
        await settle()
        assert ([asked.path for asked in at.door.asked], client.came) == (["/late"], b"")
        at.door.answer_late()
        heard = [(await client.answer()).heard for _ in range(3)]
        assert heard == [("GET", "/late", ""), ("GET", "/b", ""), ("POST", "/claims", "c")]
        await until(lambda: len(at.door.late) == 1)
        at.door.answer_late()
        assert [(await client.answer()).heard[1] for _ in range(2)] == ["/late/d", "/e"]
        assert (await client.ask(get("/f"))).heard[1] == "/f"

    play(scene)


def test_a_second_answer_is_nobodys(play: Play) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        await client.send(get("/twice") + get("/late/1") + get("/late/2"))
        assert (await client.answer()).heard[1] == "/twice"
        await until(lambda: len(at.door.late) == 1)
        (first,) = at.door.late
        at.door.answer_late()
        at.door.answer(*first)
        assert (await client.answer()).heard[1] == "/late/1"
        await until(lambda: len(at.door.late) == 1)
        at.door.answer(*first)  # while the next one waits
        await settle()
        assert client.came == b""
        at.door.answer_late()
        assert (await client.answer()).heard[1] == "/late/2"
        assert (await client.ask(get("/c"))).heard[1] == "/c"

    play(scene)


def test_an_answer_for_who_has_gone_is_nobodys(play: Play) -> None:
    async def scene(at: Place) -> None:
        gone = await at.client()
        await gone.send(get("/late/gone"))
        await until(lambda: len(at.door.late) == 1)
        gone.hang_up()
        await until(lambda: not at.connections.open)
        again = await at.client()
        await again.send(get("/late/again"))
        await until(lambda: len(at.door.late) == 2)
        at.door.answer(*at.door.late.pop(0))
        await settle()
        assert again.came == b""
        at.door.answer_late()
        assert (await again.answer()).heard[1] == "/late/again"
        assert [asked.path for asked in at.door.asked] == ["/late/gone", "/late/again"]

    play(scene)


def test_who_is_gone_when_answers_are_sent_keeps_nobody_elses_back(play: Play) -> None:
    """His connection is lost between his answer and the end of the turn, when all of the turn are sent."""

    async def scene(at: Place) -> None:
        gone = await at.client()
        await gone.send(get("/late"))
        await until(lambda: len(at.door.late) == 1)
        connection = at.connection()
        stays = await at.client()
        await stays.send(get("/late"))
        await until(lambda: len(at.door.late) == 2)
        asyncio.get_running_loop().call_soon(at.door.answer_late)
        connection.transport.abort()
        assert (await stays.answer()).status == 200
        assert await gone.rest() == b""

    play(scene)


def test_many_in_one_piece_are_answered_in_order_and_nobody_waits_for_all_of_them(play: Play) -> None:
    async def scene(at: Place) -> None:
        greedy, other = await at.client(), await at.client()
        await greedy.send(b"".join(get(f"/{n}") for n in range(MOST_WAITING)))
        await other.send(get("/other"))
        assert (await other.answer()).heard[1] == "/other"
        assert len(at.door.asked) < MOST_WAITING
        assert [(await greedy.answer()).heard[1] for _ in range(MOST_WAITING)] == [f"/{n}" for n in range(MOST_WAITING)]
        assert (await greedy.ask(get("/more"))).heard[1] == "/more"

    play(scene)


def test_of_too_many_in_one_piece_the_rest_is_not_heard(play: Play) -> None:
    """They would take many times the memory that they take on the wire."""

    async def scene(at: Place) -> None:
        client = await at.client()
        await client.send(b"".join(get(f"/{n}") for n in range(1_000)))
        await until(lambda: bool(at.door.asked))
        assert len(at.connection().waiting) == MOST_WAITING
        answers = [await client.answer() for _ in range(MOST_WAITING + 1)]
        assert [answer.heard[1] for answer in answers] == [f"/{n}" for n in range(MOST_WAITING + 1)]
        assert [n for n, answer in enumerate(answers) if "connection" in answer.told] == [MOST_WAITING]
        assert await client.rest() == b""
        assert len(at.door.asked) == MOST_WAITING + 1

    play(scene)


def test_what_comes_behind_a_late_answer_waits_in_the_network(play: Play) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        await client.send(get("/late"))
        await client.send(*(get(f"/{n}") for n in range(MOST_WAITING - 1)))
        assert len(at.connection().waiting) == 1
        at.door.answer_late()
        assert (await client.answer()).heard[1] == "/late"
        answers = [await client.answer() for _ in range(MOST_WAITING - 1)]
        assert [answer.heard[1] for answer in answers] == [f"/{n}" for n in range(MOST_WAITING - 1)]
        assert (await client.ask(get("/more"))).heard[1] == "/more"

    play(scene)


# -- bodies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "request_",
    [post("号源{}".encode()), chunked("号源".encode(), b"\r\n0\r\n")],
    ids=["length", "chunks"],
)
def test_a_request_is_the_same_wherever_it_is_cut(request_: bytes) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        whole = (await client.ask(request_)).heard
        for cut in range(1, len(request_)):
            await client.send(request_[:cut], request_[cut:])
            assert (await client.answer()).heard == whole
        await client.send(*(request_[n : n + 1] for n in range(len(request_))))
        assert (await client.answer()).heard == whole
        assert len(at.door.asked) == len(request_) + 1

    loopback.play(scene)


@pytest.mark.parametrize(
    "request_",
    [post(b"x" * LONGEST_BODY), chunked(*[b"x"] * LONGEST_BODY), chunked(b"x" * LONGEST_BODY)],
    ids=["length", "chunks of one byte", "one chunk"],
)
def test_a_body_may_be_as_long_as_it_may(play: Play, request_: bytes) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        for _ in range(2):
            answer = await client.ask(request_.replace(b";of=it", b""))
            assert answer.heard == ("POST", "/claims", "x" * LONGEST_BODY)

    play(scene)


TOO_LONG = {
    "length": post(b"x" * (LONGEST_BODY + 1)),
    "chunks": chunked(*[b"x" * 1_000] * 17),
    "length alone": post(b"x" * (LONGEST_BODY + 1))[: -LONGEST_BODY - 1],
    "and asks whether to send it": post(b"x" * (LONGEST_BODY + 1), b"Expect: 100-continue")[: -LONGEST_BODY - 1],
}


@pytest.mark.parametrize("path", ["/at-once", "/late"])
@pytest.mark.parametrize("request_", TOO_LONG.values(), ids=TOO_LONG)
def test_a_body_that_is_too_long_is_refused_and_not_read(play: Play, request_: bytes, path: str) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        rest = b"" if request_.endswith(b"\r\n\r\n") and b"chunked" not in request_ else request_ + get("/behind")
        await client.send(request_.replace(b"/claims", path.encode()) + rest)
        await until(lambda: bool(at.door.asked))
        if path == "/late":
            await settle()
            assert not at.connection().waiting
            at.door.answer_late()
        answer = await client.answer()
        assert (answer.heard, answer.told["connection"]) == (("POST", path, None), "close")
        assert await client.rest() == b""
        assert len(at.door.asked) == 1

    play(scene)


def test_who_asks_whether_to_send_is_told_to(play: Play) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        asking = post(b"{}", b"Expect: 100-Continue")
        await client.send(asking[:-2])
        assert await client.head() == CONTINUE
        assert (await client.ask(b"{}")).heard == ("POST", "/claims", "{}")
        await client.send(get("/a") + asking[:-2])  # behind one without an answer: it isn't told in his place
        assert (await client.answer()).heard[1] == "/a"
        assert (await client.ask(b"{}")).heard == ("POST", "/claims", "{}")
        await client.send(get("/late") + asking[:-2])
        await until(lambda: bool(at.door.late))
        await settle()
        assert client.came == b""
        at.door.answer_late()
        assert (await client.answer()).heard[1] == "/late"
        assert (await client.ask(b"{}")).heard == ("POST", "/claims", "{}")
        await client.send(asking.replace(b"/1.1", b"/1.0"))  # which doesn't know it
        assert (await client.answer()).status == 200
        assert await client.rest() == b""

    play(scene)


# -- what is no request ------------------------------------------------------------------------------------------------

CLAIM = b"POST /claims HTTP/1.1\r\n"
GARBAGE = {
    "noise": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no method": b"FETCH / HTTP/1.1\r\n\r\n",
    "no version": b"GET / HTTP/1.7\r\n\r\n",
    "no target": b"GET claims HTTP/1.1\r\n\r\n",
    "bytes in the target": b"GET /\xe5\x8f\xb7 HTTP/1.1\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nHost: a\n\n",
    "space before the colon": b"GET / HTTP/1.1\r\nX-Forwarded-For : 1.1.1.1\r\n\r\n",
    "folded": b"GET / HTTP/1.1\r\nX-Forwarded-For: 1.1.1.1\r\n 2.2.2.2\r\n\r\n",
    "CR in a header": b"GET / HTTP/1.1\r\nA: b\rX-Forwarded-For: 1.1.1.1\r\n\r\n",
    "NUL in a header": b"GET / HTTP/1.1\r\nX-Forwarded-For: 1\x00\r\n\r\n",
    "both lengths": CLAIM + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n\r\n0\r\n\r\n",
    "both, the other way": CLAIM + CHUNKED + b"\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": CLAIM + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "twice the same length": CLAIM + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": CLAIM + b"Content-Length: 2, 2\r\n\r\n{}",
    "a signed length": CLAIM + b"Content-Length: +2\r\n\r\n{}",
    "less than nothing": CLAIM + b"Content-Length: -2\r\n\r\n{}",
    "a length in hex": CLAIM + b"Content-Length: 0x2\r\n\r\n{}",
    "an empty length": CLAIM + b"Content-Length: \r\n\r\n{}",
    "an endless length": CLAIM + b"Content-Length: 184467440737095516160\r\n\r\n{}",
    "another coding": CLAIM + b"Transfer-Encoding: gzip\r\n\r\n{}",
    "chunked, and then more": CLAIM + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "nearly chunked": CLAIM + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a control character before it": CLAIM + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a chunk without its end": CLAIM + CHUNKED + b"\r\n\r\n2\r\n{}XX0\r\n\r\n",
    "a chunk's size with LF": CLAIM + CHUNKED + b"\r\n\r\n2\n{}\r\n0\r\n\r\n",
    "a chunk's extension with LF": CLAIM + CHUNKED + b"\r\n\r\n2;a\n{}\r\n0\r\n\r\n",
    "an endless chunk": CLAIM + CHUNKED + b"\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n",
    "a length in the trailer": CLAIM + CHUNKED + b"\r\n\r\n0\r\nContent-Length: 9\r\n\r\n",
}


@pytest.mark.parametrize("sent", GARBAGE.values(), ids=GARBAGE)
def test_what_is_no_request_is_refused_and_nothing_behind_it_is_heard(sent: bytes) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        await client.send(sent + get("/smuggled"))
        answer = await client.answer()
        assert (answer.status, answer.told["connection"], answer.body) == (400, "close", b"")
        assert await client.rest() == b""
        assert at.door.asked == []

    loopback.play(scene)


@pytest.mark.parametrize("first", ["/at-once", "/late"])
def test_garbage_behind_a_request_is_not_its_answer(play: Play, first: str) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        await client.send(get(first) + get("/second") + b"\x00garbage\r\n\r\n")
        await until(lambda: bool(at.door.asked))
        at.door.answer_late()
        assert [(await client.answer()).heard[1] for _ in range(2)] == [first, "/second"]
        assert await client.rest() == b""

    play(scene)


def test_a_head_that_is_too_long_is_refused(play: Play) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        assert (await client.ask(get("/a", b"Cookie: " + b"c" * 8_000))).status == 200
        head = get("/b", b"Cookie: " + b"c" * LONGEST_HEAD)
        await client.send(head[: LONGEST_HEAD // 2], head[LONGEST_HEAD // 2 : -4])
        answer = await client.answer()
        assert (answer.status, answer.told["connection"]) == (431, "close")
        assert await client.rest() == b""

    play(scene)


@pytest.mark.parametrize("endless", [b"Trailer: ", b"T: t\r\n"], ids=["one line", "many lines"])
def test_a_trailer_has_an_end(play: Play, endless: bytes) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        pieces = [b"t" * 1_000] if endless.endswith(b" ") else [endless * 200]
        await client.send(chunked(b"{}")[:-2] + endless, *pieces * (LONGEST_REQUEST // len(pieces[0]) + 1))
        assert (await client.answer()).status == 413
        assert await client.rest() == b""
        assert at.door.asked == []

    play(scene)


# -- versions, methods and targets -------------------------------------------------------------------------------------


def test_an_answer_to_head_has_no_content(play: Play) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        await client.send(get("/a", method="HEAD") + get("/b"))
        assert (await client.answer(has_content=False)).told["content-length"] == str(len('["HEAD", "/a", ""]'))
        assert (await client.answer()).heard[1] == "/b"

    play(scene)


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_has_no_content_tells_no_length(play: Play, status: int) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        at.door.status = status
        await client.send(get("/a") + get("/huge"))
        answer = await client.answer()
        assert (answer.status, list(answer.told)) == (status, ["date", "content-type"])
        assert (await client.answer()).body == b"x" * HUGE

    play(scene)


@pytest.mark.parametrize(
    "request_",
    [
        get("/a", version="1.0"),
        get("/a", b"Connection: keep-alive", version="1.0"),
        get("/a", b"Connection: close"),
        get("/a", b"Connection: Keep-Alive, Close"),
        get("/late", b"Connection: close"),
    ],
    ids=["1.0", "1.0, kept", "close", "close in a list", "close, late"],
)
def test_the_last_answer_says_that_it_is_the_last(play: Play, request_: bytes) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        await client.send(request_ + get("/behind"))
        await until(lambda: bool(at.door.asked))
        at.door.answer_late()
        answer = await client.answer()
        assert (answer.status, answer.told["connection"]) == (200, "close")
        assert await client.rest() == b""
        assert len(at.door.asked) == 1

    play(scene)


UPGRADES = {
    "websocket": get("/late", b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"),
    "h2c": get("/late", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAAP__"),
    "h2c, with a body": post(b"{}", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", path="/late"),
    "connect": get("example.com:443", method="CONNECT"),
}


@pytest.mark.parametrize("is_late", [False, True], ids=["at once", "late"])
@pytest.mark.parametrize("request_", UPGRADES.values(), ids=UPGRADES)
def test_an_upgrade_is_answered_as_http_and_nothing_behind_its_head_is_heard(
    play: Play, request_: bytes, *, is_late: bool
) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        await client.send((request_ if is_late else request_.replace(b"/late", b"/soon")) + get("/tunnelled"))
        await until(lambda: bool(at.door.asked))
        if at.door.late:
            await client.send(get("/tunnelled"))
            await settle()
            assert not at.connection().waiting
        at.door.answer_late()
        answer = await client.answer()
        assert (answer.status, answer.told["connection"]) == (200, "close")
        assert await client.rest() == b""
        assert [asked.body for asked in at.door.asked] == [None]

    play(scene)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/counter/%E5%8F%B7%2F?a=b/c", "/counter/%E5%8F%B7%2F"),
        ("http://yitong.example/counter/health?a", "/counter/health"),
        ("http://yitong.example:8100/counter/a://b", "/counter/a://b"),
        ("http://yitong.example", "/"),
        ("http://yitong.example?a=/b", "/"),
        ("//yitong.example/counter", "//yitong.example/counter"),
        ("/counter/a://b/c", "/counter/a://b/c"),
        ("*", "*"),
    ],
)
def test_a_target_is_heard_as_its_path(target: str, path: str) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        assert (await client.ask(get(target, method="OPTIONS"))).heard[1] == path

    loopback.play(scene)


# -- headers -----------------------------------------------------------------------------------------------------------


def test_each_proxy_may_add_a_line_of_its_own(play: Play) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        lines = (b"X-Forwarded-For: 6.6.6.6, 7.7.7.7", b"x-forwarded-for: 1.1.1.1", b"X-FORWARDED-FOR: 2.2.2.2 \t")
        await client.ask(get("/a", *lines, b"X_Forwarded_For: 8.8.8.8", b"Accept-Language: en", b"Cookie: a=b"))
        (asked,) = at.door.asked
        assert set(asked.headers) == {"x-forwarded-for", "accept-language"}
        assert [client_address(asked, proxies) for proxies in range(6)] == [
            "127.0.0.1",
            *("2.2.2.2", "1.1.1.1", "7.7.7.7", "6.6.6.6"),
            "127.0.0.1",
        ]
        await client.ask(get("/b"))
        assert at.door.asked[1].headers == {}

    play(scene)


def test_a_header_of_thousands_of_lines_is_refused(play: Play) -> None:
    """As many as fit into what the loop reads at once; to join them would hold it for as long as a hundred answers."""

    async def scene(at: Place) -> None:
        client = await at.client()
        await until(lambda: bool(at.connections.open))
        at.connection().data_received(get("/a", *[b"X-Forwarded-For: 1.1.1.1"] * 9_000))
        answer = await client.answer()
        assert (answer.status, answer.told["connection"]) == (400, "close")
        assert at.door.asked == []

    play(scene)


def test_what_trails_a_body_is_no_header(play: Play) -> None:
    """A proxy that adds the address to the head may hand on a trailer as it came."""

    async def scene(at: Place) -> None:
        client = await at.client()
        trailer = b"X-Forwarded-For: 6.6.6.6\r\nContent-Type: text/html\r\nLast: 1\r\n"
        await client.ask(chunked(b"{}", trailer=trailer).replace(b"Host:", b"X-Forwarded-For: 1.1.1.1\r\nHost:"))
        assert at.door.asked[0].headers == {"x-forwarded-for": "1.1.1.1"}
        assert at.door.asked[0].body == b"{}"

    play(scene)


@pytest.mark.parametrize("path", ["/at-once", "/late"])
@pytest.mark.parametrize("value", ["/\r\nset-cookie: a=b", "/\r\n\r\nHTTP/1.1 200 OK", "/\na: b", "/\ra: b", "/号"])
def test_a_header_is_one_line_or_a_bug(play: Play, value: str, path: str) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        at.door.headers = [("location", value)]
        await client.send(get(path))
        await until(lambda: bool(at.door.asked))
        at.door.answer_late()
        answer = await client.answer()
        assert (answer.status, list(answer.told), answer.body) == (500, ["date", "content-length"], b"")
        at.door.headers = []
        assert (await client.ask(get("/b"))).status == 200

    play(scene)


def test_a_bug_is_answered_as_one_and_the_connection_goes_on(play: Play) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        await client.send(get("/raise") + get("/raise/behind") + get("/a"))
        assert [(await client.answer()).status for _ in range(3)] == [500, 500, 200]

    play(scene)


# -- who goes, and who stays away --------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/at-once", "/late"])
def test_who_has_no_more_to_say_gets_his_answers(play: Play, path: str) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        await client.send(get(path) + get("/b"))
        client.end()
        await until(lambda: bool(at.door.asked))
        await settle()
        at.door.answer_late()
        answers = [await client.answer() for _ in range(2)]
        assert [answer.heard[1] for answer in answers] == [path, "/b"]
        assert await client.rest() == b""

    play(scene)


def test_half_a_request_is_none(play: Play) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        await client.send(post(b"{}")[:-1])
        client.end()
        assert await client.rest() == b""
        assert at.door.asked == []

    play(scene)


@pytest.mark.parametrize("sent", [get("/a"), get("/late"), get("/late") + get("/b")])
def test_a_connection_that_is_lost_leaves_nothing(play: Play, sent: bytes) -> None:
    """Behind a proxy each request may have its own; the garbage collector comes seldom, and sees no requests."""

    async def scene(at: Place) -> None:
        client = await at.client()
        await client.send(sent)
        await until(lambda: bool(at.door.asked))
        await settle()
        connection = weakref.ref(at.connection())
        at.connection().transport.abort()
        await until(lambda: not at.connections.open)
        at.door.asked.clear()
        at.door.late.clear()
        await settle()
        assert connection() is None

    gc.disable()
    try:
        play(scene)
    finally:
        gc.enable()


# -- time --------------------------------------------------------------------------------------------------------------


def test_an_idle_connection_is_closed_without_a_word(play: Play) -> None:
    """A word might be taken for the answer to what is asked at that moment."""

    async def scene(at: Place) -> None:
        fresh, served = await at.client(), await at.client()
        assert (await served.ask(post(b"{}", b"Content-Type: application/json"))).status == 200
        await until(lambda: len(at.connections.open) == 2)
        at.after(KEPT_S - 1)
        assert (await served.ask(get("/a"))).status == 200
        at.after(2)
        assert await fresh.rest() == b""
        assert (await served.ask(get("/a"))).status == 200
        at.after(KEPT_S + 1)
        assert await served.rest() == b""
        await until(lambda: not at.connections.open)

    play(scene)


@pytest.mark.parametrize("length", [1, 10, -2], ids=["method", "head", "body"])
def test_who_sends_too_slowly_is_cut_off(play: Play, length: int) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        assert (await client.ask(get("/a"))).status == 200
        request = post(b"{}")
        await client.send(request[:length], b"")
        at.after(READING_S - 1)
        await client.send(request[length:][:1], b"")  # each byte comes in time, the whole doesn't
        assert client.came == b""
        at.after(2)
        answer = await client.answer()
        assert (answer.status, answer.told["connection"]) == (408, "close")
        assert await client.rest() == b""

    play(scene)


def test_who_waits_for_his_answer_is_not_cut_off_and_what_he_began_behind_it_has_its_time(play: Play) -> None:
    async def scene(at: Place) -> None:
        client = await at.client()
        await client.send(get("/late") + get("/b")[:-1])
        await until(lambda: bool(at.door.late))
        at.after(10 * KEPT_S)
        at.door.answer_late()
        assert (await client.answer()).status == 200
        at.after(READING_S - 1)
        await settle()
        assert client.came == b""
        at.after(2)
        assert (await client.answer()).status == 408
        assert await client.rest() == b""

    play(scene)


@pytest.mark.parametrize("several", [1, MOST_WAITING // 2])
def test_who_takes_no_answer_is_cut_off_and_no_more_is_made_for_him(play: Play, several: int) -> None:
    async def scene(at: Place) -> None:
        client = await at.client(takes=4_096)
        await client.send(get("/huge") * several)
        await until(lambda: bool(at.door.asked))
        await settle()
        await client.send(get("/huge"))
        await settle()
        assert len(at.door.asked) == 1
        assert at.connection().transport.get_write_buffer_size() <= HUGE
        at.after(WRITING_S - 1)
        await settle()
        assert len(at.connections.open) == 1
        at.after(2)
        await until(lambda: not at.connections.open)
        assert len(at.door.asked) == 1

    play(scene)


def test_who_takes_an_answer_slowly_may_begin_to_ask_but_not_for_ever(play: Play) -> None:
    async def scene(at: Place) -> None:
        client = await at.client(takes=4_096)
        await client.send(get("/huge"))
        await until(lambda: bool(at.door.asked))
        await client.send(get("/b")[:-1])
        await settle()
        at.after(READING_S + 1)
        assert (await client.answer()).body == b"x" * HUGE
        at.after(READING_S + 1)
        assert (await client.answer()).status == 408

    play(scene)


def test_who_takes_his_answers_slowly_gets_all_of_them(play: Play) -> None:
    async def scene(at: Place) -> None:
        client = await at.client(takes=4_096)
        await client.send(get("/huge") * 3 + get("/a"))
        for _ in range(3):
            assert (await client.answer()).body == b"x" * HUGE
            at.after(WRITING_S / 2)
        assert (await client.answer()).heard[1] == "/a"

    play(scene)


@pytest.mark.parametrize("lines", [[], [b"Connection: close"]], ids=["kept", "close"])
def test_a_rest_that_nobody_takes_is_not_kept_for_ever(play: Play, lines: list[bytes]) -> None:
    """One so short that the loop doesn't ask us to pause."""

    async def scene(at: Place) -> None:
        client = await at.client(takes=4_096)
        await client.send(get("/big", *lines))
        await until(lambda: bool(at.door.asked))
        await settle()
        assert 0 < at.connection().transport.get_write_buffer_size() < BIG
        for _ in range(2):
            at.after(KEPT_S + WRITING_S)
            await settle()
        assert not at.connections.open

    play(scene)


# -- how many, and the end ---------------------------------------------------------------------------------------------


def test_of_too_many_connections_the_last_is_not_heard(play: Play) -> None:
    async def scene(at: Place) -> None:
        first, second, third = await at.client(), await at.client(), await at.client()
        assert (await first.ask(get("/a"))).status == (await second.ask(get("/a"))).status == 200
        assert await third.rest() == b""
        first.hang_up()
        await until(lambda: len(at.connections.open) == 1)
        assert (await (await at.client()).ask(get("/b"))).status == 200
        assert (await second.ask(get("/b"))).status == 200

    loopback.play(scene, most=2)


def test_who_is_under_way_when_the_server_leaves_gets_his_answer_and_others_go_at_once(play: Play) -> None:
    async def scene(at: Place) -> None:
        idle, waits, sends = await at.client(), await at.client(), await at.client()
        assert (await idle.ask(get("/a"))).status == 200
        await waits.send(get("/late") + get("/behind")[:-1])
        await sends.send(post(b"{}")[:-1])
        await until(lambda: len(at.door.late) == 1)
        await settle()
        at.connections.leave()
        assert await idle.rest() == b""
        assert await (await at.client()).rest() == b""
        await waits.send(b"\n")
        await settle()
        at.door.answer_late()
        for client in (waits, sends):
            if client is sends:
                await client.send(b"}" + get("/behind"))
            answer = await client.answer()
            assert (answer.status, answer.told["connection"]) == (200, "close")
            assert await client.rest() == b""
        assert [asked.path for asked in at.door.asked] == ["/a", "/late", "/claims"]
        await until(lambda: not at.connections.open)

    play(scene)


def test_one_address_has_no_more_than_its_share_and_whoever_leaves_makes_room(play: Play) -> None:
    async def scene(at: Place) -> None:
        at.connections.peers.most = 2
        first, second, third = await at.client(), await at.client(), await at.client()
        assert (await first.ask(get("/a"))).status == (await second.ask(get("/a"))).status == 200
        assert await third.rest() == b""
        for gone in (first, second):
            gone.hang_up()
            await until(lambda: len(at.connections.open) == 1)
            assert (await (await at.client()).ask(get("/b"))).status == 200
        assert len(at.connections.open) == 2

    play(scene)


def test_when_hundreds_ask_at_once_other_work_of_the_loop_has_its_turn_in_between(play: Play) -> None:
    """A batch waits for the database, not until the last of a crowd was heard."""

    async def scene(at: Place) -> None:
        turns: list[int] = []
        heard = at.connections.hear

        def count(request: Request, reply: Answering) -> None:
            turns[-1] += 1
            heard(request, reply)

        async def other_work() -> None:
            while True:
                turns.append(0)
                await asyncio.sleep(0)

        at.connections.hear = count
        clients = [await at.client() for _ in range(4 * MOST_IN_A_TURN)]
        working = asyncio.ensure_future(other_work())
        await asyncio.sleep(0)
        for client in clients:
            client.socket.send(get("/a"))
        for client in clients:
            assert (await client.answer()).status == 200
        working.cancel()
        assert sum(turns) == len(clients)
        assert max(turns) <= MOST_IN_A_TURN

    play(scene)
