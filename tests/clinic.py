"""Builders for booking: a clinic with slots, a patient whom the desk has seen, an account holder with a patient."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from tests import make
from tests.stock import stocked

from yitong.cli.demo.people import resident_number
from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.ids import new_id
from yitong.domains.booking.commands import claim
from yitong.domains.booking.contracts import Held, HoldSlot
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people.commands import accounts, patients, proving
from yitong.domains.people.contracts.patients import AddPatient, IdentityGiven, RegisterAtDesk
from yitong.domains.people.contracts.words import IdentityKind, Relation, Verdict
from yitong.domains.schedule.commands.planning import import_sessions
from yitong.domains.schedule.contracts import HalfDay, NewSession, Pool, Slot
from yitong.domains.schedule.models import Slot as SlotRow
from yitong.domains.schedule.queries import timetable as schedule

NOW = make.NOW
DAY = clock.shanghai_date(NOW) + timedelta(days=3)


@dataclass(frozen=True)
class Clinic:
    hospital_id: UUID
    department_id: UUID
    session_id: UUID
    day: date
    slots: tuple[Slot, ...]

    def slot(self, n: int = 0) -> UUID:
        return self.slots[n].slot_id


@stocked(2)
@stocked(1, slots=1)
@stocked(1, slots=2)
@stocked(1, slots=2, release_at=NOW + timedelta(hours=1))
def clinic(
    *,
    slots: int = 4,
    day: date = DAY,
    pools: tuple[Pool, ...] = (),
    at: time = time(8, 0),
    hospital_id: UUID | None = None,
    department_id: UUID | None = None,
    practitioner_id: UUID | None = None,
    release_at: datetime | None = None,
) -> Clinic:
    """A released session with windows of half an hour, one slot each unless there are more than eight."""
    if hospital_id is None:
        hospital_id = make.hospital()
        make.campus(hospital_id)
    if department_id is None:
        department_id = make.department(hospital_id)
    department = hospitals.get_department(hospital_id, department_id)
    starts = clock.at_shanghai(day, at)
    each = -(-slots // 8)
    windows = tuple(
        (starts + timedelta(minutes=30 * (n // each)), starts + timedelta(minutes=30 * (n // each) + 30), pool)
        for n, pool in enumerate(pools or (Pool.ONLINE,) * slots)
    )
    new = NewSession(
        session_id=new_id(),
        campus_id=department.campus_id,
        department_id=department_id,
        practitioner_id=practitioner_id,
        clinic_kind="general",
        title=None,
        date=day,
        half_day=HalfDay.AM if at < time(12) else HalfDay.PM,
        starts_at=starts,
        ends_at=windows[-1][1],
        fee_fen=5000,
        release_at=release_at or NOW - timedelta(days=1),
        windows=windows,
    )
    manager = make.staff_actor("roster_manager", hospital_id=hospital_id)
    import_sessions(hospital_id, [new], actor=manager, now=NOW)
    made = schedule.list_slots(hospital_id, new.session_id)
    return Clinic(hospital_id, department_id, new.session_id, day, tuple(made))


def registrar(hospital_id: UUID) -> Actor:
    return make.staff_actor("registrar", hospital_id=hospital_id)


def identity(*, birth: date = date(1985, 3, 4), sex: str = "female") -> IdentityGiven:
    """Somebody who can't exist: no area's code begins with 99 (R-100)."""
    n = make.number()
    number = resident_number(f"{999_999 - n // 499}", birth, sex, n % 499)
    return IdentityGiven("测试" + "甲乙丙丁戊己庚辛壬癸"[n % 10], IdentityKind.RESIDENT_ID, number)


def patient(hospital_id: UUID, given: IdentityGiven | None = None) -> UUID:
    """A patient whom the window has seen."""
    cmd = RegisterAtDesk(f"register{make.number()}", hospital_id, given or identity())
    return patients.register_at_desk(cmd, actor=registrar(hospital_id), now=NOW).patient_id


def account() -> Actor:
    with transaction.atomic():
        opened = accounts.open_account(f"1990000{make.number():04d}", "zh", NOW)
    return Actor.for_account(opened.id)


@stocked(4)
def holder(given: IdentityGiven | None = None, *, verified: bool = True) -> tuple[Actor, UUID]:
    """An account holder and his own patient, verified by the authority."""
    actor = account()
    return actor, add_patient(actor, given, verified=verified)


def add_patient(
    actor: Actor, given: IdentityGiven | None = None, *, relation: Relation = Relation.SELF, verified: bool = True
) -> UUID:
    assert actor.account_id is not None
    cmd = AddPatient(f"add{make.number()}", actor.account_id, given or identity(), relation, guardian_consent="1")
    added = patients.add_patient(cmd, actor=actor, now=NOW)
    if verified:
        proving.note_verdict(
            added.patient_id, added.verification_id, Verdict.MATCH, actor=Actor.system("test"), now=NOW
        )
    return added.patient_id


def hold(place: Clinic, patient_id: UUID, actor: Actor, *, n: int = 0, key: str = "", now: datetime = NOW) -> Held:
    cmd = HoldSlot(key or f"key{make.number()}", place.hospital_id, place.slot(n), patient_id)
    return claim.hold_slot(cmd, actor=actor, now=now)


def keep_none_special(place: Clinic) -> None:
    """Whoever comes may have its on-site slots (R-013)."""
    SlotRow.objects.filter(hospital_id=place.hospital_id, session_id=place.session_id).update(is_special=False)


def pay_online(hospital_id: UUID) -> None:
    """From here on this hospital wants to be paid before the visit."""
    _decide(hospital_id, "booking.payment", "online")


def stand_in_line(hospital_id: UUID) -> None:
    """From here on people stand in line before this hospital's releases."""
    _decide(hospital_id, "booking.line.mode", "release")


def _decide(hospital_id: UUID, key: str, value: str) -> None:
    with transaction.atomic():
        policies.record(
            key,
            value,
            scope="hospital",
            hospital_id=hospital_id,
            scope_id=hospital_id,
            effective_from=NOW - timedelta(days=1),
            source="test",
            decided_by="test",
            now=NOW,
        )
