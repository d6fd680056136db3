"""A session: its windows, who is booked, the list on paper."""

from collections import Counter
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from yitong.domains.access.contracts import RoleName
from yitong.domains.booking import permissions as may_booking
from yitong.domains.booking.contracts import LIVE, Booking
from yitong.domains.booking.queries import bookings as booking
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import permissions as may_people
from yitong.domains.schedule import permissions as may_schedule
from yitong.domains.schedule.contracts import Session
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.desk.place import Place, at_desk
from yitong.faces.desk.sessions import presenters


@require_GET
@at_desk
def session(request: Request, place: Place, session_id: UUID) -> HttpResponse:
    found, context = opened(request, place, session_id)
    reader = pages.reader_of(request)
    bookings: list[Booking] = context["bookings"]  # type: ignore[assignment]
    taken = presenters.taken_slots(bookings)
    is_own = _is_own(request, place, found)
    has_acts = can_receive(place) or can_cancel(place)
    table = presenters.booked_table(sees_names=bool(context["sees_names"]), has_acts=has_acts)
    context |= {
        "windows": presenters.windows(schedule.list_slots(place.hospital_id, session_id), taken, reader),
        "live_count": len(taken),
        "table": table.shown(request, context["coming"]),  # type: ignore[arg-type]
        "can_manage": may_schedule.can_manage(request.actor, place.hospital_id),
        "can_receive": can_receive(place),
        "can_cancel": can_cancel(place),
        "can_add_extra": is_own,
    }
    return pages.page(request, "desk/sessions/session.html", context)


@require_GET
@at_desk
def news(request: Request, place: Place, session_id: UUID) -> HttpResponse:
    """Whether the list changed since it was shown: a count, so that asking again and again reads no patient."""
    schedule.get_session(place.hospital_id, session_id)  # another hospital's is absent
    counts = booking.count_by_session(place.hospital_id, [session_id], request.actor)[session_id]
    live = sum(counts.get(state, 0) for state in LIVE)
    context = {"session_id": session_id, "live_count": request.GET.get("shown", ""), "count": live}
    return pages.partial(request, "desk/sessions/_news.html", context)


@require_GET
@at_desk
def print_list(request: Request, place: Place, session_id: UUID) -> HttpResponse:
    _session, context = opened(request, place, session_id)
    return pages.page(request, "desk/sessions/print_list.html", context)


def opened(request: Request, place: Place, session_id: UUID) -> tuple[Session, dict[str, object]]:
    """The session with its head and its bookings. Refuses Forbidden; SessionMissing, also for another hospital's."""
    may_booking.check_can_list(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    found = schedule.get_session(place.hospital_id, session_id)
    bookings = booking.list_bookings_of_session(place.hospital_id, session_id, request.actor, now=reader.now)
    sees_names = may_people.can_read(request.actor, place.hospital_id)
    coming, gone = presenters.lines(bookings, sees_names=sees_names, reader=reader)
    return found, {
        "session_id": session_id,
        "head": head_of(place, found, reader),
        "bookings": bookings,
        "coming": coming,
        "gone": gone,
        "sees_names": sees_names,
        "figures": presenters.figures(Counter(one.state for one in bookings), found),
        "hospital": reader.name(place.hospital),
    }


def head_of(place: Place, session: Session, reader: Reader) -> presenters.SessionHead:
    ids = {key for key in (session.practitioner_id, session.substituted_id) if key is not None}
    return presenters.head(
        session,
        hospitals.get_department(place.hospital_id, session.department_id),
        hospitals.get_campus(place.hospital_id, session.campus_id),
        hospitals.practitioners_by_id(place.hospital_id, ids),
        reader,
    )


def can_receive(place: Place) -> bool:
    """Whether to offer the check-in; the command judges."""
    return bool(place.roles & {*may_booking.WINDOW, RoleName.NURSE})


def can_cancel(place: Place) -> bool:
    return bool(place.roles & set(may_booking.WINDOW))


def _is_own(request: Request, place: Place, session: Session) -> bool:
    if RoleName.DOCTOR not in place.roles or session.practitioner_id is None:
        return False
    doctor = hospitals.find_practitioner_of_staff(place.hospital_id, UUID(request.actor.id))
    return doctor is not None and doctor.practitioner_id == session.practitioner_id
