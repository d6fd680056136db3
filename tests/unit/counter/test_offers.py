"""What is left, as the window tells it: bodies, tags, and that there is nothing."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from tests import clinic as build
from tests.windows import Request, board_at, picture_of

from yitong.core import clock, sentences
from yitong.counter import offers
from yitong.counter.batch import Batches
from yitong.counter.door import Door
from yitong.counter.pace import Pace
from yitong.counter.picture import Board, Picture
from yitong.domains.booking.queries import window

NOW = build.NOW
NOBODY = UUID(int=1)


@pytest.fixture(autouse=True)
def _nothing_ready() -> Iterator[None]:
    offers._ready.clear()
    yield
    offers._ready.clear()


def ask(picture: Picture, path: str, *, after: timedelta = timedelta(), **headers: str) -> Request:
    async def no_reload(session_ids: object) -> None:
        raise AssertionError("nobody books")

    door = Door(picture, Batches(picture, no_reload), window.passes(), Pace(picture), 0, is_ready=True)
    asked = Request(method="GET", path=path, headers={name.replace("_", "-"): one for name, one in headers.items()})
    with clock.frozen(NOW + after):
        asyncio.run(door.answer(asked, asked))
    return asked


def paths(board: Board) -> list[str]:
    session = board.session
    return [
        f"/counter/sessions/{session.hospital_id}/{session.session_id}",
        f"/counter/departments/{session.hospital_id}/{session.department_id}",
    ]


def take(board: Board, n: int) -> None:
    board.taken |= 1 << n


def test_a_session_tells_what_is_left_in_each_window_and_a_free_slot_of_it() -> None:
    board = board_at(slots=3)
    take(board, 0)
    said = ask(picture_of(board), paths(board)[0]).said
    starts = [slot.starts_at.isoformat() for slot in board.slots]
    assert said["left"] == 2
    assert [(one["starts_at"], one["left"]) for one in said["windows"]] == list(zip(starts, [0, 1, 1], strict=True))
    assert [one["slot_id"] for one in said["windows"]] == [None, *(str(slot.slot_id) for slot in board.slots[1:])]
    assert (said["is_stopped"], said["as_of"]) == (False, NOW.isoformat())


def test_a_department_tells_its_days_with_what_is_left_in_each_session() -> None:
    board = board_at(slots=3)
    take(board, 1)
    said = ask(picture_of(board), paths(board)[1]).said
    (day,) = said["days"]
    (told,) = day["sessions"]
    assert day["date"] == board.session.date.isoformat()
    assert (told["session_id"], told["left"], told["is_stopped"]) == (str(board.session.session_id), 2, False)


@pytest.mark.parametrize("which", [0, 1])
def test_who_has_it_already_is_told_so_until_it_changes(which: int) -> None:
    board = board_at(slots=2)
    picture, path = picture_of(board), paths(board)[which]
    first = ask(picture, path)
    tag = first.told["etag"]
    assert (first.status, first.told["cache-control"]) == (200, "public, max-age=1")
    again = ask(picture, path, if_none_match=tag)
    assert (again.status, again.content, again.told["etag"]) == (304, b"", tag)
    later = ask(picture, path, after=timedelta(seconds=5), if_none_match=tag)
    assert later.status == 304  # nothing happened: the instant alone makes no other tag
    take(board, 0)
    changed = ask(picture, path, after=timedelta(seconds=10), if_none_match=tag)
    assert changed.status == 200
    assert changed.told["etag"] != tag
    assert json.loads(changed.content) != json.loads(first.content)


def test_a_body_is_made_at_most_ten_times_a_second() -> None:
    board = board_at(slots=2)
    picture, path = picture_of(board), paths(board)[0]
    assert ask(picture, path).said["left"] == 2
    take(board, 0)
    assert ask(picture, path, after=timedelta(milliseconds=99)).said["left"] == 2
    assert ask(picture, path, after=timedelta(milliseconds=100)).said["left"] == 1


@pytest.mark.parametrize("which", [0, 1])
def test_what_has_not_changed_is_not_made_anew_and_yet_told_as_of_now(
    which: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = board_at(slots=2)
    picture, path = picture_of(board), paths(board)[which]
    first, later = ask(picture, path), timedelta(seconds=5)
    with monkeypatch.context() as patch:
        patch.setattr(offers, "sessions", None)
        patch.setattr(offers, "department", None)
        again = ask(picture, path, after=later)
    assert again.said == {**first.said, "as_of": (NOW + later).isoformat()}
    take(board, 0)
    assert ask(picture, path, after=2 * later).said != {**first.said, "as_of": (NOW + 2 * later).isoformat()}


ABSENT = [
    f"/counter/{kind}/{NOBODY}/{one}"
    for kind in ("sessions", "departments")
    for one in (NOBODY, "x", "", "00000000-0000-0000-0000")
]


@pytest.mark.parametrize("path", [*ABSENT, "/counter/", "/counter/nothing", "/counter/claims"])
@pytest.mark.parametrize(("asked_for", "language"), [("zh-CN", "zh"), ("en-GB,en;q=0.9", "en"), ("", "zh")])
def test_what_is_not_there_is_told_as_everywhere_else(path: str, asked_for: str, language: str) -> None:
    asked = ask(picture_of(board_at(slots=1)), path, accept_language=asked_for)
    words = sentences.sentence("NOT_FOUND", {}, language)
    assert asked.status == 404
    assert asked.told["content-type"] == "application/problem+json"
    assert asked.told["vary"] == "accept-language"
    assert asked.said == {
        "type": "/api/v1/problems#NOT_FOUND",
        "title": "Not Found",
        "status": 404,
        "code": "NOT_FOUND",
        "message": words.message,
        "next_step": words.next_step,
        "rule_id": None,
        "params": {},
    }
