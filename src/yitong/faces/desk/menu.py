"""The desk's pages by what this person may do at this hospital: the rail, the jump box and the keys are made of it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from yitong.core.actor import Actor
from yitong.core.errors import Refusal
from yitong.domains.access import permissions as access
from yitong.domains.booking import permissions as booking
from yitong.domains.draws import permissions as draws
from yitong.domains.hospitals import permissions as hospitals
from yitong.domains.people import permissions as people
from yitong.domains.schedule import permissions as schedule
from yitong.faces.common.request import Request
from yitong.faces.desk.place import Place


@dataclass(frozen=True, slots=True)
class Item:
    """`go` is the letter that leads there after a `g`."""

    name: str
    href: str
    icon: str
    go: str
    is_current: bool
    access_key: str


def items(request: Request, place: Place | None) -> list[Item]:
    actor: Actor = request.actor
    found: list[tuple[str, str, str, str]] = []
    if place is not None:
        found = _of_hospital(actor, place)
    if people.can_decide(actor):
        found.append((_("重复档案"), "desk:duplicates", "people", "c"))
    hrefs = [reverse(view) for _name, view, _icon, _go in found]
    current = max((href for href in hrefs if request.path.startswith(href)), key=len, default="")
    if current == reverse("desk:today") != request.path:
        current = ""
    return [
        Item(name, href, icon, go, href == current, str(n) if n < 10 else "")
        for n, ((name, _view, icon, go), href) in enumerate(zip(found, hrefs, strict=True), start=1)
    ]


def _of_hospital(actor: Actor, place: Place) -> list[tuple[str, str, str, str]]:
    at = place.hospital_id
    every = [
        (schedule.can_see_lists(actor, at), _("今日"), "desk:today", "calendar", "t"),
        (schedule.can_see_lists(actor, at), _("一周"), "desk:week", "table", "w"),
        (people.can_read(actor, at) and booking.can_list(actor, at), _("找患者"), "desk:find", "search", "f"),
        (may(booking.check_may_ask, actor, at), _("现场挂号"), "desk:window", "plus", "n"),
        (
            hospitals.can(actor, hospitals.Action.WRITE_MASTER_DATA, at),
            _("本院资料"),
            "desk:setup",
            "hospital",
            "h",
        ),
        (schedule.can_manage(actor, at), _("排班"), "desk:roster", "list", "r"),
        (schedule.can_manage(actor, at), pgettext("page", "停诊"), "desk:stops", "ban", "s"),
        (draws.can_keep_secret(actor, at), _("摇号"), "desk:draws", "list", "l"),
        (access.can(actor, access.Action.MANAGE_HOSPITAL_STAFF, at), _("职工"), "desk:staff", "people", "m"),
        (hospitals.can(actor, hospitals.Action.SET_HOSPITAL_POLICY, at), _("本院规则"), "desk:rules", "rule", "u"),
        (hospitals.can(actor, hospitals.Action.ANNOUNCE, at), _("公告"), "desk:announcements", "bell", "a"),
        (access.can(actor, access.Action.MANAGE_TERMINALS, at), _("共用电脑"), "desk:terminals", "device", "d"),
    ]
    return [(name, view, icon, go) for allowed, name, view, icon, go in every if allowed]


def may(check: Callable[..., None], *what: object) -> bool:
    try:
        check(*what)
    except Refusal:
        return False
    return True
