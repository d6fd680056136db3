"""Signed tokens: a JSON value with its HMAC-SHA256, for what one of our processes says and another believes unasked.

    base64url(JSON) "." base64url(HMAC-SHA256 of the first part under the key)

A token is signed, not encrypted: whoever holds it can read it. Each use has a key of its own (`derived`), so that a
token of one use is none of another.
"""

import base64
import binascii
import copy
import hashlib
import hmac
from typing import Generic, TypeVar, cast

import msgspec

S = TypeVar("S")
T = TypeVar("T")

BLOCK_BYTES = 64  # of SHA-256


def derived(secret: bytes, use: str) -> bytes:
    """The key of one use ("booking.pass") under a secret."""
    return hmac.digest(secret, b"yitong.token:" + use.encode(), "sha256")


class TokenInvalid(Exception):
    """Not signed by us, or not of this kind."""


class Tokens(Generic[T]):
    """Writes and reads tokens that hold one kind of value: a frozen dataclass of ids, words, bytes and instants."""

    def __init__(self, key: bytes, kind: type[T]) -> None:
        if len(key) > BLOCK_BYTES:
            raise ValueError("a key of at most one block")
        padded = key.ljust(BLOCK_BYTES, b"\0")
        # HMAC with the key hashed in beforehand: a third of the time of `hmac.digest`, which does it each time.
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))
        self._decoder = msgspec.json.Decoder(kind)

    def write(self, value: T) -> str:
        payload = base64.urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=")
        return f"{payload.decode()}.{_text(self._digest(payload))}"

    def read(self, token: str) -> T:
        """Raises TokenInvalid."""
        payload, _, signature = token.partition(".")
        try:
            signed = payload.encode("ascii")
            if not hmac.compare_digest(_bytes(signature.encode("ascii")), self._digest(signed)):
                raise TokenInvalid
            return self._decoder.decode(_bytes(signed))
        except (ValueError, msgspec.MsgspecError) as error:  # not ASCII, not base64, not of this kind
            raise TokenInvalid from error

    def read_as(self, kind: type[S]) -> "Tokens[S]":
        """The same tokens, for a reader who wants of them what `kind` holds, or holds it otherwise."""
        other = cast("Tokens[S]", copy.copy(self))
        other._decoder = msgspec.json.Decoder(kind)
        return other

    def _digest(self, payload: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(payload)
        outer.update(inner.digest())
        return outer.digest()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _bytes(text: bytes) -> bytes:
    """As `base64.urlsafe_b64decode`, in a fifth of its time; padding that is too much does no harm."""
    return binascii.a2b_base64(text.translate(_URLSAFE) + b"==")


_URLSAFE = bytes.maketrans(b"-_", b"+/")
