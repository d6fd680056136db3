"""Small pictures: a screenshot's PNG written again with a palette of 256 colours. Pages have few colours; photographs
would suffer. No library: only the kind of PNG that Chromium makes is read."""

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

MAGIC = b"\x89PNG\r\n\x1a\n"
COLOURS = 256


def shrink(png: bytes) -> bytes:
    """The same picture with at most 256 colours."""
    width, height, depth, rows = _read(png)
    counted: Counter[bytes] = Counter()
    for row in rows:
        counted.update(row[at : at + 3] for at in range(0, len(row), depth))
    chosen = [colour for colour, _ in counted.most_common(COLOURS)]
    place = {colour: number for number, colour in enumerate(chosen)}
    for colour in counted:
        if colour not in place:
            place[colour] = min(range(len(chosen)), key=lambda n, c=colour: _distance(chosen[n], c))  # type: ignore[misc]
    lines = b"".join(b"\0" + bytes(place[row[at : at + 3]] for at in range(0, len(row), depth)) for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", b"".join(chosen)), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return MAGIC + b"".join(_chunk(kind, body) for kind, body in parts)


def _distance(one: bytes, other: bytes) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    assert png.startswith(MAGIC)
    at = len(MAGIC)
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        yield kind, png[at + 8 : at + 8 + length]
        at += length + 12


def _read(png: bytes) -> tuple[int, int, int, list[bytes]]:
    """Width, height, bytes a pixel, and each row without its filter."""
    chunks = list(_chunks(png))
    width, height, bits, kind = struct.unpack(">IIBB", chunks[0][1][:10])
    assert bits == 8
    depth = {2: 3, 6: 4}[kind]
    data = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    stride = width * depth
    rows: list[bytes] = []
    above = bytes(stride)
    for start in range(0, len(data), stride + 1):
        above = _unfiltered(data[start], bytearray(data[start + 1 : start + 1 + stride]), above, depth)
        rows.append(above)
    assert len(rows) == height
    return width, height, depth, rows


def _unfiltered(kind: int, row: bytearray, above: bytes, depth: int) -> bytes:
    """PNG's five filters, undone (ISO/IEC 15948, 9.2)."""
    if kind == 1:
        for i in range(depth, len(row)):
            row[i] = (row[i] + row[i - depth]) & 255
    elif kind == 2:
        for i in range(len(row)):
            row[i] = (row[i] + above[i]) & 255
    elif kind == 3:
        for i in range(len(row)):
            left = row[i - depth] if i >= depth else 0
            row[i] = (row[i] + (left + above[i]) // 2) & 255
    elif kind == 4:
        for i in range(len(row)):
            left, corner = (row[i - depth], above[i - depth]) if i >= depth else (0, 0)
            row[i] = (row[i] + _paeth(left, above[i], corner)) & 255
    return bytes(row)


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
