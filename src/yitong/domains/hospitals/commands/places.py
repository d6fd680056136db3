"""Campuses and departments."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import idempotency
from yitong.core.db.command import command
from yitong.core.errors import Busy
from yitong.core.ids import new_id
from yitong.domains.hospitals import models, permissions, rules
from yitong.domains.hospitals.commands import writing
from yitong.domains.hospitals.contracts.events import CampusChanged, CampusRemoved, DepartmentChanged
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
    RemoveCampus,
)
from yitong.domains.hospitals.errors import (
    CampusClosed,
    CampusCodeTaken,
    CampusInUse,
    CampusMissing,
    CampusStillPlanned,
    DepartmentCodeTaken,
    DepartmentMissing,
)
from yitong.domains.hospitals.permissions import Action
from yitong.domains.hospitals.ports import campus_use
from yitong.domains.hospitals.queries import facts as stand

DEPARTMENTS = {
    "department_code_once": DepartmentCodeTaken,
    "department_name_once_a_campus": DepartmentCodeTaken,
    "department_bookable_at_open_campus": CampusClosed,
}
CAMPUSES = {
    "campus_code_once": CampusCodeTaken,
    "session_at_open_campus": Busy,  # the lock has counted what is planned: asked again, it says how much
}


@command(refusals=CAMPUSES)
def add_campus(cmd: AddCampus, *, actor: Actor, now: datetime) -> Made:
    """Locks: Hospital. Emits: CampusChanged. Refuses: Forbidden, HospitalMissing, FactsInvalid, CampusCodeTaken,
    KeyReused."""
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    once = idempotency.begin(actor, "hospitals.add_campus", cmd)
    if once.answer is not None:
        return Made(UUID(once.answer["id"]))
    return once.finish(_set_campus(cmd.hospital_id, None, cmd.facts, actor, now))


@command(refusals=CAMPUSES)
def change_campus(cmd: ChangeCampus, *, actor: Actor, now: datetime) -> Made:
    """One that is closed is kept, and none of its departments can be booked; opened again, each is opened by hand.
    None closes while sessions are to be held there, whose department may have moved on. What stands already changes
    nothing.

    Locks: Hospital, and Campus where it closes. Emits: CampusChanged, DepartmentChanged for each department that it
    closes. Refuses: Forbidden, CampusMissing, FactsInvalid, FactsChanged, CampusCodeTaken, CampusStillPlanned.
    """
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    return _set_campus(cmd.hospital_id, cmd.campus_id, cmd.facts, actor, now, seen=cmd.seen)


@command(still_named=CampusInUse)
def remove_campus(cmd: RemoveCampus, *, actor: Actor, now: datetime) -> Made:
    """Take away a campus that nothing names, as one that was written by mistake.

    Locks: Hospital. Emits: CampusRemoved. Refuses: Forbidden, HospitalMissing, CampusMissing, CampusInUse, KeyReused.
    """
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    once = idempotency.begin(actor, "hospitals.remove_campus", cmd)
    if once.answer is not None:
        return Made(UUID(once.answer["id"]))
    writing.locked_hospital(cmd.hospital_id)
    row = models.Campus.objects.filter(hospital_id=cmd.hospital_id, id=cmd.campus_id).first()  # one row at most
    if row is None:
        raise CampusMissing()
    if models.Department.objects.filter(campus_id=row.id).exists():
        raise CampusInUse()
    models.Campus.objects.filter(hospital_id=cmd.hospital_id, id=row.id).delete()  # what is planned there says no
    writing.announce(CampusRemoved(hospital_id=cmd.hospital_id, subject_id=row.id, code=row.code), actor, now)
    return once.finish(Made(row.id))


@command(refusals=CAMPUSES)
def import_campuses(cmd: ImportCampuses, *, actor: Actor, now: datetime) -> Imported:
    """A hospital's campuses from its file, found again by code: the same file twice changes nothing.

    Locks: Hospital, and Campus of each that closes. Emits: MasterDataImported, DepartmentChanged for each department of
    a campus that it closes. Refuses: Forbidden, HospitalMissing, FactsInvalid, CampusStillPlanned.
    """
    writing.begin_import(cmd.hospital_id, [facts.code for facts in cmd.rows], actor)
    for facts in cmd.rows:
        rules.check_campus(facts)
    _close(cmd.hospital_id, [facts.code for facts in cmd.rows if not facts.is_open], actor, now)
    done = writing.merge(models.Campus, cmd.hospital_id, [(facts.code, writing.plain(facts)) for facts in cmd.rows])
    return writing.finish_import("campuses", cmd.hospital_id, done, actor, now)


@command(refusals=DEPARTMENTS)
def add_department(cmd: AddDepartment, *, actor: Actor, now: datetime) -> Made:
    """Locks: Hospital. Emits: DepartmentChanged. Refuses: Forbidden, HospitalMissing, CampusMissing, CampusClosed,
    FactsInvalid, EligibilityInvalid (R-046), DepartmentCodeTaken, KeyReused."""
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    once = idempotency.begin(actor, "hospitals.add_department", cmd)
    if once.answer is not None:
        return Made(UUID(once.answer["id"]))
    return once.finish(_set_department(cmd.hospital_id, None, cmd.facts, actor, now))


@command(refusals=DEPARTMENTS)
def change_department(cmd: ChangeDepartment, *, actor: Actor, now: datetime) -> Made:
    """One that is closed is kept, no longer bookable; what stands already changes nothing.

    Locks: Hospital. Emits: DepartmentChanged. Refuses: as add_department, and DepartmentMissing, FactsChanged.
    """
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    return _set_department(cmd.hospital_id, cmd.department_id, cmd.facts, actor, now, seen=cmd.seen)


@command(refusals=DEPARTMENTS)
def import_departments(cmd: ImportDepartments, *, actor: Actor, now: datetime) -> Imported:
    """A hospital's departments from its file, found again by code. Campuses come first.

    Locks: Hospital. Emits: MasterDataImported. Refuses: Forbidden, HospitalMissing, CampusMissing, CampusClosed,
    FactsInvalid, EligibilityInvalid (R-046).
    """
    writing.begin_import(cmd.hospital_id, [facts.code for facts in cmd.rows], actor)
    campuses = _campuses(cmd.hospital_id)
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
    if not facts.is_open:
        _close(hospital_id, [row.code], actor, now)
    writing.write(row, values)
    event = CampusChanged(hospital_id=hospital_id, subject_id=row.id, is_new=campus_id is None, is_open=row.is_open)
    writing.announce(event, actor, now)
    return Made(row.id)


def _close(hospital_id: UUID, campus_codes: Sequence[str], actor: Actor, now: datetime) -> None:
    """Call before the campuses are written. Those that are closed already stay as they are.

    Locks: Campus, in id order: who plans there has finished, or finds it closed. Refuses CampusStillPlanned.
    """
    rows = models.Campus.objects.filter(hospital_id=hospital_id, code__in=campus_codes, is_open=True)
    for row in list(rows.select_for_update(of=("self",)).order_by("pk")):
        planned = campus_use.taken().leave(hospital_id, row.id, now)
        if planned is not None:
            raise CampusStillPlanned(
                campus=row.name,
                sessions=planned.sessions,
                first_date=planned.first_date,
                last_date=planned.last_date,
            )
    _close_departments(hospital_id, campus_codes, actor, now)


def _close_departments(hospital_id: UUID, campus_codes: Sequence[str], actor: Actor, now: datetime) -> None:
    """Those of campuses that close can't be booked any more."""
    found = models.Department.objects.filter(
        hospital_id=hospital_id, campus__code__in=campus_codes, is_bookable=True
    ).order_by("code")
    rows = list(found)
    for row in rows:
        row.is_bookable = False
    models.Department.objects.bulk_update(rows, ["is_bookable"], batch_size=writing.BATCH)
    writing.index_departments(rows)
    for row in rows:
        event = DepartmentChanged(hospital_id=hospital_id, subject_id=row.id, is_new=False, is_bookable=False)
        writing.announce(event, actor, now)


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
    values = _department_values(facts, _campuses(hospital_id))
    if not writing.differs(row, values):
        return Made(row.id)
    writing.write(row, values)
    writing.index_departments([row])
    event = DepartmentChanged(
        hospital_id=hospital_id, subject_id=row.id, is_new=department_id is None, is_bookable=row.is_bookable
    )
    writing.announce(event, actor, now)
    return Made(row.id)


def _campuses(hospital_id: UUID) -> dict[str, models.Campus]:
    return {row.code: row for row in models.Campus.objects.filter(hospital_id=hospital_id)}


def _department_values(facts: DepartmentFacts, campuses: dict[str, models.Campus]) -> dict[str, object]:
    """Refuses CampusMissing where the file names a campus that the hospital has not, CampusClosed."""
    campus = campuses.get(facts.campus_code)
    if campus is None:
        raise CampusMissing()
    if facts.is_bookable and not campus.is_open:
        raise CampusClosed()
    values = writing.plain(facts)
    del values["campus_code"]
    return {**values, "campus_id": campus.id}
