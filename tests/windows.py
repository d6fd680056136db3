"""Builders for the booking window: a window by hand, who asks there, what is sent, what was answered."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from django.db import connections
from tests import clinic as build
from tests import make
from tests.stock import stocked

from yitong.config import databases
from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.decided import Decided
from yitong.core.ids import new_id
from yitong.counter.batch import Batches
from yitong.counter.door import Door
from yitong.counter.feed import Feed
from yitong.counter.pace import Pace
from yitong.counter.picture import Board, Picture
from yitong.counter.store import Store, connect
from yitong.domains.booking.contracts import Near
from yitong.domains.booking.queries import window as booking_window
from yitong.domains.hospitals.contracts.things import Department
from yitong.domains.people.contracts.accounts import AccountSession
from yitong.domains.people.contracts.words import Relation
from yitong.domains.schedule.contracts import HalfDay, Pool, Session, SessionState, Slot

DEPARTMENT = {field.name: "" for field in fields(Department)} | {"is_bookable": True}
LATER = build.NOW + timedelta(hours=2)  # whatever was freed is back by then


@dataclass(frozen=True)
class Holder:
    """An account that is signed in, those for whom it may book, and its pass to the window."""

    actor: Actor
    patients: tuple[UUID, ...]
    passing: str


@stocked(3)
def holder(*, patients: int = 1) -> Holder:
    """His pass lasts as long as a test: what happens when it ends is the door's own affair."""
    actor, signed_in = make.account_signed_in()
    relations = (Relation.SELF, *(Relation.OTHER,) * (patients - 1))
    added = tuple(build.add_patient(actor, relation=relation) for relation in relations)
    session = AccountSession(signed_in.account_id, signed_in.session_id, new_id(), "zh")
    given = booking_window.passes().read(booking_window.issue_pass(session, channel="web", now=build.NOW).token)
    return Holder(
        actor, added, booking_window.passes().write(replace(given, expires_at=build.NOW + timedelta(days=30)))
    )


def claim(
    who: Holder, place: build.Clinic, n: int = 0, *, key: str, near: Near = Near.SLOT, patient: int = 0
) -> dict[str, str]:
    """What a page sends for slot `n` of a session."""
    ids = {"hospital_id": place.hospital_id, "slot_id": place.slot(n), "patient_id": who.patients[patient]}
    return {"pass": who.passing, "key": key, "near": near.value, **{name: str(one) for name, one in ids.items()}}


@dataclass
class Request:
    """One request at the window as Granian hands it over, and what was answered."""

    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    method: str = "POST"
    path: str = "/counter/claims"
    client: str = "10.0.0.1:4000"
    status: int = 0
    told: dict[str, str] = field(default_factory=dict)
    content: bytes = b""

    async def __call__(self) -> bytes:
        return self.body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.body

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.told, self.content = status, dict(headers), body

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.response_bytes(status, headers, b"")

    @property
    def said(self) -> dict[str, Any]:
        return cast(dict[str, Any], json.loads(self.content))


def request(sent: dict[str, str]) -> Request:
    return Request(json.dumps(sent).encode())


@dataclass
class Window:
    """A window without its own clockwork: the test says when it looks."""

    picture: Picture
    feed: Feed
    batches: Batches
    door: Door
    running: "asyncio.Task[None]"

    def board(self, place: build.Clinic) -> Board:
        return self.picture.boards[place.session_id]

    def free(self, place: build.Clinic) -> int:
        return self.board(place).free(LATER)


@asynccontextmanager
async def opened(
    kind: type[Feed] = Feed, *, boundary: Callable[["Window", str], Awaitable[None]] | None = None
) -> AsyncIterator[Window]:
    url = databases.url()
    assert url is not None

    async def at_boundary(moment: str) -> None:
        if boundary is not None:
            await boundary(window, moment)

    async def reload(session_ids: Any) -> None:
        await feed.reload(session_ids)

    async with (
        await connect(url, name="test") as writing,
        await connect(url, name="test") as asking,
        await connect(url, name="test") as listening,
    ):
        picture = Picture()
        batches = Batches(picture, reload, boundary=at_boundary)
        feed = kind(picture, batches.trace, (writing.info.backend_pid,))
        door = Door(picture, batches, booking_window.passes(), Pace(picture), 0, is_ready=True)
        await feed.load(listening, asking)
        running = asyncio.create_task(batches.run(Store(writing, batches.trace)))
        repeats = asyncio.create_task(batches.repeats.run(Store(asking, batches.trace)))
        window = Window(picture, feed, batches, door, running)
        try:
            yield window
        finally:
            for task in (running, repeats):
                task.cancel()
            await asyncio.gather(running, repeats, return_exceptions=True)


async def beside(work: Callable[[], object]) -> None:
    """Another process, as far as the window can tell."""

    def done() -> None:
        try:
            work()
        finally:
            connections.close_all()

    await asyncio.to_thread(done)


# -- without a database ------------------------------------------------------------------------------------------------


def board_at(*, slots: int) -> Board:
    """A session that sells, with one slot in each half hour."""
    hospital_id, session_id, department_id = new_id(), new_id(), new_id()
    starts_at, step = build.NOW + timedelta(days=2), timedelta(minutes=30)
    session = Session(
        hospital_id=hospital_id,
        session_id=session_id,
        campus_id=new_id(),
        department_id=department_id,
        practitioner_id=None,
        substituted_id=None,
        clinic_kind="general",
        title=None,
        date=clock.shanghai_date(starts_at),
        half_day=HalfDay.AM,
        starts_at=starts_at,
        ends_at=starts_at + slots * step,
        fee_fen=5000,
        state=SessionState.RELEASED,
        release_at=build.NOW - timedelta(days=1),
        is_first_visit_named=True,
        stop_reason=None,
        slots=slots,
    )
    made = [
        Slot(
            hospital_id,
            new_id(),
            session_id,
            n + 1,
            starts_at + n * step,
            starts_at + (n + 1) * step,
            Pool.ONLINE,
            False,
            None,
        )
        for n in range(slots)
    ]
    department = Department(**{**DEPARTMENT, "hospital_id": hospital_id, "department_id": department_id})
    return Board(session, department, made)


def picture_of(*boards: Board) -> Picture:
    picture = Picture(decided={board.session.hospital_id: Decided([]) for board in boards})
    for board in boards:
        picture.put(board, [])
    return picture
