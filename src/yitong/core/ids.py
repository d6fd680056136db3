"""Identifiers: UUIDv7 made in the application (RFC 9562 section 5.7)."""

import secrets
import time
from datetime import UTC, datetime
from uuid import UUID


def new_id() -> UUID:
    """A UUIDv7: 48 bits of Unix milliseconds, 12 bits of the fraction below, 62 random bits.

    The fraction (RFC 9562 method 3) makes ids of one process sort in the order of their making down to 0.25 µs,
    so that index inserts stay at the right edge; nothing relies on the order between two processes.
    """
    return UUID(int=_value(time.time_ns(), secrets.randbits(62)))


def new_ids(count: int) -> list[str]:
    """So many of them as text, for who makes a hundred at once: a fifth of the time. Ascending; no two are alike even
    where their random bits are."""
    now, chance = time.time_ns(), secrets.token_bytes(8 * count)
    made = []
    for n in range(count):
        value = f"{_value(now + 250 * n, int.from_bytes(chance[8 * n : 8 * n + 8]) >> 2):032x}"
        made.append(f"{value[:8]}-{value[8:12]}-{value[12:16]}-{value[16:20]}-{value[20:]}")
    return made


def _value(ns: int, chance: int) -> int:
    ms, rest = divmod(ns, 1_000_000)
    fraction = rest * 4096 // 1_000_000
    return (ms & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | chance


def made_at(identifier: UUID) -> datetime:
    """The instant written in a UUIDv7, to the millisecond."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, tz=UTC)
