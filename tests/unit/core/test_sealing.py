"""The sealer and its verifier against a real PostgreSQL, as the running role; the owner plays the one who tampers."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from yitong.core.db import sealing, sealing_check
from yitong.core.db.models import Event
from yitong.core.db.models_security import DayRoot, Seal, SealCursor, SealedLeaf
from yitong.core.db.sealing import CITY, LOOK_BACK, close_days, seal_pending
from yitong.core.hashlog.export import verify_export
from yitong.core.hashlog.merkle import is_included
from yitong.core.ids import new_id

NOW = datetime(2026, 3, 1, 4, tzinfo=UTC)
XUANWU, TIANTAN = UUID(int=1), UUID(int=2)
LONG_AGO = timedelta(days=2)


def write(count: int = 1, hospital: UUID = XUANWU, **fields) -> list[UUID]:
    made = Event.objects.bulk_create(
        Event(
            hospital_id=hospital,
            id=new_id(),
            operation="booking.slot_held",
            actor="account:1",
            channel="web",
            subject_id=UUID(int=9),
            to_state="held",
            at=NOW,
            shard="session:1",
            **{"body": {"n": n}, **fields},
        )
        for n in range(count)
    )
    return [event.id for event in made]


def database_now() -> datetime:
    return sealing._watermarks()[0]


def kinds(**options) -> list[str]:
    return [finding.kind for finding in sealing_check.verify(["events"], **options).findings]


def sealed_ids(hospital: UUID = XUANWU) -> list[UUID]:
    return list(SealedLeaf.objects.filter(shard=str(hospital)).order_by("seq").values_list("row_id", flat=True))


def test_rows_are_chained_in_the_order_of_their_ids(db: None) -> None:
    first = write(3)
    assert seal_pending(now=NOW) == sealing.Pass(rows=3, seals=1, is_complete=True)
    second = write(2)
    assert seal_pending(now=NOW + timedelta(seconds=1)).rows == 2
    assert seal_pending(now=NOW + timedelta(seconds=2)) == sealing.Pass(rows=0, seals=0, is_complete=True)

    assert sealed_ids() == first + second
    seals = list(Seal.objects.order_by("number"))
    assert [(s.number, s.first_seq, s.count, s.first_id, s.last_id) for s in seals] == [
        (1, 1, 3, first[0], first[-1]),
        (2, 4, 2, second[0], second[-1]),
    ]
    assert bytes(seals[1].previous) == bytes(seals[0].head)
    report = sealing_check.verify()
    assert (report.is_whole, report.rows, report.seals, report.tail) == (True, 5, 2, 0)
    assert report.heads["events", str(XUANWU)] == (2, bytes(seals[1].head))


def test_each_hospital_and_the_city_have_chains_of_their_own(db: None) -> None:
    write(2, XUANWU), write(1, TIANTAN), write(1, UUID(int=0))
    assert seal_pending(now=NOW) == sealing.Pass(rows=4, seals=3, is_complete=True)
    assert sorted(Seal.objects.values_list("shard", "number")) == sorted(
        [(str(XUANWU), 1), (str(TIANTAN), 1), (CITY, 1)]
    )
    assert kinds() == []


def test_pass_without_work_asks_once_for_each_log_and_writes_nothing(db: None) -> None:
    write()
    seal_pending(now=NOW)
    before = dict(SealCursor.objects.values_list("log", "watermark").filter(shard=sealing.WHOLE))
    with CaptureQueriesContext(connection) as seen:
        assert seal_pending(now=NOW) == sealing.Pass(rows=0, seals=0, is_complete=True)
    assert [query["sql"].split()[0] for query in seen] == ["SELECT"] * (1 + len(sealing.logs()))
    assert dict(SealCursor.objects.values_list("log", "watermark").filter(shard=sealing.WHOLE)) == before


def test_pass_without_work_moves_the_watermark_once_in_a_while(db: None) -> None:
    seal_pending(now=NOW)
    old = database_now() - sealing.NOTE_EVERY
    SealCursor.objects.filter(shard=sealing.WHOLE).update(watermark=old)
    seal_pending(now=NOW)
    assert not SealCursor.objects.filter(shard=sealing.WHOLE, watermark__lt=old + sealing.NOTE_EVERY).exists()


def test_big_backlog_is_sealed_in_batches(db: None, monkeypatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 4)
    written = write(10)
    assert seal_pending(now=NOW) == sealing.Pass(rows=10, seals=3, is_complete=True)
    assert sealed_ids() == written
    assert kinds() == []


def test_unsealed_tail_of_five_seconds_is_accepted_and_no_more(db: None) -> None:
    seal_pending(now=NOW)
    write(2)
    report = sealing_check.verify()
    assert (report.is_whole, report.tail) == (True, 2)
    [old] = write(recorded_at=database_now() - timedelta(seconds=6))
    report = sealing_check.verify()
    assert [(f.kind, f.log, f.shard, f.place) for f in report.findings] == [
        ("row_unsealed", "events", str(XUANWU), f"row {old}")
    ]


def test_scan_begins_at_the_watermark_and_a_sweep_sees_all(db: None) -> None:
    write()
    seal_pending(now=NOW)
    [late] = write(recorded_at=database_now() - LOOK_BACK + timedelta(seconds=30))
    [backdated] = write(recorded_at=database_now() - LOOK_BACK - timedelta(seconds=30))
    assert seal_pending(now=NOW, look_back=timedelta(seconds=60)).rows == 0
    assert seal_pending(now=database_now()).rows == 1
    assert sealed_ids()[-1] == late
    assert kinds() == ["row_unsealed"]
    assert seal_pending(now=database_now(), full=True).rows == 1
    assert sealed_ids()[-1] == backdated
    report = sealing_check.verify()
    assert report.is_whole
    assert [notice.kind for notice in report.notices] == ["sealed_late", "day_open"]


def test_lost_cursors_cost_a_sweep_and_nothing_else(db: None) -> None:
    write(3)
    seal_pending(now=NOW)
    SealCursor.objects.all().delete()
    write(2, recorded_at=database_now() - LONG_AGO)
    assert seal_pending(now=database_now()).rows == 2
    assert kinds() == []


def test_odd_rows_do_not_stop_the_sealer(db: None) -> None:
    write(body={"rate": 1.5, "ratio": 0.1})
    write(body={"é": 1, "e\u0301": 2})
    write(body={"深": [[[None]]], "n": 10**40})
    assert seal_pending(now=NOW).rows == 3
    assert kinds() == []
    assert verify_export(sealing_check.export("events", str(XUANWU)), sealing_check.trusted_keys()) == []


def test_time_never_goes_back_in_a_chain(db: None) -> None:
    write()
    seal_pending(now=NOW)
    write()
    seal_pending(now=NOW - timedelta(hours=1))
    assert list(Seal.objects.order_by("number").values_list("sealed_at", flat=True)) == [NOW, NOW]
    assert kinds() == []


def test_ended_days_get_roots_in_a_tree_of_days(db: None) -> None:
    sealed = {}
    for n in range(5):
        if n != 2:  # a day on which nothing happened
            sealed[n] = write(n + 1)
            seal_pending(now=NOW + timedelta(days=n))
    assert close_days(now=NOW + timedelta(days=4)) == 3
    assert close_days(now=NOW + timedelta(days=4)) == 0
    assert list(DayRoot.objects.order_by("days").values_list("day", "days", "first_seq", "count")) == [
        (date(2026, 3, 1), 1, 1, 1),
        (date(2026, 3, 2), 2, 2, 2),
        (date(2026, 3, 4), 3, 4, 4),
    ]
    report = sealing_check.verify()
    assert (report.findings, report.days) == ((), 3)

    for n in (0, 1, 3):
        for row_id in sealed[n]:
            proof = sealing_check.prove("events", row_id)
            day = proof.day.day
            assert day.day == date(2026, 3, 1 + n)
            assert is_included(proof.leaf, proof.index, day.count, proof.path, day.root, day.hash)
    assert sealing_check.prove("events", sealed[4][0]) is None
    assert sealing_check.prove("events", new_id()) is None

    lines = list(sealing_check.export("events", str(XUANWU)))
    assert verify_export(lines, sealing_check.trusted_keys()) == []
    hidden = list(sealing_check.export("events", str(XUANWU), is_hidden=lambda row: row["body"]["n"] == 0))
    assert verify_export(hidden, sealing_check.trusted_keys()) == []
    assert sum(b'"kind":"leaf"' in line for line in hidden) == 4


def test_closed_day_gets_no_more_rows(db: None) -> None:
    write()
    seal_pending(now=NOW)
    assert close_days(now=NOW + timedelta(days=1)) == 1
    write()
    seal_pending(now=NOW)  # a machine whose clock is behind
    assert Seal.objects.order_by("-number")[0].sealed_at == datetime(2026, 3, 1, 16, tzinfo=UTC)
    assert close_days(now=NOW + timedelta(days=2)) == 1
    assert kinds() == []


@pytest.mark.rule("R-209")
def test_hash_can_change_between_seals(db: None, settings) -> None:
    for name in ("SHA-256", "SM3", "SHA-256"):
        settings.YITONG_HASH = name
        write(2)
        seal_pending(now=NOW)
    settings.YITONG_HASH = "SM3"
    close_days(now=NOW + timedelta(days=1))
    assert list(Seal.objects.order_by("number").values_list("hash", flat=True)) == ["sha-256", "sm3", "sha-256"]
    assert kinds() == []
    assert verify_export(sealing_check.export("events", str(XUANWU)), sealing_check.trusted_keys()) == []


def test_new_signing_key_goes_on_and_the_old_is_trusted_by_name(db: None, settings) -> None:
    write()
    seal_pending(now=NOW)
    old = sealing.signer().public
    settings.YITONG_SEALING_KEY = b"\x05" * 32
    sealing.signer.cache_clear()
    try:
        write()
        seal_pending(now=NOW)
        assert kinds() == ["key_unknown"]
        settings.YITONG_SEALING_TRUSTED = [old]
        assert kinds() == []
    finally:
        sealing.signer.cache_clear()


@pytest.mark.parametrize("table", ["core_event", "core_seal", "core_sealed_leaf", "core_day_root"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET shard = 'x'", "TRUNCATE {}"])
def test_running_role_can_only_add(db: None, table: str, change: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change.format(table))


def test_registering_asks_what_can_be_sealed() -> None:
    from yitong.domains.notify.models import Contact

    with pytest.raises(TypeError, match="say with `content`"):
        sealing.register_log("contacts", Contact)
    with pytest.raises(ValueError, match="there is a log events already"):
        sealing.register_log("events", Contact, content=lambda row: row)
    assert sealing.logs()["events"].model is Event
