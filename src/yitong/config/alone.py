"""The booking window in a process of its own, without Django: `python -m yitong.config.alone HOST PORT`."""

import asyncio
import os
import resource
import signal
import sys

import uvloop

from yitong.config import counter
from yitong.config.process import die_with
from yitong.counter.http1 import Connections

BACKLOG = 1024
ENDS_S = 5.0  # for the requests under way
FILES = 65_536  # open connections, where the machine allows as many


async def serve(host: str, port: int) -> None:
    """Until SIGTERM or SIGINT: then nobody new is heard, and who waits gets his answer."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    window = counter.made()
    connections = Connections(window.door.hear)
    connections.look(0.0)
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
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES if most < 0 else min(FILES, most), most))
    uvloop.run(serve(host, int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
