"""Every part with its states, for those who build pages and for the browser tests (demo and debug only)."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from yitong.core import clock
from yitong.core.errors import Missing
from yitong.faces.common import pages, tables
from yitong.faces.common.gallery import samples

COLUMNS = [
    tables.Column("时间", "time"),
    tables.Column("就诊人"),
    tables.Column("已约", "booked", is_number=True),
]
KEYS = {"time": lambda row: len(row[0]) * 10_000 + int(row[0].replace(":", "")), "booked": lambda row: row[2]}

View = Callable[[HttpRequest], HttpResponse]


def for_builders(view: View) -> View:
    @wraps(view)
    def shown(request: HttpRequest) -> HttpResponse:
        if not (settings.DEBUG or settings.YITONG_DEMO):
            raise Missing()
        return view(request)

    return shown


@require_GET
@for_builders
def gallery(request: HttpRequest) -> HttpResponse:
    """The parts of the patient's pages, and those that all faces share."""
    context = {
        "long": samples.LONG,
        "icons": samples.icons(),
        **samples.days(),
        **samples.persons(),
        **samples.acts(clock.now()),
    }
    return pages.page(request, "common/gallery/gallery.html", context)


@require_GET
@for_builders
def work(request: HttpRequest) -> HttpResponse:
    """The parts of the desk and the office, as dense as these are."""
    order = tables.order_of(request, COLUMNS, tables.Order("time"))
    query = request.GET.get("q", "").strip()[:40]
    rows = [row for row in samples.BOOKED if query in row[1]]
    context = {
        "long": samples.LONG,
        "heads": tables.heads(request, COLUMNS, order),
        "rows": tables.ordered(rows, order, KEYS),
        "order": order,
        "query": query,
        "count": f"{len(rows)} 人",
        "grid": samples.week(),
        "grid_empty": samples.week(is_empty=True),
        "numbers": [samples.NUMBERS],
        "drawing": samples.drawing(),
    }
    return pages.page(request, "common/gallery/work.html", context)


@require_GET
@for_builders
def suggest(request: HttpRequest) -> HttpResponse:
    """Names that begin with what is typed, as a search answers them."""
    names = ("心内科", "心外科", "心理科", samples.LONG)
    query = request.GET.get("q", "")
    found = [name for name in names if query and name.startswith(query)]
    return pages.partial(request, "common/gallery/_found.html", {"found": found, "query": query})


@require_GET
@for_builders
def said(request: HttpRequest) -> HttpResponse:
    """An answer to htmx that says something with an undo."""
    undo = pages.Undo("/gallery/undo/", "sample")
    return pages.partial(request, "common/gallery/_said.html", {"text": "已停诊 1 个出诊", "undo": undo})


@require_GET
@for_builders
def live(request: HttpRequest) -> HttpResponse:
    """A part that asks again by itself."""
    return pages.partial(request, "common/parts/live.html")


@require_POST
@for_builders
def undo(request: HttpRequest) -> HttpResponse:
    """Takes nothing back, and offers it again."""
    again = pages.Undo("/gallery/undo/", request.POST.get("key", ""))
    return pages.go(request, "gallery:gallery", notice="已撤销", undo=again)
