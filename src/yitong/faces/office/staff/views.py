"""Staff of the city: invited, given roles, gone. Hospitals manage their own."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yitong.core.errors import Forbidden, Refusal
from yitong.core.ids import new_id
from yitong.domains.access import permissions, queries
from yitong.domains.access.commands import second_factor
from yitong.domains.access.commands import staff as commands
from yitong.domains.access.contracts import EndRole, Invited, RoleName
from yitong.domains.access.errors import RoleOfOneself
from yitong.domains.access.permissions import Action
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.office import gate, words
from yitong.faces.office.forms import IN_PLACE, status_of
from yitong.faces.office.staff import forms, presenters

PAGE = 50  # of at most 500 that a query gives
SAID_HERE = (*IN_PLACE, RoleOfOneself)


@require_GET
@gate.in_office
def staff(request: Request) -> HttpResponse:
    reader = pages.reader_of(request)
    found = queries.list_city_staff(request.actor, reader.now)
    context = {
        "table": presenters.TABLE.shown(request, presenters.lines(found, _places(reader), reader)),
        "can_manage": permissions.can(request.actor, Action.MANAGE_CITY_STAFF),
        "roles": [(words.ROLES[role], words.ROLE_NOTES[role]) for role in forms.CITY],
    }
    return pages.page(request, "office/staff/staff.html", context)


@require_GET
@gate.in_office
def administrators(request: Request) -> HttpResponse:
    """Of all hospitals, a page at a time: who was invited and lost the code is found here, and invited again."""
    reader = pages.reader_of(request)
    after = request.GET.get("after", "").replace("\0", "")  # which no text of the database can hold
    found = queries.list_administrators(request.actor, reader.now, after=after, limit=PAGE + 1)
    shown = found[:PAGE]
    context = {
        "people": presenters.administrators(shown, _places(reader), reader),
        "more": f"?{urlencode({'after': shown[-1].login})}" if len(found) > PAGE else "",
        "first": "?" if after else "",
        "can_add": permissions.can(request.actor, Action.MANAGE_HOSPITAL_STAFF),
    }
    return pages.page(request, "office/staff/administrators.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@gate.in_office
def add(request: Request) -> HttpResponse:
    permissions.check_can(request.actor, Action.MANAGE_CITY_STAFF)
    reader = pages.reader_of(request)
    form = forms.Add(request.POST if request.method == "POST" else None, initial={"key": new_id()})
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            invited = commands.add_staff(form.to_command(), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return _invited(request, invited)
    context = {"form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "office/staff/add.html", context, status_of(form, refusal))


@never_cache
@require_http_methods(["GET", "POST"])
@gate.in_office
def add_administrator(request: Request) -> HttpResponse:
    """Of a hospital: the one person of it whom the city lets in, and who then writes its data and lets in its staff."""
    permissions.check_can(request.actor, Action.MANAGE_HOSPITAL_STAFF)
    reader = pages.reader_of(request)
    given = request.POST if request.method == "POST" else None
    form = forms.AddAdministrator(given, hospitals=_places(reader), initial={"key": new_id()})
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            invited = commands.add_staff(form.to_command(), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return _invited(request, invited)
    context = {"form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "office/staff/add_administrator.html", context, status_of(form, refusal))


@require_GET
@gate.in_office
def member(request: Request, staff_id: UUID) -> HttpResponse:
    return _page(request, staff_id)


@require_POST
@gate.in_office
def give(request: Request, staff_id: UUID) -> HttpResponse:
    form = forms.Give(request.POST)
    if not form.is_valid():
        return _page(request, staff_id, form=form)
    return _act(request, staff_id, _("已授予"), commands.give_role, form.to_command(staff_id))


@require_POST
@gate.in_office
def end(request: Request, staff_id: UUID) -> HttpResponse:
    form = forms.End(request.POST)
    if not form.is_valid():
        return _page(request, staff_id)
    cmd = EndRole(staff_id, RoleName(form.cleaned_data["role"]), None)
    return _act(request, staff_id, _("已收回，从下一次请求起生效"), commands.end_role, cmd)


@never_cache
@require_POST
@gate.in_office
def invite(request: Request, staff_id: UUID) -> HttpResponse:
    """A new one-time code; the answer to the press is the only page that shows it."""
    reader = pages.reader_of(request)
    try:
        invited = commands.invite_again(staff_id, actor=request.actor, now=reader.now)
    except SAID_HERE as refusal:
        return _page(request, staff_id, refusal)
    return _invited(request, invited)


@require_POST
@gate.in_office
def clear_factor(request: Request, staff_id: UUID) -> HttpResponse:
    notice = _("第二重验证已清除，下次登录要重新设置")
    return _act(request, staff_id, notice, second_factor.clear_totp, staff_id)


@require_http_methods(["GET", "POST"])
@gate.in_office
def leave(request: Request, staff_id: UUID) -> HttpResponse:
    permissions.check_can(request.actor, Action.MANAGE_CITY_STAFF)
    reader = pages.reader_of(request)
    found = queries.get_staff(staff_id, request.actor, reader.now)
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            commands.leave(staff_id, actor=request.actor, now=reader.now)
        except SAID_HERE as caught:
            refusal = caught
        else:
            return pages.go(request, "office:staff", notice=_("已办离开，所有登录马上失效"))
    context = {"member": found, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "office/staff/leave.html", context, refusal.status if refusal else 200)


def _act(request: Request, staff_id: UUID, notice: str, act: Callable[..., Any], what: object) -> HttpResponse:
    try:
        act(what, actor=request.actor, now=pages.reader_of(request).now)
    except SAID_HERE as refusal:
        return _page(request, staff_id, refusal)
    return pages.go(request, "office:member", staff_id, notice=notice)


def _invited(request: Request, invited: Invited) -> HttpResponse:
    response = pages.page(request, "office/staff/invited.html", {"invited": invited})
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(
    request: Request, staff_id: UUID, refusal: Refusal | None = None, form: forms.Give | None = None
) -> HttpResponse:
    permissions.check_can(request.actor, Action.READ_HOSPITAL_STAFF)
    reader = pages.reader_of(request)
    found = queries.get_staff(staff_id, request.actor, reader.now)
    can_manage = permissions.can(request.actor, Action.MANAGE_CITY_STAFF)
    if form is not None and not can_manage:
        raise Forbidden()
    places = _places(reader)
    context = {
        "member": found,
        "line": presenters.line(found, places, reader),
        "roles": [(role.value, words.role(role)) for role, at in found.roles if at is None],
        "elsewhere": [presenters.role_at(role, at, places) for role, at in found.roles if at is not None],
        "is_of_hospital": bool(found.roles) and all(at is not None for _, at in found.roles),
        "can_manage": can_manage and found.is_active and request.actor.id != str(staff_id),
        "form": form or forms.Give(),
        "refusal": pages.said(refusal, reader),
    }
    status = refusal.status if refusal else 422 if form is not None else 200
    return pages.page(request, "office/staff/member.html", context, status)


def _places(reader: Reader) -> dict[UUID, str]:
    return {one.hospital_id: reader.name(one) for one in hospitals.list_hospitals(with_closed=True)}
