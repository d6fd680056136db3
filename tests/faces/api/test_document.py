"""The document and its pages: whole, true to the code, and served from our own origin."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from jsonschema_rs import validator_for

from yitong.core import sentences
from yitong.domains.access.contracts import Scope
from yitong.faces.api.openapi import PROBLEMS
from yitong.faces.api.urls import api

PERSONAL = re.compile(r"name|number|phone|identity|birth|code|value")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(api.document)


def operations(document: dict[str, Any], *, below: str = "/") -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.startswith(below):
                yield path, method, operation


def test_document_is_openapi_3_1_and_served_as_it_is(document: dict[str, Any]) -> None:
    response = Client(SERVER_NAME="localhost").get("/api/v1/openapi.json")

    assert response.status_code == 200
    assert response.json()["openapi"] == document["openapi"] == "3.1.0"
    assert set(response.json()["paths"]) == set(document["paths"])


def test_each_operation_says_who_may_and_how_it_refuses(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document, below="/api/"):
        where = f"{method} {path}"
        assert operation["security"], where
        assert operation["x-scope"] in set(Scope), where
        assert set(PROBLEMS) <= set(operation["responses"]), where
        assert operation["summary"].isascii() is False, where
        assert "·" in operation["summary"], where


def test_each_command_takes_a_key_and_each_body_is_closed(document: dict[str, Any]) -> None:
    harmless = {"give_second_fact", "sign_in", "ask_code", "mark_read", "set_preferences", "resolve_patient"}
    harmless |= {"make_qr", "sign_out", "revoke_device", "issue_pass"}
    for path, method, operation in operations(document, below="/api/"):
        names = {parameter["name"] for parameter in operation["parameters"]}
        is_command = method != "get" and operation["operationId"] not in harmless
        assert ("Idempotency-Key" in names) is is_command, f"{method} {path}"
        body = operation.get("requestBody")
        if body:
            name = body["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[-1]
            assert document["components"]["schemas"][name]["additionalProperties"] is False, name


def test_every_example_fits_its_own_schema(document: dict[str, Any]) -> None:
    checked = 0
    validators: dict[str, Any] = {}  # most schemas are those of many operations
    for path, method, operation in operations(document):
        contents = [response.get("content", {}) for response in operation["responses"].values()]
        contents.append(operation.get("requestBody", {}).get("content", {}))
        for content in contents:
            for media in content.values():
                schema = {**media["schema"], "components": document["components"]}
                name = json.dumps(media["schema"])
                if name not in validators:
                    validators[name] = validator_for(schema)
                errors = [error.message for error in validators[name].iter_errors(media["example"])]
                assert errors == [], f"{method} {path}"
                checked += 1
    assert checked > 400


def test_operation_ids_are_one_each(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]

    assert len(ids) == len(set(ids)) >= 40


def test_nothing_personal_travels_in_an_address(document: dict[str, Any]) -> None:
    found = [
        f"{path} {parameter['name']}"
        for path, _, operation in operations(document)
        for parameter in operation["parameters"]
        if parameter["in"] in ("path", "query") and PERSONAL.search(parameter["name"])
    ]

    assert found == []


@pytest.mark.parametrize("path", ["/api/v1/docs", "/api/v1/problems"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_pages_for_people_need_nobody_else(path: str, language: str) -> None:
    response = Client(SERVER_NAME="localhost", headers={"Accept-Language": language}).get(path)
    html = response.content.decode()

    assert response.status_code == 200
    assert not re.search(r"(src|href)=\"(https?:)?//", html)
    assert " style=" not in html
    assert not re.search(r"<script(?![^>]*src=)", html)


def test_type_of_a_problem_leads_to_its_words() -> None:
    html = Client(SERVER_NAME="localhost").get("/api/v1/problems").content.decode()

    assert [code for code in sentences.catalogue() if f'id="{code}"' not in html] == []


def test_page_shows_every_operation(document: dict[str, Any]) -> None:
    html = Client(SERVER_NAME="localhost").get("/api/v1/docs").content.decode()

    assert [o["operationId"] for _, _, o in operations(document) if f'id="{o["operationId"]}"' not in html] == []
