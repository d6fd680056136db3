"""Account holders through a channel: code, session, second fact, devices, messages."""

import json
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from tests import clinic, make
from tests.faces.api.conftest import Caller, code_of, signed_in

from yitong.core import clock
from yitong.domains.access.contracts import Scope
from yitong.domains.people import queries

PHONE = "19900001111"
DEVICE = "device-of-a-test-0001"
LATER = make.NOW + timedelta(minutes=2)  # a phone gets one code a minute


def test_phone_and_code_open_an_account(caller: Callable) -> None:
    api = caller()

    holder = signed_in(api, PHONE)
    me = holder.get("/me")

    assert me.json["phone_masked"] == "199****1111"
    assert me.json["lock"] is None
    assert PHONE not in json.dumps(me.json)


def test_code_works_once_and_never_wrong(caller: Callable) -> None:
    api = caller()
    api.post("/accounts/codes", {"phone": PHONE, "device": DEVICE})
    code = code_of(PHONE)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"

    refused = api.post("/accounts/sessions", {"phone": PHONE, "code": wrong, "device": DEVICE})
    opened = api.post("/accounts/sessions", {"phone": PHONE, "code": code, "device": DEVICE})
    again = api.post("/accounts/sessions", {"phone": PHONE, "code": code, "device": DEVICE})

    assert (refused.status, refused.json["code"]) == (422, "CODE_WRONG")
    assert opened.status == 201
    assert (again.status, again.json["code"]) == (422, "CODE_OVER")


@pytest.mark.parametrize("path", ["/me", "/me/devices", "/me/messages", "/me/patients", "/me/bookings"])
def test_channel_alone_is_nobodys_account(caller: Callable, path: str) -> None:
    api = caller()

    for answer in (api.get(path), Caller(api.key, "no-such-session").get(path)):
        assert (answer.status, answer.json["code"]) == (401, "ACCOUNT_SESSION_REQUIRED")


def test_session_is_worth_nothing_to_a_channel_without_the_right_to_sign_people_in(caller: Callable) -> None:
    holder = signed_in(caller(), PHONE)
    other = caller(Scope.BOOKINGS_READ)

    answer = Caller(other.key, holder.session).get("/me/bookings")

    assert (answer.status, answer.json["code"]) == (401, "ACCOUNT_SESSION_REQUIRED")


@pytest.mark.rule("R-048")
def test_session_opens_nothing_but_through_its_own_channel(caller: Callable) -> None:
    """A partner that is shut (S-14) has its customers' tokens still: no other way in takes them."""
    holder, other = signed_in(caller(), PHONE), caller()

    assert holder.get("/me").status == 200
    answer = Caller(other.key, holder.session).get("/me")
    assert (answer.status, answer.json["code"]) == (401, "ACCOUNT_SESSION_REQUIRED")
    assert queries.account_of_session(holder.session, clock.now()) is None  # our own pages ask this


@pytest.mark.rule("R-048")
def test_new_device_is_asked_for_a_second_fact(caller: Callable) -> None:
    api = caller()
    holder = signed_in(api, PHONE)
    given = clinic.identity()
    body = {"name": given.name, "kind": "resident_id", "number": given.number, "relation": "self"}
    assert holder.post("/me/patients", body).status == 201

    with clock.frozen(LATER):
        other = signed_in(api, PHONE, "another-device-of-a-test")
        closed = other.get("/me")
        wrong = other.post("/me/second-fact", {"fact": "0000" if given.number[-4:] != "0000" else "1111"})
        right = other.post("/me/second-fact", {"fact": given.number[-4:]})
        opened = other.get("/me")

    assert closed.json["code"] == "ACCOUNT_SESSION_REQUIRED"
    assert (wrong.status, wrong.json["code"]) == (403, "DEVICE_CHECK")
    assert right.status == 204
    assert opened.status == 200


def test_devices_are_listed_and_revoked(caller: Callable) -> None:
    api = caller()
    holder = signed_in(api, PHONE)
    with clock.frozen(LATER):
        second = signed_in(api, PHONE, "another-device-of-a-test")
        devices = holder.get("/me/devices").json["items"]
        other = next(device for device in devices if not device["is_current"])

        revoked = holder.delete(f"/me/devices/{other['device_id']}")

        assert revoked.status == 204
        assert second.get("/me").status == 401
        assert holder.get("/me").status == 200
        assert holder.delete(f"/me/devices/{uuid4()}").status == 404


def test_sign_out_ends_the_session(caller: Callable) -> None:
    holder = signed_in(caller(), PHONE)

    assert holder.delete("/me/session").status == 204
    assert holder.get("/me").json["code"] == "ACCOUNT_SESSION_REQUIRED"


def test_language_and_muted_topics_are_kept(caller: Callable) -> None:
    holder = signed_in(caller(), PHONE)

    changed = holder.put("/me/preferences", {"language": "en", "muted": ["booking"]})

    assert changed.json == holder.get("/me/preferences").json
    assert changed.json["muted"] == ["booking"]
    security = holder.put("/me/preferences", {"language": "en", "muted": ["security"]})
    assert security.status == 422
    assert holder.put("/me/preferences", {"language": "fr", "muted": []}).json["code"] == "FIELDS_INVALID"


def test_inbox_is_ones_own(caller: Callable) -> None:
    api = caller()
    holder, other = signed_in(api, PHONE), signed_in(api, "19900002222", "device-of-another-0002")

    assert holder.get("/me/messages").json == {"items": [], "next_cursor": None, "unread": 0}
    assert holder.post("/me/messages/read", {}).json == {"marked": 0}
    assert other.post("/me/messages/read", {"message_ids": [str(uuid4())]}).json == {"marked": 0}


@pytest.mark.rule("R-198")
def test_holder_takes_all_his_data_with_him_and_nobody_elses(caller: Callable) -> None:
    api = caller()
    holder, other = signed_in(api, PHONE), signed_in(api, "19900002222", "device-of-another-0002")
    given = clinic.identity()
    body = {"name": given.name, "kind": "resident_id", "number": given.number, "relation": "self"}
    holder.post("/me/patients", body)

    mine, others = holder.get("/me/export"), other.get("/me/export")

    assert given.number in json.dumps(mine.json)
    assert PHONE in json.dumps(mine.json)
    assert given.number not in json.dumps(others.json)
    assert PHONE not in json.dumps(others.json)
    assert api.get("/me/export").status == 401
