"""A booking window inside the test's own process, on its database: asked as Granian asks it, without a port."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.conf import settings

from yitong.config import databases
from yitong.counter.app import Counter
from yitong.counter.door import FORM

READY_S = 30.0


@dataclass
class Asked:
    """One request in Granian's RSGI, and what was answered."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    client: str = "127.0.0.1:4000"
    status: int = 0
    told: dict[str, str] = field(default_factory=dict)
    content: bytes = b""

    def __post_init__(self) -> None:
        self.headers.setdefault("content-length", str(len(self.body)))

    async def __call__(self) -> bytes:
        return self.body

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.told, self.content = status, dict(headers), body

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.response_bytes(status, headers, b"")

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """Of a refusal; empty where there is none."""
        return str(self.json.get("code", "")) if self.status >= 400 else ""


@dataclass
class Window:
    counter: Counter
    loop: asyncio.AbstractEventLoop

    def get(self, path: str, **headers: str) -> Asked:
        return self._ask(Asked("GET", path, headers={name.replace("_", "-"): text for name, text in headers.items()}))

    def claim(self, sent: Mapping[str, object]) -> Asked:
        body = json.dumps(sent, default=str).encode()
        return self._ask(Asked("POST", "/counter/claims", body, {"content-type": "application/json"}))

    def claim_by_form(self, sent: Mapping[str, object]) -> Asked:
        return self._ask(Asked("POST", "/counter/claims", urlencode(sent).encode(), {"content-type": FORM}))

    def _ask(self, asked: Asked) -> Asked:
        asyncio.run_coroutine_threadsafe(self.counter(asked, asked), self.loop).result(30)
        return asked


@contextmanager
def window() -> Iterator[Window]:
    """Ready, and at the clock of the block around it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="window")
    thread.start()
    counter = Counter(lambda: databases.url() or "", settings.SECRET_KEY.encode())
    try:
        loop.call_soon_threadsafe(counter.start, loop)
        end = time.monotonic() + READY_S
        while not counter.door.is_ready:
            assert time.monotonic() < end
            time.sleep(0.02)
        yield Window(counter, loop)
    finally:
        asyncio.run_coroutine_threadsafe(_end(counter), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(counter: Counter) -> None:
    counter.stop(asyncio.get_running_loop())
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)
