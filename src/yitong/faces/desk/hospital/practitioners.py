"""The hospital's doctors, as it presents them; who left stays in the list, no longer active."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.access import queries as access
from yitong.domains.hospitals import permissions as may
from yitong.domains.hospitals.commands import practitioners as commands
from yitong.domains.hospitals.contracts.things import Practitioner
from yitong.domains.hospitals.errors import FactsChanged
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.hospitals.queries import facts as stand
from yitong.faces.common import pages
from yitong.faces.common.acting import attempt, said
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.desk import departments as naming
from yitong.faces.desk.forms import status_of
from yitong.faces.desk.hospital import forms, presenters
from yitong.faces.desk.hospital.steps import next_step
from yitong.faces.desk.place import Place, at_desk


@require_GET
@at_desk
def practitioners(request: Request, place: Place) -> HttpResponse:
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    reader = pages.reader_of(request)
    departments = hospitals.list_departments(place.hospital_id)
    found = hospitals.list_every_practitioner(place.hospital_id)
    named = naming.names(place.hospital_id, departments, reader)
    table = presenters.PRACTITIONERS.shown(request, presenters.practitioners(found, named, reader))
    context = {
        "table": table,
        "pager": presenters.pager(request, len(table.rows)),
        "has_practitioners": bool(found),
        "has_departments": bool(departments),
        "next": next_step(request, place, reader, here="desk:practitioners"),
    }
    return pages.page(request, "desk/hospital/practitioners.html", context)


@require_http_methods(["GET", "POST"])
@at_desk
def practitioner_add(request: Request, place: Place) -> HttpResponse:
    """Without a department nobody can sit anywhere: the list then says so, with the way there."""
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    reader = pages.reader_of(request)
    named = _departments(place, reader)
    if not named:
        return pages.go(request, "desk:practitioners")
    form = forms.PractitionerForm(
        request.POST if request.method == "POST" else None,
        departments=named,
        initial={"key": new_id(), "is_active": True},
    )
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        cmd = form.to_add(place.hospital_id)
        refusal = attempt(form, lambda: commands.add_practitioner(cmd, actor=request.actor, now=reader.now))
        if refusal is None:
            return pages.go(request, "desk:practitioners", notice=_("医师已加上"))
    context = {"form": form, "refusal": said(form, refusal, reader)}
    return pages.page(request, "desk/hospital/practitioner.html", context, status_of(form, refusal))


@never_cache
@require_http_methods(["GET", "POST"])
@at_desk
def practitioner(request: Request, place: Place, practitioner_id: UUID) -> HttpResponse:
    """The licence number stands in the form of who may read it: the hospital's own administrator."""
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    reader = pages.reader_of(request)
    found = hospitals.get_practitioner(place.hospital_id, practitioner_id)
    known = stand.practitioner_facts(place.hospital_id, practitioner_id, request.actor)
    form = forms.PractitionerForm(
        request.POST if request.method == "POST" else None,
        departments=_departments(place, reader),
        initial={**forms.PractitionerForm.of(known), "key": new_id()},
    )
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        cmd = form.to_change(place.hospital_id, practitioner_id)
        refusal = attempt(form, lambda: commands.change_practitioner(cmd, actor=request.actor, now=reader.now))
        if refusal is None:
            return pages.go(request, "desk:practitioners", notice=_("已保存，患者现在就能看到"))
    context = {
        "form": form,
        "name": reader.name(found),
        "practitioner_id": practitioner_id,
        "bind": _bind(request, place, found, reader),
        "stands": form.show_what_stands() if isinstance(refusal, FactsChanged) else [],
        "refusal": said(form, refusal, reader),
    }
    return pages.page(request, "desk/hospital/practitioner.html", context, status_of(form, refusal))


@require_POST
@at_desk
def bind(request: Request, place: Place, practitioner_id: UUID) -> HttpResponse:
    """Only who is a doctor of this hospital can be chosen, and who is linked already; another's login is no choice."""
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    reader = pages.reader_of(request)
    found = hospitals.get_practitioner(place.hospital_id, practitioner_id)
    form = _bind(request, place, found, reader)
    refusal: Refusal | None = None
    if form.is_valid():
        cmd = form.to_command(place.hospital_id, practitioner_id)
        refusal = attempt(form, lambda: commands.bind_practitioner(cmd, actor=request.actor, now=reader.now))
        if refusal is None:
            return pages.go(request, "desk:practitioner", practitioner_id, notice=_("已保存"))
    context = {
        "bind": form,
        "name": reader.name(found),
        "practitioner_id": practitioner_id,
        "refusal": said(form, refusal, reader),
    }
    return pages.page(request, "desk/hospital/bind.html", context, status_of(form, refusal))


def _departments(place: Place, reader: Reader) -> list[tuple[str, str]]:
    found = hospitals.list_departments(place.hospital_id)
    named = naming.names(place.hospital_id, found, reader)
    return [(one.code, named[one.department_id]) for one in found]


def _bind(request: Request, place: Place, found: Practitioner, reader: Reader) -> forms.Bind:
    """Bound to the press, or (on the doctor's own page, whose press is another form's) with who is linked now."""
    given = request.POST if "staff" in request.POST else None
    doctors = access.list_doctors(place.hospital_id, request.actor, reader.now)
    return forms.Bind(given, doctors=doctors, linked=found.staff_id)
