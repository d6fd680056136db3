"""Fairness: what crosses the border of this domain."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from yitong.core.events import Event


class Level(StrEnum):
    PLAIN = "plain"
    SLOW = "slow"  # a check before booking online; never a block: that is R-010's lock, which people owns


class Signal(StrEnum):
    """The patterns that are counted. Points, excused acts and days of each are policies `fairness.<signal>.…`."""

    UNLINKED = "unlinked"
    UNDONE = "undone"
    HANDED_OVER = "handed_over"
    FAST = "fast"
    BURST = "burst"
    NIGHT = "night"
    DEVICES = "devices"
    ADDRESS = "address"


class ActKind(StrEnum):
    """What an account did with a slot. All but the first free one."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    EXPIRED = "expired"  # a hold that was not paid
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an account has points: one signal, in words that its holder reads. The points of all reasons are the score.

    `count` acts were seen in the last `days` days, from `first_at` to `last_at`; `free` of them are excused.
    """

    signal: Signal
    points: int
    count: int
    free: int
    days: int
    first_at: datetime
    last_at: datetime
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands: its score with the reasons that it is the sum of. `since`: when its level began."""

    account_id: UUID
    level: Level
    points: int
    slow_at: int
    reasons: tuple[Reason, ...]
    since: datetime | None
    computed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChanged(Event):
    """An account's score crossed the line, or a person cleared it. The subject is the account."""

    operation: ClassVar[str] = "fairness.level_changed"
    points: int
