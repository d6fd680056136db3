"""The calendar file as RFC 5545 asks: lines, folding, escapes, the zone, one identity through its changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from yitong.formats import icalendar

ONE = icalendar.Appointment(
    uid="0198@yitong",
    sequence=7,
    starts_at=datetime(2026, 12, 1, 1, 0, tzinfo=UTC),
    ends_at=datetime(2026, 12, 1, 1, 30, tzinfo=UTC),
    summary="就诊:眼科,3号诊室;上午",
    location="北京友谊医院 永安路95号",
    description="带证件\n提前到",
    url="https://yitong.example/bookings/1/",
    status=icalendar.Status.CONFIRMED,
    written_at=datetime(2026, 11, 26, 14, 0, 5, tzinfo=UTC),
    alarms=(timedelta(days=1), timedelta(hours=2)),
)


def lines_of(body: bytes) -> list[str]:
    """Unfolded (section 3.1)."""
    assert body.endswith(b"\r\n")
    return body.decode().replace("\r\n ", "").removesuffix("\r\n").split("\r\n")


def test_time_zone_identity_and_state_are_told() -> None:
    lines = lines_of(icalendar.write(ONE))
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert lines[-1] == "END:VCALENDAR"
    for line in (
        "UID:0198@yitong",
        "SEQUENCE:7",
        "DTSTAMP:20261126T140005Z",
        "DTSTART;TZID=Asia/Shanghai:20261201T090000",
        "DTEND;TZID=Asia/Shanghai:20261201T093000",
        "STATUS:CONFIRMED",
        "TZOFFSETTO:+0800",
        "TRIGGER:-PT1440M",
        "TRIGGER:-PT120M",
    ):
        assert lines.count(line) == 1, line


def test_what_begins_ends_in_order() -> None:
    open_parts: list[str] = []
    for line in lines_of(icalendar.write(ONE)):
        name, _, value = line.partition(":")
        if name == "BEGIN":
            open_parts.append(value)
        if name == "END":
            assert open_parts.pop() == value
    assert open_parts == []


def test_texts_are_escaped() -> None:
    lines = lines_of(icalendar.write(replace(ONE, summary="a,b;c\\d\r\ne\x07")))
    assert "SUMMARY:a\\,b\\;c\\\\d\\ne" in lines
    assert "DESCRIPTION:带证件\\n提前到" in lines


@pytest.mark.parametrize("sign", ["a", "医", "𠮷"])
@pytest.mark.parametrize("length", range(20, 90, 7))
def test_lines_are_folded_at_75_octets_and_never_within_a_character(sign: str, length: int) -> None:
    body = icalendar.write(replace(ONE, summary=sign * length))
    for line in body.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()
    assert f"SUMMARY:{sign * length}" in lines_of(body)


def test_no_alarm_where_none_is_asked_for() -> None:
    called_off = replace(ONE, status=icalendar.Status.CANCELLED, alarms=())
    lines = lines_of(icalendar.write(called_off))
    assert "STATUS:CANCELLED" in lines
    assert "BEGIN:VALARM" not in lines
