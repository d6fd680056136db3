"""The texts that a demo sends, since nobody's phone rings. Where a real gateway is plugged in, the query refuses."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from yitong.domains.notify import queries
from yitong.faces.common import pages

SHOWN = 30


@never_cache
@require_GET
def outbox(request: HttpRequest) -> HttpResponse:
    reader = pages.reader_of(request)
    texts = [
        {"phone": item.phone, "text": item.text, "when": reader.moment(item.at)} for item in queries.list_outbox(SHOWN)
    ]
    return pages.page(request, "common/outbox/outbox.html", {"texts": texts})
