"""Windows, a desk and a database, of which the test moves each by itself; and what must be true of all that is told.

The windows are whole (`counter.app.Counter`): they hear HTTP at their door and speak to PostgreSQL over `wire`. The
desk is the Django command in a thread of its own, held before its commit if the test wants.
"""

import asyncio
import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import msgspec
import psycopg
import pytest
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests import clinic as build
from tests import windows
from tests.faults.protocol import facts
from tests.faults.protocol.cast import DESK, Broken, Call, City, Desk, Window
from tests.faults.protocol.facts import Facts
from tests.faults.protocol.judge import Judge
from tests.faults.protocol.wire import Link, Wire
from tests.windows import Request

from yitong.config import databases
from yitong.core import clock
from yitong.core.db import command
from yitong.core.errors import Refusal
from yitong.counter import app, batch, feed, offers, queue, repeats, store
from yitong.counter.app import Counter
from yitong.counter.pace import Pace
from yitong.domains.booking.commands import claim
from yitong.domains.booking.contracts import Held, HoldSlot

QUIET = 10  # turns of the loop in which nothing happened: then nothing will
STEPS_TO_THE_END = 5_000


@dataclass
class Stage:
    """`observer` is a superuser's connection to the same database, autocommit."""

    city: City
    observer: psycopg.Connection
    folder: Path
    patch: pytest.MonkeyPatch
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    now: datetime = build.NOW
    windows: list[Window] = field(default_factory=list)
    judge: Judge = field(default_factory=Judge)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._read_at: object = None
        self._patch()
        self.restore()
        url = databases.url()
        assert url is not None
        self._url = url
        parts = conninfo_to_dict(url)
        self.wire = Wire(self.folder, Path(f"{parts['host']}/.s.PGSQL.{parts.get('port', 5432)}"))
        self.desk = Desk()
        self.patch.setattr(command, "boundary", self.desk.boundary)
        self.look()

    @property
    def calls(self) -> list[Call]:
        return self.judge.calls

    @property
    def history(self) -> list[Facts]:
        return self.judge.history

    def _patch(self) -> None:
        """The test's clock, no waiting, and nothing that heals by itself what should have been right at once."""
        patch = self.patch.setattr
        patch(clock, "now", lambda: self.now)
        patch(feed, "POLL_S", 3600.0)
        patch(feed, "PAUSE_S", 0.0)
        patch(feed, "LOOK_S", 3600.0)
        patch(feed, "REFERENCE_S", 3600.0)
        patch(feed.Feed, "_next_in_turn", lambda feed: set())
        patch(app, "AGAIN_S", 0.0)
        patch(app, "gc", SimpleNamespace(collect=_ignore, freeze=_ignore, set_threshold=_ignore))
        patch(app, "large_pages", SimpleNamespace(gather=_ignore))
        patch(app, "log", SimpleNamespace(info=_ignore, warning=_ignore, exception=self._fault))
        patch(batch, "log", SimpleNamespace(info=_ignore))
        patch(queue, "FEWEST_BESIDE", 1)  # batches beside each other, however few ask
        patch(repeats, "PAUSE_S", 0.0)
        patch(offers, "FRESH", -offers.FRESH)  # nothing is told from a moment ago,
        patch(offers, "_ready", {})  # nor from another example, whose clock went on
        patch(Pace, "take", _ignore)
        patch(app, "ENDS_S", 0.0)
        patch(store, "ANSWER_S", 3600.0)
        patch(store, "LETS_GO", "")
        patch(store, "SETTINGS", store.SETTINGS.replace("lock_timeout=2s", "lock_timeout=0"))
        patch(command, "LOCK_TIMEOUT", "0")

    def _fault(self, event: str, **more: object) -> None:
        self.faults.append(f"{event}: {traceback.format_exc()}")

    def restore(self) -> None:
        """The city as it was made."""
        self.observer.execute(
            "TRUNCATE booking_booking, booking_patient_booking, core_event, core_event_delivery,"
            " core_idempotency_key;"
            " UPDATE people_booking_limits SET live_days = '{}' WHERE live_days <> '{}';"
            " UPDATE schedule_slot SET reopens_at = NULL WHERE reopens_at IS NOT NULL;"
            " UPDATE people_account SET booked_at = '{}', cancelled_at = '{}';"
            " UPDATE schedule_clinic_session SET state = 'released', stop_reason = NULL, stopped_at = NULL"
            " WHERE state = 'stopped'"
        )

    # -- windows -------------------------------------------------------------------------------------------------------

    def open_window(self) -> Window:
        number = len(self.windows)
        entrance = self.loop.run_until_complete(self.wire.open(number))
        url = make_conninfo(self._url, host=str(entrance), port=5432)
        counter = Counter(lambda: url, settings.SECRET_KEY.encode())
        counter.batches.upwards = number % 2 == 0
        window = Window(number, counter)
        self.windows.append(window)
        self.judge.born[number] = len(self.history) - 1
        counter.start(self.loop)
        self.rest()
        return window

    def kill(self, window: Window) -> None:
        """As by SIGKILL: whoever waits hears nothing."""
        window.is_dead = True
        self.wire.shut.add(window.number)
        for link in self.links(window):
            self.cut(link)
        tasks = window.counter._tasks
        assert tasks
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        for call in self.open_calls():
            if call.at == window.number and call.task is not None:
                call.task.cancel()
                self.loop.run_until_complete(asyncio.gather(call.task, return_exceptions=True))
                call.is_judged = True
        self.rest()

    def links(self, window: Window) -> list[Link]:
        return [link for link in self.wire.alive() if link.window == window.number]

    def alive(self) -> list[Window]:
        return [window for window in self.windows if not window.is_dead]

    # -- moving on -----------------------------------------------------------------------------------------------------

    def ready_links(self) -> list[Link]:
        """Those that wait for the test, in a steady order."""
        return [link for link in self.wire.alive() if (link.waits and not link.is_busy) or link.withheld]

    def go(self, link: Link, steps: int = 1) -> None:
        """So many requests of this connection, each with its answer, until it waits for a lock or asks no more."""
        for _ in range(steps):
            if link.withheld:
                link.deliver()
                self.rest()
            if link.is_cut or link.is_busy or not link.waits:
                return
            link.let_through()
            self.rest()

    def go_without_answer(self, link: Link) -> None:
        """One request; its answer is on its way until the next step."""
        if link.waits and not link.is_busy and not link.withheld:
            link.withholds = True
            link.let_through()
            self.rest()

    def cut(self, link: Link) -> None:
        """The connection is lost, and the server notices."""
        link.cut()
        self.observer.execute("SELECT pg_terminate_backend(%s)", [link.pid])
        while self.observer.execute("SELECT FROM pg_stat_activity WHERE pid = %s", [link.pid]).fetchone():
            pass
        self.rest()

    def time_out(self) -> None:
        """Whoever waits for a lock has waited too long."""
        for pid in sorted(self._waiting_for_locks()):
            self.observer.execute("SELECT pg_cancel_backend(%s)", [pid])
        self.rest()

    def poll(self, window: Window) -> None:
        for link in self.links(window):
            if link.is_listening and link.is_made:
                link.notify()
        self.rest()

    def _waiting_for_locks(self) -> set[int]:
        pids = [link.pid for link in self.wire.alive() if link.is_busy] + [self.desk.pid] * self.desk.is_busy
        found = self.observer.execute(
            "SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s) AND wait_event_type = 'Lock'", [pids]
        )
        return {pid for (pid,) in found}

    def rest(self) -> None:
        """Until whoever may move waits for the test, or for a lock."""
        self.loop.run_until_complete(self._rest())
        if self.faults:
            raise Broken(self.faults.pop())

    async def _rest(self) -> None:
        seen = -1
        while True:
            await self._quiet()
            busy = [link for link in self.wire.alive() if link.is_busy or not link.is_made]
            if not busy and not self.desk.is_busy:
                return
            if await self._moved():
                continue
            locked = self._waiting_for_locks()
            if all(link.pid in locked for link in busy) and (not self.desk.is_busy or self.desk.pid in locked):
                if seen == self.wire.moves:
                    return
                seen = self.wire.moves

    async def _moved(self) -> bool:
        """Whether something happens within a moment: whoever asks the database that much later asks it seldom."""
        before, desk = self.wire.moves, self.desk.is_busy
        for _ in range(20):
            await asyncio.sleep(0.0003)
            if (self.wire.moves, self.desk.is_busy) != (before, desk):
                return True
        return False

    async def _quiet(self) -> None:
        still = 0
        while still < QUIET:
            before = self.wire.moves
            await asyncio.sleep(0)
            still = still + 1 if self.wire.moves == before else 0

    # -- asking --------------------------------------------------------------------------------------------------------

    def ask(self, window: Window, *calls: Call) -> None:
        """All at once."""
        for call in calls:
            self._send(window, call)
        self.rest()
        self.look()

    def _send(self, window: Window, call: Call) -> None:
        sent = windows.claim(call.who, call.place, call.n, key=call.key, near=call.near, patient=call.patient)
        request = windows.request(sent)
        call.at, call.asked, call.request = window.number, len(self.history) - 1, request

        async def answer() -> None:
            await window.counter(request, request)

        call.task = self.loop.create_task(answer())
        self.calls.append(call)

    def ask_desk(self, call: Call, *, hold: bool) -> None:
        """The pages' own way to book, with the same keys."""
        cmd = HoldSlot(call.key, call.place.hospital_id, call.place.slot(call.n), call.patient_id, near=call.near)
        call.at, call.asked, now = DESK, len(self.history) - 1, self.now
        self.calls.append(call)
        self.begin_desk(lambda: claim.hold_slot(cmd, actor=call.who.actor, now=now), hold=hold)

    def begin_desk(self, work: Callable[[], object], *, hold: bool) -> None:
        self.desk.begin(work, hold=hold)
        self.rest()
        self.look()

    def go_desk(self, *, dies: bool = False) -> None:
        self.desk.go(dies=dies)
        self.rest()
        self.look()

    def open_calls(self) -> list[Call]:
        return [call for call in self.calls if not call.is_judged]

    # -- judging -------------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Reads the database, and judges it and all that was told since."""
        instant = (facts.instant(self.observer), self.now)
        if instant != self._read_at:
            self._read_at = instant
            self.judge.note(facts.read(self.observer, self.now))
        for call in self.open_calls():
            if call.at == DESK:
                if self.desk.work is None:
                    call.is_judged = True
                    self._judge_desk(call)
            elif call.task is not None and call.task.done():
                call.is_judged = True
                call.task.result()
                self._judge(call)

    def _judge_desk(self, call: Call) -> None:
        outcome = self.desk.outcome
        if isinstance(outcome, Broken):
            raise outcome
        if isinstance(outcome, Held):
            self.judge.held(call, json.loads(msgspec.json.encode(outcome)))  # as a window tells it
        elif isinstance(outcome, Refusal):
            self.judge.refused(call, outcome.code)

    def _judge(self, call: Call) -> None:
        assert call.request is not None
        if call.request.status == 201:
            self.judge.held(call, call.request.said)
        else:
            self.judge.refused(call, call.request.said["code"])

    # -- to the end ----------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Lets everything come to its end, lets each window look once, and judges that nothing is stranded."""
        self.wire.deaf.clear()
        self._run_out()
        for call in self.open_calls():
            raise Broken(f"{call.key}: never answered")
        for window in self.alive():
            self.poll(window)
        self._run_out()
        present = self.history[-1]
        for window in self.alive():
            for place in self.city.places:
                told, free = self.free_at(window, place), present.free(place.session_id)
                if told != free:
                    raise Broken(f"window {window.number} tells as free {told}, and it is {free}")
        self.judge.settled = len(self.history) - 1

    def _run_out(self) -> None:
        for _ in range(STEPS_TO_THE_END):
            if self.desk.is_at_gate:
                self.go_desk()
            links = self.ready_links()
            if not links:
                if self._all_ready() and not self.desk.is_busy:
                    break
                self.time_out()  # somebody waits for one who is gone
            for link in links:
                self.go(link, 3)
            self.look()
        else:
            raise Broken("it never comes to rest")
        self.look()

    def _all_ready(self) -> bool:
        return all(window.counter.door.is_ready for window in self.alive()) and not any(
            link.is_busy for link in self.wire.alive()
        )

    def free_at(self, window: Window, place: build.Clinic) -> list[UUID]:
        """The slots that the window tells as free; each has a window of time of its own."""
        path = f"/counter/sessions/{place.hospital_id}/{place.session_id}"
        asked = Request(method="GET", path=path)
        self.loop.run_until_complete(window.counter(asked, asked))
        return [UUID(one["slot_id"]) for one in asked.said["windows"] if one["slot_id"]]

    def close(self) -> None:
        self.desk.close()
        self.loop.run_until_complete(self._end())
        self.loop.close()

    async def _end(self) -> None:
        await self.wire.close()  # first: whoever is cancelled on a connection that lives tries to end its query
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _ignore(*args: object, **more: object) -> None:
    return None
