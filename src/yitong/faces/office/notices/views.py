"""Notices of the city: put up, taken down."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.hospitals import permissions
from yitong.domains.hospitals.commands import hospitals as commands
from yitong.domains.hospitals.permissions import Action
from yitong.domains.hospitals.queries import directory
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.office import gate
from yitong.faces.office.forms import IN_PLACE, status_of
from yitong.faces.office.notices import forms


@require_http_methods(["GET", "POST"])
@gate.in_office
def announcements(request: Request) -> HttpResponse:
    permissions.check_can(request.actor, Action.ANNOUNCE_CITY)
    reader = pages.reader_of(request)
    empty = {"key": new_id(), "from_at": reader.now.isoformat()}
    form = forms.Publish(request.POST) if request.method == "POST" else forms.Publish(initial=empty)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            commands.publish_announcement(form.to_command(), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "office:announcements", notice=_("已发布，患者马上能看到"))
    context = {
        "announcements": directory.list_announcements(None, reader.now),
        "form": form,
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "office/notices/announcements.html", context, status_of(form, refusal))


@require_POST
@gate.in_office
def withdraw(request: Request, announcement_id: UUID) -> HttpResponse:
    permissions.check_can(request.actor, Action.ANNOUNCE_CITY)
    commands.withdraw_announcement(announcement_id, actor=request.actor, now=pages.reader_of(request).now)
    return pages.go(request, "office:announcements", notice=_("已撤下"))
