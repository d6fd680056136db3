from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yitong.cli.demo import city, people, staff

NOW = datetime(2026, 11, 21, 3, tzinfo=UTC)
GB_11643 = ("resident_id", "household_book", "residence_permit")


def everyone() -> list[people.Person]:
    accounts = people.accounts(48, seed=city.SEED)
    return [person for one in accounts for person in (one.holder, *(member for _, member in one.members))]


@pytest.mark.rule("R-100")
@given(
    birth=st.dates(date(1900, 1, 1), date(2026, 11, 21)),
    sex=st.sampled_from(["female", "male"]),
    serial=st.integers(0, 9999),
    kind=st.sampled_from(GB_11643),
)
def test_generated_numbers_pass_the_standard(
    birth: date, sex: people.Sex, serial: int, kind: people.IdentityKind
) -> None:
    number = people.identity_number(kind, birth, sex, serial=serial)
    weights = [2**place % 11 for place in range(17, -1, -1)]  # the standard's own definition, not our table
    digits = [10 if one == "X" else int(one) for one in number]
    assert len(number) == 18
    assert sum(w * d for w, d in zip(weights, digits, strict=True)) % 11 == 1
    assert number[6:14] == f"{birth:%Y%m%d}"
    assert int(number[16]) % 2 == (sex == "male")
    assert 1 <= int(number[14:17]) <= 999


@pytest.mark.rule("R-100")
@pytest.mark.parametrize(("body", "check"), [("11010519491231002", "X"), ("44052418800101001", "4")])
def test_check_digits_of_the_standards_samples(body: str, check: str) -> None:
    assert people.check_digit(body) == check


def test_nobody_can_be_meant() -> None:
    for person in everyone():
        assert person.name.startswith(("测试", "TEST "))
        match person.identity_kind:
            case "resident_id" | "household_book":
                assert person.identity_number.startswith("99")
            case "residence_permit":
                assert person.identity_number.startswith("819999")
            case "passport":
                assert person.identity_number.startswith("ZZ")
            case "foreign_permanent":
                assert person.identity_number.startswith("ZZZ")
            case "hk_macau_permit" | "taiwan_permit":
                assert "9999" in person.identity_number


def test_phones_are_of_a_segment_that_was_never_given_out() -> None:
    phones = [one.phone for one in people.accounts(48, seed=1)]
    assert len(set(phones)) == 48
    assert all(phone.startswith("154") and len(phone) == 11 and phone.isdigit() for phone in phones)


def test_numbers_and_names_are_unique() -> None:
    persons = everyone()
    assert len({one.identity_number for one in persons}) == len(persons)
    assert len({one.name for one in persons}) == len(persons)
    carriers = [carrier for one in persons for carrier in one.carriers]
    assert len(set(carriers)) == len(carriers)


@pytest.mark.rule("R-006")
def test_no_account_has_more_than_three_patients() -> None:
    assert max(1 + len(one.members) for one in people.accounts(48, seed=1)) == 3


def test_every_kind_of_person_lives_in_the_small_city() -> None:
    accounts = people.accounts(12, seed=city.SEED)
    persons = [person for one in accounts for person in (one.holder, *(member for _, member in one.members))]
    ages = [2026 - one.birth_date.year for one in persons]
    assert any(age < 8 for age in ages)
    assert any(8 <= age < 18 for age in ages)
    assert any(60 <= age < 80 for age in ages)
    assert any(age > 80 for age in ages)
    assert {one.identity_kind for one in persons} == {
        "resident_id",
        "household_book",
        "passport",
        "hk_macau_permit",
        "taiwan_permit",
        "residence_permit",
        "foreign_permanent",
    }
    assert {kind for one in persons for kind, _ in one.carriers} >= {"jingyitong", "beijingtong", "yilianma"}
    assert {relation for one in accounts for relation, _ in one.members} == {"spouse", "parent", "child", "ward"}


def test_every_role_and_channel_has_its_log_in() -> None:
    built = city.build("small", now=NOW)
    assert {one.role for one in built.staff} == {*staff.HOSPITAL_ROLES, *staff.CITY_ROLES}
    assert len({one.login for one in built.staff}) == len(built.staff)
    assert [one.code for one in built.channels] == ["app", "kiosk", "api", "114", "partner"]
    printed = city.logins("small")
    assert {one.face for one in printed} == {"patient", "desk", "office"}
    assert all((staff.PASSWORD in one.how) == (one.face != "patient") for one in printed)
    assert all(one.login in one.how for one in printed)


@pytest.mark.rule("S-14")
def test_the_partner_sees_counts_only() -> None:
    partner = next(one for one in staff.CHANNELS if one.code == "partner")
    assert partner.scopes == ("slots:counts",)
