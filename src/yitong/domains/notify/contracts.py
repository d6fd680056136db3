"""Notify: what crosses the border of this domain."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Medium(StrEnum):
    IN_APP = "in_app"
    SMS = "sms"


class DeliveryState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Tell:
    """One thing to tell an account holder, rendered at delivery from ids; `key` makes it happen once."""

    key: str
    account_id: UUID
    template: str
    params: dict[str, str] = field(default_factory=dict)  # ids, dates, numbers, codes; never a name
    media: tuple[Medium, ...] = (Medium.IN_APP, Medium.SMS)


@dataclass(frozen=True, slots=True)
class Message:
    message_id: UUID
    account_id: UUID
    template: str
    params: dict[str, str]
    medium: Medium
    state: DeliveryState
    created_at: datetime
    read_at: datetime | None
