"""From a hospital to a time window."""

from collections.abc import Hashable
from datetime import date
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from yitong.core.db import policies
from yitong.domains.hospitals.contracts.things import Announcement, Campus, Department, Hospital, Practitioner
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.hospitals.queries import policy_lines
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.patient.draws import presenters as drawing
from yitong.faces.patient.hospitals import choosing, live, near, offering, presenters, ways
from yitong.faces.patient.line import presenters as lines

Framed = tuple[dict[str, Hashable], SafeString]  # a page's frame, and the part that tells what is left


@require_GET
def hospital(request: Request, hospital_id: UUID) -> HttpResponse:
    """Its departments first; then what to know before going."""
    reader = pages.reader_of(request)
    found = hospitals.get_hospital(hospital_id)
    in_force = policies.at(hospital_id, reader.now)
    release = presenters.release(in_force, reader)
    campus_id = _asked_campus(request, hospitals.list_campuses(hospital_id))
    notices = [one for one in hospitals.list_announcements(hospital_id, reader.now) if one.hospital_id == hospital_id]
    # All of it follows from the reference data, the day, the rules in force and the notices that are up.
    return pages.shared(
        request,
        "patient/hospitals/hospital.html",
        (hospital_id, campus_id, reader.today, in_force, release, *(one.announcement_id for one in notices)),
        reader,
        lambda: _hospital(found, campus_id, notices, reader) | {"release": release},
        longest=None,
    )


def _hospital(
    found: Hospital, campus_id: UUID | None, notices: list[Announcement], reader: Reader
) -> dict[str, object]:
    """The departments, and what to know before going."""
    hospital_id = found.hospital_id
    campuses = hospitals.list_campuses(hospital_id)
    href = reverse("patient:hospital", args=[hospital_id])
    return {
        "name": reader.name(found),
        "note": presenters.hospital_note(found),
        "announcements": notices,
        "tabs": presenters.campus_tabs(campuses, campus_id, href, reader),
        "drawers": presenters.drawers(hospitals.list_departments(hospital_id, campus_id), reader),
        "introduction": found.introduction,
        "phone": found.phone,
        "hospital_id": hospital_id,
        "places": presenters.places(found, campuses, reader),
        "rules": [line.text for line in policy_lines.policies_in_words(hospital_id, reader.now, reader.language)],
        "fees": presenters.fee_lines(hospitals.list_fees(hospital_id, reader.today), reader),
    }


@require_GET
def department(request: Request, hospital_id: UUID, department_id: UUID) -> HttpResponse:
    """The days, and the sessions of the chosen one; `times=1`: at once the windows of its own clinic (no doctor)."""
    reader = pages.reader_of(request)
    visit, asked = choosing.asked_visit(request), choosing.asked_date(request)
    is_direct = request.GET.get("times") == "1"
    return pages.framed(
        request,
        "patient/hospitals/department.html",
        (hospital_id, department_id, visit, asked, is_direct),
        reader,
        lambda: _department(hospital_id, department_id, visit, asked, reader, is_direct=is_direct),
    )


def _department(
    hospital_id: UUID,
    department_id: UUID,
    visit: ways.Visit,
    asked: date | None,
    reader: Reader,
    *,
    is_direct: bool,
) -> Framed:
    """The same for every visitor."""
    found = hospitals.get_department(hospital_id, department_id)
    in_force = policies.at(hospital_id, reader.now, department_id=department_id)
    days = choosing.days(in_force, reader)
    sessions = schedule.list_sessions(hospital_id, department_id, days[0], days[-1])
    path = reverse("patient:department", args=[hospital_id, department_id])
    own = [one for one in sessions if one.practitioner_id is None] if is_direct else []
    sessions = own or sessions
    link = ways.Link(path, {"visit": visit.value, **({"times": "1"} if own else {})})
    way = ways.NewBooking(visit)
    chosen = choosing.choice(asked, hospital_id, days, sessions, visit, way, link, in_force, reader)
    dated = ways.Link(path, {"date": asked.isoformat()} if asked else {})
    place = {
        "name": reader.name(found),
        "hospital_name": reader.name(hospitals.get_hospital(hospital_id)),
        "hospital_id": hospital_id,
    }
    part = chosen | {
        "elsewhere": [] if chosen["is_open"] else near.elsewhere(found, reader),
        "tabs": offering.visit_tabs(sessions, visit, in_force, dated),
        "place": choosing.place(hospital_id, found.campus_id, found.location, reader),
        "line": lines.way_to(hospital_id, department_id, in_force, reader),
        "draws": drawing.way_to(hospital_id, department_id, in_force, reader),
        "eligibility": presenters.eligibility(found),
        "live": live.of_department(hospital_id, department_id, chosen["day"]),
        "introduction": found.introduction,
        "sittings": choosing.sittings([one for one in own if one.date == chosen["day"]], way, in_force, reader),
        "all_href": ways.Link(path, {}).to(visit=visit.value),
    }
    told = pages.part("patient/hospitals/_department.html", place | part)
    return place | {"is_live": bool(part["live"])}, told


@require_GET
def doctor(request: Request, hospital_id: UUID, practitioner_id: UUID) -> HttpResponse:
    """A doctor and the days on which the doctor sits."""
    reader = pages.reader_of(request)
    asked = choosing.asked_date(request)
    return pages.framed(
        request,
        "patient/hospitals/doctor.html",
        (hospital_id, practitioner_id, asked),
        reader,
        lambda: _doctor(hospital_id, practitioner_id, asked, reader),
    )


def _doctor(hospital_id: UUID, practitioner_id: UUID, asked: date | None, reader: Reader) -> Framed:
    """The same for every visitor."""
    found = hospitals.get_practitioner(hospital_id, practitioner_id)
    in_force = policies.at(hospital_id, reader.now)
    days = choosing.days(in_force, reader)
    sessions = schedule.list_practitioner_sessions(hospital_id, practitioner_id, days[0], days[-1])
    visit = ways.Visit.AGAIN
    link = ways.Link(reverse("patient:doctor", args=[hospital_id, practitioner_id]), {})
    way = ways.NewBooking(visit)
    chosen = choosing.choice(asked, hospital_id, days, sessions, visit, way, link, in_force, reader)
    shown = offering.doctor(found, reader)
    that_day = [one for one in sessions if one.date == chosen["day"]]
    place = {
        "name": shown.name,
        "hospital_name": reader.name(hospitals.get_hospital(hospital_id)),
        "hospital_id": hospital_id,
    }
    part = chosen | {
        "doctor": shown,
        "sittings": choosing.sittings(that_day, way, in_force, reader),
        "live": live.of_sessions(that_day, way) if that_day else None,
        "colleagues": [] if chosen["is_open"] else near.colleagues(_departments_of(found), practitioner_id, reader),
        "introduction": found.introduction,
    }
    told = pages.part("patient/hospitals/_doctor.html", place | part)
    return place | {"is_live": bool(part["live"])}, told


@require_GET
def session(request: Request, hospital_id: UUID, session_id: UUID) -> HttpResponse:
    """The time windows of a session, or of all sessions that are one offer with it (R-004)."""
    reader = pages.reader_of(request)
    visit = choosing.asked_visit(request)
    return pages.framed(
        request,
        "patient/hospitals/session.html",
        (hospital_id, session_id, visit),
        reader,
        lambda: _session(hospital_id, session_id, visit, reader),
    )


def _session(hospital_id: UUID, session_id: UUID, visit: ways.Visit, reader: Reader) -> Framed:
    """The same for every visitor."""
    found = schedule.get_session(hospital_id, session_id)
    department_url = reverse("patient:department", args=[hospital_id, found.department_id])
    back = f"{department_url}?date={found.date.isoformat()}&visit={visit.value}"
    shown = choosing.windows(found, visit, ways.NewBooking(visit), reader)
    told = pages.part("patient/hospitals/_windows.html", shown | {"back": back, "steps": presenters.steps(1)})
    return {"back": back, "department": str(shown["department"]), "is_live": bool(shown["live"])}, told


def _departments_of(practitioner: Practitioner) -> list[Department]:
    found = hospitals.departments_by_id(practitioner.hospital_id, practitioner.department_ids)
    return [one for one in found.values() if one.is_bookable]


def _asked_campus(request: Request, campuses: list[Campus]) -> UUID | None:
    """The asked campus, else the first; None where the hospital has none yet."""
    asked = request.GET.get("campus")
    ids = [campus.campus_id for campus in campuses]
    return next((i for i in ids if str(i) == asked), ids[0] if ids else None)
