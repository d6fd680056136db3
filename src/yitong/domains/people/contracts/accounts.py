"""Accounts, phones, devices, and locks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yitong.domains.people.contracts.words import CodePurpose, Decision, LockReason


@dataclass(frozen=True, slots=True)
class Client:
    """The device that asks: `device` is the long-lived random value in its cookie, `label` a name for people."""

    device: str
    address: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class AskCode:
    """Wish for a code by SMS. The answer is the same whether the phone has an account or not."""

    phone: str
    purpose: CodePurpose
    client: Client
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class CodeAsked:
    expires_at: datetime
    again_at: datetime


@dataclass(frozen=True, slots=True)
class SignIn:
    phone: str
    code: str
    client: Client
    language: str = "zh"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. `token` is shown this once; with `needs_second_fact` it opens only that question (R-048)."""

    token: str
    account_id: UUID
    session_id: UUID
    is_new_account: bool
    needs_second_fact: bool


@dataclass(frozen=True, slots=True)
class GiveSecondFact:
    """The last four characters of the identity number of any patient of the account."""

    token: str
    fact: str


@dataclass(frozen=True, slots=True)
class StartAnew:
    """The phone's new holder, who knows none of the old holder's patients, begins an account of his own (R-048)."""

    token: str


@dataclass(frozen=True, slots=True)
class AccountSession:
    account_id: UUID
    session_id: UUID
    device_id: UUID
    language: str


@dataclass(frozen=True, slots=True)
class Account:
    account_id: UUID
    phone_masked: str
    language: str
    created_at: datetime
    lock: "Lock | None"


@dataclass(frozen=True, slots=True)
class Device:
    device_id: UUID
    label: str
    first_seen_at: datetime
    last_seen_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True)
class Mate:
    """Another account on the same device or at the same address, and when the two met there (R-017)."""

    account_id: UUID
    met_at: datetime


@dataclass(frozen=True, slots=True)
class ChangePhone:
    """Both codes at once: the one sent to the old phone and the one sent to the new."""

    new_phone: str
    old_code: str
    new_code: str
    client: Client


@dataclass(frozen=True, slots=True)
class ChangePhoneAtDesk:
    """Without the old phone: a registrar has seen the document of the account's holder; the new phone has a code."""

    patient_id: UUID
    hospital_id: UUID
    new_phone: str
    new_code: str


@dataclass(frozen=True, slots=True)
class CloseAccount:
    key: str
    account_id: UUID


@dataclass(frozen=True, slots=True)
class Done:
    """The answer of commands that have nothing else to say."""

    subject_id: UUID


@dataclass(frozen=True, slots=True)
class Lock:
    """R-010: who is locked may sign in, look and cancel. An appeal goes to a person (R-199)."""

    lock_id: UUID
    account_id: UUID
    reason: LockReason
    locked_at: datetime
    appealed_at: datetime | None
    decision: Decision | None


@dataclass(frozen=True, slots=True)
class Appeal:
    """A lock with what its holder says against it, for the person who decides."""

    lock: Lock
    words: str
    booked_m3: int
    cancels_m1: int


@dataclass(frozen=True, slots=True)
class AppealLock:
    """Without `lock_id` it is against the refusal of an account that has booked as often as it may (R-010)."""

    lock_id: UUID | None
    words: str


@dataclass(frozen=True, slots=True)
class DecideAppeal:
    lock_id: UUID
    decision: Decision
    reason: str
