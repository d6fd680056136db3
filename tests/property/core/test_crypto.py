"""What is encrypted comes back, and nothing else does."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from yitong.core.crypto import (
    Algorithm,
    DecryptionFailed,
    IndexHash,
    Keyring,
    KeySet,
    MasterKeys,
    new_secret,
    normalise,
)

RINGS = [
    Keyring(lambda: KeySet({1: b"\x01" * 32}, b"\x03" * 32, IndexHash.HMAC_SHA256), algorithm=algorithm)
    for algorithm in Algorithm
]
KINDS = ["name", "phone", "identity", "card"]
rings = st.sampled_from(RINGS)


@pytest.mark.rule("R-208")
@given(text=st.text(), column=st.text(max_size=30), row=st.binary(max_size=40), writer=rings, reader=rings)
def test_text_comes_back(text: str, column: str, row: bytes, writer: Keyring, reader: Keyring) -> None:
    assert reader.decrypt(writer.encrypt(text, column, row), column, row) == text


@pytest.mark.rule("R-208")
@given(
    places=st.lists(st.tuples(st.text(max_size=8), st.binary(max_size=8)), min_size=2, max_size=2, unique=True),
    ring=rings,
)
def test_no_two_places_share_ciphertexts(places: list[tuple[str, bytes]], ring: Keyring) -> None:
    (column, row), (other_column, other_row) = places
    with pytest.raises(DecryptionFailed):
        ring.decrypt(ring.encrypt("x", column, row), other_column, other_row)


@given(data=st.binary(max_size=80), ring=rings)
def test_garbage_does_not_open(data: bytes, ring: Keyring) -> None:
    with pytest.raises(DecryptionFailed):
        ring.decrypt(b"\x11\x00\x00\x00\x01" + data, "a.b.c")


@pytest.mark.rule("R-208")
@given(value=st.text(), kind=st.sampled_from(KINDS))
def test_normalising_twice_changes_nothing(value: str, kind: str) -> None:
    once = normalise(kind, value)
    assert normalise(kind, once) == once


@given(a=st.text(max_size=20), b=st.text(max_size=20), kind=st.sampled_from(KINDS))
def test_blind_index_tells_apart_what_differs(a: str, b: str, kind: str) -> None:
    assume(normalise(kind, a) != normalise(kind, b))
    assert RINGS[0].blind_index(kind, a) != RINGS[0].blind_index(kind, b)


@given(context=st.text(max_size=20), algorithm=st.sampled_from(Algorithm))
def test_wrapped_keys_come_back(context: str, algorithm: Algorithm) -> None:
    master, secret = MasterKeys({3: new_secret()}), new_secret()
    assert master.unwrap(master.wrap(secret, context, algorithm), context) == secret
