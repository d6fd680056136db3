"""iCalendar (RFC 5545), the little of it that an appointment needs: one event in its time zone, with reminders.

Only writing: calendars read it. Lines end in CRLF and are folded at 75 octets, never inside a character.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

MEDIA_TYPE = "text/calendar; charset=utf-8"
LONGEST_LINE = 75  # octets, the line break not counted (section 3.1)
PRODUCT = "-//Yitong//Yitong//ZH"
ZONE = "Asia/Shanghai"
# China has kept one time, without summer time, since 1991 (section 3.6.5).
TIME_ZONE = (
    "BEGIN:VTIMEZONE",
    f"TZID:{ZONE}",
    "BEGIN:STANDARD",
    "DTSTART:19910915T000000",
    "TZOFFSETFROM:+0800",
    "TZOFFSETTO:+0800",
    "TZNAME:CST",
    "END:STANDARD",
    "END:VTIMEZONE",
)
SHANGHAI = timedelta(hours=8)


class Status(StrEnum):
    TENTATIVE = "TENTATIVE"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Appointment:
    """One event. `uid` is the same for each writing of it, and the writing of the highest `sequence` is the one that
    counts: so a calendar changes what it has and adds nothing twice (sections 3.8.4.7, 3.8.7.4)."""

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    description: str
    url: str
    status: Status
    written_at: datetime
    alarms: Sequence[timedelta] = ()  # how long before the start


def write(one: Appointment) -> bytes:
    """The whole file."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        *TIME_ZONE,
        "BEGIN:VEVENT",
        f"UID:{_text(one.uid)}",
        f"SEQUENCE:{one.sequence}",
        f"DTSTAMP:{one.written_at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;TZID={ZONE}:{_local(one.starts_at)}",
        f"DTEND;TZID={ZONE}:{_local(one.ends_at)}",
        f"SUMMARY:{_text(one.summary)}",
        f"LOCATION:{_text(one.location)}",
        f"DESCRIPTION:{_text(one.description)}",
        f"URL:{one.url}",
        f"STATUS:{one.status.value}",
        *(line for before in one.alarms for line in _alarm(one, before)),
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(part + b"\r\n" for line in lines for part in _folded(line))


def _alarm(one: Appointment, before: timedelta) -> tuple[str, ...]:
    minutes = int(before.total_seconds()) // 60
    return (
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_text(one.summary)}",
        f"TRIGGER:-PT{minutes}M",
        "END:VALARM",
    )


def _local(instant: datetime) -> str:
    return f"{instant.astimezone(UTC) + SHANGHAI:%Y%m%dT%H%M%S}"


def _text(value: str) -> str:
    """Escaped as section 3.3.11 asks; other control characters go."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    escaped = escaped.replace("\r\n", "\n").replace("\n", "\\n")
    return "".join(sign for sign in escaped if sign.isprintable())


def _folded(line: str) -> Iterator[bytes]:
    """The line in parts of at most 75 octets, each but the first begun by a blank."""
    part = b""
    for sign in line:
        encoded = sign.encode()
        if len(part) + len(encoded) > LONGEST_LINE:
            yield part
            part = b" "
        part += encoded
    yield part
