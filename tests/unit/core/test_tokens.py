"""Signed tokens: believed only as they were written, for the use that they were written for."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yitong.core.tokens import TokenInvalid, Tokens, derived


@dataclass(frozen=True, slots=True)
class Said:
    who: UUID
    until: datetime
    sealed: bytes
    words: tuple[str, ...]


KEY = derived(b"secret", "test.said")
TOKENS = Tokens(KEY, Said)
VALUE = Said(UUID(int=7), datetime(2026, 11, 23, 2, 0, tzinfo=UTC), b"\x00\xff", ("通行证", ""))
TOKEN = TOKENS.write(VALUE)


def signed(payload: bytes, key: bytes = KEY) -> str:
    """A token by the format's own words, written without our code."""
    first = base64.urlsafe_b64encode(payload).rstrip(b"=")
    second = base64.urlsafe_b64encode(hmac.new(key, first, hashlib.sha256).digest()).rstrip(b"=")
    return f"{first.decode()}.{second.decode()}"


@given(
    st.builds(
        Said,
        st.uuids(),
        st.datetimes(timezones=st.just(UTC)),
        st.binary(max_size=80),
        st.lists(st.text(max_size=8), max_size=3).map(tuple),
    )
)
def test_what_was_written_is_read(value: Said) -> None:
    token = TOKENS.write(value)
    assert TOKENS.read(token) == value
    assert token.isascii()
    assert not set(token) & set(" +/=&?#%")  # it goes into forms and headers as it is


def test_the_signature_is_plain_hmac_sha256() -> None:
    """Keys hashed in beforehand are an optimisation of it and nothing else, at every length of key."""
    payload, _, _ = TOKEN.partition(".")
    assert signed(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) == TOKEN
    for length in (0, 1, 32, 63, 64):
        key = bytes(range(length))
        tokens = Tokens(key, str)
        assert tokens.write("x") == signed(b'"x"', key)
        assert tokens.read(signed(b'"x"', key)) == "x"
    with pytest.raises(ValueError, match="one block"):
        Tokens(bytes(65), str)


@given(st.data())
def test_a_token_changed_anywhere_is_none(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(TOKEN) - 1))
    other = data.draw(st.sampled_from([one for one in "Aa0_-.=é \n" if one != TOKEN[at]]))
    changed = TOKEN[:at] + other + TOKEN[at + 1 :]
    try:
        assert TOKENS.read(changed) == VALUE  # the last character of base64 may hold bits that say nothing
        assert at == len(TOKEN) - 1
    except TokenInvalid:
        pass


@given(st.one_of(st.text(max_size=40), st.from_regex(r"[A-Za-z0-9_-]{0,20}\.[A-Za-z0-9_-]{0,44}", fullmatch=True)))
def test_any_other_text_is_none(text: str) -> None:
    with pytest.raises(TokenInvalid):
        TOKENS.read(text)


@pytest.mark.parametrize("cut", [0, 1, len(TOKEN) // 2, len(TOKEN) - 2])
def test_a_part_of_a_token_is_none(cut: int) -> None:
    with pytest.raises(TokenInvalid):
        TOKENS.read(TOKEN[:cut])


def test_a_token_of_another_use_or_another_place_is_none() -> None:
    for key in (derived(b"secret", "test.other"), derived(b"other", "test.said"), b"secret"):
        with pytest.raises(TokenInvalid):
            TOKENS.read(Tokens(key, Said).write(VALUE))


@pytest.mark.parametrize("payload", [b"", b"{", b"null", b"[]", b"{}", b'{"who": "x"}', b"\xff", b"[" * 5000])
def test_what_is_signed_and_of_another_kind_is_none(payload: bytes) -> None:
    with pytest.raises(TokenInvalid):
        TOKENS.read(signed(payload))


def test_keys_of_uses_differ() -> None:
    uses = ["a", "b", "ab", ""]
    assert len({derived(secret, use) for secret in (b"", b"s") for use in uses}) == 2 * len(uses)
