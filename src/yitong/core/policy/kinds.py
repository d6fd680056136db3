"""Policies: every rule of a hospital is data, typed, dated and tightened only downwards.

A policy has a key, a type, a direction in which it grows stricter, a value for the nation or (where no national
rule exists) a default, and the rule of the rulebook from which it comes. Records in the database give the values of
the city, of a hospital and of a department with their dates of effect; `core.db.policies` reads them.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from yitong.core.errors import PolicyInvalid, PolicyLoosened

Scope = Literal["nation", "city", "hospital", "department"]
SCOPES: tuple[Scope, ...] = ("nation", "city", "hospital", "department")
Ladder = list[dict[str, int | str]]
JsonValue = int | bool | str | Ladder


class Stricter(StrEnum):
    """Which values of a policy are stricter."""

    LOWER = "lower"
    HIGHER = "higher"
    YES = "true"
    NO = "false"
    FREE = "free"  # a narrower scope may choose any value within the bounds


@dataclass(frozen=True, slots=True)
class PolicyKey:
    """One policy. `least` and `most` bound its value; `stricter` says which way a narrower scope may go."""

    key: str
    kind: Literal["int", "bool", "time", "minutes", "share", "ladder", "choice"]
    default: JsonValue
    stricter: Stricter
    rule: str
    zh: str
    en: str
    least: int | str | None = None
    most: int | str | None = None
    choices: tuple[str, ...] = ()
    national: JsonValue | None = None
    department: bool = False  # whether a department may have a value of its own

    def checked(self, value: object) -> JsonValue:
        """The value as stored, or PolicyInvalid."""
        match self.kind:
            case "int" | "minutes" if type(value) is int and self._within(value):
                return value
            case "bool" if type(value) is bool:
                return value
            case "time" if isinstance(value, str) and _is_time(value):
                return value
            case "share" if isinstance(value, str) and _is_share(value):
                return value
            case "choice" if value in self.choices:
                return str(value)
            case "ladder" if _is_ladder(value):
                return value  # type: ignore[return-value]
        raise PolicyInvalid(key=self.key, value=str(value)[:40])

    def check_not_looser(self, value: JsonValue, bound: JsonValue) -> None:
        """Refuses PolicyLoosened where `value` is looser than what a higher scope says."""
        if self.stricter is Stricter.FREE:
            return
        if self.kind == "ladder":
            looser = not _ladder_covers(value, bound)
        else:
            order = (_comparable(value), _comparable(bound))
            looser = (self.stricter in (Stricter.LOWER, Stricter.NO) and order[0] > order[1]) or (
                self.stricter in (Stricter.HIGHER, Stricter.YES) and order[0] < order[1]
            )
        if looser:
            raise PolicyLoosened(key=self.key, value=str(value), bound=str(bound))

    def _within(self, value: int) -> bool:
        return (self.least is None or value >= int(self.least)) and (self.most is None or value <= int(self.most))


def _is_time(value: str) -> bool:
    return re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", value) is not None


def _is_share(value: str) -> bool:
    try:
        return Decimal(0) <= Decimal(value) <= Decimal(1)
    except ArithmeticError:
        return False


def _is_ladder(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(step, dict)
        and set(step) == {"count", "period", "lock_days"}
        and step["period"] in ("natural_year", "3_months")
        and all(type(step[name]) is int and step[name] > 0 for name in ("count", "lock_days"))
        for step in value
    )


def _ladder_covers(value: JsonValue, bound: JsonValue) -> bool:
    """Whether every step of `bound` is met by a step that comes no later and locks no shorter."""
    steps: list[dict] = value  # type: ignore[assignment]
    least: list[dict] = bound  # type: ignore[assignment]
    return all(any(s["count"] <= b["count"] and s["lock_days"] >= b["lock_days"] for s in steps) for b in least)


def _comparable(value: JsonValue) -> Decimal:
    match value:
        case bool() | int():
            return Decimal(int(value))
        case str() if ":" in value:
            hours, minutes = value.split(":")[:2]
            return Decimal(int(hours) * 60 + int(minutes))
        case str():
            return Decimal(value)
    raise TypeError("this policy has no order")
