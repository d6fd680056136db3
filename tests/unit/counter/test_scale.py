"""The booking window's statements are judged as Django's are: a database spread over hospitals could carry each.

It asks by connections of its own, which the recorder doesn't see; so all that it asks stands in `counter.statements`.
"""

import ast
from pathlib import Path

import pytest
from tests import recorder

from yitong.counter import statements
from yitong.counter.line import statements as of_lines

COUNTER = Path(statements.__file__).parent
# Those that go over all hospitals on purpose.
CITY_WIDE = {
    "EVENTS_SINCE": "a window follows the whole city: it sells for all hospitals",
    "LOAD": "so do its lines",
    "CHANGED": "so do its lines",
}
ASKED = {
    name: text
    for module in (statements, of_lines)
    for name, text in vars(module).items()
    if name.isupper() and not name.startswith("_") and isinstance(text, str)
}


@pytest.mark.parametrize("name", sorted(ASKED))
def test_each_statement_stays_within_its_hospitals(name: str) -> None:
    faults = recorder.faults_of(ASKED[name])
    if name in CITY_WIDE:
        assert [excusable for _, excusable in faults] == [True]
    else:
        assert faults == ()


def test_the_recorder_knows_the_windows_tables() -> None:
    """Else each of them would pass unread."""
    tables = {"booking_booking", "schedule_slot", "schedule_clinic_session", "core_event"}
    assert tables <= recorder.hospital_tables()
    for table in tables:
        assert any(table in text for text in ASKED.values()), table


@pytest.mark.parametrize(
    ("name", "planted", "fault"),
    [
        ("SHARE_SESSIONS", ("s.hospital_id = w.hospital_id AND ", ""), "locks rows over all hospitals"),
        ("BY_ID", ("f.hospital_id = w.hospital_id AND ", ""), "goes over all hospitals"),
        ("FINISH", ("s.hospital_id = w.hospital_id AND ", ""), "goes over all hospitals"),
        ("FINISH", ("INSERT INTO core_event (hospital_id, ", "INSERT INTO core_event ("), "writes core_event without"),
        ("JOIN", ("AS p (hospital_id, ", "AS p ("), "writes booking_place without"),
        ("ADMIT", ("p.hospital_id = w.hospital_id AND ", ""), "goes over all hospitals"),
        ("LOCK_LINES", ("l.hospital_id = w.hospital_id AND ", ""), "locks rows over all hospitals"),
        ("COPY_BOOKINGS", ("(hospital_id, ", "("), "writes booking_booking without"),
        ("SESSION_KEYS", ("s.hospital_id = %s AND ", ""), "goes over all hospitals"),
    ],
)
def test_a_planted_fault_is_found(name: str, planted: tuple[str, str], fault: str) -> None:
    spoilt = ASKED[name].replace(*planted)
    assert spoilt != ASKED[name]
    assert [what for what, _ in recorder.faults_of(spoilt) if fault in what], recorder.faults_of(spoilt)


def test_nothing_is_asked_that_stands_elsewhere() -> None:
    found = []
    for path in COUNTER.rglob("*.py"):
        if path.name == "statements.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                asks = recorder.TOUCHES.match(node.value) or recorder.COPIES.match(node.value)
                if asks and any(table in node.value for table in recorder.hospital_tables()):
                    found.append(f"{path.name}:{node.lineno}")
    assert found == []
