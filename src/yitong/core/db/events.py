"""Writing events, and the register of their handlers."""

import json
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from yitong.core.actor import Actor
from yitong.core.db.models import ClockTimestamp
from yitong.core.db.models import Event as Row
from yitong.core.db.scale import cross_hospital
from yitong.core.events import Event
from yitong.core.ids import new_id

CITY = UUID(int=0)  # the hospital_id of an event that belongs to no hospital
WAKE = "yitong_event"  # the NOTIFY channel: a hint to the relay, never the truth
GATHER_S = 0.1  # how long the relay, once woken, waits for more: no process need wake it twice within that time

# All but `recorded_at`, which is the database's. Each command writes one, and the ORM would take five times as long.
WRITTEN = (
    "hospital_id",
    "id",
    "operation",
    "actor",
    "channel",
    "subject_id",
    "from_state",
    "to_state",
    "at",
    "shard",
    "body",
    "trace_id",
)

E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class EventMeta:
    """The envelope that a handler sees beside the event."""

    event_id: UUID
    actor: str
    channel: str
    at: datetime
    shard: str
    trace_id: str


@dataclass(frozen=True, slots=True)
class Handler:
    """One reaction to one kind of event."""

    name: str
    event: type[Event]
    run: Callable[[Any, EventMeta], None]
    skippable: bool


_handlers: dict[str, list[Handler]] = {}


Reaction = Callable[[E, EventMeta], None]


def handles(event: type[E], *, skippable: bool = False) -> Callable[[Reaction[E]], Reaction[E]]:
    """Registers a handler, in a domain's `handlers.py`.

    It is called at least once and in order within a shard, so it is idempotent by event id.

    A handler that fails 8 times puts the event among the dead letters; its shard then waits for a person, unless
    the handler is skippable.
    """

    def register(run: Reaction[E]) -> Reaction[E]:
        handler = Handler(f"{run.__module__.removeprefix('yitong.')}.{run.__name__}", event, run, skippable)
        _handlers.setdefault(event.operation, []).append(handler)
        return run

    return register


def handlers_of(operation: str) -> list[Handler]:
    return _handlers.get(operation, [])


def append(event: Event, actor: Actor, *, at: datetime, shard: str) -> UUID:
    """Writes the event's row in the command's transaction. Returns its id."""
    return append_all([(event, actor, shard)], at=at)[0]


def append_all(entries: Sequence[tuple[Event, Actor, str]], *, at: datetime) -> list[UUID]:
    """As `append`, of many (event, actor, shard) in one statement, in their order."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an event is written with the change that it tells of")
    if not entries:
        return []
    rows = [_row(event, actor, at, shard) for event, actor, shard in entries]
    places = ", ".join(["(" + ", ".join(["%s"] * len(WRITTEN)) + ")"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO core_event ({', '.join(WRITTEN)}) VALUES {places}", [value for row in rows for value in row]
        )
    transaction.on_commit(_wake)
    return [event_id for _, event_id, *_ in rows]


def _row(
    event: Event, actor: Actor, at: datetime, shard: str
) -> tuple[UUID, UUID, *tuple[UUID | str | datetime | None, ...]]:
    """Its values in the order of WRITTEN."""
    return (
        event.hospital_id or CITY,
        new_id(),
        event.operation,
        actor.key,
        actor.channel,
        event.subject_id,
        event.from_state,
        event.to_state,
        at,
        shard,
        json.dumps(event.body()),
        actor.trace_id,
    )


_woken_at = float("-inf")  # by this process; a race of two threads costs one hint


def _wake() -> None:
    """Each hint is a commit of its own, flushed like the command's: a crowd that books pays for one in a while."""
    global _woken_at
    now = time.monotonic()
    if now - _woken_at < GATHER_S:
        return
    _woken_at = now
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [WAKE])


def recorded_after(
    mark: tuple[datetime, UUID], operations: Collection[str], *, settled: timedelta, most: int
) -> list[Row]:
    """The next events of these kinds after the one that `mark` names, anywhere, in the order of their recording: for
    who reads many at once, and so needs no handler that is called for each. Those younger than `settled` wait: a
    transaction that began earlier may still show its own."""
    at, event_id = mark
    with cross_hospital("events of some kinds, read in bulk"):
        rows = Row.objects.filter(operation__in=operations, recorded_at__lte=ClockTimestamp() - settled)
        rows = rows.filter(Q(recorded_at__gt=at) | Q(recorded_at=at, id__gt=event_id), recorded_at__gte=at)
        return list(rows.order_by("recorded_at", "id")[:most])


def read(row: Row, event: type[E]) -> E:
    """The event as its contract, from its row."""
    envelope: dict[str, object] = {
        "hospital_id": None if row.hospital_id == CITY else row.hospital_id,
        "subject_id": row.subject_id,
        "from_state": row.from_state,
        "to_state": row.to_state,
    }
    return event.from_row(envelope, row.body)


def meta(row: Row) -> EventMeta:
    return EventMeta(row.id, row.actor, row.channel, row.at, row.shard, row.trace_id)
