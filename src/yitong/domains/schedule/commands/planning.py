"""Rosters, and the sessions that come of them or of an import."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from django.db.models import Q

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import events, idempotency, policies
from yitong.core.db.command import command
from yitong.core.errors import Busy
from yitong.core.ids import new_id
from yitong.core.policy.values import Policies
from yitong.domains.hospitals.contracts.things import Department
from yitong.domains.hospitals.errors import CampusClosed, FeeMissing
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule import contracts, errors, models, permissions
from yitong.domains.schedule.commands.shared import line_changed_again, sits_in
from yitong.domains.schedule.contracts import SessionState
from yitong.domains.schedule.rules import cutting, roster

PLANNING = {
    "schedule_clinic_session_pkey": errors.SessionExists,
    "session_once_per_roster_line": errors.SessionExists,
    "session_practitioner_sits_once": errors.PractitionerBusy,
    "session_at_open_campus": CampusClosed,
}


@command(refusals={"roster_practitioner_sits_once": errors.PractitionerBusy})
def add_roster_line(cmd: contracts.AddRosterLine, *, actor: Actor, now: datetime) -> contracts.RosterLineChanged:
    """排班: one weekly sitting from a day on.

    Emits: RosterLineAdded. Refuses: TimesInvalid, WindowsInvalid, SlotTooLong (R-003), PractitionerBusy,
    PractitionerNotOfDepartment, a department or practitioner that is not the hospital's, KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.add_roster_line", cmd)
    if once.answer is not None:
        return line_changed_again(once.answer)
    department = hospitals.get_department(cmd.hospital_id, cmd.department_id)
    if cmd.practitioner_id is not None:
        doctor = hospitals.get_practitioner(cmd.hospital_id, cmd.practitioner_id)
        if not sits_in(doctor, cmd.department_id):
            raise errors.PractitionerNotOfDepartment()
    policy = policies.at(cmd.hospital_id, now, department_id=cmd.department_id)
    roster.check_roster_line(cmd, campus_id=department.campus_id, policies=policy)
    content = {f.name: getattr(cmd, f.name) for f in fields(cmd) if f.name != "key"}
    row = models.RosterLine.objects.create(id=new_id(), **content)
    event = contracts.RosterLineAdded(
        hospital_id=cmd.hospital_id,
        subject_id=row.id,
        department_id=cmd.department_id,
        practitioner_id=cmd.practitioner_id,
    )
    events.append(event, actor, at=now, shard=f"roster:{row.id}")
    return once.finish(contracts.RosterLineChanged(cmd.hospital_id, row.id))


@command(refusals={"roster_practitioner_sits_once": errors.PractitionerBusy, "schedule_roster_line_pkey": Busy})
def import_roster(
    hospital_id: UUID, lines: Sequence[contracts.RosterLine], *, actor: Actor, now: datetime
) -> contracts.RosterLinesImported:
    """A hospital's weekly roster from its own file, by COPY, with the checks of `add_roster_line`. Idempotent by id:
    known lines are left as they are.

    Emits: RosterImported. Refuses: as add_roster_line, and Busy while another import of the same lines runs.
    """
    permissions.check_can_manage(actor, hospital_id)
    ids = [line.roster_line_id for line in lines]
    known = set(models.RosterLine.objects.filter(hospital_id=hospital_id, id__in=ids).values_list("id", flat=True))
    places = _Places(hospital_id, lines)
    in_force = policies.of_hospital(hospital_id, now)
    rows = []
    for line in lines:
        if line.roster_line_id in known:
            continue
        department = places.check(line)
        roster.check_roster_line(line, campus_id=department.campus_id, policies=in_force(line.department_id))
        content = {
            f.name: getattr(line, f.name) for f in fields(line) if f.name not in ("hospital_id", "roster_line_id")
        }
        rows.append(models.RosterLine(hospital_id=hospital_id, id=line.roster_line_id, **content))
    if rows:
        models.copy_in(models.RosterLine, [models.values_of(row) for row in rows])
        event = contracts.RosterImported(
            hospital_id=hospital_id, subject_id=hospital_id, lines=len(rows), known=len(known)
        )
        events.append(event, actor, at=now, shard=f"roster:{hospital_id}")
    return contracts.RosterLinesImported(hospital_id, lines=len(rows), known=len(known))


@command()
def end_roster_line(cmd: contracts.EndRosterLine, *, actor: Actor, now: datetime) -> contracts.RosterLineChanged:
    """The line's last day; the day before its first makes it void. Sessions made from it stay.

    Locks: RosterLine. Emits: RosterLineEnded. Refuses: RosterLineMissing, TimesInvalid, KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.end_roster_line", cmd)
    if once.answer is not None:
        return line_changed_again(once.answer)
    rows = models.RosterLine.objects.filter(hospital_id=cmd.hospital_id, id=cmd.roster_line_id)
    line = rows.select_for_update(of=("self",)).order_by("id").first()
    if line is None:
        raise errors.RosterLineMissing()
    if cmd.until_date < line.from_date - timedelta(days=1):
        raise errors.TimesInvalid()
    if line.until_date is not None and cmd.until_date > line.until_date:
        raise errors.TimesInvalid()
    rows.update(until_date=cmd.until_date)
    event = contracts.RosterLineEnded(hospital_id=cmd.hospital_id, subject_id=line.id, until_date=cmd.until_date)
    events.append(event, actor, at=now, shard=f"roster:{line.id}")
    return once.finish(contracts.RosterLineChanged(cmd.hospital_id, line.id))


@command(refusals={"roster_practitioner_sits_once": errors.PractitionerBusy})
def move_roster_line(cmd: contracts.MoveRosterLine, *, actor: Actor, now: datetime) -> contracts.RosterLineChanged:
    """A line ends the day before, and one like it begins elsewhere in the week; a copy leaves the first as it is. The
    answer names the new line. Sessions made from the old one stay.

    Locks: RosterLine. Emits: RosterLineAdded, and RosterLineEnded unless it is a copy. Refuses: RosterLineMissing,
    RosterLineUnmoved, TimesInvalid, WindowsInvalid, PractitionerBusy, KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.move_roster_line", cmd)
    if once.answer is not None:
        return line_changed_again(once.answer)
    rows = models.RosterLine.objects.filter(hospital_id=cmd.hospital_id, id=cmd.roster_line_id)
    line = rows.select_for_update(of=("self",)).order_by("id").first()
    if line is None:
        raise errors.RosterLineMissing()
    moved = roster.move_line(line.as_contract(), cmd, new_id=new_id(), today=clock.shanghai_date(now))
    policy = policies.at(cmd.hospital_id, now, department_id=line.department_id)
    roster.check_roster_line(moved, campus_id=line.campus_id, policies=policy)
    if not cmd.is_copy:
        until = moved.from_date - timedelta(days=1)
        rows.update(until_date=until)
        ended = contracts.RosterLineEnded(hospital_id=cmd.hospital_id, subject_id=line.id, until_date=until)
        events.append(ended, actor, at=now, shard=f"roster:{line.id}")
    content = {f.name: getattr(moved, f.name) for f in fields(moved) if f.name != "roster_line_id"}
    models.RosterLine.objects.create(id=moved.roster_line_id, **content)
    event = contracts.RosterLineAdded(
        hospital_id=cmd.hospital_id,
        subject_id=moved.roster_line_id,
        department_id=line.department_id,
        practitioner_id=line.practitioner_id,
    )
    events.append(event, actor, at=now, shard=f"roster:{moved.roster_line_id}")
    return once.finish(contracts.RosterLineChanged(cmd.hospital_id, moved.roster_line_id))


@command(refusals=PLANNING)
def import_sessions(
    hospital_id: UUID, sessions: Sequence[contracts.NewSession], *, actor: Actor, now: datetime
) -> contracts.Imported:
    """Sessions from a hospital's own schedule, by COPY. Idempotent by session id: known ones are left as they are.

    Emits: SessionsPlanned. Refuses: TimesInvalid, WindowsInvalid, SlotTooLong (R-003), PoolShareBroken (R-012),
    PractitionerBusy, PractitionerNotOfDepartment, a department or practitioner that is not the hospital's, CampusClosed
    (unless they are over), SessionExists (another import of them runs).
    """
    permissions.check_can_manage(actor, hospital_id)
    ids = {new.session_id for new in sessions}
    if len(ids) != len(sessions):
        raise errors.SessionExists()
    known = set(models.ClinicSession.objects.filter(hospital_id=hospital_id, id__in=ids).values_list("id", flat=True))
    in_force = policies.of_hospital(hospital_id, now)
    planned = [roster.Planned(new, None) for new in sessions if new.session_id not in known]
    places = _Places(hospital_id, [plan.new for plan in planned])
    for plan in planned:
        department = places.check(plan.new)
        roster.check_new_session(plan.new, in_force(department.department_id), campus_id=department.campus_id)
    slots = _write(hospital_id, planned, in_force, actor=actor, now=now)
    return contracts.Imported(hospital_id, sessions=len(planned), slots=slots, known=len(known))


@command(refusals={**PLANNING, "session_at_open_campus": Busy})
def generate_sessions(cmd: contracts.GenerateSessions, *, actor: Actor, now: datetime) -> contracts.Generated:
    """Sessions of some days from the roster; holidays and worked weekends are known. Repeatable: a line's day that has
    its session keeps it. A sitting that clashes with another one of its practitioner, whose practitioner left, or that
    has no price yet, is left out and counted, and keeps no other waiting; those of a department that can't be booked,
    or at a closed campus, rest until it can.

    Emits: SessionsPlanned. Refuses: TimesInvalid, SessionExists or PractitionerBusy (another planning runs), Busy (a
    campus closes at this moment), KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.generate_sessions", cmd)
    if once.answer is not None:
        left_out = tuple(tuple(one) for one in once.answer.get("unpriced", ()))
        return contracts.Generated(**{**once.answer, "hospital_id": cmd.hospital_id, "unpriced": left_out})
    roster.check_days(cmd.from_date, cmd.until_date, today=clock.shanghai_date(now))
    existing = models.ClinicSession.objects.filter(
        hospital_id=cmd.hospital_id, date__gte=cmd.from_date, date__lte=cmd.until_date
    )
    known = set(existing.values_list("roster_line_id", "date"))
    sittings = roster.Sittings(
        existing.filter(~Q(state=SessionState.STOPPED)).values_list("practitioner_id", "starts_at", "ends_at")
    )
    in_force = policies.of_hospital(cmd.hospital_id, now)
    lines = models.RosterLine.objects.filter(
        Q(until_date=None) | Q(until_date__gte=cmd.from_date),
        hospital_id=cmd.hospital_id,
        from_date__lte=cmd.until_date,
    ).order_by("starts", "id")
    wanted = roster.sittings(_at_open_places(cmd.hospital_id, [line.as_contract() for line in lines]), cmd)
    planned: list[roster.Planned] = []
    titles = _titles(cmd.hospital_id, [line for line, _ in wanted])
    fee = cache(lambda kind, title, day: hospitals.fee_fen(cmd.hospital_id, kind, title, day))
    clashed, unpriced = 0, Counter[tuple[str, str]]()
    for line, day in wanted:
        if (line.roster_line_id, day) in known:
            continue
        if line.practitioner_id not in titles:
            clashed += 1
            continue
        title = titles[line.practitioner_id]
        try:
            fee_fen = fee(line.clinic_kind, title, day)
        except FeeMissing:
            unpriced[line.clinic_kind, title or ""] += 1
            continue
        new = roster.plan_session(
            line, day, session_id=new_id(), title=title, fee_fen=fee_fen, policies=in_force(line.department_id)
        )
        if sittings.take(new):
            planned.append(roster.Planned(new, line.roster_line_id))
        else:
            clashed += 1
    slots = _write(cmd.hospital_id, planned, in_force, actor=actor, now=now)
    kept = len(wanted) - len(planned) - clashed - unpriced.total()
    without_price = tuple((kind, title, n) for (kind, title), n in sorted(unpriced.items()))
    return once.finish(
        contracts.Generated(cmd.hospital_id, len(planned), slots, known=kept, clashed=clashed, unpriced=without_price)
    )


class _Places:
    """The departments and practitioners that some lines or sessions name; two queries for all of them."""

    def __init__(self, hospital_id: UUID, named: Sequence[contracts.RosterLine | contracts.NewSession]) -> None:
        self._hospital_id = hospital_id
        self._departments = hospitals.departments_by_id(hospital_id, {one.department_id for one in named})
        doctors = {one.practitioner_id for one in named if one.practitioner_id is not None}
        self._doctors = hospitals.practitioners_by_id(hospital_id, doctors)

    def check(self, one: contracts.RosterLine | contracts.NewSession) -> Department:
        """Refuses what is not the hospital's, and PractitionerNotOfDepartment."""
        department = self._departments.get(one.department_id)
        if department is None:
            return hospitals.get_department(self._hospital_id, one.department_id)
        if one.practitioner_id is not None:
            doctor = self._doctors.get(one.practitioner_id)
            if doctor is None:
                doctor = hospitals.get_practitioner(self._hospital_id, one.practitioner_id)
            if not sits_in(doctor, one.department_id):
                raise errors.PractitionerNotOfDepartment()
        return department


def _at_open_places(hospital_id: UUID, lines: Sequence[contracts.RosterLine]) -> list[contracts.RosterLine]:
    """A department may have moved since: its line's campus counts too."""
    found = hospitals.departments_by_id(hospital_id, {line.department_id for line in lines})
    campuses = {one.campus_id for one in hospitals.list_campuses(hospital_id)}
    return [line for line in lines if found[line.department_id].is_bookable and line.campus_id in campuses]


def _titles(hospital_id: UUID, lines: Sequence[contracts.RosterLine]) -> dict[UUID | None, str | None]:
    """The titles of those who still practise; None for a department's own sessions."""
    ids = {line.practitioner_id for line in lines if line.practitioner_id is not None}
    doctors = hospitals.practitioners_by_id(hospital_id, ids)
    return {None: None, **{key: doctor.title.value for key, doctor in doctors.items() if doctor.is_active}}


def _write(
    hospital_id: UUID,
    planned: Sequence[roster.Planned],
    in_force: Callable[[UUID], Policies],
    *,
    actor: Actor,
    now: datetime,
) -> int:
    """Sessions, then slots, by COPY, and one event for all. Returns the number of slots."""
    if not planned:
        return 0
    sessions = [
        models.session_of(hospital_id, plan.new, roster_line_id=plan.roster_line_id, now=now) for plan in planned
    ]
    slots = [
        slot
        for plan in planned
        for slot in models.slots_of(
            hospital_id, plan.new, special=cutting.special_places(plan.new, in_force(plan.new.department_id))
        )
    ]
    models.copy_in(models.ClinicSession, [models.values_of(session) for session in sessions])
    models.copy_in(models.Slot, slots)
    event = contracts.SessionsPlanned(
        hospital_id=hospital_id,
        subject_id=hospital_id,
        sessions=len(sessions),
        slots=len(slots),
        from_date=min(session.date for session in sessions),
        until_date=max(session.date for session in sessions),
    )
    events.append(event, actor, at=now, shard=f"planned:{sessions[0].id}")
    return len(slots)
