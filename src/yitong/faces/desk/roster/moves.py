"""A weekly sitting to another place in the week: by a form, which drag and keys only fill in. What was already made of
it stays, and is shown with how many are booked: for them it is a stop or a substitute, never a move (R-016)."""

from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.booking.queries import bookings
from yitong.domains.schedule import permissions as may
from yitong.domains.schedule.commands import planning
from yitong.domains.schedule.contracts import HalfDay, RosterLine, Session
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.desk.forms import IN_PLACE, status_of
from yitong.faces.desk.place import Place, at_desk
from yitong.faces.desk.roster import forms, presenters
from yitong.faces.desk.roster.views import USUAL, home, line_of, shown
from yitong.faces.desk.stops.forms import LONGEST_DAYS


@require_http_methods(["GET", "POST"])
@at_desk
def move(request: Request, place: Place, line_id: UUID) -> HttpResponse:
    may.check_can_manage(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    line = line_of(request, place, line_id)
    form = forms.MoveLine(
        request.POST if request.method == "POST" else None,
        weekdays=presenters.weekdays(reader),
        initial=_wish(request, line, reader),
    )
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            cmd = form.to_command(place.hospital_id, line_id)
            planning.move_roster_line(cmd, actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            notice = _("已再排一个") if cmd.is_copy else _("已移动；以前生成的出诊没有动")
            return pages.go_to(request, home(line.department_id), notice=notice)
    first = form.cleaned_data.get("from_date") if form.is_bound else form.initial["from_date"]
    left = _left(request, place, line, first or reader.today, reader)
    counts = bookings.count_by_session(place.hospital_id, [one.session_id for one in left], request.actor)
    lines = presenters.left(left, counts, reader)
    context = {
        **shown(place, line, reader),
        "form": form,
        "left": lines,
        "booked": sum(one.booked for one in lines),
        "stop_href": _stop_href(line, left) if left else "",
        "refusal": pages.said(refusal, reader),
    }
    status = status_of(form, refusal)
    return pages.answer(request, "desk/roster/move.html", "desk/roster/_move.html", context, status)


def _wish(request: Request, line: RosterLine, reader: Reader) -> dict[str, object]:
    """Where it was dropped; its own hours where the half-day stays, else the usual ones of the other."""
    try:
        half = HalfDay(request.GET.get("half_day", line.half_day.value))
    except ValueError:
        half = line.half_day
    weekday = request.GET.get("weekday", "")
    starts, ends = (line.starts, line.ends) if half is line.half_day else USUAL[half]
    return {
        "key": new_id(),
        "mode": "copy" if request.GET.get("copy") == "1" else "move",
        "weekday": weekday if weekday and weekday in "0123456" else line.weekday,
        "half_day": half.value,
        "starts": starts,
        "ends": ends,
        "from_date": max(reader.today + timedelta(days=1), line.from_date),
    }


def _left(request: Request, place: Place, line: RosterLine, first: date, reader: Reader) -> list[Session]:
    return schedule.list_made_of_line(
        place.hospital_id, line.roster_line_id, first, actor=request.actor, now=reader.now
    )


def _stop_href(line: RosterLine, left: list[Session]) -> str:
    """The stop of what is left behind, as far as one word reaches."""
    what = f"doctor:{line.practitioner_id}" if line.practitioner_id is not None else f"department:{line.department_id}"
    first, last = left[0].date, left[-1].date
    asked = {
        "what": what,
        "from_date": first.isoformat(),
        "until_date": min(last, first + timedelta(days=LONGEST_DAYS - 1)).isoformat(),
        "line": line.roster_line_id,
    }
    return f"{reverse('desk:stop_new')}?{urlencode(asked)}"
