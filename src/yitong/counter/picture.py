"""What this process believes is free: a bitmask for each clinic session, and who holds what.

The picture proposes; the database's constraints decide. It answers "sold out" without asking anybody, so it must know
each live booking's patient and key as soon as it knows that the slot is taken: then nobody who holds a booking, or
repeats a confirmed request, is told that it is gone.
"""

from bisect import insort
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from yitong.core.decided import Decided
from yitong.core.policy.values import Policies
from yitong.domains.access.contracts import KeyInUse
from yitong.domains.booking.contracts import Near
from yitong.domains.hospitals.contracts.things import Department
from yitong.domains.schedule.contracts import Pool, Session, Slot
from yitong.domains.schedule.rules import opening

Window = tuple[datetime, datetime]
Key = tuple[str, str, str]  # hospital, actor, key: what finds the first answer
MOST_POLICIES = 2_000  # of which the bookable days are kept for a moment


class Told(msgspec.Struct, frozen=True, gc=False):
    """What a client hears of its booking: `booking.contracts.Held`, with its ids as they are on the wire."""

    hospital_id: str
    booking_id: str
    state: str
    code: str
    hold_until: datetime | None
    slot_id: str
    number: int
    starts_at: datetime
    ends_at: datetime


class Known(msgspec.Struct, frozen=True, gc=False):
    """A booking as the picture remembers it: enough to answer its repeat, and to know that its slot is taken."""

    told: Told
    key: Key
    digest: str  # of the claim, in hexadecimal
    session_id: UUID
    is_live: bool


@dataclass(slots=True)
class Proposed:
    """The slots that a batch under way has proposed. It outlives its board: one that is read anew takes it over."""

    mask: int = 0


class Board:
    """One clinic session: its slots as bits, lowest number first. `free` are those that nobody holds or waits for."""

    __slots__ = (
        "_masks",
        "department",
        "held",
        "hospital",
        "hours",
        "number_of",
        "open_mask",
        "opened",
        "pools",
        "proposed",
        "reopening",
        "row_version",
        "session",
        "slots",
        "taken",
        "text",
        "texts",
        "windows",
    )

    def __init__(self, session: Session, department: Department, slots: list[Slot], row_version: int = 0) -> None:
        self.session = session
        self.row_version = row_version  # of the session's row, as it was read
        self.text, self.hospital = str(session.session_id), str(session.hospital_id)
        self.department = department
        self.slots = slots
        self.texts = [str(slot.slot_id) for slot in slots]
        self.number_of = {text: n for n, text in enumerate(self.texts)}
        self.hours: list[str] = []  # of each slot, as COPY takes them; one text for all of a window
        self.pools: dict[Pool, int] = {}
        self.windows: dict[Window, int] = {}
        self.open_mask = 0  # all but extra ones, which are one patient's
        self.reopening: list[tuple[datetime, int]] = []  # sorted
        hours: dict[Window, str] = {}
        for n, slot in enumerate(slots):
            window = (slot.starts_at, slot.ends_at)
            if window not in hours:
                hours[window] = f"{slot.starts_at}\t{slot.ends_at}"
            self.hours.append(hours[window])
            if slot.is_extra:
                continue
            bit = 1 << n
            self.open_mask |= bit
            self.pools[slot.pool] = self.pools.get(slot.pool, 0) | bit
            self.windows[window] = self.windows.get(window, 0) | bit
            if slot.reopens_at is not None:
                insort(self.reopening, (slot.reopens_at, n))
        self._masks: dict[tuple[Pool, ...], int] = {}  # of the pools of each kind of channel
        self.taken = 0
        self.proposed = Proposed()
        self.held: dict[str, Known] = {}  # live bookings, by booking
        self.opened: dict[Pool, tuple[datetime, bool]] = {}  # when it was asked, what it was

    def free(self, now: datetime, *, even_proposed: bool = False) -> int:
        """The bits that may be proposed: a freed slot is on its way back until its instant (R-017).

        `even_proposed`: with those that a batch under way has proposed, which are nobody's until it commits.
        """
        mask = self.open_mask & ~self.taken
        if not even_proposed:
            mask &= ~self.proposed.mask
        if self.reopening:
            while self.reopening and self.reopening[0][0] <= now:
                self.reopening.pop(0)
            for _, n in self.reopening:
                mask &= ~(1 << n)
        return mask

    def choose(
        self,
        slot: str,
        near: Near,
        pools: tuple[Pool, ...],
        now: datetime,
        *,
        upwards: bool = True,
        even_proposed: bool = False,
    ) -> int | None:
        """The place of a free slot for a wish: the named one, an equal one of its window, or the next of the session.

        One counter looks upwards, its neighbour downwards, so that they seldom propose the same slot.
        """
        n = self.number_of[slot]
        free = self.free(now, even_proposed=even_proposed)
        if free >> n & 1:
            return n
        if near is Near.SLOT or self.slots[n].is_extra:
            return None
        free &= self.pool_mask(pools)
        named = self.slots[n]
        in_window = free & self.windows[named.starts_at, named.ends_at]
        if in_window:
            return _next(in_window, n, upwards=upwards)
        return _next(free, n, upwards=upwards) if free and near is Near.SESSION else None

    def has_left(self, slot: str, near: Near, pools: tuple[Pool, ...], now: datetime) -> bool:
        """Whether anything could be proposed for such a wish, once no batch is under way."""
        if not self.open_mask & ~self.taken:
            return False
        return self.choose(slot, near, pools, now, even_proposed=True) is not None

    def pool_mask(self, pools: tuple[Pool, ...]) -> int:
        mask = self._masks.get(pools)
        if mask is None:
            mask = 0
            for pool in pools:
                mask |= self.pools.get(pool, 0)
            self._masks[pools] = mask
        return mask

    def is_open(
        self, pool: Pool, policies: Policies, now: datetime, days: Collection[date], *, kept: timedelta
    ) -> bool:
        """Whether that pool sells now, by an answer that is at most `kept` old: late, but never early at a release.
        `days` are those that may be booked (`Picture.days`)."""
        found = self.opened.get(pool)
        if found is None or not timedelta() <= now - found[0] < kept:
            found = self.opened[pool] = (now, opening.is_open(self.session, now, policies, pool=pool, days=days))
        return found[1]


@dataclass
class Picture:
    """Every board of the bookable days, with what decides beside them: departments and policies."""

    boards: dict[UUID, Board] = field(default_factory=dict)
    by_slot: dict[str, Board] = field(default_factory=dict)
    by_department: dict[UUID, set[UUID]] = field(default_factory=dict)
    known: dict[Key, Known] = field(default_factory=dict)
    codes: set[tuple[str, str]] = field(default_factory=set)
    decided: dict[UUID, Decided] = field(default_factory=dict)
    keys: dict[UUID, KeyInUse] = field(default_factory=dict)  # of the API's channels
    crossed: set[UUID] = field(default_factory=set)  # sessions that were read while a batch of ours booked in them
    per_minute: int = 1  # how often an account may ask, as the city says
    _days: dict[int, tuple[Policies, datetime, list[date]]] = field(default_factory=dict)  # by identity, held on to

    def clear(self) -> None:
        """Nothing is known: after a loss, what was believed may be wrong."""
        for part in (self.boards, self.by_slot, self.by_department, self.known, self.codes, self.crossed):
            part.clear()

    def forget(self, before: date) -> set[UUID]:
        """The sessions of earlier days, and what was booked in them: else a window that is never lost grows with every
        day. Gives which. After a restart they would not be known either."""
        gone = {session_id for session_id, board in self.boards.items() if board.session.date < before}
        for board in map(self.boards.pop, gone):
            for slot in board.texts:
                self.by_slot.pop(slot, None)
        if gone:
            for sessions in self.by_department.values():
                sessions -= gone
            for known in [known for known in self.known.values() if known.session_id in gone]:
                del self.known[known.key]
                self.codes.discard((known.told.hospital_id, known.told.code))
        self.crossed -= gone
        return gone

    def days(self, policies: Policies, now: datetime, *, kept: timedelta) -> list[date]:
        """What may be booked under these policies, by an answer that is at most `kept` old."""
        found = self._days.get(id(policies))
        if found is None or not timedelta() <= now - found[1] < kept:
            if len(self._days) >= MOST_POLICIES:
                self._days.clear()
            found = self._days[id(policies)] = (policies, now, opening.bookable_dates(now, policies))
        return found[2]

    def policies(self, session: Session, now: datetime) -> Policies:
        return self.decided[session.hospital_id].at(session.department_id, now)

    def put(self, board: Board, bookings: Iterable[Known], before: Collection[str] = ()) -> None:
        """A board as it was read, instead of the one that stood there; what is proposed at this moment stays so.

        `before` are the bookings that stood on the board when the reading began. What has joined them since and was not
        read yet stays, and the board is read once more: it may have been there, and have gone, before the reading.
        """
        session_id = board.session.session_id
        replaced = self.boards.get(session_id)
        self.boards[session_id] = board
        self.by_department.setdefault(board.session.department_id, set()).add(session_id)
        for slot in board.texts:
            self.by_slot[slot] = board
        read = set()
        for known in bookings:
            read.add(known.told.booking_id)
            self.add(board, known)
        if replaced is None:
            return
        board.proposed = replaced.proposed
        for booking_id, known in replaced.held.items():
            if booking_id not in before and booking_id not in read:
                self.add(board, known)
                self.crossed.add(session_id)

    def settle(self, board: Board, known: Known) -> None:
        """A booking that a batch of ours has made, where it was proposed on `board`.

        A board that was read anew meanwhile may know more than we do: the booking may have ended already, with the
        event of its end seen before we heard of its beginning. So it is read once more.
        """
        present = self.boards[known.session_id]
        if present is not board:
            self.crossed.add(known.session_id)
        self.add(present, known)

    def take_crossed(self) -> set[UUID]:
        """The sessions that must be read once more."""
        crossed, self.crossed = self.crossed, set()
        return crossed

    def add(self, board: Board, known: Known) -> None:
        """A booking of this board: its slot is taken while it lives, its key has its answer for good."""
        self.known[known.key] = known
        if not known.is_live:
            return
        told = known.told
        n = board.number_of.get(told.slot_id)
        if n is not None:
            board.taken |= 1 << n
        board.held[told.booking_id] = known
        self.codes.add((told.hospital_id, told.code))


def _next(mask: int, n: int, *, upwards: bool) -> int:
    """The set bit nearest to place `n` in that direction; where there is none, the farthest in the other one."""
    if upwards:
        ahead = mask >> n << n or mask
        return (ahead & -ahead).bit_length() - 1
    ahead = mask & ((1 << n + 1) - 1) or mask
    return ahead.bit_length() - 1
