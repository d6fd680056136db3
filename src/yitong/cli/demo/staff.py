"""Demo staff, channels and log-ins. They exist in a demo city only; the pages that print them say so."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from yitong.cli.demo import facts

HospitalRole = Literal["registrar", "nurse", "doctor", "roster_manager", "hospital_admin"]
CityRole = Literal["city_operator", "policy_officer", "security_admin", "auditor"]

HOSPITAL_ROLES: dict[HospitalRole, str] = {
    "registrar": "挂号员",
    "nurse": "分诊护士",
    "doctor": "门诊医师",
    "roster_manager": "排班员",
    "hospital_admin": "本院管理员",
}
LOGINS: dict[HospitalRole, str] = {
    "registrar": "registrar",
    "nurse": "nurse",
    "doctor": "doctor",
    "roster_manager": "roster",
    "hospital_admin": "admin",
}
CITY_ROLES: dict[CityRole, str] = {
    "city_operator": "城市运营",
    "policy_officer": "规则管理",
    "security_admin": "安全管理",
    "auditor": "审计",
}


PASSWORD = "spring-rain-2026"  # of every demo log-in; a demo is for one machine


SECOND_FACTOR = frozenset({*CITY_ROLES, "hospital_admin"})  # who can't work with a password alone


@dataclass(frozen=True, slots=True)
class StaffMember:
    """`practitioner_code` ties a doctor to the sessions that are theirs. One who does not sign in was invited and
    has set no password yet."""

    login: str
    name: str
    role: HospitalRole | CityRole
    hospital_code: str | None
    practitioner_code: str | None = None
    signs_in: bool = True


@dataclass(frozen=True, slots=True)
class Channel:
    code: str
    name_zh: str
    kind: Literal["own", "partner"]
    purpose_zh: str
    scopes: tuple[str, ...]
    per_minute: int
    contract_years: int | None = None


_FULL = ("slots:counts", "catalogue:read", "patients:resolve", "patients:write", "bookings:read", "bookings:write")

CHANNELS: tuple[Channel, ...] = (
    Channel("app", "手机应用", "own", "患者手机应用", (*_FULL, "accounts:sign_in"), 6000),
    Channel("kiosk", "自助机", "own", "医院大厅自助机", _FULL, 3000),
    Channel("api", "开放接口", "own", "医院公众号和小程序", (*_FULL, "accounts:sign_in"), 3000),
    Channel("114", "114 电话预约", "own", "电话坐席代为预约", _FULL, 1200),
    Channel(
        "partner",
        "合作方（仅余号数）",
        "partner",
        "公众查询各科余号，不含个人信息",
        ("slots:counts",),
        60,
        contract_years=1,
    ),
)


def staff(hospital_codes: tuple[str, ...], doctors: dict[str, str]) -> tuple[StaffMember, ...]:
    """One of each city role, an administrator at each hospital, and every role with its log-in where there is a doctor
    to be: `doctors` is hospital → practitioner code."""
    return tuple(_staff(hospital_codes, doctors))


def _staff(hospital_codes: tuple[str, ...], doctors: dict[str, str]) -> Iterator[StaffMember]:
    for city_role, name in CITY_ROLES.items():
        yield StaffMember(f"city-{city_role.removeprefix('city_').split('_')[0]}", f"演示{name}", city_role, None)
    for code in hospital_codes:
        short = facts.hospital(code).short_zh
        for role, name in HOSPITAL_ROLES.items():
            if role == "hospital_admin" or code in doctors:
                yield StaffMember(
                    f"{code.lower()}-{LOGINS[role]}",
                    f"演示{name}（{short}）",
                    role,
                    code,
                    doctors.get(code) if role == "doctor" else None,
                    code in doctors,
                )
