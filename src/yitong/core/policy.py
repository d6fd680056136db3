"""Policies: every rule of a hospital is data, typed, dated and tightened only downwards.

A policy has a key, a type, a direction in which it grows stricter, a value for the nation or (where no national
rule exists) a default, and the rule of the rulebook from which it comes. Records in the database give the values of
the city, of a hospital and of a department with their dates of effect; `core.db.policies` reads them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from yitong.core.errors import PolicyInvalid, PolicyLoosened, PolicyUnknown

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


def _keys() -> dict[str, PolicyKey]:
    low, high, yes, no, free = Stricter.LOWER, Stricter.HIGHER, Stricter.YES, Stricter.NO, Stricter.FREE
    p = PolicyKey
    keys = [
        p(
            "booking.window.min_days",
            "int",
            1,
            free,
            "R-002",
            "最早可预约天数(D+)",
            "First bookable day (D+)",
            0,
            30,
            department=True,
        ),
        p(
            "booking.window.max_days",
            "int",
            7,
            free,
            "R-002",
            "最远可预约天数(D+)",
            "Last bookable day (D+)",
            1,
            92,
            department=True,
        ),
        p(
            "booking.window.release",
            "time",
            "15:00",
            free,
            "R-002",
            "每日放号时间",
            "Daily release time",
            department=True,
        ),
        p(
            "booking.window.stop_for_tomorrow",
            "time",
            "16:00",
            free,
            "R-002",
            "次日号停止预约时间",
            "Booking for tomorrow stops at",
        ),
        p("booking.window.same_day", "bool", False, free, "R-002", "可否预约当日号", "Same-day booking"),
        p(
            "booking.window.lead_minutes",
            "minutes",
            30,
            free,
            "R-002",
            "当日号提前截止(分钟)",
            "Same-day booking ends before the session's end",
            0,
            480,
        ),
        p(
            "booking.slot_minutes",
            "minutes",
            30,
            low,
            "R-003",
            "每个时段最长(分钟)",
            "Longest time window",
            1,
            60,
            national=60,
        ),
        p(
            "booking.first_visit_named_doctor",
            "bool",
            False,
            no,
            "R-004",
            "首诊可否点名预约医生",
            "First visit may name a doctor",
        ),
        p(
            "booking.limits.same_day_dept",
            "int",
            1,
            low,
            "R-005",
            "同日同院同科室上限",
            "Bookings a day at one department",
            1,
            1,
        ),
        p("booking.limits.same_day", "int", 2, low, "R-005", "同日上限", "Bookings a day", 1, 2),
        p("booking.limits.d7", "int", 3, low, "R-005", "任意7天上限", "Bookings in any 7 days", 1, 3),
        p("booking.limits.m3", "int", 5, low, "R-005", "任意3个月上限", "Bookings in any 3 months", 1, 5),
        p(
            "booking.limits.per_phone_m3",
            "int",
            15,
            low,
            "R-010",
            "同一账户3个月预约上限",
            "Bookings of one account in 3 months",
            1,
            100,
        ),
        p(
            "booking.limits.cancels_m1",
            "int",
            15,
            low,
            "R-010",
            "同一账户1个月退号上限",
            "Cancellations of one account in a month",
            1,
            100,
        ),
        p(
            "booking.limits.device_per_min",
            "int",
            6,
            low,
            "R-017",
            "同一设备每分钟操作上限",
            "Attempts a minute on one device",
            1,
            600,
        ),
        p("booking.account.patients", "int", 3, low, "R-006", "每个账户就诊人上限", "Patients of one account", 1, 10),
        p(
            "booking.cancel.days_before",
            "int",
            1,
            free,
            "R-007",
            "退号截止:就诊前几天",
            "Cancel until days before",
            0,
            7,
        ),
        p("booking.cancel.time", "time", "15:00", free, "R-007", "退号截止时间", "Cancel until (time)"),
        p(
            "booking.pickup.grace_minutes",
            "minutes",
            30,
            free,
            "R-008",
            "时段结束后保留(分钟)",
            "Kept after the window's end",
            0,
            480,
        ),
        p(
            "booking.noshow",
            "ladder",
            [
                {"count": 3, "period": "natural_year", "lock_days": 90},
                {"count": 6, "period": "natural_year", "lock_days": 180},
            ],
            free,
            "R-009",
            "爽约限制",
            "No-show ladder",
        ),
        p("booking.hold_minutes", "minutes", 15, free, "R-018", "待支付保留(分钟)", "Hold until paid", 5, 30),
        p(
            "booking.rerelease.min_minutes",
            "minutes",
            10,
            free,
            "R-017",
            "退号再放出:最短(分钟)",
            "Freed slot returns after at least",
            0,
            1440,
        ),
        p(
            "booking.rerelease.max_minutes",
            "minutes",
            60,
            free,
            "R-017",
            "退号再放出:最长(分钟)",
            "Freed slot returns after at most",
            0,
            1440,
        ),
        p("booking.verified_only", "bool", True, yes, "R-045", "须实名核验后预约", "Booking needs a verified identity"),
        p("booking.arrears_block", "bool", True, yes, "R-011", "欠费不可预约", "Arrears block booking"),
        p(
            "booking.payment",
            "choice",
            "at_visit",
            free,
            "R-018",
            "缴费方式",
            "Payment",
            choices=("at_visit", "online"),
        ),
        p(
            "booking.extra_per_session",
            "int",
            3,
            low,
            "R-014",
            "每单元加号上限",
            "Extra slots a session",
            0,
            50,
            department=True,
        ),
        p(
            "booking.stop_undo_seconds",
            "int",
            60,
            free,
            "R-016",
            "停诊可撤销时间(秒)",
            "Seconds in which a stop can be undone",
            0,
            600,
        ),
        p(
            "pools.bookable",
            "share",
            "0.85",
            high,
            "R-012",
            "开放预约的号源比例",
            "Share of slots open to booking",
            department=True,
        ),
        p(
            "pools.platform",
            "share",
            "0.3",
            high,
            "R-012",
            "统一平台号源比例",
            "Share of the platform",
            department=True,
        ),
        p("pools.referral", "share", "0.3", free, "R-012", "转诊号源比例", "Share of referral", department=True),
        p(
            "pools.referral_expert",
            "share",
            "0.5",
            free,
            "R-012",
            "专家号中的转诊比例",
            "Share of referral among expert slots",
            department=True,
        ),
        p("pools.phone", "share", "0.1", free, "R-012", "电话预约号源比例", "Share of the phone", department=True),
        p("pools.revisit", "share", "0.1", free, "R-012", "复诊预约号源比例", "Share of revisits", department=True),
        p(
            "pools.referral_lead_days",
            "int",
            14,
            free,
            "R-012",
            "转诊号提前开放(天)",
            "Referral slots open days ahead of the release",
            0,
            60,
        ),
        p(
            "pools.onsite_special",
            "share",
            "0.1",
            free,
            "R-013",
            "现场照顾号源比例",
            "On-site share for the old and special groups",
        ),
        p(
            "pools.referral_return_days",
            "int",
            1,
            free,
            "R-012",
            "未用转诊号退回:就诊前几天",
            "Unused referral slots return days before",
            0,
            14,
        ),
        p(
            "pools.referral_return_time",
            "time",
            "12:00",
            free,
            "R-012",
            "未用转诊号退回时间",
            "Unused referral slots return at",
        ),
        p(
            "identity.second_fact_days",
            "int",
            90,
            low,
            "R-048",
            "多少天后再次登录须补充验证",
            "Second fact after days",
            1,
            365,
        ),
        p(
            "identity.qr_seconds",
            "int",
            60,
            low,
            "R-104",
            "动态码有效秒数",
            "Life of the dynamic code in seconds",
            15,
            120,
        ),
        p("staff.lock_fails", "int", 5, low, "R-205", "连续失败锁定次数", "Failures until locked", 1, 10),
        p("staff.lock_minutes", "minutes", 30, high, "R-205", "锁定时长(分钟)", "Locked for", 5, 1440),
        p("staff.idle_minutes", "minutes", 15, low, "R-205", "无操作退出(分钟)", "Idle time-out", 1, 60),
    ]
    return {key.key: key for key in keys}


KEYS: Mapping[str, PolicyKey] = _keys()


def key_named(name: str) -> PolicyKey:
    if name not in KEYS:
        raise PolicyUnknown(key=name)
    return KEYS[name]


class Policies:
    """The values in force at one instant for one hospital (and department), typed: `.minutes(…)`, `.time(…)`."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, JsonValue]) -> None:
        self._values = {**{name: key.default for name, key in KEYS.items()}, **values}

    def raw(self, name: str) -> JsonValue:
        return self._values[key_named(name).key]

    def int(self, name: str) -> int:
        value = self.raw(name)
        assert isinstance(value, int)
        return value

    def flag(self, name: str) -> bool:
        return self.raw(name) is True

    def minutes(self, name: str) -> timedelta:
        return timedelta(minutes=self.int(name))

    def time(self, name: str) -> time:
        return time.fromisoformat(str(self.raw(name)))

    def share(self, name: str) -> Decimal:
        return Decimal(str(self.raw(name)))

    def word(self, name: str) -> str:
        return str(self.raw(name))

    def ladder(self) -> Ladder:
        value = self.raw("booking.noshow")
        assert isinstance(value, list)
        return value

    def as_dict(self) -> dict[str, JsonValue]:
        return dict(self._values)
