"""Two who change the same facts: the second is told of the first, and nobody writes over what was never seen."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests import make

from yitong.core.actor import Actor
from yitong.core.db.models import Event
from yitong.domains.hospitals import errors
from yitong.domains.hospitals.commands import hospitals, places, practitioners
from yitong.domains.hospitals.contracts.writes import (
    BindPractitioner,
    ChangeCampus,
    ChangeDepartment,
    ChangeHospital,
    ChangePractitioner,
    ImportCampuses,
    SetFirstVisitGuide,
    seen_of,
)
from yitong.domains.hospitals.queries import facts

pytestmark = pytest.mark.django_db
NOW = make.NOW
KINDS = ("hospital", "campus", "department", "practitioner")


@dataclass
class Thing:
    """One thing of a hospital, and how it is read and changed."""

    stands: Callable[[], Any]
    command: Callable[..., Any]  # facts, seen → what `run` takes
    run: Callable[..., Any]
    admin: Actor
    other: dict[str, Any]  # what somebody else changes

    def change(self, told: Any, *seen: str) -> None:
        self.run(self.command(told, *seen), actor=self.admin, now=NOW)


@pytest.fixture
def things() -> dict[str, Thing]:
    at = make.hospital()
    campus, department = make.campus(at), make.department(at, code="D1")
    make.department(at, code="D2")
    doctor, admin = make.practitioner(at, "D1"), make.hospital_admin(at)
    return {
        "hospital": Thing(
            lambda: facts.hospital_facts(at),
            lambda *told: ChangeHospital(at, *told),
            hospitals.change_hospital,
            admin,
            {"specialties": ("心血管内科",)},
        ),
        "campus": Thing(
            lambda: facts.campus_facts(at, campus),
            lambda *told: ChangeCampus(at, campus, *told),
            places.change_campus,
            admin,
            {"address": "示范路9号"},
        ),
        "department": Thing(
            lambda: facts.department_facts(at, department),
            lambda *told: ChangeDepartment(at, department, *told),
            places.change_department,
            admin,
            {"age_from": 14},
        ),
        "practitioner": Thing(
            lambda: facts.practitioner_facts(at, doctor, admin),
            lambda *told: ChangePractitioner(at, doctor, *told),
            practitioners.change_practitioner,
            admin,
            {"department_codes": ("D1", "D2")},
        ),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_never_seen_is_not_written_over(things: dict[str, Thing], kind: str) -> None:
    one = things[kind]
    first = one.stands()
    one.change(replace(first, **one.other), seen_of(first))
    now = one.stands()
    assert now == replace(first, **one.other)
    before, mine = Event.objects.count(), replace(first, name="另一个名称")
    with pytest.raises(errors.FactsChanged):
        one.change(mine, seen_of(first))
    assert (one.stands(), Event.objects.count()) == (now, before)
    one.change(mine, seen_of(now))  # a decision
    assert one.stands() == mine


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_press_of_the_same_change_is_no_conflict(things: dict[str, Thing], kind: str) -> None:
    one = things[kind]
    first = one.stands()
    mine = replace(first, **one.other, name=" 另一个名称 ")
    one.change(mine, seen_of(first))
    before = Event.objects.count()
    one.change(mine, seen_of(first))
    assert Event.objects.count() == before


@pytest.mark.parametrize("kind", KINDS)
def test_who_tells_of_nothing_seen_is_the_last_word(things: dict[str, Thing], kind: str) -> None:
    one = things[kind]
    first = one.stands()
    one.change(replace(first, **one.other))
    one.change(first)
    assert one.stands() == first


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_is_read_under_the_lock(things: dict[str, Thing], kind: str) -> None:
    one = things[kind]
    first = one.stands()
    one.change(replace(first, **one.other))
    with (
        CaptureQueriesContext(
            connection,
        ) as asked,
        pytest.raises(errors.FactsChanged),
    ):
        one.change(replace(first, name="另一个名称"), seen_of(first))
    sql = [query["sql"] for query in asked.captured_queries]
    locked = next(n for n, each in enumerate(sql) if "FOR UPDATE" in each and '"hospitals_hospital"' in each)
    read = [n for n, each in enumerate(sql) if f'FROM "hospitals_{kind}"' in each and "FOR UPDATE" not in each]
    assert read
    assert min(read) > locked


def test_an_import_is_seen_and_what_is_no_part_of_the_facts_is_not(things: dict[str, Thing]) -> None:
    at: UUID = things["hospital"].command(None).hospital_id
    admin = things["hospital"].admin
    seen = {kind: seen_of(things[kind].stands()) for kind in KINDS}
    guide = SetFirstVisitGuide(at, "带好身份证")
    hospitals.set_first_visit_guide(guide, actor=admin, now=NOW)
    doctor: UUID = things["practitioner"].command(None).practitioner_id
    staff_id = make.staff_member("doctor", hospital_id=at).staff_id
    practitioners.bind_practitioner(BindPractitioner(at, doctor, staff_id), actor=admin, now=NOW)
    assert {kind: seen_of(things[kind].stands()) for kind in KINDS} == seen
    moved = replace(things["campus"].stands(), address="新路1号")
    places.import_campuses(ImportCampuses(at, (moved,)), actor=admin, now=NOW)
    with pytest.raises(errors.FactsChanged):
        things["campus"].change(replace(moved, address="示范路2号"), seen["campus"])


def test_what_is_absent_has_no_facts() -> None:
    at = make.hospital()
    admin, nobody = make.hospital_admin(at), UUID(int=1)
    for refusal, ask in (
        (errors.HospitalMissing, lambda: facts.hospital_facts(nobody)),
        (errors.CampusMissing, lambda: facts.campus_facts(at, nobody)),
        (errors.DepartmentMissing, lambda: facts.department_facts(at, nobody)),
        (errors.PractitionerMissing, lambda: facts.practitioner_facts(at, nobody, admin)),
    ):
        with pytest.raises(refusal):
            ask()
