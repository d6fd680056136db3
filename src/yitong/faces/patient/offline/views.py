"""Without a connection: the worker that answers then, the page that it shows, and the one booking that it may keep
(docs/decisions/offline-page.md)."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from yitong.domains.booking.queries import bookings
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.patient.offline import presenters

UNTIL_HEADER = "X-Keep-Until"


@require_GET
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker, from the root so that it stands before every page; asked for anew at each update."""
    script = render_to_string("patient/offline/service-worker.js")
    return HttpResponse(script, content_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"})


@require_GET
def offline(request: HttpRequest) -> HttpResponse:
    """The page for a phone without connection. It says nothing of anybody; the worker puts the card into it."""
    return pages.page(request, "patient/offline/offline.html")


@require_GET
def card(request: Request) -> HttpResponse:
    """The next booking with its code, to be kept until the day of the visit is over; nothing when there is none, or
    when the phone is to keep none."""
    nothing = HttpResponse(status=204)
    patch_vary_headers(nothing, ["Cookie"])
    if request.actor.account_id is None or not pages.keeps_offline(request):
        return nothing
    reader = pages.reader_of(request)
    booking = presenters.next_with_code(bookings.list_my_bookings(request.actor, now=reader.now), reader.now)
    if booking is None:
        return nothing
    session = schedule.get_session(booking.hospital_id, booking.session_id)
    shown = presenters.card(
        booking,
        session,
        hospitals.get_hospital(booking.hospital_id),
        hospitals.get_campus(booking.hospital_id, session.campus_id),
        hospitals.get_department(booking.hospital_id, booking.department_id),
        reader,
    )
    response = pages.partial(request, "patient/offline/_card.html", {"card": shown})
    response.headers[UNTIL_HEADER] = presenters.until(booking).isoformat()
    return response
