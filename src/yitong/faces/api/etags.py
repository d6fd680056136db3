"""Answers that are the same for every channel may be kept, and asked for again by their ETag."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from ninja.decorators import decorate_view

KEPT_S = 60

F = TypeVar("F", bound=Callable[..., Any])


def catalogue(endpoint: F) -> F:
    """Marks an endpoint of the catalogue: its answer has an ETag, and 304 answers who has it already."""
    endpoint.is_catalogue = True  # type: ignore[attr-defined]
    return decorate_view(_tagged)(endpoint)


def _tagged(run: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @wraps(run)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = run(request, *args, **kwargs)
        if not isinstance(response, HttpResponse) or response.status_code != 200:
            return response
        etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
        response.headers["ETag"] = etag
        response.headers["Cache-Control"] = f"private, max-age={KEPT_S}"
        response.is_same_for_all = True  # type: ignore[attr-defined]
        patch_vary_headers(response, ["Authorization", "Accept-Language"])
        answered = get_conditional_response(request, etag=etag, response=response)
        if answered is None:
            return response
        answered.is_same_for_all = True  # type: ignore[attr-defined]
        return answered

    return answer
