"""The waitlist's word under a crowd: cancellations, preferences, decliners, sleepers and families, while others book.

What happened is then replayed by other code (`tests/replay.py`), which was seen to catch each fault that is planted.
`YITONG_LONG=1`: 1,000 cancellations against 5,000 entries.
"""

import os
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connections
from tests import clinic as build
from tests import lines, make
from tests.clinic import NOW
from tests.replay import Log, read_log, replay

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import relay
from yitong.core.errors import Refusal
from yitong.domains.booking import models as bookings
from yitong.domains.booking.commands import change, claim
from yitong.domains.booking.commands import kept as keeping
from yitong.domains.booking.contracts import CancelBooking, HoldSlot, Near
from yitong.domains.waitlist import jobs, models, queries, rules
from yitong.domains.waitlist.commands import answering, joining, offers
from yitong.domains.waitlist.contracts import Accept, Decline, Join, Mode, Withdraw

pytestmark = pytest.mark.rule("R-017")
LONG = os.environ.get("YITONG_LONG") == "1"
CANCELS, ENTRIES, SESSIONS, SLOTS = (1000, 5000, 60, 40) if LONG else (60, 300, 8, 16)
WEB = Actor("system", "test", "web")


@dataclass
class City:
    """Sold-out sessions, those who wait, and a clock that a test moves for all threads at once."""

    full: list[lines.SoldOut]
    chance: random.Random
    holders: list[tuple[Actor, str]] = field(default_factory=list)  # and what he is: taker, decliner, sleeper, leaver
    now: datetime = NOW
    done: threading.Event = field(default_factory=threading.Event)
    strays: list[BaseException] = field(default_factory=list)

    def join_all(self, entries: int) -> None:
        """One after the other; a fifth are families, half want to be asked, many name more than one session."""
        for n in range(entries):
            actor, patient = build.holder()
            patients = [patient, *lines.family(actor, self.chance.choice((0, 0, 0, 0, 1, 2) if n % 5 == 0 else (0,)))]
            wanted = self.chance.sample(self.full, k=self.chance.choice((1, 1, 2, 3)))
            mode = self.chance.choice((Mode.AT_ONCE, Mode.ASK))
            keys = tuple(one.key for one in wanted)
            joining.join_waitlist(Join(f"join{make.number()}", tuple(patients), keys, mode), actor=actor, now=self.now)
            self.now += timedelta(seconds=1)
            self.holders.append(
                (actor, self.chance.choice(("taker", "taker", "taker", "decliner", "sleeper", "leaver")))
            )

    def run(self, cancels: int) -> None:
        """All at once: those who cancel, who answer, who leave, who book what is free; the relay and the sweeps."""
        doings: list[Callable[[random.Random], None]] = [
            self._answer, self._answer, self._leave, self._book, self._book, self._relay, self._sweep,
        ]  # fmt: skip
        with ThreadPoolExecutor(len(doings) + 2) as threads:
            running = [threads.submit(self._repeat, doing, seed) for seed, doing in enumerate(doings)]
            halves = [threads.submit(self._cancel_many, cancels // 2, seed) for seed in (101, 102)]
            for half in halves:
                half.result()
            self.done.set()
            for one in running:
                one.result()
        self.settle()

    def settle(self) -> None:
        """Time goes on until every line is closed."""
        for _ in range(200):
            with clock.frozen(self.now):
                while relay.drain(everything=True):
                    pass
                jobs.end_offers(0)
                jobs.serve_kept(0)
                jobs.close_choices(0)
            if not models.WaitlistEntry.objects.filter(live=True).exists():
                break
            self.now += timedelta(minutes=30)
        with clock.frozen(self.now):
            while relay.drain(everything=True):
                pass
            jobs.serve_kept(0)

    def _repeat(self, doing: Callable[[random.Random], None], seed: int) -> None:
        chance = random.Random(seed)
        try:
            while not self.done.is_set():
                with clock.frozen(self.now), suppress(Refusal):  # somebody was quicker
                    doing(chance)
        finally:
            connections.close_all()

    def _cancel_many(self, n: int, seed: int) -> None:
        chance = random.Random(seed)
        try:
            left = n
            while left:
                full = chance.choice(self.full)
                rows = bookings.Booking.objects.filter(
                    hospital_id=full.place.hospital_id, session_id=full.place.session_id, live=True
                )
                row = chance.choice(list(rows.order_by("id")))
                cmd = CancelBooking(f"cancel{seed}:{left}", row.hospital_id, row.id)
                try:
                    change.cancel_booking(cmd, actor=build.registrar(row.hospital_id), now=self.now)
                except Refusal:
                    continue
                left -= 1
                self.now += timedelta(seconds=40)
        finally:
            connections.close_all()

    def _answer(self, chance: random.Random) -> None:
        actor, kind = chance.choice(self.holders)
        for entry in queries.list_my_entries(actor, only_live=True):
            if entry.offer is None or entry.state != "offered" or kind == "sleeper":
                continue
            where = (entry.offer.hospital_id, entry.offer.offer_id)
            if kind == "decliner":
                answering.decline_offer(Decline(f"no{make.number()}", *where), actor=actor, now=self.now)
            else:
                answering.accept_offer(Accept(f"yes{make.number()}", *where), actor=actor, now=self.now)

    def _leave(self, chance: random.Random) -> None:
        actor, kind = chance.choice(self.holders)
        if kind == "leaver" and chance.random() < 0.05:
            for entry in queries.list_my_entries(actor, only_live=True):
                joining.withdraw_entry(Withdraw(f"leave{make.number()}", entry.entry_id), actor=actor, now=self.now)

    def _book(self, chance: random.Random) -> None:
        """Somebody in a hurry takes whatever is free, by the door that everybody has."""
        place = chance.choice(self.full).place
        patient = chance.choice(self.hurried)
        wish = HoldSlot(
            f"grab{make.number()}", place.hospital_id, chance.choice(place.slots).slot_id, patient, near=Near.SESSION
        )
        claim.hold_slot(wish, actor=WEB, now=self.now)

    def _relay(self, chance: random.Random) -> None:
        relay.drain()

    def _sweep(self, chance: random.Random) -> None:
        jobs.end_offers(0)
        jobs.serve_kept(0)

    hurried: list[UUID] = field(default_factory=list)


def city(sessions: int, slots: int, seed: int = 7) -> City:
    chance = random.Random(seed)
    hospitals = [build.clinic() for _ in range(2)]
    full = [
        lines.sold_out(slots=slots, hospital_id=hospitals[n % 2].hospital_id, day=build.DAY + timedelta(days=n % 2))
        for n in range(sessions)
    ]
    found = City(full, chance)
    found.hurried = [build.patient(hospitals[0].hospital_id) for _ in range(20)]
    return found


@pytest.mark.timeout(7200 if LONG else 600)
@pytest.mark.usefixtures("committed_db")
def test_every_freed_slot_goes_to_the_right_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "BATCH", 50)  # beside seven other threads a batch must not outlast its lock's patience
    town = city(SESSIONS, SLOTS)
    town.join_all(ENTRIES)
    town.run(CANCELS)
    log = read_log()
    assert replay(log) == []
    happened = [event.operation for event in log.events]
    ended = dict.fromkeys(("booked", "declined", "lapsed", "withdrawn", "closed"), 0)
    for state in models.WaitlistEntry.objects.values_list("state", flat=True):
        ended[state] += 1
    print(ended, {name: happened.count(name) for name in sorted(set(happened))})
    assert sum(ended.values()) == ENTRIES
    assert ended["booked"] > CANCELS // 4
    assert happened.count("booking.slot_kept") >= CANCELS // 2
    assert {"waitlist.offer_made", "waitlist.slots_gathered", "waitlist.entry_passed"} <= set(happened)


# -- that the replay can see -----------------------------------------------------------------------------------------


def story() -> None:
    """A family, one who is asked and two who are booked at once, in one line; four slots are freed, one by one."""
    full = lines.sold_out(slots=4)
    actor, mother = build.holder()
    lines.waits(full, mode=Mode.ASK, now=NOW)
    lines.join(actor, [mother, *lines.family(actor, 1)], full, now=NOW + timedelta(seconds=1))
    lines.waits(full, now=NOW + timedelta(seconds=2))
    lines.waits(full, now=NOW + timedelta(seconds=3))
    now = NOW
    for n in range(4):
        now += timedelta(minutes=10)
        full.free(n, now=now)
        full.serve(now=now)
    with clock.frozen(now + timedelta(minutes=40)):
        jobs.end_offers(0)
        jobs.serve_kept(0)
    later = NOW + timedelta(days=3)
    for _ in range(4):
        with clock.frozen(later):
            jobs.end_offers(0)
            jobs.serve_kept(0)
            jobs.close_choices(0)


@contextmanager
def planted(monkeypatch: pytest.MonkeyPatch, fault: str) -> Iterator[None]:
    """The domain with one fault in it."""
    whose = rules.next_turn
    with monkeypatch.context() as patch:
        match fault:
            case "order swapped":
                patch.setattr(rules, "next_turn", lambda free, line: whose(free, line[::-1]))
            case "let go early":
                patch.setattr(
                    rules,
                    "next_turn",
                    lambda free, line: rules.LetGo(tuple(one.kept_id for one in free)) if free else rules.Hold(),
                )
            case "offer not passed on":
                promise = keeping.promise
                patch.setattr(keeping, "promise", lambda kept, to: promise(kept, to) if to is not None else None)
            case "family split":
                patch.setattr(
                    rules, "next_turn", lambda free, line: whose(free, [replace(one, people=1) for one in line])
                )
                patch.setattr(
                    offers,
                    "wishes",
                    lambda entry, people, slots: [
                        offers.KeptWish(f"waitlist:{entry.id}:{n}", kept, patient, entry.is_first_visit)
                        for n, (patient, kept) in enumerate(zip(people, slots, strict=False))
                    ],
                )
            case "not kept":
                patch.setattr("yitong.domains.booking.commands.freeing.is_awaited", lambda *ids: False)
        yield


@pytest.mark.django_db
def test_the_story_without_a_fault_is_as_it_should_be() -> None:
    story()
    log = read_log()
    assert replay(log) == []
    assert {"waitlist.slots_gathered", "waitlist.offer_made", "waitlist.entry_booked"} <= {
        e.operation for e in log.events
    }


FAULTS = {
    "order swapped": "stands before",
    "let go early": "waits and may have it",
    "offer not passed on": "left over",
    "family split": "people and gets",
    "not kept": "went to the race",
}


@pytest.mark.django_db
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with planted(monkeypatch, fault):
        story()
    found = replay(read_log())
    assert any(FAULTS[fault] in one for one in found), found


@pytest.mark.django_db
def test_a_slot_that_is_given_twice_is_found() -> None:
    """The database lets nobody do it, so it is done to the log."""
    story()
    log = read_log()
    twice = [event for event in log.events if event.operation == "waitlist.entry_booked"]
    again = replace(twice[-1], body={**twice[-1].body, "kept": twice[0].body["kept"]})
    events = [again if event is twice[-1] else event for event in log.events]
    assert any("given twice" in one or "not free" in one for one in replay(replace(log, events=events)))
    live = next(one for one in log.booked if one[3])
    doubled = Log(log.events, log.pools, log.closes, [*log.booked, ("another", live[1], "k", True)])
    assert any("booked twice" in one for one in replay(doubled))
