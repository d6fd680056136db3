"""The hospital's announcements: what patients see now, one more, one less."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.hospitals import permissions as may
from yitong.domains.hospitals.commands import hospitals as commands
from yitong.domains.hospitals.errors import AnnouncementMissing, FactsChanged
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.hospitals.queries import facts as stand
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.desk.forms import IN_PLACE, status_of
from yitong.faces.desk.notices import forms
from yitong.faces.desk.place import Place, at_desk


@require_http_methods(["GET", "POST"])
@at_desk
def announcements(request: Request, place: Place) -> HttpResponse:
    may.check_can(request.actor, may.Action.ANNOUNCE, place.hospital_id)
    reader = pages.reader_of(request)
    form = forms.Publish(request.POST if request.method == "POST" else None, initial={"key": new_id()})
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            cmd = form.to_command(place.hospital_id, reader.now)
            commands.publish_announcement(cmd, actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:announcements", notice=_("已发布，患者现在就能看到"))
    context = {
        "shown": [
            (one, reader.moment(one.from_at), reader.moment(one.until_at) if one.until_at else "")
            for one in hospitals.list_announcements(place.hospital_id, reader.now)
            if one.hospital_id is not None
        ],
        "form": form,
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "desk/notices/announcements.html", context, status_of(form, refusal))


@require_http_methods(["GET", "POST"])
@at_desk
def guide(request: Request, place: Place) -> HttpResponse:
    """The hospital's own words on its guide for first visits."""
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    told = forms.Guide.of(stand.guide_facts(place.hospital_id))
    form = forms.Guide(request.POST if request.method == "POST" else None, initial=told)
    refusal: Refusal | None = None
    reader = pages.reader_of(request)
    if form.is_bound and form.is_valid():
        try:
            commands.set_first_visit_guide(form.to_command(place.hospital_id), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:guide", notice=_("已保存，患者现在就能看到"))
    context = {
        "form": form,
        "stands": form.show_what_stands() if isinstance(refusal, FactsChanged) else [],
        "refusal": pages.said(refusal, reader),
        "hospital_id": place.hospital_id,
    }
    return pages.page(request, "desk/notices/guide.html", context, status_of(form, refusal))


@require_POST
@at_desk
def withdraw(request: Request, place: Place, announcement_id: UUID) -> HttpResponse:
    may.check_can(request.actor, may.Action.ANNOUNCE, place.hospital_id)
    now = pages.reader_of(request).now
    mine = {one.announcement_id for one in hospitals.list_announcements(place.hospital_id, now) if one.hospital_id}
    if announcement_id not in mine:
        raise AnnouncementMissing()
    commands.withdraw_announcement(announcement_id, actor=request.actor, now=now)
    return pages.go(request, "desk:announcements", notice=_("已撤下"))
