"""Language, type size, what is kept for when there is no network: cookies, as they belong to the device."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from yitong.faces.common import pages
from yitong.faces.common.middleware import LANGUAGE_COOKIE

LANGUAGES = ("zh-hans", "en")
YEAR_S = 365 * 24 * 3600


@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep what was chosen and go back to the page that asked."""
    response = pages.go_to(request, pages.safe_next(request, request.POST.get("next"), "/"))
    language, size = request.POST.get("language", ""), request.POST.get("size", "")
    if language in LANGUAGES:
        _keep(request, response, LANGUAGE_COOKIE, language)
    if size in pages.SIZES:
        _keep(request, response, pages.SIZE_COOKIE, size)
    if request.POST.get("offline") in ("on", "off"):
        _keep(request, response, pages.OFFLINE_COOKIE, request.POST["offline"])
    return response


def _keep(request: HttpRequest, response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=YEAR_S, samesite="Lax", secure=request.is_secure(), httponly=True)
