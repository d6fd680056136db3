"""The way in: all staff sign in at one place."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.office import gate


@require_GET
def sign_in(request: Request) -> HttpResponse:
    """To the staff's sign-in, and back to the page that was asked for."""
    back = pages.safe_next(request, request.GET.get("next"), reverse("office:home"))
    if not back.startswith("/office/") or back.startswith(request.path):
        back = reverse("office:home")
    return pages.go_to(request, f"{gate.SIGN_IN}?{urlencode({'next': back})}")
