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


class Topic(StrEnum):
    """What a message is about. Those of `security` always go out; the others can be muted for SMS."""

    SECURITY = "security"
    PEOPLE = "people"
    BOOKING = "booking"


class TemplateName(StrEnum):
    """Every message that Yitong sends; texts and parameters stand in `rules.TEMPLATES`."""

    SIGN_IN_CODE = "sign_in_code"
    PHONE_CODE = "phone_code"
    NEW_DEVICE = "new_device"
    PHONE_CHANGED = "phone_changed"
    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_UNLOCKED = "account_unlocked"
    APPEAL_REFUSED = "appeal_refused"
    SLOW_PATH_BEGUN = "slow_path_begun"
    SLOW_PATH_REVIEWED = "slow_path_reviewed"
    SLOW_PATH_KEPT = "slow_path_kept"
    PATIENT_VERIFIED = "patient_verified"
    PATIENT_NOT_VERIFIED = "patient_not_verified"
    VERIFICATION_UNKNOWN = "verification_unknown"
    PATIENT_ELSEWHERE = "patient_elsewhere"
    PATIENT_LINKED = "patient_linked"
    HOSPITAL_NUMBER_REFUSED = "hospital_number_refused"
    BOOKING_HELD = "booking_held"
    BOOKING_CONFIRMED = "booking_confirmed"
    BOOKING_MOVED = "booking_moved"
    BOOKING_CANCELLED = "booking_cancelled"
    BOOKING_EXPIRED = "booking_expired"
    BOOKING_STOPPED = "booking_stopped"
    BOOKING_SUBSTITUTED = "booking_substituted"
    BOOKING_MISSED = "booking_missed"
    NO_SHOW_LOCKED = "no_show_locked"
    WAITLIST_JOINED = "waitlist_joined"
    WAITLIST_OFFERED = "waitlist_offered"
    WAITLIST_BOOKED = "waitlist_booked"
    WAITLIST_PASSED = "waitlist_passed"
    WAITLIST_LAPSED = "waitlist_lapsed"
    WAITLIST_CLOSED = "waitlist_closed"
    DRAW_APPLIED = "draw_applied"
    DRAW_WON = "draw_won"
    DRAW_LOST = "draw_lost"
    DRAW_VOID = "draw_void"


class Failure(StrEnum):
    """Why a message did not arrive."""

    REFUSED = "refused"  # the gateway said no: a number that isn't one, a text it won't carry
    GAVE_UP = "gave_up"  # no answer after all tries
    EXPIRED = "expired"  # it would have come too late to be of use
    UNREACHABLE = "unreachable"  # the phone was off or is gone, says the gateway's report
    NO_PHONE = "no_phone"  # the account has no phone any more


@dataclass(frozen=True, slots=True)
class Tell:
    """One thing to tell an account holder, rendered at delivery from ids; `key` makes it happen once."""

    key: str
    account_id: UUID
    template: str
    params: dict[str, str] = field(default_factory=dict)  # ids, dates, numbers, codes; never a name
    media: tuple[Medium, ...] = (Medium.IN_APP, Medium.SMS)


@dataclass(frozen=True, slots=True)
class TellPhone:
    """A code for a phone that need not belong to an account. `secret` is kept encrypted, and only until it is sent."""

    key: str
    phone: str
    template: str
    secret: dict[str, str]
    expires_at: datetime
    language: str = "zh"


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


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """An in-app message in words. The words may name a patient: for its account's eyes."""

    message: Message
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Inbox:
    """One page of messages, newest first. `before` continues it; None at the end."""

    items: tuple[RenderedMessage, ...]
    unread: int
    before: UUID | None


@dataclass(frozen=True, slots=True)
class Preferences:
    """How an account wants to be told. `phone_masked` is for display."""

    account_id: UUID
    phone_masked: str
    language: str
    muted: frozenset[Topic]


@dataclass(frozen=True, slots=True)
class SetPreferences:
    account_id: UUID
    language: str
    muted: tuple[Topic, ...] = ()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way out, in clear: only for the gateway. Never logged."""

    message_id: UUID
    phone: str
    text: str
    expires_at: datetime


class Answer(StrEnum):
    """What a gateway said when a message was handed over."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"  # no answer, or one that settles nothing: ask again with the same id


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a message, as the gateway tells later."""

    message_id: UUID
    is_delivered: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """A sent text as the demo shows it."""

    message_id: UUID
    phone: str
    text: str
    state: DeliveryState
    at: datetime


@dataclass(frozen=True, slots=True)
class FactAsk:
    """Which words a message needs: its template's parameters that are ids."""

    account_id: UUID | None
    ids: dict[str, str]
