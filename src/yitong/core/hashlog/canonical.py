"""One row of a log as bytes: the same row gives the same bytes on every machine and in every language.

JSON in UTF-8 with no white space, keys sorted by code point, every string in NFC; values are strings, whole numbers,
true, false, null, lists and objects. Instants become UTC with six decimals and a Z, days ISO dates, ids their text,
bytes hexadecimal. Floats are refused: they don't read the same everywhere.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID


class NotCanonical(ValueError):
    """A value that has no canonical form. The message names its type and place, never its content."""


def canonical(value: object) -> bytes:
    text = json.dumps(_plain(value, "row"), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise NotCanonical("row holds half a character (a lone surrogate)") from None


def instant(value: datetime) -> str:
    if value.tzinfo is None:
        raise NotCanonical("an instant without a zone")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain(value: object, place: str) -> object:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        return _object(value, place)
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, (UUID, date)):
        return str(value)
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    if isinstance(value, Sequence):
        return [_plain(item, f"{place}[{i}]") for i, item in enumerate(value)]
    raise NotCanonical(f"{place} is a {type(value).__name__}")


def _object(value: Mapping[object, object], place: str) -> dict[str, object]:
    plain: dict[str, object] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise NotCanonical(f"{place} has a key that is a {type(key).__name__}")
        name = unicodedata.normalize("NFC", key)
        if name in plain:
            raise NotCanonical(f"{place} has two keys that are one in NFC")
        plain[name] = _plain(item, f"{place}.{name}")
    return plain
