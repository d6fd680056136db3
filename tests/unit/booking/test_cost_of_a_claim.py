"""What a claim costs the database: so many statements, each of them an index access."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests import clinic as build

pytestmark = pytest.mark.django_db

REFERENCE = ("core_policy_record",)  # class R: a few hundred rows, read whole
STATEMENTS = 17


def statements() -> list[str]:
    """What one claim of an account holder says to the database, the marks of its transaction left out."""
    place, (actor, patient) = build.clinic(), build.holder()
    with CaptureQueriesContext(connection) as asked:
        build.hold(place, patient, actor)
    return [
        query["sql"]
        for query in asked
        if not re.match(r"(SAVEPOINT|RELEASE|BEGIN|COMMIT|SELECT pg_notify)", query["sql"])
    ]


def test_a_claim_asks_no_more_than_it_must() -> None:
    """Each is a round trip under locks: on a busy machine they, not the work, are what a claim waits for."""
    asked = statements()
    assert len(asked) == STATEMENTS, "\n".join(sql[:90] for sql in asked)


def test_no_statement_of_a_claim_reads_a_table_from_end_to_end() -> None:
    whole = []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # so that one appears only where no index serves
        for sql in statements():
            if sql.startswith("SET "):
                continue
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            whole += [table for table in re.findall(r"Seq Scan on (\w+)", plan) if table not in REFERENCE]
    assert whole == []
