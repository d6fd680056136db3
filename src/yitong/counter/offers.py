"""What is left to book, ready-made from the picture: a session's windows, a department's days.

A body is made at most ten times a second for each board that changes, and then only copied out. It counts what the
pages' own channel may book.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

import msgspec

from yitong.core.errors import Missing
from yitong.counter.picture import Board, Picture, Window
from yitong.counter.problems import Answering
from yitong.domains.schedule.contracts import Pool, SessionState

FRESH = timedelta(milliseconds=100)
POOL = Pool.ONLINE
HEADERS = [("content-type", "application/json"), ("cache-control", "public, max-age=1")]
MOST_AT_ONCE = 8  # sessions that are one offer: doctors of one title, none of them named

_ready: dict[tuple[str, str], tuple[datetime, str, bytes]] = {}  # until when, the body's tag, the body
_MOST = 20_000


def answer(picture: Picture, kind: str, what: str, scope: Any, protocol: Answering, *, now: datetime) -> None:
    """200 with the body and its tag, 304 where the asker has it. Refuses Missing."""
    tag, body = _body(picture, kind, what, now)
    headers = [*HEADERS, ("etag", tag)]
    if scope.headers.get("if-none-match") == tag:
        protocol.response_empty(304, headers)
    else:
        protocol.response_bytes(200, headers, body)


def _body(picture: Picture, kind: str, what: str, now: datetime) -> tuple[str, bytes]:
    found = _ready.get((kind, what))
    if found is not None and found[0] - FRESH <= now < found[0]:
        return found[1], found[2]
    ids = _ids(what)
    content = sessions(picture, ids, now) if kind == "sessions" else department(picture, ids[0], now)
    told = msgspec.json.encode(content)
    tag = f'W/"{blake2b(told, digest_size=8).hexdigest()}"'
    body = b'%b,"as_of":"%b"}' % (told[:-1], now.isoformat().encode())
    if len(_ready) >= _MOST:
        _ready.clear()
    _ready[kind, what] = (now + FRESH, tag, body)
    return tag, body


def _ids(what: str) -> list[UUID]:
    """One id, or those of a few sessions with a comma between."""
    parts = what.split(",")
    try:
        if len(parts) <= MOST_AT_ONCE:
            return list(dict.fromkeys(UUID(part) for part in parts))
    except ValueError:
        pass
    raise Missing()


def sessions(picture: Picture, session_ids: Sequence[UUID], now: datetime) -> dict[str, object]:
    """The windows of a session, or of several as one: how many are left in each, and a free slot of it."""
    boards = [picture.boards[one] for one in session_ids if one in picture.boards]
    if not boards:
        raise Missing()
    windows: dict[Window, tuple[int, UUID | None]] = {}
    for board in boards:
        free = _free(picture, board, now)
        for window, mask in board.windows.items():
            if mask & board.pools.get(POOL, 0):
                here = free & mask
                left, slot_id = windows.get(window, (0, None))
                if slot_id is None and here:
                    slot_id = board.slots[(here & -here).bit_length() - 1].slot_id
                windows[window] = (left + here.bit_count(), slot_id)
    return {
        "session_id": str(session_ids[0]),
        "opens_at": min(board.session.release_at for board in boards).isoformat(),
        "is_stopped": all(_is_stopped(board) for board in boards),
        "left": sum(left for left, _ in windows.values()),
        "windows": [
            {
                "starts_at": starts_at.isoformat(),
                "ends_at": ends_at.isoformat(),
                "left": left,
                "slot_id": str(slot_id) if slot_id else None,
            }
            for (starts_at, ends_at), (left, slot_id) in sorted(windows.items())
        ],
    }


def department(picture: Picture, department_id: UUID, now: datetime) -> dict[str, object]:
    """A department's days with their sessions: how many are left in each."""
    boards = [picture.boards[one] for one in picture.by_department.get(department_id, ())]
    if not boards:
        raise Missing()
    days: dict[str, list[Board]] = {}
    for board in sorted(boards, key=lambda board: (board.session.starts_at, board.session.session_id)):
        days.setdefault(board.session.date.isoformat(), []).append(board)
    return {
        "department_id": str(department_id),
        "days": [{"date": day, "sessions": list(_counts(picture, found, now))} for day, found in days.items()],
    }


def _counts(picture: Picture, boards: Iterable[Board], now: datetime) -> Iterable[dict[str, object]]:
    for board in boards:
        yield {
            "session_id": str(board.session.session_id),
            "opens_at": board.session.release_at.isoformat(),
            "is_stopped": _is_stopped(board),
            "left": _free(picture, board, now).bit_count(),
        }


def _is_stopped(board: Board) -> bool:
    return board.session.state is SessionState.STOPPED


def _free(picture: Picture, board: Board, now: datetime) -> int:
    """The bits that may be booked now, without those whose window is over."""
    policies = picture.policies(board.session, now)
    if not board.is_open(POOL, policies, now, picture.days(policies, now, kept=FRESH), kept=FRESH):
        return 0
    free = board.free(now) & board.pools.get(POOL, 0)
    if now > board.session.starts_at:
        for (_, ends_at), mask in board.windows.items():
            if ends_at <= now:
                free &= ~mask
    return free
