"""The city's figures (S-01): how many, where, by which way, how early, what became of them; as charts and tables."""

import csv
import io
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yitong.domains.access import queries as access
from yitong.domains.booking import permissions
from yitong.domains.booking.queries import figures
from yitong.domains.fairness import queries as fairness
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule.queries.timetable import LONGEST_RANGE
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.office import gate, rail
from yitong.faces.office.fairness import presenters as alarms
from yitong.faces.office.figures import course, forms, presenters
from yitong.faces.office.figures.cells import Cells

MOST_ALARMS = 4  # named on the page that opens the day


@require_GET
@gate.in_office
def home(request: Request) -> HttpResponse:
    """The figures, or for one who has none to see the first page that he works with."""
    if not rail.may(permissions.check_can_see_figures, request.actor):
        return pages.go_to(request, rail.items(request)[0].href)
    reader = pages.reader_of(request)
    form = forms.asked(request.GET, reader.today)
    if not form.is_valid():
        return pages.page(request, "office/figures/figures.html", {"form": form}, 422)
    start, end = form.cleaned_data["start"], form.cleaned_data["end"]
    context = {
        "form": form,
        "presets": forms.presets(reader, start, end),
        "unfair": _unfair(request, reader),
        **_figures(request, reader, start, end),
    }
    return pages.page(request, "office/figures/figures.html", context)


def _unfair(request: Request, reader: Reader) -> str:
    """Who got slots less often than everybody else, and nobody took note of it yet: the meter's alarms (R-213)."""
    waiting = fairness.list_open_alarms(request.actor, most=MOST_ALARMS)
    if not waiting:
        return ""
    shown = alarms.alarms(waiting, alarms.names_of(reader))
    return _("；").join(f"{one.week} {one.who}" for one in shown)


@require_GET
@gate.in_office
def file(request: Request) -> HttpResponse:
    """The same as a table for a spreadsheet: UTF-8 with its mark, so that it opens as it is."""
    reader = pages.reader_of(request)
    form = forms.asked(request.GET, reader.today)
    permissions.check_can_see_figures(request.actor)
    if not form.is_valid():
        return pages.page(request, "office/figures/figures.html", {"form": form}, 422)
    start, end = form.cleaned_data["start"], form.cleaned_data["end"]
    rows = presenters.rows_of_file(_cells(request, start, end), _places(reader))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_("就诊日期"), start.isoformat(), end.isoformat()])
    writer.writerow([_("说明"), _("占用号源的预约；小于 10 的写成 <10，可能推算出它们的写成 *")])
    writer.writerows(rows)
    name = f"yitong-bookings-{start.isoformat()}-{end.isoformat()}.csv"
    return HttpResponse(
        "\ufeff" + text.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _figures(request: Request, reader: Reader, start: date, end: date) -> dict[str, object]:
    """Each question once, the same days for all. Places are known from memory; the rest is six queries."""
    until, actor = end + timedelta(days=1), request.actor
    of, places = _cells(request, start, end), _places(reader)
    leads = figures.count_by_lead(start, until, actor)
    outcomes = course.Outcomes(of, figures.count_by_state(start, until, actor))
    is_short = until - start <= LONGEST_RANGE
    sold = figures.count_sell_outs(start, until, actor, now=reader.now) if is_short else None
    return {
        "headlines": [*presenters.headlines(of), *course.rates(outcomes), course.median_lead(of, leads)],
        "figures": [
            course.by_day(of, figures.count_by_day(start, until, actor), start, end, reader),
            presenters.by_hospital(of, places),
            presenters.by_campus(of, places),
            presenters.by_channel(of, places),
            course.by_lead(of, leads),
            course.by_outcome(outcomes),
            course.by_sell_out(sold),
        ],
        "file": urlencode({"start": start.isoformat(), "end": end.isoformat()}),
    }


def _places(reader: Reader) -> presenters.Places:
    return presenters.Places(
        hospitals.list_hospitals(with_closed=True),
        hospitals.list_all_campuses(with_closed=True),
        access.channel_names(),
        reader,
    )


def _cells(request: Request, start: date, end: date) -> Cells:
    return presenters.cells(figures.count_by_channel(start, end + timedelta(days=1), request.actor))
