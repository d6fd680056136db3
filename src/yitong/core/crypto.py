"""Encryption of single fields at rest, and the blind index by which they are found (R-208, R-209).

Pure: keys come from a loader, nothing here knows where they are kept (`core/db/keys.py` does). A sealed text is

    format and algorithm (1 byte) | number of the data key (4, big endian) | nonce (12) | ciphertext | tag (16)

Header, column and, where given, row are authenticated with it, so a ciphertext moved to another column, or given
another key or algorithm, does not open. Both can be read at any time; the setting decides only what is written. Why so:
`docs/decisions/field-encryption.md`.
"""

import os
import struct
import threading
import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hmac import digest as hmac_digest
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
HEADER = struct.Struct(">BI")


class Algorithm(StrEnum):
    AES_256_GCM = "aes-256-gcm"
    SM4_GCM = "sm4-gcm"


class IndexHash(StrEnum):
    HMAC_SHA256 = "hmac-sha256"
    HMAC_SM3 = "hmac-sm3"


_ALGORITHM_BYTE = {
    Algorithm.AES_256_GCM: 0x11,
    Algorithm.SM4_GCM: 0x12,
}  # high half: the format; both are kept for ever
_ALGORITHM_OF_BYTE = {byte: algorithm for algorithm, byte in _ALGORITHM_BYTE.items()}


class CryptoError(Exception):
    """Something is wrong with keys or ciphertexts: an operator's matter, no refusal. Messages bear no plain text."""


class KeyUnknown(CryptoError):
    """A ciphertext names a key that is not there."""


class KeysUnavailable(CryptoError):
    """Keys are missing, or are not those that this database was written with. The message says how to mend it."""


class DecryptionFailed(CryptoError):
    """The ciphertext was changed, cut off, or belongs to another column or row."""


class _Aead(Protocol):
    def seal(self, nonce: bytes, plain: bytes, aad: bytes) -> bytes: ...

    def open(self, nonce: bytes, sealed: bytes, aad: bytes) -> bytes: ...


class _AesGcm:
    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)

    def seal(self, nonce: bytes, plain: bytes, aad: bytes) -> bytes:
        return self._aead.encrypt(nonce, plain, aad)

    def open(self, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
        return self._aead.decrypt(nonce, sealed, aad)


class _Sm4Gcm:
    def __init__(self, key: bytes) -> None:
        self._algorithm = SM4(key)

    def seal(self, nonce: bytes, plain: bytes, aad: bytes) -> bytes:
        encryptor = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(aad)
        return encryptor.update(plain) + encryptor.finalize() + encryptor.tag

    def open(self, nonce: bytes, sealed: bytes, aad: bytes) -> bytes:
        decryptor = Cipher(self._algorithm, modes.GCM(nonce, sealed[-TAG_BYTES:])).decryptor()
        decryptor.authenticate_additional_data(aad)
        return decryptor.update(sealed[:-TAG_BYTES]) + decryptor.finalize()


def aead(algorithm: Algorithm, secret: bytes, purpose: str) -> _Aead:
    """The cipher of one secret of 32 bytes. Each algorithm and purpose has its own key, derived from it."""
    if algorithm is Algorithm.SM4_GCM:
        return _Sm4Gcm(_derive(secret, f"{purpose} {algorithm}", hashes.SM3(), 16))
    return _AesGcm(_derive(secret, f"{purpose} {algorithm}", hashes.SHA256(), 32))


def _derive(secret: bytes, info: str, algorithm: hashes.HashAlgorithm, length: int) -> bytes:
    return HKDF(algorithm=algorithm, length=length, salt=None, info=f"yitong {info}".encode()).derive(secret)


def _bound(header: bytes, column: str, row: bytes) -> bytes:
    name = column.encode()
    return b"".join((header, len(name).to_bytes(2, "big"), name, row))


def new_secret() -> bytes:
    return os.urandom(KEY_BYTES)


@dataclass(frozen=True, slots=True)
class MasterKeys:
    """The keys that wrap data keys, by version; the highest wraps, all can unwrap. They live outside the database."""

    secrets: Mapping[int, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.secrets:
            raise KeysUnavailable("there is no master key")
        if any(len(secret) != KEY_BYTES or not 0 < version < 2**32 for version, secret in self.secrets.items()):
            raise KeysUnavailable("a master key is a version from 1 upwards and 32 bytes")

    @property
    def current(self) -> int:
        return max(self.secrets)

    def wrap(self, secret: bytes, context: str, algorithm: Algorithm) -> bytes:
        """`context` says which key it is; it must be given again to unwrap."""
        header = HEADER.pack(_ALGORITHM_BYTE[algorithm], self.current)
        nonce = os.urandom(NONCE_BYTES)
        cipher = aead(algorithm, self.secrets[self.current], "master")
        return header + nonce + cipher.seal(nonce, secret, _bound(header, context, b""))

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        algorithm, version = read_header(wrapped)
        if version not in self.secrets:
            raise KeysUnavailable(f"{context} is wrapped with master key {version}, which is not there: restore it")
        header, nonce, sealed = _parts(wrapped)
        try:
            return aead(algorithm, self.secrets[version], "master").open(nonce, sealed, _bound(header, context, b""))
        except InvalidTag:
            raise KeysUnavailable(
                f"master key {version} does not open {context}: it is not the key of this database"
            ) from None


@dataclass(frozen=True, slots=True)
class KeySet:
    """Unwrapped keys as the loader found them. `data`: number → secret, the highest writes; `index`: blind indexes."""

    data: Mapping[int, bytes] = field(repr=False)
    index: bytes = field(repr=False)
    index_hash: IndexHash


class Keyring:
    """Encrypts, decrypts and indexes with keys kept in memory.

    Keys are loaded at first use, again when a ciphertext names an unknown one, and again before a write when older than
    `max_age_s`, so that a key made by another process is soon written with. Safe for threads.
    """

    def __init__(self, load: Callable[[], KeySet], *, algorithm: Algorithm, max_age_s: float = 600) -> None:
        self._load = load
        self._algorithm = algorithm
        self._max_age_s = max_age_s
        self._lock = threading.Lock()
        self.forget()

    def __repr__(self) -> str:
        return f"<Keyring {self._algorithm}>"

    def forget(self) -> None:
        """Drop every key from memory; the next use loads them."""
        self._keys: KeySet | None = None
        self._loaded_at = 0.0
        self._header = b""
        self._ciphers: dict[bytes, _Aead] = {}
        self._index_keys: dict[str, bytes] = {}

    def refresh(self) -> KeySet:
        with self._lock:
            keys = self._load()
            if not keys.data:
                raise KeysUnavailable("there is no data key yet: run `yitong migrate`, which makes the first ones")
            header = HEADER.pack(_ALGORITHM_BYTE[self._algorithm], max(keys.data))
            self._index_keys = {}
            self._ciphers = {}
            self._keys = keys
            self._header = header
            self._loaded_at = time.monotonic()
            return keys

    @property
    def current_header(self) -> bytes:
        """The first bytes of all that is written now; what begins otherwise can be re-encrypted."""
        if self._keys is None or time.monotonic() - self._loaded_at > self._max_age_s:
            self.refresh()
        return self._header

    def encrypt(self, text: str, column: str, row: bytes = b"") -> bytes:
        header = self.current_header
        nonce = os.urandom(NONCE_BYTES)
        return header + nonce + self._cipher(header).seal(nonce, _utf8(text, column), _bound(header, column, row))

    def decrypt(self, sealed: bytes, column: str, row: bytes = b"") -> str:
        header, nonce, rest = _parts(sealed)
        try:
            return self._cipher(header).open(nonce, rest, _bound(header, column, row)).decode()
        except (InvalidTag, UnicodeDecodeError):
            raise DecryptionFailed(f"{column}: the ciphertext does not open") from None

    def blind_index(self, kind: str, value: str) -> bytes:
        """32 bytes, equal for equal values of a kind, whatever their spacing, width or case."""
        keys = self._keys or self.refresh()
        key = self._index_keys.get(kind)
        if key is None:
            algorithm = hashes.SM3() if keys.index_hash is IndexHash.HMAC_SM3 else hashes.SHA256()
            key = self._index_keys[kind] = _derive(keys.index, f"index {kind}", algorithm, KEY_BYTES)
        content = _utf8(normalise(kind, value), kind)
        if keys.index_hash is IndexHash.HMAC_SHA256:
            return hmac_digest(key, content, "sha256")
        mac = HMAC(key, hashes.SM3())
        mac.update(content)
        return mac.finalize()

    def _cipher(self, header: bytes) -> _Aead:
        cipher = self._ciphers.get(header)
        if cipher is not None:
            return cipher
        algorithm, number = read_header(header)
        keys = self._keys
        if keys is None or number not in keys.data:
            keys = self.refresh()
        if number not in keys.data:
            raise KeyUnknown(f"a ciphertext names data key {number}, which is not there")
        cipher = self._ciphers[header] = aead(algorithm, keys.data[number], "field")
        return cipher


def read_header(sealed: bytes) -> tuple[Algorithm, int]:
    """Algorithm and key number of a ciphertext, without opening it."""
    if len(sealed) < HEADER.size:
        raise DecryptionFailed("a ciphertext is cut off")
    byte, number = HEADER.unpack_from(sealed)
    if byte not in _ALGORITHM_OF_BYTE:
        raise DecryptionFailed(f"a ciphertext has the unknown format {byte:#04x}")
    return _ALGORITHM_OF_BYTE[byte], number


def _parts(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    if len(sealed) < HEADER.size + NONCE_BYTES + TAG_BYTES:
        raise DecryptionFailed("a ciphertext is cut off")
    nonce_end = HEADER.size + NONCE_BYTES
    return sealed[: HEADER.size], sealed[HEADER.size : nonce_end], sealed[nonce_end:]


def _utf8(text: str, what: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # its own message would carry the text
        raise ValueError(f"{what}: the text holds half a character (a lone surrogate)") from None


# What two people would call the same value is one value: full width, spaces, case, marks between groups of digits.
_MIDDLE_DOTS = dict.fromkeys(map(ord, "•‧∙⋅・･.．。｡"), "·")


def normalise(kind: str, value: str) -> str:
    """The form of a value that is indexed. `name` and `phone` (also as `name.…`, `phone.…`) have rules of their own."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).upper())
    shape = kind.partition(".")[0]
    if shape == "name":
        text = text.translate(_MIDDLE_DOTS)
        return _without(text, "ZC")
    text = _without(text, "ZCP")
    if shape == "phone":
        text = text.removeprefix("+").removeprefix("00")
        return text[2:] if len(text) == 13 and text.startswith("861") else text
    return text


def _without(text: str, categories: str) -> str:
    """Without the characters of these Unicode categories; what met by their leaving is composed."""
    return unicodedata.normalize("NFKC", "".join(c for c in text if unicodedata.category(c)[0] not in categories))
