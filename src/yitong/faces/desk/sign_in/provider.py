"""Sign-in through a hospital's own identity provider (OpenID Connect): out by a link, back with a code."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from yitong.core.errors import Busy, Refusal, Unidentified
from yitong.domains.access.commands import providers
from yitong.faces.common import pages
from yitong.faces.desk.sign_in.views import entered

STATE_COOKIE = "yitong_identity"
STATE_S = 600


@never_cache
@require_GET
def start(request: HttpRequest, hospital_id: UUID) -> HttpResponse:
    """A link and no form: the page's policy lets forms lead to ourselves only."""
    reader = pages.reader_of(request)
    try:
        begun = providers.begin_identity(hospital_id, _back_uri(), now=reader.now)
    except Busy as refusal:
        return _refused(request, refusal)
    response = HttpResponseRedirect(begun.url)
    response.set_cookie(
        STATE_COOKIE,
        begun.state,
        max_age=STATE_S,
        path=reverse("desk:sign_in"),
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


@never_cache
@require_GET
def back(request: HttpRequest) -> HttpResponse:
    """The provider sent the browser back; its state has to be the one that this browser went out with."""
    reader = pages.reader_of(request)
    try:
        signed = providers.finish_identity(
            state=request.GET.get("state", ""),
            browser_state=request.COOKIES.get(STATE_COOKIE, ""),
            code=request.GET.get("code", ""),
            now=reader.now,
        )
    except (Unidentified, Busy) as refusal:
        return _refused(request, refusal)
    response = entered(request, signed, reverse("desk:today"))
    response.delete_cookie(STATE_COOKIE, path=reverse("desk:sign_in"))
    return response


def _refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    context = {"refusal": pages.said(refusal, pages.reader_of(request))}
    return pages.page(request, "desk/sign_in/provider.html", context, refusal.status)


def _back_uri() -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('desk:provider_back')}"
