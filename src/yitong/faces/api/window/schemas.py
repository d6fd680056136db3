"""The booking window as JSON: a pass to it, and what it hears and says under `/counter/`.

The window is an app of its own, without Django (`docs/counter.md`); here its words are only described, and a test holds
them to what it answers.
"""

from typing import Annotated

from pydantic import ConfigDict, Field, StrictBool, StringConstraints

from yitong.domains.booking.contracts import Near
from yitong.faces.api.fields import Day, Id, In, Instant, Out

Left = Field(examples=[3], description="Slots that can be booked now")
Count = Field(examples=[4500])
AsOf = Field(description="When this was made: at most a tenth of a second ago, by the server's clock")
PASS = "eyJhY2NvdW50X2lkIjoi….5b1d0c9a4f10"


class Pass(Out):
    token: str = Field(examples=[PASS], description="For `pass` of a claim; as secret as the session that it is for")
    expires_at: Instant = Field(description="A quarter of an hour from now; then ask for another")
    patients: list[Id] = Field(description="For whom it may be shown: the account's patients who can be booked for")
    claims: str = Field(examples=["/counter/claims"], description="Where to claim")


class Claim(In):
    """What `POST /counter/claims` hears."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    pass_: str = Field(alias="pass", examples=[PASS], description="From `POST /api/v1/passes`")
    key: Annotated[str, StringConstraints(min_length=8, max_length=80, pattern=r"^[\x21-\x7e]{8,80}$")] = Field(
        examples=["0190c2d4-7a1e-7000-8000-5b1d0c9a4f10"],
        description="Made by the client for each act and kept across its retries, as `Idempotency-Key` elsewhere",
    )
    hospital_id: Id
    slot_id: Id
    patient_id: Id
    is_first_visit: StrictBool = Field(True, examples=[True])
    by_name: StrictBool = Field(False, examples=[False], description="The doctor was chosen by name (R-004)")
    near: Near = Field(Near.WINDOW, description="What may be given where the named slot is taken", examples=["window"])


class WindowLeft(Out):
    starts_at: Instant
    ends_at: Instant
    left: int = Left
    slot_id: Id | None = Field(description="A free slot of it, to claim; null where none is left")


class SessionLeft(Out):
    session_id: Id = Field(description="The first of those asked for")
    opens_at: Instant = Field(description="When it is released: nothing is left before")
    is_stopped: bool = Field(examples=[False])
    left: int = Left
    windows: list[WindowLeft]
    as_of: Instant = AsOf


class SessionCount(Out):
    session_id: Id
    opens_at: Instant
    is_stopped: bool = Field(examples=[False])
    left: int = Left


class DayLeft(Out):
    date: Day
    sessions: list[SessionCount]


class DepartmentLeft(Out):
    department_id: Id
    days: list[DayLeft]
    as_of: Instant = AsOf


class Health(Out):
    ready: bool = Field(examples=[True])
    sessions: int = Count
    waiting: int = Field(examples=[0], description="Claims that wait for the next batch")


class WindowProblem(Out):
    """RFC 9457, as everywhere, but without a trace: thousands are refused in the same ready-made words."""

    type: str = Field(examples=["/api/v1/problems#SLOT_TAKEN"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["SLOT_TAKEN"])
    message: str = Field(examples=["号源已被预约"])
    next_step: str = Field(examples=["请选择其他时段"])
    rule_id: str | None = Field(examples=["R-018"])
    params: dict[str, object] = Field(examples=[{}])
