"""The API for people to read: our own pages, made from the same document; no script, nothing from elsewhere."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from yitong.core import sentences
from yitong.faces.api.openapi import example_of
from yitong.faces.common import pages

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: str
    kind: str
    is_required: bool
    words: str


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    words: str
    example: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    anchor: str
    method: str
    path: str
    summary: str
    words: str
    scope: str
    needs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    body: str
    answers: tuple[Answer, ...]
    curl: str


@dataclass(frozen=True, slots=True)
class Code:
    code: str
    message: str
    next_step: str


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Every endpoint, by topic."""
    from yitong.faces.api.urls import api

    document = api.document
    base = request.build_absolute_uri("/").rstrip("/")
    groups: dict[str, list[Endpoint]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append(endpoint(path, method, operation, document, base))
    return pages.page(request, "api/docs.html", {"groups": groups, "title": document["info"]["title"]})


@require_safe
def problems(request: HttpRequest) -> HttpResponse:
    """Every code that a problem can bear: where its `type` leads."""
    language = pages.language_of(request)
    codes = []
    for code in sorted(sentences.catalogue()):
        said = sentences.sentence(code, {}, language)
        codes.append(Code(code, said.message, said.next_step))
    return pages.page(request, "api/problems.html", {"codes": codes})


def endpoint(path: str, method: str, operation: Json, document: Json, base: str) -> Endpoint:
    schemas = document["components"]["schemas"]
    body = next(iter(operation.get("requestBody", {}).get("content", {}).values()), None)
    needs = {name for option in operation.get("security", []) for name in option}
    return Endpoint(
        anchor=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        words=operation.get("description", "").split("\n\nScope:")[0],
        scope=operation.get("x-scope", ""),
        needs=tuple(sorted(needs)),
        parameters=tuple(_parameter(parameter, schemas) for parameter in operation["parameters"]),
        body=_pretty(body["example"]) if body else "",
        answers=tuple(_answer(status, answer) for status, answer in sorted(operation["responses"].items())),
        curl=_curl(path, method, operation, body, schemas, base),
    )


def _parameter(parameter: Json, schemas: Json) -> Parameter:
    schema = parameter["schema"]
    kinds = [part.get("format") or part.get("type", "") for part in schema.get("anyOf", [schema])]
    return Parameter(
        name=parameter["name"],
        place=parameter["in"],
        kind=" | ".join(kind for kind in kinds if kind != "null"),
        is_required=parameter["required"],
        words=parameter.get("description", ""),
    )


def _answer(status: int | str, answer: Json) -> Answer:
    content = next(iter(answer.get("content", {}).values()), None)
    succeeded = int(status) < 400
    example = _pretty(content["example"]) if content and succeeded else ""
    return Answer(f"{status} {HTTPStatus(int(status)).phrase}", answer["description"] if not succeeded else "", example)


def _curl(path: str, method: str, operation: Json, body: Json | None, schemas: Json, base: str) -> str:
    address = path
    lines = []
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            address = address.replace(f"{{{parameter['name']}}}", str(example_of(parameter["schema"], schemas)))
        elif parameter["in"] == "query" and parameter["required"]:
            address += f"?{parameter['name']}={example_of(parameter['schema'], schemas)}"
        elif parameter["in"] == "header" and parameter["required"]:
            lines.append(f"-H '{parameter['name']}: {parameter['example']}'")
    needs = operation.get("security", [])
    if needs:
        lines.append("-H 'Authorization: Bearer ytk_…'")
    if needs and all("AccountSession" in option for option in needs):
        lines.append("-H 'X-Account-Session: …'")
    if body:
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"-d '{json.dumps(body['example'], ensure_ascii=False)}'")
    return " \\\n  ".join([f"curl -X {method.upper()} '{base}{address}'", *lines])


def _pretty(example: object) -> str:
    return json.dumps(example, ensure_ascii=False, indent=2)
