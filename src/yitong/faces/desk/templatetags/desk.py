"""The rail of the desk: what this person may do at this hospital, and nothing else."""

from django import template
from django.db import Error as DatabaseError
from django.template.context import Context

from yitong.domains.access import queries as staff
from yitong.domains.access.contracts import RoleName
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.desk import menu, words
from yitong.faces.desk import place as places

register = template.Library()


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
        "items": menu.items(request, place),
        "place": reader.name(place.hospital) if place else "",
        "has_others": place is not None and place.has_others,
        "person": name,
        "roles": [words.role(role) for role in RoleName if place is not None and role in place.roles],
        "is_shared": session.terminal_id is not None,
        "csrf_token": context.get("csrf_token"),
        "request": request,
        "shell": context.get("shell"),
    }
