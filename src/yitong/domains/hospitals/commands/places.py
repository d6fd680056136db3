"""Campuses and departments."""

from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import idempotency
from yitong.core.db.command import command
from yitong.core.ids import new_id
from yitong.domains.hospitals import models, permissions, rules
from yitong.domains.hospitals.commands import writing
from yitong.domains.hospitals.contracts.events import CampusChanged, DepartmentChanged
from yitong.domains.hospitals.contracts.writes import (
    AddCampus,
    AddDepartment,
    CampusFacts,
    ChangeCampus,
    ChangeDepartment,
    DepartmentFacts,
    ImportCampuses,
    ImportDepartments,
    Imported,
    Made,
)
from yitong.domains.hospitals.errors import (
    CampusCodeTaken,
    CampusMissing,
    DepartmentCodeTaken,
    DepartmentMissing,
)
from yitong.domains.hospitals.permissions import Action
from yitong.domains.hospitals.queries import facts as stand


@command(refusals={"campus_code_once": CampusCodeTaken})
def add_campus(cmd: AddCampus, *, actor: Actor, now: datetime) -> Made:
    """Locks: Hospital. Emits: CampusChanged. Refuses: Forbidden, HospitalMissing, FactsInvalid, CampusCodeTaken,
    KeyReused."""
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    once = idempotency.begin(actor, "hospitals.add_campus", cmd)
    if once.answer is not None:
        return Made(UUID(once.answer["id"]))
    return once.finish(_set_campus(cmd.hospital_id, None, cmd.facts, actor, now))


@command(refusals={"campus_code_once": CampusCodeTaken})
def change_campus(cmd: ChangeCampus, *, actor: Actor, now: datetime) -> Made:
    """What stands already changes nothing.

    Locks: Hospital. Emits: CampusChanged. Refuses: Forbidden, CampusMissing, FactsInvalid, FactsChanged,
    CampusCodeTaken.
    """
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    return _set_campus(cmd.hospital_id, cmd.campus_id, cmd.facts, actor, now, seen=cmd.seen)


@command()
def import_campuses(cmd: ImportCampuses, *, actor: Actor, now: datetime) -> Imported:
    """A hospital's campuses from its file, found again by code: the same file twice changes nothing.

    Locks: Hospital. Emits: MasterDataImported. Refuses: Forbidden, HospitalMissing, FactsInvalid.
    """
    writing.begin_import(cmd.hospital_id, [facts.code for facts in cmd.rows], actor)
    for facts in cmd.rows:
        rules.check_campus(facts)
    done = writing.merge(models.Campus, cmd.hospital_id, [(facts.code, writing.plain(facts)) for facts in cmd.rows])
    return writing.finish_import("campuses", cmd.hospital_id, done, actor, now)


@command(refusals={"department_code_once": DepartmentCodeTaken, "department_name_once_a_campus": DepartmentCodeTaken})
def add_department(cmd: AddDepartment, *, actor: Actor, now: datetime) -> Made:
    """Locks: Hospital. Emits: DepartmentChanged. Refuses: Forbidden, HospitalMissing, CampusMissing, FactsInvalid,
    EligibilityInvalid (R-046), DepartmentCodeTaken, KeyReused."""
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    once = idempotency.begin(actor, "hospitals.add_department", cmd)
    if once.answer is not None:
        return Made(UUID(once.answer["id"]))
    return once.finish(_set_department(cmd.hospital_id, None, cmd.facts, actor, now))


@command(refusals={"department_code_once": DepartmentCodeTaken, "department_name_once_a_campus": DepartmentCodeTaken})
def change_department(cmd: ChangeDepartment, *, actor: Actor, now: datetime) -> Made:
    """One that is closed is kept, no longer bookable; what stands already changes nothing.

    Locks: Hospital. Emits: DepartmentChanged. Refuses: as add_department, and DepartmentMissing, FactsChanged.
    """
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    return _set_department(cmd.hospital_id, cmd.department_id, cmd.facts, actor, now, seen=cmd.seen)


@command(refusals={"department_name_once_a_campus": DepartmentCodeTaken})
def import_departments(cmd: ImportDepartments, *, actor: Actor, now: datetime) -> Imported:
    """A hospital's departments from its file, found again by code. Campuses come first.

    Locks: Hospital. Emits: MasterDataImported. Refuses: Forbidden, HospitalMissing, CampusMissing, FactsInvalid,
    EligibilityInvalid (R-046).
    """
    writing.begin_import(cmd.hospital_id, [facts.code for facts in cmd.rows], actor)
    campuses = writing.ids_by_code(models.Campus, cmd.hospital_id)
    rows = []
    for facts in cmd.rows:
        rules.check_department(facts)
        rows.append((facts.code, _department_values(facts, campuses)))
    done = writing.merge(models.Department, cmd.hospital_id, rows)
    writing.index_departments(done.touched)
    return writing.finish_import("departments", cmd.hospital_id, done, actor, now)


def _set_campus(
    hospital_id: UUID, campus_id: UUID | None, facts: CampusFacts, actor: Actor, now: datetime, *, seen: str = ""
) -> Made:
    rules.check_campus(facts)
    writing.locked_hospital(hospital_id)
    row = models.Campus(id=new_id(), hospital_id=hospital_id)
    if campus_id is not None:
        found = models.Campus.objects.filter(hospital_id=hospital_id, id=campus_id).first()  # one row at most
        if found is None:
            raise CampusMissing()
        row = found
        if seen:
            writing.check_seen(seen, stand.campus_facts(hospital_id, campus_id), facts)
    values = writing.plain(facts)
    if not writing.differs(row, values):
        return Made(row.id)
    writing.write(row, values)
    event = CampusChanged(hospital_id=hospital_id, subject_id=row.id, is_new=campus_id is None)
    writing.announce(event, actor, now)
    return Made(row.id)


def _set_department(
    hospital_id: UUID,
    department_id: UUID | None,
    facts: DepartmentFacts,
    actor: Actor,
    now: datetime,
    *,
    seen: str = "",
) -> Made:
    rules.check_department(facts)
    writing.locked_hospital(hospital_id)
    row = models.Department(id=new_id(), hospital_id=hospital_id)
    if department_id is not None:
        found = models.Department.objects.filter(hospital_id=hospital_id, id=department_id).first()  # one row at most
        if found is None:
            raise DepartmentMissing()
        row = found
        if seen:
            writing.check_seen(seen, stand.department_facts(hospital_id, department_id), facts)
    values = _department_values(facts, writing.ids_by_code(models.Campus, hospital_id))
    if not writing.differs(row, values):
        return Made(row.id)
    writing.write(row, values)
    writing.index_departments([row])
    event = DepartmentChanged(
        hospital_id=hospital_id, subject_id=row.id, is_new=department_id is None, is_bookable=row.is_bookable
    )
    writing.announce(event, actor, now)
    return Made(row.id)


def _department_values(facts: DepartmentFacts, campuses: dict[str, UUID]) -> dict[str, object]:
    """Refuses CampusMissing where the file names a campus that the hospital has not."""
    if facts.campus_code not in campuses:
        raise CampusMissing()
    values = writing.plain(facts)
    del values["campus_code"]
    return {**values, "campus_id": campuses[facts.campus_code]}
