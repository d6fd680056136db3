"""Builders: each reaches a state by running the commands, as in life. One section for each domain."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from uuid import UUID

import pyotp
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import transaction
from tests.stock import ANYWHERE, stocked

from yitong.core.actor import Actor, Role
from yitong.core.clock import at_shanghai
from yitong.core.db import policies
from yitong.core.ids import new_id
from yitong.domains.access import contracts as access
from yitong.domains.access.commands import channels, second_factor, sign_in, staff
from yitong.domains.hospitals.commands import fees, places, practitioners
from yitong.domains.hospitals.commands import hospitals as hospital_commands
from yitong.domains.hospitals.contracts.things import ClinicKind, CodeBasis, Title
from yitong.domains.hospitals.contracts.writes import (
    AddCampus,
    AddDepartment,
    AddHospital,
    AddPractitioner,
    BindPractitioner,
    CampusFacts,
    DepartmentFacts,
    FeeFacts,
    HospitalFacts,
    PractitionerFacts,
    SetFee,
)
from yitong.domains.notify import contracts as notify
from yitong.domains.notify.models import Message
from yitong.domains.people import commands as people_commands
from yitong.domains.people import queries as people_queries
from yitong.domains.people.commands import phones
from yitong.domains.people.commands.accounts import open_account
from yitong.domains.people.contracts.accounts import Client, SignedIn, SignIn
from yitong.domains.people.contracts.patients import AddPatient, IdentityGiven, PatientAdd, RegisterAtDesk
from yitong.domains.people.contracts.words import CodePurpose, IdentityKind, Relation, Verdict, VerificationState
from yitong.domains.people.rules.identity import check_digit
from yitong.domains.schedule import contracts as schedule
from yitong.domains.schedule.commands import planning, sessions
from yitong.domains.schedule.queries import timetable as schedule_queries

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # a Monday, 10:00 in Shanghai
TOMORROW = date(2026, 11, 24)
TOMORROW = date(2026, 11, 24)
_numbers = itertools.count(1)


def number() -> int:
    """Another one at each call, for codes and logins."""
    return next(_numbers)


# -- access --------------------------------------------------------------------------------------------------------

PASSWORD = "plum-Kite-42-river"
# The true algorithm at its cheapest: a test shows what is asked, not how long it takes.
Argon2PasswordHasher.time_cost, Argon2PasswordHasher.memory_cost, Argon2PasswordHasher.parallelism = 1, 8, 1
SYSTEM = Actor.system("cli.staff")


def staff_actor(*names: str, hospital_id: UUID | None = None, staff_id: UUID | None = None) -> Actor:
    """An actor with these roles, without a row behind it."""
    roles = frozenset(Role(name, hospital_id) for name in names)
    return Actor.for_staff(staff_id or new_id(), roles=roles)


def hospital_admin(hospital_id: UUID) -> Actor:
    return staff_actor("hospital_admin", hospital_id=hospital_id)


def city_operator() -> Actor:
    return staff_actor("city_operator")


def security_admin() -> Actor:
    return staff_actor("security_admin")


@stocked(1, "nurse", hospital_id=ANYWHERE)
@stocked(1, "registrar", hospital_id=ANYWHERE)
@stocked(1, "roster_manager", hospital_id=ANYWHERE)
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


@stocked(1)
def channel(
    *scopes: access.Scope,
    code: str = "",
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
    channel_id = channels.add_channel(access.AddChannel(code or f"channel{number()}", facts), actor=officer, now=now)
    made = channels.make_key(access.MakeKey(channel_id, f"key{number()}"), actor=officer, now=now)
    return channel_id, made.secret


# -- hospitals -----------------------------------------------------------------------------------------------------


def hospital_facts(**changed: object) -> HospitalFacts:
    n = number()
    facts = {
        "name": f"北京示范{n}医院",
        "name_en": f"Beijing Model Hospital {n}",
        "short_name": f"示范{n}医院",
        "level": "三级甲等",
        "kind": "综合医院",
        "district": "西城区",
    }
    return HospitalFacts(**{**facts, **changed})  # type: ignore[arg-type]


@stocked(1)
def hospital(*, now: datetime = NOW, **changed: object) -> UUID:
    """An open hospital, empty."""
    cmd = AddHospital(f"H{number()}", hospital_facts(**changed), str(new_id()))
    return hospital_commands.add_hospital(cmd, actor=city_operator(), now=now).id


def campus(hospital_id: UUID, *, code: str = "C1", now: datetime = NOW, is_open: bool = True) -> UUID:
    address = "北京市西城区示范路1号"
    facts = CampusFacts(code=code, name=f"{code}院区", district="西城区", address=address, is_open=is_open)
    cmd = AddCampus(hospital_id, facts, str(new_id()))
    return places.add_campus(cmd, actor=hospital_admin(hospital_id), now=now).id


def department_facts(**changed: object) -> DepartmentFacts:
    n = number()
    facts = {
        "code": f"D{n}",
        "campus_code": "C1",
        "name": f"心内科{n}",
        "national_code": "03.04",
        "code_basis": CodeBasis.RULE,
        "code_reason": "心内科即心血管内科专业",
    }
    return DepartmentFacts(**{**facts, **changed})  # type: ignore[arg-type]


def department(hospital_id: UUID, *, now: datetime = NOW, **changed: object) -> UUID:
    cmd = AddDepartment(hospital_id, department_facts(**changed), str(new_id()))
    return places.add_department(cmd, actor=hospital_admin(hospital_id), now=now).id


def practitioner_facts(*department_codes: str, **changed: object) -> PractitionerFacts:
    n = number()
    facts = {
        "code": f"P{n}",
        "name": "李示范",
        "title": Title.CHIEF,
        "licence": f"1101000000{n:05d}",
        "department_codes": department_codes,
    }
    return PractitionerFacts(**{**facts, **changed})  # type: ignore[arg-type]


def practitioner(hospital_id: UUID, *department_codes: str, now: datetime = NOW, **changed: object) -> UUID:
    cmd = AddPractitioner(hospital_id, practitioner_facts(*department_codes, **changed), str(new_id()))
    return practitioners.add_practitioner(cmd, actor=hospital_admin(hospital_id), now=now).id


def fee_facts(
    fee_fen: int,
    *,
    kind: ClinicKind = ClinicKind.GENERAL,
    title: Title | None = None,
    effective_date: date = date(2026, 1, 1),
) -> FeeFacts:
    return FeeFacts(clinic_kind=kind, title=title, fee_fen=fee_fen, effective_date=effective_date)


def fee(
    hospital_id: UUID,
    fee_fen: int,
    *,
    kind: ClinicKind = ClinicKind.GENERAL,
    title: Title | None = None,
    effective_date: date = date(2026, 1, 1),
    now: datetime = NOW,
) -> UUID:
    cmd = SetFee(hospital_id, fee_facts(fee_fen, kind=kind, title=title, effective_date=effective_date))
    return fees.set_fee(cmd, actor=hospital_admin(hospital_id), now=now).id


# -- schedule --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Clinic:
    """A department that can hold sessions: one doctor (a chief) with a place to sign in, fees for every kind."""

    hospital_id: UUID
    campus_id: UUID
    department_id: UUID
    department_code: str
    doctor_id: UUID
    doctor: Actor
    manager: Actor


@stocked(2)
def clinic(*, hospital_id: UUID | None = None, now: datetime = NOW) -> Clinic:
    """One more department, at a new hospital unless one is named."""
    is_new = hospital_id is None
    hospital_id = hospital_id or hospital(now=now)
    code = f"C{number()}"
    campus_id = campus(hospital_id, code=code, now=now)
    department_code = f"D{number()}"
    department_id = department(hospital_id, code=department_code, campus_code=code, now=now)
    doctor_id = practitioner(hospital_id, department_code, now=now)
    invited = staff_member("doctor", hospital_id=hospital_id, now=now, password=None)
    doctor = staff_actor("doctor", hospital_id=hospital_id, staff_id=invited.staff_id)
    bound = BindPractitioner(hospital_id, doctor_id, UUID(doctor.id))
    practitioners.bind_practitioner(bound, actor=hospital_admin(hospital_id), now=now)
    if is_new:
        for kind, fen in zip(ClinicKind, (5000, 8000, 30000, 6000), strict=True):
            fee(hospital_id, fen, kind=kind, now=now)
    manager = staff_actor("roster_manager", hospital_id=hospital_id)
    return Clinic(hospital_id, campus_id, department_id, department_code, doctor_id, doctor, manager)


def new_session(
    at: Clinic,
    day: date = TOMORROW,
    *,
    starts: time = time(8),
    ends: time = time(12),
    half_day: schedule.HalfDay = schedule.HalfDay.AM,
    slot_minutes: int = 30,
    per_window: int = 4,
    kind: ClinicKind = ClinicKind.EXPERT,
    pools: Sequence[schedule.Pool] | None = None,
    now: datetime = NOW,
    **changed: object,
) -> schedule.NewSession:
    """A session as a hospital sends it: 32 slots in 8 windows, released already. `pools` instead of the shares."""
    starts_at, ends_at = at_shanghai(day, starts), at_shanghai(day, ends)
    in_force = policies.at(at.hospital_id, now, department_id=at.department_id)
    windows = schedule_queries.plan_windows(starts_at, ends_at, slot_minutes, per_window, in_force, kind)
    if pools is not None:
        windows = tuple((start, end, pool) for (start, end, _), pool in zip(windows, pools, strict=True))
    content = {
        "session_id": new_id(),
        "campus_id": at.campus_id,
        "department_id": at.department_id,
        "practitioner_id": at.doctor_id,
        "clinic_kind": kind,
        "title": Title.CHIEF,
        "date": day,
        "half_day": half_day,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "fee_fen": 8000,
        "release_at": schedule_queries.release_at(day, in_force),
        "windows": windows,
    }
    return schedule.NewSession(**{**content, **changed})  # type: ignore[arg-type]


def session(at: Clinic, day: date = TOMORROW, *, now: datetime = NOW, **changed: object) -> schedule.Session:
    """An imported session; `changed` as for `new_session`."""
    new = new_session(at, day, now=now, **changed)  # type: ignore[arg-type]
    planning.import_sessions(at.hospital_id, [new], actor=at.manager, now=now)
    return schedule_queries.get_session(at.hospital_id, new.session_id)


def slots(of: schedule.Session, pool: schedule.Pool | None = None) -> list[schedule.Slot]:
    """The session's slots by number, of one pool where it is named."""
    every = schedule_queries.list_slots(of.hospital_id, of.session_id)
    return [slot for slot in every if pool is None or slot.pool is pool]


def stopped_session(at: Clinic, day: date = TOMORROW, *, now: datetime = NOW) -> schedule.Session:
    made = session(at, day, now=now)
    cmd = schedule.StopSession(f"key{number()}", at.hospital_id, made.session_id, schedule.StopReason.LEAVE)
    sessions.stop_session(cmd, actor=at.manager, now=now)
    return schedule_queries.get_session(at.hospital_id, made.session_id)


def roster_line_facts(at: Clinic, **changed: object) -> schedule.AddRosterLine:
    content = {
        "key": f"key{number()}",
        "hospital_id": at.hospital_id,
        "campus_id": at.campus_id,
        "department_id": at.department_id,
        "practitioner_id": at.doctor_id,
        "clinic_kind": ClinicKind.EXPERT,
        "weekday": 0,
        "half_day": schedule.HalfDay.AM,
        "starts": time(8),
        "ends": time(12),
        "slot_minutes": 30,
        "per_window": 4,
        "from_date": NOW.date(),
    }
    return schedule.AddRosterLine(**{**content, **changed})  # type: ignore[arg-type]


def roster_line(at: Clinic, *, now: datetime = NOW, **changed: object) -> UUID:
    """A weekly sitting, Mondays 8:00 to 12:00 unless said otherwise."""
    return planning.add_roster_line(roster_line_facts(at, **changed), actor=at.manager, now=now).roster_line_id


# -- notify and people -----------------------------------------------------------------------------------------------

CLIENT = Client(device="a-long-random-value", address="10.0.0.1", label="Firefox")


def phone() -> str:
    """A number of a segment that no carrier was given."""
    return f"154{number():08d}"


def identity_number(*, birth: date = date(1985, 3, 4), sex: str = "female", area: str = "990000") -> str:
    """A number that passes GB 11643 and can belong to nobody (R-100)."""
    order = number() * 2 % 998 + (1 if sex == "male" else 2)
    body = f"{area}{birth:%Y%m%d}{order:03d}"
    return body + check_digit(body)


def given(
    name: str = "测试甲",
    kind: IdentityKind = IdentityKind.RESIDENT_ID,
    number: str = "",
    *,
    birth: date = date(1985, 3, 4),
    sex: str = "female",
) -> IdentityGiven:
    return IdentityGiven(name, kind, number or identity_number(birth=birth, sex=sex))


def code_sent(to: str) -> str:
    """The newest code on its way to a phone."""
    rows = Message.objects.filter(phone__isnull=False).order_by("-id")
    return next(json.loads(row.secret)["code"] for row in rows if row.phone == to and row.secret)


def client(device: str = "") -> Client:
    return Client(device or f"device-{number()}", f"10.1.{number() % 250}.{number() % 250}", "Firefox")


@stocked(1)
def account_signed_in(
    at: str = "", *, on: Client | None = None, through: Actor | None = None, now: datetime = NOW
) -> tuple[Actor, SignedIn]:
    """An account holder who signed in by code, on a device of his own; on our pages or `through` a channel."""
    to, where = at or phone(), on or client()
    anybody = through or Actor.anonymous()
    with transaction.atomic():  # read before a worker can see it: what was sent forgets its code
        phones.send_code(to, CodePurpose.SIGN_IN, device=where.device, address=where.address, language="zh", now=now)
        code = code_sent(to)
    signed = people_commands.sign_in(SignIn(to, code, where), actor=anybody, now=now)
    return Actor.for_account(signed.account_id), signed


@stocked(2)
def account_holder(
    identity: IdentityGiven | None = None, *, verified: bool = True, now: datetime = NOW
) -> tuple[Actor, UUID]:
    """An account with its holder as a patient. Without codes, for tests that are about something else."""
    with transaction.atomic():
        opened = open_account(phone(), "zh", now)
    actor = Actor.for_account(opened.id)
    return actor, patient_of(actor, identity, verified=verified, now=now)


def patient_of(
    actor: Actor,
    identity: IdentityGiven | None = None,
    *,
    relation: Relation = Relation.SELF,
    verified: bool = True,
    consent: str = "",
    now: datetime = NOW,
) -> UUID:
    """A patient of the account; `verified` by the authority, so perhaps another's record that was known before."""
    assert actor.account_id is not None
    cmd = AddPatient(f"add{number()}", actor.account_id, identity or given(), relation, consent)
    added = people_commands.add_patient(cmd, actor=actor, now=now)
    if verified:
        judge(added, Verdict.MATCH, now=now)
        return people_queries.survivor_of(added.patient_id)
    return added.patient_id


def judge(added: PatientAdd, verdict: Verdict, *, now: datetime = NOW) -> VerificationState:
    """What the authority says."""
    actor = Actor.system("people.verify")
    return people_commands.note_verdict(added.patient_id, added.verification_id, verdict, actor=actor, now=now)


def patient_seen(
    identity: IdentityGiven | None = None, *, hospital_id: UUID | None = None, now: datetime = NOW
) -> UUID:
    """A patient whom a registrar has seen."""
    place = hospital_id or UUID(int=number())
    cmd = RegisterAtDesk(f"register{number()}", place, identity or given())
    return people_commands.register_at_desk(cmd, actor=staff_actor("registrar", hospital_id=place), now=now).patient_id


class Gateway:
    """An SMS gateway of a test's own making: it says what it is told to say, and keeps what it was given."""

    def __init__(self, *answers: notify.Answer, shows_texts: bool = False) -> None:
        self.answers = list(answers) or [notify.Answer.ACCEPTED]
        self.shows_texts = shows_texts
        self.sent: list[notify.Outgoing] = []
        self.report: notify.Report | None = None

    def send(self, outgoing: notify.Outgoing) -> notify.Answer:
        self.sent.append(outgoing)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def read_report(self, headers: Mapping[str, str], body: bytes) -> notify.Report | None:
        return self.report
