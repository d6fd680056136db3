"""Keeps the picture true: reads it whole at the start, then what others wrote, woken by NOTIFY and by its own clock.

NOTIFY is a hint, polling the truth. Besides, a few boards are read anew each second in turn, so that even a writer who
tells nobody (a person with `psql`) is seen within minutes; until then he costs a batch.
"""

import asyncio
import math
import time
from collections.abc import Collection
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from yitong.core import clock
from yitong.core.decided import Decided, Row
from yitong.core.policy.values import Policies
from yitong.counter import statements
from yitong.counter.loss import answered_within
from yitong.counter.picture import Board, Known, Picture
from yitong.counter.statements import WAKE
from yitong.domains.booking.contracts import BookingConfirmed, SlotHeld, SlotsClaimed
from yitong.domains.hospitals.contracts.things import Department
from yitong.domains.schedule.contracts import SessionsPlanned, Slot

POLL_S = 0.5
PAUSE_S = 0.2  # between two looks, however often NOTIFY wakes us
LOOK_BACK_S = 15.0  # how much later than it was recorded an event may become visible; a claim lives for 2 s at most
LOOK_S = 15.0  # a look that takes longer has stalled: what it doesn't see would be told as sold out
RESYNC_S = 1800.0  # in which all boards are read anew in turn
REFERENCE_S = 1.0  # between two looks at policies and departments
DAYS_S = 600.0  # between two looks for sessions of days that came near
AHEAD = timedelta(days=1)  # read before they can be booked, so that a release finds them here
KEPT = timedelta(days=1)  # a batch may be under way at midnight
PAGE = 500  # sessions read at a time
MADE = (SlotHeld.operation, BookingConfirmed.operation)


class Feed:
    """Its own connections, apart from the batches': one waits for notices, the other asks."""

    def __init__(self, picture: Picture, own_trace: str, own: Collection[int] = ()) -> None:
        """`own`: the server's processes that write for this window, under its trace: for them no look is made."""
        self.picture = picture
        self.own_trace = own_trace
        self.own = own
        self._seen: set[UUID] = set()  # the events that the last look found
        self._looked_at: datetime | None = None  # when it was, by the database's clock
        self._reference: object = None
        self._departments: dict[UUID, Department] = {}
        self._hospital_of: dict[UUID, UUID] = {}  # by session
        self._turn: list[UUID] = []
        self._turned_at = 0.0
        self._days_read_at = 0.0
        self._reference_read_at = 0.0
        self._listening: psycopg.AsyncConnection[Any] | None = None
        self._asking: psycopg.AsyncConnection[Any] | None = None
        self._reading = asyncio.Lock()

    async def load(self, listening: psycopg.AsyncConnection[Any], asking: psycopg.AsyncConnection[Any]) -> None:
        """Reads all that can be booked now or within a day."""
        self._listening, self._asking = listening, asking
        with answered_within(listening, LOOK_S):
            await listening.execute(f"LISTEN {WAKE}")
        await self._follow_reference()
        await self._note_events()  # before the boards: what is written meanwhile is read again
        await self._load_days()

    async def follow(self) -> None:
        """Until the connection is lost, or a look stalls: then raises."""
        while True:
            await self._woken()
            await self.look()
            await asyncio.sleep(PAUSE_S)

    async def _woken(self) -> None:
        """By what another wrote, or by the clock. In a rush we write dozens of batches a second."""
        assert self._listening is not None
        async with aclosing(self._listening.notifies(timeout=POLL_S)) as notices:
            async for notice in notices:
                if notice.pid not in self.own:
                    return

    async def look(self) -> None:
        """One look at what others wrote."""
        assert self._asking is not None
        with answered_within(self._asking, LOOK_S):
            await self._look()

    async def _look(self) -> None:
        touched = await self._note_events()  # first: they may tell of new sessions, or of a new hospital
        if time.monotonic() - self._reference_read_at > REFERENCE_S:
            await self._follow_reference()
        if time.monotonic() - self._days_read_at > DAYS_S:
            await self._load_days()
        await self.reload(touched | self.picture.take_crossed() | self._next_in_turn())

    async def reload(self, session_ids: Collection[UUID]) -> None:
        """Reads these boards anew."""
        wanted = [(self._hospital_of[one], one) for one in session_ids if one in self._hospital_of]
        for start in range(0, len(wanted), PAGE):
            await self._read(wanted[start : start + PAGE])

    # -- what may have changed -------------------------------------------------------------------------------------

    async def _note_events(self) -> set[UUID]:
        """Adds what others booked since the last look; gives the sessions of which something else changed."""
        touched: set[UUID] = set()
        booked: list[tuple[UUID, UUID]] = []
        ((now,),) = await self._all(statements.NOW, [])
        found = await self._all(statements.EVENTS_SINCE, [self._looked_at or now, LOOK_BACK_S, self.own_trace])
        new = [key for key in found if key[1] not in self._seen]  # a window beside us writes dozens a second
        rows = await self._all(statements.EVENTS, [list(column) for column in zip(*new, strict=True)]) if new else []
        for operation, hospital_id, subject_id, session_id, from_session_id, bookings in rows:
            if operation == SlotsClaimed.operation:
                booked += [(hospital_id, UUID(one)) for one in bookings]
            elif operation in MADE:
                booked.append((hospital_id, subject_id))
            elif operation == SessionsPlanned.operation:  # perhaps of a department, or a hospital, that is new
                self._reference_read_at = self._days_read_at = -math.inf
            else:
                about = [str(subject_id)] if operation.startswith("schedule.") else [session_id, from_session_id]
                for one in about:
                    if one is not None:
                        self._hospital_of.setdefault(UUID(one), hospital_id)
                        touched.add(UUID(one))
        await self._add(booked)
        self._seen, self._looked_at = {event_id for _, event_id in found}, now
        return touched

    async def _add(self, booked: list[tuple[UUID, UUID]]) -> None:
        """Bookings by (hospital, id), onto the boards that we have."""
        if not booked:
            return
        columns = [[hospital_id for hospital_id, _ in booked], [booking_id for _, booking_id in booked]]
        for row in await self._all(statements.BY_ID, columns):
            known = statements.known_of(row)
            board = self.picture.boards.get(known.session_id)
            if board is not None:
                self.picture.add(board, known)

    def _next_in_turn(self) -> set[UUID]:
        if not self._turn:
            self._turn = list(self.picture.boards)
        now = time.monotonic()
        many = 1 + int(len(self.picture.boards) * min(now - self._turned_at, 10 * POLL_S) / RESYNC_S)
        self._turned_at = now
        part, self._turn = self._turn[:many], self._turn[many:]
        return set(part)

    async def _follow_reference(self) -> None:
        """Policies and departments: all of them, when one has changed."""
        self._reference_read_at = time.monotonic()
        keys = map(statements.key_of, await self._all(statements.ALL_KEYS, []))
        self.picture.keys = {key.key_id: key for key in keys}
        reference = await self._all(statements.REFERENCE, [])
        if reference == self._reference:
            return
        rows = await self._all(statements.POLICIES, [])
        departments = [statements.department_of(row) for row in await self._all(statements.DEPARTMENTS, [])]
        hospitals = [hospital_id for (hospital_id,) in await self._all(statements.HOSPITALS, [])]
        self.picture.decided = {one: _decided(rows, one) for one in hospitals}
        self.picture.per_minute = _decided(rows, None).at(None, clock.now()).int("booking.limits.device_per_min")
        self._departments = {one.department_id: one for one in departments}
        for board in self.picture.boards.values():
            board.department = self._departments[board.department.department_id]
        self._reference = reference

    # -- reading boards --------------------------------------------------------------------------------------------

    async def _load_days(self) -> None:
        now = clock.now()
        today = clock.shanghai_date(now)
        for session_id in self.picture.forget(today - KEPT):
            self._hospital_of.pop(session_id, None)
        for hospital_id, decided in self.picture.decided.items():
            until = today + timedelta(days=_longest(decided.at(None, now))) + AHEAD
            keys = await self._all(statements.SESSION_KEYS, [hospital_id, today, until])
            new = [session_id for (session_id,) in keys if session_id not in self.picture.boards]
            self._hospital_of.update((session_id, hospital_id) for session_id in new)
            await self.reload(new)
        self._days_read_at = time.monotonic()

    async def _read(self, keys: list[tuple[UUID, UUID]]) -> None:
        columns = [[hospital_id for hospital_id, _ in keys], [session_id for _, session_id in keys]]
        async with self._reading:
            before = {one: set(board.held) for one in columns[1] if (board := self.picture.boards.get(one))}
            sessions = [statements.session_of(row) for row in await self._all(statements.SESSIONS, columns)]
            slots: dict[UUID, list[Slot]] = {session.session_id: [] for session, _ in sessions}
            for row in await self._all(statements.SLOTS, columns):
                slot = statements.slot_of(row)
                slots[slot.session_id].append(slot)
            bookings: dict[UUID, list[Known]] = {}
            for row in await self._all(statements.BOOKINGS, columns):
                known = statements.known_of(row)
                bookings.setdefault(known.session_id, []).append(known)
            for session, row_version in sessions:
                session_id = session.session_id
                board = Board(session, self._departments[session.department_id], slots[session_id], row_version)
                self.picture.put(board, bookings.get(session_id, []), before.get(session_id, set()))

    async def _all(self, statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
        assert self._asking is not None
        with answered_within(self._asking, LOOK_S):  # a first reading, or a batch's, is no part of a look
            return await (await self._asking.execute(statement, values)).fetchall()


def _decided(rows: list[tuple[Any, ...]], hospital_id: UUID | None) -> Decided:
    mine: list[Row] = [
        (scope, scope_id, key, value, effective_from)
        for scope, scope_id, of, key, value, effective_from in rows
        if of in (None, hospital_id)
    ]
    return Decided(mine)


def _longest(policies: Policies) -> int:
    return policies.int("booking.window.max_days")
