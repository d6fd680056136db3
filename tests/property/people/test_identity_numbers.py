"""R-100: what a slip of the hand does to an identity number."""

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from yitong.domains.people.contracts.patients import IdentityGiven
from yitong.domains.people.contracts.words import IdentityKind
from yitong.domains.people.errors import IdInvalid
from yitong.domains.people.rules import identity

TODAY = date(2026, 11, 23)
births = st.dates(date(1900, 1, 1), TODAY)


@st.composite
def numbers(draw: st.DrawFn) -> str:
    body = f"{draw(st.integers(110000, 659999)):06d}{draw(births):%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return body + identity.check_digit(body)


def read(number: str) -> identity.Identity:
    return identity.read(IdentityGiven("测试甲", IdentityKind.RESIDENT_ID, number), TODAY)


@given(numbers())
def test_made_numbers_pass(number: str) -> None:
    read_back = read(number)
    assert read_back.number == number
    assert read_back.birth_date == date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


@pytest.mark.rule("R-100")
@given(numbers(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_changed_character_fails(number: str, place: int, other: str) -> None:
    assume(number[place] != other)
    with pytest.raises(IdInvalid):
        read(number[:place] + other + number[place + 1 :])


@pytest.mark.rule("R-100")
@given(numbers(), st.integers(0, 16))
def test_two_swapped_unequal_neighbours_fail(number: str, place: int) -> None:
    assume(number[place] != number[place + 1])
    with pytest.raises(IdInvalid):
        read(number[:place] + number[place + 1] + number[place] + number[place + 2 :])


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for kind in IdentityKind:
        wish = IdentityGiven("测试甲", kind, text, birth_date=date(1985, 3, 4))
        try:
            assert identity.read(wish, TODAY).number
        except (IdInvalid, identity.IdFifteen, identity.IdTypeUnsupported):
            continue


@given(st.text(max_size=120))
def test_any_name_is_read_or_refused_and_reads_the_same_again(text: str) -> None:
    try:
        name = identity.read_name(text)
    except identity.NameInvalid:
        return
    assert identity.read_name(name) == name
