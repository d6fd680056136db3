"""The booking terms of the demo's hospitals and the city's profile: policy values, as `core.policy.keys` knows them.

The city's are section 15 of the rulebook. The hospitals' differ as real ones do (release at midnight, at seven, at
three; cancelling until the evening or the morning of the visit), but which hospital has which is made up.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from yitong.cli.demo import facts
from yitong.core.policy.kinds import JsonValue


@dataclass(frozen=True, slots=True)
class Terms:
    hospital_code: str
    slot_minutes: int


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """One value of one key: the city's, or a hospital's own."""

    hospital_code: str | None
    key: str
    value: JsonValue
    source: str


_KEYS = {
    "max_days": ("booking.window.max_days", "R-002"),
    "release": ("booking.window.release", "R-002"),
    "stop_for_tomorrow": ("booking.window.stop_for_tomorrow", "R-002"),
    "same_day": ("booking.window.same_day", "R-002"),
    "lead_minutes": ("booking.window.lead_minutes", "R-002"),
    "cancel_days_before": ("booking.cancel.days_before", "R-007"),
    "cancel_time": ("booking.cancel.time", "R-007"),
    "grace_minutes": ("booking.pickup.grace_minutes", "R-008"),
    "slot_minutes": ("booking.slot_minutes", "R-003"),
}


@cache
def terms_of(hospital_code: str) -> Terms:
    row = next(row for row in facts.table("terms") if row["hospital_code"] == hospital_code)
    return Terms(hospital_code, int(row["slot_minutes"]))


def city_policies() -> Iterator[PolicyValue]:
    """The Beijing profile, value by value."""
    for row in facts.table("city_policies"):
        yield PolicyValue(None, row["key"], json.loads(row["value"]), row["source"])


def hospital_policies(hospital_codes: frozenset[str]) -> Iterator[PolicyValue]:
    """What these hospitals set otherwise than the city."""
    city = {one.key: one.value for one in city_policies()}
    for row in facts.table("terms"):
        if row["hospital_code"] not in hospital_codes:
            continue
        for column, (key, source) in _KEYS.items():
            value = _typed(row[column])
            if value != city.get(key):
                yield PolicyValue(row["hospital_code"], key, value, source)


def _typed(text: str) -> JsonValue:
    if text in ("yes", "no"):
        return text == "yes"
    return int(text) if text.isdigit() else text
