"""The waitlist over the API: joined, seen, taken, declined, left; keys that repeat; whom it refuses (R-017)."""

from collections.abc import Callable

import pytest
from tests import lines
from tests.faces.api.conftest import Caller
from tests.faces.api.test_bookings_api import holder_with_patient

from yitong.domains.access.contracts import Scope

pytestmark = pytest.mark.rule("R-017")


def wish(full: lines.SoldOut, patient_id: object, mode: str = "ask") -> dict:
    where = {"hospital_id": str(full.place.hospital_id), "session_id": str(full.place.session_id)}
    return {"patient_ids": [str(patient_id)], "sessions": [where], "mode": mode}


def offered(api: Caller) -> tuple[Caller, lines.SoldOut, dict]:
    full = lines.sold_out()
    holder, patient_id = holder_with_patient(api)
    entry_id = holder.post("/me/waitlist", wish(full, patient_id)).json["entry_id"]
    full.free(0)
    full.serve()
    return holder, full, holder.get(f"/me/waitlist/{entry_id}").json


def test_joining_is_done_once_and_seen_in_the_list(caller: Callable) -> None:
    full = lines.sold_out()
    holder, patient_id = holder_with_patient(caller())
    first, again = (holder.post("/me/waitlist", wish(full, patient_id), Idempotency_Key="one-act-1") for _ in range(2))
    other = holder.post("/me/waitlist", wish(full, patient_id, "at_once"), Idempotency_Key="one-act-1")
    (seen,) = holder.get("/me/waitlist").json["items"]

    assert (first.status, first.json["state"]) == (201, "waiting")
    assert first.json == again.json
    assert (other.status, other.json["code"]) == (409, "KEY_REUSED")
    assert seen["entry_id"] == first.json["entry_id"]
    assert [(line["ahead"], line["is_live"]) for line in seen["lines"]] == [(0, True)]
    assert seen["joined_at"].endswith("+08:00")


def test_an_offer_is_taken(caller: Callable) -> None:
    holder, full, entry = offered(caller())
    offer = entry["offer"]
    path = f"/hospitals/{offer['hospital_id']}/offers/{offer['offer_id']}/accept"
    taken, again = (holder.post(path, Idempotency_Key="take-act-1") for _ in range(2))

    assert (entry["state"], offer["slots"][0]["number"]) == ("offered", 1)
    assert taken.json["state"] == "booked"
    assert taken.json == again.json
    booking = holder.get(f"/hospitals/{full.place.hospital_id}/bookings/{taken.json['bookings'][0]}")
    assert booking.json["state"] == "confirmed"


def test_an_offer_is_declined_and_the_line_is_left(caller: Callable) -> None:
    holder, _, entry = offered(caller())
    offer = entry["offer"]
    declined = holder.post(f"/hospitals/{offer['hospital_id']}/offers/{offer['offer_id']}/decline")
    left = holder.post(f"/me/waitlist/{entry['entry_id']}/withdraw")
    seen = holder.get(f"/me/waitlist/{entry['entry_id']}").json

    assert (declined.json["state"], left.json["state"]) == ("waiting", "withdrawn")
    assert [one["reason"] for one in seen["passings"]] == ["DECLINED"]


def test_an_offer_that_is_over_is_refused_by_its_code(caller: Callable) -> None:
    holder, _, entry = offered(caller())
    offer = entry["offer"]
    path = f"/hospitals/{offer['hospital_id']}/offers/{offer['offer_id']}"
    holder.post(f"{path}/decline")
    late = holder.post(f"{path}/accept")
    assert (late.status, late.json["code"], late.json["rule_id"]) == (409, "OFFER_OVER", "R-017")


def test_strangers_and_channels_without_a_holder_are_refused(caller: Callable) -> None:
    holder, full, entry = offered(caller())
    stranger, _ = holder_with_patient(caller(), "19900002222", "device-of-a-test-0002")
    offer = entry["offer"]

    assert stranger.get(f"/me/waitlist/{entry['entry_id']}").status == 404
    assert stranger.post(f"/me/waitlist/{entry['entry_id']}/withdraw").status == 404
    assert stranger.post(f"/hospitals/{offer['hospital_id']}/offers/{offer['offer_id']}/accept").status == 404
    assert caller().get("/me/waitlist").status == 401
    assert caller(Scope.CATALOGUE).get("/me/waitlist").status == 403
    assert holder.get(f"/me/waitlist/{entry['entry_id']}").json["state"] == "offered"


def test_an_unclear_wish_is_refused_field_by_field(caller: Callable) -> None:
    full = lines.sold_out()
    holder, patient_id = holder_with_patient(caller())
    refused = holder.post("/me/waitlist", {**wish(full, patient_id), "patient_ids": [], "mode": "perhaps"})
    twice = wish(full, patient_id)
    twice["sessions"] *= 2
    assert {error["field"] for error in refused.json["errors"]} == {"body.patient_ids", "body.mode"}
    assert holder.post("/me/waitlist", twice).json["code"] == "WAITLIST_WISH"


def test_a_wish_is_changed_and_keeps_its_place_where_it_stays(caller: Callable) -> None:
    full, more = lines.sold_out(), lines.sold_out()
    lines.waits(full)
    lines.waits(more)
    holder, patient_id = holder_with_patient(caller())
    entry_id = holder.post("/me/waitlist", wish(full, patient_id)).json["entry_id"]
    lines.waits(full)
    first = wish(more, patient_id)["sessions"] + wish(full, patient_id)["sessions"]
    body = {"sessions": first, "mode": "at_once"}
    path = f"/me/waitlist/{entry_id}/change"
    changed, again = (holder.post(path, body, Idempotency_Key="change-act-1") for _ in range(2))
    other = holder.post(path, {**body, "mode": "ask"}, Idempotency_Key="change-act-1")
    seen = holder.get(f"/me/waitlist/{entry_id}").json

    assert (changed.status, changed.json["state"]) == (200, "waiting")
    assert changed.json == again.json
    assert (other.status, other.json["code"]) == (409, "KEY_REUSED")
    assert seen["mode"] == "at_once"
    assert [(line["session_id"], line["ahead"]) for line in seen["lines"]] == [
        (str(more.place.session_id), 1),
        (str(full.place.session_id), 1),
    ]


def test_a_change_counts_as_joining_does(caller: Callable) -> None:
    full = lines.sold_out()
    holder, patient_id = holder_with_patient(caller())
    entry_id = holder.post("/me/waitlist", wish(full, patient_id)).json["entry_id"]
    body = {"sessions": wish(full, patient_id)["sessions"], "mode": "at_once"}
    answers = [holder.post(f"/me/waitlist/{entry_id}/change", body) for _ in range(6)]

    assert [answer.status for answer in answers] == [200] * 5 + [429]


def test_nobody_changes_anothers_wish_nor_one_with_an_offer(caller: Callable) -> None:
    holder, full, entry = offered(caller())
    stranger, patient_id = holder_with_patient(caller(), "19900002222", "device-of-a-test-0002")
    body = {"sessions": wish(full, patient_id)["sessions"], "mode": "at_once"}
    path = f"/me/waitlist/{entry['entry_id']}/change"

    assert (stranger.post(path, body).status, stranger.post(path, body).json["code"]) == (404, "WAITLIST_NOT_FOUND")
    assert caller().post(path, body).status == 401
    assert (holder.post(path, body).status, holder.post(path, body).json["code"]) == (409, "WAITLIST_STATE")
    assert holder.get(f"/me/waitlist/{entry['entry_id']}").json["mode"] == "ask"
