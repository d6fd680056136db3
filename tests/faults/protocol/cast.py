"""Who plays: the city, the claims that are sent, the windows, and the desk in its thread."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any
from uuid import UUID

from django.db import connection
from tests import clinic as build
from tests.windows import Holder, Request

from yitong.core.errors import Refusal
from yitong.counter.app import Counter
from yitong.domains.booking.contracts import Near

DESK = -1  # in the place of a window's number


class Broken(AssertionError):
    """Something was said, or is stored, that must never be."""


@dataclass(frozen=True)
class City:
    """What every example begins with; made once. Small, so that everybody wants the same."""

    places: Sequence[build.Clinic]
    holders: Sequence[Holder]

    @property
    def people(self) -> list[tuple[Holder, int]]:
        return [(one, n) for one in self.holders for n in range(len(one.patients))]


@dataclass
class Call:
    """One claim that was sent, to a window or to the desk, and what came of it."""

    who: Holder
    patient: int
    place: build.Clinic
    n: int
    near: Near
    key: str
    at: int  # which window
    asked: int  # how many states the database had had
    request: Request | None = None
    task: "asyncio.Task[None] | None" = None
    is_judged: bool = False

    @property
    def patient_id(self) -> UUID:
        return self.who.patients[self.patient]

    @property
    def content(self) -> tuple[Any, ...]:
        return (self.patient_id, self.place.slot(self.n), self.near)

    @property
    def actor(self) -> str:
        return self.who.actor.key


@dataclass
class Window:
    number: int
    counter: Counter
    is_dead: bool = False


class Desk:
    """Does one thing at a time in a thread of its own; with `hold` it stops before its commit until `go`."""

    def __init__(self) -> None:
        self.work: Callable[[], object] | None = None
        self.outcome: object = None
        self.pid = 0
        self.is_at_gate = False
        self._hold = False
        self._dies = False
        self._may_go = threading.Event()
        self._jobs: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        return self.work is not None and not self.is_at_gate

    def begin(self, work: Callable[[], object], *, hold: bool) -> None:
        self.work, self._hold, self._dies = work, hold, False
        self._jobs.put(work)

    def go(self, *, dies: bool = False) -> None:
        self._dies, self.is_at_gate, self._hold = dies, False, False
        self._may_go.set()

    def close(self) -> None:
        if self.is_at_gate:
            self.go(dies=True)
        self._jobs.put(None)
        self._thread.join()

    def boundary(self, name: str, moment: str) -> None:
        if threading.current_thread() is not self._thread or moment != "before_commit":
            return
        if self._hold:
            self._may_go.clear()
            self.is_at_gate = True
            self._may_go.wait()
        if self._dies:
            raise ConnectionAbortedError

    def _run(self) -> None:
        while (work := self._jobs.get()) is not None:
            connection.ensure_connection()
            self.pid = connection.connection.info.backend_pid
            try:
                self.outcome = work()
            except (Refusal, ConnectionAbortedError) as error:
                self.outcome = error
            except Exception as error:  # noqa: BLE001 - the stage raises it where the test sees it
                self.outcome = Broken(f"the desk: {error!r}")
            self.work = None
        connection.close()
