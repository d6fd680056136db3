"""Who waits for a session: seen by its staff, moved by nobody (R-017)."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yitong.core import masks
from yitong.domains.people import permissions as may_people
from yitong.domains.schedule.queries import timetable as schedule
from yitong.domains.waitlist import permissions as may_waitlist
from yitong.domains.waitlist import queries
from yitong.domains.waitlist.contracts import Mode, Waiting
from yitong.faces.common import pages, terms
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.desk.place import Place, at_desk
from yitong.faces.desk.sessions.views import head_of


@dataclass(frozen=True, slots=True)
class Line:
    place: int
    names: str
    people: int
    joined: str
    wish: str
    state: str
    tag: str


@require_GET
@at_desk
def waiting(request: Request, place: Place, session_id: UUID) -> HttpResponse:
    """In the order in which freed slots go. Each look leaves a line that the patients see."""
    may_waitlist.check_can_list(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    found = schedule.get_session(place.hospital_id, session_id)
    rows = queries.list_waiting(place.hospital_id, session_id, request.actor, now=reader.now)
    sees_names = may_people.can_read(request.actor, place.hospital_id)
    context = {
        "session_id": session_id,
        "head": head_of(place, found, reader),
        "hospital": reader.name(place.hospital),
        "lines": [_line(one, reader, sees_names=sees_names) for one in rows],
        "people": sum(len(one.patient_ids) for one in rows),
    }
    return pages.page(request, "desk/sessions/waiting.html", context)


def _line(one: Waiting, reader: Reader, *, sees_names: bool) -> Line:
    names = [name if sees_names else masks.name(name) for name in one.patient_names if name]
    state = terms.term(terms.WAITLIST_STATES, one.state)
    if one.offer_until is not None:
        state = _("%(state)s，到%(time)s") % {"state": state, "time": reader.moment(one.offer_until)}
    return Line(
        place=one.place,
        names=_("、").join(names),
        people=len(one.patient_ids),
        joined=reader.moment(one.joined_at),
        wish=_("直接约上") if one.mode is Mode.AT_ONCE else _("先问本人"),
        state=state,
        tag="warn" if one.offer_until is not None else "",
    )
