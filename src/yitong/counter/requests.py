"""A request as the window hears it, and how it answers, whichever server stands before it.

Two do: Granian, which also serves the pages (`rsgi.py`), and our own connections where the window has a process to
itself (`http1.py`).
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

Headers = list[tuple[str, str]]


class Request(msgspec.Struct, gc=False):
    """One request, with its body. `headers` are those that the window asks for, by their names in small letters."""

    method: str
    path: str
    headers: Mapping[str, str]
    client: str  # address and port
    body: bytes | None  # None: it was not read, mostly for having more than `LONGEST_BODY`


class Answering(Protocol):
    """Takes the answer to one request, once: at once or later. Whoever went away meanwhile is no error."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None: ...
    def response_empty(self, status: int, headers: Headers) -> None: ...


LONGEST_BODY = 16_384

# What the window asks for, by the names that come on the wire in any case; all else is not even decoded.
_NAMES = "content-type accept-language if-none-match x-forwarded-for content-length expect connection"
ASKED_FOR = {name.encode(): name for name in _NAMES.split()}
MOST_JOINED = 16_384  # letters


def joined(before: str, told: str) -> str:
    """A header that comes in several lines (RFC 9110, 5.3). Where they are thousands, to join them takes the square of
    that: it ends in a ValueError."""
    if len(before) > MOST_JOINED:
        raise ValueError
    return f"{before}, {told}"
