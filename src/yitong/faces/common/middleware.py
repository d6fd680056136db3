"""What every request passes through: its trace id, its language, and how a refusal is told."""

import re
import secrets
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.utils import translation

from yitong.core.db import reference
from yitong.faces.common import refusals
from yitong.faces.common.actors import STAFF_SPACES

GetResponse = Callable[[HttpRequest], HttpResponseBase]

LANGUAGE_COOKIE = "yitong_language"

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?")
_TRACE_ID = re.compile(r"[0-9a-zA-Z-]{8,40}")


class TraceMiddleware:
    """One trace id a request: from W3C `traceparent`, from `X-Trace-Id`, or fresh. Logs and the answer bear it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        trace_id = self.trace_id(request)
        request.trace_id = trace_id  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(trace_id=trace_id):
            response = self.get_response(request)
        response.headers["X-Trace-Id"] = trace_id
        return response

    @staticmethod
    def trace_id(request: HttpRequest) -> str:
        parent = _TRACEPARENT.fullmatch(request.headers.get("traceparent", ""))
        if parent and set(parent[1]) != {"0"} and set(parent[2]) != {"0"}:
            return parent[1]
        given = request.headers.get("X-Trace-Id", "")
        return given if _TRACE_ID.fullmatch(given) else secrets.token_hex(16)


class LanguageMiddleware:
    """Chinese, unless the cookie or the browser's first wish is English."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        language = language_for(request.COOKIES.get(LANGUAGE_COOKIE), request.headers.get("Accept-Language", ""))
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", "en" if language == "en" else "zh-Hans")
        return response


def language_for(chosen: str | None, accepted: str) -> str:
    """`en` or `zh-hans`. Who ranks both alike, or asks for neither, reads Chinese."""
    if chosen:
        return "en" if chosen.startswith("en") else "zh-hans"
    weights: dict[str, float] = {}
    for part in accepted[:500].lower().split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        kind = tag.split("-")[0]
        weights[kind] = max(weights.get(kind, 0.0), weight)
    return "en" if weights.get("en", 0.0) > weights.get("zh", 0.0) else "zh-hans"


class RefusalMiddleware:
    """Stands last, next to the views: their refusals become answers here. Anything else goes on to Django."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            allowed = response.headers["Allow"]
            response = refusals.answer(request, refusals.MethodNotAllowed())
            response.headers["Allow"] = allowed
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        refusal = refusals.as_refusal(error)
        return refusals.answer(request, refusal) if refusal else None


class ReferenceMiddleware:
    """Lets a visitor's GET answer from the reference data that this process holds. Staff always read the tables: who
    has just changed something sees it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in ("GET", "HEAD") or request.path.startswith(STAFF_SPACES):
            return self.get_response(request)
        with reference.kept():
            return self.get_response(request)
