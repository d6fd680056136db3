"""A whole roster from a file is held to the same rules as a line by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from yitong.cli.demo import city as cities
from yitong.cli.demo.loading import hospitals as loading
from yitong.core.actor import Actor, Role
from yitong.core.errors import Forbidden
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule import errors, models
from yitong.domains.schedule.commands import planning
from yitong.domains.schedule.contracts import HalfDay, RosterLine

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
CODE = "BJ18"


def hospital_with_its_doctors() -> tuple[UUID, Actor]:
    city = cities.build("small", now=NOW)
    operator = Actor.for_staff(uuid4(), roles=frozenset({Role("city_operator")}))
    one = next(hospital for hospital in city.hospitals if hospital.code == CODE)
    hospital_id = loading.add_hospital(one, city, actor=operator, now=NOW)
    admin = Actor.for_staff(uuid4(), roles=frozenset({Role("hospital_admin", hospital_id)}))
    loading.fill_hospital(CODE, hospital_id, city, actor=admin, now=NOW)
    return hospital_id, admin


def line_of(hospital_id: UUID) -> RosterLine:
    """A doctor's Monday morning, in the line's own department."""
    doctor = hospitals.list_practitioners(hospital_id)[0]
    department = hospitals.get_department(hospital_id, doctor.department_ids[0])
    made = cities.build("small", now=NOW).lines[0]
    return RosterLine(
        hospital_id=hospital_id,
        roster_line_id=uuid4(),
        campus_id=department.campus_id,
        department_id=department.department_id,
        practitioner_id=doctor.practitioner_id,
        clinic_kind="expert",
        weekday=0,
        half_day=HalfDay.AM,
        starts=made.starts,
        ends=made.ends,
        slot_minutes=30,
        per_window=2,
        from_date=cities.build("small", now=NOW).today,
        until_date=None,
    )


@pytest.mark.slow
@pytest.mark.rule("R-003")
def test_a_broken_line_refuses_the_whole_file(committed_db: Any) -> None:
    hospital_id, admin = hospital_with_its_doctors()
    line = line_of(hospital_id)
    elsewhere = next(
        one
        for one in hospitals.list_departments(hospital_id)
        if one.department_id != line.department_id and one.campus_id == line.campus_id
    )
    twice = replace(line, roster_line_id=uuid4())
    for broken, refusal in (
        (replace(twice, practitioner_id=None, slot_minutes=31), errors.SlotTooLong),
        (replace(twice, weekday=1, department_id=elsewhere.department_id), errors.PractitionerNotOfDepartment),
        (replace(twice, weekday=1, campus_id=uuid4()), errors.TimesInvalid),
        (twice, errors.PractitionerBusy),
    ):
        with pytest.raises(refusal):
            planning.import_roster(hospital_id, [line, broken], actor=admin, now=NOW)
    with pytest.raises(Forbidden):
        planning.import_roster(hospital_id, [line], actor=Actor.for_account(uuid4()), now=NOW)
    assert models.RosterLine.objects.filter(hospital_id=hospital_id).count() == 0

    first = planning.import_roster(hospital_id, [line], actor=admin, now=NOW)
    again = planning.import_roster(hospital_id, [line], actor=admin, now=NOW)
    assert (first.lines, first.known, again.lines, again.known) == (1, 0, 0, 1)
    assert models.RosterLine.objects.filter(hospital_id=hospital_id).count() == 1
