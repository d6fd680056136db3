"""Who tried for a slot at the window and who got one, counted in memory and written once a minute (R-213).

A row for each refusal would cost the window more than the refusal. So a person counts once for a hospital and a day: as
one who tried when he came into a line, first got a slot or first heard that none was left, and as one who got one at
the first that he got. What else refuses him (a limit, a stop, a pass that ran out) is no race for slots, and counts for
nobody.

It is no truth to rely on: a process that ends loses its last minute and forgets whom it has counted, and a person whose
claims of one day go to two windows counts at each.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec
import psycopg
import structlog

from yitong.core import clock
from yitong.core.clock import day_bounds, shanghai_date
from yitong.core.ids import new_ids
from yitong.counter import statements
from yitong.counter.asks import Ask
from yitong.counter.picture import Known
from yitong.counter.store import connect
from yitong.counter.wishes import Answer, Holder
from yitong.domains.booking.errors import PoolExhausted, SlotTaken
from yitong.domains.fairness.contracts import RUSH_ATTEMPTS, Way

EVERY_S = 60.0
MOST = 1_000_000  # people of a day; then new ones count no more
WITHOUT_SLOT = (SlotTaken, PoolExhausted)
NEVER = datetime.min.replace(tzinfo=UTC)

log = structlog.get_logger("yitong.counter")


class Cell(NamedTuple):
    """Who counts together. In this order they are written, so that two windows don't wait for each other."""

    hospital: str
    day: str
    channel: str
    way: str
    band: str


class Counts(msgspec.Struct, gc=False):
    tried: int = 0  # people
    got: int = 0  # of them
    attempts: int = 0  # claims


class Person(msgspec.Struct, gc=False):
    """Whom the day has seen already, where he was counted, and whether he got a slot."""

    cell: Cell
    has_got: bool


class Tally:
    """One window's. Everything but `write` is in memory and takes a microsecond or two."""

    def __init__(self) -> None:
        self._ends = NEVER  # of the day that is counted
        self._day = ""
        self._people: dict[tuple[str, str], Person] = {}  # by hospital and patient
        self._counts: dict[Cell, Counts] = {}
        self._refused: Counter[str] = Counter()  # by account, within the minute

    def stand(self, hospital: str, holder: Holder, patients: Sequence[str], now: datetime, *, is_form: bool) -> None:
        """These have come into a line: they try, whether or not it is ever their turn to claim."""
        if now >= self._ends:
            self._begin(now)
        for patient in patients:
            if (hospital, patient) not in self._people:
                self._meet((hospital, patient), holder, is_form=is_form)

    def note(
        self,
        ask: Ask,
        holder: Holder | None,
        outcome: Answer,
        now: datetime,
        *,
        is_form: bool,
        has_stood: Callable[[Ask, datetime], bool] = lambda ask, now: False,
    ) -> None:
        """One claim and what became of it. Of who shows no pass nothing is known. `has_stood`: whether who claims came
        into a line today, and so was counted there, perhaps by another window."""
        if holder is None:
            return
        is_got = isinstance(outcome, Known)
        if not is_got:
            self._refused[holder.account_id] += 1
            if not isinstance(outcome, WITHOUT_SLOT):
                return
        if now >= self._ends:
            self._begin(now)
        who = (ask.hospital_id, ask.patient_id)
        person = self._people.get(who)
        if person is None:
            person = self._meet(who, holder, is_form=is_form, is_counted=has_stood(ask, now))
            if person is None:
                return
        counts = self._counts.get(person.cell)
        if counts is None:  # written a moment ago
            counts = self._counts[person.cell] = Counts()
        counts.attempts += 1
        if is_got and not person.has_got:
            person.has_got = True
            counts.got += 1

    def _begin(self, now: datetime) -> None:
        """Another day: everybody is new. What of the last is not written yet keeps its day."""
        day = shanghai_date(now)
        self._ends, self._day = day_bounds(day)[1], day.isoformat()
        self._people.clear()

    def _meet(self, who: tuple[str, str], holder: Holder, *, is_form: bool, is_counted: bool = False) -> Person | None:
        member = holder.member(who[1])
        if member is None or not member.band or len(self._people) >= MOST:
            return None
        way = Way.PROGRAM if holder.key_id is not None else Way.FORM if is_form else Way.SCRIPT
        cell = Cell(who[0], self._day, holder.channel, way.value, member.band)
        self._counts.setdefault(cell, Counts()).tried += not is_counted
        person = self._people[who] = Person(cell, has_got=False)
        return person

    async def run(self, url: Callable[[], str]) -> None:
        """Writes what was counted, minute after minute, on a connection of a moment."""
        while True:
            await asyncio.sleep(EVERY_S)
            with suppress(OSError):  # no database was started yet: it is told with the next minute's
                await self.write(url(), clock.now())

    async def write(self, url: str, now: datetime) -> None:
        """Adds the last minute to the tables; where that fails it is added to the next one."""
        counts, self._counts = self._counts, {}
        rushed = {account: n for account, n in self._refused.items() if n >= RUSH_ATTEMPTS}
        self._refused.clear()
        if not counts and not rushed:
            return
        try:
            async with await connect(url, name="yitong counter counting") as connection, connection.transaction():
                for statement in (statements.MEET_CELLS, statements.ADD_TRIED):
                    await connection.execute(statement, _columns(counts))
                accounts = [UUID(account) for account in sorted(rushed)]
                attempts = [rushed[str(account)] for account in accounts]
                await connection.execute(statements.ADD_RUSHES, [accounts, attempts, now])
        except (psycopg.Error, OSError) as error:
            log.warning("counter.tally_waits", error=type(error).__name__)
            for cell, one in counts.items():
                kept = self._counts.setdefault(cell, Counts())
                kept.tried, kept.got = kept.tried + one.tried, kept.got + one.got
                kept.attempts += one.attempts


def _columns(counts: Mapping[Cell, Counts]) -> list[list[str] | list[int]]:
    """As `statements.MEET_CELLS` and `ADD_TRIED` take them."""
    rows = sorted(counts.items())
    hospital, *cell = [list(column) for column in zip(*(cell for cell, _ in rows), strict=True)] or [
        [] for _ in Cell._fields
    ]
    people = [[n.tried for _, n in rows], [n.got for _, n in rows], [n.attempts for _, n in rows]]
    return [hospital, new_ids(len(rows)), *cell, *people]
