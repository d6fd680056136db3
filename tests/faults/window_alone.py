"""The window's process with a door that needs no database: `window_alone.py HOST PORT`."""

import asyncio
import os
import sys
from types import SimpleNamespace

from yitong.config import alone, counter, environment
from yitong.counter.requests import Answering, Request

late: list[Answering] = []


def hear(asked: Request, reply: Answering) -> None:
    match asked.path:
        case "/late":
            late.append(reply)
        case "/answer-the-late":
            for waiting in late:
                waiting.response_bytes(200, [], b"late")
            reply.response_bytes(200, [], b"%d" % len(late))
        case "/file":
            with open(os.devnull):
                reply.response_empty(200, [])
        case _:
            reply.response_bytes(200, [], b"%d %d" % (os.getpid(), len(late)))


def started_or_stopped(loop: asyncio.AbstractEventLoop) -> None: ...


if __name__ == "__main__":
    door = SimpleNamespace(hear=hear, proxies=environment.number("YITONG_PROXIES", 0))
    counter.made = lambda: SimpleNamespace(  # type: ignore[assignment,return-value]
        door=door, start=started_or_stopped, stop=started_or_stopped
    )
    alone.main(*sys.argv[1:])
