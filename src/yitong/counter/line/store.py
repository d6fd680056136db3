"""What the line asks and writes, on a connection of its own, apart from the batches'."""

from collections.abc import Sequence
from datetime import datetime
from sys import intern
from typing import Any

import msgspec
import psycopg

from yitong.counter.line import statements
from yitong.counter.line.places import Line, Place
from yitong.counter.statements import uuids
from yitong.domains.booking.contracts import LineOpened

ACTOR, CHANNEL = "system:counter", "system"


class NewLine(msgspec.Struct, frozen=True):
    """A line as it is opened, with the event of it."""

    hospital_id: str
    id: str
    department_id: str
    release_at: datetime
    event_id: str
    lot: str

    @property
    def body(self) -> dict[str, object]:
        return {"department_id": self.department_id, "release_at": self.release_at, "lot": self.lot}


class NewPlace(msgspec.Struct, frozen=True):
    hospital_id: str
    id: str
    line_id: str
    patient_id: str
    account_id: str
    arrived_at: datetime
    rank: int


class LineStore:
    """On a connection of its own, apart from the batches'. `by` names this window in what it writes."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], by: str) -> None:
        self.connection = connection
        self.by = by

    async def open_lines(self, lines: Sequence[NewLine], now: datetime) -> None:
        """Those that nobody opened yet, each with its event."""
        said = [
            {"hospital_id": one.hospital_id, "id": one.id, "event_id": one.event_id, "body": one.body} for one in lines
        ]
        told = (LineOpened.operation, ACTOR, CHANNEL, now, self.by)
        await self.connection.execute(statements.OPEN_LINES, [now, _json(lines), *told, _json(said)])

    async def find_lines(self, lines: Sequence[Line]) -> dict[tuple[str, str, datetime], str]:
        """Their ids, by hospital, department and release."""
        asked = [
            uuids(one.hospital for one in lines),
            uuids(one.department for one in lines),
            [one.times.release_at for one in lines],
        ]
        rows = await self._all(statements.FIND_LINES, asked)
        return {(hospital, department, release_at): line_id for hospital, department, release_at, line_id in rows}

    async def join(self, places: Sequence[NewPlace], now: datetime) -> list[Place]:
        """The places that are new or new again. Who is not in the answer has one already, or may have none."""
        columns = [
            uuids(one.hospital_id for one in places),
            uuids(one.id for one in places),
            uuids(one.line_id for one in places),
            uuids(one.patient_id for one in places),
            uuids(one.account_id for one in places),
            [one.arrived_at for one in places],
            [one.rank for one in places],
        ]
        return [_place(row) for row in await self._all(statements.JOIN, [now, self.by, *columns])]

    async def find_places(self, places: Sequence[NewPlace]) -> list[Place]:
        asked = [
            uuids(one.hospital_id for one in places),
            uuids(one.line_id for one in places),
            uuids(one.patient_id for one in places),
        ]
        return [_place(row) for row in await self._all(statements.FIND_PLACES, asked)]

    async def leave(self, leaving: Sequence[tuple[str, str, str, str]], now: datetime) -> list[Place]:
        """Hospital, line, patient and account of each."""
        columns = [uuids(column) for column in zip(*leaving, strict=True)]
        return [_place(row) for row in await self._all(statements.LEAVE, [now, now, self.by, *columns])]

    async def let_in(
        self, lines: Sequence[Line], turn_ends: Sequence[datetime], now: datetime, most: int
    ) -> list[Place]:
        """The next of each line for whom there is a slot, at most so many in all. One transaction."""
        async with self.connection.transaction():
            locked = {one for (one,) in await self._all(statements.LOCK_LINES, _keys(lines))}
            mine = [(line, until) for line, until in zip(lines, turn_ends, strict=True) if line.id in locked]
            if not mine:
                return []
            left = dict(await self._all(statements.LEFT_OVER, [now, now, now, *_keys([line for line, _ in mine])]))
            counts = shared(most, [max(0, left[line.id]) for line, _ in mine])
            asked = [*_keys([line for line, _ in mine]), counts, [until for _, until in mine]]
            chosen = await self._all(statements.NEXT, asked)
            if not chosen:
                return []
            hospitals, ids, untils = zip(*chosen, strict=True)
            columns = [uuids(hospitals), uuids(ids), list(untils)]
            return [_place(row) for row in await self._all(statements.ADMIT, [now, now, self.by, *columns])]

    async def load(self) -> list[tuple[str, str, datetime, Place]]:
        return [_found(row) for row in await self._all(statements.LOAD, [])]

    async def changed(self, since: datetime) -> list[tuple[str, str, datetime, Place]]:
        """Hospital, department, release and place of each that another window wrote."""
        return [_found(row) for row in await self._all(statements.CHANGED, [since, self.by])]

    async def _all(self, statement: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        return await (await self.connection.execute(statement, values)).fetchall()


def shared(most: int, wanted: Sequence[int]) -> list[int]:
    """So many in all among lines that want so many each: nobody gets more than he wants, and none of two differs by
    more than one while both want more."""
    given = [0] * len(wanted)
    rest = most
    open_ = [n for n, want in enumerate(wanted) if want]
    while rest and open_:
        each = max(1, rest // len(open_))
        for n in open_:
            more = min(each, wanted[n] - given[n], rest)
            given[n] += more
            rest -= more
        open_ = [n for n in open_ if given[n] < wanted[n]]
    return given


def _keys(lines: Sequence[Line]) -> list[str]:
    return [uuids(line.hospital for line in lines), uuids(line.id for line in lines)]


def _json(values: Sequence[object]) -> str:
    return msgspec.json.encode(values).decode()


def _place(row: Sequence[Any]) -> Place:
    _, place, line, patient, rank, admitted_at, admitted_until, left_at = row
    # A hundred thousand rows name one line: it is one text.
    return Place(place, intern(line), patient, rank, admitted_at, admitted_until, left_at)


def _found(row: Sequence[Any]) -> tuple[str, str, datetime, Place]:
    department, release_at, *place = row
    return place[0], department, release_at, _place(place)
