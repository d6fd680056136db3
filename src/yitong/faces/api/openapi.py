"""The OpenAPI 3.1 document: what Ninja derives from the code, and what it can't know of keys, problems and examples."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from ninja.operation import Operation
from ninja.schema import NinjaGenerateJsonSchema

from yitong.core.sentences import sentence
from yitong.faces.api.auth import ACCOUNT_HEADER, KEY_HEADER, ChannelKey, Holder
from yitong.faces.api.fields import In, Problem
from yitong.faces.api.window import document as window
from yitong.faces.api.window.schemas import WindowProblem
from yitong.faces.common.refusals import PROBLEM

Json = dict[str, Any]

PROBLEMS = {
    400: "The request could not be read",
    401: "Unknown key, or nobody signed in",
    403: "Not allowed",
    404: "Absent, or hidden from this caller",
    409: "The world moved: choose again",
    413: "Too large",
    415: "Not application/json",
    422: "Can never succeed as asked",
    429: "Too many requests: wait for Retry-After",
    500: "A bug on our side, recorded; nothing was done",
    503: "Nothing was done: ask again with the same key",
}
SHOWN = {  # the code that stands as the example of each status
    400: "BAD_REQUEST",
    401: "CHANNEL_KEY_REQUIRED",
    403: "SCOPE_MISSING",
    404: "NOT_FOUND",
    409: "SLOT_TAKEN",
    413: "BODY_TOO_LARGE",
    415: "MEDIA_UNSUPPORTED",
    422: "KEY_MISSING",
    429: "RATE_LIMITED",
    500: "CLAIM_FAILED",
    503: "BUSY",
}
SHOWN_PARAMS: dict[int, Json] = {
    403: {"scope": "bookings:write"},
    429: {"wait_s": 7},
    500: {"trace_id": "5b1d0c9a4f10e2a7"},
}
OPEN_PROBLEMS = (400, 422, 503)
RATE_HEADERS = {
    "RateLimit-Limit": "Requests a minute of this channel",
    "RateLimit-Remaining": "How many are left now",
    "RateLimit-Reset": "Seconds until all are back",
}


class Document(OpenAPISchema):
    """Ninja's document, completed."""

    def operation_details(self, operation: Operation) -> Json:
        details: Json = super().operation_details(operation)
        asks = next((auth for auth in operation.auth_callbacks if isinstance(auth, ChannelKey)), None)
        for status, response in details["responses"].items():
            response["headers"] = {**_rate_headers(asks), **response.get("headers", {})}
            if status == 200 and getattr(operation.view_func, "is_catalogue", False):
                response["headers"]["ETag"] = _header("Ask again with If-None-Match", "string", '"9a0364b9"')
        if getattr(operation.view_func, "is_catalogue", False):
            details["responses"][304] = {"description": "Unchanged"}
        for status in PROBLEMS if asks else OPEN_PROBLEMS:
            details["responses"].setdefault(status, _problem(status))
        if asks:
            details["security"] = _security(asks)
            if asks.is_command:
                details["parameters"].append(_KEY_PARAMETER)
            if asks.scope is not None:
                details["x-scope"] = str(asks.scope)
                scope = f"Scope: `{asks.scope}`."
                details["description"] = f"{details['description']}\n\n{scope}" if "description" in details else scope
        return details

    def get_components(self) -> Json:
        schema = Problem.model_json_schema(
            ref_template=REF_TEMPLATE, schema_generator=NinjaGenerateJsonSchema, mode="serialization"
        )
        self.add_schema_definitions(schema.pop("$defs"))
        self.schemas["Problem"] = schema
        for one in window.SCHEMAS:
            own = one.model_json_schema(
                ref_template=REF_TEMPLATE,
                schema_generator=NinjaGenerateJsonSchema,
                mode="validation" if issubclass(one, In) else "serialization",
            )
            self.add_schema_definitions(own.pop("$defs", {}))
            self.schemas[one.__name__] = own
        self._add_examples()
        return {
            "schemas": self.schemas,
            "securitySchemes": {
                "ChannelKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The channel's key, `ytk_…`; shown once when it is made",
                },
                "AccountSession": {
                    "type": "apiKey",
                    "in": "header",
                    "name": ACCOUNT_HEADER,
                    "description": "The session of the account holder for whom the channel calls",
                },
            },
        }

    def _add_examples(self) -> None:
        """An example for each body and answer, put together from those of the fields."""
        for path in self.pending:
            for operation in path.values():
                contents = [response.get("content", {}) for response in operation["responses"].values()]
                contents.append(operation.get("requestBody", {}).get("content", {}))
                for content in contents:
                    for media in content.values():
                        media.setdefault("example", example_of(media["schema"], self.schemas))

    def get_paths(self) -> Json:
        paths: Json = {**super().get_paths(), **window.paths(_problem_of_window)}
        self.pending = list(paths.values())
        return paths


def example_of(schema: Json, schemas: Json) -> Any:
    """The example that stands in the schema, or one made of its parts."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
    if schema.get("examples"):
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for joined in ("allOf", "anyOf", "oneOf"):
        if joined in schema:
            return example_of(schema[joined][0], schemas)
    if "default" in schema:
        return schema["default"]
    match schema.get("type"):
        case "object":
            return {name: example_of(part, schemas) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [example_of(schema["items"], schemas)]
        case "boolean":
            return True
        case "null":
            return None
    raise ValueError(f"no example for {schema.get('title', schema)}")


def _security(asks: ChannelKey) -> list[dict[str, list[str]]]:
    key: dict[str, list[str]] = {"ChannelKey": []}
    both: dict[str, list[str]] = {"ChannelKey": [], "AccountSession": []}
    match asks.holder:
        case Holder.MUST | Holder.WAITING:
            return [both]
        case Holder.MAY:
            return [key, both]
    return [key]


def _problem(status: int) -> Json:
    example = {**_example(status, SHOWN[status]), "trace_id": "0af7651916cd43dd8448eb211c80319c"}
    return _answer(status, PROBLEMS[status], "Problem", example)


def _problem_of_window(status: int, codes: Sequence[str]) -> Json:
    """The window says the same but for the trace, and each of its answers has few codes, which are named."""
    told = " ".join((f"{PROBLEMS[status]}.", "Codes:", ", ".join(f"`{code}`" for code in codes)))
    answer = _answer(status, told, WindowProblem.__name__, _example(status, codes[0]))
    return {**answer, "x-codes": list(codes)}


def _example(status: int, code: str) -> Json:
    params = SHOWN_PARAMS.get(status, {}) if code == SHOWN.get(status) else {}
    said = sentence(code, params, "zh")
    return {
        "type": f"/api/v1/problems#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "message": said.message,
        "next_step": said.next_step,
        "rule_id": None,
        "params": params,
    }


def _answer(status: int, words: str, schema: str, example: Json) -> Json:
    return {
        "description": words,
        "content": {PROBLEM: {"schema": {"$ref": f"#/components/schemas/{schema}"}, "example": example}},
        **({"headers": {"Retry-After": _header("Seconds to wait", "integer", 2)}} if status in (429, 503) else {}),
    }


def _rate_headers(asks: ChannelKey | None) -> Json:
    return {name: _header(words, "integer", 60) for name, words in RATE_HEADERS.items()} if asks else {}


def _header(words: str, kind: str, example: object) -> Json:
    return {"description": words, "schema": {"type": kind}, "example": example}


_KEY_PARAMETER: Json = {
    "in": "header",
    "name": KEY_HEADER,
    "required": True,
    "schema": {"type": "string", "minLength": 8, "maxLength": 80, "pattern": "^[\\x21-\\x7e]{8,80}$"},
    "description": "Made by the client for each act and kept across its retries: a repeat gives the first answer",
    "example": "0190c2d4-7a1e-7000-8000-5b1d0c9a4f10",
}
