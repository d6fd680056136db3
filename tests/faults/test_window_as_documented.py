"""A partner at the booking window with the API's document in hand: what it is answered is what that says."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from jsonschema_rs import validator_for
from tests import clinic as build
from tests import make
from tests.faces.api.conftest import Caller
from tests.faces.api.test_bookings_api import holder_with_patient
from tests.whole_window import Asked, window

from yitong.core import clock
from yitong.faces.api.urls import api

pytestmark = pytest.mark.usefixtures("committed_db")

NOW = make.NOW
CLAIMS = "/counter/claims"
SESSIONS = "/counter/sessions/{hospital_id}/{session_id}"
DEPARTMENTS = "/counter/departments/{hospital_id}/{department_id}"


@dataclass
class Documented:
    """What the document says, asked about an answer."""

    document: dict[str, Any]

    def faults(self, path: str, asked: Asked) -> list[str]:
        """How this answer differs from what stands there."""
        operation = self.document["paths"][path][asked.method.lower()]
        answer = operation["responses"].get(asked.status)
        if answer is None:
            return [f"{asked.status} is not in the document"]
        kind = asked.told["content-type"]
        schema = {**answer["content"][kind]["schema"], "components": self.document["components"]}
        found = [error.message for error in validator_for(schema).iter_errors(asked.json)]
        if asked.code and asked.code not in answer["x-codes"]:
            found.append(f"{asked.code} is not among {answer['x-codes']}")
        return found


@pytest.fixture
def documented() -> Documented:
    return Documented(dict(api.document))


@pytest.fixture
def _frozen(settings: Any) -> Iterator[None]:
    settings.YITONG_COUNTER = True
    with clock.frozen(NOW):
        yield


@pytest.mark.usefixtures("_frozen")
def test_from_a_pass_to_a_booking_every_answer_is_as_documented(documented: Documented) -> None:
    place = build.clinic(slots=2)
    later = build.clinic(release_at=NOW + timedelta(hours=1))
    holder, patient_id = holder_with_patient(Caller(make.channel()[1]))
    token = holder.post("/passes").json["token"]

    def wish(**changed: object) -> dict[str, object]:
        named = {"hospital_id": place.hospital_id, "slot_id": place.slot(), "patient_id": patient_id}
        return {"pass": token, "key": "act-0001", **named, **changed}

    with window() as opened:
        left = opened.get(f"/counter/sessions/{place.hospital_id}/{place.session_id}")
        days = opened.get(f"/counter/departments/{place.hospital_id}/{place.department_id}")
        closed = opened.get(f"/counter/sessions/{later.hospital_id}/{later.session_id}")
        booked = opened.claim(wish(slot_id=left.json["windows"][0]["slot_id"]))
        again = opened.claim(wish())
        refused = [
            opened.claim(wish(key="act-0002", slot_id=place.slot(1))),
            opened.claim(wish(key="act-0003", hospital_id=later.hospital_id, slot_id=later.slot())),
            opened.claim(wish(by_name=True)),
            opened.claim(wish(**{"pass": "x"})),
            opened.claim({}),
        ]
        absent = opened.get(f"/counter/sessions/{place.hospital_id}/{make.NOW.date()}")
        health = opened.get("/counter/health")
        unread = documented.faults("/counter/health", health)
        opened.counter.door.is_ready = False
        lost = [opened.get(left.path), opened.claim(wish(key="act-0009"))]

    assert (booked.status, again.json) == (201, booked.json)
    assert [one.code for one in refused] == ["BOOK_DUP_DEPT", "BOOK_WINDOW", "KEY_REUSED", "PASS_INVALID"] + [
        "CLAIM_UNREADABLE"
    ]
    assert (closed.json["left"], closed.json["windows"][0]["slot_id"]) == (0, None)
    assert [one["sessions"][0]["left"] for one in days.json["days"]] == [2]
    assert (absent.status, [one.status for one in lost]) == (404, [503, 503])
    answers = [(SESSIONS, left), (SESSIONS, closed), (SESSIONS, absent), (SESSIONS, lost[0]), (DEPARTMENTS, days)]
    answers += [(CLAIMS, one) for one in (booked, again, *refused, lost[1])]
    assert [documented.faults(path, one) for path, one in answers] == [[]] * len(answers)
    assert unread == []


@pytest.mark.usefixtures("_frozen")
def test_an_unchanged_answer_is_not_sent_again(documented: Documented) -> None:
    place = build.clinic()
    path = f"/counter/sessions/{place.hospital_id}/{place.session_id}"
    with window() as opened:
        first = opened.get(path)
        second = opened.get(path, if_none_match=first.told["etag"])
    assert (second.status, second.content) == (304, b"")
    assert second.status in documented.document["paths"][SESSIONS]["get"]["responses"]


@pytest.mark.usefixtures("_frozen")
@pytest.mark.rule("R-004")
def test_sessions_that_are_one_offer_are_counted_as_one() -> None:
    """Two doctors of one title sit at once: their equal windows are one, which leads to whichever slot is free."""
    one = build.clinic(slots=2)
    other = build.clinic(slots=3, hospital_id=one.hospital_id, department_id=one.department_id)
    actor, patient_id = build.holder()
    build.hold(one, patient_id, actor)
    with window() as opened:
        both = opened.get(f"/counter/sessions/{one.hospital_id}/{one.session_id},{other.session_id}").json
        many = opened.get(f"/counter/sessions/{one.hospital_id}/" + ",".join([str(one.session_id)] * 9))
    assert (both["session_id"], both["left"]) == (str(one.session_id), 4)
    assert [window["left"] for window in both["windows"]] == [1, 2, 1]
    assert both["windows"][0]["slot_id"] == str(other.slot())
    assert many.status == 404
