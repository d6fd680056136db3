"""What is left to book, ready-made from the picture: a session's windows, a department's days.

A body is looked at anew at most ten times a second, made anew only where something in it has changed, and else copied
out. It counts what the pages' own channel may book.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

import msgspec

from yitong.core.errors import Missing
from yitong.counter.picture import Board, Picture, Window
from yitong.counter.requests import Answering, Headers, Request
from yitong.domains.schedule.contracts import Pool, SessionState

FRESH = timedelta(milliseconds=100)
POOL = Pool.ONLINE
HEADERS = [("content-type", "application/json"), ("cache-control", "public, max-age=1")]
MOST_AT_ONCE = 8  # sessions that are one offer: doctors of one title, none of them named

_MOST = 20_000

Seen = tuple[tuple[Board, int], ...]  # the boards of an offer and what was free on each: what it tells follows from it


class Ready(NamedTuple):
    """A body, for how long it is given out unasked, and what it was made of."""

    until: datetime
    tag: str
    headers: Headers
    body: bytes
    told: bytes  # the body up to its instant
    seen: Seen


_ready: dict[tuple[str, str], Ready] = {}


def answer(picture: Picture, kind: str, what: str, asked: Request, reply: Answering, *, now: datetime) -> None:
    """200 with the body and its tag, 304 where the asker has it. Refuses Missing."""
    ready = _ready_at(picture, kind, what, now)
    if asked.headers.get("if-none-match") == ready.tag:
        reply.response_empty(304, ready.headers)
    else:
        reply.response_bytes(200, ready.headers, ready.body)


def _ready_at(picture: Picture, kind: str, what: str, now: datetime) -> Ready:
    found = _ready.get((kind, what))
    if found is not None and found.until - FRESH <= now < found.until:
        return found
    ids = _ids(what)
    seen = tuple((board, _free(picture, board, now)) for board in _boards(picture, kind, ids))
    if found is not None and found.seen == seen:
        tag, headers, told = found.tag, found.headers, found.told
    else:
        content = sessions(ids[0], seen) if kind == "sessions" else department(ids[0], seen)
        told = msgspec.json.encode(content)[:-1]
        tag = f'W/"{blake2b(told, digest_size=8).hexdigest()}"'
        headers = [*HEADERS, ("etag", tag)]
    if len(_ready) >= _MOST:
        _ready.clear()
    body = b'%b,"as_of":"%b"}' % (told, now.isoformat().encode())
    ready = _ready[kind, what] = Ready(now + FRESH, tag, headers, body, told, seen)
    return ready


def _ids(what: str) -> list[UUID]:
    """One id, or those of a few sessions with a comma between."""
    parts = what.split(",")
    try:
        if len(parts) <= MOST_AT_ONCE:
            return list(dict.fromkeys(UUID(part) for part in parts))
    except ValueError:
        pass
    raise Missing()


def _boards(picture: Picture, kind: str, ids: Sequence[UUID]) -> list[Board]:
    """Those of the sessions, or of the department's, by their begin. Refuses Missing."""
    ids = ids if kind == "sessions" else tuple(picture.by_department.get(ids[0], ()))
    boards = [picture.boards[one] for one in ids if one in picture.boards]
    if not boards:
        raise Missing()
    if kind == "departments":
        boards.sort(key=lambda board: (board.session.starts_at, board.session.session_id))
    return boards


def sessions(session_id: UUID, seen: Seen) -> dict[str, object]:
    """The windows of a session, or of several as one: how many are left in each, and a free slot of it."""
    windows: dict[Window, tuple[int, str | None]] = {}
    for board, free in seen:
        for window, mask in board.windows.items():
            if mask & board.pools.get(POOL, 0):
                here = free & mask
                left, slot_id = windows.get(window, (0, None))
                if slot_id is None and here:
                    slot_id = board.texts[(here & -here).bit_length() - 1]
                windows[window] = (left + here.bit_count(), slot_id)
    return {
        "session_id": str(session_id),
        "opens_at": min(board.session.release_at for board, _ in seen).isoformat(),
        "is_stopped": all(_is_stopped(board) for board, _ in seen),
        "left": sum(left for left, _ in windows.values()),
        "windows": [
            {
                "starts_at": starts_at.isoformat(),
                "ends_at": ends_at.isoformat(),
                "left": left,
                "slot_id": slot_id,
            }
            for (starts_at, ends_at), (left, slot_id) in sorted(windows.items())
        ],
    }


def department(department_id: UUID, seen: Seen) -> dict[str, object]:
    """A department's days with their sessions: how many are left in each."""
    days: dict[str, list[dict[str, object]]] = {}
    for board, free in seen:
        told = {
            "session_id": board.text,
            "opens_at": board.session.release_at.isoformat(),
            "is_stopped": _is_stopped(board),
            "left": free.bit_count(),
        }
        days.setdefault(board.session.date.isoformat(), []).append(told)
    return {
        "department_id": str(department_id),
        "days": [{"date": day, "sessions": found} for day, found in days.items()],
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
