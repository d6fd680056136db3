"""Events: what happened, in the past tense, without personal data."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, ClassVar, Self, get_args, get_origin, get_type_hints
from uuid import UUID

ENVELOPE = ("hospital_id", "subject_id", "from_state", "to_state")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events. Subclasses stand in a domain's `contracts.py` and set `operation` ("booking.slot_held").

    Further fields are ids, numbers, words, instants and dates; they make up the event row's body.
    """

    operation: ClassVar[str]
    hospital_id: UUID | None = None
    subject_id: UUID
    from_state: str | None = None
    to_state: str | None = None

    def body(self) -> dict[str, str | int | bool | None | list[str]]:
        """The fields beyond the envelope, as JSON values."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name not in ENVELOPE}

    @classmethod
    def from_row(cls, envelope: dict[str, object], body: dict[str, object]) -> Self:
        """The event again from its row; the types of its fields tell how to read each value."""
        hints = get_type_hints(cls)
        read = {f.name: _read(hints[f.name], body[f.name]) for f in fields(cls) if f.name in body}
        return cls(**envelope, **read)  # type: ignore[arg-type]


def _plain(value: object) -> str | int | bool | None | list[str]:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [str(item) for item in value]
    raise TypeError(f"an event holds no {type(value).__name__}")


def _read(hint: Any, value: Any) -> object:
    if value is None:
        return None
    if get_origin(hint) is tuple:
        return tuple(_read(get_args(hint)[0], item) for item in value)
    kinds = get_args(hint) or (hint,)  # UUID | None reads as UUID
    if UUID in kinds:
        return UUID(value)
    if datetime in kinds:
        return datetime.fromisoformat(value)
    if date in kinds:
        return date.fromisoformat(value)
    return value
