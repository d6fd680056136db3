"""The roster editor: a department's week, one line more, the end of one, and the sessions of some days."""

from datetime import time, timedelta
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yitong.core.db import policies
from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.hospitals import permissions as may_write
from yitong.domains.hospitals.contracts.things import Department
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule import permissions as may
from yitong.domains.schedule.commands import planning
from yitong.domains.schedule.contracts import HalfDay, RosterLine
from yitong.domains.schedule.errors import RosterLineMissing
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.desk import departments as naming
from yitong.faces.desk.forms import IN_PLACE, status_of
from yitong.faces.desk.place import Place, at_desk
from yitong.faces.desk.roster import forms, presenters

USUAL = {
    HalfDay.AM: (time(8), time(12)),
    HalfDay.PM: (time(13, 30), time(17)),
    HalfDay.NIGHT: (time(18), time(20)),
}


@require_GET
@at_desk
def roster(request: Request, place: Place) -> HttpResponse:
    may.check_can_see_lists(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    departments = _departments(place)
    department = _asked(request, departments)
    named = naming.names(place.hospital_id, departments, reader)
    context: dict[str, object] = {
        "departments": [
            (key, name, department is not None and key == department.department_id) for key, name in named.items()
        ],
        "department": department,
        "can_manage": may.can_manage(request.actor, place.hospital_id),
        "can_write": may_write.can(request.actor, may_write.Action.WRITE_MASTER_DATA, place.hospital_id),
        "weekdays": presenters.weekdays(reader),
    }
    if department is not None:
        lines = schedule.list_roster(
            place.hospital_id, reader.today, actor=request.actor, department_id=department.department_id
        )
        doctors = hospitals.practitioners_by_id(
            place.hospital_id, {one.practitioner_id for one in lines if one.practitioner_id is not None}
        )
        context["name"] = named[department.department_id]
        context["rows"] = presenters.grid(lines, doctors, department.department_id, reader.name(department), reader)
    return pages.page(request, "desk/roster/roster.html", context)


@require_http_methods(["GET", "POST"])
@at_desk
def add(request: Request, place: Place) -> HttpResponse:
    may.check_can_manage(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    departments = _departments(place)
    department = _asked(request, departments)
    if department is None:
        return pages.go(request, "desk:roster")
    doctors = hospitals.list_practitioners(place.hospital_id, department.department_id)
    given = request.POST if request.method == "POST" else None
    form = forms.AddLine(
        given,
        doctors=doctors,
        weekdays=presenters.weekdays(reader),
        initial=_usual(request, place, department),
    )
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            cmd = form.to_command(place.hospital_id, department)
            planning.add_roster_line(cmd, actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go_to(request, home(department.department_id), notice=_("已排上"))
    context = {
        "form": form,
        "department_id": department.department_id,
        "department": naming.names(place.hospital_id, [department], reader)[department.department_id],
        "back": home(department.department_id),
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "desk/roster/add.html", context, status_of(form, refusal))


@require_http_methods(["GET", "POST"])
@at_desk
def end(request: Request, place: Place, line_id: UUID) -> HttpResponse:
    """The last day of a line; the day before its first makes it void."""
    may.check_can_manage(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    line = line_of(request, place, line_id)
    initial = {"key": new_id(), "until_date": max(reader.today, line.from_date - timedelta(days=1))}
    form = forms.EndLine(request.POST if request.method == "POST" else None, initial=initial)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            cmd = form.to_command(place.hospital_id, line_id)
            planning.end_roster_line(cmd, actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go_to(request, home(line.department_id), notice=_("已定好最后一天"))
    context = {**shown(place, line, reader), "form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "desk/roster/end.html", context, status_of(form, refusal))


@require_http_methods(["GET", "POST"])
@at_desk
def generate(request: Request, place: Place) -> HttpResponse:
    """Sessions of some days; what was made, known and left out is said."""
    may.check_can_manage(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    initial = {
        "key": new_id(),
        "from_date": reader.today + timedelta(days=1),
        "until_date": reader.today + timedelta(days=14),
    }
    form = forms.Generate(request.POST if request.method == "POST" else None, initial=initial)
    refusal: Refusal | None = None
    made = None
    if form.is_bound and form.is_valid():
        try:
            made = planning.generate_sessions(form.to_command(place.hospital_id), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            form = forms.Generate(initial=initial)  # the next press is another wish, with a key of its own
    context = {
        "form": form,
        "made": made,
        "unpriced": presenters.unpriced(made) if made is not None else "",
        "can_write": may_write.can(request.actor, may_write.Action.WRITE_MASTER_DATA, place.hospital_id),
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "desk/roster/generate.html", context, status_of(form, refusal))


def line_of(request: Request, place: Place, line_id: UUID) -> RosterLine:
    """Refuses RosterLineMissing, also for a line that is over."""
    reader = pages.reader_of(request)
    every = schedule.list_roster(place.hospital_id, reader.today, actor=request.actor)
    line = next((one for one in every if one.roster_line_id == line_id), None)
    if line is None:
        raise RosterLineMissing()
    return line


def shown(place: Place, line: RosterLine, reader: Reader) -> dict[str, object]:
    """A line as the pages about it alone show it."""
    department = hospitals.get_department(place.hospital_id, line.department_id)
    ids = [line.practitioner_id] if line.practitioner_id is not None else []
    doctors = hospitals.practitioners_by_id(place.hospital_id, ids)
    return {
        "line": presenters.sitting(line, doctors, reader.name(department), reader),
        "weekday": presenters.weekdays(reader)[line.weekday],
        "department": naming.names(place.hospital_id, [department], reader)[department.department_id],
        "back": home(line.department_id),
    }


def _departments(place: Place) -> list[Department]:
    return [one for one in hospitals.list_departments(place.hospital_id) if one.is_bookable]


def _asked(request: Request, departments: list[Department]) -> Department | None:
    """The department in the address; else the first."""
    asked = request.GET.get("department", "")
    first = departments[0] if departments else None
    return next((one for one in departments if str(one.department_id) == asked), first)


def _usual(request: Request, place: Place, department: Department) -> dict[str, object]:
    """What a new line most likely is: the cell that was pressed, the usual hours, the longest window allowed."""
    reader = pages.reader_of(request)
    try:
        half = HalfDay(request.GET.get("half_day", HalfDay.AM.value))
    except ValueError:
        half = HalfDay.AM
    weekday = request.GET.get("weekday", "0")
    in_force = policies.at(place.hospital_id, reader.now, department_id=department.department_id)
    starts, ends = USUAL[half]
    return {
        "key": new_id(),
        "weekday": weekday if weekday in "0123456" else "0",
        "half_day": half.value,
        "starts": starts,
        "ends": ends,
        "slot_minutes": in_force.int("booking.slot_minutes"),
        "per_window": 4,
        "from_date": reader.today + timedelta(days=1),
    }


def home(department_id: UUID) -> str:
    return f"{reverse('desk:roster')}?department={department_id}"
