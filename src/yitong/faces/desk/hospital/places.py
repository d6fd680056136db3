"""Campuses and departments, as the hospital writes them."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.hospitals import permissions as may
from yitong.domains.hospitals.commands import places as commands
from yitong.domains.hospitals.errors import FactsChanged
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.hospitals.queries import facts as stand
from yitong.domains.schedule.queries import stopping
from yitong.faces.common import pages
from yitong.faces.common.acting import attempt, said
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.desk.forms import status_of
from yitong.faces.desk.hospital import forms, presenters
from yitong.faces.desk.hospital.steps import next_step
from yitong.faces.desk.place import Place, at_desk


@require_GET
@at_desk
def campuses(request: Request, place: Place) -> HttpResponse:
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    reader = pages.reader_of(request)
    found = hospitals.list_campuses(place.hospital_id, with_closed=True)
    departments = hospitals.list_departments(place.hospital_id)
    planned = stopping.planned_by_campus(place.hospital_id, reader.now)
    context = {
        "campuses": presenters.campuses(found, departments, planned, reader),
        "next": next_step(request, place, reader, here="desk:campuses"),
    }
    return pages.page(request, "desk/hospital/campuses.html", context)


@require_http_methods(["GET", "POST"])
@at_desk
def campus_add(request: Request, place: Place) -> HttpResponse:
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    reader = pages.reader_of(request)
    initial = {"key": new_id(), "district": place.hospital.district, "is_open": True}
    form = forms.CampusForm(request.POST if request.method == "POST" else None, initial=initial)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        cmd = form.to_add(place.hospital_id)
        refusal = attempt(form, lambda: commands.add_campus(cmd, actor=request.actor, now=reader.now))
        if refusal is None:
            return pages.go(request, "desk:campuses", notice=_("院区已加上"))
    context = {"form": form, "refusal": said(form, refusal, reader)}
    return pages.page(request, "desk/hospital/campus.html", context, status_of(form, refusal))


@require_http_methods(["GET", "POST"])
@at_desk
def campus(request: Request, place: Place, campus_id: UUID) -> HttpResponse:
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    reader = pages.reader_of(request)
    found = hospitals.get_campus(place.hospital_id, campus_id)
    initial = {**forms.CampusForm.of(stand.campus_facts(place.hospital_id, campus_id)), "key": new_id()}
    form = forms.CampusForm(request.POST if request.method == "POST" else None, initial=initial)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        cmd = form.to_change(place.hospital_id, campus_id)
        refusal = attempt(form, lambda: commands.change_campus(cmd, actor=request.actor, now=reader.now))
        if refusal is None:
            return pages.go(request, "desk:campuses", notice=_("已保存，患者现在就能看到"))
    context = {
        "form": form,
        "name": reader.name(found),
        "campus_id": campus_id,
        "planned": presenters.planned(campus_id, stopping.planned_at(place.hospital_id, campus_id, reader.now), reader),
        "stands": form.show_what_stands() if isinstance(refusal, FactsChanged) else [],
        "refusal": said(form, refusal, reader),
    }
    return pages.page(request, "desk/hospital/campus.html", context, status_of(form, refusal))


@require_http_methods(["GET", "POST"])
@at_desk
def campus_remove(request: Request, place: Place, campus_id: UUID) -> HttpResponse:
    """After a page that says what it means. A repeat of the press finds it removed, and says the same again."""
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    reader = pages.reader_of(request)
    form = forms.CampusRemoval(request.POST if request.method == "POST" else None, initial={"key": new_id()})
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        cmd = form.to_command(place.hospital_id, campus_id)
        refusal = attempt(form, lambda: commands.remove_campus(cmd, actor=request.actor, now=reader.now))
        if refusal is None:
            return pages.go(request, "desk:campuses", notice=_("院区已删除"))
    found = hospitals.get_campus(place.hospital_id, campus_id)
    context = {
        "form": form,
        "name": reader.name(found),
        "campus": found,
        "refusal": said(form, refusal, reader),
    }
    return pages.page(request, "desk/hospital/campus_remove.html", context, status_of(form, refusal))


@require_GET
@at_desk
def departments(request: Request, place: Place) -> HttpResponse:
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    reader = pages.reader_of(request)
    found = hospitals.list_departments(place.hospital_id)
    campuses = {one.campus_id: one for one in hospitals.list_campuses(place.hospital_id, with_closed=True)}
    context = {
        "table": presenters.DEPARTMENTS.shown(request, presenters.departments(found, campuses, reader)),
        "has_departments": bool(found),
        "has_campuses": any(one.is_open for one in campuses.values()),
        "next": next_step(request, place, reader, here="desk:departments"),
    }
    return pages.page(request, "desk/hospital/departments.html", context)


@require_http_methods(["GET", "POST"])
@at_desk
def department_add(request: Request, place: Place) -> HttpResponse:
    """Without a campus there is nowhere to put it: the list then says so, with the way there."""
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    reader = pages.reader_of(request)
    named = _campuses(place, reader)
    if not named:
        return pages.go(request, "desk:departments")
    form = forms.DepartmentForm(
        request.POST if request.method == "POST" else None,
        campuses=named,
        initial={"key": new_id(), "is_bookable": True},
    )
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        cmd = form.to_add(place.hospital_id)
        refusal = attempt(form, lambda: commands.add_department(cmd, actor=request.actor, now=reader.now))
        if refusal is None:
            return pages.go(request, "desk:departments", notice=_("科室已加上"))
    return _department_page(request, form, refusal, reader)


@require_http_methods(["GET", "POST"])
@at_desk
def department(request: Request, place: Place, department_id: UUID) -> HttpResponse:
    may.check_can(request.actor, may.Action.WRITE_MASTER_DATA, place.hospital_id)
    reader = pages.reader_of(request)
    found = hospitals.get_department(place.hospital_id, department_id)
    known = stand.department_facts(place.hospital_id, department_id)
    form = forms.DepartmentForm(
        request.POST if request.method == "POST" else None,
        campuses=_campuses(place, reader, of=known.campus_code),
        initial={**forms.DepartmentForm.of(known), "key": new_id()},
    )
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        cmd = form.to_change(place.hospital_id, department_id)
        refusal = attempt(form, lambda: commands.change_department(cmd, actor=request.actor, now=reader.now))
        if refusal is None:
            return pages.go(request, "desk:departments", notice=_("已保存，患者现在就能看到"))
    return _department_page(request, form, refusal, reader, reader.name(found))


def _department_page(
    request: Request, form: forms.DepartmentForm, refusal: Refusal | None, reader: Reader, name: str = ""
) -> HttpResponse:
    """`name`: of the department that is changed; "" for a new one."""
    context = {
        "form": form,
        "name": name,
        "drawers": presenters.drawers(),
        "stands": form.show_what_stands() if isinstance(refusal, FactsChanged) else [],
        "refusal": said(form, refusal, reader),
    }
    return pages.page(request, "desk/hospital/department.html", context, status_of(form, refusal))


def _campuses(place: Place, reader: Reader, *, of: str = "") -> list[tuple[str, str]]:
    """The open ones, and the one that a department is at already."""
    found = hospitals.list_campuses(place.hospital_id, with_closed=True)
    return [(one.code, reader.name(one)) for one in found if one.is_open or one.code == of]
