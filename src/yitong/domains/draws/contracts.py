"""Draws: what crosses the border of this domain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from yitong.core.events import Event
from yitong.core.lots.terms import Party
from yitong.domains.people.contracts.patients import SaidNotice

MOST_PATIENTS = 3  # of one application: as many as an account has
MOST_CHOICES = 10
OPERATOR_SECRET = "draws.draw.operator_secret"  # names the column in its ciphertexts

# The file's words are in Chinese, as the hospital's own names are.
FILE_HALF_DAYS = {"am": "上午", "pm": "下午", "night": "夜间"}
FILE_TITLES = {
    "chief": "主任医师",
    "associate_chief": "副主任医师",
    "attending": "主治医师",
    "resident": "住院医师",
    "renowned": "知名专家",
}


class DrawState(StrEnum):
    PLANNED = "planned"  # announced; the hospital gives the hash of its secret
    OPENED = "opened"  # terms are published, people apply
    CLOSED = "closed"  # the entries are committed
    REVEALED = "revealed"  # both secrets are open
    DRAWN = "drawn"  # ranks are published, winners are being booked
    SETTLED = "settled"  # all are served, what is left is everybody's
    VOID = "void"


ENDED = (DrawState.SETTLED, DrawState.VOID)
LIVE = tuple(state for state in DrawState if state not in ENDED)


class BeaconState(StrEnum):
    """Whether the named round of the public beacon was had. It is decided before any secret is opened."""

    NONE = "none"  # no beacon was named
    AWAITED = "awaited"
    HAD = "had"
    MISSED = "missed"


class VoidReason(StrEnum):
    """Why there was no draw. By whose silence: `hospital`, `operator`."""

    HOSPITAL = "hospital"
    OPERATOR = "operator"
    NOTHING = "nothing"  # no place to give when it was to open
    LATE = "late"  # the platform was down when it was to open


class EntryState(StrEnum):
    APPLIED = "applied"
    WITHDRAWN = "withdrawn"
    WON = "won"
    LOST = "lost"


class Reason(StrEnum):
    """Why an entry has its lots; how many each gives says the policy."""

    BASE = "base"
    LOST = "lost"  # had no luck in this department within 30 days
    OLDER = "older"  # one of the patients is 60 or over


LOST_WITHIN_DAYS = 30


@dataclass(frozen=True, slots=True)
class Apply:
    """报名 for 1 to 3 patients of the account, together or not at all; `sessions` the dearest first.

    `said`: what the page said beside the press of asking the hospital for a number (R-049).
    """

    key: str
    hospital_id: UUID
    draw_id: UUID
    patient_ids: tuple[UUID, ...]
    session_ids: tuple[UUID, ...]
    is_first_visit: bool = True
    said: tuple[SaidNotice, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """Other sessions, or another order of them, until closing. The ticket stays."""

    key: str
    hospital_id: UUID
    entry_id: UUID
    session_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class WithdrawEntry:
    key: str
    hospital_id: UUID
    entry_id: UUID


@dataclass(frozen=True, slots=True)
class EntryChanged:
    """The answer to each of them."""

    hospital_id: UUID
    entry_id: UUID
    state: EntryState


@dataclass(frozen=True, slots=True)
class PromiseSecret:
    """The hospital's hash of its secret, in hexadecimal: before the draw opens."""

    key: str
    hospital_id: UUID
    draw_id: UUID
    promise: str


@dataclass(frozen=True, slots=True)
class RevealSecret:
    """The hospital's secret itself, in hexadecimal: after closing, once the beacon is decided."""

    key: str
    hospital_id: UUID
    draw_id: UUID
    secret: str


@dataclass(frozen=True, slots=True)
class DrawChanged:
    hospital_id: UUID
    draw_id: UUID
    state: DrawState


@dataclass(frozen=True, slots=True)
class DrawnSession:
    """A session of a draw. `what` is for people, as it stands in the file."""

    session_id: UUID
    places: int
    what: str


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw, as anybody may see it. Bytes are hashes, or secrets that are open by now."""

    hospital_id: UUID
    draw_id: UUID
    department_id: UUID
    state: DrawState
    release_at: datetime
    opens_at: datetime
    closes_at: datetime
    reveal_by: datetime
    weights: Mapping[str, int]
    sessions: tuple[DrawnSession, ...]
    promises: Mapping[Party, bytes]
    beacon_state: BeaconState
    beacon_chain: str
    beacon_round: int | None
    beacon_at: datetime | None
    beacon_deadline: datetime | None
    beacon_randomness: bytes | None
    secrets: Mapping[Party, bytes]
    count: int | None  # entries, once they are committed
    root: bytes | None
    signer: str
    seed: bytes | None
    void_reason: VoidReason | None

    @property
    def is_open(self) -> bool:
        return self.state is DrawState.OPENED


@dataclass(frozen=True, slots=True)
class Entry:
    """An application, as its account sees it. `rank` and `weight` once they are known; `given` where it won;
    `refusals`: session → code of the rule that spoke against it."""

    hospital_id: UUID
    entry_id: UUID
    draw_id: UUID
    state: EntryState
    ticket: bytes
    patient_ids: tuple[UUID, ...]
    session_ids: tuple[UUID, ...]
    is_first_visit: bool
    applied_at: datetime
    reasons: tuple[str, ...]
    weight: int | None
    rank: int | None
    given: UUID | None
    bookings: tuple[UUID, ...]
    refusals: Mapping[UUID, str]


@dataclass(frozen=True, slots=True)
class Count:
    """How many entries have so many lots, and how many of them won. None: too few to be told (R-213)."""

    weight: int
    entries: int | None
    won: int | None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The draw's file, gzip-compressed."""

    content: bytes
    is_final: bool


@dataclass(frozen=True, slots=True)
class EntryProof:
    """That an entry lies under the root: its line in the file, its place among the leaves (the terms are 0), how many
    these are, and the hashes on the way up (RFC 6962, SHA-256)."""

    draw_id: UUID
    ticket: bytes
    line: str
    index: int
    leaves: int
    path: tuple[bytes, ...]
    root: bytes


@dataclass(frozen=True, slots=True)
class Due:
    """A draw, and what it is to do by now, in the order in which draws go."""

    hospital_id: UUID
    draw_id: UUID
    state: DrawState
    beacon_state: BeaconState
    beacon_round: int | None
    opens_at: datetime
    closes_at: datetime
    beacon_at: datetime | None
    beacon_deadline: datetime | None
    reveal_by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawPlanned(Event):
    operation: ClassVar[str] = "draws.planned"
    department_id: UUID
    release_at: datetime
    operator_promise: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretPromised(Event):
    operation: ClassVar[str] = "draws.secret_promised"
    hospital_promise: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawOpened(Event):
    """`terms`: SHA-256 of the first line of the draw's file, so that the log itself holds what was promised."""

    operation: ClassVar[str] = "draws.opened"
    terms: str
    operator_promise: str
    hospital_promise: str
    places: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawCommitted(Event):
    operation: ClassVar[str] = "draws.committed"
    root: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BeaconDecided(Event):
    """The named round was had, or it is settled that it was missed."""

    operation: ClassVar[str] = "draws.beacon_decided"
    round: int
    randomness: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawRevealed(Event):
    operation: ClassVar[str] = "draws.revealed"
    operator_secret: str
    hospital_secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawDrawn(Event):
    operation: ClassVar[str] = "draws.drawn"
    seed: str
    file: str  # SHA-256 of the file as it was drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawSettled(Event):
    operation: ClassVar[str] = "draws.settled"
    won: int
    lost: int
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawVoided(Event):
    operation: ClassVar[str] = "draws.voided"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryEvent(Event):
    """Of one entry: the subject is the entry."""

    draw_id: UUID
    account_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryApplied(EntryEvent):
    operation: ClassVar[str] = "draws.entry_applied"
    places: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryAltered(EntryEvent):
    operation: ClassVar[str] = "draws.entry_altered"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryWithdrawn(EntryEvent):
    operation: ClassVar[str] = "draws.entry_withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryWon(EntryEvent):
    operation: ClassVar[str] = "draws.entry_won"
    rank: int
    session_id: UUID
    bookings: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRefused(EntryEvent):
    """A rule spoke against a session when it was the entry's turn."""

    operation: ClassVar[str] = "draws.entry_refused"
    rank: int
    session_id: UUID
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesWithdrawn(Event):
    """The hospital took places of a session away while winners were being booked. The subject is the draw."""

    operation: ClassVar[str] = "draws.places_withdrawn"
    session_id: UUID
    before_rank: int
    places: int
