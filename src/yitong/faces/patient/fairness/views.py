"""Whether booking is fair, for everybody: who tried for a slot and who got one, week by week, without signing in."""

from datetime import date, timedelta

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from yitong.domains.access import queries as access
from yitong.domains.fairness import queries
from yitong.domains.fairness.contracts import Group
from yitong.faces.common import meter, pages
from yitong.faces.common.request import Request

GROUPS = (Group.OLD, Group.BAND, Group.WAY, Group.CHANNEL, Group.DISTRICT)
STANDS = timedelta(minutes=10)  # a week that is over changes no more


@require_GET
def fairness(request: Request) -> HttpResponse:
    reader = pages.reader_of(request)
    weeks = queries.weeks(reader.now)
    start = asked_week(request.GET.get("week", ""), weeks)

    def make() -> dict[str, object]:
        found = queries.get_meter(start, reader.now)
        names = meter.Names(reader, {}, access.channel_names())
        return {"meter": meter.shown(found, GROUPS, names, weeks)}

    return pages.shared(request, "patient/fairness/fairness.html", (start,), reader, make, longest=STANDS)


def asked_week(text: str, weeks: list[date]) -> date:
    """The Monday that was asked for, where the meter tells of it; else the latest."""
    return next((week for week in weeks if week.isoformat() == text), weeks[0])
