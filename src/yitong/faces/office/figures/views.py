"""Bookings of the city by hospital, campus and channel (S-01), with their definitions."""

import csv
import io
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from yitong.domains.access import queries as access
from yitong.domains.booking import permissions, queries
from yitong.domains.hospitals import queries as hospitals
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.office import gate, rail
from yitong.faces.office.figures import forms, presenters
from yitong.faces.office.figures.cells import Cells


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
        "figures": presenters.figures(
            _cells(request, start, end),
            hospitals.list_hospitals(with_closed=True),
            hospitals.list_all_campuses(),
            access.channel_names(),
            reader,
        ),
        "start": start,
        "end": end,
        "file": urlencode({"start": start.isoformat(), "end": end.isoformat()}),
    }
    return pages.page(request, "office/figures/figures.html", context)


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
    rows = presenters.rows_of_file(
        _cells(request, start, end),
        hospitals.list_hospitals(with_closed=True),
        hospitals.list_all_campuses(),
        access.channel_names(),
        reader,
    )
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


def _cells(request: Request, start: date, end: date) -> Cells:
    return presenters.cells(queries.count_by_channel(start, end + timedelta(days=1), request.actor))
