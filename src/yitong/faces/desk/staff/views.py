"""The hospital's staff: who works here and as what, invitations, leavers, the file of both."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yitong.core.actor import Actor
from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.access import permissions as may
from yitong.domains.access import queries
from yitong.domains.access.commands import second_factor
from yitong.domains.access.commands import staff as commands
from yitong.domains.access.contracts import StaffMember
from yitong.domains.access.errors import StaffMissing
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.desk import words
from yitong.faces.desk.forms import IN_PLACE, status_of
from yitong.faces.desk.place import Place, at_desk
from yitong.faces.desk.staff import forms

PAGE = 50  # of at most 500 that a query gives


class Act(Protocol):
    """A command about one member of staff."""

    def __call__(self, staff_id: UUID, /, *, actor: Actor, now: datetime) -> object: ...


@require_GET
@at_desk
def staff_list(request: Request, place: Place) -> HttpResponse:
    reader = pages.reader_of(request)
    after = request.GET.get("after", "").replace("\0", "")  # which no text of the database can hold
    found = queries.list_staff(request.actor, reader.now, hospital_id=place.hospital_id, after=after, limit=PAGE + 1)
    shown = found[:PAGE]
    context = {
        "people": [
            (
                one,
                [words.role(role) for role, at in one.roles if at == place.hospital_id],
                reader.moment(one.last_sign_in_at) if one.last_sign_in_at else "",
            )
            for one in shown
        ],
        "more": f"?after={shown[-1].login}" if len(found) > PAGE else "",
        "first": "?" if after else "",
    }
    return pages.page(request, "desk/staff/staff.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@at_desk
def add(request: Request, place: Place) -> HttpResponse:
    """The invitation is shown once, on the answer itself. A repeat of the press is told so, and how to get another."""
    may.check_can(request.actor, may.Action.MANAGE_HOSPITAL_STAFF, place.hospital_id)
    reader = pages.reader_of(request)
    form = forms.Add(request.POST if request.method == "POST" else None, initial={"key": new_id()})
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            invited = commands.add_staff(form.to_command(place.hospital_id), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            answer = {"invited": [invited]} if invited.invite else {"before": invited}
            return pages.page(request, "desk/staff/invited.html", answer)
    context = {"form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "desk/staff/add.html", context, status_of(form, refusal))


@never_cache
@require_http_methods(["GET", "POST"])
@at_desk
def import_file(request: Request, place: Place) -> HttpResponse:
    """Joiners and leavers of the hospital's own file: all lines or none."""
    may.check_can(request.actor, may.Action.MANAGE_HOSPITAL_STAFF, place.hospital_id)
    reader = pages.reader_of(request)
    form = forms.File(request.POST, request.FILES) if request.method == "POST" else forms.File()
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            done = commands.import_staff(form.to_command(place.hospital_id), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.page(request, "desk/staff/invited.html", {"invited": done.joined, "done": done})
    context = {"form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "desk/staff/import.html", context, status_of(form, refusal))


@require_GET
@at_desk
def member(request: Request, place: Place, staff_id: UUID) -> HttpResponse:
    return _member_page(request, place, staff_id, None, None)


@require_POST
@at_desk
def give_role(request: Request, place: Place, staff_id: UUID) -> HttpResponse:
    _works_here(request, place, staff_id)
    form = forms.Role(request.POST)
    reader = pages.reader_of(request)
    if not form.is_valid():
        return _member_page(request, place, staff_id, form, None)
    try:
        commands.give_role(form.to_command(staff_id, place.hospital_id), actor=request.actor, now=reader.now)
    except IN_PLACE as refusal:
        return _member_page(request, place, staff_id, form, refusal)
    return pages.go(request, "desk:staff_member", staff_id, notice=_("岗位已给"))


@require_POST
@at_desk
def end_role(request: Request, place: Place, staff_id: UUID) -> HttpResponse:
    _works_here(request, place, staff_id)
    form = forms.OneRole(request.POST)
    reader = pages.reader_of(request)
    if not form.is_valid():
        return _member_page(request, place, staff_id, None, None)
    try:
        commands.end_role(form.to_command(staff_id, place.hospital_id), actor=request.actor, now=reader.now)
    except IN_PLACE as refusal:
        return _member_page(request, place, staff_id, None, refusal)
    return pages.go(request, "desk:staff", notice=_("岗位已收回，马上生效"))


@never_cache
@require_POST
@at_desk
def invite_again(request: Request, place: Place, staff_id: UUID) -> HttpResponse:
    """For one who forgot the password."""
    _works_here(request, place, staff_id)
    try:
        invited = commands.invite_again(staff_id, actor=request.actor, now=pages.reader_of(request).now)
    except IN_PLACE as refusal:
        return _member_page(request, place, staff_id, None, refusal)
    return pages.page(request, "desk/staff/invited.html", {"invited": [invited]})


@require_POST
@at_desk
def clear_second_factor(request: Request, place: Place, staff_id: UUID) -> HttpResponse:
    notice = _("动态口令已清除，下次登录会重新设置")
    return _act(request, place, staff_id, second_factor.clear_totp, notice)


@require_POST
@at_desk
def leave(request: Request, place: Place, staff_id: UUID) -> HttpResponse:
    return _act(request, place, staff_id, commands.leave, _("已办离职，所有岗位和登录马上失效"))


def _act(request: Request, place: Place, staff_id: UUID, act: Act, notice: str) -> HttpResponse:
    _works_here(request, place, staff_id)
    try:
        act(staff_id, actor=request.actor, now=pages.reader_of(request).now)
    except IN_PLACE as refusal:
        return _member_page(request, place, staff_id, None, refusal)
    return pages.go(request, "desk:staff", notice=notice)


def _works_here(request: Request, place: Place, staff_id: UUID) -> StaffMember:
    """Refuses Forbidden; StaffMissing, also for one who works at other hospitals only."""
    may.check_can(request.actor, may.Action.MANAGE_HOSPITAL_STAFF, place.hospital_id)
    found = queries.get_staff(staff_id, request.actor, pages.reader_of(request).now)
    if all(at != place.hospital_id for _role, at in found.roles):
        raise StaffMissing()
    return found


def _member_page(
    request: Request, place: Place, staff_id: UUID, form: forms.Role | None, refusal: Refusal | None
) -> HttpResponse:
    reader = pages.reader_of(request)
    found = _works_here(request, place, staff_id)
    context = {
        "member": found,
        "last": reader.moment(found.last_sign_in_at) if found.last_sign_in_at else _("还没有登录过"),
        "roles": [(role.value, words.role(role)) for role, at in found.roles if at == place.hospital_id],
        "works_elsewhere": any(at != place.hospital_id for _role, at in found.roles),
        "is_self": request.actor.id == str(staff_id),
        "form": form or forms.Role(),
        "refusal": pages.said(refusal, reader),
    }
    status = refusal.status if refusal else 422 if form is not None and form.errors else 200
    return pages.page(request, "desk/staff/member.html", context, status)
