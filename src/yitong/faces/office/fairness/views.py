"""The meter of fairness for the city's people: as the public reads it, with hospitals; and the alarms, of which
somebody takes note by name."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yitong.core.errors import Refusal
from yitong.domains.fairness import permissions, queries
from yitong.domains.fairness.commands import alarming
from yitong.domains.fairness.contracts import Group
from yitong.domains.fairness.errors import AlarmMissing
from yitong.faces.common import meter, pages
from yitong.faces.common.request import Request
from yitong.faces.office import gate
from yitong.faces.office.fairness import forms, presenters
from yitong.faces.office.forms import IN_PLACE, status_of

GROUPS = (Group.OLD, Group.BAND, Group.WAY, Group.CHANNEL, Group.DISTRICT, Group.HOSPITAL)


@require_GET
@gate.in_office
def fairness(request: Request) -> HttpResponse:
    reader = pages.reader_of(request)
    form = forms.Waiting(request.GET)
    if not form.is_valid():
        raise AlarmMissing()
    before = form.cleaned_data["before"]
    waiting = queries.list_open_alarms(request.actor, before=before, most=queries.PAGE + 1)
    weeks = queries.weeks(reader.now)
    asked = request.GET.get("week", "")
    start = next((week for week in weeks if week.isoformat() == asked), weeks[0])
    asked = start.isoformat() if asked else ""
    found = queries.get_meter(start, reader.now)
    names = presenters.names_of(reader)
    context = {
        "meter": meter.shown(found, GROUPS, names, weeks),
        "waiting": presenters.alarms(waiting[: queries.PAGE], names),
        "next": presenters.page_href(asked, waiting[queries.PAGE - 1].alarm_id) if waiting[queries.PAGE :] else "",
        "first": presenters.page_href(asked, None) if before is not None else "",
        "noted": presenters.alarms(queries.list_noted_alarms(request.actor), names),
    }
    return pages.page(request, "office/fairness/fairness.html", context)


@require_http_methods(["GET", "POST"])
@gate.in_office
def alarm(request: Request, alarm_id: UUID) -> HttpResponse:
    """One alarm: what was found, and who took note of it; or the form for that."""
    reader = pages.reader_of(request)
    found = queries.get_alarm(alarm_id, request.actor)
    if request.method == "POST":
        permissions.check_can_note_alarm(request.actor)
    form = forms.Note(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            alarming.note_alarm(form.to_command(alarm_id), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal, found = caught, queries.get_alarm(alarm_id, request.actor)
        else:
            return pages.go(request, "office:fairness", notice=_("已签收这条报警"))
    names = presenters.names_of(reader)
    context = {
        "alarm": presenters.alarms([found], names)[0],
        "said": meter.alarm_words(found.alarm, queries.get_meter(found.alarm.start, reader.now), names),
        "form": form if permissions.can_note_alarm(request.actor) else None,
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "office/fairness/alarm.html", context, status_of(form, refusal))
