"""The booking window in a process of its own, without Django: `python -m yitong.config.alone HOST PORT`."""

import asyncio
import os
import resource
import signal
import sys

import uvloop

from yitong.config import counter
from yitong.config.process import die_with
from yitong.counter.http1 import MOST_CONNECTIONS, Connections
from yitong.counter.peers import share

BACKLOG = 1024
ENDS_S = 5.0  # for the requests under way
SPARE_FILES = 128  # for the database and all else: clients that take every file would keep us from it


async def serve(host: str, port: int, *, most: int) -> None:
    """Until SIGTERM or SIGINT: then nobody new is heard, and who waits gets his answer."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    window = counter.made()
    most_of_one = None if window.door.proxies else share(most)  # else all of them are the proxy's
    connections = Connections(window.door.hear, most=most, most_of_one=most_of_one)
    watching = loop.create_task(connections.watch())
    server = await loop.create_server(connections.connection, host, port, backlog=BACKLOG)
    window.start(loop)
    try:
        await ended.wait()
        server.close()
        connections.leave()
        until = loop.time() + ENDS_S
        while connections.open and loop.time() < until:
            await asyncio.sleep(0.02)
    finally:
        watching.cancel()
        window.stop(loop)


def main(host: str, port: str) -> None:
    die_with(os.getppid())
    uvloop.run(serve(host, int(port), most=files() - SPARE_FILES))


def files() -> int:
    """How many this process may open from now on: as many as we need, or as the machine allows."""
    needed, allowed = MOST_CONNECTIONS + SPARE_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = needed if allowed == resource.RLIM_INFINITY else min(needed, allowed)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, allowed))
    return most


if __name__ == "__main__":
    main(*sys.argv[1:])
