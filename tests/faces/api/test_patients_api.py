"""Patients over the API: found without a number in any address, masked for channels, each look left as a line."""

import json
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from tests import clinic, make
from tests.faces.api.conftest import Caller, signed_in

from yitong.domains.access.contracts import Scope
from yitong.domains.people.models import Patient, ReadLog

PHONE = "19900001111"


def body_of(given, **changed: object) -> dict:
    return {"name": given.name, "kind": "resident_id", "number": given.number, "relation": "self", **changed}


def asking(given, **changed: object) -> dict:
    return {
        "purpose": "电话预约",
        "identity_kind": "resident_id",
        "identity_number": given.number,
        "name": given.name,
        **changed,
    }


def test_account_holder_adds_sees_and_removes_a_patient(caller: Callable) -> None:
    holder = signed_in(caller(), PHONE)
    given = clinic.identity()

    added = holder.post("/me/patients", body_of(given))
    listed = holder.get("/me/patients").json["items"]
    verification = holder.get(f"/me/patients/{added.json['patient_id']}/verification")
    removed = holder.delete(f"/me/patients/{added.json['patient_id']}")

    assert added.status == 201
    assert [(one["name"], one["level"]) for one in listed] == [(given.name, "declared")]
    assert given.number not in json.dumps(listed)
    assert verification.json["state"] == "asked"
    assert removed.status == 204
    assert holder.get("/me/patients").json["items"] == []


def test_same_key_adds_once(caller: Callable) -> None:
    holder = signed_in(caller(), PHONE)
    given = clinic.identity()

    first, again = (holder.post("/me/patients", body_of(given), Idempotency_Key="add-once-1") for _ in range(2))
    other = holder.post("/me/patients", body_of(clinic.identity()), Idempotency_Key="add-once-1")

    assert first.json == again.json
    assert len(holder.get("/me/patients").json["items"]) == 1
    assert (other.status, other.json["code"]) == (409, "KEY_REUSED")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"number": "110101199003070031"}, "ID_INVALID"),
        ({"number": "110101900307003"}, "ID_FIFTEEN"),
        ({"number": "11010119900229001X"}, "ID_INVALID"),
        ({"name": "😀"}, "NAME_INVALID"),
        ({"name": "名" * 500}, "FIELDS_INVALID"),
        ({"relation": "owner"}, "FIELDS_INVALID"),
    ],
)
def test_bad_identities_are_told_and_change_nothing(caller: Callable, changed: dict, code: str) -> None:
    holder = signed_in(caller(), PHONE)
    before = Patient.objects.count()

    answer = holder.post("/me/patients", body_of(clinic.identity(), **changed))

    assert (answer.status, answer.json["code"]) == (422, code)
    assert Patient.objects.count() == before
    for value in changed.values():
        assert value not in json.dumps(answer.json, ensure_ascii=False)


def test_desk_of_a_phone_line_finds_a_patient_and_the_look_is_seen(caller: Callable) -> None:
    given = clinic.identity()
    actor, patient_id = clinic.holder(given)
    api = caller(Scope.PATIENTS)

    found = api.post("/patients/resolve", asking(given))

    assert found.json["patient_id"] == str(patient_id)
    assert found.json["name_masked"] == "测*"
    assert given.name not in json.dumps(found.json, ensure_ascii=False)
    assert given.number not in json.dumps(found.json)
    lines = ReadLog.objects.filter(patient_id=patient_id, what="search")
    assert [line.purpose for line in lines] == ["电话预约"]


@pytest.mark.parametrize("wrong", ["name", "number"])
def test_wrong_name_and_unknown_number_look_the_same(caller: Callable, wrong: str) -> None:
    given = clinic.identity()
    clinic.holder(given)
    changed = {"name": "赵钱孙"} if wrong == "name" else {"identity_number": clinic.identity().number}

    answer = caller(Scope.PATIENTS).post("/patients/resolve", asking(given, **changed))

    assert (answer.status, answer.json["code"], answer.json["params"]) == (404, "PATIENT_NOT_FOUND", {})


@pytest.mark.parametrize(
    "changed",
    [
        {"name": None},
        {"identity_kind": None},
        {"carrier_kind": "jingyitong", "carrier_value": "000123456789"},
        {"identity_kind": None, "identity_number": None, "name": None, "carrier_kind": "jingyitong"},
    ],
)
def test_half_a_document_finds_nobody(caller: Callable, changed: dict) -> None:
    answer = caller(Scope.PATIENTS).post("/patients/resolve", asking(clinic.identity(), **changed))

    assert (answer.status, answer.json["code"]) == (422, "RESOLVE_UNCLEAR")


def test_card_leads_to_its_patient(caller: Callable) -> None:
    _, patient_id = clinic.holder()
    api = caller()
    card = {"kind": "jingyitong", "value": "000123456789"}

    linked = api.post(f"/patients/{patient_id}/carriers", card)
    found = api.post(
        "/patients/resolve", {"purpose": "自助取号", "carrier_kind": "jingyitong", "carrier_value": "000123456789"}
    )

    assert linked.status == 201
    assert "000123456789" not in json.dumps(linked.json)
    assert found.json["patient_id"] == str(patient_id)


@pytest.mark.rule("R-104")
def test_dynamic_code_works_once_at_a_terminal(caller: Callable) -> None:
    api = caller()
    holder = signed_in(api, PHONE)
    patient_id = holder.post("/me/patients", body_of(clinic.identity())).json["patient_id"]
    code = holder.post(f"/me/patients/{patient_id}/qr").json["text"]
    use = {"text": code, "hospital_id": str(make.hospital()), "terminal": "kiosk-3"}

    first, again = api.post("/patients/qr", use), api.post("/patients/qr", use)

    assert first.json["patient_id"] == patient_id
    assert (again.status, again.json["code"]) == (409, "QR_EXPIRED")
    reads = holder.get(f"/me/patients/{patient_id}/reads").json["items"]
    assert [line["purpose"] for line in reads] == ["qr", "identification"]
    assert reads[0]["reader"].startswith("channel:")


def test_strangers_patient_is_absent_everywhere(caller: Callable) -> None:
    api = caller()
    _, patient_id = clinic.holder()
    stranger = signed_in(api, PHONE)

    answers = [
        stranger.get(f"/me/patients/{patient_id}/verification"),
        stranger.post(f"/me/patients/{patient_id}/verification"),
        stranger.get(f"/me/patients/{patient_id}/carriers"),
        stranger.get(f"/me/patients/{patient_id}/reads"),
        stranger.post(f"/me/patients/{patient_id}/qr"),
        stranger.delete(f"/me/patients/{patient_id}"),
        stranger.get(f"/me/patients/{uuid4()}/reads"),
    ]

    assert {(answer.status, answer.json["code"]) for answer in answers} == {(404, "PATIENT_NOT_FOUND")}


@pytest.mark.parametrize("limit", [1, 2, 3, 50, 60, 100])
def test_each_read_comes_once_page_by_page_however_many_share_an_instant(caller: Callable, limit: int) -> None:
    api = caller()
    holder = signed_in(api, PHONE)
    patient_id = holder.post("/me/patients", body_of(clinic.identity())).json["patient_id"]
    instants = [
        make.NOW + timedelta(minutes=n // 4) for n in range(60 if limit >= 50 else 9)
    ]  # four of one look at a list
    made = [
        ReadLog(patient_id=patient_id, reader="channel:x", channel="x", what="patient", purpose=f"p{n}", at=at)
        for n, at in enumerate(instants)
    ]
    ReadLog.objects.bulk_create(made)
    pages, cursor = [], ""
    while cursor is not None:
        answer = holder.get(f"/me/patients/{patient_id}/reads?limit={limit}{cursor and '&cursor=' + cursor}")
        pages.append([line["purpose"] for line in answer.json["items"]])
        cursor = answer.json["next_cursor"]
    latest_first = sorted(made, key=lambda row: (row.at, row.id), reverse=True)
    assert [purpose for page in pages for purpose in page] == [row.purpose for row in latest_first]
    assert {len(page) for page in pages[:-1]} <= {limit}
    assert pages[-1]


def test_reads_are_for_who_is_signed_in(caller: Callable) -> None:
    api = caller()
    patient_id = clinic.holder()[1]
    assert Caller(api.key).get(f"/me/patients/{patient_id}/reads").status == 401
