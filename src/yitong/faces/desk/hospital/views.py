"""The hospital's own data: how far it has come, and who the hospital is. It is written by the hospital alone (S-83)."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yitong.core.errors import Refusal
from yitong.domains.access import queries as access
from yitong.domains.hospitals import permissions as may
from yitong.domains.hospitals.commands import hospitals as commands
from yitong.domains.hospitals.errors import FactsChanged
from yitong.domains.hospitals.queries import facts as stand
from yitong.faces.common import pages
from yitong.faces.common.acting import attempt, said
from yitong.faces.common.request import Request
from yitong.faces.desk.forms import status_of
from yitong.faces.desk.hospital import forms
from yitong.faces.desk.hospital.steps import steps
from yitong.faces.desk.place import Place, at_desk


@require_GET
@at_desk
def setup(request: Request, place: Place) -> HttpResponse:
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    reader = pages.reader_of(request)
    context = {
        "steps": steps(request, place, reader),
        "is_open": place.hospital.is_open,
        "seen": reverse("patient:hospital", args=[place.hospital_id]),
        "has_provider": access.find_provider(place.hospital_id),
    }
    return pages.page(request, "desk/hospital/setup.html", context)


@require_http_methods(["GET", "POST"])
@at_desk
def facts(request: Request, place: Place) -> HttpResponse:
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    reader = pages.reader_of(request)
    given = request.POST if request.method == "POST" else None
    form = forms.Facts(given, initial=forms.Facts.of(stand.hospital_facts(place.hospital_id)))
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        cmd = form.to_command(place.hospital_id)
        refusal = attempt(form, lambda: commands.change_hospital(cmd, actor=request.actor, now=reader.now))
        if refusal is None:
            return pages.go(request, "desk:setup", notice=_("已保存，患者现在就能看到"))
    context = {"form": form, "code": place.hospital.code, "refusal": said(form, refusal, reader)}
    context["stands"] = form.show_what_stands() if isinstance(refusal, FactsChanged) else []
    return pages.page(request, "desk/hospital/facts.html", context, status_of(form, refusal))
