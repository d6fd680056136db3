"""Faults that are planted in the protocol, each found: what a check can't find it does not check.

Each fault has a schedule in which it shows, and nothing is wrong where the same is played without it. The machine of
`test_protocol`, which knows no schedule, finds one of them here too, and with `YITONG_LONG=1` some more.
"""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests import make
from tests.faults.protocol.cast import Broken, Call, City, Window
from tests.faults.protocol.stage import Stage
from tests.faults.protocol.test_protocol import Protocol, make_city
from tests.faults.protocol.wire import Link

from yitong.core.errors import Busy
from yitong.counter import feed, picture, statements
from yitong.counter.batch import Batches
from yitong.counter.clinics import Instant
from yitong.counter.door import Door
from yitong.counter.picture import Board, Key, Known, Picture, Proposed
from yitong.counter.queue import tell_all
from yitong.counter.store import Claimed, Store
from yitong.domains.booking.commands import change, claim
from yitong.domains.booking.contracts import CancelBooking, HoldSlot, MoveBooking, Near
from yitong.domains.schedule.commands.sessions import stop_session
from yitong.domains.schedule.contracts import StopReason, StopSession

LONG = bool(os.environ.get("YITONG_LONG"))
AN_HOUR = timedelta(minutes=61)  # whatever was freed is back by then
# Those that the machine finds within minutes without a schedule; the others it meets too seldom to wait for.
BY_MACHINE = [
    "a booking's key is forgotten",
    "a booking is told before its commit",
    "slots are not looked at again after the insert",
]
ALONE = 4  # the place with one slot only

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600 if LONG else 900)]


# -- what a schedule says ----------------------------------------------------------------------------------------------


@dataclass
class Scene:
    """Two windows that have seen everything, and words for what happens."""

    stage: Stage

    def __post_init__(self) -> None:
        for _ in range(2):
            self.stage.open_window()
        self.stage.settle()
        self.first, self.second = self.stage.windows

    def wish(self, person: int, place: int, n: int = 0, *, key: str = "", near: Near = Near.SLOT) -> Call:
        who, patient = self.stage.city.people[person]
        key = key or f"key-{len(self.stage.calls):04d}"
        return Call(who, patient, self.stage.city.places[place], n, near, key, 0, 0)

    def ask(self, window: Window, *calls: Call) -> None:
        self.stage.ask(window, *calls)

    def link(self, window: Window, name: str = "yitong counter") -> Link:
        """The connection of that name which waits for its turn."""
        return next(one for one in self.stage.links(window) if one.name == name and (one.waits or one.withheld))

    def up_to_the_commit(self, window: Window) -> Link:
        link = self.link(window)
        while b"COMMIT" not in link.waits[0]:
            self.stage.go(link)
        return link

    def run(self, window: Window) -> None:
        """Whatever it is about, until it has nothing to ask or waits for a lock."""
        while links := [one for one in self.stage.ready_links() if one.window == window.number]:
            for link in links:
                self.stage.go(link)
        self.stage.look()

    def look(self, window: Window) -> None:
        self.stage.poll(window)
        self.run(window)

    def book(self, window: Window, call: Call) -> None:
        self.ask(window, call)
        self.run(window)

    def desk(self, work: Callable[[], object], *, hold: bool = False) -> None:
        self.stage.begin_desk(work, hold=hold)

    def desk_books(self, person: int, place: int, n: int = 0) -> None:
        call = self.wish(person, place, n)
        cmd = HoldSlot("desk-0001", call.place.hospital_id, call.place.slot(n), call.patient_id)
        self.desk(partial(claim.hold_slot, cmd, actor=call.who.actor, now=self.stage.now))

    def desk_cancels(self, *, hold: bool = False) -> None:
        """The one booking that lives."""
        (row,) = self.stage.history[-1].live
        actor = next(one.actor for one in self.stage.city.holders if row.patient_id in one.patients)
        cmd = CancelBooking("cancel-0001", row.hospital_id, row.booking_id)
        self.desk(partial(change.cancel_booking, cmd, actor=actor, now=self.stage.now), hold=hold)

    def desk_moves(self, place: int, n: int) -> None:
        """The one booking that lives, to slot `n` there."""
        (row,) = self.stage.history[-1].live
        actor = next(one.actor for one in self.stage.city.holders if row.patient_id in one.patients)
        to = self.stage.city.places[place].slot(n)
        cmd = MoveBooking("move-0001", row.hospital_id, row.booking_id, to)
        self.desk(partial(change.move_booking, cmd, actor=actor, now=self.stage.now))

    def desk_stops(self, place: int) -> None:
        at = self.stage.city.places[place]
        cmd = StopSession("stop-0001", at.hospital_id, at.session_id, StopReason.LEAVE)
        manager = make.staff_actor("roster_manager", hospital_id=at.hospital_id)
        self.desk(partial(stop_session, cmd, actor=manager, now=self.stage.now))

    def an_hour_later(self) -> None:
        self.stage.now += AN_HOUR
        self.stage.look()


Plant = Callable[[pytest.MonkeyPatch], None]
Schedule = Callable[[Scene], None]
FAULTS: dict[str, tuple[Plant, Schedule]] = {}


def planted(name: str, schedule: Schedule) -> Callable[[Plant], Plant]:
    def register(plant: Plant) -> Plant:
        FAULTS[name] = plant, schedule
        return plant

    return register


def without(patch: pytest.MonkeyPatch, name: str, text: str, instead: str = "") -> None:
    """A statement without these words, which it must have had."""
    statement = getattr(statements, name)
    assert statement.count(text) == 1
    patch.setattr(statements, name, statement.replace(text, instead))


# -- the faults, each with the schedule that shows it ------------------------------------------------------------------


def booked_and_lost(scene: Scene) -> None:
    """Told before its commit, which never comes."""
    scene.ask(scene.first, scene.wish(0, 0))
    link = scene.up_to_the_commit(scene.first)
    scene.stage.look()
    scene.stage.cut(link)


@planted("a booking is told before its commit", booked_and_lost)
def told_early(patch: pytest.MonkeyPatch) -> None:
    write = Store.write

    async def write_and_tell(self: Store, claims: Sequence[Claimed], at: Instant) -> Any:
        found = await write(self, claims, at)
        for one in claims:
            tell_all(one.wish.tellers, one.known)
            one.wish.tellers = []
        return found

    patch.setattr(Store, "write", write_and_tell)


def lost_after_the_commit(scene: Scene) -> None:
    """The commit was done, its word is lost: he who asks again hears of his booking, and others of no free slot."""
    scene.ask(scene.first, scene.wish(0, ALONE, key="key-lost"))
    link = scene.up_to_the_commit(scene.first)
    scene.stage.go_without_answer(link)
    scene.stage.cut(link)
    scene.run(scene.first)
    scene.book(scene.first, scene.wish(0, ALONE, key="key-lost"))


@planted("after a loss the old picture is believed", lost_after_the_commit)
def picture_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Picture, "clear", lambda self: None)


def freed_under_the_insert(scene: Scene) -> None:
    """The slot looks free to the INSERT before its return was read."""
    scene.desk_books(0, ALONE)
    scene.desk_cancels(hold=True)
    scene.stage.wire.deaf.add(scene.first.number)
    scene.ask(scene.first, scene.wish(2, ALONE))
    scene.run(scene.first)
    scene.stage.go_desk()
    scene.run(scene.first)


@planted("slots are not looked at again after the insert", freed_under_the_insert)
def slots_unseen(patch: pytest.MonkeyPatch) -> None:
    without(patch, "FINISH", "s.reopens_at > $1 OR", "s.reopens_at > $1 AND false OR")


def stopped_before_the_commit(scene: Scene) -> None:
    scene.ask(scene.first, scene.wish(0, 0))
    scene.up_to_the_commit(scene.first)
    scene.desk_stops(0)
    scene.run(scene.first)


@planted("sessions are read without their locks", stopped_before_the_commit)
def sessions_unlocked(patch: pytest.MonkeyPatch) -> None:
    without(patch, "SHARE_SESSIONS", " FOR SHARE OF s")


def stopped_unheard(scene: Scene) -> None:
    scene.stage.wire.deaf.add(scene.first.number)
    scene.desk_stops(0)
    scene.book(scene.first, scene.wish(0, 0))


@planted("sessions are believed as they were read once", stopped_unheard)
def sessions_remembered(patch: pytest.MonkeyPatch) -> None:
    async def nothing(self: Store, boards: Collection[Board]) -> dict[Any, Any]:
        return {}

    patch.setattr(Store, "sessions", nothing)


def seen_between_record_and_commit(scene: Scene) -> None:
    """The event was recorded before a look, and is visible after it."""
    scene.book(scene.first, scene.wish(0, ALONE))
    scene.look(scene.second)
    scene.desk_cancels(hold=True)
    for window in scene.stage.windows:
        scene.look(window)
    scene.stage.go_desk()
    scene.an_hour_later()


@planted("a look reaches back to the last one only", seen_between_record_and_commit)
def no_look_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(feed, "LOOK_BACK_S", 0.0)


def ended_before_it_was_heard_of(scene: Scene) -> None:
    """Committed, cancelled, and that seen by the feed; then the word of the commit arrives."""
    scene.ask(scene.first, scene.wish(0, ALONE))
    link = scene.up_to_the_commit(scene.first)
    scene.stage.go_without_answer(link)
    scene.stage.look()
    scene.desk_cancels()
    scene.stage.poll(scene.first)
    while any(one.name.endswith("asking") and one.waits for one in scene.stage.links(scene.first)):
        scene.stage.go(scene.link(scene.first, "yitong counter asking"))
    scene.run(scene.first)
    scene.an_hour_later()


@planted("what a batch and a reading cross is not read again", ended_before_it_was_heard_of)
def crossed_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Picture, "take_crossed", lambda self: set())


def asked_twice(scene: Scene) -> None:
    scene.book(scene.first, scene.wish(0, ALONE, key="key-same"))
    scene.book(scene.first, scene.wish(0, ALONE, key="key-same"))


@planted("a booking's key is forgotten", asked_twice)
def keys_forgotten(patch: pytest.MonkeyPatch) -> None:
    add = Picture.add

    def add_and_forget(self: Picture, board: Board, known: Known) -> None:
        add(self, board, known)
        self.known.clear()

    patch.setattr(Picture, "add", add_and_forget)


def moved_unheard(scene: Scene) -> None:
    """The desk moves the booking, the window has not heard of it, and he who booked it asks once more."""
    scene.book(scene.first, scene.wish(0, 0, key="key-same"))
    scene.stage.wire.deaf.add(scene.first.number)
    scene.desk_moves(0, 1)
    scene.book(scene.first, scene.wish(0, 0, key="key-same"))


@planted("a repeat is told what was booked once", moved_unheard)
def told_from_memory(patch: pytest.MonkeyPatch) -> None:
    def ask(self: Door, key: Any, tell: Any) -> None:
        tell(self.picture.known[key])

    patch.setattr(Door, "_again", ask)


def asked_at_both(scene: Scene) -> None:
    """The same key at the other window, which has not heard of the first."""
    scene.stage.wire.deaf.add(scene.second.number)
    for window in (scene.first, scene.second):
        scene.book(window, scene.wish(0, 0, key="key-same"))


@planted("nobody asks whether a refused key was used", asked_at_both)
def keys_not_asked(patch: pytest.MonkeyPatch) -> None:
    async def nothing(self: Store, keys: Iterable[Key]) -> dict[Key, Known]:
        return {}

    patch.setattr(Store, "by_key", nothing)


def freed_again(scene: Scene) -> None:
    scene.book(scene.first, scene.wish(0, ALONE))
    scene.desk_cancels()
    scene.an_hour_later()


@planted("what was proposed stays so", freed_again)
def proposed_for_ever(patch: pytest.MonkeyPatch) -> None:
    class Sticky(Proposed):
        __slots__ = ("kept",)

        def __init__(self) -> None:
            self.kept = 0

        @property  # type: ignore[override]
        def mask(self) -> int:
            return self.kept

        @mask.setter
        def mask(self, mask: int) -> None:
            self.kept |= mask

    patch.setattr(picture, "Proposed", Sticky)


def two_windows_for_one(scene: Scene) -> None:
    """One patient, two visits on a day that don't meet: both windows count his days."""
    scene.ask(scene.first, scene.wish(0, 0))
    scene.up_to_the_commit(scene.first)
    scene.ask(scene.second, scene.wish(0, 2))
    scene.run(scene.second)
    scene.run(scene.first)
    scene.run(scene.second)


@planted("the limits are read without their lock", two_windows_for_one)
def limits_unlocked(patch: pytest.MonkeyPatch) -> None:
    without(patch, "LOCK_WISHES", " FOR UPDATE OF l")


def broken_twice(scene: Scene) -> None:
    """Somebody else took what was proposed: the wish must have its answer, whatever becomes of its batch."""
    scene.stage.wire.deaf.add(scene.first.number)
    scene.desk_books(2, 0)
    scene.ask(scene.first, scene.wish(0, 0, near=Near.SESSION))
    scene.run(scene.first)


@planted("a broken batch is dropped", broken_twice)
def batch_dropped(patch: pytest.MonkeyPatch) -> None:
    async def settle_once(self: Batches, store: Store, batch: list[Any]) -> Any:
        try:
            return await self._once(store, batch)
        except psycopg.Error:
            return True

    patch.setattr(Batches, "_settle", settle_once)


def lost_and_told(scene: Scene) -> None:
    """Nobody knows what became of the batch: with the same key its booking is found."""
    scene.ask(scene.first, scene.wish(0, 0, key="key-lost"))
    link = scene.up_to_the_commit(scene.first)
    scene.stage.go_without_answer(link)
    scene.stage.look()
    scene.stage.cut(link)
    scene.stage.look()


@planted("a lost batch is told as refused", lost_and_told)
def loss_is_refusal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Busy, "code", "SLOT_TAKEN")


# -- each is found -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def city(committed_for_module: None) -> City:
    """One for all: each stage begins by putting it back as it was made."""
    return make_city()


@pytest.fixture
def scene(
    city: City, observer: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Scene]]:
    stages: list[Stage] = []

    def made() -> Scene:
        folder = tmp_path / str(len(stages))
        folder.mkdir()
        stages.append(Stage(city, observer, folder, monkeypatch))
        return Scene(stages[-1])

    yield made
    for stage in stages:
        stage.close()


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_and_nothing_is_wrong_without_it(
    scene: Callable[[], Scene], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    plant, schedule = FAULTS[name]

    def play() -> None:
        played = scene()
        schedule(played)
        played.stage.settle()

    play()
    with monkeypatch.context() as patch:
        plant(patch)
        with pytest.raises(Broken):
            play()


@pytest.mark.parametrize("name", BY_MACHINE if LONG else BY_MACHINE[:1])
def test_the_machine_finds_it_by_itself(
    city: City, observer: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    Protocol.city, Protocol.observer, Protocol.folder = city, observer, tmp_path
    FAULTS[name][0](monkeypatch)
    with pytest.raises(Broken):
        run_state_machine_as_test(
            Protocol,
            settings=settings(
                max_examples=300,
                stateful_step_count=60,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
