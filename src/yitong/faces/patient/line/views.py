"""The line before a department's release: where it is joined, and where one sees how it goes (R-017)."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from yitong.core.db import policies
from yitong.domains.booking.queries import window as bookings
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import queries as people
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.patient.booking import window
from yitong.faces.patient.check.gate import check_first
from yitong.faces.patient.line import presenters


@require_GET
@check_first
def line(request: Request, hospital_id: UUID, department_id: UUID) -> HttpResponse:
    """With scripts the window tells how it goes; without them a reload does."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    department = hospitals.get_department(hospital_id, department_id)
    in_force = policies.at(hospital_id, reader.now, department_id=department_id)
    times = bookings.next_line(hospital_id, department_id, reader.now)
    context = {
        "department": reader.name(department),
        "hospital": reader.name(hospitals.get_hospital(hospital_id)),
        "hospital_id": hospital_id,
        "department_id": department_id,
        "refusal": window.refusal_of(request.GET),
        "times": times,
    }
    if times is not None:
        cards = people.patients_of(account_id)
        places = bookings.places_in_line(hospital_id, department_id, times, request.actor, now=reader.now)
        waiting = presenters.waiting(cards, places, times, reader)
        context |= {
            "when": presenters.when(times, in_force.int("booking.line.turn_minutes"), reader),
            "waiting": waiting,
            "is_anybody_in": any(one.is_in_line for one in waiting),
            "is_everybody_in": all(one.is_in_line for one in waiting),
            "is_anybody_admitted": any(one.is_admitted for one in waiting),
            "passing": window.pass_for(request, reader),
        }
    return pages.page(request, "patient/line/line.html", context)
