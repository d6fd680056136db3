"""The sessions of draws in the reader's language: the file has the hospital's own words, which are Chinese."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from yitong.core.db import policies
from yitong.domains.draws.contracts import Draw
from yitong.domains.hospitals.contracts.things import Practitioner
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule.contracts import Session
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import terms
from yitong.faces.common.words import Reader


def labels(draws: Iterable[Draw], reader: Reader) -> dict[UUID, str]:
    """By session: its hours, who sits there and the kind of clinic, as they are now. Three queries for each hospital.

    Without the name where a first visit may not name a doctor (R-004), as in the file.
    """
    wanted: dict[UUID, set[UUID]] = {}
    for draw in draws:
        wanted.setdefault(draw.hospital_id, set()).update(one.session_id for one in draw.sessions)
    return {
        key: label for hospital_id, ids in wanted.items() if ids for key, label in _of(hospital_id, ids, reader).items()
    }


def _of(hospital_id: UUID, session_ids: Iterable[UUID], reader: Reader) -> dict[UUID, str]:
    sessions = schedule.sessions_by_id(hospital_id, set(session_ids))
    in_force = policies.of_hospital(hospital_id, reader.now)
    named = {
        key: one.practitioner_id
        for key, one in sessions.items()
        if one.practitioner_id and not schedule.must_hide_name(one, in_force(one.department_id), is_first_visit=True)
    }
    doctors = hospitals.practitioners_by_id(hospital_id, set(named.values())) if named else {}
    return {key: _label(one, named.get(key), doctors, reader) for key, one in sessions.items()}


def _label(session: Session, practitioner_id: UUID | None, doctors: Mapping[UUID, Practitioner], reader: Reader) -> str:
    doctor = doctors.get(practitioner_id) if practitioner_id else None
    title = doctor.title if doctor else session.title
    who = [reader.name(doctor)] if doctor else []
    if title:
        who.append(terms.term(terms.TITLES, title))
    when, clinic = reader.visit(session.starts_at, session.ends_at), terms.term(terms.CLINICS, session.clinic_kind)
    return " · ".join(part for part in (when, " ".join(who), clinic) if part)
