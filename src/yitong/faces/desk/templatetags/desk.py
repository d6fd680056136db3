"""The rail of the desk: what this person may do at this hospital, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

from django import template
from django.db import Error as DatabaseError
from django.template.context import Context
from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.core.actor import Actor
from yitong.core.errors import Refusal
from yitong.domains.access import permissions as access
from yitong.domains.access import queries as staff
from yitong.domains.access.contracts import RoleName
from yitong.domains.booking import permissions as booking
from yitong.domains.hospitals import permissions as hospitals
from yitong.domains.people import permissions as people
from yitong.domains.schedule import permissions as schedule
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.desk import place as places
from yitong.faces.desk import words

register = template.Library()


@dataclass(frozen=True, slots=True)
class Item:
    name: str
    href: str
    icon: str
    is_current: bool
    access_key: str


@register.inclusion_tag("desk/_rail_items.html", takes_context=True)
def desk_rail(context: Context) -> dict[str, object]:
    request: Request | None = context.get("request")
    session = getattr(request, "staff_session", None)
    if request is None or session is None:
        return {"items": []}
    try:
        place = getattr(request, "desk_place", None) or places.find(request)
        name = staff.staff_names([session.staff_id]).get(session.staff_id, "")
    except DatabaseError:  # this may be the page that tells of it
        return {"items": []}
    reader = pages.reader_of(request)
    return {
        "items": items(request, place),
        "place": reader.name(place.hospital) if place else "",
        "has_others": place is not None and place.has_others,
        "person": name,
        "roles": [words.role(role) for role in RoleName if place is not None and role in place.roles],
        "is_shared": session.terminal_id is not None,
        "csrf_token": context.get("csrf_token"),
        "request": request,
        "shell": context.get("shell"),
    }


def items(request: Request, place: places.Place | None) -> list[Item]:
    actor: Actor = request.actor
    found: list[tuple[str, str, str]] = []
    if place is not None:
        found = _hospital_items(actor, place)
    if people.can_decide(actor):
        found.append((_("重复档案"), "desk:duplicates", "people"))
    hrefs = [reverse(view) for _name, view, _icon in found]
    current = max((href for href in hrefs if request.path.startswith(href)), key=len, default="")
    if current == reverse("desk:today") != request.path:
        current = ""
    return [
        Item(name, href, icon, href == current, str(n) if n < 10 else "")
        for n, ((name, _view, icon), href) in enumerate(zip(found, hrefs, strict=True), start=1)
    ]


def _hospital_items(actor: Actor, place: places.Place) -> list[tuple[str, str, str]]:
    at = place.hospital_id
    every = [
        (schedule.can_see_lists(actor, at), _("今日"), "desk:today", "calendar"),
        (schedule.can_see_lists(actor, at), _("一周"), "desk:week", "table"),
        (people.can_read(actor, at) and booking.can_list(actor, at), _("找患者"), "desk:find", "search"),
        (_may(booking.check_may_ask, actor, at), _("现场挂号"), "desk:window", "plus"),
        (schedule.can_manage(actor, at), _("排班"), "desk:roster", "list"),
        (schedule.can_manage(actor, at), _("停诊"), "desk:stops", "ban"),
        (access.can(actor, access.Action.MANAGE_HOSPITAL_STAFF, at), _("职工"), "desk:staff", "people"),
        (hospitals.can(actor, hospitals.Action.SET_HOSPITAL_POLICY, at), _("本院规则"), "desk:rules", "rule"),
        (hospitals.can(actor, hospitals.Action.ANNOUNCE, at), _("公告"), "desk:announcements", "bell"),
        (access.can(actor, access.Action.MANAGE_TERMINALS, at), _("共用电脑"), "desk:terminals", "device"),
    ]
    return [(name, view, icon) for may, name, view, icon in every if may]


def _may(check: Callable[..., None], *what: object) -> bool:
    try:
        check(*what)
    except Refusal:
        return False
    return True
