"""The message centre."""

from datetime import datetime
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
        "days": presenters.by_day(inbox.items, reader),
        "unread": inbox.unread,
        "next": f"{path}?before={inbox.before}" if inbox.before else "",
        "previous": path if before else "",
    }
    return pages.page(request, "patient/messages/messages.html", context)


@require_POST
def mark_read(request: Request) -> HttpResponse:
    account_id = pages.account_of(request)
    now = clock.now()
    commands.mark_read(account_id, None, actor=request.actor, now=now)
    undo = pages.Undo(reverse("patient:messages_unread"), now.isoformat())
    return pages.go(request, "patient:messages", notice=_("都标为已读了"), undo=undo)


@require_POST
def mark_unread(request: Request) -> HttpResponse:
    """Takes the marking back whose instant is the key."""
    account_id = pages.account_of(request)
    read_at = _instant(request.POST.get("key", ""))
    if read_at is not None:
        commands.mark_unread(account_id, read_at, actor=request.actor, now=clock.now())
    return pages.go(request, "patient:messages", notice=_("已撤销"))


def _instant(text: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else None


def _before(request: Request) -> UUID | None:
    try:
        return UUID(request.GET["before"])
    except (KeyError, ValueError):
        return None
