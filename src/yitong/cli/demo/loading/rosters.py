"""Writes the weekly rosters and, from them, the sessions and slots of the coming days."""

from datetime import datetime, time
from uuid import UUID

from yitong.cli.demo import draw
from yitong.cli.demo.city import City
from yitong.core.actor import Actor
from yitong.core.clock import at_shanghai
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule.commands import planning
from yitong.domains.schedule.contracts import GenerateSessions, HalfDay, RosterLine

EPOCH = at_shanghai(draw.EPOCH, time.min)


def fill_roster(code: str, hospital_id: UUID, city: City, *, actor: Actor, now: datetime) -> int:
    """The hospital's roster lines, from today on; those that are there stay. Returns how many were new."""
    campuses = {one.code: one.campus_id for one in hospitals.list_campuses(hospital_id)}
    departments = {one.code: one.department_id for one in hospitals.list_departments(hospital_id)}
    doctors = {one.code: one.practitioner_id for one in hospitals.list_practitioners(hospital_id)}
    lines = [
        RosterLine(
            hospital_id=hospital_id,
            roster_line_id=draw.identifier(EPOCH, city.seed, line.code),
            campus_id=campuses[line.campus_code],
            department_id=departments[line.department_code],
            practitioner_id=doctors[line.practitioner_code] if line.practitioner_code else None,
            clinic_kind=line.kind,
            weekday=line.weekday,
            half_day=HalfDay(line.half_day),
            starts=line.starts,
            ends=line.ends,
            slot_minutes=line.slot_minutes,
            per_window=line.per_window,
            from_date=city.today,
            until_date=None,
            room=line.room,
        )
        for line in city.lines
        if line.hospital_code == code
    ]
    return planning.import_roster(hospital_id, lines, actor=actor, now=now).lines


def make_sessions(hospital_id: UUID, city: City, *, actor: Actor, now: datetime) -> tuple[int, int]:
    """The sessions of the city's days, by COPY. Returns how many sessions and slots were new."""
    days = city.days()
    cmd = GenerateSessions(
        key=f"demo:{hospital_id}:{days[0]}", hospital_id=hospital_id, from_date=days[0], until_date=days[-1]
    )
    made = planning.generate_sessions(cmd, actor=actor, now=now)
    return made.sessions, made.slots
