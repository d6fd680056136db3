"""The relay on real commits: in order within a shard, at least once, dead letters after eight tries."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import events, relay
from yitong.core.db.events import EventMeta
from yitong.core.db.models import DeadLetter, EventDelivery, EventFailure
from yitong.core.events import Event
from yitong.core.ids import new_id

ACTOR = Actor.system("test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted(Event):
    operation: ClassVar[str] = "test.counted"
    n: int


@pytest.fixture
def seen() -> Iterator[list[int]]:
    """What a recording handler saw; it fails at the numbers in `seen.bad`."""
    record = Recorder()
    before = events._handlers.pop(Counted.operation, None)
    events.handles(Counted)(record.handle)
    yield record
    events._handlers.pop(Counted.operation)
    if before:
        events._handlers[Counted.operation] = before


class Recorder(list[int]):
    def __init__(self) -> None:
        super().__init__()
        self.bad: set[int] = set()

    def handle(self, event: Counted, meta: EventMeta) -> None:
        if event.n in self.bad:
            raise RuntimeError("planted")
        self.append(event.n)


def emit(n: int, shard: str = "session:a") -> UUID:
    with transaction.atomic():
        return events.append(Counted(subject_id=new_id(), n=n), ACTOR, at=clock.now(), shard=shard)


@pytest.mark.usefixtures("committed_db")
def test_events_arrive_once_and_in_order_of_their_shard(seen: Recorder) -> None:
    for n in range(20):
        emit(n, shard=f"session:{n % 3}")
    assert relay.drain() == 20
    assert relay.drain() == 0
    for third in range(3):
        assert [n for n in seen if n % 3 == third] == list(range(third, 20, 3))


@pytest.mark.usefixtures("committed_db")
def test_nothing_is_carried_before_its_commit(seen: Recorder) -> None:
    with transaction.atomic():
        events.append(Counted(subject_id=new_id(), n=1), ACTOR, at=clock.now(), shard="session:a")
        other: list[int] = []
        thread = threading.Thread(target=lambda: (other.append(relay.drain()), connection.close()))
        thread.start()
        thread.join()
        assert other == [0]
    assert relay.drain() == 1


@pytest.mark.usefixtures("committed_db")
def test_a_failing_event_holds_its_own_shard_only(seen: Recorder) -> None:
    seen.bad = {1}
    for n in (0, 1, 2):
        emit(n)
    emit(7, shard="session:other")
    assert relay.drain() == 2
    assert seen == [0, 7]
    seen.bad = set()
    with clock.frozen(clock.now() + timedelta(seconds=2)):
        assert relay.drain() == 2
    assert seen == [0, 7, 1, 2]
    assert not EventFailure.objects.exists()


@pytest.mark.usefixtures("committed_db")
def test_the_eighth_failure_is_a_dead_letter_that_stops_the_shard_until_someone_decides(seen: Recorder) -> None:
    seen.bad = {1}
    bad = emit(1)
    emit(2)
    at = clock.now()
    for _ in range(relay.TRIES):
        at += timedelta(minutes=2)
        with clock.frozen(at):
            assert relay.drain(everything=True) == 0
    letter = DeadLetter.objects.get()
    assert (letter.event_id, letter.stops_shard, letter.error) == (bad, True, "RuntimeError")
    with clock.frozen(at + timedelta(hours=1)):
        assert relay.drain(everything=True) == 0
        relay.settle(bad, letter.handler, how="skip", by="staff:1", at=clock.now())
        assert relay.drain(everything=True) == 2
    assert seen == [2]


@pytest.mark.usefixtures("committed_db")
def test_what_waits_behind_a_dead_letter_keeps_no_other_shard_waiting(
    seen: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BATCH", 5)
    beside = next(
        f"session:{n}"
        for n in range(1000)
        if relay.partition_of(f"session:{n}") == relay.partition_of("session:a")  # the same partition
    )
    bad = emit(0)
    now = clock.now()
    DeadLetter.objects.create(
        event_id=bad, handler="x", shard="session:a", stops_shard=True, error="RuntimeError", at=now
    )
    for n in range(1, 8):
        emit(n)
    emit(99, beside)
    relay.drain()
    assert seen == [99]


@pytest.mark.usefixtures("committed_db")
def test_a_dead_letter_can_be_tried_again(seen: Recorder) -> None:
    seen.bad = {1}
    bad = emit(1)
    at = clock.now()
    for _ in range(relay.TRIES):
        at += timedelta(minutes=2)
        with clock.frozen(at):
            relay.drain(everything=True)
    seen.bad = set()
    with clock.frozen(at + timedelta(hours=1)):
        relay.settle(bad, DeadLetter.objects.get().handler, how="retry", by="staff:1", at=clock.now())
        assert relay.drain(everything=True) == 1
    assert seen == [1]


@pytest.mark.usefixtures("committed_db")
def test_a_crash_after_the_handler_delivers_again(seen: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    emit(1)

    def die(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(EventDelivery.objects, "bulk_create", die)
    with pytest.raises(KeyboardInterrupt):
        relay.drain()
    monkeypatch.undo()
    assert relay.drain() == 1
    assert seen == [1, 1]


@pytest.mark.usefixtures("committed_db")
def test_four_relays_at_once_deliver_each_event_once_and_in_order(seen: Recorder) -> None:
    for n in range(60):
        emit(n, shard=f"session:{n % 5}")

    def work() -> None:
        relay.drain()
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    relay.drain()
    assert sorted(seen) == list(range(60))
    for shard in range(5):
        assert [n for n in seen if n % 5 == shard] == list(range(shard, 60, 5))


@pytest.mark.usefixtures("committed_db")
def test_an_event_needs_a_transaction() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        events.append(Counted(subject_id=uuid4(), n=1), ACTOR, at=clock.now(), shard="session:a")


@pytest.mark.usefixtures("committed_db")
def test_one_look_and_one_connection_serve_all_partitions(seen: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each was one for each partition with work: under a crowd that books, the relay then kept a core for itself."""
    for n in range(40):
        emit(n, shard=f"session:{n}")
    looks, opened = [], []
    look, wrapper = relay._pending_keys, type(connections["default"])
    copy = wrapper.copy
    monkeypatch.setattr(relay, "_pending_keys", lambda **kwargs: looks.append(1) or look(**kwargs))
    monkeypatch.setattr(wrapper, "copy", lambda self, *args: opened.append(1) or copy(self, *args))
    assert relay.drain() == 40
    assert (len(looks), len(opened)) == (1, 1)


@pytest.mark.usefixtures("committed_db")
def test_an_event_carried_since_the_look_is_not_carried_again(seen: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    emit(1)
    seen_before = relay._pending_keys(everything=False)
    assert relay.drain() == 1
    monkeypatch.setattr(relay, "_pending_keys", lambda **_: seen_before)  # as another relay saw it a moment ago
    assert relay.drain() == 0
    assert seen == [1]


@pytest.mark.usefixtures("committed_db")
def test_a_backlog_older_than_the_look_back_is_carried_whole_and_in_order(
    seen: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "LOOK_BACK", timedelta(0))
    monkeypatch.setattr(relay, "BATCH", 5)
    for n in range(12):
        emit(n)
    stop = threading.Event()

    def work() -> None:
        relay.run(stop)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    until = time.monotonic() + 10
    while len(seen) < 12 and time.monotonic() < until:
        time.sleep(0.02)
    stop.set()
    thread.join()
    assert seen == list(range(12))


@pytest.mark.usefixtures("committed_db")
def test_a_burst_of_events_wakes_the_relay_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_woken_at", float("-inf"))
    monkeypatch.setattr(events, "GATHER_S", 60)
    with CaptureQueriesContext(connection) as asked:
        for n in range(5):
            emit(n)
    assert sum("pg_notify" in query["sql"] for query in asked) == 1
