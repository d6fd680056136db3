"""A pass to the booking window over the API: for whom, through whom, until when (S-14)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from tests import make
from tests.faces.api.conftest import Caller, signed_in
from tests.faces.api.test_bookings_api import holder_with_patient

from yitong.core.errors import Refusal
from yitong.counter.asks import Ask
from yitong.domains.access.contracts import Scope
from yitong.domains.access.models import ChannelKey
from yitong.domains.booking.queries import window as booking_window
from yitong.faces.api.urls import api
from yitong.faces.api.window import document as window


@pytest.fixture(autouse=True)
def _served(settings: Any) -> None:
    settings.YITONG_COUNTER = True


def test_a_pass_names_the_account_its_session_its_patients_and_the_key(caller: Callable[..., Caller]) -> None:
    line = caller()
    holder, patient_id = holder_with_patient(line)

    answer = holder.post("/passes")
    said = booking_window.passes().read(answer.json["token"])

    assert (answer.status, answer.json["claims"], answer.json["patients"]) == (201, "/counter/claims", [patient_id])
    assert [str(one.patient_id) for one in said.patients] == [patient_id]
    assert said.expires_at == make.NOW + timedelta(minutes=15)
    assert said.key_id == ChannelKey.objects.get(prefix=line.key.split("_")[1]).id
    assert said.channel not in ("web", "desk")
    assert "测试" not in answer.json["token"]


def test_only_who_may_book_and_act_for_account_holders_gets_a_pass(caller: Callable[..., Caller]) -> None:
    holder, _ = holder_with_patient(caller())
    other = caller()
    few = [scope for scope in Scope if scope is not Scope.BOOKINGS_WRITE]

    assert Caller(holder.key).post("/passes").json["code"] == "ACCOUNT_SESSION_REQUIRED"
    assert Caller(other.key, holder.session).post("/passes").json["code"] == "ACCOUNT_SESSION_REQUIRED"
    assert signed_in(caller(*few), "19900002222").post("/passes").json["code"] == "SCOPE_MISSING"
    assert Caller("", holder.session).post("/passes").json["code"] == "CHANNEL_KEY_REQUIRED"
    holder.delete("/me/session")
    assert holder.post("/passes").json["code"] == "ACCOUNT_SESSION_REQUIRED"


def test_where_no_window_is_served_partners_are_told_how_to_book(caller: Callable[..., Caller], settings: Any) -> None:
    settings.YITONG_COUNTER = False
    holder, _ = holder_with_patient(caller())

    answer = holder.post("/passes")

    assert (answer.status, answer.json["code"]) == (404, "WINDOW_NOT_SERVED")
    assert "/bookings" in answer.json["next_step"]


# -- the document ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(api.document)


def test_the_document_has_the_windows_addresses_with_examples_and_codes(document: dict[str, Any]) -> None:
    own = {path: next(iter(methods.values())) for path, methods in document["paths"].items() if "/counter/" in path}

    assert set(own) == {
        "/counter/claims",
        "/counter/sessions/{hospital_id}/{session_id}",
        "/counter/departments/{hospital_id}/{department_id}",
        "/counter/health",
    }
    for path, operation in own.items():
        for status, answer in operation["responses"].items():
            if int(status) >= 400 and path != "/counter/health":
                media = answer["content"]["application/problem+json"]
                assert media["example"]["code"] == answer["x-codes"][0], path
                assert all(code in answer["description"] for code in answer["x-codes"]), path


def test_each_code_of_a_claim_has_the_status_that_the_document_gives() -> None:
    kinds = {kind.code: kind for kind in every_refusal()}

    for listed in (window.CLAIM_PROBLEMS, window.READ_PROBLEMS):
        for status, codes in listed.items():
            assert [code for code in codes if kinds[code].status != status] == []


def every_refusal(of: type[Refusal] = Refusal) -> list[type[Refusal]]:
    return [found for kind in of.__subclasses__() for found in (kind, *every_refusal(kind)) if "code" in vars(found)]


def test_the_claim_in_the_document_is_what_the_door_reads(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["Claim"]
    read = msgspec.json.schema(Ask)["$defs"]["Ask"]

    assert set(schema["properties"]) == set(read["properties"])
    assert set(schema["required"]) == set(read["required"])
    assert {n: p["default"] for n, p in schema["properties"].items() if "default" in p} == {
        n: p["default"] for n, p in read["properties"].items() if "default" in p
    }
    example = document["paths"]["/counter/claims"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert msgspec.convert(example, Ask, strict=False).key == example["key"]
