"""What is left to book, ready-made from the picture: a session's windows, a department's days.

A body is made at most ten times a second for each board that changes, and then only copied out. It counts what the
pages' own channel may book.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from yitong.counter.picture import Board, Picture
from yitong.domains.schedule.contracts import Pool, SessionState

if TYPE_CHECKING:
    from yitong.counter.door import Answering

FRESH = timedelta(milliseconds=100)
POOL = Pool.ONLINE
HEADERS = [("content-type", "application/json"), ("cache-control", "public, max-age=1")]

_ready: dict[tuple[str, UUID], tuple[datetime, str, bytes]] = {}  # until when, the body's tag, the body
_MOST = 20_000


def answer(picture: Picture, kind: str, one: str, scope: Any, protocol: "Answering", *, now: datetime) -> None:
    """200 with the body and its tag, 304 where the asker has it, 404 where there is none."""
    tag, body = _body(picture, kind, one, now)
    headers = [*HEADERS, ("etag", tag)]
    if not body:
        protocol.response_bytes(
            404, [("content-type", "application/problem+json")], b'{"code":"NOT_FOUND","status":404}'
        )
    elif scope.headers.get("if-none-match") == tag:
        protocol.response_empty(304, headers)
    else:
        protocol.response_bytes(200, headers, body)


def _body(picture: Picture, kind: str, one: str, now: datetime) -> tuple[str, bytes]:
    try:
        identifier = UUID(one)
    except ValueError:
        return "", b""
    found = _ready.get((kind, identifier))
    if found is not None and found[0] > now:
        return found[1], found[2]
    content = session(picture, identifier, now) if kind == "sessions" else department(picture, identifier, now)
    if content is None:
        return "", b""
    text = json.dumps(content, ensure_ascii=False)
    tag = f'W/"{hash(text) & 0xFFFFFFFFFFFF:x}"'
    body = json.dumps({**content, "as_of": now.isoformat()}, ensure_ascii=False).encode()
    if len(_ready) >= _MOST:
        _ready.clear()
    _ready[kind, identifier] = (now + FRESH, tag, body)
    return tag, body


def session(picture: Picture, session_id: UUID, now: datetime) -> dict[str, object] | None:
    """A session's windows: how many are left in each, and a free slot of it."""
    board = picture.boards.get(session_id)
    if board is None:
        return None
    free = _free(picture, board, now)
    windows = []
    for (starts_at, ends_at), mask in sorted(board.windows.items()):
        if mask & board.pools.get(POOL, 0):
            here = free & mask
            first = board.slots[(here & -here).bit_length() - 1].slot_id if here else None
            windows.append(
                {
                    "starts_at": starts_at.isoformat(),
                    "ends_at": ends_at.isoformat(),
                    "left": here.bit_count(),
                    "slot_id": str(first) if first else None,
                }
            )
    return {
        "session_id": str(session_id),
        "opens_at": board.session.release_at.isoformat(),
        "is_stopped": board.session.state is SessionState.STOPPED,
        "left": free.bit_count(),
        "windows": windows,
    }


def department(picture: Picture, department_id: UUID, now: datetime) -> dict[str, object] | None:
    """A department's days with their sessions: how many are left in each."""
    boards = [picture.boards[one] for one in picture.by_department.get(department_id, ())]
    if not boards:
        return None
    days: dict[str, list[Board]] = {}
    for board in sorted(boards, key=lambda board: (board.session.starts_at, board.session.session_id)):
        days.setdefault(board.session.date.isoformat(), []).append(board)
    return {
        "department_id": str(department_id),
        "days": [{"date": day, "sessions": list(_counts(picture, found, now))} for day, found in days.items()],
    }


def _counts(picture: Picture, boards: Iterable[Board], now: datetime) -> Iterable[dict[str, object]]:
    for board in boards:
        yield {"session_id": str(board.session.session_id), "left": _free(picture, board, now).bit_count()}


def _free(picture: Picture, board: Board, now: datetime) -> int:
    if not board.is_open(POOL, picture.policies(board.session, now), now, kept=FRESH):
        return 0
    return board.free(now) & board.pools.get(POOL, 0)
