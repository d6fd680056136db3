"""Which pages of the office a person may open: asked of the domains' permissions, nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from yitong.core.actor import Actor
from yitong.core.db import audit
from yitong.core.errors import Refusal
from yitong.domains.access import permissions as access
from yitong.domains.booking import permissions as booking
from yitong.domains.fairness import permissions as fairness
from yitong.domains.fairness import queries as alarms
from yitong.domains.hospitals import permissions as hospitals
from yitong.domains.people import permissions as people
from yitong.faces.common.request import Request


@dataclass(frozen=True, slots=True)
class Item:
    """`waiting`: how many things there wait for somebody."""

    name: str
    href: str
    icon: str
    is_current: bool
    access_key: str
    waiting: int = 0


def may(check: Callable[..., None], *what: object) -> bool:
    try:
        check(*what)
    except Refusal:
        return False
    return True


def items(request: Request) -> list[Item]:
    found = [(name, view, reverse(view), icon) for allowed, name, view, icon in _every(request.actor) if allowed]
    home = reverse("office:home")
    begun = [href for _name, _view, href, _icon in found if href != home and request.path.startswith(href)]
    current = max(begun, key=len, default=home)
    return [
        Item(name, href, icon, href == current, str(n) if n < 10 else "", _waiting(view, request.actor))
        for n, (name, view, href, icon) in enumerate(found, start=1)
    ]


def _waiting(view: str, actor: Actor) -> int:
    """One query, for who sees the meter."""
    return alarms.count_open_alarms(actor) if view == "office:fairness" else 0


def _every(actor: Actor) -> list[tuple[bool, str, str, str]]:
    reads_rules = hospitals.can(actor, hospitals.Action.READ_POLICY_HISTORY)
    return [
        (may(booking.check_can_see_figures, actor), _("统计"), "office:home", "chart"),
        (may(fairness.check_can_see_meter, actor), _("公平"), "office:fairness", "people"),
        (reads_rules, _("医院"), "office:hospitals", "hospital"),
        (reads_rules, _("规则"), "office:policies", "rule"),
        (access.can(actor, access.Action.READ_CHANNELS), _("渠道"), "office:channels", "key"),
        (access.can(actor, access.Action.READ_HOSPITAL_STAFF), _("职工"), "office:staff", "people"),
        (people.can_decide(actor), _("申诉"), "office:appeals", "message"),
        (hospitals.can(actor, hospitals.Action.ANNOUNCE_CITY), _("全市公告"), "office:announcements", "bell"),
        (may(audit.check_can_audit, actor), _("事件"), "office:events", "list"),
        (may(audit.check_can_audit, actor), _("调阅记录"), "office:reads", "eye"),
        (may(audit.check_can_audit, actor), _("哈希日志"), "office:log", "shield"),
        (may(audit.check_can_see_letters, actor), _("未送达事件"), "office:letters", "warn"),
    ]
