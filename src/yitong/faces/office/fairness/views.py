"""The meter of fairness for the city's people: as the public reads it, with hospitals and the alarms before."""

from collections.abc import Sequence
from datetime import date

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from yitong.domains.access import queries as access
from yitong.domains.fairness import queries
from yitong.domains.fairness.contracts import Alarm, Group
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.faces.common import meter, pages
from yitong.faces.common.request import Request
from yitong.faces.office import gate

GROUPS = (Group.OLD, Group.BAND, Group.WAY, Group.CHANNEL, Group.DISTRICT, Group.HOSPITAL)


@require_GET
@gate.in_office
def fairness(request: Request) -> HttpResponse:
    reader = pages.reader_of(request)
    alarms = queries.list_alarms(request.actor)
    weeks = queries.weeks(reader.now)
    asked = request.GET.get("week", "")
    start = next((week for week in weeks if week.isoformat() == asked), weeks[0])
    found = queries.get_meter(start, reader.now)
    of_hospitals = {one.hospital_id: reader.name(one) for one in hospitals.list_hospitals(with_closed=True)}
    names = meter.Names(reader, of_hospitals, access.channel_names())
    context = {
        "meter": meter.shown(found, GROUPS, names, weeks),
        "before": _before(alarms, start, names),
    }
    return pages.page(request, "office/fairness/fairness.html", context)


def _before(alarms: Sequence[Alarm], start: date, names: meter.Names) -> list[tuple[str, str, str]]:
    """(week's Monday as the address has it, its day in words, who did worse), of other weeks."""
    return [
        (one.start.isoformat(), names.reader.day(one.start), names.of(one.group, one.name))
        for one in alarms
        if one.start != start
    ]
