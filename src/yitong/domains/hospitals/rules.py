"""Decisions about hospitals' data, and the rules in words for patients."""

import math
import re
from collections.abc import Iterable, Sequence
from datetime import date

from yitong.core.policy.values import Policies
from yitong.domains.hospitals.contracts.things import Campus, PolicyLine
from yitong.domains.hospitals.contracts.writes import (
    CampusFacts,
    DepartmentFacts,
    FeeFacts,
    HospitalFacts,
    PractitionerFacts,
)
from yitong.domains.hospitals.errors import EligibilityInvalid, FactsInvalid, FeeFixed

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
NATIONAL_CODE = re.compile(r"[0-9]{2}(\.[0-9]{2}){0,2}")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")
OLDEST = 150
EARTH_M = 6_371_009
HIGHEST_FEE_FEN = 1_000_000
MOST_ROWS = 20_000


def checked_text(field: str, value: str, *, least: int = 1, most: int) -> str:
    """The text without outer blanks; refuses FactsInvalid when too short, too long or with control characters."""
    text = value.strip()
    if not least <= len(text) <= most or CONTROL.search(text):
        raise FactsInvalid(field=field, least=least, most=most)
    return text


def check_code(value: str, *, most: int = 40) -> None:
    if not CODE.fullmatch(value) or len(value) > most:
        raise FactsInvalid(field="code", least=1, most=most)


def check_hospital(facts: HospitalFacts) -> None:
    for field, most in (
        ("name", 120),
        ("name_en", 200),
        ("short_name", 40),
        ("level", 32),
        ("kind", 32),
        ("district", 40),
    ):
        checked_text(field, getattr(facts, field), most=most)
    for field, most in (("short_name_en", 120), ("phone", 40), ("introduction", 4000)):
        checked_text(field, getattr(facts, field), least=0, most=most)
    if len(facts.specialties) > 40:
        raise FactsInvalid(field="specialties", least=0, most=40)
    for name in facts.specialties:
        checked_text("specialties", name, most=60)


def check_campus(facts: CampusFacts) -> None:
    check_code(facts.code, most=32)
    for field, least, most in (
        ("name", 1, 80),
        ("name_en", 0, 120),
        ("district", 1, 40),
        ("address", 1, 200),
        ("directions", 0, 2000),
    ):
        checked_text(field, getattr(facts, field), least=least, most=most)

    places = [(facts.latitude, 90), (facts.longitude, 180)]
    if (facts.latitude is None) is not (facts.longitude is None):
        raise FactsInvalid(field="latitude", least=-90, most=90)
    for degrees, most in places:
        if degrees is not None and not -most <= degrees <= most:
            raise FactsInvalid(field="latitude" if most == 90 else "longitude", least=-most, most=most)


def distance_m(one: Campus, other: Campus) -> int | None:
    """By the haversine on a sphere of the Earth's mean radius: half a percent off at most."""
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return None
    north, east = math.radians(other.latitude - one.latitude), math.radians(other.longitude - one.longitude)
    away = math.cos(math.radians(one.latitude)) * math.cos(math.radians(other.latitude)) * math.sin(east / 2) ** 2
    return round(2 * EARTH_M * math.asin(math.sqrt(math.sin(north / 2) ** 2 + away)))


def check_department(facts: DepartmentFacts) -> None:
    """Refuses FactsInvalid, EligibilityInvalid (R-046)."""
    check_code(facts.code)
    if not NATIONAL_CODE.fullmatch(facts.national_code):
        raise FactsInvalid(field="national_code", least=2, most=8)
    for field, least, most in (
        ("name", 1, 80),
        ("name_en", 0, 120),
        ("code_reason", 1, 200),
        ("location", 0, 120),
        ("introduction", 0, 4000),
    ):
        checked_text(field, getattr(facts, field), least=least, most=most)
    if facts.sex not in (None, "female", "male"):
        raise EligibilityInvalid()
    ages = [age for age in (facts.age_from, facts.age_below) if age is not None]
    if any(not 0 <= age <= OLDEST for age in ages) or (len(ages) == 2 and ages[0] >= ages[1]):
        raise EligibilityInvalid()


def check_practitioner(facts: PractitionerFacts) -> None:
    check_code(facts.code)
    for field, least, most in (
        ("name", 1, 60),
        ("name_en", 0, 80),
        ("licence", 1, 40),
        ("specialties", 0, 400),
        ("introduction", 0, 4000),
    ):
        checked_text(field, getattr(facts, field), least=least, most=most)
    if not 1 <= len(facts.department_codes) <= 20 or len(set(facts.department_codes)) != len(facts.department_codes):
        raise FactsInvalid(field="department_codes", least=1, most=20)


def check_fee(facts: FeeFacts, *, today: date, has_earlier: bool, has_begun: bool) -> None:
    """A price begins today or later; the very first one of its kind may have begun before. One that has begun stands
    (R-162)."""
    if type(facts.fee_fen) is not int or not 0 <= facts.fee_fen <= HIGHEST_FEE_FEN:
        raise FactsInvalid(field="fee_fen", least=0, most=HIGHEST_FEE_FEN)
    checked_text("source", facts.source, least=0, most=200)
    if has_begun or (has_earlier and facts.effective_date < today):
        raise FeeFixed(effective_date=facts.effective_date.isoformat())


def check_rows(codes: Sequence[str]) -> None:
    """A file that names the same code twice contradicts itself; no hospital has 20,000 of anything."""
    if len(set(codes)) != len(codes):
        raise FactsInvalid(field="code", least=1, most=1)
    if len(codes) > MOST_ROWS:
        raise FactsInvalid(field="rows", least=0, most=MOST_ROWS)


def search_terms(names: Iterable[str]) -> str:
    """Names, their pinyin and their initials in lower case, each between blanks: ` 心内科 xinneike xnk `."""
    terms: dict[str, None] = {}
    for name in names:
        plain = " ".join(name.lower().split())
        if not plain:
            continue
        terms[plain] = None
        if any("\u4e00" <= sign <= "\u9fff" for sign in plain):
            from pypinyin import Style, lazy_pinyin  # half a second and its dictionaries, for who writes names only

            terms["".join(lazy_pinyin(plain)).replace(" ", "")] = None
            terms["".join(lazy_pinyin(plain, style=Style.FIRST_LETTER)).replace(" ", "")] = None
    return f" {' '.join(terms)} "[:1000]


def asked(text: str) -> str:
    """A search text as `search_terms` writes it, at most 40 signs."""
    return " ".join(CONTROL.sub("", text).lower().split())[:40]


def rules_for_patients(policies: Policies, language: str) -> list[PolicyLine]:
    """What a patient should know before booking, each line made from the value that is enforced (S-38)."""
    english = language.startswith("en")
    return [
        PolicyLine(policy, rule, en if english else zh)
        for lines in (_window_lines(policies), _visit_lines(policies), _limit_lines(policies), _noshow_lines(policies))
        for policy, rule, zh, en in lines
    ]


Line = tuple[str, str, str, str]


def _window_lines(policies: Policies) -> list[Line]:
    least, most = policies.int("booking.window.min_days"), policies.int("booking.window.max_days")
    release = policies.time("booking.window.release").strftime("%H:%M")
    stop = policies.time("booking.window.stop_for_tomorrow").strftime("%H:%M")
    lead = policies.int("booking.window.lead_minutes")
    lines = [
        (
            "booking.window.max_days",
            "R-002",
            f"可预约{_day_zh(least)}至{_day_zh(most)}的号，每天{release}放出新一天的号",
            f"You can book from {_day_en(least)} to {_day_en(most)}; a new day opens at {release} each day",
        )
    ]
    if least <= 1:
        lines.append(
            (
                "booking.window.stop_for_tomorrow",
                "R-002",
                f"明天的号，今天{stop}停止预约",
                f"Booking for tomorrow ends today at {stop}",
            )
        )
    if policies.flag("booking.window.same_day"):
        lines.append(
            (
                "booking.window.same_day",
                "R-002",
                f"可预约当天的号，出诊结束前{lead}分钟停止",
                f"You can book for today until {lead} minutes before the session ends",
            )
        )
    else:
        lines.append(
            (
                "booking.window.same_day",
                "R-002",
                "网上不能预约当天的号，当天就诊请到医院窗口",
                "No online booking for today; for a visit today please come to the hospital's desk",
            )
        )
    return lines


def _visit_lines(policies: Policies) -> list[Line]:
    days, at = policies.int("booking.cancel.days_before"), policies.time("booking.cancel.time").strftime("%H:%M")
    when_zh = "就诊当天" if days == 0 else "就诊前一天" if days == 1 else f"就诊前{days}天"
    when_en = "on the day of the visit" if days == 0 else "the day before" if days == 1 else f"{days} days before"
    grace, hold = policies.int("booking.pickup.grace_minutes"), policies.int("booking.hold_minutes")
    lines = [
        (
            "booking.cancel.time",
            "R-007",
            f"取消、改约请在{when_zh}{at}前办理",
            f"Cancel or move a booking until {at} {when_en}",
        ),
        (
            "booking.pickup.grace_minutes",
            "R-008",
            f"请在预约时段结束后{grace}分钟内报到，过时号作废",
            f"Check in no later than {grace} minutes after your time window, or the booking is void",
        ),
    ]
    if policies.word("booking.payment") == "online":
        lines.append(
            (
                "booking.payment",
                "R-018",
                f"预约后请在{hold}分钟内付费，超时号自动退回",
                f"Pay within {hold} minutes after booking, or the slot is given back",
            )
        )
    else:
        lines.append(("booking.payment", "R-018", "预约时不收费，就诊时付费", "No payment now; you pay at the visit"))
    if policies.flag("booking.verified_only"):
        lines.append(
            (
                "booking.verified_only",
                "R-045",
                "预约须实名核验；未核验可到医院窗口或拨打114办理",
                "Booking needs a verified identity; without it, book at the hospital's desk or by phone 114",
            )
        )
    if policies.flag("booking.first_visit_named_doctor"):
        lines.append(
            ("booking.first_visit_named_doctor", "R-004", "首次就诊可点名预约医生", "A first visit may name a doctor")
        )
    else:
        lines.append(
            (
                "booking.first_visit_named_doctor",
                "R-004",
                "首次就诊请按专业和职称预约",
                "A first visit is booked by specialty and title",
            )
        )
    return lines


def _limit_lines(policies: Policies) -> list[Line]:
    dept, day = policies.int("booking.limits.same_day_dept"), policies.int("booking.limits.same_day")
    week, quarter = policies.int("booking.limits.d7"), policies.int("booking.limits.m3")
    return [
        (
            "booking.limits.same_day",
            "R-005",
            f"同一天同一科室限约{dept}个号，同一天共限约{day}个号",
            f"At most {_times_en(dept)} a day at one department, {_times_en(day)} a day in all",
        ),
        (
            "booking.limits.m3",
            "R-005",
            f"任意7天限约{week}个号，任意3个月限约{quarter}个号",
            f"At most {_times_en(week)} in any 7 days, {_times_en(quarter)} in any 3 months",
        ),
    ]


def _noshow_lines(policies: Policies) -> list[Line]:
    lines = []
    for step in policies.ladder():
        year = step["period"] == "natural_year"
        count, days = step["count"], step["lock_days"]
        within_zh, within_en = ("一年内", "a calendar year") if year else ("3个月内", "3 months")
        zh = f"{within_zh}爽约{count}次，{days}天内不能预约；急诊和现场就诊不受影响"
        en = f"{count} missed visits in {within_en}: no booking for {days} days; emergency and walk-in are not affected"
        lines.append(("booking.noshow", "R-009", zh, en))
    return lines


def _day_zh(days: int) -> str:
    return {0: "今天", 1: "明天"}.get(days, f"{days}天后")


def _day_en(days: int) -> str:
    return {0: "today", 1: "tomorrow"}.get(days, f"{days} days ahead")


def _times_en(count: int) -> str:
    return "one booking" if count == 1 else f"{count} bookings"
