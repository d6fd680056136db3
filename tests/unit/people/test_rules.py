"""Age and guardians (R-103), the no-show ladder (R-009), codes and phones (R-048)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from yitong.domains.people.contracts.words import IdentityLevel, Relation
from yitong.domains.people.errors import PhoneInvalid
from yitong.domains.people.rules import codes, family, ladder

TODAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        (date(2018, 11, 23), TODAY, 8),
        (date(2018, 11, 24), TODAY, 7),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
        (date(2026, 11, 23), TODAY, 0),
    ],
)
def test_age_grows_on_the_birthday(birth: date, day: date, age: int) -> None:
    assert family.age_on(birth, day) == age


@pytest.mark.rule("R-103")
@pytest.mark.parametrize(
    ("relation", "adult", "minor"),
    [
        (Relation.CHILD, False, True),
        (Relation.WARD, False, True),
        (Relation.PARENT, True, False),
        (Relation.SPOUSE, True, False),
        (Relation.SELF, True, True),
        (Relation.OTHER, True, True),
    ],
)
def test_relations_fit_an_age(relation: Relation, adult: bool, minor: bool) -> None:
    assert family.is_possible(relation, date(2008, 11, 23), TODAY) is adult
    assert family.is_possible(relation, date(2008, 11, 24), TODAY) is minor


ADULT, EIGHT, SEVEN, CHILD = date(1985, 3, 4), date(2018, 11, 23), date(2018, 11, 24), date(2020, 1, 1)


@pytest.mark.rule("R-103")
@pytest.mark.parametrize(
    ("relation", "birth", "consent", "holder", "level", "elsewhere", "answer"),
    [
        (Relation.OTHER, ADULT, False, None, None, False, True),
        (Relation.CHILD, CHILD, True, ADULT, IdentityLevel.VERIFIED, False, True),
        (Relation.CHILD, CHILD, True, ADULT, IdentityLevel.SEEN, False, True),
        (Relation.WARD, CHILD, True, ADULT, IdentityLevel.VERIFIED, False, True),
        (Relation.CHILD, CHILD, False, ADULT, IdentityLevel.VERIFIED, False, False),
        (Relation.CHILD, CHILD, True, ADULT, IdentityLevel.DECLARED, False, False),
        (Relation.CHILD, CHILD, True, None, None, False, False),
        (Relation.CHILD, CHILD, True, date(2008, 11, 24), IdentityLevel.SEEN, False, False),
        (Relation.CHILD, CHILD, True, date(2008, 11, 23), IdentityLevel.SEEN, False, True),
        (Relation.OTHER, CHILD, True, ADULT, IdentityLevel.SEEN, True, False),
        (Relation.SELF, EIGHT, False, EIGHT, IdentityLevel.VERIFIED, True, True),
        (Relation.SELF, EIGHT, False, EIGHT, IdentityLevel.VERIFIED, False, False),
        (Relation.SELF, SEVEN, False, SEVEN, IdentityLevel.VERIFIED, True, False),
    ],
)
def test_only_a_guardian_acts_for_a_minor(
    relation: Relation,
    birth: date,
    consent: bool,
    holder: date | None,
    level: IdentityLevel | None,
    elsewhere: bool,
    answer: bool,
) -> None:
    acts = family.may_act(
        relation=relation,
        birth=birth,
        has_consent=consent,
        holder_birth=holder,
        holder_level=level,
        is_guarded_elsewhere=elsewhere,
        day=TODAY,
    )
    assert acts is answer


DEFAULT = [
    {"count": 3, "period": "natural_year", "lock_days": 90},
    {"count": 6, "period": "natural_year", "lock_days": 180},
]
VARIANT_B = [{"count": n, "period": "natural_year", "lock_days": 30 * n} for n in (1, 2, 3)]
VARIANT_C = [{"count": 3, "period": "3_months", "lock_days": 90}]


@pytest.mark.rule("R-009")
@pytest.mark.parametrize(
    ("steps", "days", "counted", "lock_days"),
    [
        (DEFAULT, ["2026-01-05", "2026-03-05"], 2, None),
        (DEFAULT, ["2026-01-05", "2026-03-05", "2026-11-20"], 3, 90),
        (DEFAULT, ["2025-12-31", "2026-03-05", "2026-11-20"], 2, None),
        (DEFAULT, ["2026-01-01"] * 5, 5, 90),
        (DEFAULT, ["2026-01-01"] * 6, 6, 180),
        (VARIANT_B, ["2026-05-01"], 1, 30),
        (VARIANT_B, ["2026-05-01", "2026-06-01"], 2, 60),
        (VARIANT_B, ["2026-05-01", "2026-06-01", "2026-07-01"], 3, 90),
        (VARIANT_C, ["2026-08-20", "2026-10-01", "2026-11-20"], 3, None),
        (VARIANT_C, ["2026-08-21", "2026-10-01", "2026-11-20"], 3, 90),
        (VARIANT_C, ["2025-12-01", "2026-01-10", "2026-02-20"], 3, 90),
        ([], ["2026-05-01"] * 9, 9, None),
    ],
)
def test_ladder_locks_from_the_last_no_show(
    steps: list[dict[str, int | str]], days: list[str], counted: int, lock_days: int | None
) -> None:
    missed = [date.fromisoformat(day) for day in days]
    until = None if lock_days is None else missed[-1] + timedelta(days=lock_days)
    assert ladder.lock_of(missed, missed[-1], steps) == (counted, until)


@pytest.mark.rule("R-048")
def test_codes_are_limited_in_each_window() -> None:
    phone = codes.ALLOWANCES["phone"]
    assert codes.wait([], phone, NOW) == timedelta(0)
    assert codes.wait([NOW - timedelta(seconds=59)], phone, NOW) == timedelta(seconds=1)
    assert codes.wait([NOW - timedelta(seconds=60)], phone, NOW) == timedelta(0)
    five = [NOW - timedelta(minutes=m) for m in (10, 20, 30, 40, 59)]
    assert codes.wait(five, phone, NOW) == timedelta(minutes=1)
    assert codes.wait([*five[:4], NOW - timedelta(minutes=60)], phone, NOW) == timedelta(0)
    ten = [NOW - timedelta(hours=h) for h in range(2, 12)]
    assert codes.wait(ten, phone, NOW) == timedelta(hours=13)


@pytest.mark.parametrize(
    "typed",
    [
        "13800000000",
        "+86 138 0000 0000",
        "0086-138-0000-0000",
        "１３８００００００００",
        "8613800000000",
        "(138)00000000",
    ],
)
def test_phones_are_read_in_many_ways(typed: str) -> None:
    assert codes.read_phone(typed) == "13800000000"


@pytest.mark.parametrize(
    "typed", ["", "1380000000", "138000000000", "12800000000", "010-88888888", "手机", "1" * 60, "١٣٨٠٠٠٠٠٠٠٠"]
)
def test_what_is_no_phone_is_refused(typed: str) -> None:
    with pytest.raises(PhoneInvalid):
        codes.read_phone(typed)
