"""A booking window of this place, and how Granian serves it beside the pages (`front.py`)."""

import base64
import multiprocessing
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from yitong.config import databases, environment, keys
from yitong.config.process import die_with
from yitong.counter.app import Counter


def made() -> Counter:
    """A counter of this place: its database, its secret, the proxies before it."""

    def url() -> str:
        address = databases.url()
        if address is None:
            raise OSError("no database was started yet")
        return address

    secret = base64.b64encode(keys.read("secret"))  # as Django's SECRET_KEY, which signs the passes
    return Counter(url, secret, proxies=environment.number("YITONG_PROXIES", 0))


class Application:
    """RSGI: one counter in this process."""

    def __init__(self, make: Callable[[], Counter]) -> None:
        self._make = make
        self._counter: Counter | None = None

    def __rsgi_init__(self, loop: Any) -> None:
        self._counter = self._make()
        self._counter.start(loop)

    def __rsgi_del__(self, loop: Any) -> None:
        if self._counter is not None:
            self._counter.stop(loop)

    def __rsgi__(self, scope: Any, protocol: Any) -> Awaitable[None]:
        assert self._counter is not None
        return self._counter(scope, protocol)


# A worker of a killed server would hold the port and answer beside its successor.
_server = multiprocessing.parent_process()
if _server is not None and _server.pid is not None:
    die_with(_server.pid, signal.SIGTERM)

application = Application(made)
