"""The relay: carries each event to its handlers, at least once, in order within a shard.

An event is pending while it has no delivery row. What is visible of a shard is always a beginning of it, because
its events are written under one row lock; so the relay takes what it sees, by the database's clock, and never
passes over an event that its shard is stuck at.
"""

import threading
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import structlog
from django.db import connection, connections, transaction

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
    sweep_at = clock.now()
    while not stop.is_set():
        try:
            whole = clock.now() >= sweep_at
            carried = drain(everything=whole)
            if whole:
                sweep_at = clock.now() + timedelta(minutes=15)
            if carried == 0:
                _sleep_until_woken(stop)
        except Exception:
            log.exception("relay.failed")
            connections.close_all()
            stop.wait(1)


def drain(*, everything: bool = False) -> int:
    """One pass over every partition that has work and that nobody else holds. Returns how many were delivered."""
    delivered = 0
    for number in sorted({partition_of(shard) for _, _, shard in _pending_keys(everything=everything)}):
        with _partition(number) as mine:
            if mine:
                delivered += _carry(_pending(number, everything=everything))  # read anew: the last holder went on
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


def _pending(number: int, *, everything: bool) -> list[Event]:
    keys = [(h, i) for h, i, shard in _pending_keys(everything=everything) if partition_of(shard) == number][:BATCH]
    found = {row.pk: row for row in Event.objects.filter(pk__in=keys)}
    return [found[key] for key in keys]


def partition_of(shard: str) -> int:
    return zlib.crc32(shard.encode()) % PARTITIONS


class _partition:
    """Holds a partition's row on a connection of its own, so that one relay at a time works on its shards."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __enter__(self) -> bool:
        self.own = connection.copy()
        self.own.ensure_connection()
        self.own.set_autocommit(False)
        with self.own.cursor() as cursor:
            cursor.execute(
                "SELECT number FROM core_relay_partition WHERE number = %s FOR UPDATE SKIP LOCKED", [self.number]
            )
            return cursor.fetchone() is not None

    def __exit__(self, *exc: object) -> None:
        self.own.rollback()
        self.own.close()


def _carry(rows: Iterable[Event]) -> int:
    """Delivers in order; a shard whose event can't be delivered now waits, the others go on."""
    stuck = set(DeadLetter.objects.filter(settled_at=None, stops_shard=True).values_list("shard", flat=True))
    delivered = 0
    for row in rows:
        if row.shard in stuck:
            continue
        outcomes = [_hand_over(row, handler) for handler in events.handlers_of(row.operation)]  # all of them, even so
        if all(outcomes):
            EventDelivery.objects.bulk_create([EventDelivery(event_id=row.id, at=clock.now())], ignore_conflicts=True)
            delivered += 1
        else:
            stuck.add(row.shard)
    return delivered


def _hand_over(row: Event, handler: events.Handler) -> bool:
    """Runs one handler. Returns whether the event may be left behind."""
    where = {"event_id": row.id, "handler": handler.name}
    letter = DeadLetter.objects.filter(**where).first()
    if letter is not None and letter.settled_how != "retry":
        return not letter.stops_shard or letter.settled_how == "skip"
    failure = EventFailure.objects.filter(**where).first()
    if failure is not None and failure.next_at > clock.now():
        return False
    try:
        handler.run(events.read(row, handler.event), events.meta(row))
    except Exception as error:  # noqa: BLE001 - whatever a handler throws is a failed try
        return _failed(row, handler, error, failure.tries + 1 if failure else 1)
    if failure is not None:
        EventFailure.objects.filter(**where).delete()
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
