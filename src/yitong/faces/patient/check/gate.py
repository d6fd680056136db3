"""The way to the check and back: who books on the slow path is led there first (R-017)."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse

from yitong.domains.booking.errors import CheckRequired
from yitong.faces.common import pages
from yitong.faces.common.request import Request

View = Callable[..., HttpResponse]


def check_first(view: View) -> View:
    """Around the views that book a slot: what they refuse with CheckRequired leads to the check, and it leads back to
    the slot's page."""

    @wraps(view)
    def led(request: Request, hospital_id: UUID, slot_id: UUID, *parts: object, **named: object) -> HttpResponse:
        try:
            return view(request, hospital_id, slot_id, *parts, **named)
        except CheckRequired:
            visit = request.POST.get("visit") or request.GET.get("visit", "")
            back = f"{reverse('patient:book', args=[hospital_id, slot_id])}?{urlencode({'visit': visit})}"
            return pages.go_to(request, f"{reverse('patient:check')}?{urlencode({'next': back})}")

    return led
