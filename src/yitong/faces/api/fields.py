"""The shapes of what comes in and goes out. Strict: what is not described is refused, and nothing is guessed."""

import re
from datetime import date, datetime
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from ninja import Schema
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, StringConstraints

from yitong.core.clock import SHANGHAI
from yitong.faces.common import days

UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
DAY_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _uuid(value: object) -> object:
    if isinstance(value, str) and not UUID_TEXT.fullmatch(value):
        raise ValueError("not a UUID")
    return value


def _day(value: object) -> object:
    if not (isinstance(value, date) and not isinstance(value, datetime)) and not (
        isinstance(value, str) and DAY_TEXT.fullmatch(value)
    ):
        raise ValueError("not a day like 2026-03-01")
    return value


def _bounded(value: date) -> date:
    if not days.is_within(value):
        raise ValueError("a day out of bounds")
    return value


def _plain(value: str) -> str:
    if any(ord(character) < 32 or ord(character) == 127 or 0xD800 <= ord(character) <= 0xDFFF for character in value):
        raise ValueError("control characters")
    return value


def _shanghai(value: datetime) -> datetime:
    return value.astimezone(SHANGHAI)


EXAMPLE_ID = "01900000-0000-7000-8000-000000000001"

Id = Annotated[UUID, BeforeValidator(_uuid), Field(examples=[EXAMPLE_ID])]
Day = Annotated[date, BeforeValidator(_day), AfterValidator(_bounded), Field(examples=["2026-03-02"])]
Instant = Annotated[datetime, AfterValidator(_shanghai), Field(examples=["2026-03-02T09:00:00+08:00"])]
Fen = Annotated[int, Field(examples=[5000], description="In fen, 100 to the yuan")]
Plain = AfterValidator(_plain)  # comes after a string's own constraints
PersonName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50),
    Plain,
    Field(examples=["张三"], description="As written in the document"),
]
DocumentNumber = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=4, max_length=32, pattern=r"^[0-9A-Za-z()\-]+$"),
    Field(examples=["11010119900307003X"], description="Never in a URL, never in a log"),
]
Phone = Annotated[
    str, StringConstraints(pattern=r"^1[0-9]{10}$"), Field(examples=["13800000000"], description="Mainland mobile")
]
Code6 = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$"), Field(examples=["123456"])]


class In(Schema):
    """Base of what comes in: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Out(Schema):
    """Base of what goes out."""

    model_config = ConfigDict(from_attributes=True)


T = TypeVar("T")


class Page(Out, Generic[T]):
    """One page. Where `next_cursor` is not null there is more: ask again with `cursor`."""

    items: list[T]
    next_cursor: str | None = Field(examples=[None])


class FieldError(Out):
    field: str = Field(examples=["body.name"])
    code: str = Field(examples=["string_too_long"])
    message: str = Field(examples=["不能超过 50 个字"])


class Problem(Out):
    """RFC 9457. `code` is stable and never renamed; `message` and `next_step` are sentences for people."""

    type: str = Field(examples=["/api/v1/problems#SLOT_TAKEN"])
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    code: str = Field(examples=["SLOT_TAKEN"])
    message: str = Field(examples=["号源已被预约"])
    next_step: str = Field(examples=["请选择其他时段"])
    rule_id: str | None = Field(examples=["R-018"])
    params: dict[str, object] = Field(examples=[{}])
    trace_id: str = Field(examples=["0af7651916cd43dd8448eb211c80319c"])
    errors: list[FieldError] = Field(default=[], description="Only with FIELDS_INVALID")
