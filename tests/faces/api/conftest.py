"""A channel that calls, as a program would: JSON, its key, and a fresh idempotency key for each act."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from tests import make

from yitong.core import clock
from yitong.domains.access.contracts import Scope
from yitong.domains.notify.models import Message

_acts = itertools.count(1)


@dataclass
class Answer:
    status: int
    json: Any
    headers: dict[str, str]


@dataclass
class Caller:
    """One program with one key, perhaps acting for an account holder."""

    key: str = ""
    session: str = ""
    client: Client = field(default_factory=lambda: Client(SERVER_NAME="localhost", raise_request_exception=True))

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, None, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Answer:
        return self.call("POST", path, body, **headers)

    def put(self, path: str, body: object = None, **headers: str) -> Answer:
        return self.call("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Answer:
        return self.call("DELETE", path, None, **headers)

    def call(self, method: str, path: str, body: object, **headers: str) -> Answer:
        sent = {"Idempotency-Key": f"test-act-{next(_acts)}"} if method != "GET" else {}
        sent |= {"Authorization": f"Bearer {self.key}"} if self.key else {}
        sent |= {"X-Account-Session": self.session} if self.session else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        kind = sent.pop("Content-Type", "application/json")
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        response = self.client.generic(method, f"/api/v1{path}", content, content_type=kind, headers=sent)
        read = json.loads(response.content) if response.content else None
        return Answer(response.status_code, read, dict(response.headers))


@pytest.fixture
def caller(db: None) -> Callable[..., Caller]:
    """`caller(Scope.CATALOGUE)`: a channel with these scopes (all where none is named)."""
    with clock.frozen(make.NOW):
        yield lambda *scopes, **kwargs: Caller(make.channel(*scopes, **kwargs)[1])


@pytest.fixture
def anybody(db: None) -> Caller:
    """A program without a key."""
    return Caller()


@pytest.fixture
def hospital_id(db: None) -> UUID:
    hospital = make.hospital()
    make.campus(hospital)
    return hospital


@pytest.fixture
def every_scope() -> tuple[Scope, ...]:
    return tuple(Scope)


def code_of(phone: str) -> str:
    """The code that a phone was sent last."""
    rows = Message.objects.exclude(secret=None).order_by("-id")
    sent = [row for row in rows if row.phone == phone]
    return str(json.loads(sent[0].secret or "{}")["code"])


def signed_in(api: Caller, phone: str, device: str = "device-of-a-test-0001") -> Caller:
    """The same program, now acting for the holder of this phone."""
    asked = api.post("/accounts/codes", {"phone": phone, "device": device})
    assert asked.status == 202, asked.json
    answer = api.post("/accounts/sessions", {"phone": phone, "code": code_of(phone), "device": device})
    assert answer.status == 201, answer.json
    return Caller(api.key, answer.json["token"])
