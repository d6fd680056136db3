"""The booking window's own connection, and what it asks and writes on it."""

import secrets
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psycopg

from yitong.core.ids import new_ids
from yitong.counter import statements
from yitong.counter.clinics import Clinic, Instant
from yitong.counter.line.statements import TURNS
from yitong.counter.link import Link, Row, Statement
from yitong.counter.loss import answered_within
from yitong.counter.picture import Board, Key, Known, Told
from yitong.counter.statements import LockedWish, uuids, words
from yitong.counter.wishes import Wish
from yitong.domains.access.contracts import KeyInUse
from yitong.domains.booking import rules
from yitong.domains.booking.contracts import State
from yitong.domains.schedule.contracts import Session

# A plan made while a table was empty would be a sequential scan for the life of the connection.
SETTINGS = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c lock_timeout=2s -c jit=off"
ANSWER_S = 10.0  # of one transaction; what takes longer is lost, and `feed.LOOK_BACK_S` need not reach farther back
# Where the server hears nothing of our giving up, it lets go of the locks by itself.
LETS_GO = "-c statement_timeout=15s -c idle_in_transaction_session_timeout=15s"
MOST_WINDOWS = 64
PLANS_AT = frozenset(4**n for n in range(12))
PLANS_EACH_TIME = "-c plan_cache_mode=force_custom_plan"  # where not much is asked
NULL = "\\N"


class Locked(NamedTuple):
    """What a batch reads under its locks. `wishes` by their place: who is not there has no patient. `versions` of the
    sessions' rows; `others`: live bookings, by patient; `repeated`: bookings that the wishes' keys have made."""

    wishes: dict[int, LockedWish]
    versions: dict[str, int]
    others: dict[str, list[rules.LiveBooking]]


class Claimed(msgspec.Struct, frozen=True, eq=False):
    """One claim as it is written: the wish, and the booking that it becomes."""

    wish: Wish
    known: Known
    clinic: Clinic

    @classmethod
    def of(cls, wish: Wish, booking: str, code: str, clinic: Clinic, at: Instant) -> "Claimed":
        board = wish.board
        slot = board.slots[wish.n]
        told = Told(
            hospital_id=board.hospital,
            booking_id=booking,
            state=clinic.state.value,
            code=code,
            hold_until=at.hold(clinic.policies)[0] if clinic.state is State.HELD else None,
            slot_id=board.texts[wish.n],
            number=slot.number,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
        )
        return cls(wish, Known(told, wish.key, wish.digest, clinic.session.session_id, is_live=True), clinic)

    def line(self, at: Instant) -> str:
        """The booking, as COPY takes it."""
        wish, told, clinic = self.wish, self.known.told, self.clinic
        holder, member, board = wish.holder, wish.member, wish.board
        until = NULL if told.hold_until is None else at.hold(clinic.policies)[1]
        return (
            f"{clinic.line}\t{board.hours[wish.n]}\t{board.slots[wish.n].pool.value}\t{told.slot_id}\t{told.number}\t"
            f"{told.booking_id}\t{member.patient_id}\t{holder.account_id}\t{'t' if wish.is_first_visit else 'f'}\t"
            f"{told.code}\t{holder.channel}\t{wish.key[1]}\t{_key(wish.key[2])}\t\\\\x{wish.digest}\t"
            f"\\\\x{member.name.hex()}\t{at.text}\t{until}\tf\tt\tt\n"
        )


async def connect(url: str, *, name: str, settings: str = "") -> psycopg.AsyncConnection[Any]:
    connection = await psycopg.AsyncConnection.connect(
        url, autocommit=True, application_name=name, connect_timeout=5, options=f"{SETTINGS} {LETS_GO} {settings}"
    )
    connection.prepare_threshold = 0
    return connection


async def ordinal(connection: psycopg.AsyncConnection[Any]) -> int:
    """Which of the windows on this database we are, for as long as the connection stands: 0, 1, …"""
    with answered_within(connection, ANSWER_S):
        found = await (await connection.execute(statements.ORDINAL)).fetchone()
    return found[0] if found is not None else MOST_WINDOWS


class Store:
    """What is asked and written in one batch's transaction. Every list goes over the wire as arrays, once."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], trace: str) -> None:
        """`trace` marks the events of this counter: its feed leaves them out."""
        self.connection = connection
        self.link = Link(connection)
        self.trace = trace
        self._begins = False  # with the next statement
        self._batches = 0
        self._is_planned = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Begins with what is asked first. Fails as on a lost connection where the server is silent for too long."""
        with answered_within(self.connection, ANSWER_S):
            self._begins = True
            try:
                yield
            except BaseException:
                if not self._begins and not self.connection.closed:
                    await self.link.ask(("ROLLBACK", ()))
                self._begins = False  # or what is asked next, outside of any transaction, would begin one
                raise
            if not self._begins:
                await self.link.ask(("COMMIT", ()))
            self._begins = False

    async def warm_up(self, at: Instant) -> None:
        """All that a batch asks, about nobody: else the first of a release waits until the server has read its
        catalogues and made its plans."""
        async with self.transaction():
            await self.lock_wishes([], [], at.now)
            await self.write([], at)

    async def lock_wishes(self, wishes: Sequence[Wish], boards: Collection[Board], now: datetime) -> Locked:
        """What is known of each wish and of each session, both under their locks from now on, patients first. After
        that, what the patients have booked."""
        patients = uuids([wish.member.patient_id for wish in wishes])
        asked = [
            patients,
            uuids([wish.holder.account_id for wish in wishes]),
            uuids([wish.holder.session_id for wish in wishes]),
            now,
        ]
        await self._plan()
        rows, versions, live = await self._ask(
            (statements.LOCK_WISHES, asked),
            (statements.SHARE_SESSIONS, _keys(boards)),
            (statements.OTHERS, [patients]),
        )
        others: dict[str, list[rules.LiveBooking]] = {}
        for patient, *booking in live:
            others.setdefault(patient, []).append(rules.LiveBooking(*booking))
        return Locked({row[0] - 1: LockedWish._make(row) for row in rows}, dict(versions), others)

    async def _plan(self) -> None:
        """At the first batch, and anew at the 4th, 16th, 64th …: where the tables were empty the planner could not tell
        one index from another, and what it chose would stand for the life of the connection."""
        self._batches += 1
        if self._batches in PLANS_AT:
            self._is_planned = False
        if not self._is_planned:  # until it has gone well: it may have to wait for a migration's lock
            await self.link.forget()
            await self.link.ask((statements.PREPARE_FINISH + statements.FINISH, ()))
            self._is_planned = True

    async def share_keys(self, key_ids: Collection[UUID]) -> dict[UUID, KeyInUse]:
        """The keys of channels as they stand; none of them can be killed before this transaction ends (S-14)."""
        if not key_ids:
            return {}
        _, rows = await self._ask((statements.SHARE_CHANNELS, [list(key_ids)]), (statements.KEYS, [list(key_ids)]))
        return {key.key_id: key for key in map(statements.key_of, rows)}

    async def turns(self, wishes: Sequence[Wish], now: datetime) -> set[int]:
        """Which of these, by place, have been let in by the line and have not booked yet."""
        if not wishes:
            return set()
        sessions = [wish.board.session for wish in wishes]
        asked = [
            uuids(wish.board.hospital for wish in wishes),
            [session.department_id for session in sessions],
            [session.release_at for session in sessions],
            uuids(wish.member.patient_id for wish in wishes),
        ]
        (rows,) = await self._ask((TURNS, [*asked, now, now]))
        return {n - 1 for (n,) in rows}

    async def sessions(self, boards: Collection[Board]) -> dict[str, tuple[Session, int]]:
        if not boards:
            return {}
        (rows,) = await self._ask((statements.SESSIONS, _keys(boards)))
        return {str(session.session_id): (session, version) for session, version in map(statements.session_of, rows)}

    async def by_key(self, keys: Iterable[Key]) -> dict[Key, Known]:
        """The bookings that these keys made, by key."""
        wanted = list(keys)
        if not wanted:
            return {}
        with answered_within(self.connection, ANSWER_S):  # it is asked outside of a transaction, too
            (rows,) = await self._ask((statements.BY_KEY, _columns(wanted)))
        return {known.key: known for known in map(statements.known_of, rows)}

    async def by_slot(self, slots: Iterable[tuple[str, str]]) -> list[Known]:
        """The live bookings of these slots, each named with its hospital."""
        columns = [list(column) for column in zip(*slots, strict=True)]
        if not columns:
            return []
        with answered_within(self.connection, ANSWER_S):
            (rows,) = await self._ask((statements.BY_SLOT, columns))
        return [statements.known_of(row) for row in rows]

    async def write(self, claims: Sequence[Claimed], at: Instant) -> bool:
        """Bookings, the patients' sides and limits, and one event for each hospital. False where some slot is not as
        it was proposed: then nothing of it may stay.

        In the order of the slots: two windows that want the same wait for each other in one direction only.
        """
        ordered = sorted(claims, key=_slot)  # as their ids: the letters of both are in one order
        hospitals = {claim.known.told.hospital_id for claim in ordered}
        finish = statements.finish(
            at.text,
            uuids([claim.known.told.hospital_id for claim in ordered]),
            uuids([claim.known.told.booking_id for claim in ordered]),
            uuids(hospitals),
            uuids(new_ids(len(hospitals))),
            self.trace,
        )
        lines = "".join([claim.line(at) for claim in ordered]).encode()
        return not await self.link.copy(statements.COPY_BOOKINGS, lines, then=finish)

    async def _ask(self, *asked: Statement) -> list[list[Row]]:
        if self._begins:
            self._begins = False
            return (await self.link.ask(("BEGIN", ()), *asked))[1:]
        return await self.link.ask(*asked)


def codes(at_once: int) -> Iterator[str]:
    """Eight digits each, by chance and without end."""
    while True:
        chance = secrets.token_bytes(8 * at_once)
        for n in range(0, len(chance), 8):
            yield f"{int.from_bytes(chance[n : n + 8]) % 10**8:08d}"


def _keys(boards: Collection[Board]) -> list[str]:
    """Hospitals and sessions, in one order for every window."""
    ordered = sorted((board.hospital, board.text) for board in boards)
    return [uuids(hospital for hospital, _ in ordered), uuids(session for _, session in ordered)]


def _columns(keys: Sequence[Key]) -> list[str]:
    return [
        uuids([hospital for hospital, _, _ in keys]),
        words([actor for _, actor, _ in keys]),
        words([key for _, _, key in keys]),
    ]


def _slot(claim: Claimed) -> str:
    return claim.known.told.slot_id


def _key(key: str) -> str:
    return key.replace("\\", "\\\\")  # visible ASCII: nothing else needs it
