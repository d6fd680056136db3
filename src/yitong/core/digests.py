"""The digest of a command: what tells a repeat of a request from another one under the same key."""

import hashlib
import json
from dataclasses import asdict, fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID


def digest_of(cmd: Any) -> bytes:
    """SHA-256 of the command's content. The key itself is no content."""
    content = {f.name: getattr(cmd, f.name) for f in fields(cmd) if f.name != "key"}
    return hashlib.sha256(json.dumps(plain(content), sort_keys=True, ensure_ascii=False).encode()).digest()


def plain(value: Any) -> Any:
    """As JSON holds it."""
    match value:
        case None | bool() | int() | str():
            return value
        case UUID():
            return str(value)
        case datetime() | date() | time():
            return value.isoformat()
        case dict():
            return {str(name): plain(item) for name, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case frozenset() | set():
            return sorted(plain(item) for item in value)
        case Decimal():
            return format(value.normalize(), "f")  # 39.9 is 39.90
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    raise TypeError(f"no {type(value).__name__} in a command or its answer")
