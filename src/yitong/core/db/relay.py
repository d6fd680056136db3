"""The relay: carries each event to its handlers, at least once, in order within a shard.

An event is pending while it has no delivery row. What is visible of a shard is always a beginning of it, because
its events are written under one row lock; so the relay takes what it sees, by the database's clock, and never
passes over an event that its shard is stuck at.
"""

import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import structlog
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from yitong.core import clock
from yitong.core.db import events
from yitong.core.db.models import DeadLetter, Event, EventDelivery, EventFailure
from yitong.core.db.scale import cross_hospital

PARTITIONS = 8
TRIES = 8
LOOK_BACK = timedelta(minutes=10)  # longer than any transaction may live: nothing becomes visible later than this
BATCH = 500
POLL_S = 0.5

log = structlog.get_logger()


def run(stop: threading.Event) -> None:
    """Carries events until `stop` is set. NOTIFY wakes it, polling is the truth."""
    while not stop.is_set():
        try:
            with _lock_connection() as locks:
                _carry_until(stop, locks)
        except Exception:
            log.exception("relay.failed")
            connections.close_all()
            stop.wait(1)


def _carry_until(stop: threading.Event, locks: BaseDatabaseWrapper) -> None:
    """Pass after pass. Between two of them it lets events gather, for as long as the last one took: a look costs the
    same for one event as for a hundred, and one look for each event would keep a core from those who book."""
    sweep_at = clock.now()
    while not stop.is_set():
        started = time.monotonic()
        whole = clock.now() >= sweep_at
        carried = _pass(locks, everything=whole)
        if whole and carried < BATCH:  # else old ones are left, and what is newer in their shards must not pass them
            sweep_at = clock.now() + timedelta(minutes=15)
        if carried == 0:
            _sleep_until_woken(stop)
        if carried < BATCH:
            stop.wait(max(events.GATHER_S, time.monotonic() - started if carried else 0))


def drain(*, everything: bool = False) -> int:
    """One pass over every partition that has work and that nobody else holds. Returns how many were delivered."""
    with _lock_connection() as locks:
        return _pass(locks, everything=everything)


def _pass(locks: BaseDatabaseWrapper, *, everything: bool) -> int:
    by_partition: dict[int, list[tuple[UUID, UUID]]] = {}
    for hospital_id, event_id, shard in _pending_keys(everything=everything):
        by_partition.setdefault(partition_of(shard), []).append((hospital_id, event_id))
    delivered = 0
    for number, keys in sorted(by_partition.items()):
        with _partition(locks, number) as is_mine:
            if is_mine:
                delivered += _carry(_still_pending(keys[:BATCH]))
    return delivered


def _pending_keys(*, everything: bool) -> list[tuple[UUID, UUID, str]]:
    floor = "TRUE" if everything else "e.recorded_at > now() - make_interval(secs => %s)"
    with cross_hospital("the relay asks what is pending anywhere"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.hospital_id, e.id, e.shard FROM core_event e"
            f" WHERE {floor} AND NOT EXISTS (SELECT FROM core_event_delivery d WHERE d.event_id = e.id)"
            # What waits behind a dead letter fills no batch, or the shards beside it would wait too.
            " AND NOT EXISTS (SELECT FROM core_dead_letter l"
            " WHERE l.shard = e.shard AND l.settled_at IS NULL AND l.stops_shard)"
            " ORDER BY e.recorded_at, e.id LIMIT 20000",
            [] if everything else [LOOK_BACK.total_seconds()],
        )
        return cursor.fetchall()


def _still_pending(keys: list[tuple[UUID, UUID]]) -> list[Event]:
    """Those that the last holder of the partition did not carry since we looked, in their order."""
    found = {row.pk: row for row in Event.objects.filter(pk__in=keys)}
    ids = [event_id for _, event_id in keys]
    carried = set(EventDelivery.objects.filter(event_id__in=ids).values_list("event_id", flat=True))
    return [found[key] for key in keys if key[1] not in carried]


def partition_of(shard: str) -> int:
    return zlib.crc32(shard.encode()) % PARTITIONS


@contextmanager
def _lock_connection() -> Iterator[BaseDatabaseWrapper]:
    """A connection beside the thread's own: it holds a partition's row while handlers commit on the other."""
    own = connection.copy()
    try:
        own.ensure_connection()
        own.set_autocommit(False)
        yield own
    finally:
        own.close()


@contextmanager
def _partition(locks: BaseDatabaseWrapper, number: int) -> Iterator[bool]:
    """Whether the partition's row is ours within the block: one relay at a time works on its shards."""
    try:
        with locks.cursor() as cursor:
            cursor.execute("SELECT number FROM core_relay_partition WHERE number = %s FOR UPDATE SKIP LOCKED", [number])
            is_mine = cursor.fetchone() is not None
        yield is_mine
    finally:
        locks.rollback()


def _carry(rows: Sequence[Event]) -> int:
    """Delivers in order; a shard whose event can't be delivered now waits, the others go on."""
    stuck = set(DeadLetter.objects.filter(settled_at=None, stops_shard=True).values_list("shard", flat=True))
    ids = [row.id for row in rows]
    letters = {(found.event_id, found.handler): found for found in DeadLetter.objects.filter(event_id__in=ids)}
    failures = {(found.event_id, found.handler): found for found in EventFailure.objects.filter(event_id__in=ids)}
    delivered = 0
    for row in rows:
        if row.shard in stuck:
            continue
        outcomes = [
            _hand_over(row, handler, letters.get((row.id, handler.name)), failures.get((row.id, handler.name)))
            for handler in events.handlers_of(row.operation)
        ]  # all of them, even so
        if all(outcomes):
            EventDelivery.objects.bulk_create([EventDelivery(event_id=row.id, at=clock.now())], ignore_conflicts=True)
            delivered += 1
        else:
            stuck.add(row.shard)
    return delivered


def _hand_over(row: Event, handler: events.Handler, letter: DeadLetter | None, failure: EventFailure | None) -> bool:
    """Runs one handler. Returns whether the event may be left behind."""
    if letter is not None and letter.settled_how != "retry":
        return not letter.stops_shard or letter.settled_how == "skip"
    if failure is not None and failure.next_at > clock.now():
        return False
    try:
        handler.run(events.read(row, handler.event), events.meta(row))
    except Exception as error:  # noqa: BLE001 - whatever a handler throws is a failed try
        return _failed(row, handler, error, failure.tries + 1 if failure else 1)
    if failure is not None:
        EventFailure.objects.filter(event_id=row.id, handler=handler.name).delete()
    return True


def _failed(row: Event, handler: events.Handler, error: Exception, tries: int) -> bool:
    name = type(error).__name__  # the message may hold personal data
    log.warning("relay.handler_failed", handler=handler.name, event_id=str(row.id), error=name, tries=tries)
    EventFailure.objects.update_or_create(
        event_id=row.id,
        handler=handler.name,
        defaults={"tries": tries, "last_error": name, "next_at": clock.now() + backoff(tries)},
    )
    if tries < TRIES:
        return False
    log.error("relay.dead_letter", handler=handler.name, event_id=str(row.id), shard=row.shard, error=name)
    DeadLetter.objects.update_or_create(
        event_id=row.id,
        handler=handler.name,
        defaults={
            "shard": row.shard,
            "stops_shard": not handler.skippable,
            "error": name,
            "at": clock.now(),
            "settled_at": None,
            "settled_by": None,
            "settled_how": None,
        },
    )
    return handler.skippable


def backoff(tries: int) -> timedelta:
    """1 s, 2 s, 4 s … one minute at the most."""
    return timedelta(seconds=min(60, 2 ** (tries - 1)))


def settle(event_id: UUID, handler: str, *, how: str, by: str, at: datetime) -> None:
    """A person decides on a dead letter: `retry` or `skip`."""
    with transaction.atomic():
        DeadLetter.objects.filter(event_id=event_id, handler=handler, settled_at=None).update(
            settled_how=how, settled_by=by, settled_at=at
        )
        EventFailure.objects.filter(event_id=event_id, handler=handler).delete()


def _sleep_until_woken(stop: threading.Event) -> None:
    connection.ensure_connection()
    raw: psycopg.Connection = connection.connection
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {events.WAKE}")
    for _ in raw.notifies(timeout=POLL_S, stop_after=1):
        pass
    if stop.is_set():
        connection.close()
