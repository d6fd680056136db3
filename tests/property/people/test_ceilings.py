"""R-005: the constraints on a patient's days say what a plain reading of the rule says."""

from collections.abc import Sequence
from datetime import date, timedelta

import psycopg
import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests import make

from yitong.core.clock import months_later

START = date(2027, 1, 25)
days = st.lists(st.integers(0, 130).map(lambda n: START + timedelta(days=n)), max_size=9)
CEILINGS = {
    "limits_same_day": (2, lambda first: first + timedelta(days=1)),
    "limits_7_days": (3, lambda first: first + timedelta(days=7)),
    "limits_3_months": (5, lambda first: months_later(first, 3)),
}


def broken(held: Sequence[date]) -> set[str]:
    """The rule, written plainly: count what lies in each window that begins at one of the days."""
    return {
        name
        for name, (most, end) in CEILINGS.items()
        if any(sum(first <= day < end(first) for day in held) > most for first in held)
    }


def refused_by(patient_id: object, held: Sequence[date]) -> str | None:
    raw = connection.connection
    with raw.cursor() as cursor:
        cursor.execute("SAVEPOINT trial")
        try:
            cursor.execute(
                "UPDATE people_booking_limits SET live_days = %s::date[] WHERE patient_id = %s",
                [list(held), patient_id],
            )
            return None
        except psycopg.errors.CheckViolation as error:
            return error.diag.constraint_name
        finally:
            cursor.execute("ROLLBACK TO SAVEPOINT trial")


@pytest.mark.rule("R-005")
def test_constraints_equal_the_rule(db: None) -> None:
    patient_id = make.patient_seen()

    @settings(suppress_health_check=list(HealthCheck))
    @given(days)
    @example([START] * 3)
    @example([START, START])
    @example([START, START + timedelta(days=3), START + timedelta(days=6), START + timedelta(days=7)])
    @example([START, START + timedelta(days=3), START + timedelta(days=5), START + timedelta(days=6)])
    @example([date(2027, 1, 31) + timedelta(days=20 * n) for n in range(6)])
    @example([date(2027, 1, 31), *(date(2027, 2, 10) + timedelta(days=15 * n) for n in range(4)), date(2027, 4, 30)])
    @example([date(2027, 1, 31), *(date(2027, 2, 10) + timedelta(days=15 * n) for n in range(4)), date(2027, 4, 29)])
    def check(held: list[date]) -> None:
        expected = broken(held)
        name = refused_by(patient_id, held)
        assert (name in expected) if expected else name is None

    check()
