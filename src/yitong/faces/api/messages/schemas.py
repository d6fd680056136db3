"""Messages as JSON."""

from pydantic import Field

from yitong.domains.notify.contracts import Topic
from yitong.faces.api.fields import Id, In, Instant, Out, Page


class Message(Out):
    message_id: Id
    template: str = Field(examples=["booking_confirmed"])
    title: str = Field(examples=["预约成功"])
    text: str = Field(examples=["您已预约 3 月 2 日上午的号，预约码 48203917。"])
    created_at: Instant
    read_at: Instant | None = Field(examples=[None])


class Inbox(Page[Message]):
    unread: int = Field(examples=[1])


class Preferences(Out):
    phone_masked: str = Field(examples=["138****0000"])
    language: str = Field(examples=["zh"])
    muted: list[Topic] = Field(description="Topics that are not sent by SMS")


class SetPreferences(In):
    language: str = Field(pattern="^(zh|en)$", examples=["zh"])
    muted: list[Topic] = Field(max_length=3, examples=[[]])


class MarkRead(In):
    message_ids: list[Id] | None = Field(None, max_length=100, examples=[None])


class Read(Out):
    marked: int = Field(examples=[1])
