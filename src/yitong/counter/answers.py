"""An answer as HTTP/1.1 writes it (RFC 9112)."""

from functools import lru_cache
from http import HTTPStatus

import structlog

from yitong.counter.requests import Headers

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_STARTS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\ndate: ".encode() for status in HTTPStatus}
_WITHOUT_CONTENT = (204, 304)

log = structlog.get_logger("yitong.counter")


def written(status: int, date: bytes, headers: Headers, body: bytes, *, keeps: bool, is_head: bool = False) -> bytes:
    """The whole of it. A header that would be more than one line is a bug, and answered as one."""
    lines = _lines(tuple(headers))
    if lines is None:
        log.error("counter.header_unfit", names=[name for name, _ in headers])
        status, lines, body = 500, b"", b""
    length = b"" if status in _WITHOUT_CONTENT else b"\r\ncontent-length: %d" % len(body)
    end = b"\r\n\r\n" if keeps else b"\r\nconnection: close\r\n\r\n"
    content = body if length and not is_head else b""
    return b"".join((_STARTS[status], date, lines, length, end, content))


@lru_cache(maxsize=1_024)
def _lines(headers: tuple[tuple[str, str], ...]) -> bytes | None:
    """Most answers have the headers of another. None where they are no lines of their own."""
    lines = "".join([f"\r\n{name}: {value}" for name, value in headers])
    fits = lines.count("\n") == lines.count("\r") == len(headers) and lines.isascii()
    return lines.encode() if fits else None
