"""Masks are total, short, and hide what they should, whatever they are given."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yitong.core import masks

ANYTHING = st.one_of(
    st.none(),
    st.text(),
    st.text(alphabet=st.characters(categories=["Cs", "Lo", "M", "Z", "P"])),
    st.integers(),
    st.binary(),
)
ANYTHING |= st.floats() | st.booleans() | st.lists(st.text())


@pytest.mark.rule("R-108")
@pytest.mark.parametrize("mask", [masks.name, masks.identity_number, masks.document_number, masks.phone])
@given(value=ANYTHING)
def test_mask_never_fails_and_stays_short(mask, value) -> None:
    shown = mask(value)
    assert isinstance(shown, str)
    assert len(shown) <= 64


@pytest.mark.rule("R-108")
@given(given_name=st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=30))
def test_name_hides_the_given_name_and_its_length(given_name: str) -> None:
    assert masks.name("张" + given_name) == "张*"


@pytest.mark.rule("R-108")
@given(number=st.from_regex(r"[0-9]{17}[0-9X]", fullmatch=True))
def test_identity_number_hides_birth_date_and_place(number: str) -> None:
    assert masks.identity_number(number) == number[:3] + "*" * 11 + number[14:]


@pytest.mark.rule("R-108")
@given(number=st.from_regex(r"[A-Z0-9]{8,40}", fullmatch=True).filter(lambda n: len(n) != 18))
def test_document_number_shows_three_characters_at_most(number: str) -> None:
    shown = masks.document_number(number)
    assert (shown[0], shown[-2:]) == (number[0], number[-2:])
    assert set(shown[1:-2]) == {"*"}


@pytest.mark.rule("R-108")
@given(number=st.from_regex(r"[0-9+() -]{0,30}", fullmatch=True))
def test_phone_shows_seven_digits_at_most(number: str) -> None:
    assert sum(c.isdigit() for c in masks.phone(number)) <= 7
