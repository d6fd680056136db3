"""The message centre."""

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from yitong.core import clock
from yitong.domains.notify import commands, queries
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.patient.messages import presenters


@require_GET
def messages(request: Request) -> HttpResponse:
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    before = _before(request)
    inbox = queries.get_inbox(account_id, request.actor, language=reader.language, before=before)
    path = reverse("patient:messages")
    context = {
        "lines": [presenters.line(item, reader) for item in inbox.items],
        "unread": inbox.unread,
        "next": f"{path}?before={inbox.before}" if inbox.before else "",
        "previous": path if before else "",
    }
    return pages.page(request, "patient/messages/messages.html", context)


@require_POST
def mark_read(request: Request) -> HttpResponse:
    account_id = pages.account_of(request)
    commands.mark_read(account_id, None, actor=request.actor, now=clock.now())
    return pages.go(request, "patient:messages", notice=_("都标为已读了"))


def _before(request: Request) -> UUID | None:
    try:
        return UUID(request.GET["before"])
    except (KeyError, ValueError):
        return None
