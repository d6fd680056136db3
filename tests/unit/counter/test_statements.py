"""What the booking window asks in a batch costs the same however many bookings the city holds."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from tests import clinic as build

from yitong.counter import statements, store
from yitong.domains.booking.models import PatientBooking
from yitong.domains.people.models import Patient

pytestmark = pytest.mark.django_db
SETTINGS = [setting.removeprefix("-c ").split("=") for setting in store.SETTINGS.split(" -c ")]


def test_the_bookings_of_each_patient_are_found_by_the_plain_index() -> None:
    with connection.cursor() as cursor:
        for name, value in SETTINGS:
            cursor.execute(f"SET LOCAL {name} = '{value}'")
        cursor.execute("EXPLAIN " + statements.OTHERS, [[]])
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Join Filter" not in plan, plan  # that would be each wish against every booking
    assert "Index Cond: (patient_id = (w.patient_id))" in plan, plan
    assert "patient_booking_no_overlap" not in plan, plan


@pytest.mark.rule("R-102")
def test_a_patient_has_the_live_bookings_of_records_merged_into_his() -> None:
    place, (actor, patient), (other_actor, merged) = build.clinic(), build.holder(), build.holder()
    mine = build.hold(place, patient, actor, n=0)
    theirs = build.hold(place, merged, other_actor, n=1)
    ended = build.hold(build.clinic(day=build.DAY + timedelta(days=1)), patient, actor)
    PatientBooking.objects.filter(id=ended.booking_id).update(live=False)
    Patient.objects.filter(id=merged).update(state="merged", survivor_id=patient)
    with connection.cursor() as cursor:
        cursor.execute(statements.OTHERS, [[patient]])
        found = {(UUID(row[0]), row[1]) for row in cursor.fetchall()}
    assert found == {(patient, mine.booking_id), (patient, theirs.booking_id)}


@pytest.mark.parametrize("words", [[], [""], ["a,b", "{c}", 'd"e', "f\\g", "NULL", "h i", "\\"]])
def test_an_array_of_words_is_read_as_they_were(words: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[]", [statements.words(words)])
        assert cursor.fetchone() == (words,)
