"""Home and search."""

from functools import cache

from django.http import HttpResponse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from yitong.core.db import policies
from yitong.domains.booking.contracts import Booking, Usual
from yitong.domains.booking.queries import bookings
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.hospitals.queries import searching
from yitong.faces.common import lately, pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.patient.home import presenters
from yitong.faces.patient.hospitals import choosing, soon
from yitong.faces.patient.hospitals import presenters as releases

LONGEST_QUERY = 40
SUGGESTIONS = 8
RESULTS = 40
MOST_AGAIN = 3


@require_GET
def home(request: Request) -> HttpResponse:
    """Search, the next visit, those whom one has been to, when new slots come, every hospital by district."""
    reader = pages.reader_of(request)
    release = releases.release(policies.at(None, reader.now), reader)
    announcements = hospitals.list_announcements(None, reader.now)

    def make() -> dict[str, object]:
        return {
            "departments": soon.common(),
            "districts": presenters.districts(hospitals.list_hospitals(), reader),
            "release": release,
            "announcements": announcements,
        }

    return pages.shared(
        request,
        "patient/home/home.html",
        (release, *(one.announcement_id for one in announcements)),
        reader,
        make,
        longest=None,
        own={"mine": _mine(request, reader)},
    )


def _mine(request: Request, reader: Reader) -> SafeString:
    """The next visit, also for when the phone has no network, and those whom one has been to."""
    mine = bookings.list_my_bookings(request.actor, now=reader.now)
    if not mine:
        return _nothing_to_keep()
    again = [_again(one, reader) for one in bookings.usual_of(mine, most=MOST_AGAIN)]
    return pages.part(
        "patient/home/_mine.html",
        {"visit": _next_visit(mine, reader), "again": again, "keeps_offline": pages.keeps_offline(request)},
    )


@cache
def _nothing_to_keep() -> SafeString:
    return pages.part("patient/offline/_keep.html", {})


def _again(one: Usual, reader: Reader) -> presenters.Again:
    hospital = hospitals.get_hospital(one.hospital_id)
    department = hospitals.get_department(one.hospital_id, one.department_id)
    doctor = hospitals.get_practitioner(one.hospital_id, one.practitioner_id) if one.practitioner_id else None
    return presenters.again(one, hospital, department, doctor, reader)


def _next_visit(mine: list[Booking], reader: Reader) -> presenters.NextVisit | None:
    coming = presenters.coming(mine, reader)
    if not coming:
        return None
    first = coming[0]
    hospital = hospitals.get_hospital(first.hospital_id)
    department = hospitals.get_department(first.hospital_id, first.department_id)
    room = choosing.rooms(first.hospital_id, {first.session_id}, reader).get(first.session_id, "")
    return presenters.next_visit(coming, hospital, department, room, len(coming) - 1, reader)


@require_GET
def search(request: Request) -> HttpResponse:
    """Hospitals, departments and doctors by name, pinyin or pinyin initials."""
    reader = pages.reader_of(request)
    query = _query(request)

    def make() -> dict[str, object]:
        return {"query": query, "results": _results(query, RESULTS, reader)}

    return pages.shared(request, "patient/home/search.html", (query,), reader, make, longest=None)


@require_GET
def suggest(request: Request) -> HttpResponse:
    """The first results, for the list under the search box."""
    reader = pages.reader_of(request)
    return pages.fragment(_results(_query(request), SUGGESTIONS, reader))


def _query(request: Request) -> str:
    return request.GET.get("q", "").strip()[:LONGEST_QUERY]


def _results(query: str, limit: int, reader: Reader) -> SafeString:
    """They follow from the reference data alone, and are kept while it stands still."""

    def make() -> SafeString:
        found = searching.search(query, limit=limit) if query else []
        context = {
            "query": query,
            "lines": [presenters.found_line(item, reader) for item in found],
            "departments": soon.common() if limit == RESULTS and not found else [],
        }
        return pages.part("patient/home/_results.html", context)

    return lately.keep(("search", query, limit, reader.language), reader.now, make, longest=None)
