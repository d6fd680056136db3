"""The protocol of a claim, model-checked: windows, feeds and a desk in every order that the machine can think of.

Each example is a city with few slots and few people. The machine chooses who asks for what under which key, which of
the windows' connections goes on by how many requests, who loses his connection or his notices, who dies, who waits too
long, what the desk books, cancels, moves and stops, and how time passes. Whatever it chose: no slot twice and nobody
over a limit, nothing told that is not so, the same answer for the same key, an answer for every wish, and a slot that
is free in the database is free at each window once it has looked. `YITONG_LONG=1` tries for minutes.
"""

import os
from datetime import time, timedelta
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from tests import clinic as build
from tests import make, windows
from tests.faults.protocol.cast import Call, City, Window
from tests.faults.protocol.facts import Row
from tests.faults.protocol.stage import Stage

from yitong.core.actor import Actor
from yitong.domains.booking.commands import change, sweep
from yitong.domains.booking.contracts import CancelBooking, MoveBooking, Near
from yitong.domains.schedule.commands.sessions import stop_session
from yitong.domains.schedule.contracts import StopReason, StopSession

LONG = bool(os.environ.get("YITONG_LONG"))
EXAMPLES, STEPS = (400, 60) if LONG else (8, 30)
WINDOWS = 2
MOST_WINDOWS = 6  # with those that were killed
SYSTEM = Actor.system("test")

few = st.integers(0, 5)
chance = st.integers(0, 9)


def make_city() -> City:
    """Two departments at once and the next day, and another hospital in the afternoon."""
    first = build.clinic(slots=3)
    here = first.hospital_id
    days = [build.DAY + timedelta(days=n) for n in range(3)]
    places = [
        first,
        build.clinic(slots=2, hospital_id=here),
        build.clinic(slots=2, at=time(14, 0)),
        build.clinic(slots=2, hospital_id=here, department_id=first.department_id, day=days[1]),
        build.clinic(slots=1, hospital_id=here, department_id=first.department_id, day=days[2]),
    ]
    return City(places, [windows.holder(patients=2), windows.holder(), windows.holder()])


class Protocol(RuleBasedStateMachine):
    city: City  # these are set by the test
    observer: psycopg.Connection
    folder: Path
    examples = 0

    @initialize()
    def begin(self) -> None:
        self.patch = pytest.MonkeyPatch()
        type(self).examples += 1
        folder = self.folder / str(self.examples)
        folder.mkdir()
        self.stage = Stage(self.city, self.observer, folder, self.patch)
        self.keys = 0
        for _ in range(WINDOWS):
            self.stage.open_window()
        self.stage.settle()

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        try:
            self.stage.settle()
            self._repeat_all()
        finally:
            self.stage.close()
            self.patch.undo()

    # -- asking --------------------------------------------------------------------------------------------------------

    def _key(self) -> str:
        self.keys += 1
        return f"key-{self.keys:04d}"

    def _window(self, n: int) -> Window:
        alive = self.stage.alive()
        return alive[n % len(alive)]

    def _wish(self, person: int, place: int, n: int, near: int, key: str = "") -> Call:
        who, patient = self.city.people[person % len(self.city.people)]
        at = self.city.places[place % len(self.city.places)]
        kinds = (Near.SLOT, Near.SESSION, Near.WINDOW, Near.SESSION)
        return Call(who, patient, at, n % len(at.slots), kinds[near % len(kinds)], key or self._key(), 0, 0)

    @rule(window=few, person=few, place=few, n=few, near=few)
    def ask(self, window: int, person: int, place: int, n: int, near: int) -> None:
        self.stage.ask(self._window(window), self._wish(person, place, n, near))

    @rule(window=few, place=few, n=few, near=few)
    def all_ask(self, window: int, place: int, n: int, near: int) -> None:
        """Everybody at once."""
        wishes = [self._wish(person, place, n, near) for person in range(len(self.city.people))]
        self.stage.ask(self._window(window), *wishes)

    def _again(self, which: int) -> Call:
        first = self.stage.calls[-1 - which % len(self.stage.calls)]
        return Call(first.who, first.patient, first.place, first.n, first.near, first.key, 0, 0)

    @precondition(lambda self: self.stage.calls)
    @rule(window=few, which=few)
    def ask_again(self, window: int, which: int) -> None:
        """With the same key, whether the first was answered or not."""
        self.stage.ask(self._window(window), self._again(which))

    @precondition(lambda self: self.stage.calls)
    @rule(window=few, which=few, n=few)
    def ask_something_else_under_the_same_key(self, window: int, which: int, n: int) -> None:
        call = self._again(which)
        call.n, call.near = n % len(call.place.slots), Near.SLOT
        self.stage.ask(self._window(window), call)

    # -- whose turn it is ----------------------------------------------------------------------------------------------

    @rule(which=few, steps=st.integers(1, 20))
    def go(self, which: int, steps: int) -> None:
        links = self.stage.ready_links()
        if links:
            self.stage.go(links[which % len(links)], steps)
            self.stage.look()

    @rule(which=few)
    def go_without_answer(self, which: int) -> None:
        links = self.stage.ready_links()
        if links:
            self.stage.go_without_answer(links[which % len(links)])
            self.stage.look()

    @rule(window=few)
    def poll(self, window: int) -> None:
        self.stage.poll(self._window(window))

    @rule(window=few)
    def lose_notices(self, window: int) -> None:
        self.stage.wire.deaf ^= {self._window(window).number}

    @rule(minutes=st.sampled_from([1, 11, 61]))
    def time_passes(self, minutes: int) -> None:
        self.stage.now += timedelta(minutes=minutes)
        self.stage.look()

    @rule()
    def wait_too_long(self) -> None:
        self.stage.time_out()
        self.stage.look()

    @rule()
    def settle(self) -> None:
        self.stage.settle()

    # -- what is lost --------------------------------------------------------------------------------------------------

    @rule(which=few)
    def lose_a_connection(self, which: int) -> None:
        links = [link for link in self.stage.wire.alive() if link.is_made]
        if links:
            self.stage.cut(links[which % len(links)])
            self.stage.look()

    @precondition(lambda self: len(self.stage.windows) < MOST_WINDOWS)
    @rule(window=few)
    def kill_a_window(self, window: int) -> None:
        self.stage.kill(self._window(window))
        self.stage.look()
        self.stage.open_window()

    # -- the desk ------------------------------------------------------------------------------------------------------

    def is_free(self) -> bool:
        return self.stage.desk.work is None

    def _live(self, which: int) -> Row | None:
        live = self.stage.history[-1].live
        return live[which % len(live)] if live else None

    @precondition(is_free)
    @rule(person=few, place=few, n=few, near=few, waits=st.booleans())
    def desk_books(self, person: int, place: int, n: int, near: int, waits: bool) -> None:
        self.stage.ask_desk(self._wish(person, place, n, near), hold=waits)

    @precondition(lambda self: self.stage.calls and self.is_free())
    @rule(which=few, waits=st.booleans())
    def desk_is_asked_again(self, which: int, waits: bool) -> None:
        """The page without the window, under the key that was sent to the window."""
        self.stage.ask_desk(self._again(which), hold=waits)

    @precondition(is_free)
    @rule(which=few, waits=st.booleans())
    def desk_cancels(self, which: int, waits: bool) -> None:
        row, now = self._live(which), self.stage.now
        if row is not None:
            cmd, actor = CancelBooking(self._key(), row.hospital_id, row.booking_id), self._holder_of(row)
            self.stage.begin_desk(lambda: change.cancel_booking(cmd, actor=actor, now=now), hold=waits)

    @precondition(is_free)
    @rule(which=few, place=few, n=few, waits=st.booleans())
    def desk_moves(self, which: int, place: int, n: int, waits: bool) -> None:
        row, now = self._live(which), self.stage.now
        there = [one for one in self.city.places if row is not None and one.hospital_id == row.hospital_id]
        if row is not None:
            to = there[place % len(there)]
            cmd = MoveBooking(self._key(), row.hospital_id, row.booking_id, to.slot(n % len(to.slots)))
            actor = self._holder_of(row)
            self.stage.begin_desk(lambda: change.move_booking(cmd, actor=actor, now=now), hold=waits)

    @precondition(is_free)
    @rule(place=few, unless=chance, waits=st.booleans())
    def desk_stops_a_session(self, place: int, unless: int, waits: bool) -> None:
        at, now = self.city.places[place % len(self.city.places)], self.stage.now
        if unless < 3 and at.session_id not in self.stage.history[-1].stopped:
            cmd = StopSession(self._key(), at.hospital_id, at.session_id, StopReason.LEAVE)
            manager = make.staff_actor("roster_manager", hospital_id=at.hospital_id)
            self.stage.begin_desk(lambda: stop_session(cmd, actor=manager, now=now), hold=waits)

    @precondition(is_free)
    @rule(place=few, waits=st.booleans())
    def bookings_of_a_stopped_session_end(self, place: int, waits: bool) -> None:
        at, now = self.city.places[place % len(self.city.places)], self.stage.now
        if at.session_id in self.stage.history[-1].stopped:
            ids = at.hospital_id, at.session_id
            self.stage.begin_desk(lambda: sweep.stop_bookings(*ids, reason="leave", actor=SYSTEM, now=now), hold=waits)

    @precondition(lambda self: self.stage.desk.is_at_gate)
    @rule(dies=chance)
    def desk_goes_on(self, dies: int) -> None:
        self.stage.go_desk(dies=dies == 0)

    def _holder_of(self, row: Row) -> Actor:
        return next(one.actor for one in self.city.holders if row.patient_id in one.patients)

    # -- in the end ----------------------------------------------------------------------------------------------------

    def _repeat_all(self) -> None:
        """Whoever was told a booking hears of the same one again, at each window."""
        told = [
            call for call in self.stage.calls if (call.actor, call.place.hospital_id, call.key) in self.stage.judge.told
        ]
        for call in told:
            for window in self.stage.alive():
                self.stage.ask(window, Call(call.who, call.patient, call.place, call.n, call.near, call.key, 0, 0))
        self.stage.settle()


@pytest.fixture
def city(committed_db: None) -> City:
    return make_city()


@pytest.mark.rule("R-005")
@pytest.mark.rule("R-016")
@pytest.mark.rule("R-017")
@pytest.mark.rule("R-018")
@pytest.mark.rule("R-046")
@pytest.mark.slow
@pytest.mark.timeout(3600 if LONG else 900)
def test_whatever_happens_in_whatever_order_the_protocol_holds(
    city: City, observer: psycopg.Connection, tmp_path: Path
) -> None:
    Protocol.city, Protocol.observer, Protocol.folder = city, observer, tmp_path
    run_state_machine_as_test(
        Protocol,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
