"""The booking window's part of the OpenAPI document. It stands beside the API, under `/counter/`."""

from typing import Any

from ninja import Schema

from yitong.faces.api.fields import EXAMPLE_ID
from yitong.faces.api.window import schemas

Json = dict[str, Any]

TAG = "放号窗口 Booking window"
SCHEMAS: tuple[type[Schema], ...] = (
    schemas.Claim,
    schemas.SessionLeft,
    schemas.DepartmentLeft,
    schemas.Health,
    schemas.WindowProblem,
)
ID: Json = {"type": "string", "format": "uuid", "examples": [EXAMPLE_ID]}
ETAG = {"description": "Ask again with If-None-Match", "schema": {"type": "string"}, "example": 'W/"5b1d0c9a4f10e2a7"'}
CLAIM = """Takes a slot for a patient of the pass: the same rules and refusals as `POST /api/v1/bookings`, made for a
release, when thousands ask at once. 201 is said after the booking is durable. After `503` or silence ask again with the
same key: what was booked is not booked twice. `application/x-www-form-urlencoded` is for pages without scripts; it is
answered by 303.

How often: each account as the city says (R-017); through a channel of the API besides as often as its contract says."""
LEFT = "What our own pages may book, at most a tenth of a second old. Open to all; ask politely, with `If-None-Match`."

# Which codes a claim may be refused with, by status; the first stands as the example.
CLAIM_PROBLEMS: dict[int, tuple[str, ...]] = {
    400: ("CLAIM_UNREADABLE",),
    401: ("PASS_INVALID", "AUTH_REQUIRED", "CHANNEL_KEY_UNKNOWN"),
    403: ("CHANNEL_REVOKED", "CHANNEL_SUSPENDED", "CHANNEL_CONTRACT_ENDED", "SCOPE_MISSING", "VERIFY_REQUIRED")
    + ("NOSHOW_LOCK", "ABUSE_LOCK"),
    404: ("SLOT_NOT_FOUND", "PATIENT_NOT_FOUND"),
    409: ("SLOT_TAKEN", "POOL_EXHAUSTED", "SESSION_CANCELLED", "SESSION_STOPPING", "BOOK_DUP_DEPT", "BOOK_LIMIT_DAY")
    + ("BOOK_LIMIT_7D", "BOOK_LIMIT_3M", "TIME_CLASH", "KEY_REUSED"),
    422: ("BOOK_WINDOW", "FIRSTVISIT_BY_SPECIALTY", "NOT_ELIGIBLE", "KEY_MISSING"),
    429: ("RATE_LIMITED",),
    500: ("CLAIM_FAILED",),
    503: ("BUSY",),
}
READ_PROBLEMS: dict[int, tuple[str, ...]] = {404: ("NOT_FOUND",), 503: ("BUSY",)}


def paths(problem: Any) -> Json:
    """By path, as OpenAPI has it; `problem(status, codes)` makes the answer of a refusal."""
    return {
        "/counter/claims": {"post": _claim(problem)},
        "/counter/sessions/{hospital_id}/{session_id}": {
            "get": _read(
                problem,
                "list_windows_left",
                "出诊单元各时段余号 · What is left of a session, window by window",
                schemas.SessionLeft,
                _path("session_id", "A session, or up to eight with a comma between, counted as one offer (R-004)"),
            )
        },
        "/counter/departments/{hospital_id}/{department_id}": {
            "get": _read(
                problem,
                "list_days_left",
                "科室各日余号 · What is left of a department, day by day",
                schemas.DepartmentLeft,
                _path("department_id", ""),
            )
        },
        "/counter/health": {"get": _health()},
    }


def _claim(problem: Any) -> Json:
    return {
        "operationId": "claim_slot",
        "summary": "放号时预约 · Claim a slot at the booking window",
        "description": CLAIM,
        "tags": [TAG],
        "parameters": [],
        "security": [],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _ref(schemas.Claim)}}},
        "responses": {
            201: {"description": "Created", "content": {"application/json": {"schema": {"$ref": _REF + "Held"}}}},
            **{status: problem(status, codes) for status, codes in CLAIM_PROBLEMS.items()},
        },
    }


def _read(problem: Any, name: str, summary: str, answer: type[Schema], parameter: Json) -> Json:
    return {
        "operationId": name,
        "summary": summary,
        "description": LEFT,
        "tags": [TAG],
        "parameters": [_path("hospital_id", ""), parameter],
        "security": [],
        "responses": {
            200: {
                "description": "OK",
                "headers": {"ETag": ETAG},
                "content": {"application/json": {"schema": _ref(answer)}},
            },
            304: {"description": "Unchanged"},
            **{status: problem(status, codes) for status, codes in READ_PROBLEMS.items()},
        },
    }


def _health() -> Json:
    said = {"application/json": {"schema": _ref(schemas.Health)}}
    return {
        "operationId": "get_window_health",
        "summary": "放号窗口是否可用 · Whether the window takes claims",
        "tags": [TAG],
        "parameters": [],
        "security": [],
        "responses": {
            200: {"description": "It takes claims", "content": said},
            503: {"description": "It lost its database and is coming back", "content": said},
        },
    }


def _path(name: str, words: str) -> Json:
    """`words`, where it is not simply an id."""
    schema = {"type": "string", "examples": [EXAMPLE_ID]} if words else ID
    found: Json = {"in": "path", "name": name, "required": True, "schema": schema}
    return {**found, "description": words} if words else found


_REF = "#/components/schemas/"


def _ref(schema: type[Schema]) -> Json:
    return {"$ref": _REF + schema.__name__}
