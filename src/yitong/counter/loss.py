"""PostgreSQL that doesn't answer: a connection is given up from this side, at once, and what it had begun is ended.

A server that is stopped, or behind a network that swallows everything, closes nothing and answers no request to cancel.
So its socket is shut here: whoever waits on it hears in the same instant of a lost connection.
"""

import asyncio
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

# Those of ours that are still there; who stands still ends as soon as he wakes, and before he does anything else.
END = """SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity
WHERE pid = ANY(%s) AND usename = current_user AND application_name = %s"""
ENDS_MS = 1_000  # that the server waits for each of them
ENDED_S = 10.0


def cut(connection: psycopg.AsyncConnection[Any]) -> None:
    """As if the server had closed it."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def answered_within(connection: psycopg.AsyncConnection[Any], seconds: float) -> Iterator[None]:
    """What is asked in this block and has no answer by then fails as on a lost connection."""
    timer = asyncio.get_running_loop().call_later(seconds, cut, connection)
    try:
        yield
    finally:
        timer.cancel()


async def end_backends(asking: psycopg.AsyncConnection[Any], pids: Sequence[int], name: str) -> None:
    """Ends the server's side of lost connections, so that nothing of them is committed after the picture was read."""
    if pids:
        with answered_within(asking, ENDED_S):
            await asking.execute(END, [ENDS_MS, list(pids), name])
