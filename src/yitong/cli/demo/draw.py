"""Choices that depend on a seed and on what they are for, never on the order in which they are made."""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import blake2b
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")

EPOCH = date(2026, 1, 1)  # in the ids of what has no day of its own

_UNIT = "\x1f"


def number(below: int, *parts: object) -> int:
    """A number from 0 up to but without `below`."""
    return int.from_bytes(_digest(parts)[:8]) % below


def one_of(choices: Sequence[T], *parts: object) -> T:
    return choices[number(len(choices), *parts)]


def some_of(choices: Sequence[T], count: int, *parts: object) -> list[T]:
    """`count` different choices (or all, if there are fewer), in their own order."""
    ranked = sorted(range(len(choices)), key=lambda i: _digest((*parts, i)))
    return [choices[i] for i in sorted(ranked[:count])]


def identifier(at: datetime, *parts: object) -> UUID:
    """A UUIDv7 whose time is `at` and whose other bits stand for `parts`: the same thing gets the same id each time."""
    bits = int.from_bytes(_digest(parts)[:10])
    ms = int(at.timestamp() * 1000) & 0xFFFFFFFFFFFF
    return UUID(int=ms << 80 | 0x7 << 76 | (bits >> 68 & 0xFFF) << 64 | 0b10 << 62 | bits & (1 << 62) - 1)


def _digest(parts: tuple[object, ...]) -> bytes:
    return blake2b(_UNIT.join(map(str, parts)).encode(), digest_size=16).digest()
