"""Who asks: staff on the staff's pages, the account holder on all others. And who was away too long (R-205)."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from yitong.core import clock
from yitong.core.actor import Actor, Role
from yitong.core.db import policies
from yitong.domains.access import queries as access
from yitong.domains.people import queries as people
from yitong.faces.common import refusals

GetResponse = Callable[[HttpRequest], HttpResponseBase]

ACCOUNT_COOKIE = "yitong_session"
STAFF_SPACES = ("/desk/", "/office/")
LAST_SEEN = "last_seen_at"
SEEN_EVERY = timedelta(seconds=60)  # how often a staff session is written for being used


class ActorMiddleware:
    """Puts `request.actor` there: looked up at first use, so that a page for everybody asks nobody.

    Staff on the staff's pages, the account holder on all others; the API names its own by key.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.actor = SimpleLazyObject(lambda: actor_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def actor_of(request: HttpRequest) -> Actor:
    trace_id = refusals.trace_id_of(request)
    if refusals.is_api(request):
        return Actor.anonymous(channel="api", trace_id=trace_id)
    if request.path.startswith(STAFF_SPACES):
        user = request.user
        if user.is_authenticated:
            return Actor.for_staff(user.pk, roles=_roles(user.pk), trace_id=trace_id)
        return Actor.anonymous(channel="desk", trace_id=trace_id)
    token = request.COOKIES.get(ACCOUNT_COOKIE)
    account_id = people.account_of_session(token, clock.now()) if token else None
    if account_id is not None:
        return Actor.for_account(account_id, trace_id=trace_id)
    return Actor.anonymous(trace_id=trace_id)


def _roles(staff_id: object) -> frozenset[Role]:
    return access.roles_of(staff_id)  # type: ignore[arg-type]


class IdleMiddleware:
    """Signs idle staff out after the time of the policy (R-205), the strictest of the places where they work."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        refused = self.refused(request) if request.path.startswith(STAFF_SPACES) else None
        return refused or self.get_response(request)

    @staticmethod
    def refused(request: HttpRequest) -> HttpResponse | None:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return None
        now = clock.now()
        seen = _instant(request.session.get(LAST_SEEN))
        if seen is not None and now - seen > idle_time(request.actor, now):  # type: ignore[attr-defined]
            auth.logout(request)
            return refusals.answer(request, refusals.SessionIdle())
        if seen is None or now - seen > SEEN_EVERY:
            request.session[LAST_SEEN] = now.isoformat()
        return None


def idle_time(actor: Actor, now: datetime) -> timedelta:
    places = {role.hospital_id for role in actor.roles} or {None}
    return min(policies.at(place, now).minutes("staff.idle_minutes") for place in places)


def _instant(written: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(written))
    except ValueError:
        return None
