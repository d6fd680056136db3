"""The door of the office: staff with a role of the city, checked at each request. What one may do inside, each
domain's permissions say."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse

from yitong.core.errors import Unidentified
from yitong.domains.access.contracts import CITY_ROLES, StaffSession
from yitong.faces.common import pages
from yitong.faces.common.request import Request

View = Callable[..., HttpResponse]
SIGN_IN = "/desk/sign-in/"  # one way in for all staff
SECOND_FACTOR = "/desk/me/second-factor/"


def session_of(request: Request) -> StaffSession:
    """The living session; refuses Unidentified, which leads to the sign-in and back."""
    session: StaffSession | None = getattr(request, "staff_session", None)
    if session is None:
        raise Unidentified()
    return session


def has_city_role(session: StaffSession) -> bool:
    return any(role.hospital_id is None and role.name in CITY_ROLES for role in session.roles)


def in_office(view: View) -> View:
    """Who lacks the second factor is led to it (R-205); who has no role of the city reads that, and where to go."""

    @wraps(view)
    def inside(request: Request, *args: Any, **parts: Any) -> HttpResponse:
        session = session_of(request)
        if has_city_role(session):
            return view(request, *args, **parts)
        if session.must_enrol:
            return pages.go_to(request, SECOND_FACTOR)
        return pages.page(request, "office/nowhere.html", {}, 403)

    return inside
