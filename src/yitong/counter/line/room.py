"""The waiting room: who comes is written and told his place, who waits is answered from memory, who is next is let in.

So many are let in as there are slots for whom nobody was let in yet: whose turn it is finds one. The rows decide (one
place a patient is a unique, who is let in is chosen under the line's lock), so several windows may keep the same line.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import psycopg

from yitong.core import clock
from yitong.core.errors import Busy
from yitong.core.ids import new_id, new_ids
from yitong.counter.line.places import Line, Place
from yitong.counter.line.store import LineStore, NewLine, NewPlace
from yitong.counter.loss import answered_within
from yitong.counter.picture import Board, Picture
from yitong.domains.booking import rules
from yitong.domains.booking.contracts import LineTimes
from yitong.domains.schedule.contracts import SessionState

TICK_S = 1.0  # between two looks at who is next
ANSWER_S = 10.0
MOST_AT_ONCE = 5_000  # who join in one statement
MOST_A_TICK = 500  # who are let in: what comes through the doors is no crowd again
LOOK_BACK = timedelta(seconds=5)  # how much later than it was written a place may become visible
KEPT = timedelta(minutes=10)  # a line is remembered for so long after its end
FOUND_FOR = timedelta(seconds=1)  # how long it is believed which line a department has

Key = tuple[str, str, datetime]  # hospital, department, release


class Asking(msgspec.Struct, eq=False):
    """Those of one account who want a place, or want to leave it."""

    line: Line
    account: str
    patients: tuple[str, ...]
    arrived_at: datetime
    is_leaving: bool
    done: "asyncio.Future[None]"


class Room:
    """Every line of this window. `key` is the secret from which the lots come."""

    def __init__(self, picture: Picture, key: bytes) -> None:
        self.picture = picture
        self.key = key
        self.lines: dict[Key, Line] = {}
        self.is_ready = False
        self._asking: list[Asking] = []
        self._came = asyncio.Event()
        self._last_arrival = 0
        self._found: dict[UUID, tuple[datetime, Line | None]] = {}
        self._looked_at: datetime | None = None

    # -- what the door asks ----------------------------------------------------------------------------------------

    def line_at(self, department: UUID, now: datetime) -> Line | None:
        """The line in which a department's people stand now; None where nobody has to."""
        found = self._found.get(department)
        if found is not None and timedelta() <= now - found[0] < FOUND_FOR:
            return found[1]
        line = self._find(department, now)
        self._found[department] = (now, line)
        return line

    def hospital_of(self, department: UUID) -> str | None:
        for session_id in self.picture.by_department.get(department, ()):
            return self.picture.boards[session_id].hospital
        return None

    def boards_of(self, line: Line) -> list[Board]:
        boards = (self.picture.boards[one] for one in self.picture.by_department.get(UUID(line.department), ()))
        return [board for board in boards if board.session.release_at == line.times.release_at]

    async def change(self, line: Line, account: str, patients: Sequence[str], *, is_leaving: bool) -> None:
        """Those come into the line, or leave it; done when it is written. Who may not stand in it has no place then.
        Refuses Busy."""
        if not self.is_ready:
            raise Busy()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asking.append(Asking(line, account, tuple(patients), self._arrival(), is_leaving, done))
        self._came.set()
        await done

    def _arrival(self) -> datetime:
        """Now, and later than whoever came before: to the microsecond two may come at once, but not in one line."""
        at = max(self._last_arrival + 1, round((clock.now() - rules.EPOCH) / timedelta(microseconds=1)))
        self._last_arrival = at
        return rules.EPOCH + timedelta(microseconds=at)

    def _find(self, department: UUID, now: datetime) -> Line | None:
        """Where two releases are so near that both have their line, the first one's: as the page of it says."""
        open_now: list[tuple[LineTimes, str]] = []
        for session_id in self.picture.by_department.get(department, ()):
            board = self.picture.boards[session_id]
            if board.session.state is SessionState.STOPPED:
                continue
            times = rules.line_times(board.session.release_at, self.picture.policies(board.session, now))
            if times is not None and times.opens_at <= now < times.ends_at:
                open_now.append((times, board.hospital))
        if not open_now:
            return None
        times, hospital = min(open_now, key=lambda one: one[0].release_at)
        return self._line(hospital, str(department), times)

    def _line(self, hospital: str, department: str, times: LineTimes) -> Line:
        key = (hospital, department, times.release_at)
        line = self.lines.get(key)
        if line is None:
            line = self.lines[key] = Line(hospital, department, times)
        line.times = times  # as the policies are now
        return line

    # -- the work beside -------------------------------------------------------------------------------------------

    async def run(self, connection: psycopg.AsyncConnection, by: str) -> None:
        """Until the connection is lost: then raises, and who asked is told to ask again. `by` names this window."""
        store = LineStore(connection, by)
        await self.load(store)
        try:
            await self._work(store)
        finally:
            self.is_ready = False
            for asking in self._asking:
                _end(asking, Busy())
            self._asking.clear()

    async def _work(self, store: LineStore) -> None:
        loop = asyncio.get_running_loop()
        next_tick = loop.time()
        while True:
            if not self._asking and loop.time() < next_tick:
                self._came.clear()
                try:
                    async with asyncio.timeout_at(next_tick):
                        await self._came.wait()
                except TimeoutError:
                    pass
            await self.serve(store)
            if loop.time() >= next_tick:
                next_tick = loop.time() + TICK_S
                with answered_within(store.connection, ANSWER_S):
                    await self.tick(store, clock.now())

    async def serve(self, store: LineStore) -> None:
        """Those who came meanwhile, all at once; each hears when it is written."""
        asked, self._asking = self._asking[:MOST_AT_ONCE], self._asking[MOST_AT_ONCE:]
        if not asked:
            return
        try:
            with answered_within(store.connection, ANSWER_S):
                await self._open({id(one.line): one.line for one in asked if not one.line.id}.values(), store)
                await self._join([one for one in asked if not one.is_leaving], store)
                await self._leave([one for one in asked if one.is_leaving], store)
        except BaseException:
            for one in asked:
                _end(one, Busy())
            raise
        for one in asked:
            _end(one)

    async def _open(self, lines: Collection[Line], store: LineStore) -> None:
        """Lines in which nobody stood yet; another window may be quicker."""
        opening = list(lines)
        if not opening:
            return
        new = []
        for line in opening:
            line_id = new_id()
            lot = rules.lot_hash(rules.lot_seed(self.key, line_id))
            new.append(NewLine(line.hospital, str(line_id), line.department, line.times.release_at, str(new_id()), lot))
        await store.open_lines(new, clock.now())
        ids = await store.find_lines(opening)
        for line in opening:
            line.id = ids[line.hospital, line.department, line.times.release_at]

    async def _join(self, asked: Sequence[Asking], store: LineStore) -> None:
        """One place a patient: who asks twice in one batch came when he came first."""
        new: dict[tuple[str, str], tuple[Line, NewPlace]] = {}
        ids = iter(new_ids(sum(len(one.patients) for one in asked)))
        seeds: dict[str, bytes] = {}
        for asking in asked:
            line, at = asking.line, asking.arrived_at
            if line.id not in seeds:
                seeds[line.id] = rules.lot_seed(self.key, UUID(line.id))
            for patient in asking.patients:
                if (line.id, patient) in new:
                    continue
                place = next(ids)
                rank = rules.rank_of(UUID(place), at, line.times, seeds[line.id])
                wanted = NewPlace(line.hospital, place, line.id, patient, asking.account, at, rank)
                new[line.id, patient] = line, wanted
        if not new:
            return
        found = await store.join([place for _, place in new.values()], clock.now())
        written = {(one.line_id, one.patient_id) for one in found}
        others = [place for key, (_, place) in new.items() if key not in written]
        if others:
            found += await store.find_places(others)
        for one in found:
            new[one.line_id, one.patient_id][0].put(one)

    async def _leave(self, asked: Sequence[Asking], store: LineStore) -> None:
        leaving = {
            (one.line.id, patient): (one.line.hospital, one.line.id, patient, one.account)
            for one in asked
            for patient in one.patients
        }
        if leaving:
            lines = {one.line.id: one.line for one in asked}
            for place in await store.leave(list(leaving.values()), clock.now()):
                lines[place.line_id].put(place)

    async def tick(self, store: LineStore, now: datetime) -> None:
        """What others wrote, who is next, which lines are over."""
        since = min(self._looked_at or now, now) - LOOK_BACK  # the clock may have been set back
        for found in await store.changed(since):
            self._put(*found)
        self._looked_at = now
        for key in [key for key, line in self.lines.items() if line.times.ends_at + KEPT <= now]:
            del self.lines[key]
        busy = [line for line in self.lines.values() if self._may_let_in(line, now)]
        if not busy:
            return
        let_in = await store.let_in(busy, [now + self._turn(line, now) for line in busy], now, MOST_A_TICK)
        by_id = {line.id: line for line in busy}
        counts: dict[str, int] = {}
        for place in let_in:
            by_id[place.line_id].put(place)
            counts[place.line_id] = counts.get(place.line_id, 0) + 1
        for line_id, count in counts.items():
            by_id[line_id].note_let_in(now, count)

    def _may_let_in(self, line: Line, now: datetime) -> bool:
        return bool(line.waiting) and line.times.doors_at <= now < line.times.ends_at

    def _turn(self, line: Line, now: datetime) -> timedelta:
        boards = self.boards_of(line)
        if not boards:
            return timedelta(minutes=1)
        return self.picture.policies(boards[0].session, now).minutes("booking.line.turn_minutes")

    async def load(self, store: LineStore) -> None:
        """All that stand in lines that are not over, as the rows have it."""
        self.lines.clear()
        self._found.clear()
        self._looked_at = clock.now()
        for found in await store.load():
            self._put(*found)
        self.is_ready = True

    def _put(self, hospital: str, department: str, release_at: datetime, place: Place) -> None:
        line = self.lines.get((hospital, department, release_at))
        if line is None:
            times = self._times(UUID(department), release_at)
            if times is None:
                return  # its sessions are gone, or nobody has to wait there any more
            line = self._line(hospital, department, times)
        line.id = place.line_id
        line.put(place)

    def _times(self, department: UUID, release_at: datetime) -> LineTimes | None:
        now = clock.now()
        for session_id in self.picture.by_department.get(department, ()):
            session = self.picture.boards[session_id].session
            if session.release_at == release_at:
                return rules.line_times(release_at, self.picture.policies(session, now))
        return None


def _end(asking: Asking, error: Exception | None = None) -> None:
    if asking.done.done():
        return
    if error is None:
        asking.done.set_result(None)
    else:
        asking.done.set_exception(error)
