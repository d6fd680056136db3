"""Booking over the API: hold, retry, move, cancel; who may not; one list over all hospitals (S-03)."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from tests import clinic, make
from tests.faces.api.conftest import Caller, signed_in

from yitong.core import clock
from yitong.domains.access.contracts import Scope
from yitong.domains.booking.models import Booking
from yitong.domains.people.commands import proving
from yitong.domains.people.contracts.words import Verdict
from yitong.domains.schedule.contracts import Pool

PHONE = "19900001111"


def wish(place: clinic.Clinic, patient_id: object, n: int = 0) -> dict:
    return {"hospital_id": str(place.hospital_id), "slot_id": str(place.slot(n)), "patient_id": str(patient_id)}


def holder_with_patient(api: Caller, phone: str = PHONE, device: str = "device-of-a-test-0001") -> tuple[Caller, str]:
    """An account holder who signed in through the channel, with a verified patient."""
    holder = signed_in(api, phone, device)
    given = clinic.identity()
    body = {"name": given.name, "kind": "resident_id", "number": given.number, "relation": "self"}
    added = holder.post("/me/patients", body).json
    proving.note_verdict(
        added["patient_id"], added["verification_id"], Verdict.MATCH, actor=clinic.Actor.system("test"), now=make.NOW
    )
    return holder, added["patient_id"]


def test_account_holder_books_sees_moves_and_cancels(caller: Callable) -> None:
    place = clinic.clinic()
    holder, patient_id = holder_with_patient(caller())

    held = holder.post("/bookings", wish(place, patient_id))
    path = f"/hospitals/{place.hospital_id}/bookings/{held.json['booking_id']}"
    seen = holder.get(path)
    moved = holder.post(f"{path}/move", {"slot_id": str(place.slot(2))})
    cancelled = holder.post(f"{path}/cancel")

    assert (held.status, held.json["state"], len(held.json["code"])) == (201, "confirmed", 8)
    assert seen.json["slot_id"] == str(place.slot(0))
    assert seen.json["patient_name"].startswith("测试")
    assert seen.json["starts_at"].endswith("+08:00")
    assert moved.json["booking_id"] == held.json["booking_id"]
    assert holder.get(path).json["slot_id"] == str(place.slot(2))
    assert cancelled.json["state"] == "cancelled"


@pytest.mark.rule("R-018")
def test_retry_with_the_same_key_gives_the_first_answer(caller: Callable) -> None:
    place = clinic.clinic()
    holder, patient_id = holder_with_patient(caller())

    first, again = (holder.post("/bookings", wish(place, patient_id), Idempotency_Key="one-act-1") for _ in range(2))
    other = holder.post("/bookings", wish(place, patient_id, 1), Idempotency_Key="one-act-1")

    assert first.json == again.json
    assert (other.status, other.json["code"]) == (409, "KEY_REUSED")
    assert Booking.objects.filter(hospital_id=place.hospital_id).count() == 1


def test_phone_line_books_for_whom_it_found_and_sees_its_own_bookings_only(caller: Callable) -> None:
    place = clinic.clinic(pools=(Pool.ONLINE,) * 4)
    _, patient_id = clinic.holder()
    line, other = caller(), caller()

    held = line.post("/bookings", wish(place, patient_id))
    path = f"/hospitals/{place.hospital_id}/bookings/{held.json['booking_id']}"

    assert held.status == 201
    assert line.get(path).json["patient_name"] == "测*"
    assert other.get(path).json["code"] == "BOOKING_NOT_FOUND"
    assert other.post(f"{path}/cancel").json["code"] == "BOOKING_NOT_FOUND"
    assert Booking.objects.get(hospital_id=place.hospital_id).state == "confirmed"
    assert line.post(f"{path}/cancel").json["state"] == "cancelled"


def test_stranger_neither_books_nor_sees_nor_cancels(caller: Callable) -> None:
    place = clinic.clinic()
    api = caller()
    holder, patient_id = holder_with_patient(api)
    held = holder.post("/bookings", wish(place, patient_id)).json
    stranger = signed_in(api, "19900002222", "device-of-another-0002")
    path = f"/hospitals/{place.hospital_id}/bookings/{held['booking_id']}"

    answers = [
        stranger.get(path),
        stranger.post(f"{path}/cancel"),
        stranger.post(f"{path}/confirm"),
        stranger.post(f"{path}/move", {"slot_id": str(place.slot(1))}),
        stranger.post("/bookings", wish(place, patient_id, 1)),
        stranger.get(f"/hospitals/{uuid4()}/bookings/{held['booking_id']}"),
    ]

    assert {answer.status for answer in answers} == {404}
    assert stranger.get("/me/bookings").json["items"] == []
    assert Booking.objects.get(hospital_id=place.hospital_id).state == "confirmed"


@pytest.mark.parametrize("field", ["hospital_id", "slot_id", "patient_id"])
def test_unknown_ids_are_absent_and_never_a_fault(caller: Callable, field: str) -> None:
    place = clinic.clinic()
    holder, patient_id = holder_with_patient(caller())

    answer = holder.post("/bookings", {**wish(place, patient_id), field: str(uuid4())})

    assert answer.status == 404


def test_taken_slot_is_a_conflict_in_the_readers_language(caller: Callable) -> None:
    place = clinic.clinic()
    api = caller()
    first, patient = holder_with_patient(api)
    second, other = holder_with_patient(api, "19900002222", "device-of-another-0002")
    first.post("/bookings", wish(place, patient))

    answer = second.post("/bookings", wish(place, other), Accept_Language="en")

    assert (answer.status, answer.json["code"], answer.json["rule_id"]) == (409, "SLOT_TAKEN", "R-018")
    assert answer.json["message"].isascii()


@pytest.mark.rule("R-017")
def test_one_account_can_not_try_as_fast_as_a_machine(caller: Callable) -> None:
    place = clinic.clinic()
    holder, patient_id = holder_with_patient(caller())

    answers = [holder.post("/bookings", {**wish(place, patient_id), "slot_id": str(uuid4())}) for _ in range(7)]

    assert [answer.status for answer in answers] == [404] * 6 + [429]
    assert answers[6].headers["Retry-After"] == "10"
    path = f"/hospitals/{place.hospital_id}/bookings/{uuid4()}/move"
    assert holder.post(path, {"slot_id": str(place.slot(0))}).status == 429  # a move takes a slot as a hold does


def test_bookings_of_all_hospitals_come_page_by_page(caller: Callable) -> None:
    holder, patient_id = holder_with_patient(caller())
    for day in (2, 4, 6):
        place = clinic.clinic(day=clock.shanghai_date(make.NOW) + timedelta(days=day))
        assert holder.post("/bookings", wish(place, patient_id)).status == 201

    whole = holder.get("/me/bookings").json
    seen, cursor = [], ""
    while cursor is not None:
        page = holder.get(f"/me/bookings?limit=1{'&cursor=' + cursor if cursor else ''}").json
        seen += page["items"]
        cursor = page["next_cursor"]

    assert [item["date"] for item in whole["items"]] == ["2026-11-29", "2026-11-27", "2026-11-25"]
    assert seen == whole["items"]
    assert len({item["hospital_id"] for item in seen}) == 3


def test_entitlement_opens_its_pool_to_its_patient(caller: Callable) -> None:
    place = clinic.clinic(pools=(Pool.ONLINE, Pool.REFERRAL))
    _, patient_id = clinic.holder()
    api = caller()
    grant = {
        "hospital_id": str(place.hospital_id),
        "patient_id": str(patient_id),
        "department_id": str(place.department_id),
        "pool": "referral",
        "until_date": "2026-12-31",
        "source": "referral-2026-0042",
    }
    closed = api.post("/bookings", wish(place, patient_id, 1))

    granted = api.post("/entitlements", grant)
    entitlement_id = granted.json["entitlement_id"]
    path = f"/hospitals/{place.hospital_id}/sessions/{place.session_id}/slots"
    offered = api.get(f"{path}?entitlement_id={entitlement_id}").json["items"]
    opened = api.post("/bookings", {**wish(place, patient_id, 1), "entitlement_id": entitlement_id})

    assert closed.json["code"] == "POOL_EXHAUSTED"
    assert granted.status == 201
    assert [slot["slot_id"] for slot in offered] == [str(slot.slot_id) for slot in place.slots]
    assert opened.status == 201


def test_counts_without_a_contract_for_more(caller: Callable) -> None:
    place = clinic.clinic()
    counting = caller(Scope.COUNTS)
    base = f"/hospitals/{place.hospital_id}"

    days = counting.get(f"{base}/departments/{place.department_id}/days").json["items"]
    sessions = counting.get(f"{base}/departments/{place.department_id}/sessions").json["items"]
    one = counting.get(f"{base}/sessions/{place.session_id}").json
    slots = counting.get(f"{base}/sessions/{place.session_id}/slots")

    assert [(day["date"], day["total"], day["left"], day["is_open"]) for day in days] == [("2026-11-26", 4, 4, True)]
    assert sessions == [one]
    assert "slot_id" not in str(one)
    assert (slots.status, slots.json["code"]) == (403, "SCOPE_MISSING")


def test_booked_slot_is_counted_out(caller: Callable) -> None:
    place = clinic.clinic()
    _, patient_id = clinic.holder()
    api = caller()
    api.post("/bookings", wish(place, patient_id))

    session = api.get(f"/hospitals/{place.hospital_id}/sessions/{place.session_id}").json
    slots = api.get(f"/hospitals/{place.hospital_id}/sessions/{place.session_id}/slots").json["items"]

    assert (session["total"], session["left"]) == (4, 3)
    assert [slot["is_open"] for slot in slots] == [False, True, True, True]


@pytest.mark.parametrize(
    "days",
    [
        "from_date=2026-12-01&until_date=2026-11-30",
        "from_date=2026-11-01&until_date=2026-12-31",
        "until_date=2026-01-01",
    ],
)
def test_impossible_ranges_are_refused(caller: Callable, days: str) -> None:
    place = clinic.clinic()
    path = f"/hospitals/{place.hospital_id}/departments/{place.department_id}"

    for answer in (caller().get(f"{path}/days?{days}"), caller().get(f"{path}/sessions?{days}")):
        assert (answer.status, answer.json["code"]) == (422, "RANGE_INVALID")
