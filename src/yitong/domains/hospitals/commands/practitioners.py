"""Doctors as a hospital presents them."""

from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor, Role
from yitong.core.db import idempotency
from yitong.core.db.command import command
from yitong.core.ids import new_id
from yitong.domains.access import queries as access
from yitong.domains.access.contracts import RoleName
from yitong.domains.hospitals import models, permissions, rules
from yitong.domains.hospitals.commands import writing
from yitong.domains.hospitals.contracts.events import PractitionerBound, PractitionerChanged
from yitong.domains.hospitals.contracts.writes import (
    AddPractitioner,
    BindPractitioner,
    ChangePractitioner,
    Imported,
    ImportPractitioners,
    Made,
    PractitionerFacts,
)
from yitong.domains.hospitals.errors import (
    DepartmentMissing,
    PractitionerCodeTaken,
    PractitionerMissing,
    StaffBoundElsewhere,
    StaffIsNoDoctor,
)
from yitong.domains.hospitals.permissions import Action
from yitong.domains.hospitals.queries import facts as stand


@command(refusals={"practitioner_code_once": PractitionerCodeTaken})
def add_practitioner(cmd: AddPractitioner, *, actor: Actor, now: datetime) -> Made:
    """Locks: Hospital. Emits: PractitionerChanged. Refuses: Forbidden, HospitalMissing, DepartmentMissing,
    FactsInvalid, PractitionerCodeTaken, KeyReused."""
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    once = idempotency.begin(actor, "hospitals.add_practitioner", cmd)
    if once.answer is not None:
        return Made(UUID(once.answer["id"]))
    return once.finish(_set_practitioner(cmd.hospital_id, None, cmd.facts, actor, now))


@command(refusals={"practitioner_code_once": PractitionerCodeTaken})
def change_practitioner(cmd: ChangePractitioner, *, actor: Actor, now: datetime) -> Made:
    """One who left is kept, no longer active; what stands already changes nothing.

    Locks: Hospital, Practitioner. Emits: PractitionerChanged. Refuses: as add, and PractitionerMissing, FactsChanged.
    """
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    return _set_practitioner(cmd.hospital_id, cmd.practitioner_id, cmd.facts, actor, now, seen=cmd.seen)


@command()
def import_practitioners(cmd: ImportPractitioners, *, actor: Actor, now: datetime) -> Imported:
    """A hospital's doctors from its file, found again by code. Departments come first.

    Locks: Hospital. Emits: MasterDataImported. Refuses: Forbidden, HospitalMissing, DepartmentMissing, FactsInvalid.
    """
    writing.begin_import(cmd.hospital_id, [facts.code for facts in cmd.rows], actor)
    departments = writing.ids_by_code(models.Department, cmd.hospital_id)
    rows, seats = [], {}
    for facts in cmd.rows:
        rules.check_practitioner(facts)
        rows.append((facts.code, _values(facts)))
        seats[facts.code] = _seats(facts, departments)
    done = writing.merge(models.Practitioner, cmd.hospital_id, rows)
    by_code = done.by_code()
    done.note_changed(writing.seat({by_code[code].id: places for code, places in seats.items()}))
    writing.index_practitioners(done.touched)
    return writing.finish_import("practitioners", cmd.hospital_id, done, actor, now)


@command(refusals={"practitioner_one_a_staff": StaffBoundElsewhere})
def bind_practitioner(cmd: BindPractitioner, *, actor: Actor, now: datetime) -> Made:
    """Say which doctor among the hospital's staff a practitioner is; None: nobody. Who is linked already may stay so
    without the role.

    Locks: Practitioner. Emits: PractitionerBound. Refuses: Forbidden, PractitionerMissing, StaffIsNoDoctor,
    StaffBoundElsewhere.
    """
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    row = _found(cmd.hospital_id, cmd.practitioner_id)
    if cmd.staff_id is not None and cmd.staff_id != row.staff_id:
        _check_is_doctor(cmd.staff_id, cmd.hospital_id, now)
    writing.write(row, {"staff_id": cmd.staff_id})
    event = PractitionerBound(hospital_id=cmd.hospital_id, subject_id=row.pk, staff_id=cmd.staff_id)
    writing.announce(event, actor, now)
    return Made(row.pk)


def _check_is_doctor(staff_id: UUID, hospital_id: UUID, now: datetime) -> None:
    if Role(RoleName.DOCTOR, hospital_id) not in access.roles_of(staff_id, now):
        raise StaffIsNoDoctor()


def _set_practitioner(
    hospital_id: UUID,
    practitioner_id: UUID | None,
    facts: PractitionerFacts,
    actor: Actor,
    now: datetime,
    *,
    seen: str = "",
) -> Made:
    rules.check_practitioner(facts)
    writing.locked_hospital(hospital_id)
    seats = _seats(facts, writing.ids_by_code(models.Department, hospital_id))
    row = models.Practitioner(id=new_id(), hospital_id=hospital_id)
    if practitioner_id is not None:
        row = _found(hospital_id, practitioner_id)
        if seen:
            writing.check_seen(seen, stand.practitioner_facts(hospital_id, practitioner_id, actor), facts)
    values = _values(facts)
    is_another = writing.differs(row, values)
    if is_another:
        writing.write(row, values)
    if not writing.seat({row.id: seats}) and not is_another:
        return Made(row.id)
    writing.index_practitioners([row])
    event = PractitionerChanged(
        hospital_id=hospital_id, subject_id=row.id, is_new=practitioner_id is None, is_active=row.is_active
    )
    writing.announce(event, actor, now)
    return Made(row.id)


def _found(hospital_id: UUID, practitioner_id: UUID) -> models.Practitioner:
    rows = models.Practitioner.objects.select_for_update(of=("self",))
    row = rows.filter(hospital_id=hospital_id, id=practitioner_id).order_by("pk").first()
    if row is None:
        raise PractitionerMissing()
    return row


def _values(facts: PractitionerFacts) -> dict[str, object]:
    values = writing.plain(facts)
    del values["department_codes"]
    return values


def _seats(facts: PractitionerFacts, departments: dict[str, UUID]) -> list[UUID]:
    """Refuses DepartmentMissing where the file names a department that the hospital has not."""
    if any(code not in departments for code in facts.department_codes):
        raise DepartmentMissing()
    return [departments[code] for code in facts.department_codes]
