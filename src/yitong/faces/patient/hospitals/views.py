"""From a hospital to a time window."""

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from yitong.core.db import policies
from yitong.domains.hospitals import queries as hospitals
from yitong.domains.hospitals.contracts import Campus, Department, Practitioner
from yitong.domains.schedule import queries as schedule
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.patient.hospitals import choosing, presenters


@require_GET
def hospital(request: Request, hospital_id: UUID) -> HttpResponse:
    """Its departments first; then what to know before going."""
    reader = pages.reader_of(request)
    found = hospitals.get_hospital(hospital_id)
    campuses = hospitals.list_campuses(hospital_id)
    in_force = policies.at(hospital_id, reader.now)
    campus_id = _asked_campus(request, campuses)
    context = {
        "hospital_id": hospital_id,
        "name": reader.name(found),
        "note": presenters.hospital_note(found),
        "introduction": found.introduction,
        "phone": found.phone,
        "announcements": [
            one for one in hospitals.list_announcements(hospital_id, reader.now) if one.hospital_id == hospital_id
        ],
        "tabs": presenters.campus_tabs(campuses, campus_id, request.path, reader),
        "drawers": presenters.drawers(hospitals.list_departments(hospital_id, campus_id), reader),
        "places": presenters.places(campuses, reader),
        "rules": [line.text for line in hospitals.policies_in_words(hospital_id, reader.now, reader.language)],
        "fees": presenters.fee_lines(hospitals.list_fees(hospital_id, reader.today), reader),
        "release": presenters.release(in_force, reader),
    }
    return pages.page(request, "patient/hospitals/hospital.html", context)


@require_GET
def department(request: Request, hospital_id: UUID, department_id: UUID) -> HttpResponse:
    """The days, and the sessions of the chosen one."""
    reader = pages.reader_of(request)
    found = hospitals.get_department(hospital_id, department_id)
    in_force = policies.at(hospital_id, reader.now, department_id=department_id)
    days = choosing.days(in_force, reader)
    sessions = schedule.list_sessions(hospital_id, department_id, days[0], days[-1])
    visit = choosing.asked_visit(request)
    link = presenters.Link(request.path, {"visit": visit.value})
    chosen = choosing.choice(
        request, hospital_id, days, sessions, visit, presenters.NewBooking(visit), link, in_force, reader
    )
    context = chosen | {
        "elsewhere": [] if chosen["is_open"] else choosing.elsewhere(found, reader),
        "tabs": presenters.visit_tabs(
            sessions, visit, in_force, presenters.Link(request.path, choosing.dated(request))
        ),
        "name": reader.name(found),
        "hospital_name": reader.name(hospitals.get_hospital(hospital_id)),
        "hospital_id": hospital_id,
        "place": choosing.place(hospital_id, found.campus_id, found.location, reader),
        "eligibility": presenters.eligibility(found),
        "introduction": found.introduction,
    }
    return pages.page(request, "patient/hospitals/department.html", context)


@require_GET
def doctor(request: Request, hospital_id: UUID, practitioner_id: UUID) -> HttpResponse:
    """A doctor and the days on which the doctor sits."""
    reader = pages.reader_of(request)
    found = hospitals.get_practitioner(hospital_id, practitioner_id)
    in_force = policies.at(hospital_id, reader.now)
    days = choosing.days(in_force, reader)
    sessions = schedule.list_practitioner_sessions(hospital_id, practitioner_id, days[0], days[-1])
    visit, link = presenters.Visit.AGAIN, presenters.Link(request.path, {})
    chosen = choosing.choice(
        request, hospital_id, days, sessions, visit, presenters.NewBooking(visit), link, in_force, reader
    )
    context = chosen | {
        "colleagues": [] if chosen["is_open"] else presenters.colleagues(_departments_of(found), reader),
        "doctor": presenters.doctor(found, reader),
        "introduction": found.introduction,
        "hospital_name": reader.name(hospitals.get_hospital(hospital_id)),
        "hospital_id": hospital_id,
    }
    return pages.page(request, "patient/hospitals/doctor.html", context)


@require_GET
def session(request: Request, hospital_id: UUID, session_id: UUID) -> HttpResponse:
    """The time windows of a session, or of all sessions that are one offer with it (R-004)."""
    reader = pages.reader_of(request)
    found = schedule.get_session(hospital_id, session_id)
    visit = choosing.asked_visit(request)
    department_url = reverse("patient:department", args=[hospital_id, found.department_id])
    context = choosing.windows(found, visit, presenters.NewBooking(visit), reader) | {
        "back": f"{department_url}?date={found.date.isoformat()}&visit={visit.value}",
        "steps": presenters.steps(1),
    }
    return pages.page(request, "patient/hospitals/session.html", context)


def _departments_of(practitioner: Practitioner) -> list[Department]:
    found = hospitals.departments_by_id(practitioner.hospital_id, practitioner.department_ids)
    return [one for one in found.values() if one.is_bookable]


def _asked_campus(request: Request, campuses: list[Campus]) -> UUID | None:
    """The asked campus, else the first; None where the hospital has none yet."""
    asked = request.GET.get("campus")
    ids = [campus.campus_id for campus in campuses]
    return next((i for i in ids if str(i) == asked), ids[0] if ids else None)
