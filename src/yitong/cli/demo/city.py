"""The demo city as a whole: what `load` writes, made from facts, a seed and the day of loading."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from yitong.cli.demo import draw, facts, people, rosters, terms
from yitong.cli.demo.departments import OutpatientDepartment, outpatient_departments
from yitong.cli.demo.people import Account
from yitong.cli.demo.practitioners import Practitioner, practitioners
from yitong.cli.demo.rosters import RosterLine
from yitong.cli.demo.staff import CHANNELS, PASSWORD, SECOND_FACTOR, Channel, StaffMember, staff
from yitong.cli.demo.terms import PolicyValue
from yitong.core.clock import at_shanghai, shanghai_date

CityName = Literal["small", "beijing"]

SEED = 2026
DAYS = 14  # today and the thirteen days after it

# Two that differ: a women's hospital with two campuses and limits of sex and age, and a chest hospital.
SMALL = ("BJ13", "BJ18")
STAFFED = ("BJ01", "BJ13", "BJ14")  # where every role has its log-in


@dataclass(frozen=True, slots=True)
class Announcement:
    hospital_code: str | None
    title_zh: str
    body_zh: str


@dataclass(frozen=True, slots=True)
class Login:
    """A way in, as `yitong up` prints it: who one is then, the login, and what else it takes."""

    face: Literal["patient", "desk", "office"]
    who: str
    login: str
    how: str


@dataclass(frozen=True, slots=True)
class City:
    name: CityName
    seed: int
    today: date
    hospitals: tuple[facts.Hospital, ...]
    campuses: tuple[facts.Campus, ...]
    departments: tuple[OutpatientDepartment, ...]
    practitioners: tuple[Practitioner, ...]
    lines: tuple[RosterLine, ...]
    accounts: tuple[Account, ...]
    staff: tuple[StaffMember, ...]
    channels: tuple[Channel, ...]
    announcements: tuple[Announcement, ...]
    policies: tuple[PolicyValue, ...]

    def days(self) -> tuple[date, ...]:
        return tuple(self.today + timedelta(days=i) for i in range(DAYS))


def build(name: CityName, *, now: datetime, seed: int = SEED) -> City:
    """The city as it is on the Shanghai day of `now`."""
    today = shanghai_date(now)
    hospitals = tuple(one for one in facts.hospitals() if name == "beijing" or one.code in SMALL)
    codes = tuple(one.code for one in hospitals)
    departments = tuple(one for one in outpatient_departments() if one.hospital_code in codes)
    doctors = practitioners(departments, seed=seed)
    first_chief = {
        one.hospital_code: one.code
        for one in reversed(doctors)
        if one.title == "chief" and one.hospital_code in STAFFED
    }
    return City(
        name,
        seed,
        today,
        hospitals,
        tuple(one for one in facts.campuses() if one.hospital_code in codes),
        departments,
        doctors,
        rosters.roster_lines(departments, doctors, seed=seed),
        people.accounts(12 if name == "small" else 48, seed=seed),
        staff(codes, first_chief),
        CHANNELS,
        tuple(_announcements(hospitals)),
        (*terms.city_policies(), *terms.hospital_policies(frozenset(codes))),
    )


def logins(name: CityName) -> list[Login]:
    """The log-ins to print: some account holders, the roles of one hospital, those of the city."""
    city = build(name, now=at_shanghai(draw.EPOCH, time.min))
    return [*_patient_logins(city), *_staff_logins(city)]


def _patient_logins(city: City) -> Iterator[Login]:
    """A new device is asked for a second fact: the end of the identity number of any patient of the account (R-048)."""
    for one in city.accounts[:4]:
        fact = one.holder.identity_number[-4:]
        how = f"手机号 {one.phone}，验证码见短信页；新设备补充验证填证件号后四位 {fact}"
        yield Login("patient", f"患者 {one.holder.name}({one.story})", one.phone, how)


def _staff_logins(city: City) -> Iterator[Login]:
    """The roles of the first hospital that has them all, then those of the city."""
    shown = next(one.hospital_code for one in city.staff if one.role == "registrar")
    for one in sorted(city.staff, key=lambda one: one.hospital_code is None):
        if one.hospital_code in (shown, None):
            face: Literal["desk", "office"] = "desk" if one.hospital_code else "office"
            second = "；首次登录须绑定动态口令" if one.role in SECOND_FACTOR else ""
            yield Login(face, one.name, one.login, f"工号 {one.login}，密码 {PASSWORD}{second}")


def _announcements(hospitals: tuple[facts.Hospital, ...]) -> Iterator[Announcement]:
    yield Announcement(
        None,
        "这是演示系统",
        "医院、院区和科室名称为公开事实（2019 至 2020 年），医师、患者和号源均为虚构。"
        "请不要填写真实的证件号码和手机号码。",
    )
    for hospital in hospitals:
        yield Announcement(
            hospital.code,
            f"{hospital.short_zh}就诊须知",
            "请携带预约时使用的证件原件，提前十五分钟到院报到。不能前来时请在退号时限前取消，把号源留给需要的人。",
        )
