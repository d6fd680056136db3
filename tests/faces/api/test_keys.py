"""Who may call: keys, scopes, the kill switch, limits. A denied call changes nothing."""

import io
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.test import Client
from tests import make
from tests.faces.api.conftest import Caller

from yitong.config import logging
from yitong.core import clock
from yitong.domains.access.commands import channels
from yitong.domains.access.contracts import ChannelKind, Scope


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dXNlcg==", "ytk_abc_def"])
def test_call_without_a_key_is_told_how_to_bring_one(anybody: Caller, header: str) -> None:
    answer = anybody.get("/hospitals", Authorization=header)

    assert (answer.status, answer.json["code"]) == (401, "CHANNEL_KEY_REQUIRED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("key", ["ytk_abcdefgh_secret", "ytk__", "x", "ytk_" + "a" * 3000, "密钥"])
def test_unknown_key_is_refused(caller: Callable, key: str) -> None:
    caller()

    answer = Caller(key.encode().decode("latin-1")).get("/hospitals")

    assert (answer.status, answer.json["code"]) == (401, "CHANNEL_KEY_UNKNOWN")


def test_guessing_keys_is_slowed_down(caller: Callable) -> None:
    caller()

    answers = [Caller("ytk_abcdefgh_secret").get("/hospitals") for _ in range(61)]

    assert {answer.status for answer in answers[:60]} == {401}
    assert answers[60].status == 429


def test_cookies_open_nothing_here(caller: Callable) -> None:
    caller()
    program = Caller()
    program.client.cookies["yitong_session"] = "whatever"
    program.client.cookies["yitong_staff"] = "whatever"

    assert program.get("/me/bookings").json["code"] == "CHANNEL_KEY_REQUIRED"


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        (Scope.COUNTS, "/hospitals"),
        (Scope.COUNTS, f"/hospitals/{UUID(int=1)}/sessions/{UUID(int=1)}/slots"),
        (Scope.CATALOGUE, f"/hospitals/{UUID(int=1)}/sessions/{UUID(int=1)}"),
        (Scope.CATALOGUE, "/me/bookings"),
        (Scope.BOOKINGS_WRITE, f"/hospitals/{UUID(int=1)}/bookings/{UUID(int=1)}"),
        (Scope.BOOKINGS_READ, "/me/messages"),
    ],
)
def test_call_outside_the_contract_is_refused(caller: Callable, scope: Scope, path: str) -> None:
    answer = caller(scope).get(path)

    assert (answer.status, answer.json["code"]) == (403, "SCOPE_MISSING")


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        (Scope.BOOKINGS_READ, "/bookings"),
        (Scope.BOOKINGS_READ, f"/hospitals/{UUID(int=1)}/bookings/{UUID(int=1)}/cancel"),
        (Scope.BOOKINGS_WRITE, "/entitlements"),
    ],
)
def test_command_outside_the_contract_is_refused_before_its_body_is_read(
    caller: Callable, scope: Scope, path: str
) -> None:
    answer = caller(scope).post(path, b"{not json")

    assert (answer.status, answer.json["code"]) == (403, "SCOPE_MISSING")


def test_kill_switch_stops_the_next_call(caller: Callable) -> None:
    channel_id, secret = make.channel(Scope.CATALOGUE)
    program = Caller(secret)
    assert program.get("/hospitals").status == 200

    channels.revoke_channel(channel_id, "合同终止", actor=make.security_admin(), now=make.NOW)

    answer = program.get("/hospitals")
    assert (answer.status, answer.json["code"]) == (403, "CHANNEL_REVOKED")


def test_channel_after_its_contract_is_refused(caller: Callable) -> None:
    program = caller(Scope.CATALOGUE, kind=ChannelKind.PARTNER, contract_until=date(2026, 11, 23))

    assert program.get("/hospitals").status == 200
    with clock.frozen(make.NOW + timedelta(days=1)):
        assert program.get("/hospitals").json["code"] == "CHANNEL_CONTRACT_ENDED"


@pytest.mark.rule("R-212")
def test_channel_has_its_requests_a_minute(caller: Callable) -> None:
    program = caller(Scope.CATALOGUE, per_minute=3)

    answers = [program.get("/hospitals") for _ in range(4)]

    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert {answer.headers["RateLimit-Limit"] for answer in answers} == {"3"}
    assert answers[3].json["code"] == "RATE_LIMITED"
    assert answers[3].headers["Retry-After"] == answers[3].headers["RateLimit-Reset"] == "20"
    with clock.frozen(make.NOW + timedelta(seconds=20)):
        assert program.get("/hospitals").status == 200


def test_one_channels_flood_leaves_another_alone(caller: Callable) -> None:
    flooding, other = caller(Scope.CATALOGUE, per_minute=1), caller(Scope.CATALOGUE, per_minute=1)
    flooding.get("/hospitals")

    assert flooding.get("/hospitals").status == 429
    assert other.get("/hospitals").status == 200


@pytest.mark.parametrize(
    "key", ["", "short", "x" * 81, "with blank in it", "钥匙钥匙钥匙钥匙".encode().decode("latin-1")]
)
def test_command_needs_a_key_of_its_own(caller: Callable, key: str) -> None:
    answer = caller(Scope.BOOKINGS_WRITE).post("/bookings", {}, Idempotency_Key=key)

    assert (answer.status, answer.json["code"]) == (422, "KEY_MISSING")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "BAD_REQUEST"),
        (b"\xff\xfe", 400, "BAD_REQUEST"),
        (b"[" * 100_000, 400, "BAD_REQUEST"),
        (b"", 422, "FIELDS_INVALID"),
        (b"null", 422, "FIELDS_INVALID"),
        (b"[]", 422, "FIELDS_INVALID"),
        (b"7", 422, "FIELDS_INVALID"),
        (b"1" * 5000, 400, "BAD_REQUEST"),
        (b" " * 3_000_000, 413, "BODY_TOO_LARGE"),
    ],
)
def test_unreadable_bodies_are_told_as_such(caller: Callable, body: bytes, status: int, code: str) -> None:
    answer = caller(Scope.BOOKINGS_WRITE).post("/bookings", body)

    assert (answer.status, answer.json["code"]) == (status, code)


def test_other_content_than_json_is_refused(caller: Callable) -> None:
    program = caller(Scope.BOOKINGS_WRITE)

    answer = program.post("/bookings", b"slot_id=1", Content_Type="application/x-www-form-urlencoded")

    assert (answer.status, answer.json["code"]) == (415, "MEDIA_UNSUPPORTED")


def test_unknown_address_and_wrong_method_are_problems_too(caller: Callable) -> None:
    program = caller()

    assert program.get("/nothing").json["code"] == "NOT_FOUND"
    wrong = program.delete("/hospitals")
    assert (wrong.status, wrong.json["code"], wrong.headers["Allow"]) == (405, "METHOD_NOT_ALLOWED", "GET")


def test_answers_for_one_caller_are_never_stored(caller: Callable) -> None:
    answer = caller().get(f"/hospitals/{UUID(int=1)}/sessions/{UUID(int=1)}")

    assert "no-store" in answer.headers["Cache-Control"]


def test_programs_need_no_form_token(caller: Callable) -> None:
    program = caller(Scope.BOOKINGS_WRITE)
    program.client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)

    assert program.post("/bookings", {}).json["code"] == "FIELDS_INVALID"


def test_logs_tell_what_was_refused_and_nothing_of_the_person(
    caller: Callable, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {
        "purpose": "电话预约",
        "identity_kind": "resident_id",
        "identity_number": "999900198503040021",
        "name": "赵无名",
    }
    stream = io.StringIO()
    monkeypatch.setattr(logging.Lines, "stream", stream)
    with caplog.at_level("DEBUG"):
        caller(Scope.PATIENTS).post("/patients/resolve", body)
        caller(Scope.ACCOUNTS).post("/accounts/codes", {"phone": "19900001111", "device": "d" * 20})

    written = stream.getvalue() + caplog.text
    assert "resolve_patient" in written
    for secret in ("999900198503040021", "赵无名", "19900001111", "ytk_"):
        assert secret not in written
