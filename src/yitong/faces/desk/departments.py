"""Departments by names that tell them apart: with the campus where a hospital has several."""

from collections.abc import Iterable
from uuid import UUID

from yitong.domains.hospitals.contracts.things import Department
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.faces.common.words import Reader


def names(hospital_id: UUID, departments: Iterable[Department], reader: Reader) -> dict[UUID, str]:
    campuses = {one.campus_id: one for one in hospitals.list_campuses(hospital_id, with_closed=True)}
    return {
        one.department_id: f"{reader.name(one)} · {reader.name(campuses[one.campus_id])}"
        if len(campuses) > 1
        else reader.name(one)
        for one in departments
    }
