"""The window behind Granian, which speaks RSGI: a coroutine for each request, which ends when its answer is given."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from yitong.counter.requests import LONGEST_BODY, Answering, Headers, Request

Hear = Callable[[Request, Answering], None]


class Sending(Protocol):
    """RSGI's protocol, as far as it brings a body."""

    async def __call__(self) -> bytes: ...
    def __aiter__(self) -> AsyncIterator[bytes]: ...


class BodyTooLong(Exception):
    """The rest of it was not read."""


async def whole(scope: Any, protocol: Sending, *, most: int) -> bytes:
    """A request's body. Raises BodyTooLong as soon as it is known to have more than `most` bytes; one that comes in
    chunks tells its length only by and by."""
    told = scope.headers.get("content-length")
    if told is not None:
        if int(told) > most:  # a server that speaks HTTP lets no other word through
            raise BodyTooLong
        return await protocol()
    parts, length = [], 0
    async for part in protocol:
        length += len(part)
        if length > most:
            raise BodyTooLong
        parts.append(part)
    return b"".join(parts)


class Awaited:
    """Hands an answer on, and lets the request's coroutine end."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering
        self.given: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None:
        if not self.given.done():  # else who asked has gone
            self.given.set_result(None)
            self._answering.response_bytes(status, headers, body)

    def response_empty(self, status: int, headers: Headers) -> None:
        if not self.given.done():
            self.given.set_result(None)
            self._answering.response_empty(status, headers)


async def answer(hear: Hear, scope: Any, protocol: Any) -> None:
    """One request. `protocol` brings its body and takes the answer."""
    try:
        body = await whole(scope, protocol, most=LONGEST_BODY)
    except BodyTooLong:
        body = None
    awaited = Awaited(protocol)
    hear(Request(scope.method, scope.path, scope.headers, scope.client, body), awaited)
    await awaited.given
