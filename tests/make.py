"""Builders: each reaches a state by running the commands, as in life. One section for each domain."""

import itertools
from datetime import UTC, date, datetime
from uuid import UUID

import pyotp

from yitong.core.actor import Actor, Role
from yitong.domains.access import contracts as access
from yitong.domains.access.commands import channels, second_factor, sign_in, staff
from yitong.domains.hospitals import contracts as hospitals
from yitong.domains.hospitals.commands import fees, places, practitioners
from yitong.domains.hospitals.commands import hospitals as hospital_commands

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Shanghai
_numbers = itertools.count(1)


def number() -> int:
    """Another one at each call, for codes and logins."""
    return next(_numbers)


# -- access --------------------------------------------------------------------------------------------------------

PASSWORD = "plum-Kite-42-river"
SYSTEM = Actor.system("cli.staff")


def staff_actor(*names: str, hospital_id: UUID | None = None, staff_id: UUID | None = None) -> Actor:
    """An actor with these roles, without a row behind it."""
    roles = frozenset(Role(name, hospital_id) for name in names)
    return Actor.for_staff(staff_id or UUID(int=number()), roles=roles)


def hospital_admin(hospital_id: UUID) -> Actor:
    return staff_actor("hospital_admin", hospital_id=hospital_id)


def city_operator() -> Actor:
    return staff_actor("city_operator")


def security_admin() -> Actor:
    return staff_actor("security_admin")


def staff_member(
    *roles: str, hospital_id: UUID | None = None, login: str = "", now: datetime = NOW, password: str | None = PASSWORD
) -> access.Invited:
    """One who joined, with a password unless that is None."""
    added = access.AddStaff(
        login or f"staff{number()}", "王小芳", hospital_id, tuple(access.RoleName(role) for role in roles)
    )
    invited = staff.add_staff(added, actor=SYSTEM, now=now)
    if password is not None:
        sign_in.accept_invite(access.AcceptInvite(invited.login, invited.invite, password), now=now)
    return invited


def signed_in(
    invited: access.Invited, *, now: datetime = NOW, code: str | None = None, terminal_token: str | None = None
) -> access.SignedIn:
    return sign_in.sign_in(access.SignIn(invited.login, PASSWORD, code, terminal_token), now=now)


def totp(invited: access.Invited, *, now: datetime = NOW) -> tuple[str, tuple[str, ...]]:
    """Sets the second factor up; gives its secret and the recovery codes. The code of `now` is used up."""
    token = signed_in(invited, now=now).token
    enrolment = second_factor.begin_totp(token, now=now)
    codes = second_factor.confirm_totp(token, totp_code(enrolment.secret, now), now=now)
    sign_in.sign_out(token, now=now)
    return enrolment.secret, codes


def totp_code(secret: str, now: datetime) -> str:
    return pyotp.TOTP(secret).at(now)


def channel(
    *scopes: access.Scope,
    kind: access.ChannelKind = access.ChannelKind.OWN,
    per_minute: int = 600,
    contract_until: date | None = None,
    now: datetime = NOW,
) -> tuple[UUID, str]:
    """A channel and its key."""
    facts = access.ChannelFacts(
        name="自助机",
        kind=kind,
        purpose="院内自助预约",
        scopes=frozenset(scopes or access.Scope),
        per_minute=per_minute,
        contract_until=contract_until,
    )
    officer = security_admin()
    channel_id = channels.add_channel(access.AddChannel(f"channel{number()}", facts), actor=officer, now=now)
    made = channels.make_key(access.MakeKey(channel_id, f"key{number()}"), actor=officer, now=now)
    return channel_id, made.secret


# -- hospitals -----------------------------------------------------------------------------------------------------


def hospital_facts(**changed: object) -> hospitals.HospitalFacts:
    n = number()
    facts = {
        "name": f"北京示范{n}医院",
        "name_en": f"Beijing Model Hospital {n}",
        "short_name": f"示范{n}医院",
        "level": "三级甲等",
        "kind": "general",
        "district": "西城区",
    }
    return hospitals.HospitalFacts(**{**facts, **changed})  # type: ignore[arg-type]


def hospital(*, now: datetime = NOW, **changed: object) -> UUID:
    """An open hospital, empty."""
    cmd = hospitals.AddHospital(f"H{number()}", hospital_facts(**changed))
    return hospital_commands.add_hospital(cmd, actor=city_operator(), now=now).id


def campus(hospital_id: UUID, *, code: str = "C1", now: datetime = NOW) -> UUID:
    facts = hospitals.CampusFacts(code=code, name=f"{code}院区", district="西城区", address="北京市西城区示范路1号")
    cmd = hospitals.AddCampus(hospital_id, facts)
    return places.add_campus(cmd, actor=hospital_admin(hospital_id), now=now).id


def department_facts(**changed: object) -> hospitals.DepartmentFacts:
    n = number()
    facts = {
        "code": f"D{n}",
        "campus_code": "C1",
        "name": f"心内科{n}",
        "national_code": "03.04",
        "code_basis": hospitals.CodeBasis.RULE,
        "code_reason": "心内科即心血管内科专业",
    }
    return hospitals.DepartmentFacts(**{**facts, **changed})  # type: ignore[arg-type]


def department(hospital_id: UUID, *, now: datetime = NOW, **changed: object) -> UUID:
    cmd = hospitals.AddDepartment(hospital_id, department_facts(**changed))
    return places.add_department(cmd, actor=hospital_admin(hospital_id), now=now).id


def practitioner_facts(*department_codes: str, **changed: object) -> hospitals.PractitionerFacts:
    n = number()
    facts = {
        "code": f"P{n}",
        "name": "李示范",
        "title": hospitals.Title.CHIEF,
        "licence": f"1101000000{n:05d}",
        "department_codes": department_codes,
    }
    return hospitals.PractitionerFacts(**{**facts, **changed})  # type: ignore[arg-type]


def practitioner(hospital_id: UUID, *department_codes: str, now: datetime = NOW, **changed: object) -> UUID:
    cmd = hospitals.AddPractitioner(hospital_id, practitioner_facts(*department_codes, **changed))
    return practitioners.add_practitioner(cmd, actor=hospital_admin(hospital_id), now=now).id


def fee_facts(
    fee_fen: int,
    *,
    kind: hospitals.ClinicKind = hospitals.ClinicKind.GENERAL,
    title: hospitals.Title | None = None,
    effective_date: date = date(2026, 1, 1),
) -> hospitals.FeeFacts:
    return hospitals.FeeFacts(clinic_kind=kind, title=title, fee_fen=fee_fen, effective_date=effective_date)


def fee(
    hospital_id: UUID,
    fee_fen: int,
    *,
    kind: hospitals.ClinicKind = hospitals.ClinicKind.GENERAL,
    title: hospitals.Title | None = None,
    effective_date: date = date(2026, 1, 1),
    now: datetime = NOW,
) -> UUID:
    cmd = hospitals.SetFee(hospital_id, fee_facts(fee_fen, kind=kind, title=title, effective_date=effective_date))
    return fees.set_fee(cmd, actor=hospital_admin(hospital_id), now=now).id
