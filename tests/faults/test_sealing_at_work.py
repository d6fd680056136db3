"""The sealer beside writers with real commits, and its verifier against an owner who tampers."""

import threading
import time as wall
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, connections, transaction
from tests.unit.core.test_sealing import NOW, TIANTAN, XUANWU, kinds, sealed_ids, write

from yitong.core.db import sealing
from yitong.core.db.models_security import Seal, SealedLeaf
from yitong.core.db.sealing import close_days, seal_pending

pytestmark = pytest.mark.slow


def in_thread(work: Callable[[], object]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_row_that_becomes_visible_late_is_sealed_next(committed_db: None) -> None:
    written, may_commit = threading.Event(), threading.Event()
    late: list[UUID] = []

    def slow() -> None:
        with transaction.atomic():
            late.extend(write())
            written.set()
            assert may_commit.wait(30)

    thread = in_thread(slow)
    assert written.wait(30)
    early = write(2)  # later ids, sealed first
    assert seal_pending(now=NOW).rows == 2
    may_commit.set()
    thread.join()
    assert seal_pending(now=NOW).rows == 1
    assert late[0] < early[0]
    assert sealed_ids() == [*early, *late]
    assert kinds() == []


def test_one_sealer_at_a_time_and_the_key_refuses_who_ignores_the_lock(committed_db: None, monkeypatch) -> None:
    write(2)
    seal_pending(now=NOW)
    write(3)
    locked, may_end = threading.Event(), threading.Event()
    append = sealing._append

    def slow_append(*args, **options) -> None:
        locked.set()
        assert may_end.wait(30)
        append(*args, **options)

    monkeypatch.setattr(sealing, "_append", slow_append)
    results: list[sealing.Pass] = []
    thread = in_thread(lambda: results.append(seal_pending(now=NOW)))
    assert locked.wait(30)
    assert seal_pending(now=NOW) == sealing.Pass(rows=0, seals=0, is_complete=False)

    monkeypatch.setattr(sealing, "_append", append)
    monkeypatch.setattr(sealing, "_locked", lambda name, shard: True)  # the twin without the lock
    assert seal_pending(now=NOW).rows == 3
    monkeypatch.setattr(sealing, "_append", slow_append)
    caught: list[BaseException] = []
    monkeypatch.setattr(threading, "excepthook", lambda hook: caught.append(hook.exc_value))
    may_end.set()
    thread.join()
    assert (results, [type(error) for error in caught]) == ([], [IntegrityError])
    assert len(sealed_ids()) == 5
    assert kinds() == []


def test_running_sealer_seals_within_a_second_of_the_commit(committed_db: None) -> None:
    stop, sealed = threading.Event(), 0
    thread = in_thread(lambda: sealing.run(stop))
    try:
        waits = []
        for _ in range(4):
            write()
            start = wall.monotonic()
            while SealedLeaf.objects.count() == sealed and wall.monotonic() - start < 20:
                stop.wait(0.02)
            waits.append(wall.monotonic() - start)
            sealed = SealedLeaf.objects.count()
    finally:
        stop.set()
        thread.join()
    assert sealed == 4
    assert min(waits) < 1
    assert kinds() == []


def test_every_way_to_tamper_is_found(committed_db: None, owner_connection: psycopg.Connection) -> None:
    ids: list[UUID] = []
    for n in range(3):
        ids += write(4)
        seal_pending(now=NOW + timedelta(days=n))
    close_days(now=NOW + timedelta(days=2))
    heads = dict(Seal.objects.values_list("number", "head"))
    witnessed = {("events", str(XUANWU)): {number: bytes(head) for number, head in heads.items()}}
    assert kinds(witnessed=witnessed) == []
    a, b = ids[4], ids[5]
    third = "number = 3"

    tampered: list[tuple[str, list[str], list[str]]] = [
        ("a row", [f"UPDATE core_event SET to_state = 'done' WHERE id = '{a}'"], ["row_changed"]),
        ("an instant", [f"UPDATE core_event SET at = at + interval '1 us' WHERE id = '{a}'"], ["row_changed"]),
        ("a body", [f"""UPDATE core_event SET body = '{{"n": "0"}}' WHERE id = '{a}'"""], ["row_changed"]),
        ("a removed row", [f"DELETE FROM core_event WHERE id = '{a}'"], ["row_removed"]),
        (
            "a row moved elsewhere",
            [f"UPDATE core_event SET hospital_id = '{TIANTAN}' WHERE id = '{a}'"],
            ["row_removed"],
        ),
        (
            "an inserted row",
            [
                (
                    "INSERT INTO core_event SELECT (e).* FROM (SELECT jsonb_populate_record(e, "
                    f"jsonb_build_object('id', gen_random_uuid(), 'recorded_at', now() - interval '1 h')) e"
                    f" FROM core_event e WHERE id = '{a}') e"
                )
            ],
            ["row_unsealed"],
        ),
        (
            "a row with its leaf",
            [f"DELETE FROM core_event WHERE id = '{a}'", f"DELETE FROM core_sealed_leaf WHERE row_id = '{a}'"],
            ["leaves_changed", "day_changed"],
        ),
        (
            "the order of two rows",
            [
                "UPDATE core_sealed_leaf SET seq = 1005 WHERE seq = 5",
                "UPDATE core_sealed_leaf SET seq = 5 WHERE seq = 6",
                "UPDATE core_sealed_leaf SET seq = 6 WHERE seq = 1005",
            ],
            ["order_changed", "day_changed"],
        ),
        (
            "two rows that swap their contents",
            [
                f"UPDATE core_event SET body = (SELECT body FROM core_event WHERE id = '{b}') WHERE id = '{a}'",
            ],
            ["row_changed"],
        ),
        (
            "a leaf",
            ["UPDATE core_sealed_leaf SET leaf_hash = sha256('x') WHERE seq = 5"],
            ["leaves_changed", "row_changed", "day_changed"],
        ),
        ("a signature", [f"UPDATE core_seal SET signature = sha512('x') WHERE {third}"], ["signature_broken"]),
        (
            "a seal's time",
            [f"UPDATE core_seal SET sealed_at = sealed_at + interval '1 h' WHERE {third}"],
            ["seal_changed"],
        ),
        (
            "a head",
            [f"UPDATE core_seal SET head = sha256('x') WHERE {third}"],
            ["seal_changed", "signature_broken", "history_rewritten"],
        ),
        (
            "a seal's root",
            [f"UPDATE core_seal SET root = sha256('x') WHERE {third}"],
            ["seal_changed", "leaves_changed"],
        ),
        ("the last seal", [f"DELETE FROM core_seal WHERE {third}"], ["seal_missing", "history_rewritten"]),
        (
            "a seal between",
            ["DELETE FROM core_seal WHERE number = 2"],
            ["seal_missing", "day_changed", "history_rewritten"],
        ),
        (
            "the end of all: rows, leaves and seal",
            [
                "DELETE FROM core_event USING core_sealed_leaf l WHERE id = l.row_id AND l.seq > 8",
                "DELETE FROM core_sealed_leaf WHERE seq > 8",
                f"DELETE FROM core_seal WHERE {third}",
            ],
            ["history_rewritten"],
        ),
        (
            "everything",
            [f"DELETE FROM {table}" for table in ("core_event", "core_sealed_leaf", "core_seal", "core_day_root")],
            ["history_rewritten"] * 3,
        ),
        (
            "a day's root",
            ["UPDATE core_day_root SET root = sha256('x') WHERE days = 2"],
            ["day_changed", "signature_broken"],
        ),
        ("a day", ["DELETE FROM core_day_root WHERE days = 1"], ["day_missing", "day_changed"]),
        (
            "the tree of days",
            ["UPDATE core_day_root SET tree_root = sha256('x') WHERE days = 2"],
            ["day_changed", "signature_broken"],
        ),
    ]
    tables = ("core_event", "core_sealed_leaf", "core_seal", "core_day_root")
    for table in tables:
        owner_connection.execute(f"CREATE TABLE kept_{table} AS TABLE {table}")
    for what, statements, expected in tampered:
        for statement in statements:
            owner_connection.execute(statement)
        assert (what, sorted(set(kinds(witnessed=witnessed)))) == (what, sorted(set(expected)))
        for table in tables:
            owner_connection.execute(f"DELETE FROM {table}")
            owner_connection.execute(f"INSERT INTO {table} SELECT * FROM kept_{table}")
    assert kinds(witnessed=witnessed) == []
