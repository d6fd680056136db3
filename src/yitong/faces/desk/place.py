"""Where a member of staff works now: one of the hospitals at which a role is held, checked at each request."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from yitong.core.errors import Conflict, Unidentified
from yitong.domains.access.contracts import StaffSession
from yitong.domains.hospitals.contracts.things import Hospital
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.faces.common import pages

View = Callable[..., HttpResponse]
PLACE_COOKIE = "yitong_place"


class PlaceChanged(Conflict):
    """The page was made for another hospital than the one where its reader works now."""

    code = "PLACE_CHANGED"


@dataclass(frozen=True, slots=True)
class Place:
    """The hospital where this request works, and what its asker is there."""

    hospital: Hospital
    roles: frozenset[str]
    has_others: bool

    @property
    def hospital_id(self) -> UUID:
        return self.hospital.hospital_id


def session_of(request: HttpRequest) -> StaffSession:
    """The living session; refuses Unidentified, which leads to the sign-in and back."""
    session: StaffSession | None = getattr(request, "staff_session", None)
    if session is None:
        raise Unidentified()
    return session


def workplaces(session: StaffSession) -> list[UUID]:
    """The hospitals at which this session has a role that it may use."""
    return sorted({role.hospital_id for role in session.roles if role.hospital_id is not None}, key=str)


def find(request: HttpRequest) -> Place | None:
    """The only hospital, or the chosen one while a role is still held there."""
    session: StaffSession | None = getattr(request, "staff_session", None)
    if session is None:
        return None
    ids = workplaces(session)
    chosen = ids[0] if len(ids) == 1 else _chosen(request)
    if chosen not in ids:
        return None
    roles = frozenset(role.name for role in session.roles if role.hospital_id == chosen)
    return Place(hospitals.get_hospital(chosen), roles, len(ids) > 1)


def choose(request: HttpRequest, response: HttpResponse, hospital_id: UUID) -> None:
    response.set_cookie(
        PLACE_COOKIE,
        signing.dumps(str(hospital_id), salt=PLACE_COOKIE),
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )


def at_desk(view: View) -> View:
    """The view gets the place as its second argument; who has none is led to where it is found.

    All tabs of a browser share one place. So a form bears the hospital that its page showed (`shell.at_hospital`), and
    one that bears another, or none, is refused: what was meant for one hospital is never written to the next.
    """

    @wraps(view)
    def inside(request: HttpRequest, *args: Any, **parts: Any) -> HttpResponse:
        session = session_of(request)
        place = find(request)
        if place is not None:
            if request.method == "POST" and request.POST.get(pages.HOSPITAL_FIELD) != str(place.hospital_id):
                raise PlaceChanged(hospital=pages.reader_of(request).name(place.hospital))
            request.desk_place = place  # type: ignore[attr-defined]
            return view(request, place, *args, **parts)
        if session.must_enrol and not workplaces(session):
            return pages.go(request, "desk:second_factor")
        if not workplaces(session):
            is_of_city = any(role.hospital_id is None for role in session.roles)
            return pages.page(request, "desk/sign_in/nowhere.html", {"is_of_city": is_of_city}, 403)
        back = urlencode({"next": request.get_full_path() if request.method == "GET" else reverse("desk:today")})
        return pages.go_to(request, f"{reverse('desk:place')}?{back}")

    return inside


def _chosen(request: HttpRequest) -> UUID | None:
    try:
        return UUID(signing.loads(request.COOKIES.get(PLACE_COOKIE, ""), salt=PLACE_COOKIE))
    except (signing.BadSignature, ValueError, TypeError):
        return None
