"""Two who change the same facts: the second is told of the first, and nobody writes over what was never seen."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests import make

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db.models import Event
from yitong.domains.hospitals import errors
from yitong.domains.hospitals.commands import fees, hospitals, places, policies, practitioners
from yitong.domains.hospitals.contracts.writes import (
    BindPractitioner,
    ChangeCampus,
    ChangeDepartment,
    ChangeHospital,
    ChangePractitioner,
    ImportCampuses,
    SetFee,
    SetFirstVisitGuide,
    SetPolicy,
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


# -- words, prices, rules ----------------------------------------------------------------------------------------------


def guide(at: UUID, text: str, seen: str = "") -> None:
    cmd = SetFirstVisitGuide(at, text, "", seen)
    hospitals.set_first_visit_guide(cmd, actor=make.hospital_admin(at), now=NOW)


def price(at: UUID, fee_fen: int, seen: str = "", *, days: int = 9) -> None:
    told = make.fee_facts(fee_fen, effective_date=clock.shanghai_date(NOW) + timedelta(days=days))
    fees.set_fee(SetFee(at, told, seen), actor=make.hospital_admin(at), now=NOW)


def rule(at: UUID, minutes: int, seen: str = "", *, days: int = 9, department_id: UUID | None = None) -> None:
    name = "booking.hold_minutes" if department_id is None else "booking.extra_per_session"
    since, key = NOW + timedelta(days=days), f"key{make.number()}"
    cmd = SetPolicy(name, minutes, at, department_id, since, "院务会", key, seen)
    policies.set_policy(cmd, actor=make.hospital_admin(at), now=NOW)


OTHERS: dict[str, tuple[Callable[[UUID], Any], Callable[..., None], Any, Any]] = {
    "guide": (facts.guide_facts, guide, "带好身份证", "先到一层"),
    "price": (facts.price_list, price, 6000, 7000),
    "rule": (lambda at: facts.decisions(at, "booking.hold_minutes"), rule, 20, 25),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_words_prices_and_rules_that_were_never_seen_are_not_written_over(kind: str) -> None:
    stands, put, theirs, mine = OTHERS[kind]
    at = make.hospital()
    first = seen_of(stands(at))
    put(at, theirs, first)
    now, before = stands(at), Event.objects.count()
    assert seen_of(now) != first
    again = {} if kind == "guide" else {"days": 10}  # on another day, beside what was never seen
    for more in ({}, again):
        with pytest.raises(errors.FactsChanged):
            put(at, mine, first, **more)
    assert (stands(at), Event.objects.count()) == (now, before)
    put(at, mine, seen_of(now), **again)  # a decision
    assert stands(at) != now
    put(at, theirs, **({} if kind == "guide" else {"days": 11}))  # who tells of nothing seen is the last word
    assert Event.objects.count() == before + 2


@pytest.mark.parametrize("kind", ["guide", "price"])
def test_a_second_press_of_the_same_words_or_price_changes_nothing(kind: str) -> None:
    stands, put, _theirs, mine = OTHERS[kind]
    at = make.hospital()
    first = seen_of(stands(at))
    put(at, mine, first)
    before = Event.objects.count()
    put(at, mine, first)
    assert Event.objects.count() == before


def test_a_rule_of_a_department_is_seen_too() -> None:
    at = make.hospital()
    make.campus(at)
    one, other = make.department(at), make.department(at)
    first = seen_of(facts.decisions(at, "booking.extra_per_session"))
    rule(at, 1, first, department_id=one)
    with pytest.raises(errors.FactsChanged):
        rule(at, 2, first, department_id=one)
    with pytest.raises(errors.FactsChanged):
        rule(at, 2, first, department_id=other)
    assert seen_of(facts.decisions(at, "booking.hold_minutes")) == seen_of(
        facts.decisions(make.hospital(), "booking.hold_minutes")
    )


@pytest.mark.parametrize("kind", OTHERS)
def test_what_stands_of_words_prices_and_rules_is_read_under_the_lock(kind: str) -> None:
    stands, put, theirs, mine = OTHERS[kind]
    at = make.hospital()
    first = seen_of(stands(at))
    put(at, theirs)
    with (
        CaptureQueriesContext(
            connection,
        ) as asked,
        pytest.raises(errors.FactsChanged),
    ):
        put(at, mine, first)
    sql = [query["sql"] for query in asked.captured_queries]
    table = {"guide": "hospitals_hospital", "price": "hospitals_fee", "rule": "core_policy_record"}[kind]
    locked = next(n for n, each in enumerate(sql) if "FOR UPDATE" in each and '"hospitals_hospital"' in each)
    read = [n for n, each in enumerate(sql) if f'FROM "{table}"' in each and "FOR UPDATE" not in each]
    assert read
    assert min(read) > locked


def test_an_import_is_seen_and_what_is_no_part_of_the_facts_is_not(things: dict[str, Thing]) -> None:
    at: UUID = things["hospital"].command(None).hospital_id
    admin = things["hospital"].admin
    seen = {kind: seen_of(things[kind].stands()) for kind in KINDS}
    guide(at, "带好身份证")
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
        (errors.HospitalMissing, lambda: facts.guide_facts(nobody)),
        (errors.CampusMissing, lambda: facts.campus_facts(at, nobody)),
        (errors.DepartmentMissing, lambda: facts.department_facts(at, nobody)),
        (errors.PractitionerMissing, lambda: facts.practitioner_facts(at, nobody, admin)),
    ):
        with pytest.raises(refusal):
            ask()


# -- rules of the city -------------------------------------------------------------------------------------------------


def city_rule(minutes: int, seen: str = "", *, name: str = "booking.hold_minutes", key: str = "") -> None:
    """From another instant each time, so that nothing else refuses it."""
    n = make.number()
    cmd = SetPolicy(name, minutes, None, None, NOW + timedelta(minutes=n), "京卫", key or f"key{n}", seen)
    policies.set_policy(cmd, actor=make.staff_actor("policy_officer"), now=NOW)


def test_a_rule_of_the_city_that_was_never_seen_is_not_written_over() -> None:
    first = seen_of(facts.decisions(None, "booking.hold_minutes"))
    city_rule(20, first)
    now, before = facts.decisions(None, "booking.hold_minutes"), Event.objects.count()
    assert seen_of(now) != first
    with CaptureQueriesContext(connection) as asked, pytest.raises(errors.FactsChanged):
        city_rule(25, first)
    sql = [query["sql"] for query in asked.captured_queries]
    locked = next(n for n, each in enumerate(sql) if "FOR UPDATE" in each and '"hospitals_city_rule"' in each)
    assert min(n for n, each in enumerate(sql) if 'FROM "core_policy_record"' in each) > locked
    assert (facts.decisions(None, "booking.hold_minutes"), Event.objects.count()) == (now, before)
    city_rule(25, seen_of(now))
    city_rule(20)  # who tells of nothing seen is the last word
    assert Event.objects.count() == before + 2


def test_only_the_same_rule_of_the_city_counts() -> None:
    first = seen_of(facts.decisions(None, "booking.hold_minutes"))
    city_rule(2, name="booking.limits.d7")
    rule(make.hospital(), 20)
    assert seen_of(facts.decisions(None, "booking.hold_minutes")) == first
    city_rule(20, first)
