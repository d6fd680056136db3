"""Nobody's name, number or phone lies about in plain text: not in the database, not in logs, not in addresses.

A whole city works for a while as it would in life: people sign in, add their family, book and cancel, mistype, are
refused; a partner calls the API; a handler fails, a page breaks. Then everything that was written is read.
"""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import httpx
import psycopg
import pyotp
import pytest
from pytest_django.plugin import DjangoDbBlocker
from tests import make
from tests.conftest import CLUSTER
from tests.faults.http_city import Page, Window, code_in_outbox, running_city, until
from tests.faults.plain_data import Leak, Secret, found_in, fragments_in, tables_of

from yitong.cli.demo import city, people
from yitong.cli.demo.staff import PASSWORD
from yitong.cli.postgres import APP, OWNER
from yitong.cli.postgres_account import binaries
from yitong.core import clock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.rule("R-208"), pytest.mark.rule("R-108")]

LONG = "测试" + "欧阳慕容" * 125  # 502 characters
EIGHT_DIGITS = {("booking_booking", "code")}  # drawn at random, so it may hold six digits of anything


@dataclass(frozen=True)
class Somebody:
    name: str
    number: str
    phone: str

    def secrets(self) -> Iterator[Secret]:
        yield Secret("name", "journey", self.name)
        yield Secret("number", "journey", self.number)
        yield Secret("phone", "journey", self.phone)


def resident(serial: int, born: date, sex: people.Sex) -> str:
    return people.identity_number("resident_id", born, sex, serial=serial)


MOTHER = Somebody("测试钟离昭月", resident(7351, date(1984, 2, 29), "female"), "15478216394")
CHILD = Somebody("测试钟离小满", resident(8627, date(2019, 8, 13), "male"), "15463905287")
CALLER = Somebody("测试端木秋实", resident(6483, date(1976, 11, 8), "male"), "15495137862")
WALK_IN = Somebody("测试司徒望舒", resident(5917, date(1969, 12, 3), "female"), "15436720958")
MISTYPED = MOTHER.number[:-1] + ("3" if MOTHER.number[-1] != "3" else "4")
FIFTEEN = MOTHER.number[:6] + MOTHER.number[8:17]


def secrets_of_journey() -> list[Secret]:
    wrong = [Secret("number", "mistyped", MISTYPED), Secret("number", "of the old form", FIFTEEN)]
    return [
        *MOTHER.secrets(),
        *CHILD.secrets(),
        *CALLER.secrets(),
        *WALK_IN.secrets(),
        *wrong,
        Secret("name", "too long", LONG[:40]),
    ]


def secrets_of_city() -> list[Secret]:
    """Patients, cards, phones and staff of the small demo city."""
    found = []
    small = city.build("small", now=clock.now())
    for account in small.accounts:
        found.append(Secret("phone", account.story, account.phone))
        for person in (account.holder, *(member for _, member in account.members)):
            found.append(Secret("name", account.story, person.name))
            found.append(Secret("number", account.story, person.identity_number))
            found += [Secret("card", account.story, value) for _, value in person.carriers]
    found += [Secret("name", member.login, member.name) for member in small.staff]
    return found


@dataclass
class Traces:
    """What a working day left behind."""

    dump: Callable[..., str]
    logs: dict[str, str]
    addresses: list[str]
    answers: list[str]


@pytest.fixture(scope="module")
def traces(
    clone: Callable[[], None], django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Traces]:
    folder = tmp_path_factory.mktemp("city")
    name = f"clone_{os.getpid()}"
    server_logs = CLUSTER.home / "log"
    before = {path: path.stat().st_size for path in server_logs.iterdir()}
    owner_url = CLUSTER.url(OWNER, name)
    city_up = running_city(folder, CLUSTER.url(APP, name), owner_url)
    with city_up as base, Window(base) as window, django_db_blocker.unblock():
        answers = _a_day(window, owner_url)
        with Window(base) as other:
            _desk(other)
            _audit(other)
    logs = {str(path.relative_to(folder)): _log(path) for path in folder.rglob("*") if _is_log(path)}
    for path in server_logs.iterdir():
        logs[f"the database server's {path.name}"] = path.read_bytes()[before.get(path, 0) :].decode(errors="replace")
    addresses = [*window.addresses, *window.offered, *other.addresses, *other.offered]
    yield Traces(lambda *options: _dump(owner_url, *options), logs, addresses, answers)
    with django_db_blocker.unblock():
        clone()


def _is_log(path: Path) -> bool:
    """Every file that the city wrote, except style sheets and the log-ins that the demo announces by design."""
    return path.is_file() and "static" not in path.parts and path.name != "demo-sign-ins.json"


def _log(path: Path) -> str:
    text = path.read_bytes().decode(errors="replace")
    if path.name == "up.out":  # what the demo announces at the terminal, again by design
        announced = json.loads((path.parent / "demo-sign-ins.json").read_text())
        text = "\n".join(
            line for line in text.splitlines() if not any(line.strip().startswith(w) for w, _ in announced)
        )
    return text


def _dump(url: str, *options: str) -> str:
    command = [str(binaries() / "pg_dump"), "--no-owner", *options, f"--dbname={url}"]
    return subprocess.run(command, check=True, capture_output=True, timeout=120).stdout.decode()


# -- the day -------------------------------------------------------------------------------------------------------


def _a_day(window: Window, owner_url: str) -> list[str]:
    """Everybody does what they do. Returns the bodies that the API and the measuring answered."""
    _sign_in(window, MOTHER.phone)
    _mistakes(window)
    _break_a_page(window, owner_url)
    _add(window, MOTHER, "self")
    _add(window, CHILD, "child", consent="on")
    until(lambda: "已实名核验" in window.go("/me/people/").text, 60, lambda: window.go("/me/people/").text)
    _cancel(window, _book(window), owner_url)
    _book(window, skip=1)
    for path in ("/bookings/", "/messages/", "/me/", "/me/devices/", "/me/data/"):
        assert window.go(path).status == 200
    _look_at_family(window)
    window.go(f"/search/?q={MOTHER.name}&number={MOTHER.number}", typed=True)
    window.go(f"/no-such-page/{MOTHER.phone}/?id={MOTHER.number}", typed=True)
    return _partner(window)


def _sign_in(window: Window, phone: str) -> None:
    page = window.send(window.go("/sign-in/"), "phone", phone="154782163941111")
    assert page.status == 422
    page = window.send(page, "phone", phone=phone)
    wrong = window.send(page, "code", code="000000")
    assert wrong.status == 422
    window.send(wrong, "code", code=code_in_outbox(window, phone))
    assert window.go("/me/").status == 200
    assert "/sign-in/" not in window.addresses[-1]


def _mistakes(window: Window) -> None:
    """Each is refused in place, and leaves nothing."""
    for wrong in (
        {"name": LONG, "number": MOTHER.number},
        {"name": MOTHER.name, "number": MISTYPED},
        {"name": MOTHER.name, "number": FIFTEEN},
        {"name": MOTHER.name + "😀", "number": MOTHER.number},
        {"name": MOTHER.name, "number": MOTHER.number + "\u0000"},
        {"name": MOTHER.name, "number": MOTHER.number, "kind": "no-such-kind"},
        {"name": MOTHER.name, "number": MOTHER.number, "key": MOTHER.number},
    ):
        page = window.send(window.go("/me/people/add/"), "number", relation="self", **wrong)
        assert 400 <= page.status < 500, (page.status, wrong)
    page = window.go("/me/people/add/")
    _, fields = page.form_with("number")
    forged = window.client.post(
        "/me/people/add/", data={**fields, "csrfmiddlewaretoken": "x" * 64, "name": MOTHER.name}
    )
    assert forged.status_code == 403
    assert "页面已过期" in forged.text, "CSRF_FAILED"


def _break_a_page(window: Window, owner_url: str) -> None:
    """The database refuses for a reason that no code foresaw: a 500, whose error holds the whole row."""
    with _fault(owner_url, "people_patient"):
        page = window.send(
            window.go("/me/people/add/"), "number", relation="self", name=MOTHER.name, number=MOTHER.number
        )
        assert page.status == 500, (page.status, page.alerts())


def _add(window: Window, who: Somebody, relation: str, **more: str) -> None:
    page = window.go("/me/people/add/")
    page = window.send(page, "number", relation=relation, name=who.name, number=who.number, kind="resident_id", **more)
    assert page.status == 200, page.alerts()
    assert "/add/" not in page.url, page.alerts()


def _book(window: Window, *, skip: int = 0) -> Page:
    """The first window of a department that has one, on the last day of the strip with clinics (the very last may be
    a Saturday without any), when it can be cancelled at any hour; in the city's last hospital; `skip` departments
    come before."""
    hospitals = [href for css, href in window.go("/").links if href.startswith("/hospitals/")]
    hospital = window.go(hospitals[-1])
    for _, href in hospital.links:
        if "/departments/" not in href:
            continue
        days = [day for css, day in window.go(href).links if "day" in css.split()]
        offer = next((offer for day in reversed(days) if (offer := window.go(day).link("offer"))), None)
        if offer is None:
            continue
        if skip:
            skip -= 1
            continue
        slot = window.go(offer).link("window")
        assert slot is not None
        page = window.send(window.go(slot), "key")
        assert "/bookings/" in page.url, page.alerts()
        return page
    raise AssertionError("nothing to book")


def _cancel(window: Window, booking: Page, owner_url: str) -> None:
    """While the booking is cancelled, telling fails: the worker logs a failure whose error holds the message's row."""
    with _fault(owner_url, "notify_message"), psycopg.connect(owner_url, autocommit=True) as look:
        href = booking.link("button", "/cancel/") or booking.url.partition("?")[0] + "cancel/"
        page = window.send(window.go(href), "key")
        assert "已取消" in page.text
        failures = "SELECT count(*) FROM core_event_failure WHERE tries > 0"
        until(lambda: look.execute(failures).fetchone() != (0,), 60, lambda: "no handler failed")


class _fault:
    """A constraint that nobody can keep, for as long as the block lasts."""

    def __init__(self, owner_url: str, table: str) -> None:
        self.url, self.table = owner_url, table

    def _do(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SET lock_timeout = '20s'")
            connection.execute(f"ALTER TABLE {self.table} {statement}")

    def __enter__(self) -> None:
        self._do("ADD CONSTRAINT planted_fault CHECK (false) NOT VALID")

    def __exit__(self, *error: object) -> None:
        self._do("DROP CONSTRAINT planted_fault")


def _look_at_family(window: Window) -> None:
    people_page = window.go("/me/people/")
    person = next(href for _, href in people_page.links if href.count("-") == 4 and "/me/people/" in href)
    for path in (person, f"{person}code/", f"{person}reads/"):
        assert window.go(path).status == 200


def _desk(window: Window) -> None:
    """A registrar signs in, finds people in every way, books for a walk-in, checks in, gives back, prints."""
    _sign_in_staff(window, "bj13-registrar")
    find = window.go("/desk/find/")
    assert find.status == 200
    for way, given in (
        ("document", {"kind": "resident_id", "number": MOTHER.number}),
        ("document", {"kind": "resident_id", "number": FIFTEEN}),
        ("card", {"card": "jingyitong", "value": MOTHER.number}),
        ("name", {"name": MOTHER.name, "birth_date": "1984-02-29"}),
        ("name", {"name": LONG, "birth_date": "1984-02-29"}),
        ("code", {"code": "12345678"}),
    ):
        fields = {f"{way}-{name}": value for name, value in given.items()}
        found = window.send(find, next(iter(fields)), **fields)
        assert found.status in (200, 404, 422), (way, found.status)
    window.send(window.go("/desk/window/"), "number", kind="resident_id", number=MISTYPED, name=WALK_IN.name)
    register = window.go("/desk/window/")
    page = window.send(register, "number", kind="resident_id", number=WALK_IN.number, name=WALK_IN.name)
    booking = _book_at_window(window, page)
    check_in = window.go(f"{booking}check-in/")
    wrong = window.send(check_in, "number", number=MOTHER.number)
    assert wrong.status == 422, wrong.alerts()
    window.send(check_in, "number", number=WALK_IN.number)  # early, on days without a clinic today: refused then
    assert window.go(f"{booking}slip/").status == 200
    window.send(window.go(f"{booking}cancel/"), "key")
    assert window.go("/desk/").status == 200
    window.go(f"/desk/find/?number={WALK_IN.number}&name={WALK_IN.name}", typed=True)


def _sign_in_staff(window: Window, login: str) -> Page:
    page = window.send(window.go("/desk/sign-in/"), "password", login=login, password="not-the-password-2026")
    assert page.status in (401, 422), page.alerts()
    return window.send(page, "password", login=login, password=PASSWORD)


def _book_at_window(window: Window, page: Page) -> str:
    """The first number that the window still has, today or on one of the next days; the booking's address."""
    here = urlsplit(page.url).path
    assert "/desk/window/" in here, page.alerts()
    days = re.findall(r'<option value="(\d{4}-\d\d-\d\d)"', page.text)
    departments = re.findall(r'<option value="([0-9a-f-]{36})"', page.text)
    for day in days:
        for department in departments:
            session = window.go(f"{here}?department={department}&day={day}").link_to(here)
            slot = window.go(session).link("window") if session else None
            if slot:
                booked = window.send(window.go(slot), "key")
                if "/desk/bookings/" in booked.url:
                    return urlsplit(booked.url).path.removesuffix("slip/")
    raise AssertionError("the window has nothing left")


def _audit(window: Window) -> None:
    """An auditor sets the second factor up and reads what was done, and who looked at whom."""
    window.client.cookies.clear()
    page = _sign_in_staff(window, "city-auditor")
    page = window.press(window.go("/desk/me/second-factor/"), begin="1")
    secret = page.form_with("secret")[1]["secret"]
    window.send(page, "code", code=pyotp.TOTP(secret).now())
    for path in ("/office/audit/", "/office/audit/reads/", "/office/audit/log/", "/office/"):
        answer = window.go(path)
        assert answer.status == 200, (path, answer.status)
        assert MOTHER.name not in answer.text


def _partner(window: Window) -> list[str]:
    """A program with a key of its own: everything it may do, and much that it may not."""
    _, key = make.channel(per_minute=6000, now=clock.now())
    caller = _Caller(window, key)
    caller.ask("POST", "/accounts/codes", {"phone": "15495137862abc", "device": "device-of-a-partner-1"}, 422)
    caller.ask("POST", "/accounts/codes", {"phone": CALLER.phone, "device": "device-of-a-partner-1"}, 202)
    sign_in = {"phone": CALLER.phone, "device": "device-of-a-partner-1"}
    caller.ask("POST", "/accounts/sessions", {**sign_in, "code": "000000"}, 422)
    code = code_in_outbox(window, CALLER.phone)
    caller.session = caller.ask("POST", "/accounts/sessions", {**sign_in, "code": code}, 201)["token"]
    one = {"name": CALLER.name, "number": CALLER.number, "kind": "resident_id", "relation": "self"}
    caller.ask("POST", "/me/patients", {**one, "name": LONG}, 422)
    caller.ask("POST", "/me/patients", {**one, "number": MISTYPED}, 422)
    caller.ask("POST", "/me/patients", {**one, CALLER.number: CALLER.name}, 422)
    patient_id = caller.ask("POST", "/me/patients", one, 201)["patient_id"]
    caller.ask("POST", "/me/patients", one, 409)
    caller.ask("GET", f"/me/patients/{patient_id}/verification", None, 200)
    caller.ask("GET", "/me/bookings", None, 200)
    caller.session = ""
    found = {"purpose": "电话预约", "identity_kind": "resident_id"}
    caller.ask("POST", "/patients/resolve", {**found, "identity_number": MOTHER.number, "name": MOTHER.name}, 200)
    caller.ask("POST", "/patients/resolve", {**found, "identity_number": MOTHER.number, "name": CHILD.name}, None)
    caller.ask("POST", "/patients/resolve", b'{"name": "' + MOTHER.name.encode(), None)
    caller.ask("GET", f"/hospitals/{MOTHER.number}", None, None)
    caller.answers.append(httpx.get(f"{window.base}/metrics").text)
    caller.answers.append(httpx.get(f"{window.base}/health/ready").text)
    return caller.answers


@dataclass
class _Caller:
    window: Window
    key: str
    session: str = ""

    def __post_init__(self) -> None:
        self.answers: list[str] = []

    def ask(self, method: str, path: str, body: object, status: int | None) -> Any:
        """`status` None: any refusal, not more."""
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": str(uuid4())}
        headers |= {"X-Account-Session": self.session} if self.session else {}
        content = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        url = f"{self.window.base}/api/v1{path}"
        answer = httpx.request(
            method, url, content=content, headers={**headers, "Content-Type": "application/json"}, timeout=30
        )
        assert answer.status_code == status or (status is None and 400 <= answer.status_code < 500), answer.text
        if answer.status_code >= 300 or path.startswith(("/accounts", "/patients")):
            self.answers.append(answer.text)
        return answer.json() if answer.content else None


# -- what was found --------------------------------------------------------------------------------------------------


def told(leaks: list[Leak]) -> list[str]:
    return [f"{leak.secret.kind} ({leak.secret.whose}), {leak.how}, in {leak.where}" for leak in leaks[:20]]


def in_dump(dump: str) -> list[Leak]:
    everybody = [*secrets_of_journey(), *secrets_of_city()]
    leaks = found_in(dump, "dump", everybody)
    for table, columns, rows in tables_of(dump):
        random = [i for i, column in enumerate(columns) if (table, column) in EIGHT_DIGITS]
        quiet = "\n".join("\t".join(v for i, v in enumerate(row.split("\t")) if i not in random) for row in rows)
        leaks += fragments_in(quiet, table, everybody)
    return leaks


def test_dump_holds_nobody(traces: Traces) -> None:
    dump = traces.dump()
    sizes = {table: len(rows) for table, _, rows in tables_of(dump)}
    assert sizes["people_patient"] >= 20 + 3
    assert sizes["booking_booking"] >= 2
    assert sizes["core_event"] > 100
    assert sizes["core_event_failure"] + sizes["notify_message"] > 0
    assert told(in_dump(dump)) == []


def test_logs_hold_nobody(traces: Traces) -> None:
    written = "\n".join(traces.logs.values())
    assert '"status": 500' in written, "the broken page was logged"
    assert "relay.handler_failed" in written, "so was the handler that failed"
    leaks = []
    for name, text in traces.logs.items():
        leaks += found_in(text, name, [*secrets_of_journey(), *secrets_of_city()])
        leaks += fragments_in(text, name, secrets_of_journey())
    assert told(leaks) == []


def test_addresses_hold_nobody(traces: Traces) -> None:
    assert len(traces.addresses) > 60
    text = "\n".join([*traces.addresses, *(unquote(address) for address in traces.addresses)])
    assert (
        told([*found_in(text, "address", secrets_of_journey()), *fragments_in(text, "address", secrets_of_journey())])
        == []
    )


def test_answers_of_the_api_repeat_nothing_that_was_given(traces: Traces) -> None:
    assert len(traces.answers) > 8
    text = "\n".join(traces.answers)
    assert (
        told([*found_in(text, "answer", secrets_of_journey()), *fragments_in(text, "answer", secrets_of_journey())])
        == []
    )


# -- would it be seen? -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("core_event", "SET body = body || jsonb_build_object('note', '{name}'::text)"),
        ("core_event", "SET shard = 'phone:{phone}'"),
        ("core_event", "SET trace_id = '{end}'"),
        ("core_idempotency_key", "SET answer = jsonb_build_object('number', '{number}')"),
        ("people_patient", "SET name = convert_to('{name}', 'UTF8')"),
        ("core_event", "SET trace_id = encode(convert_to('{name}', 'UTF8'), 'base64')"),
    ],
)
def test_planted_leak_is_seen_in_a_dump(
    traces: Traces, owner_connection: psycopg.Connection, table: str, change: str
) -> None:
    values = {"name": MOTHER.name, "number": MOTHER.number, "phone": MOTHER.phone, "end": MOTHER.number[-6:]}
    with owner_connection.transaction(force_rollback=True):
        owner_connection.execute(f"CREATE TABLE public.{table}_leaking AS SELECT * FROM {table} LIMIT 5")
        owner_connection.execute(f"UPDATE public.{table}_leaking {change.format(**values)}")
        columns = [c.name for c in owner_connection.execute(f"SELECT * FROM {table}_leaking").description or ()]
        with owner_connection.cursor().copy(f"COPY public.{table}_leaking TO STDOUT") as copy:
            rows = b"".join(bytes(part) for part in copy).decode()
    dump = f"COPY public.{table}_leaking ({', '.join(columns)}) FROM stdin;\n{rows}\\.\n"
    assert len(rows.splitlines()) > 0
    assert in_dump(dump) != []


@pytest.mark.parametrize(
    "line",
    [
        f"IntegrityError: Failing row contains (…, {MOTHER.name}, …)",
        json.dumps({"event": "patient.added", "who": MOTHER.name}),
        f"GET /search/?q={MOTHER.name.encode().hex()}",
        f"sent to {CALLER.phone}",
        f"identity …{CHILD.number[-6:]} refused",
        f"area {CHILD.number[:6]} unknown",
        repr(MOTHER.name.encode()).replace("\\x", ""),
    ],
)
def test_planted_leak_is_seen_in_a_log(line: str) -> None:
    leaks = [*found_in(line, "log", secrets_of_journey()), *fragments_in(line, "log", secrets_of_journey())]
    assert leaks != []


def test_birth_date_and_times_are_no_leaks() -> None:
    line = f'{{"born": "19840229", "at": "2026-11-22T06:35:51.{MOTHER.number[:6]}+08:00", "id": "{uuid4()}"}}'
    assert fragments_in(line, "log", secrets_of_journey()) == []
