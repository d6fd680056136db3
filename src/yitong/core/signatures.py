"""Signed requests between Yitong and a partner that shares a secret with it (SMS gateway, identity authority).

The signature is the hexadecimal HMAC-SHA256, under the secret, of five lines joined by a line feed:

    method in capitals | path with query | Unix time in seconds | nonce | hexadecimal SHA-256 of the body

A receiver refuses a time more than five minutes off, and a nonce it has seen within them. An example to check against
stands in `links/sms/README.md`.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping

KEY, TIME, NONCE, SIGNATURE = "X-Key", "X-Timestamp", "X-Nonce", "X-Signature"
TOLERANCE_S = 300


def signature(secret: bytes, method: str, path: str, timestamp: int, nonce: str, body: bytes) -> str:
    lines = (method.upper(), path, str(timestamp), nonce, hashlib.sha256(body).hexdigest())
    return hmac.digest(secret, "\n".join(lines).encode(), "sha256").hex()


def signed(key_id: str, secret: bytes, method: str, path: str, body: bytes, *, timestamp: int) -> dict[str, str]:
    """The headers of a request that goes out."""
    nonce = secrets.token_hex(16)
    return {
        KEY: key_id,
        TIME: str(timestamp),
        NONCE: nonce,
        SIGNATURE: signature(secret, method, path, timestamp, nonce, body),
    }


def is_signed(
    key_id: str, secret: bytes, method: str, path: str, body: bytes, headers: Mapping[str, str], *, now: int
) -> bool:
    """Whether a request that came in is the partner's, and of these minutes. Header names in any case."""
    given = {name.lower(): value for name, value in headers.items()}
    try:
        timestamp = int(given[TIME.lower()])
        nonce, sent = given[NONCE.lower()], given[SIGNATURE.lower()]
    except (KeyError, ValueError):
        return False
    if given.get(KEY.lower()) != key_id or abs(now - timestamp) > TOLERANCE_S or not 8 <= len(nonce) <= 64:
        return False
    return hmac.compare_digest(signature(secret, method, path, timestamp, nonce, body).encode(), sent.encode())
