"""Where partners tell us what became of what we asked of them. They sign; a browser has no business here."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from yitong.core import clock
from yitong.domains.notify import commands

LONGEST = 10_000


@csrf_exempt
@require_POST
def sms(request: HttpRequest) -> HttpResponse:
    """What became of a text message (`links/sms/README.md`)."""
    commands.take_report(dict(request.headers), request.body[:LONGEST], now=clock.now())
    return HttpResponse(status=204)
