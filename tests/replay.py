"""An independent replay of the waitlist: reads what happened, and says where the word was not kept.

It shares no code with the domain: events and rows go in, sentences come out. It walks through the events in the order
in which they were recorded and keeps its own account of who waits, what is kept and for whom. What it holds:

1. a slot that is freed while somebody waits is kept, and nobody else books it while it is;
2. a kept slot goes to the first in line who may have it: nobody before him, who was free and to whom it had not gone
   already, could have used it; a family gathers each slot once;
3. a family has all its slots or none;
4. nothing is let go that somebody in line could still have;
5. nothing is given twice, and in the end nothing is left over.

Two commands may overlap: a slot whose keeping was recorded just now may not have been visible yet to whoever took the
next turn. So a turn is judged by the slots that it gave, and by others only once they have been kept for `SEEN`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

SEEN = timedelta(seconds=3)
OWN = ("DECLINED", "LAPSED", "GATHERED")  # what ends a promise; all else passes by whose turn it would have been


@dataclass(frozen=True)
class Happened:
    """One event. `recorded` is the database's clock, `at` the city's."""

    operation: str
    subject: str
    from_state: str | None
    to_state: str | None
    body: dict[str, Any]
    at: datetime
    recorded: datetime


@dataclass
class Log:
    events: list[Happened]
    pools: dict[str, str]  # of slots that everybody may have, by slot
    closes: dict[str, datetime]  # the last moment of a session's line
    booked: list[tuple[str, str, str, bool]]  # booking, slot, key, live


@dataclass
class Waiter:
    entry: str
    people: int
    sessions: dict[str, tuple[datetime, str]]  # and the order in the line of each
    state: str = "waiting"
    where: str = ""  # the session in which slots are promised to it
    promised: set[str] = field(default_factory=set)


@dataclass
class Kept:
    kept: str
    slot: str
    session: str
    recorded: datetime
    waited: bool = False
    passed: set[str] = field(default_factory=set)  # entries
    holder: str = ""  # the entry that it is promised to
    end: str = ""

    @property
    def is_free(self) -> bool:
        return not self.end and not self.holder


def read_log() -> Log:
    """All that the database knows of it."""
    with connection.cursor() as cursor:

        def rows(sql: str) -> list[Any]:
            cursor.execute(sql)
            return cursor.fetchall()

        events = rows(
            "SELECT operation, subject_id::text, from_state, to_state, body, at, recorded_at FROM core_event"
            " WHERE operation LIKE 'waitlist.%' OR operation LIKE 'booking.%' ORDER BY recorded_at"
        )
        slots = rows("SELECT id::text, pool FROM schedule_slot WHERE pool IN ('online', 'phone') AND NOT is_extra")
        closes = rows("SELECT session_id::text, max(closes_at) FROM waitlist_choice GROUP BY 1")
        booked = rows("SELECT id::text, slot_id::text, key, live FROM booking_booking")
    return Log(
        [Happened(*row[:4], json.loads(row[4]) if isinstance(row[4], str) else row[4], *row[5:]) for row in events],
        dict(slots),
        dict(closes),
        booked,
    )


class Replay:
    def __init__(self, log: Log, seen: timedelta) -> None:
        self.log = log
        self.seen = seen
        self.faults: list[str] = []
        self.waiters: dict[str, Waiter] = {}
        self.kept: dict[str, Kept] = {}
        self.given: dict[str, str] = {}  # booking → kept
        self.key_of = {booking: key for booking, _, key, _ in log.booked}
        self.slot_of = {booking: slot for booking, slot, _, _ in log.booked}

    def run(self) -> list[str]:
        for event in self.log.events:
            name = event.operation.split(".")[1]
            step = getattr(self, f"_{name}", None)
            if step is not None:
                step(event)
        self._end()
        return self.faults

    # -- who waits -------------------------------------------------------------------------------------------------

    def _entry_joined(self, event: Happened) -> None:
        body = event.body
        order = (event.at, event.subject)
        self.waiters[event.subject] = Waiter(event.subject, body["people"], dict.fromkeys(body["sessions"], order))

    def _entry_altered(self, event: Happened) -> None:
        """It keeps its place where it stood, and stands last elsewhere."""
        waiter = self.waiters[event.subject]
        if waiter.promised:
            self._fault(event, f"{waiter.entry} is altered while slots are promised to it")
        new = dict.fromkeys(event.body["sessions"], (event.at, event.subject))
        waiter.sessions = {session: waiter.sessions.get(session, order) for session, order in new.items()}

    def _entry_withdrawn(self, event: Happened) -> None:
        self._leave(self.waiters[event.subject], event)

    def _entry_closed(self, event: Happened) -> None:
        self._leave(self.waiters[event.subject], event)

    def _choice_closed(self, event: Happened) -> None:
        waiter, session = self.waiters[event.subject], event.body["session_id"]
        waiter.sessions.pop(session, None)
        if waiter.where == session:
            self._release(waiter)
        if event.to_state == "closed":
            self._leave(waiter, event)

    def _leave(self, waiter: Waiter, event: Happened) -> None:
        self._release(waiter)
        waiter.state, waiter.sessions = event.to_state or "ended", {}

    def _release(self, waiter: Waiter) -> None:
        for kept in waiter.promised:
            self.kept[kept].holder = ""
        waiter.promised, waiter.where, waiter.state = set(), "", "waiting"

    # -- what is kept ----------------------------------------------------------------------------------------------

    def _slot_kept(self, event: Happened) -> None:
        slot, session = event.body["slot_id"], event.body["session_id"]
        if any(one.slot == slot and not one.end for one in self.kept.values()):
            self._fault(event, f"slot {slot} is kept twice at once")
        self.kept[event.subject] = Kept(event.subject, slot, session, event.recorded)

    def _slot_let_go(self, event: Happened) -> None:
        kept = self.kept[event.subject]
        if not kept.is_free:
            self._fault(event, f"{kept.kept} is let go while it is {kept.end or 'promised'}")
        is_closed = event.at >= self.log.closes.get(kept.session, event.at)
        for one in [] if is_closed else self._line(kept.session):
            is_busy = one.state == "offered" or (one.state == "gathering" and one.where != kept.session)
            may = one.entry not in kept.passed
            if may and (is_busy or self._could(one, kept.session, {kept.kept}, event)):
                self._fault(event, f"{kept.kept} is let go, though {one.entry} waits and may have it")
        kept.end = "let go"

    def _freed(self, event: Happened, session: str, slot: str) -> None:
        """A booking ended: while somebody waits its slot must be kept by now."""
        if slot not in self.log.pools or not self._line(session):
            return
        if not any(one.slot == slot and one.recorded <= event.recorded and not one.end for one in self.kept.values()):
            self._fault(event, f"slot {slot} went to the race while somebody waited")

    def _booking_cancelled(self, event: Happened) -> None:
        self._freed(event, event.body["session_id"], event.body["slot_id"])

    _hold_expired = _booking_cancelled

    def _booking_moved(self, event: Happened) -> None:
        self._freed(event, event.body["from_session_id"], event.body["from_slot_id"])
        self._taken(event)

    def _booking_confirmed(self, event: Happened) -> None:
        self._taken(event)

    _slot_held = _booking_confirmed

    def _taken(self, event: Happened) -> None:
        """Somebody books: unless the line gave it to him, his slot was in the race."""
        if self.key_of.get(event.subject, "").startswith("waitlist:"):
            return
        for one in self.kept.values():
            if one.slot == event.body["slot_id"] and not one.end:
                self._fault(event, f"slot {one.slot} was booked by another while it was kept")

    # -- turns -----------------------------------------------------------------------------------------------------

    def _slots_gathered(self, event: Happened) -> None:
        waiter = self._turn(event, event.body["kept"])
        if len(waiter.promised) + len(event.body["kept"]) >= waiter.people:
            self._fault(event, f"{waiter.entry} gathers though all its slots are there")
        self._promise(waiter, event, "gathering")

    def _offer_made(self, event: Happened) -> None:
        new = [one for one in event.body["kept"] if one not in self.waiters[event.subject].promised]
        waiter = self._turn(event, new)
        self._whole(event, waiter)
        self._promise(waiter, event, "offered")

    def _entry_booked(self, event: Happened) -> None:
        waiter, kept = self.waiters[event.subject], event.body["kept"]
        if waiter.state == "offered":
            if set(kept) != waiter.promised:
                self._fault(event, f"{waiter.entry} was offered other slots than it booked")
        else:
            self._turn(event, [one for one in kept if one not in waiter.promised])
        self._whole(event, waiter)
        for one, booking in zip(kept, event.body["bookings"], strict=False):
            found = self.kept[one]
            if found.end or found.holder not in ("", waiter.entry):
                self._fault(event, f"{one} is given twice")
            if self.slot_of.get(booking) not in (None, found.slot):
                self._fault(event, f"{booking} is not of the slot that was kept")
            found.end, found.holder = "given", ""
            waiter.promised.discard(one)
        self._leave(waiter, event)

    def _entry_passed(self, event: Happened) -> None:
        waiter, reason = self.waiters[event.subject], event.body["reason"]
        kept = [self.kept[one] for one in event.body["kept"]]
        if reason in OWN:
            if {one.kept for one in kept} != waiter.promised:
                self._fault(event, f"{waiter.entry} gives up other slots than it was promised")
        else:
            self._turn(event, [one.kept for one in kept if one.kept not in waiter.promised])
        if waiter.promised:
            self._release(waiter)
        for one in kept:
            one.passed.add(waiter.entry)
            one.waited |= reason == "GATHERED"
        if event.to_state not in ("waiting", "gathering", "offered"):
            self._leave(waiter, event)

    def _promise(self, waiter: Waiter, event: Happened, state: str) -> None:
        for one in event.body["kept"]:
            self.kept[one].holder = waiter.entry
            waiter.promised.add(one)
        waiter.state, waiter.where = state, event.body["session_id"]

    def _whole(self, event: Happened, waiter: Waiter) -> None:
        if len(event.body["kept"]) != waiter.people:
            self._fault(event, f"{waiter.entry} is {waiter.people} people and gets {len(event.body['kept'])} slots")

    def _turn(self, event: Happened, kept: Iterable[str]) -> Waiter:
        """It is this entry's turn with these slots: they are nobody's, and nobody who comes first could use them."""
        waiter, session, given = self.waiters[event.subject], event.body["session_id"], set(kept)
        if session not in waiter.sessions:
            self._fault(event, f"{waiter.entry} doesn't wait there")
        for one in given:
            found = self.kept[one]
            if not found.is_free or waiter.entry in found.passed:
                self._fault(
                    event, f"{one} is not free for {waiter.entry}: {found.end or found.holder or 'it was passed'}"
                )
        place = waiter.sessions.get(session, (event.at, waiter.entry))
        for one in self._line(session):
            if one.sessions[session] < place and self._could(one, session, given, event):
                self._fault(event, f"{one.entry} stands before {waiter.entry} and could use {sorted(given)}")
        return waiter

    def _line(self, session: str) -> list[Waiter]:
        return [one for one in self.waiters.values() if session in one.sessions]

    def _could(self, one: Waiter, session: str, given: set[str], event: Happened) -> bool:
        """Whether some of these slots could be used by one who is free: all that he needs, or the first of them."""
        if one.state == "offered" or (one.state == "gathering" and one.where != session):
            return False
        usable = [kept for kept in self.kept.values() if kept.session == session and kept.is_free]
        usable = [kept for kept in usable if one.entry not in kept.passed]
        usable = [kept for kept in usable if kept.kept in given or event.recorded - kept.recorded > self.seen]
        lacking = one.people - len(one.promised)
        mine = [kept for kept in usable if kept.kept in given]
        return bool(mine) and (len(usable) >= lacking or any(not kept.waited for kept in mine))

    # -- the end ---------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        for kept in self.kept.values():
            if not kept.end:
                self.faults.append(f"{kept.kept} is left over, promised to {kept.holder or 'nobody'}")
        taken: set[str] = set()
        for booking, slot, _, is_live in self.log.booked:
            if is_live and slot in taken:
                self.faults.append(f"slot {slot} is booked twice: {booking}")
            taken |= {slot} if is_live else set()

    def _fault(self, event: Happened, text: str) -> None:
        self.faults.append(f"{event.recorded:%H:%M:%S.%f} {event.operation}: {text}")


def replay(log: Log, *, seen: timedelta = SEEN) -> list[str]:
    """The faults that it finds, in order. `seen`: none where one thing happened after the other."""
    return Replay(log, seen).run()
