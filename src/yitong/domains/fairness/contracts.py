"""Fairness: what crosses the border of this domain."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from yitong.core.events import Event
from yitong.domains.people.contracts import Decision


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
class RuleInForce:
    """A signal as anybody may read it: what is counted, how much each is worth, how many are excused, and how long."""

    signal: Signal
    zh: str
    en: str
    points: int
    free: int
    days: int


@dataclass(frozen=True, slots=True)
class RulesInForce:
    rules: tuple[RuleInForce, ...]
    slow_at: int
    single_most: int


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
    checked_until: datetime | None = None  # on the slow path: until when booking is open


@dataclass(frozen=True, slots=True)
class Question:
    """One question in plain words, as (zh, en), with its answers to choose from. No picture, no sound (R-224)."""

    text: tuple[str, str]
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AnswerCheck:
    """The place of the chosen answer of each question, from 0."""

    picked: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CheckPassed:
    """Booking is open until then."""

    account_id: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class AskReview:
    """Why the slow path is wrong, in the holder's words."""

    words: str


@dataclass(frozen=True, slots=True)
class DecideReview:
    review_id: UUID
    decision: Decision
    reason: str


@dataclass(frozen=True, slots=True)
class ReviewAnswer:
    """What became of a review. `decision`: None while it waits."""

    review_id: UUID
    asked_at: datetime
    decision: Decision | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Review:
    """A review that waits, for the person who decides: what the holder says, and how the account stands today."""

    review_id: UUID
    account_id: UUID
    asked_at: datetime
    words: str
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckWasPassed(Event):
    """An account on the slow path passed its check, by `question` or `code`. The subject is the account."""

    operation: ClassVar[str] = "fairness.check_passed"
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAsked(Event):
    operation: ClassVar[str] = "fairness.review_asked"
    review_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDecided(Event):
    operation: ClassVar[str] = "fairness.review_decided"
    review_id: UUID
    decision: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelChanged(Event):
    """An account's score crossed the line, or a person cleared it. The subject is the account."""

    operation: ClassVar[str] = "fairness.level_changed"
    points: int
