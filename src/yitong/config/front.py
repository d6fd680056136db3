"""What `yitong up` serves on its one port: the booking window under `/counter/`, Django for all else.

RSGI at the root, because the window answers many requests at once in one thread; Django below it in threads of its
own, as WSGI, which serves its pages at several times the speed of ASGI (`docs/decisions/root-and-window.md`). In
production the two are processes of their own behind a proxy, where a slow page can't hold up the window.
"""

import asyncio
import io
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus
from queue import SimpleQueue
from typing import Any
from urllib.parse import unquote

import structlog

from yitong.config import counter
from yitong.config.wsgi import application as django
from yitong.counter.rsgi import BodyTooLong, whole

THREADS = 2
SPACE = "/counter/"
LONGEST_BODY = 10_485_760  # Django's own limits are far below; this one protects the process

log = structlog.get_logger("yitong.front")

Answer = tuple[int, list[tuple[str, str]], bytes]


class Front(counter.Application):
    """RSGI: routes by path."""

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if scope.path.startswith(SPACE):
            await super().__rsgi__(scope, protocol)
            return
        try:
            body = b"" if scope.method in ("GET", "HEAD") else await whole(scope, protocol, most=LONGEST_BODY)
        except BodyTooLong:
            protocol.response_empty(413, [])
            return
        await _pages.answer(scope, body, protocol)


class _Pages:
    """Django's threads. The thread that made an answer sends it; the loop only hears that it is done. An executor's
    future, its lock and its copy for the loop took as long as a tenth of a page."""

    def __init__(self) -> None:
        self._asked: SimpleQueue[tuple[Any, bytes, Any, Callable[[], object]]] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def answer(self, scope: Any, body: bytes, protocol: Any) -> asyncio.Future[None]:
        """Done when the answer is sent."""
        if not self._threads:
            self._start()  # here, not at import: the process forks before it serves
        loop = asyncio.get_running_loop()
        sent: asyncio.Future[None] = loop.create_future()
        self._asked.put((scope, body, protocol, lambda: loop.call_soon_threadsafe(_set, sent)))
        return sent

    def _start(self) -> None:
        with self._lock:
            while len(self._threads) < THREADS:
                thread = threading.Thread(target=self._work, name=f"django-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def _work(self) -> None:
        while True:
            scope, body, protocol, done = self._asked.get()
            status, headers, answer = _ask_django(scope, body)
            try:
                if scope.method == "HEAD" or not answer:
                    protocol.response_empty(status, headers)
                else:
                    protocol.response_bytes(status, headers, answer)
            except Exception:  # what HTTP can't carry: the server answers for it, and the thread goes on
                log.exception("front.unsent", status=status)
            finally:
                done()


def _set(sent: asyncio.Future[None]) -> None:
    if not sent.done():
        sent.set_result(None)


_pages = _Pages()


def _ask_django(scope: Any, body: bytes) -> Answer:
    """One request through WSGI (PEP 3333), its answer whole."""
    told: list[tuple[int, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        told.append((int(status[:3]), [(name.lower(), value) for name, value in headers]))
        return written.append

    try:
        parts = django(_environ(scope, body), start_response)
        try:
            content = b"".join([*written, *parts])
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
    except Exception:  # noqa: BLE001 - Django answers its own faults; this one is below it
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        return status.value, [("content-type", "text/plain")], status.phrase.encode()
    status_code, headers = told[-1]
    return status_code, headers, content


def _environ(scope: Any, body: bytes) -> dict[str, Any]:
    host, _, port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(scope.path, encoding="latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(body)),  # of what came in chunks too: Django reads no further than it is told
    }
    for name, value in scope.headers.items():
        match name:
            case "content-type":
                environ["CONTENT_TYPE"] = value
            case "content-length" | "transfer-encoding":
                pass  # the body is here, whole
            case _:
                key = "HTTP_" + name.upper().replace("-", "_")
                environ[key] = f"{environ[key]}, {value}" if key in environ else value
    return environ


application = Front(counter.made)
