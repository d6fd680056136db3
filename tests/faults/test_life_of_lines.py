"""Whatever people do, one after the other: entries move by their table, and the replay finds the line's word kept.

Each example is a whole life of two lines, to their closing, judged by the replay that judges the crowd's.
"""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import clinic as build
from tests import lines, make
from tests.clinic import NOW
from tests.conftest import LONG
from tests.replay import read_log, replay
from tests.stock import undone

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.errors import Refusal
from yitong.domains.booking import models as bookings
from yitong.domains.booking.commands import change
from yitong.domains.booking.contracts import CancelBooking
from yitong.domains.waitlist import jobs, models, queries
from yitong.domains.waitlist.commands import answering, joining
from yitong.domains.waitlist.contracts import Accept, ChangeEntry, Decline, Join, Mode, Withdraw
from yitong.domains.waitlist.states import TRANSITIONS

WHO, WHERE = st.integers(0, 4), st.integers(0, 1)
WISH = (st.sampled_from([(0,), (1,), (0, 1), (1, 0)]), st.sampled_from(Mode))
JOIN = st.tuples(st.just("join"), WHO, *WISH)
JOINS = st.lists(JOIN, min_size=3, max_size=6)  # a line, before anything happens
ACTS = st.one_of(
    JOIN,
    st.tuples(st.just("change"), WHO, *WISH),
    st.tuples(st.just("free"), WHERE, st.integers(0, 9)),
    st.tuples(st.just("serve"), WHERE),
    st.tuples(st.just("pass"), st.sampled_from([1, 20, 45, 70, 600])),
    st.tuples(st.sampled_from(["accept", "decline", "leave"]), WHO),
    st.tuples(st.sampled_from(["lapse", "close"])),
)


class World:
    """Two full sessions of one department's neighbours, five account holders; the last two have a child or two."""

    def __init__(self) -> None:
        first = lines.sold_out(slots=4)
        self.full = [first, lines.sold_out(slots=4, hospital_id=first.place.hospital_id, at=build.time(14))]
        self.people: list[tuple[Actor, list[UUID]]] = []
        for more in (0, 0, 0, 1, 2):
            actor, own = build.holder()
            self.people.append((actor, [own, *lines.family(actor, more)]))


class Day:
    """One run of a plan, with its own clock."""

    def __init__(self, world: World) -> None:
        self.world, self.now = world, NOW

    def do(self, act: tuple[object, ...]) -> None:
        with suppress(Refusal), clock.frozen(self.now):
            getattr(self, f"_{act[0]}")(*act[1:])

    def _join(self, who: int, where: tuple[int, ...], mode: Mode) -> None:
        actor, patients = self.world.people[who]
        keys = tuple(self.world.full[n].key for n in where)
        self.now += timedelta(seconds=1)
        joining.join_waitlist(Join(f"join{make.number()}", tuple(patients), keys, mode), actor=actor, now=self.now)

    def _change(self, who: int, where: tuple[int, ...], mode: Mode) -> None:
        actor = self.world.people[who][0]
        keys = tuple(self.world.full[n].key for n in where)
        self.now += timedelta(seconds=1)
        for entry in queries.list_my_entries(actor, only_live=True)[:1]:
            cmd = ChangeEntry(f"change{make.number()}", entry.entry_id, keys, mode)
            joining.change_entry(cmd, actor=actor, now=self.now)

    def _free(self, where: int, which: int) -> None:
        place = self.world.full[where].place
        rows = bookings.Booking.objects.filter(
            hospital_id=place.hospital_id, session_id=place.session_id, live=True
        ).order_by("number")
        if rows:
            row = rows[which % len(rows)]
            cmd = CancelBooking(f"cancel{make.number()}", row.hospital_id, row.id)
            change.cancel_booking(cmd, actor=build.registrar(row.hospital_id), now=self.now)

    def _serve(self, where: int) -> None:
        self.world.full[where].serve(now=self.now)

    def _pass(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    def _answer(self, who: int, kind: type[Accept] | type[Decline]) -> None:
        actor = self.world.people[who][0]
        for entry in queries.list_my_entries(actor, only_live=True):
            if entry.offer is None:
                continue
            cmd = kind(f"answer{make.number()}", entry.offer.hospital_id, entry.offer.offer_id)
            if isinstance(cmd, Accept):
                answering.accept_offer(cmd, actor=actor, now=self.now)
            else:
                answering.decline_offer(cmd, actor=actor, now=self.now)

    def _accept(self, who: int) -> None:
        self._answer(who, Accept)

    def _decline(self, who: int) -> None:
        self._answer(who, Decline)

    def _leave(self, who: int) -> None:
        actor = self.world.people[who][0]
        for entry in queries.list_my_entries(actor, only_live=True)[:1]:
            joining.withdraw_entry(Withdraw(f"leave{make.number()}", entry.entry_id), actor=actor, now=self.now)

    def _lapse(self) -> None:
        jobs.end_offers(0)

    def _close(self) -> None:
        jobs.close_choices(0)

    def settle(self) -> None:
        """Until every line is closed: nothing may be left over then."""
        self.now = max(self.now, NOW + timedelta(days=4))
        for _ in range(3):
            with clock.frozen(self.now):
                jobs.end_offers(0)
                jobs.serve_kept(0)
                jobs.close_choices(0)


@pytest.fixture
def world(db: None) -> World:
    with connection.cursor() as cursor:  # all the lives are lived in one transaction, which no command ever is
        cursor.execute("SET LOCAL transaction_timeout = 0")
    return World()


@pytest.mark.slow
@pytest.mark.timeout(3600 if LONG else 900)
@pytest.mark.rule("R-017")
def test_lines_keep_their_word_whatever_people_do(world: World) -> None:
    moves = {(before.value if before else None, after.value) for (before, _), after in TRANSITIONS.items()}

    @settings(max_examples=400 if LONG else 25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(JOINS, st.lists(ACTS, min_size=5, max_size=25))
    def lives(joins: list[tuple[object, ...]], plan: list[tuple[object, ...]]) -> None:
        with undone():
            day = Day(world)
            for act in [*joins, *plan]:
                day.do(act)
            day.settle()
            log = read_log()
            assert replay(log, seen=timedelta(0)) == []
            assert not models.WaitlistEntry.objects.filter(live=True).exists()
            for event in log.events:
                if event.operation in ("waitlist.entry_booked", "waitlist.offer_made", "waitlist.entry_withdrawn"):
                    assert (event.from_state, event.to_state) in moves

    lives()
