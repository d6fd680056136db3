"""Pages by cursor: opaque, signed, good for the same question only, and never too long."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from django.core import signing
from pydantic import Field

from yitong.core.errors import RuleBroken

SALT = "yitong.api.cursor"
LONGEST = 100

Limit = Annotated[int, Field(ge=1, le=LONGEST, examples=[20], description="How many at most")]
Cursor = Annotated[str | None, Field(max_length=500, description="`next_cursor` of the page before")]

T = TypeVar("T")


class CursorInvalid(RuleBroken):
    """The cursor is not ours, or belongs to another list."""

    code = "CURSOR_INVALID"


def pack(place: Sequence[str | int], question: str) -> str:
    return signing.dumps(list(place), salt=f"{SALT}:{question}", compress=True)


def unpack(cursor: str | None, question: str) -> list[str] | None:
    """Where the page before ended. `question` says which list: a cursor of another one is refused."""
    if not cursor:
        return None
    try:
        place = signing.loads(cursor, salt=f"{SALT}:{question}")
    except (signing.BadSignature, ValueError):
        raise CursorInvalid() from None
    return [str(part) for part in place]


def page_of(
    items: Sequence[T], *, key: Callable[[T], str], question: str, cursor: str | None, limit: int
) -> tuple[list[T], str | None]:
    """A page of a list that is short enough to be had whole, after the item at which the page before ended."""
    place = unpack(cursor, question)
    start = 0
    if place is not None:
        keys = [key(item) for item in items]
        if place[0] not in keys:
            raise CursorInvalid()
        start = keys.index(place[0]) + 1
    part = list(items[start : start + limit])
    more = start + limit < len(items)
    return part, pack([key(part[-1])], question) if more and part else None
