"""Who asks: staff on the staff's pages, the account holder on all others. Each has a cookie of his own."""

from collections.abc import Callable
from datetime import timedelta

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.domains.access import queries as access
from yitong.domains.access.commands import sign_in
from yitong.domains.access.contracts import StaffSession
from yitong.domains.people import queries as people
from yitong.faces.common import refusals
from yitong.faces.common.cookies import ACCOUNT_COOKIE as ACCOUNT_COOKIE
from yitong.faces.common.cookies import STAFF_COOKIE as STAFF_COOKIE
from yitong.faces.common.cookies import TERMINAL_COOKIE as TERMINAL_COOKIE

GetResponse = Callable[[HttpRequest], HttpResponseBase]

STAFF_SPACES = ("/desk/", "/office/")
BY_ITSELF = "live-"  # the ids of parts that ask again by themselves begin so: their asking is nobody's use
SEEN_EVERY = timedelta(seconds=30)  # how often a session is written for being used: far below any idle time


class ActorMiddleware:
    """Puts `request.actor` there: looked up at first use, so that a page for everybody asks nobody.

    On the staff's pages also `request.staff_session` (a StaffSession or None). The API names its own actor by key.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path.startswith(STAFF_SPACES):
            request.staff_session = staff_session(request)  # type: ignore[attr-defined]
        request.actor = SimpleLazyObject(lambda: actor_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def actor_of(request: HttpRequest) -> Actor:
    trace_id = refusals.trace_id_of(request)
    if refusals.is_api(request):
        return Actor.anonymous(channel="api", trace_id=trace_id)
    if request.path.startswith(STAFF_SPACES):
        session: StaffSession | None = request.staff_session  # type: ignore[attr-defined]
        if session is None:
            return Actor.anonymous(channel="desk", trace_id=trace_id)
        return Actor.for_staff(session.staff_id, roles=session.roles, trace_id=trace_id)
    token = request.COOKIES.get(ACCOUNT_COOKIE)
    account_id = people.account_of_session(token, clock.now()) if token else None
    if account_id is None:
        return Actor.anonymous(trace_id=trace_id)
    return Actor.for_account(account_id, trace_id=trace_id)


def staff_session(request: HttpRequest) -> StaffSession | None:
    """The living session of this browser; what its person asks for keeps it from going idle (R-205)."""
    token = request.COOKIES.get(STAFF_COOKIE)
    now = clock.now()
    session = access.session_of(token, now) if token else None
    is_use = not request.headers.get("HX-Trigger", "").startswith(BY_ITSELF)
    if session is not None and token and is_use and now - session.seen_at >= SEEN_EVERY:
        sign_in.note_use(token, now=now)
    return session
