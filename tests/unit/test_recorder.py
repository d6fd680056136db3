"""The statement recorder sees every Django connection and catches a planted statement of each kind."""

import threading
from uuid import uuid4

import pytest
from django.db import connection, connections
from tests import recorder

from yitong.core.db.models import Event
from yitong.core.db.scale import cross_hospital

SOUND = [
    'SELECT "core_event"."id" FROM "core_event" WHERE ("core_event"."hospital_id" = %s AND "core_event"."id" IN (%s, %s))',
    'UPDATE "core_event" SET "shard" = %s WHERE ("core_event"."hospital_id", "core_event"."id") = (%s, %s)',
    'SELECT id FROM core_event WHERE ("hospital_id", "id") IN ((%s, %s), (%s, %s)) FOR UPDATE',
    "DELETE FROM core_event WHERE hospital_id = %s::uuid AND id = %(id)s",
    "SELECT 1 FROM core_event a JOIN core_event b ON b.hospital_id = a.hospital_id WHERE b.hospital_id = %s FOR SHARE",
    (
        "SELECT 1 FROM core_event a WHERE hospital_id = %s AND EXISTS"
        " (SELECT FROM core_event b WHERE b.hospital_id = a.hospital_id AND b.id = a.subject_id)"
    ),
    "SELECT 1 FROM core_event WHERE (hospital_id = %s AND id = %s) OR (hospital_id = %s AND shard = 'a%%')",
    "SELECT 1 FROM core_event WHERE hospital_id IN (%s)",
    "INSERT INTO core_event (hospital_id, id) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING id",
    (
        "SELECT 1 FROM core_event e JOIN unnest(%s::uuid[], %s::uuid[]) AS w(hospital_id, id)"
        " ON e.hospital_id = w.hospital_id AND e.id = w.id FOR SHARE OF e"
    ),
    "COPY core_event (hospital_id, id) FROM STDIN",
    "UPDATE core_event e SET shard = '' FROM core_event o WHERE o.hospital_id = %s AND e.hospital_id = o.hospital_id",
    "SELECT * FROM core_policy_record",
    "UPDATE core_policy_record SET id = gen_random_uuid()",
    "SAVEPOINT core_event",
]

OVER_ALL = {
    "by id alone": "SELECT * FROM core_event WHERE id = %s",
    "no condition": "SELECT count(*) FROM core_event",
    "one branch of OR open": "SELECT 1 FROM core_event WHERE hospital_id = %s OR id = %s",
    "negated": "SELECT 1 FROM core_event WHERE NOT (hospital_id = %s)",
    "some hospitals": "SELECT 1 FROM core_event WHERE hospital_id IN (%s, %s)",
    "an array of hospitals": "SELECT 1 FROM core_event WHERE hospital_id = ANY(%s)",
    "another table's hospital": "SELECT 1 FROM core_event e, core_policy_record p WHERE e.hospital_id = p.hospital_id",
    "a join on the id only": "SELECT 1 FROM core_event a JOIN core_event b ON b.id = a.subject_id WHERE a.hospital_id = %s",
    "an open subquery": "SELECT 1 FROM core_policy_record WHERE id IN (SELECT subject_id FROM core_event WHERE at > %s)",
    "an open WITH": "WITH e AS (SELECT id FROM core_event WHERE shard = %s) SELECT 1 FROM e",
    "rows handed in, joined by id": (
        "SELECT 1 FROM core_event e JOIN unnest(%s::uuid[], %s::uuid[]) AS w(hospital_id, id) ON e.id = w.id"
    ),
    "rows that are read, not handed in": (
        "SELECT 1 FROM core_policy_record p, core_event e JOIN LATERAL unnest(ARRAY[p.hospital_id]) AS w(hospital_id)"
        " ON e.hospital_id = w.hospital_id"
    ),
    "an update": "UPDATE core_event SET shard = %s WHERE id = %s",
    "a delete": "DELETE FROM core_event WHERE id = %s",
    "a copy": "INSERT INTO core_event (hospital_id, id) SELECT hospital_id, id FROM core_event",
}

NEVER = {
    "a lock over all by rows handed in": (
        "SELECT 1 FROM core_event e JOIN unnest(%s::uuid[]) AS w(id) ON e.id = w.id FOR SHARE OF e",
        "locks rows over all hospitals",
    ),
    "rows of no hospital": ("INSERT INTO core_event (id) VALUES (%s)", "writes core_event without hospital_id"),
    "rows of no hospital by COPY": ("COPY core_event (id, subject_hospital_id) FROM STDIN", "without hospital_id"),
    "a lock over all": (
        "SELECT id FROM core_event WHERE id = %s FOR UPDATE SKIP LOCKED",
        "locks rows over all hospitals",
    ),
    "a shared lock over all": ("SELECT id FROM core_event FOR SHARE", "locks rows over all hospitals"),
    "a clock in UPDATE": ("UPDATE core_event SET at = clock_timestamp() WHERE hospital_id = %s", "clock_timestamp()"),
    "a random key in UPDATE": (
        "UPDATE core_event SET id = gen_random_uuid() WHERE hospital_id = %s",
        "gen_random_uuid()",
    ),
    "a sequence in UPDATE": ("UPDATE core_event SET shard = nextval('s')::text WHERE hospital_id = %s", "nextval()"),
    "chance in UPDATE's condition": (
        "UPDATE core_event SET shard = '' WHERE hospital_id = %s AND random() < 1",
        "random()",
    ),
    "now() in ON CONFLICT": (
        "INSERT INTO core_event (hospital_id, id) VALUES (%s, %s) ON CONFLICT (hospital_id, id) DO UPDATE SET at = now()",
        "now()",
    ),
    "a changed hospital": ("UPDATE core_event SET hospital_id = %s WHERE hospital_id = %s", "changes hospital_id"),
    "MERGE": ("MERGE INTO core_event e USING (VALUES (1)) v (n) ON e.id IS NULL WHEN MATCHED THEN DELETE", "MERGE"),
    "what can't be read": ("SELECT FROM WHERE core_event )(", "can't be read"),
}


@pytest.mark.parametrize("sql", SOUND)
def test_a_sound_statement_passes(sql: str) -> None:
    assert recorder.faults_of(sql) == ()


@pytest.mark.parametrize("kind", OVER_ALL)
def test_a_statement_over_all_hospitals_is_caught_and_may_be_excused(kind: str) -> None:
    [(fault, excusable)] = recorder.faults_of(OVER_ALL[kind])
    assert fault.startswith("goes over all hospitals (core_event")
    assert excusable


@pytest.mark.parametrize("kind", NEVER)
def test_locks_and_volatile_writes_have_no_excuse(kind: str) -> None:
    sql, what = NEVER[kind]
    found = recorder.faults_of(sql)
    assert [excusable for _, excusable in found] == [False]
    assert what in found[0][0]


def test_the_recorder_listens_on_this_connection(db: None) -> None:
    with recorder.expecting() as seen, pytest.raises(recorder.NotScalable):
        Event.objects.filter(id=uuid4()).exists()
    assert len(seen) == 1
    with cross_hospital("a test looks at all rows"):
        assert not Event.objects.filter(id=uuid4()).exists()
    assert not Event.objects.filter(hospital_id=uuid4(), id=uuid4()).exists()


def test_the_recorder_listens_on_connections_of_other_threads(committed_db: None) -> None:
    caught: list[Exception] = []

    def ask() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM core_event WHERE id = %s FOR UPDATE", [uuid4()])
        except recorder.NotScalable as error:
            caught.append(error)
        finally:
            connections.close_all()

    with recorder.expecting() as seen:
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    assert len(caught) == len(seen) == 1


def test_a_copied_connection_is_heard_too(committed_db: None) -> None:
    own = connection.copy()
    try:
        with recorder.expecting(), pytest.raises(recorder.NotScalable), own.cursor() as cursor:
            cursor.execute("UPDATE core_event SET shard = '' WHERE id = %s", [uuid4()])
    finally:
        own.close()
