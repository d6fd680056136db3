"""The rail of the office, and the tags of its templates."""

from django import template
from django.db import Error as DatabaseError
from django.template.context import Context

from yitong.domains.access import queries as staff
from yitong.domains.access.contracts import RoleName
from yitong.faces.common.request import Request
from yitong.faces.office import gate, rail, words

register = template.Library()


@register.inclusion_tag("office/_rail_items.html", takes_context=True)
def office_rail(context: Context) -> dict[str, object]:
    request: Request | None = context.get("request")
    session = getattr(request, "staff_session", None)
    if request is None or session is None:
        return {"items": []}
    try:
        person = staff.staff_names([session.staff_id]).get(session.staff_id, "")
    except DatabaseError:  # this may be the page that tells of it
        return {"items": []}
    held = {role.name for role in session.roles if role.hospital_id is None}
    return {
        "items": rail.items(request) if gate.has_city_role(session) else [],
        "person": person,
        "roles": [words.role(role) for role in RoleName if role in held],
        "csrf_token": context.get("csrf_token"),
        "request": request,
        "shell": context.get("shell"),
    }
