"""The way to the check and back: who books, or gets in line, on the slow path is led there first (R-017)."""

from collections.abc import Callable, Mapping
from functools import wraps
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from yitong.domains.booking.errors import CheckRequired
from yitong.faces.common import pages
from yitong.faces.common.request import Request

View = Callable[..., HttpResponse]


def check_first(view: View) -> View:
    """Around views of account holders: what they refuse with CheckRequired leads to the check, and it leads back to the
    page; for a slot to the slot's own, whatever the step."""

    @wraps(view)
    def led(request: Request, **parts: object) -> HttpResponse:
        try:
            return view(request, **parts)
        except CheckRequired:
            return pages.go_to(request, f"{reverse('patient:check')}?{urlencode({'next': _back(request, parts)})}")

    return led


def _back(request: Request, parts: Mapping[str, object]) -> str:
    if "slot_id" not in parts:
        return request.get_full_path()
    visit = request.POST.get("visit") or request.GET.get("visit", "")
    path = reverse("patient:book", args=[parts["hospital_id"], parts["slot_id"]])
    return f"{path}?{urlencode({'visit': visit})}"
