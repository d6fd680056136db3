"""What comes in is strict: unknown, half-right and oversized input is told of, field by field, and never repeated."""

import json

import pydantic
import pytest

from yitong.faces.api import words
from yitong.faces.api.accounts.schemas import AskCode, SecondFact, SignIn
from yitong.faces.api.bookings.schemas import GrantEntitlement, HoldSlot
from yitong.faces.api.patients.schemas import AddPatient, UseQr

ID = "01900000-0000-7000-8000-000000000001"
HOLD = {"hospital_id": ID, "slot_id": ID, "patient_id": ID}
PERSON = {"name": "张三", "kind": "resident_id", "number": "11010119900307003X", "relation": "self"}
GRANT = {
    "hospital_id": ID,
    "patient_id": ID,
    "department_id": ID,
    "pool": "referral",
    "until_date": "2026-03-02",
    "source": "r-1",
}


def refused(schema: type[pydantic.BaseModel], given: dict) -> set[tuple[str, str]]:
    with pytest.raises(pydantic.ValidationError) as caught:
        schema.model_validate(given)
    return {(".".join(map(str, error["loc"])), error["type"]) for error in caught.value.errors()}


def test_what_is_right_is_taken() -> None:
    assert HoldSlot.model_validate(HOLD).is_first_visit is True
    assert AddPatient.model_validate({**PERSON, "name": "  张三 "}).name == "张三"
    assert AddPatient.model_validate({**PERSON, "name": "𠮷野·古丽"}).name == "𠮷野·古丽"


@pytest.mark.parametrize(
    ("schema", "given", "field", "kind"),
    [
        (HoldSlot, {**HOLD, "extra": 1}, "extra", "extra_forbidden"),
        (HoldSlot, {**HOLD, "slot_id": "1"}, "slot_id", "value_error"),
        (HoldSlot, {**HOLD, "slot_id": "{01900000-0000-7000-8000-000000000001}"}, "slot_id", "value_error"),
        (HoldSlot, {**HOLD, "slot_id": 7}, "slot_id", "uuid_type"),
        (HoldSlot, {**HOLD, "is_first_visit": "yes"}, "is_first_visit", "bool_type"),
        (HoldSlot, {**HOLD, "is_first_visit": 1}, "is_first_visit", "bool_type"),
        (AddPatient, {**PERSON, "name": "名" * 51}, "name", "string_too_long"),
        (AddPatient, {**PERSON, "name": "名" * 500}, "name", "string_too_long"),
        (AddPatient, {**PERSON, "name": "   "}, "name", "string_too_short"),
        (AddPatient, {**PERSON, "name": "张\x00三"}, "name", "value_error"),
        (AddPatient, {**PERSON, "name": "\ud83d"}, "name", "string_unicode"),
        (AddPatient, {**PERSON, "name": ["张三"]}, "name", "string_type"),
        (AddPatient, {**PERSON, "number": "一二三四"}, "number", "string_pattern_mismatch"),
        (AddPatient, {**PERSON, "number": "1" * 33}, "number", "string_too_long"),
        (AddPatient, {**PERSON, "kind": "library_card"}, "kind", "enum"),
        (AddPatient, {**PERSON, "birth_date": "2025-02-29"}, "birth_date", "date_from_datetime_parsing"),
        (AddPatient, {**PERSON, "birth_date": "2026-03-02T00:00:00"}, "birth_date", "value_error"),
        (AddPatient, {**PERSON, "birth_date": 20260302}, "birth_date", "value_error"),
        (AddPatient, {**PERSON, "birth_date": "0001-01-01"}, "birth_date", "value_error"),
        (GrantEntitlement, {**GRANT, "until_date": "9999-12-31"}, "until_date", "value_error"),
        (GrantEntitlement, {**GRANT, "pool": "vip"}, "pool", "literal_error"),
        (AskCode, {"phone": "+8613800000000", "device": "d" * 20}, "phone", "string_pattern_mismatch"),
        (AskCode, {"phone": "13800000000\n", "device": "d" * 20}, "phone", "string_pattern_mismatch"),
        (AskCode, {"phone": "13800000000", "device": "short"}, "device", "string_pattern_mismatch"),
        (
            SignIn,
            {"phone": "13800000000", "code": "１２３４５６", "device": "d" * 20},
            "code",
            "string_pattern_mismatch",
        ),
        (SecondFact, {"fact": "12345"}, "fact", "string_pattern_mismatch"),
        (UseQr, {"text": "二维码二维码二维码", "hospital_id": ID, "terminal": "k"}, "text", "string_pattern_mismatch"),
    ],
)
def test_what_is_wrong_is_named(schema: type[pydantic.BaseModel], given: dict, field: str, kind: str) -> None:
    found = refused(schema, given)

    assert (field, kind) in found or (field.split(".")[0], kind) in {(name.split(".")[0], t) for name, t in found}


def test_field_errors_are_said_in_both_languages_and_never_repeat_the_input() -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        AddPatient.model_validate({**PERSON, "name": "隐" * 500, "number": "密" * 8, "hobby": "chess"})
    errors = [{**error, "loc": ("body", "data", *error["loc"])} for error in caught.value.errors()]

    chinese = words.field_errors(errors, "zh-hans")
    english = words.field_errors(errors, "en")

    assert {"field": "body.name", "code": "string_too_long", "message": "不能超过 50 个字"} in chinese
    assert {"field": "body.name", "code": "string_too_long", "message": "may have at most 50 characters"} in english
    assert {"field": "body.hobby", "code": "extra_forbidden", "message": "没有这一项"} in chinese
    assert "隐" not in json.dumps(chinese, ensure_ascii=False)
    assert "密" not in json.dumps(chinese, ensure_ascii=False)


def test_unknown_kind_of_error_still_has_a_sentence() -> None:
    error = {"type": "invented", "loc": ("query", "x"), "ctx": {"error": object()}}

    assert words.field_errors([error], "zh-hans") == [{"field": "query.x", "code": "invented", "message": "格式不正确"}]
