"""SMS gateway, identity authority and hospitals' registers as processes: signed, slow, down, twice, saying no."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import httpx
import pytest

from yitong.core import signatures
from yitong.core.ids import new_id
from yitong.domains.notify.contracts import Answer, Outgoing, Report
from yitong.domains.people.contracts.patients import IdentityAsk, NumberAnswer, NumberAsk
from yitong.domains.people.contracts.words import IdentityKind, NumberOutcome, Sex, Verdict
from yitong.links.identity.http import HttpIdentityAuthority
from yitong.links.register.http import HttpHospitalRegister
from yitong.links.sms.http import HttpSmsGateway

SECRET = "0123456789abcdef"
REPORTS = "/hooks/sms/"
HOSPITAL = UUID(int=77)
UNKNOWN = NumberAnswer(NumberOutcome.UNKNOWN)


@contextmanager
def simulator(name: str, *arguments: str) -> Iterator[str]:
    command = [sys.executable, "-m", f"yitong.simulators.{name}", "--secret-env", "SIM_SECRET", *arguments]
    environment = {**os.environ, "SIM_SECRET": SECRET, "PYTHONPATH": "src"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()
            process.wait(10)


_links: list[HttpSmsGateway | HttpIdentityAuthority | HttpHospitalRegister] = []


@pytest.fixture(autouse=True)
def closed_links() -> Iterator[None]:
    yield
    while _links:
        _links.pop().close()


def gateway(url: str, secret: str = SECRET) -> HttpSmsGateway:
    link = HttpSmsGateway(url, key_id="yitong", secret=secret.encode(), report_path=REPORTS)
    _links.append(link)
    return link


def authority(url: str, secret: str = SECRET) -> HttpIdentityAuthority:
    link = HttpIdentityAuthority(url, key_id="yitong", secret=secret.encode())
    _links.append(link)
    return link


def registers(url: str, secret: str = SECRET) -> HttpHospitalRegister:
    link = HttpHospitalRegister(url, key_id="yitong", secret=secret.encode())
    _links.append(link)
    return link


def text(phone: str = "15400000001") -> Outgoing:
    return Outgoing(new_id(), phone, "【医通】您好", datetime.now(UTC) + timedelta(hours=1))


def question(name: str = "测试甲") -> IdentityAsk:
    return IdentityAsk(new_id(), IdentityKind.RESIDENT_ID, name, "99000119850304002X", "15400000001")


def new_patient(name: str = "测试甲", number: str = "99000119850304002X", at: UUID = HOSPITAL) -> NumberAsk:
    return NumberAsk(new_id(), at, name, IdentityKind.RESIDENT_ID, number, Sex.FEMALE, date(1985, 3, 4))


def control(url: str, **moods: float) -> dict[str, Any]:
    with httpx.Client(base_url=url, trust_env=False) as client:
        if moods:
            client.post("/control", json=moods).raise_for_status()
        return client.get("/control").json()


@contextmanager
def register_that_says(status: int, body: bytes) -> Iterator[str]:
    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as hook:
        threading.Thread(target=hook.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{hook.server_address[1]}"
        hook.shutdown()


def test_signature_of_the_published_example() -> None:
    made = signatures.signature(
        SECRET.encode(), "post", "/v1/messages", 1795312800, "00112233445566778899aabbccddeeff", b'{"id":"1"}'
    )
    assert made == "7ba4bcd35f963125cf4cb82c42404f646e526b629c534a8e084cdf77c91f3c73"


def test_text_is_taken_once_however_often_it_is_handed_over() -> None:
    with simulator("sms") as url:
        link, one = gateway(url), text()
        assert [link.send(one), link.send(one)] == [Answer.ACCEPTED, Answer.ACCEPTED]
        sent = control(url)["sent"]
        assert [item["id"] for item in sent] == [str(one.message_id)]
        assert sent[0]["text"] == "【医通】您好"


def test_what_a_gateway_does_not_carry_is_refused_and_the_rest_unknown() -> None:
    with simulator("sms", "--slow-s", "30") as url:
        link = gateway(url)
        assert link.send(text(phone="12345")) is Answer.REFUSED
        assert gateway(url, "another secret").send(text()) is Answer.UNKNOWN
        assert control(url)["refused"] == 1
        control(url, down=1.0)
        assert link.send(text()) is Answer.UNKNOWN
        control(url, down=0.0, lost=1.0)
        lost = text()
        assert link.send(lost) is Answer.UNKNOWN  # it was taken, but who asked can't know
        control(url, lost=0.0)
        assert link.send(lost) is Answer.ACCEPTED
        control(url, refuse=1.0)
        assert link.send(text()) is Answer.REFUSED
        assert [item["id"] for item in control(url)["sent"]] == [str(lost.message_id)]
    assert link.send(text()) is Answer.UNKNOWN
    unset = HttpSmsGateway(None, key_id="", secret=b"", report_path=REPORTS)
    assert unset.send(text()) is Answer.UNKNOWN


def test_slow_gateway_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yitong.links.sms.http.TIMEOUT_S", 0.3)
    with simulator("sms", "--slow", "1", "--slow-s", "20", "--clock-rate", "10") as url:
        began = time.monotonic()
        assert gateway(url).send(text()) is Answer.UNKNOWN
        assert time.monotonic() - began < 1.5


def test_reports_come_signed_and_twice_when_told() -> None:
    received: list[Report | None] = []
    arrived = threading.Semaphore(0)
    link = gateway("http://127.0.0.1:1")

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(link.read_report(dict(self.headers), body))
            self.send_response(204)
            self.end_headers()
            arrived.release()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as hook:
        threading.Thread(target=hook.serve_forever, daemon=True).start()
        report_url = f"http://127.0.0.1:{hook.server_address[1]}{REPORTS}"
        with simulator("sms", "--report-url", report_url, "--duplicate", "1", "--clock-rate", "100") as url:
            one = text()
            assert gateway(url).send(one) is Answer.ACCEPTED
            assert arrived.acquire(timeout=10)
            assert arrived.acquire(timeout=10)
        hook.shutdown()
    assert [(report.message_id, report.is_delivered) for report in received if report] == [(one.message_id, True)] * 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda headers, body: ({**headers, "X-Signature": "0" * 64}, body),
        lambda headers, body: ({**headers, "X-Key": "other"}, body),
        lambda headers, body: ({**headers, "X-Timestamp": "x"}, body),
        lambda headers, body: ({**headers, "X-Timestamp": str(int(headers["X-Timestamp"]) - 301)}, body),
        lambda headers, body: ({k: v for k, v in headers.items() if k != "X-Nonce"}, body),
        lambda headers, body: (headers, body + b" "),
        lambda headers, body: ({}, body),
    ],
)
def test_spoilt_reports_are_refused(spoil: Callable[[dict[str, str], bytes], tuple[dict[str, str], bytes]]) -> None:
    now = int(time.time())
    body = json.dumps({"id": str(new_id()), "state": "delivered", "at": datetime.now(UTC).isoformat()}).encode()
    headers = signatures.signed("yitong", SECRET.encode(), "POST", REPORTS, body, timestamp=now)
    assert gateway("http://127.0.0.1:1").read_report({k.lower(): v for k, v in headers.items()}, body) is not None
    assert gateway("http://127.0.0.1:1").read_report(*spoil(headers, body)) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": "x", "state": "delivered", "at": "y"}'])
def test_odd_but_signed_reports_are_refused(body: bytes) -> None:
    headers = signatures.signed("yitong", SECRET.encode(), "POST", REPORTS, body, timestamp=int(time.time()))
    assert gateway("http://127.0.0.1:1").read_report(headers, body) is None


@pytest.mark.rule("R-045")
def test_authority_says_yes_no_and_the_same_again() -> None:
    with simulator("identity") as url:
        link, ask = authority(url), question()
        assert [link.check(ask), link.check(ask)] == [Verdict.MATCH, Verdict.MATCH]
        assert link.check(question("测试否")) is Verdict.NO_MATCH
        assert link.check(question("测试乙")) is Verdict.NO_MATCH  # the number is known under another name
        assert link.check(replace(ask, name="测试乙")) is Verdict.MATCH  # the same question gets the same answer
        assert link.check(question()) is Verdict.MATCH
        control(url, refuse=1.0)
        assert link.check(question()) is Verdict.NO_MATCH


@pytest.mark.rule("R-045")
def test_authority_that_is_down_slow_or_lost_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yitong.links.identity.http.TIMEOUT_S", 0.3)
    with simulator("identity", "--slow-s", "2") as url:
        link = authority(url)
        for mood in ("down", "slow", "lost"):
            control(url, **{mood: 1.0})
            assert link.check(question()) is Verdict.UNKNOWN
            control(url, **{mood: 0.0})
        assert authority(url, "another secret").check(question()) is Verdict.UNKNOWN
        assert link.check(question()) is Verdict.MATCH
    assert link.check(question()) is Verdict.UNKNOWN
    assert HttpIdentityAuthority(None, key_id="", secret=b"").check(question()) is Verdict.UNKNOWN


def made(number: str) -> NumberAnswer:
    return NumberAnswer(NumberOutcome.MADE, number=number)


@pytest.mark.rule("R-049")
def test_registers_count_for_themselves_and_know_again_whom_they_have() -> None:
    with simulator("register") as url:
        link, asked = registers(url), new_patient()
        assert [link.number(asked), link.number(asked)] == [made("M00000001")] * 2
        assert link.number(new_patient(number="990001198503040038")) == made("M00000002")
        assert link.number(new_patient()) == made("M00000001")  # another question about the same person
        assert link.number(new_patient(at=UUID(int=78), number="x")) == made("M00000001")
        refused = NumberAnswer(NumberOutcome.REFUSED, reason="姓名与院内档案不符")
        assert link.number(new_patient("测试拒")) == refused
        control(url, refuse=1.0)
        assert link.number(new_patient()) == refused
        assert link.number(asked) == made("M00000001")  # the same question gets the same answer


@pytest.mark.rule("R-049")
def test_registers_that_are_down_slow_or_lost_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yitong.links.register.http.TIMEOUT_S", 0.3)
    with simulator("register", "--slow-s", "2") as url:
        link = registers(url)
        for mood in ("down", "slow"):
            control(url, **{mood: 1.0})
            assert link.number(new_patient()) == UNKNOWN
            control(url, **{mood: 0.0})
        asked = new_patient(number="990001198503040038")
        control(url, lost=1.0)
        assert link.number(asked) == UNKNOWN
        control(url, lost=0.0)
        first = control(url)["answers"][str(asked.carrier_id)]
        assert link.number(asked) == made(first["hospital_number"])  # made once, though the answer was lost
        assert registers(url, "another secret").number(new_patient()) == UNKNOWN
    assert link.number(new_patient()) == UNKNOWN


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {"outcome": "made", "hospital_number": "M1"},
        {"id": "other", "outcome": "made", "hospital_number": "M1"},
        {"id": "own", "outcome": "made"},
        {"id": "own", "outcome": "made", "hospital_number": ""},
        {"id": "own", "outcome": "made", "hospital_number": 7},
        {"id": "own", "outcome": "refused"},
        {"id": "own", "outcome": "perhaps", "hospital_number": "M1", "reason": "x"},
    ],
)
def test_half_an_answer_of_a_register_is_none(told: object) -> None:
    asked = new_patient()
    if isinstance(told, dict) and told.get("id") == "own":
        told = {**told, "id": str(asked.carrier_id)}

    with register_that_says(200, json.dumps(told).encode()) as url:
        assert registers(url).number(asked) == UNKNOWN


@pytest.mark.rule("R-049")
@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"reason": "证件号码位数不对"}'.encode(), "证件号码位数不对"),
        (b'{"reason": " "}', None),
        (b'{"reason": 7}', None),
        (b"[]", None),
        (b"<html>", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_question_that_a_register_can_not_take_is_refused(status: int, body: bytes, reason: str | None) -> None:
    with register_that_says(status, body) as url:
        answer = registers(url).number(new_patient())
    assert answer == NumberAnswer(NumberOutcome.REFUSED, reason=reason or f"HTTP {status}")


@pytest.mark.parametrize("status", [401, 403, 404, 408, 409, 429, 500, 502, 503])
def test_other_troubles_of_a_register_are_no_answer(status: int) -> None:
    with register_that_says(status, b'{"reason": "x"}') as url:
        assert registers(url).number(new_patient()) == UNKNOWN


def test_register_names_what_it_misses() -> None:
    with simulator("register") as url:
        refused = NumberAnswer(NumberOutcome.REFUSED, reason="missing ['name']")
        assert registers(url).number(new_patient(name="")) == refused


@pytest.mark.parametrize("name", ["sms", "identity", "register"])
def test_simulators_refuse_bad_requests(name: str) -> None:
    path = {"sms": "/v1/messages", "identity": "/v1/checks", "register": "/v1/numbers"}[name]
    with simulator(name) as url, httpx.Client(base_url=url, trust_env=False) as client:

        def ask(body: bytes, **changed: str) -> int:
            headers = signatures.signed("yitong", SECRET.encode(), "POST", path, body, timestamp=int(time.time()))
            return client.post(path, content=body, headers={**headers, **changed}).status_code

        words = ("text", "expires_at", "kind", "name", "hospital", "sex", "birth_date")
        known = {"id": "1", "phone": "15400000001", "number": "1", **dict.fromkeys(words, "x")}
        good = json.dumps(known).encode()
        assert ask(good) in (200, 202)
        assert ask(good, **{"X-Signature": "0" * 64}) == 401
        assert ask(good, **{"X-Timestamp": "1"}) == 401
        assert ask(good, **{"X-Nonce": "short"}) == 401
        assert ask(b"not json") == 400
        assert ask(b"[]") == 400
        assert ask(b"{}") == 400
        assert client.post("/elsewhere").status_code == 404
        same = signatures.signed("yitong", SECRET.encode(), "POST", path, good, timestamp=int(time.time()))
        assert client.post(path, content=good, headers=same).status_code in (200, 202)
        assert client.post(path, content=good, headers=same).status_code == 401  # replayed
