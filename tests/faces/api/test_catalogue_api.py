"""The catalogue over the API: what a kiosk shows, page by page, and kept while unchanged."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests import make

from yitong.domains.access.contracts import Scope
from yitong.domains.hospitals.contracts.things import Title


def test_hospitals_with_their_campuses(caller: Callable, hospital_id: UUID) -> None:
    api = caller(Scope.CATALOGUE)
    make.campus(hospital_id, code="OLD", is_open=False)

    listed = api.get("/hospitals")
    one = api.get(f"/hospitals/{hospital_id}")

    assert [item["hospital_id"] for item in listed.json["items"]] == [str(hospital_id)]
    named = [(campus["name"], campus["is_open"]) for campus in one.json["campuses"]]
    assert named == [("C1院区", True), ("OLD院区", False)]
    assert one.json["is_open"] is True


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/hospitals/{x}", "HOSPITAL_NOT_FOUND"),
        ("/hospitals/{x}/departments", "HOSPITAL_NOT_FOUND"),
        ("/hospitals/{h}/departments/{x}", "DEPARTMENT_NOT_FOUND"),
        ("/hospitals/{h}/departments/{x}/practitioners", "DEPARTMENT_NOT_FOUND"),
        ("/hospitals/{h}/practitioners/{x}", "PRACTITIONER_NOT_FOUND"),
        ("/hospitals/{x}/fees", "HOSPITAL_NOT_FOUND"),
        ("/hospitals/{x}/rules", "HOSPITAL_NOT_FOUND"),
        ("/hospitals/{h}/rules?department_id={x}", "DEPARTMENT_NOT_FOUND"),
        ("/announcements?hospital_id={x}", "HOSPITAL_NOT_FOUND"),
    ],
)
def test_what_is_absent_is_told_by_its_own_code(caller: Callable, hospital_id: UUID, path: str, code: str) -> None:
    answer = caller().get(path.format(h=hospital_id, x=uuid4()))

    assert (answer.status, answer.json["code"]) == (404, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_departments_come_page_by_page_with_as_many_queries_for_many_as_for_one(
    caller: Callable, hospital_id: UUID
) -> None:
    api = caller()
    make.department(hospital_id)
    with CaptureQueriesContext(
        connection,
    ) as few:
        api.get(f"/hospitals/{hospital_id}/departments?limit=50")
    for _ in range(50):
        make.department(hospital_id)
    with CaptureQueriesContext(connection) as many:
        first = api.get(f"/hospitals/{hospital_id}/departments?limit=50")
    second = api.get(f"/hospitals/{hospital_id}/departments?limit=50&cursor={first.json['next_cursor']}")

    assert len(many) == len(few)
    assert len(first.json["items"]) == 50
    assert len(second.json["items"]) == 1
    assert second.json["next_cursor"] is None
    ids = {item["department_id"] for page in (first, second) for item in page.json["items"]}
    assert len(ids) == 51


def test_cursor_of_another_hospital_is_refused(caller: Callable, hospital_id: UUID) -> None:
    api = caller()
    make.department(hospital_id)
    make.department(hospital_id)
    other = make.hospital()
    cursor = api.get(f"/hospitals/{hospital_id}/departments?limit=1").json["next_cursor"]

    answer = api.get(f"/hospitals/{other}/departments?cursor={cursor}")

    assert (answer.status, answer.json["code"]) == (422, "CURSOR_INVALID")


def test_doctors_show_no_licence(caller: Callable, hospital_id: UUID) -> None:
    department_id = make.department(hospital_id, code="D-card")
    practitioner_id = make.practitioner(hospital_id, "D-card", title=Title.CHIEF)
    api = caller()

    listed = api.get(f"/hospitals/{hospital_id}/departments/{department_id}/practitioners").json["items"]
    one = api.get(f"/hospitals/{hospital_id}/practitioners/{practitioner_id}").json

    assert listed == [one]
    assert one["department_ids"] == [str(department_id)]
    assert "licence" not in one
    assert "staff_id" not in one


def test_prices_of_a_day(caller: Callable, hospital_id: UUID) -> None:
    make.fee(hospital_id, 5000)

    answer = caller().get(f"/hospitals/{hospital_id}/fees?day=2026-11-23")
    before = caller().get(f"/hospitals/{hospital_id}/fees?day=2025-11-23")

    assert [(line["fee_fen"], line["title"]) for line in answer.json["items"]] == [(5000, None)]
    assert before.json["items"] == []


def test_rules_in_the_readers_language(caller: Callable, hospital_id: UUID) -> None:
    api = caller()

    chinese = api.get(f"/hospitals/{hospital_id}/rules").json["items"]
    english = api.get(f"/hospitals/{hospital_id}/rules", Accept_Language="en").json["items"]

    assert [line["rule_id"] for line in chinese] == [line["rule_id"] for line in english]
    assert any("预约" in line["words"] for line in chinese)
    assert all(line["words"].isascii() for line in english)


def test_search_by_initials(caller: Callable, hospital_id: UUID) -> None:
    make.department(hospital_id, name="心内科")

    answer = caller().get("/search?q=xnk")

    assert [item["name"] for item in answer.json["items"]] == ["心内科"]


@pytest.mark.parametrize("q", ["", "x" * 41, "%00", "x%0Ay"])
def test_search_for_nothing_or_nonsense_is_a_field_error(caller: Callable, q: str) -> None:
    answer = caller().get(f"/search?q={q}")

    assert (answer.status, answer.json["code"]) == (422, "FIELDS_INVALID")
    assert answer.json["errors"][0]["field"] == "query.q"


def test_unchanged_catalogue_is_not_sent_again(caller: Callable, hospital_id: UUID) -> None:
    api = caller()
    first = api.get("/hospitals")

    again = api.get("/hospitals", If_None_Match=first.headers["ETag"])
    make.hospital()
    changed = api.get("/hospitals", If_None_Match=first.headers["ETag"])

    assert (again.status, again.json) == (304, None)
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "no-store" not in first.headers["Cache-Control"]
    assert changed.status == 200
    assert len(changed.json["items"]) == 2


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/hospitals/1", "path.hospital_id"),
        ("/hospitals/{h}/departments?limit=0", "query.limit"),
        ("/hospitals/{h}/departments?limit=101", "query.limit"),
        ("/hospitals/{h}/departments?campus_id=x", "query.campus_id"),
        ("/hospitals/{h}/fees?day=2025-02-29", "query.day"),
        ("/hospitals/{h}/fees?day=tomorrow", "query.day"),
        ("/hospitals/{h}/fees?date=2026-11-23", "query.date"),
        ("/hospitals?limit=5", "query.limit"),
        ("/hospitals/{h}/fees?day=0001-01-01", "query.day"),
    ],
)
def test_malformed_parameters_name_their_field(caller: Callable, hospital_id: UUID, path: str, field: str) -> None:
    answer = caller().get(path.format(h=hospital_id))

    assert (answer.status, answer.json["code"]) == (422, "FIELDS_INVALID")
    assert {error["field"] for error in answer.json["errors"]} == {field}
