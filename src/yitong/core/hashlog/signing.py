"""Signatures of the hash log: Ed25519. Each names its algorithm and key, so that SM2 can stand beside it one day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PREFIX = b"yitong hash log 1\0"  # a signature made for another purpose can't be brought forward here


def key_id(public: bytes) -> str:
    """`ed25519:` and the first 16 bytes of the public key's SHA-256."""
    return f"ed25519:{sha256(public).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs heads with one key of 32 bytes."""

    id: str
    public: bytes
    _private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def from_secret(cls, secret: bytes) -> Self:
        private = Ed25519PrivateKey.from_private_bytes(secret)
        public = private.public_key().public_bytes_raw()
        return cls(key_id(public), public, private)

    def sign(self, content: bytes) -> bytes:
        return self._private.sign(PREFIX + content)


def is_signed(content: bytes, signature: bytes, signer: str, trusted: Mapping[str, bytes]) -> bool | None:
    """Whether the key of this id signed the content; None when no trusted key has the id."""
    public = trusted.get(signer)
    if public is None:
        return None
    if key_id(public) != signer:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, PREFIX + content)
    except InvalidSignature:
        return False
    return True
