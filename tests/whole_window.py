"""A booking window inside the test's own process, on its database: asked as Granian asks it, without a port."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from tests import windows

from yitong.config import databases
from yitong.counter.app import Counter
from yitong.counter.forms import FORM

READY_S = 30.0


class Asked(windows.Request):
    """One request, and what was answered, as the API's client names it."""

    @property
    def json(self) -> dict[str, Any]:
        return self.said

    @property
    def code(self) -> str:
        """Of a refusal; empty where there is none."""
        return str(self.said.get("code", "")) if self.status >= 400 else ""


@dataclass
class Window:
    counter: Counter
    loop: asyncio.AbstractEventLoop

    def get(self, path: str, **headers: str) -> Asked:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return self._ask(Asked(method="GET", path=path, headers=named))

    def claim(self, sent: Mapping[str, object]) -> Asked:
        body = json.dumps(sent, default=str).encode()
        return self._ask(Asked(body))

    def claim_by_form(self, sent: Mapping[str, object]) -> Asked:
        return self._ask(Asked(urlencode(sent).encode(), headers={"content-type": FORM}))

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
