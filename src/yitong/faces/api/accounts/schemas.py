"""Accounts as JSON."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from yitong.domains.people.contracts.words import LockReason
from yitong.faces.api.fields import Code6, Id, In, Instant, Out, Phone, Plain

DeviceId = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Za-z_-]{16,64}$"),
    Field(
        examples=["Zm9yZXZlci1yYW5kb20tMTIz"],
        description="A random value that the device makes once and keeps: an app's installation, a kiosk's number",
    ),
]
Label = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80), Plain, Field(examples=["自助机 3 号"])]
Token = Field(examples=["Kx7…"], description="For the header X-Account-Session; shown this once")


class AskCode(In):
    phone: Phone
    device: DeviceId


class CodeAsked(Out):
    expires_at: Instant
    again_at: Instant


class SignIn(In):
    phone: Phone
    code: Code6
    device: DeviceId
    label: Label = ""


class SignedIn(Out):
    token: str = Token
    account_id: Id
    session_id: Id
    is_new_account: bool = Field(examples=[False])
    needs_second_fact: bool = Field(
        examples=[False], description="The session opens nothing but the second fact (R-048)"
    )


class SecondFact(In):
    fact: Annotated[
        str,
        StringConstraints(pattern=r"^[0-9A-Za-z]{4}$"),
        Field(examples=["003X"], description="The last four characters of the number of any patient of the account"),
    ]


class Lock(Out):
    lock_id: Id
    reason: LockReason
    locked_at: Instant
    appealed_at: Instant | None


class Account(Out):
    account_id: Id
    phone_masked: str = Field(examples=["138****0000"])
    language: str = Field(examples=["zh"])
    created_at: Instant
    lock: Lock | None = Field(description="R-010: may sign in, look and cancel, not book")


class Device(Out):
    device_id: Id
    label: str = Field(examples=["自助机 3 号"])
    first_seen_at: Instant
    last_seen_at: Instant
    is_current: bool = Field(examples=[True])


class Devices(Out):
    items: list[Device]


class Export(Out):
    made_at: Instant
    parts: dict[str, Any] = Field(examples=[{"people": {}, "booking": {}}])
