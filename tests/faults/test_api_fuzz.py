"""The whole API under generated input: no fault, and every answer as its document says.

Every other question is aimed at things that exist, so that the fuzz also reaches what lies behind the look-up.
The short form asks the same few questions each time; `make long` (YITONG_LONG=1) asks many, and others each time.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test.utils import override_settings
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from tests import clinic, draws, make
from tests.faces.api.conftest import Caller, signed_in

from yitong.config.wsgi import application
from yitong.core import clock
from yitong.domains.draws.ports import beacon
from yitong.domains.people.commands import proving
from yitong.domains.people.contracts.words import Verdict

IS_LONG = os.environ.get("YITONG_LONG") == "1"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
    unsupported_method,
]
RUN = settings(
    max_examples=200 if IS_LONG else 12,
    deadline=None,
    derandomize=not IS_LONG,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

# The booking window stands beside the API and is none of Django's: `test_window_as_documented` holds it to its part.
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application).include(path_regex="^/api/")


@contextmanager
def one_connection() -> Iterator[None]:
    """The server closes its connections after each request; here the test's own must live on, with its transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@dataclass
class World:
    """Something behind every kind of id."""

    key: str
    session: str
    ids: dict[str, str | list[str]] = field(default_factory=dict)
    asked: int = 0

    def ask(self, case: schemathesis.Case, checks: list[Any]) -> None:
        """Each question a little later than the one before, so that an account's own limits let it through."""
        self.asked += 1
        with clock.frozen(make.NOW + timedelta(seconds=12 * self.asked)), one_connection():
            case.call_and_validate(headers=self.headers, checks=checks)

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.key}",
            "X-Account-Session": self.session,
            "Idempotency-Key": f"fuzz-{make.number():08d}",
        }


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.frozen(make.NOW), override_settings(ALLOWED_HOSTS=["*"]):
        api = Caller(make.channel(per_minute=6_000)[1])
        place = clinic.clinic(slots=8)
        holder = signed_in(api, "19900001111")
        given = clinic.identity()
        body = {"name": given.name, "kind": "resident_id", "number": given.number, "relation": "self"}
        added = holder.post("/me/patients", body).json
        proving.note_verdict(
            added["patient_id"],
            added["verification_id"],
            Verdict.MATCH,
            actor=clinic.Actor.system("test"),
            now=make.NOW,
        )
        wish = {
            "hospital_id": str(place.hospital_id),
            "slot_id": str(place.slot(0)),
            "patient_id": added["patient_id"],
        }
        held = holder.post("/bookings", wish).json
        drawing = _drawing(place)
        entry = {"patient_ids": [added["patient_id"]], "session_ids": [str(one) for one in drawing.sessions]}
        applied = holder.post(f"/hospitals/{place.hospital_id}/draws/{drawing.draw_id}/entries", entry).json
        yield World(
            api.key,
            holder.session,
            {
                "hospital_id": str(place.hospital_id),
                "department_id": str(place.department_id),
                "practitioner_id": str(make.practitioner(place.hospital_id, _code_of(place))),
                "session_id": str(place.session_id),
                "slot_id": str(place.slot(1)),
                "patient_id": added["patient_id"],
                "booking_id": held["booking_id"],
                "draw_id": str(drawing.draw_id),
                "entry_id": applied["entry_id"],
                **entry,
            },
        )


def _drawing(place: clinic.Clinic) -> draws.Place:
    """A draw of the same hospital that takes entries until three hours from now."""
    before = beacon.taken()
    draws.plug()
    try:
        return draws.opened(
            slots=(2, 2),
            hospital_id=place.hospital_id,
            department_id=make.department(place.hospital_id),
            release_at=make.NOW + timedelta(hours=5),
            now=make.NOW - timedelta(hours=22),
        )
    finally:
        beacon.plug(before)


def _code_of(place: clinic.Clinic) -> str:
    from yitong.domains.hospitals.queries import directory

    return directory.get_department(place.hospital_id, place.department_id).code


def aim(given: Any, ids: dict[str, str | list[str]]) -> Any:
    """The same input with ids that exist."""
    if not isinstance(given, dict):
        return given
    return {name: ids.get(name, value) for name, value in given.items()}


@pytest.mark.slow
@schema.parametrize()
@RUN
def test_generated_input_is_answered_as_documented(case: schemathesis.Case, world: World) -> None:
    """Every other question is aimed at what exists."""
    if world.asked % 2:
        case.path_parameters = aim(case.path_parameters, world.ids)
        case.query = aim(case.query, world.ids)
        case.body = aim(case.body, world.ids)
        world.ask(case, [check for check in CHECKS if check is not negative_data_rejection])
    else:
        world.ask(case, CHECKS)
