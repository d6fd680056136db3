"""A request's body, no longer than it may be. One that comes in chunks tells its length only by and by."""

from collections.abc import AsyncIterator
from typing import Any, Protocol


class Sending(Protocol):
    """Granian's RSGI protocol, as far as it brings a body."""

    async def __call__(self) -> bytes: ...
    def __aiter__(self) -> AsyncIterator[bytes]: ...


class BodyTooLong(Exception):
    """The rest of it was not read."""


async def whole(scope: Any, protocol: Sending, *, most: int) -> bytes:
    """Raises BodyTooLong as soon as it is known to have more than `most` bytes."""
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
