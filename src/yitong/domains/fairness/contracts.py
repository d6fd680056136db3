"""Fairness: what crosses the border of this domain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from yitong.core.cells import Shown
from yitong.core.events import Event
from yitong.domains.people.contracts.words import Decision


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
    RUSH = "rush"


RUSH_ATTEMPTS = 30  # claims within a minute that were refused: from here on the window writes them down


class Way(StrEnum):
    """How a claim reaches the window: what there is to tell a fast device from a slow one."""

    SCRIPT = "script"  # our page, whose script asks again by itself
    FORM = "form"  # our page on a device or in a browser without scripts: a page load for each try
    PROGRAM = "program"  # a partner's app or server, through the API


class Group(StrEnum):
    """By what the meter of fairness compares people."""

    BAND = "band"
    OLD = "old"  # 60 and over, and everybody else
    CHANNEL = "channel"
    WAY = "way"
    DISTRICT = "district"
    HOSPITAL = "hospital"


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


@dataclass(frozen=True, slots=True)
class Chance:
    """Of so many people who tried for a slot so many got one, as they may be told (R-213)."""

    tried: Shown
    got: Shown

    @property
    def share(self) -> float | None:
        """None: untold, or nobody tried."""
        return self.got.value / self.tried.value if self.tried.value and self.got.value is not None else None


@dataclass(frozen=True, slots=True)
class Line:
    """The chance of one part of the people: `name` is the band, channel, way, district or hospital's id."""

    name: str
    chance: Chance


@dataclass(frozen=True, slots=True)
class Alarm:
    """Some did worse than all others in the week from `start` on, by more than the city allows and more than chance
    explains. How much worse, the meter's lines say, as far as they may (R-213)."""

    start: date
    group: Group
    name: str


@dataclass(frozen=True, slots=True)
class AlarmNote:
    """Somebody of the city took note of an alarm: `by` is the actor's key."""

    by: str
    at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class RaisedAlarm:
    """An alarm with its note; without one it waits for a person."""

    alarm_id: UUID
    alarm: Alarm
    raised_at: datetime
    note: AlarmNote | None


@dataclass(frozen=True, slots=True)
class NoteAlarm:
    alarm_id: UUID
    why: str


@dataclass(frozen=True, slots=True)
class Meter:
    """One whole week at the booking window, [start, end). Where a small number would follow from the others all the
    same, nothing is told: `whole` is untold and there are no lines."""

    start: date
    end: date
    whole: Chance
    lines: Mapping[Group, tuple[Line, ...]]
    alarms: tuple[Alarm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRaised(Event):
    """The meter found a group that did worse in the week from `start` on. The subject is the alarm."""

    operation: ClassVar[str] = "fairness.alarm_raised"
    start: date
    group: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmNoted(Event):
    """A person of the city took note of an alarm, which is the subject; what he wrote stands with it."""

    operation: ClassVar[str] = "fairness.alarm_noted"
