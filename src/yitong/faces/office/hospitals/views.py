"""Hospitals: taken in, closed and opened again. Their own data is theirs alone to change (S-83)."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.hospitals import permissions
from yitong.domains.hospitals.commands import hospitals as commands
from yitong.domains.hospitals.permissions import Action
from yitong.domains.hospitals.queries import directory, policy_lines
from yitong.faces.common import pages
from yitong.faces.common.acting import attempt, said
from yitong.faces.common.request import Request
from yitong.faces.office import gate
from yitong.faces.office.forms import IN_PLACE, status_of
from yitong.faces.office.hospitals import forms, presenters
from yitong.faces.office.policies.presenters import differences


@require_GET
@gate.in_office
def hospitals(request: Request) -> HttpResponse:
    permissions.check_can(request.actor, Action.READ_POLICY_HISTORY)
    reader = pages.reader_of(request)
    found = presenters.lines(directory.list_hospitals(with_closed=True), directory.list_all_campuses(), reader)
    context = {
        "table": presenters.TABLE.shown(request, found),
        "has_hospitals": bool(found),
        "can_add": permissions.can(request.actor, Action.ADD_HOSPITAL),
    }
    return pages.page(request, "office/hospitals/hospitals.html", context)


@require_http_methods(["GET", "POST"])
@gate.in_office
def add(request: Request) -> HttpResponse:
    permissions.check_can(request.actor, Action.ADD_HOSPITAL)
    reader = pages.reader_of(request)
    form = forms.Add(request.POST if request.method == "POST" else None, initial={"key": new_id()})
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        cmd = form.to_command()
        refusal = attempt(form, lambda: commands.add_hospital(cmd, actor=request.actor, now=reader.now))
        added = directory.find_hospital_by_code(cmd.code) if refusal is None else None
        if added is not None:
            notice = _("已加入。下一步：请安全管理邀请它的管理员")
            return pages.go(request, "office:hospital", added.hospital_id, notice=notice)
    context = {"form": form, "refusal": said(form, refusal, reader)}
    return pages.page(request, "office/hospitals/add.html", context, status_of(form, refusal))


@require_GET
@gate.in_office
def hospital(request: Request, hospital_id: UUID) -> HttpResponse:
    """All of it to read; nothing of it to write."""
    permissions.check_can(request.actor, Action.READ_POLICY_HISTORY)
    reader = pages.reader_of(request)
    found = directory.get_hospital(hospital_id)
    campuses = directory.list_campuses(hospital_id, with_closed=True)
    departments = directory.list_departments(hospital_id)
    context = {
        "hospital": found,
        "name": reader.name(found),
        "facts": presenters.facts(found, reader),
        "campuses": [(reader.name(one), one.code, one.address, one.is_open) for one in campuses],
        "missing": presenters.missing(directory.get_set_up(hospital_id)),
        "departments": presenters.departments(departments, {one.campus_id: one for one in campuses}, reader),
        "bases": presenters.bases(departments),
        "differences": differences(
            policy_lines.policy_diff_from_city(request.actor, hospital_id=hospital_id, now=reader.now), reader
        ),
        "words": [line.text for line in policy_lines.policies_in_words(hospital_id, reader.now, reader.language)],
        "can_switch": permissions.can(request.actor, Action.OPEN_OR_CLOSE),
    }
    return pages.page(request, "office/hospitals/hospital.html", context)


@require_http_methods(["GET", "POST"])
@gate.in_office
def switch(request: Request, hospital_id: UUID) -> HttpResponse:
    """Close or reopen, after a page that says what it means."""
    permissions.check_can(request.actor, Action.OPEN_OR_CLOSE)
    reader = pages.reader_of(request)
    found = directory.get_hospital(hospital_id)
    refusal: Refusal | None = None
    if request.method == "POST":
        wants_open = request.POST.get("to") == "open"
        act = commands.reopen_hospital if wants_open else commands.close_hospital
        try:
            act(hospital_id, actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            notice = _("已恢复，患者可以搜到并预约") if wants_open else _("已停用，患者搜不到，也不能新预约")
            return pages.go(request, "office:hospital", hospital_id, notice=notice)
    context = {"hospital": found, "name": reader.name(found), "refusal": pages.said(refusal, reader)}
    return pages.page(request, "office/hospitals/switch.html", context, refusal.status if refusal else 200)
