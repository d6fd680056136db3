"""The root: the window's paths to the window, all else to Django, request and answer unchanged on the way."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from wsgiref.validate import validator

import pytest

from yitong.config import front

Start = Callable[..., Any]


class Headers:
    """Granian's: a name may come more than once, `items` gives every line."""

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        self.lines = lines

    def get(self, name: str, default: str | None = None) -> str | None:
        return next((value for known, value in self.lines if known == name), default)

    def items(self) -> list[tuple[str, str]]:
        return self.lines


@dataclass
class Asked:
    """A request as RSGI hands it over, and its answer."""

    method: str = "GET"
    path: str = "/"
    query_string: str = ""
    lines: list[tuple[str, str]] = field(default_factory=lambda: [("host", "yitong.example")])
    body: bytes = b""
    server: str = "127.0.0.1:8000"
    client: str = "10.0.0.9:4000"
    scheme: str = "http"
    was_read: bool = False
    parts_read: int = 0
    answered: list[tuple[int, list[tuple[str, str]], bytes | None]] = field(default_factory=list)

    @property
    def headers(self) -> Headers:
        return Headers(self.lines)

    async def __call__(self) -> bytes:
        self.was_read = True
        return self.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for start in range(0, len(self.body), 65_536):
            self.parts_read += 1
            yield self.body[start : start + 65_536]

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answered.append((status, headers, body))

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.answered.append((status, headers, None))


@dataclass
class Below:
    """The WSGI application below the root: keeps what it was asked, answers what the test says."""

    status: str = "200 OK"
    headers: list[tuple[str, str]] = field(default_factory=lambda: [("Content-Type", "text/html")])
    parts: list[bytes] = field(default_factory=lambda: [b"a", b"b"])
    environ: dict[str, Any] = field(default_factory=dict)
    received: bytes = b""

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        self.environ = environ
        self.received = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response(self.status, self.headers)
        return self.parts


def ask(monkeypatch: pytest.MonkeyPatch, asked: Asked, below: object) -> Asked:
    monkeypatch.setattr(front, "django", below)
    root = front.Front(lambda: pytest.fail("no window was asked for"))
    asyncio.run(root.__rsgi__(asked, asked))
    return asked


def test_a_request_arrives_as_pep_3333_says(monkeypatch: pytest.MonkeyPatch) -> None:
    below = Below()
    asked = Asked(
        "POST",
        "/desk/%E5%8F%B7%2F1",
        "q=%E5%8F%B7&empty=",
        [
            ("host", "yitong.example"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-length", "7"),
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "2.2.2.2"),
            ("accept-language", "zh-CN"),
        ],
        b"a=1&b=2",
        scheme="https",
    )
    ask(monkeypatch, asked, validator(below))  # the standard library's own judge of both sides
    environ = below.environ
    said = ("REQUEST_METHOD", "SCRIPT_NAME", "QUERY_STRING", "SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR")
    assert [environ[name] for name in said] == ["POST", "", "q=%E5%8F%B7&empty=", "127.0.0.1", "8000", "10.0.0.9"]
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/desk/号/1"
    assert environ["wsgi.url_scheme"] == "https"
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("application/x-www-form-urlencoded", "7")
    assert "HTTP_CONTENT_TYPE" not in environ
    assert environ["HTTP_X_FORWARDED_FOR"] == "1.1.1.1, 2.2.2.2"
    assert environ["HTTP_ACCEPT_LANGUAGE"] == "zh-CN"
    assert below.received == b"a=1&b=2"


def test_an_answer_goes_out_whole_with_every_header(monkeypatch: pytest.MonkeyPatch) -> None:
    cookies = [("Content-Type", "text/html"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    asked = ask(monkeypatch, Asked(), Below("404 Not Found", cookies))
    headers = [("content-type", "text/html"), ("set-cookie", "a=1"), ("set-cookie", "b=2")]
    assert asked.answered == [(404, headers, b"ab")]
    assert not asked.was_read  # a GET has no body to wait for


def test_a_head_is_answered_with_the_headers_of_its_get(monkeypatch: pytest.MonkeyPatch) -> None:
    below = Below(headers=[("Content-Length", "2")])
    asked = ask(monkeypatch, Asked("HEAD"), below)
    assert asked.answered == [(200, [("content-length", "2")], None)]
    assert below.environ["REQUEST_METHOD"] == "HEAD"


def test_an_answer_without_a_body_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    below = Below("304 Not Modified", [("ETag", '"x"')], [])
    assert ask(monkeypatch, Asked(), below).answered == [(304, [("etag", '"x"')], None)]


def test_what_is_written_comes_before_what_is_returned_and_the_answer_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Closing(list[bytes]):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    parts = Closing([b"second"])

    def below(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [])(b"first ")
        return parts

    asked = ask(monkeypatch, Asked(), below)
    assert asked.answered == [(200, [], b"first second")]
    assert parts.closed == 1


def test_the_last_status_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault after the first one was said: PEP 3333 lets the application say another."""

    def below(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [])
        start_response("500 Internal Server Error", [("Content-Type", "text/plain")], (None, None, None))
        return [b"sorry"]

    asked = ask(monkeypatch, Asked(), below)
    assert asked.answered == [(500, [("content-type", "text/plain")], b"sorry")]


@pytest.mark.parametrize("parts", [None, [b"a", None]])
def test_a_fault_below_django_is_an_answer_that_tells_nothing(
    monkeypatch: pytest.MonkeyPatch, parts: list[bytes] | None
) -> None:
    def below(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [])
        if parts is None:
            raise RuntimeError("password=hunter2")
        return parts

    asked = ask(monkeypatch, Asked(), below)
    assert asked.answered == [(500, [("content-type", "text/plain")], b"Internal Server Error")]


def test_answers_that_cannot_be_sent_cost_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unsendable(Asked):
        def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            raise ValueError("not a header")

    for _ in range(2 * front.THREADS):
        ask(monkeypatch, Unsendable(), Below())
    assert ask(monkeypatch, Asked(), Below()).answered[0][0] == 200


def test_a_body_that_is_too_long_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [("content-length", str(front.LONGEST_BODY + 1))]
    asked = ask(monkeypatch, Asked("POST", lines=lines), Below())
    assert (asked.answered, asked.was_read) == ([(413, [], None)], False)
    lines = [("content-length", str(front.LONGEST_BODY))]
    assert ask(monkeypatch, Asked("POST", lines=lines), Below()).answered[0][0] == 200


def test_a_body_in_chunks_is_read_as_far_as_it_may_be_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its length is known only by and by; Django is told the length of what came."""
    below, chunks = Below(), [("transfer-encoding", "chunked")]
    asked = ask(monkeypatch, Asked("POST", lines=chunks, body=b"x" * (front.LONGEST_BODY * 2)), below)
    assert (asked.answered, below.environ) == ([(413, [], None)], {})
    assert asked.parts_read == front.LONGEST_BODY // 65_536 + 1
    assert ask(monkeypatch, Asked("POST", lines=chunks, body=b"a=1"), below).answered[0][0] == 200
    assert below.received == b"a=1"
    assert "HTTP_TRANSFER_ENCODING" not in below.environ


@pytest.mark.parametrize("server", ["[::1]:8000", "127.0.0.1:8000"])
def test_an_address_of_either_kind_is_taken_apart(monkeypatch: pytest.MonkeyPatch, server: str) -> None:
    below = Below()
    ask(monkeypatch, Asked(server=server, client=server), below)
    assert below.environ["SERVER_PORT"] == "8000"
    assert below.environ["REMOTE_ADDR"] == below.environ["SERVER_NAME"]


def test_the_window_has_its_paths_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    class Window:
        def __init__(self) -> None:
            self.asked: list[str] = []

        def start(self, loop: object) -> None: ...

        async def __call__(self, scope: Any, protocol: Any) -> None:
            self.asked.append(scope.path)

    window, below = Window(), Below(parts=[b"django"])
    monkeypatch.setattr(front, "django", below)
    root = front.Front(lambda: window)  # type: ignore[arg-type,return-value]
    root.__rsgi_init__(None)
    paths = ["/counter/claims", "/counter/", "/counter", "/counters/x", "/", "/api/counter/claims"]
    asked = [Asked(path=path) for path in paths]
    for one in asked:
        asyncio.run(root.__rsgi__(one, one))
    assert window.asked == paths[:2]
    assert [one.path for one in asked if one.answered] == paths[2:]


def test_a_body_is_a_stream_from_its_beginning() -> None:
    environ = front._environ(Asked("POST"), b"a=1")
    assert isinstance(environ["wsgi.input"], io.BytesIO)
    assert environ["wsgi.input"].readline() == b"a=1"
