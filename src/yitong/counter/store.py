"""The booking window's own connection, and what it asks and writes on it."""

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from yitong.core.ids import new_id
from yitong.counter import statements
from yitong.counter.picture import Known
from yitong.counter.statements import LockedWish
from yitong.counter.wishes import Clinic, Wish
from yitong.domains.booking import rules
from yitong.domains.booking.contracts import SlotsClaimed
from yitong.domains.schedule.contracts import Session

ACTOR, CHANNEL = "system:counter", "system"
WAKE = "yitong_event"
# A plan made while a table was empty would be a sequential scan for the life of the connection.
SETTINGS = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c lock_timeout=2s -c jit=off"
NULL = "\\N"

Keys = Sequence[tuple[UUID, UUID]]  # (hospital, session)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One claim as it is written: the wish, the booking that it becomes, and the patient's days with this one."""

    wish: Wish
    known: Known
    clinic: Clinic
    days: Sequence[date]


async def connect(url: str, *, name: str) -> psycopg.AsyncConnection[Any]:
    connection = await psycopg.AsyncConnection.connect(
        url, autocommit=True, application_name=name, connect_timeout=5, options=SETTINGS
    )
    connection.prepare_threshold = 0
    return connection


class Store:
    """What is asked and written in one batch's transaction. Every list goes over the wire as arrays, once."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], trace: str) -> None:
        """`trace` marks the events of this counter: its feed leaves them out."""
        self.connection = connection
        self.trace = trace

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        async with self.connection.transaction():
            yield

    async def lock_wishes(self, wishes: Sequence[Wish], now: datetime) -> dict[int, LockedWish]:
        """By place in `wishes`; who is not there has no patient."""
        rows = await self._all(
            statements.LOCK_WISHES,
            [[w.cmd.patient_id for w in wishes], [w.account_id for w in wishes], [w.session_id for w in wishes], now],
        )
        return {n - 1: LockedWish(*rest) for n, *rest in rows}

    async def others(self, patient_ids: Sequence[UUID]) -> dict[UUID, list[rules.LiveBooking]]:
        found: dict[UUID, list[rules.LiveBooking]] = {}
        for patient_id, *rest in await self._all(statements.OTHERS, [patient_ids]) if patient_ids else ():
            found.setdefault(patient_id, []).append(rules.LiveBooking(*rest))
        return found

    async def share_sessions(self, keys: Keys) -> dict[UUID, Session]:
        rows = await self._all(statements.SHARE_SESSIONS, _columns(keys))
        sessions = [statements.session_of(row) for row in rows]
        return {session.session_id: session for session in sessions}

    async def by_key(self, keys: Iterable[tuple[UUID, str, str]]) -> dict[tuple[UUID, str, str], Known]:
        """The bookings that these keys made, by key."""
        wanted = list(keys)
        if not wanted:
            return {}
        rows = await self._all(statements.BY_KEY, [list(column) for column in zip(*wanted, strict=True)])
        return {known.key: known for known in map(statements.known_of, rows)}

    async def write(self, claims: Sequence[Claimed], now: datetime) -> None:
        """Bookings, the patients' sides and limits, and one event for each hospital.

        In the order of the slots: two windows that want the same wait for each other in one direction only.
        """
        ordered = sorted(claims, key=lambda claim: claim.known.held.slot_id.int)
        await self._copy(statements.COPY_BOOKINGS, (_booking_line(claim, now) for claim in ordered))
        await self._copy(statements.COPY_PATIENT_BOOKINGS, map(_patient_line, ordered))
        await self.connection.execute(
            statements.COUNT_DAYS,
            [
                [claim.wish.cmd.patient_id for claim in claims],
                ["{" + ",".join(day.isoformat() for day in claim.days) + "}" for claim in claims],
            ],
        )
        hospitals = {claim.wish.cmd.hospital_id for claim in claims}
        lines = (_event_line(one, claims, now, self.trace) for one in hospitals)
        await self._copy(statements.COPY_EVENTS, lines)
        await self.connection.execute("SELECT pg_notify(%s, '')", [WAKE])

    async def slots_not_as_proposed(self, claims: Sequence[Claimed], now: datetime) -> set[UUID]:
        slots = [claim.wish.board.slots[claim.wish.n] for claim in claims]
        columns = [[s.hospital_id for s in slots], [s.slot_id for s in slots], [s.pool.value for s in slots]]
        return {slot_id for (slot_id,) in await self._all(statements.SLOTS_NOT_AS_PROPOSED, [*columns, now])}

    async def _all(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return await (await self.connection.execute(statement, values)).fetchall()

    async def _copy(self, statement: str, lines: Iterable[str]) -> None:
        async with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            await copy.write("".join(lines).encode())


def _columns(keys: Keys) -> list[list[UUID]]:
    return [[hospital_id for hospital_id, _ in keys], [session_id for _, session_id in keys]]


def _text(value: object) -> str:
    """A value that holds no tab and no line end, as COPY's text format has it."""
    return NULL if value is None else str(value)


def _key(key: str) -> str:
    return key.replace("\\", "\\\\")  # visible ASCII: nothing else needs it


def _booking_line(claim: Claimed, now: datetime) -> str:
    wish, held = claim.wish, claim.known.held
    slot = wish.board.slots[wish.n]
    return (
        f"{claim.clinic.line}{held.starts_at}\t{held.ends_at}\t{slot.pool.value}\t{held.slot_id}\t{held.number}\t"
        f"{held.booking_id}\t{wish.cmd.patient_id}\t{wish.account_id}\t{'t' if wish.cmd.is_first_visit else 'f'}\t"
        f"{held.code}\t{wish.channel}\t{wish.actor_key}\t{_key(wish.cmd.key)}\t\\\\x{wish.digest.hex()}\t"
        f"\\\\x{wish.name.hex()}\t{now}\t{_text(held.hold_until)}\tf\tt\tt\n"
    )


def _patient_line(claim: Claimed) -> str:
    held, session = claim.known.held, claim.clinic.session
    return (
        f"{claim.wish.cmd.patient_id}\t{held.booking_id}\t{held.hospital_id}\t{session.department_id}\t{session.date}\t"
        f"{held.starts_at}\t{held.ends_at}\t{held.state.value}\tt\n"
    )


def _event_line(hospital_id: UUID, claims: Sequence[Claimed], now: datetime, trace: str) -> str:
    event_id = new_id()
    mine = [claim for claim in claims if claim.wish.cmd.hospital_id == hospital_id]
    event = SlotsClaimed(
        hospital_id=hospital_id,
        subject_id=event_id,
        bookings=tuple(claim.known.held.booking_id for claim in mine),
        sessions=tuple({claim.clinic.session.session_id for claim in mine}),
    )
    return (
        f"{hospital_id}\t{event_id}\t{event.operation}\t{ACTOR}\t{CHANNEL}\t{event_id}\t{now}\tclaims:{hospital_id}\t"
        f"{json.dumps(event.body())}\t{trace}\n"
    )
