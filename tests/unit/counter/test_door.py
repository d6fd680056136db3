"""The door by itself: what it reads, whom it believes, what it says; no database, no server."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import pytest
from tests import windows

from yitong.core import clock
from yitong.core.errors import Busy, KeyReused
from yitong.core.ids import new_id
from yitong.core.tokens import Tokens, derived
from yitong.counter.batch import Batches
from yitong.counter.door import Door, client_address
from yitong.counter.forms import FORM
from yitong.counter.pace import Pace
from yitong.counter.picture import Board, Picture
from yitong.counter.requests import LONGEST_BODY
from yitong.counter.wishes import Holder, Wish, digest_of_hold
from yitong.domains.booking.contracts import PASS_USE, Near, Pass, PassPatient

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PASSES = Tokens(derived(b"secret", PASS_USE), Pass)
PATIENT = new_id()


class Asked(windows.Request):
    """One request and what was answered."""

    @property
    def problem(self) -> dict[str, Any]:
        return self.said

    @property
    def way(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.told["location"])
        return parts.path, {name: values[0] for name, values in parse_qs(parts.query).items()}


def a_door(*, per_minute: int = 100, is_ready: bool = True, proxies: int = 0) -> Door:
    async def no_reload(session_ids: object) -> None:
        raise AssertionError("no batch runs here")

    picture = Picture(per_minute=per_minute)
    return Door(picture, Batches(picture, no_reload), PASSES, Pace(picture), proxies, is_ready)


def a_pass(**changed: Any) -> str:
    patients = (PassPatient(PATIENT, b"sealed"),)
    said = {"account_id": new_id(), "session_id": new_id(), "channel": "web", "patients": patients}
    return PASSES.write(Pass(**{**said, "expires_at": NOW + timedelta(minutes=15), **changed}))


def fields(**changed: object) -> dict[str, Any]:
    """A claim that is refused for nothing but its slot, which the empty picture has not."""
    sent = {"pass": a_pass(), "key": "key-0001", "hospital_id": new_id(), "slot_id": new_id(), "patient_id": PATIENT}
    return {name: str(value) if isinstance(value, UUID) else value for name, value in {**sent, **changed}.items()}


def ask(door: Door, sent: object, *, language: str = "zh-CN", form: bool = False, **headers: str) -> Asked:
    if isinstance(sent, bytes):
        body = sent
    else:
        body = urlencode(cast(dict[str, str], sent)).encode() if form else json.dumps(sent).encode()
    kind = FORM if form else "application/json"
    asked = Asked(body, {"content-type": kind, "accept-language": language, **headers})
    with clock.frozen(NOW):
        asyncio.run(door.answer(asked, asked))
    return asked


REFUSED: list[tuple[object, int, str]] = [
    (fields(), 404, "SLOT_NOT_FOUND"),
    (fields(patient_id=new_id()), 404, "PATIENT_NOT_FOUND"),
    (fields(**{"pass": a_pass(expires_at=NOW)}), 401, "PASS_INVALID"),
    (fields(**{"pass": a_pass()[:-2] + "AA"}), 401, "PASS_INVALID"),
    (fields(**{"pass": "A" + a_pass()[1:]}), 401, "PASS_INVALID"),
    (fields(**{"pass": ""}), 401, "PASS_INVALID"),
    (fields(**{"pass": "通行证.é"}), 401, "PASS_INVALID"),
    (fields(**{"pass": "a.é"}), 401, "PASS_INVALID"),
    (fields(**{"pass": Tokens(derived(b"other", PASS_USE), str).write("x")}), 401, "PASS_INVALID"),
    (fields(key="short"), 422, "KEY_MISSING"),
    (fields(key="k" * 81), 422, "KEY_MISSING"),
    (fields(key="钥匙钥匙钥匙钥匙"), 422, "KEY_MISSING"),
    (fields(key="with space"), 422, "KEY_MISSING"),
    (fields(key="tab\tbetween"), 422, "KEY_MISSING"),
    (fields(key=12345678), 400, "CLAIM_UNREADABLE"),
    (fields(slot_id="x"), 400, "CLAIM_UNREADABLE"),
    (fields(patient_id=str(new_id()) + "0"), 400, "CLAIM_UNREADABLE"),
    (fields(hospital_id=new_id().int), 400, "CLAIM_UNREADABLE"),
    (fields(patient_id=str(PATIENT).upper()), 404, "SLOT_NOT_FOUND"),
    (fields(patient_id=PATIENT.hex), 404, "SLOT_NOT_FOUND"),
    (fields(is_first_visit="true"), 400, "CLAIM_UNREADABLE"),
    (fields(near="anything"), 400, "CLAIM_UNREADABLE"),
    ({}, 400, "CLAIM_UNREADABLE"),
    ([], 400, "CLAIM_UNREADABLE"),
    (b"", 400, "CLAIM_UNREADABLE"),
    (b"{", 400, "CLAIM_UNREADABLE"),
    (b"\xff\xfe", 400, "CLAIM_UNREADABLE"),
    (b"[" * 10_000, 400, "CLAIM_UNREADABLE"),
    (b'{"x":' + b"[" * 3_000, 400, "CLAIM_UNREADABLE"),
    (b" " * (LONGEST_BODY + 1), 400, "CLAIM_UNREADABLE"),
]


@pytest.mark.parametrize(("sent", "status", "code"), REFUSED)
def test_each_refusal_has_its_code_and_status(sent: object, status: int, code: str) -> None:
    asked = ask(a_door(), sent)
    assert (asked.status, asked.problem["code"]) == (status, code)
    assert asked.problem["status"] == status
    assert asked.told["content-type"] == "application/problem+json"
    assert asked.told["cache-control"] == "no-store"


@pytest.mark.parametrize("written", [str.upper, lambda text: text.replace("-", ""), "{{{}}}".format])
@pytest.mark.parametrize("name", ["hospital_id", "slot_id", "patient_id"])
def test_an_id_is_the_same_however_it_is_written(name: str, written: Callable[[str], str]) -> None:
    """The window looks for it as it stands first, and then for what it means."""
    board, door = windows.board_at(slots=1), a_door()
    door.picture = windows.picture_of(board)
    sent = fields(hospital_id=board.hospital, slot_id=board.texts[0])
    board.taken = board.open_mask
    assert ask(door, sent | {name: written(sent[name])}).problem["code"] == "SLOT_TAKEN"
    assert ask(door, sent | {name: sent[name] + "0"}).problem["code"] == "CLAIM_UNREADABLE"


def test_a_body_that_says_it_is_too_long_is_not_read() -> None:
    class Unread(Asked):
        async def __call__(self) -> bytes:
            raise AssertionError("read")

    asked = Unread(b"", {"content-type": "application/json", "content-length": str(LONGEST_BODY + 1)})
    asyncio.run(a_door().answer(asked, asked))
    assert asked.problem["code"] == "CLAIM_UNREADABLE"


def test_problems_speak_the_askers_language() -> None:
    said = {
        language: ask(a_door(), fields(key="x"), language=language) for language in ("zh-CN", "zh-Hans", "en", "en-GB")
    }
    assert {language: asked.problem["message"].isascii() for language, asked in said.items()} == {
        "zh-CN": False,
        "zh-Hans": False,
        "en": True,
        "en-GB": True,
    }
    assert {asked.told["vary"] for asked in said.values()} == {"accept-language"}


def test_a_lost_database_is_told_with_when_to_come_again() -> None:
    asked = ask(a_door(is_ready=False), fields())
    assert (asked.status, asked.problem["code"], asked.told["retry-after"]) == (503, "BUSY", "1")


@pytest.mark.rule("R-017")
def test_who_asks_too_often_is_told_how_long_to_wait() -> None:
    door, sent = a_door(per_minute=2), fields()
    assert [ask(door, sent).status for _ in range(3)] == [404, 404, 429]
    last = ask(door, sent)
    assert last.told["retry-after"] == str(last.problem["params"]["wait_s"]) == "30"
    assert ask(door, fields()).status == 404  # another account


# -- forms -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("flag", "visit"), [("true", "first"), ("false", "again"), ("1", "first"), ("0", "again")])
def test_a_form_is_sent_back_with_what_was_refused_and_who_was_chosen(flag: str, visit: str) -> None:
    sent = fields(is_first_visit=flag)
    asked = ask(a_door(), sent, form=True)
    assert asked.status == 303
    path, said = asked.way
    assert path == f"/book/{sent['hospital_id']}/{sent['slot_id']}/"
    assert said == {"visit": visit, "refused": "SLOT_NOT_FOUND", "patient": str(PATIENT)}


def test_a_form_in_doubt_keeps_its_key() -> None:
    asked = ask(a_door(is_ready=False), fields(), form=True)
    assert asked.way[1] | {"visit": ""} == {"visit": "", "refused": "BUSY", "patient": str(PATIENT), "key": "key-0001"}


def test_a_form_in_which_nobody_was_chosen_goes_back_to_its_page() -> None:
    sent = fields(is_first_visit="false")
    del sent["patient_id"]
    path, said = ask(a_door(), sent, form=True).way
    assert path == f"/book/{sent['hospital_id']}/{sent['slot_id']}/"
    assert said == {"visit": "again", "refused": "CLAIM_UNREADABLE"}


@pytest.mark.parametrize("body", [b"", b"\xff", b"hospital_id=//evil.example&slot_id=x", b"x" * (LONGEST_BODY + 1)])
def test_a_form_of_nothing_leads_home(body: bytes) -> None:
    assert ask(a_door(), body, form=True).told["location"] == "/"


# -- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "1.1.1.1", "10.0.0.1"),
        (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"),
        (2, "6.6.6.6, 1.1.1.1, 2.2.2.2", "1.1.1.1"),
        (2, "1.1.1.1", "10.0.0.1"),
        (1, "", "10.0.0.1"),
    ],
)
def test_only_our_own_proxies_are_believed_about_addresses(proxies: int, forwarded: str, address: str) -> None:
    scope = SimpleNamespace(headers={"x-forwarded-for": forwarded}, client="10.0.0.1:4000")
    assert client_address(scope, proxies) == address


# -- repeats -----------------------------------------------------------------------------------------------------------


def under_way(door: Door, sent: dict[str, Any]) -> Wish:
    """The claim that was sent first, not settled yet."""
    hospital, slot, patient = (sent[name] for name in ("hospital_id", "slot_id", "patient_id"))
    digest = digest_of_hold(hospital, slot, patient, Near.WINDOW, is_first_visit=True, by_name=False)
    holder = PASSES.read_as(Holder).read(sent["pass"])
    key, member, board = (hospital, holder.actor, sent["key"]), holder.patients[0], cast(Board, None)
    wish = Wish(key, digest, holder, member, board, slot, Near.WINDOW, is_first_visit=True, by_name=False)
    door.batches.queue.ask(wish)
    return wish


def test_a_repeat_under_way_waits_for_the_first_and_other_content_is_refused() -> None:
    """The same key with another content is no repeat, though its first claim has no answer yet."""
    door, sent = a_door(), fields()

    async def both() -> tuple[bool, str]:
        wish = under_way(door, sent)
        first, other = (Asked(json.dumps(one).encode(), {}) for one in (sent, {**sent, "by_name": True}))
        waiting = asyncio.ensure_future(door.answer(first, first))
        await asyncio.sleep(0)
        await door.answer(other, other)
        door.batches.queue.tell(wish, Busy())
        await waiting
        return first.problem["code"] == Busy.code, other.problem["code"]

    with clock.frozen(NOW):
        assert asyncio.run(both()) == (True, KeyReused.code)


def test_who_hangs_up_takes_no_answer_from_a_repeat() -> None:
    """Both wait for one outcome; the first goes away before it is known."""
    door, sent = a_door(), fields()

    async def both() -> str:
        wish = under_way(door, sent)
        gone, stays = (Asked(json.dumps(sent).encode(), {}) for _ in range(2))
        first, second = (asyncio.ensure_future(door.answer(one, one)) for one in (gone, stays))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        door.batches.queue.tell(wish, Busy())
        await second
        return str(stays.problem["code"])

    with clock.frozen(NOW):
        assert asyncio.run(both()) == Busy.code


# -- a bug on the way to an answer -------------------------------------------------------------------------------------


def asked_later(door: Door, asked: Asked) -> None:
    """Of a wish that is settled after the call in which it was asked, and whose request has to end."""

    async def scene() -> None:
        answering = asyncio.create_task(door.answer(asked, asked))
        await asyncio.sleep(0)
        (wish,) = door.batches.queue.waiting
        door.batches.queue.tell(wish, Busy())
        async with asyncio.timeout(5):
            await asyncio.gather(answering, return_exceptions=True)

    with clock.frozen(windows.build.NOW):
        asyncio.run(scene())


def a_door_with_a_board() -> tuple[Door, Asked]:
    door, board = a_door(), windows.board_at(slots=1)
    door.picture = door.batches.picture = door.pace.picture = windows.picture_of(board)
    door.picture.per_minute = 100
    ids = {"hospital_id": board.session.hospital_id, "slot_id": board.slots[0].slot_id}
    return door, Asked(json.dumps(fields(**ids)).encode())


def test_a_bug_in_the_telling_is_answered_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a batch waits for ever where nobody tells him."""

    def breaks(*told: object, **more: object) -> None:
        raise LookupError

    door, asked = a_door_with_a_board()
    monkeypatch.setattr(door.tally, "note", breaks)
    asked_later(door, asked)
    assert asked.status == 500


def test_a_request_ends_though_its_server_takes_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*told: object) -> None:
        raise OSError

    door, asked = a_door_with_a_board()
    monkeypatch.setattr(asked, "response_bytes", gone)
    asked_later(door, asked)
