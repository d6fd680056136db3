"""What the browser is told: run only our own files, be framed by nobody, keep no copy of a personal page."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject, empty

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
HSTS = "max-age=31536000; includeSubDomains"
PERSONAL = ("account", "staff", "channel")


class SecurityHeaders:
    """Sets the headers on every answer, whoever made it. A view may choose a stricter one of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        for name, value in getattr(request, "answer_headers", {}).items():
            response.headers[name] = value
        if request.is_secure():
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        if is_personal(request) and not getattr(response, "is_same_for_all", False):
            response.headers["Cache-Control"] = "no-store, private"
        return response


def is_personal(request: HttpRequest) -> bool:
    """Whether the answer was made for somebody: who asks was looked up, and he is known."""
    actor = getattr(request, "actor", None)
    if isinstance(actor, SimpleLazyObject) and actor.__dict__.get("_wrapped") is empty:
        return False
    return actor is not None and actor.kind in PERSONAL


def client_address(request: HttpRequest) -> str:
    """The address of the one who asks. `YITONG_PROXIES` says how many proxies of ours stand before us (0: none).

    Each proxy appends the address that it saw, so only the last `n` entries are true; the rest anybody may write.
    """
    proxies: int = getattr(settings, "YITONG_PROXIES", 0)
    if proxies:
        seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
        if len(seen) >= proxies:
            return seen[-proxies]
    return str(request.META.get("REMOTE_ADDR", ""))
