"""Dated policies: typed, tightened only downwards, read as of an instant; a city that grows stricter later prevails."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from yitong.core.db import policies
from yitong.core.db.models import PolicyRecord
from yitong.core.errors import PolicyInvalid, PolicyLoosened, PolicyUnknown, Refusal
from yitong.core.policy.keys import KEYS
from yitong.core.policy.kinds import Stricter
from yitong.core.policy.values import Policies

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=10)
MOMENT = timedelta(microseconds=1)

pytestmark = pytest.mark.django_db


def say(
    key: str,
    value: object,
    *,
    hospital_id: UUID | None = None,
    department_id: UUID | None = None,
    scope: str | None = None,
    at: datetime = NOW,
    decided_at: datetime = NOW,
) -> UUID:
    """One record; its scope follows from what is given."""
    scope = scope or ("department" if department_id else "hospital" if hospital_id else "city")
    with transaction.atomic():
        return policies.record(
            key,
            value,
            scope=scope,  # type: ignore[arg-type]
            hospital_id=hospital_id,
            scope_id=department_id or hospital_id,
            effective_from=at,
            source="test",
            decided_by="staff:1",
            now=decided_at,
        )


def slot_minutes(hospital_id: UUID | None, at: datetime = NOW, department_id: UUID | None = None) -> int:
    return policies.at(hospital_id, at, department_id=department_id).int("booking.slot_minutes")


# -- time travel ---------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-003")
def test_a_value_holds_from_its_instant_on() -> None:
    hospital_id = uuid4()
    say("booking.slot_minutes", 20, hospital_id=hospital_id, at=LATER)
    assert slot_minutes(hospital_id, LATER - MOMENT) == 30
    assert slot_minutes(hospital_id, LATER) == 20


def test_the_past_keeps_its_value_when_a_new_one_comes() -> None:
    hospital_id = uuid4()
    say("booking.slot_minutes", 20, hospital_id=hospital_id)
    say("booking.slot_minutes", 10, hospital_id=hospital_id, at=LATER, decided_at=LATER)
    assert [slot_minutes(hospital_id, at) for at in (NOW - MOMENT, NOW, LATER - MOMENT, LATER)] == [30, 20, 20, 10]


def test_of_two_records_for_one_instant_the_later_decision_holds() -> None:
    hospital_id = uuid4()
    say("booking.slot_minutes", 20, hospital_id=hospital_id, at=LATER)
    say("booking.slot_minutes", 15, hospital_id=hospital_id, at=LATER, decided_at=NOW + MOMENT)
    assert slot_minutes(hospital_id, LATER) == 15


def test_a_withdrawn_value_gives_way_to_the_wider_scope() -> None:
    hospital_id = uuid4()
    say("booking.slot_minutes", 25)
    say("booking.slot_minutes", 10, hospital_id=hospital_id)
    say("booking.slot_minutes", None, hospital_id=hospital_id, at=LATER)
    assert slot_minutes(hospital_id, LATER - MOMENT) == 10
    assert slot_minutes(hospital_id, LATER) == 25


def test_each_hospital_and_department_has_its_own() -> None:
    hospital_id, other_id, department_id = uuid4(), uuid4(), uuid4()
    say("booking.extra_per_session", 2, hospital_id=hospital_id)
    say("booking.extra_per_session", 1, hospital_id=hospital_id, department_id=department_id)

    def extra(of: UUID, department: UUID | None = None) -> int:
        return policies.at(of, NOW, department_id=department).int("booking.extra_per_session")

    assert (extra(hospital_id), extra(hospital_id, department_id), extra(hospital_id, uuid4())) == (2, 1, 2)
    assert extra(other_id) == 3


def test_departments_share_what_they_do_not_decide_and_what_one_decides_later_is_its_own_then() -> None:
    hospital_id, plain, other, deciding = (uuid4() for _ in range(4))
    say("booking.extra_per_session", 2, hospital_id=hospital_id)
    say("booking.extra_per_session", 1, hospital_id=hospital_id, department_id=deciding, at=LATER)
    before, after = (policies.of_hospital(hospital_id, instant) for instant in (LATER - MOMENT, LATER))

    assert before(plain) is before(other) is before(None)
    assert [one.int("booking.extra_per_session") for one in (before(deciding), before(plain))] == [2, 2]
    assert [one.int("booking.extra_per_session") for one in (after(deciding), after(plain))] == [1, 2]


# -- tighten only --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "tighter", "city", "looser"),
    [
        ("booking.slot_minutes", 19, 20, 21),
        ("booking.limits.same_day", 1, 1, 2),
        ("pools.bookable", "0.91", "0.9", "0.89"),
        ("staff.lock_minutes", 61, 60, 59),
        ("booking.verified_only", True, True, False),
        ("booking.first_visit_named_doctor", False, False, True),
    ],
)
def test_a_hospital_may_be_stricter_than_its_city_never_looser(
    key: str, tighter: object, city: object, looser: object
) -> None:
    hospital_id = uuid4()
    say(key, city)
    say(key, tighter, hospital_id=hospital_id)
    say(key, city, hospital_id=hospital_id, decided_at=NOW + MOMENT)
    before = PolicyRecord.objects.count()
    with pytest.raises(PolicyLoosened) as refused:
        say(key, looser, hospital_id=hospital_id, decided_at=NOW + 2 * MOMENT)
    assert refused.value.params["key"] == key
    assert PolicyRecord.objects.count() == before
    assert policies.at(hospital_id, NOW).raw(key) == city


def test_a_department_is_bound_by_its_hospital() -> None:
    hospital_id, department_id = uuid4(), uuid4()
    say("booking.extra_per_session", 2, hospital_id=hospital_id)
    with pytest.raises(PolicyLoosened):
        say("booking.extra_per_session", 3, hospital_id=hospital_id, department_id=department_id)


def test_the_default_binds_until_the_city_speaks() -> None:
    hospital_id = uuid4()
    with pytest.raises(PolicyLoosened):
        say("pools.bookable", "0.7", hospital_id=hospital_id)
    say("pools.bookable", "0.6")
    say("pools.bookable", "0.7", hospital_id=hospital_id)
    assert policies.at(hospital_id, NOW).share("pools.bookable") == Decimal("0.7")


@pytest.mark.rule("R-003")
def test_a_city_cannot_pass_the_nation() -> None:
    say("booking.slot_minutes", 60)
    assert slot_minutes(None) == 60
    with pytest.raises(PolicyInvalid):
        say("booking.slot_minutes", 61, decided_at=NOW + MOMENT)
    say("booking.slot_minutes", 45, scope="nation", at=LATER)
    with pytest.raises(PolicyLoosened):
        say("booking.slot_minutes", 46, at=LATER, decided_at=NOW + MOMENT)
    assert (slot_minutes(None, LATER - MOMENT), slot_minutes(None, LATER)) == (60, 45)


def test_a_free_policy_may_go_either_way() -> None:
    hospital_id = uuid4()
    say("booking.window.max_days", 14)
    say("booking.window.max_days", 28, hospital_id=hospital_id)
    assert policies.at(hospital_id, NOW).int("booking.window.max_days") == 28


# -- a city that changes later ---------------------------------------------------------------------------------------


def test_a_city_that_tightens_later_prevails_from_its_instant() -> None:
    hospital_id = uuid4()
    say("booking.slot_minutes", 30, hospital_id=hospital_id)
    say("booking.slot_minutes", 20, at=LATER)
    assert slot_minutes(hospital_id, LATER - MOMENT) == 30
    assert slot_minutes(hospital_id, LATER) == 20


def test_a_city_that_tightens_later_leaves_the_stricter_hospital_alone() -> None:
    hospital_id = uuid4()
    say("booking.slot_minutes", 10, hospital_id=hospital_id)
    say("booking.slot_minutes", 20, at=LATER)
    assert slot_minutes(hospital_id, LATER) == 10


def test_what_was_allowed_before_is_refused_after_the_city_tightened() -> None:
    hospital_id = uuid4()
    say("booking.slot_minutes", 20, at=LATER)
    say("booking.slot_minutes", 30, hospital_id=hospital_id, at=LATER - MOMENT)
    with pytest.raises(PolicyLoosened):
        say("booking.slot_minutes", 30, hospital_id=hospital_id, at=LATER)


def test_a_tightened_city_reaches_a_department_past_its_hospital() -> None:
    hospital_id, department_id = uuid4(), uuid4()
    say("booking.extra_per_session", 3, hospital_id=hospital_id)
    say("booking.extra_per_session", 2, hospital_id=hospital_id, department_id=department_id)
    say("booking.extra_per_session", 1, at=LATER)
    assert policies.at(hospital_id, LATER, department_id=department_id).int("booking.extra_per_session") == 1


def test_a_city_that_falls_silent_leaves_the_default_as_the_bound() -> None:
    hospital_id = uuid4()
    say("pools.bookable", "0.6")
    say("pools.bookable", "0.7", hospital_id=hospital_id)
    say("pools.bookable", None, at=LATER)
    assert policies.at(hospital_id, LATER - MOMENT).share("pools.bookable") == Decimal("0.7")
    assert policies.at(hospital_id, LATER).share("pools.bookable") == Decimal("0.85")


# -- values --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("booking.slot_minutes", "30"),
        ("booking.slot_minutes", True),
        ("booking.slot_minutes", 0),
        ("booking.slot_minutes", 30.0),
        ("booking.window.same_day", 1),
        ("booking.window.release", "24:00"),
        ("booking.window.release", "7:00"),
        ("booking.window.release", "15+01"),
        ("booking.window.release", "1500Z"),
        ("booking.window.release", "07:00:00"),
        ("pools.bookable", 0.85),
        ("pools.bookable", "1.01"),
        ("pools.bookable", "-0.1"),
        ("pools.bookable", "NaN"),
        ("pools.bookable", ""),
        ("booking.payment", "cash"),
        ("booking.payment", ["online"]),
        ("booking.noshow", [{"count": 3, "period": "week", "lock_days": 90}]),
        ("booking.noshow", [{"count": True, "period": "3_months", "lock_days": 90}]),
        ("booking.noshow", {"count": 3}),
    ],
)
def test_a_value_that_is_not_of_the_type_is_refused(key: str, value: object) -> None:
    with pytest.raises(PolicyInvalid):
        say(key, value)
    assert not PolicyRecord.objects.filter(key=key).exists()


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(PolicyUnknown):
        say("booking.colour", 1)
    with pytest.raises(PolicyUnknown):
        Policies({}).int("booking.colour")


def test_every_default_is_of_its_type_and_keeps_the_nation() -> None:
    wrong = {}
    for name, key in KEYS.items():
        try:
            assert key.checked(key.default) == key.default
            if key.national is not None:
                key.check_not_looser(key.default, key.national)
            if key.kind in ("choice", "ladder"):
                assert key.stricter is Stricter.FREE
        except (AssertionError, Refusal) as error:
            wrong[name] = error
    assert wrong == {}


def test_a_record_is_never_changed_and_never_said_twice() -> None:
    hospital_id = uuid4()
    say("booking.slot_minutes", 20, hospital_id=hospital_id)
    with pytest.raises(IntegrityError), transaction.atomic():
        say("booking.slot_minutes", 20, hospital_id=hospital_id)


def test_reading_takes_one_query_however_much_is_said(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    hospital_id, department_id = uuid4(), uuid4()
    for minutes in range(10, 30):
        say("booking.slot_minutes", minutes, hospital_id=hospital_id, at=NOW + minutes * MOMENT)
    with django_assert_num_queries(1):
        assert slot_minutes(hospital_id, LATER, department_id) == 29
