"""The one place that turns refusals and faults into answers: problem+json under `/api/`, else a page or its part."""

import sys
from collections.abc import Mapping
from datetime import date, datetime, time
from http import HTTPStatus
from urllib.parse import quote, urlsplit
from uuid import UUID

import structlog
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.utils.cache import patch_vary_headers

from yitong.core import sentences
from yitong.core.errors import Busy, Forbidden, Missing, Refusal, RuleBroken, Throttled, Unidentified
from yitong.domains.access.errors import SessionMissing as StaffSessionEnded
from yitong.faces.common import pages
from yitong.faces.common.cookies import STAFF_COOKIE

log = structlog.get_logger("yitong.refusals")

PROBLEM = "application/problem+json"
SERVER_ERROR = "SERVER_ERROR"
API_SPACE = "/api/"
SIGN_IN = {"patient": "/sign-in/", "desk": "/desk/sign-in/", "office": "/office/sign-in/"}
BUSY_WAIT_S = 2


class MethodNotAllowed(RuleBroken):
    """The address exists, but does not take this method."""

    code = "METHOD_NOT_ALLOWED"
    status = 405


class Unreadable(RuleBroken):
    """The request is malformed before any rule could be asked."""

    code = "BAD_REQUEST"
    status = 400


class BodyTooLarge(RuleBroken):
    """More was sent than we read."""

    code = "BODY_TOO_LARGE"
    status = 413


class MediaUnsupported(RuleBroken):
    """Not a kind of content that we read."""

    code = "MEDIA_UNSUPPORTED"
    status = 415


class CsrfFailed(Forbidden):
    """A form without the proof that our own page sent it."""

    code = "CSRF_FAILED"


class FieldsInvalid(RuleBroken):
    """Fields fail their own shape; each is told of by itself."""

    code = "FIELDS_INVALID"


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith(API_SPACE)


def answer(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The refusal, as the one who asked can read it."""
    log.info("refused", code=refusal.code, rule=refusal.rule, status=refusal.status)
    if isinstance(refusal, Unidentified) and not is_api(request) and not _is_sign_in(request):
        return _to_sign_in(request)
    response = _represent(request, refusal.code, refusal.status, refusal.params, refusal.rule)
    if isinstance(refusal, Busy):
        response.headers["Retry-After"] = str(BUSY_WAIT_S)
    if isinstance(refusal, Throttled):
        response.headers["Retry-After"] = str(refusal.params.get("wait_s", BUSY_WAIT_S))
    if isinstance(refusal, Unidentified) and is_api(request):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def fault(request: HttpRequest, error: BaseException | None) -> HttpResponse:
    """A bug: its kind and place go to the log, its trace id to the reader."""
    log.error("fault", exc_info=error)
    return _represent(request, SERVER_ERROR, 500, {"trace_id": trace_id_of(request)}, None)


def as_refusal(error: BaseException) -> Refusal | None:
    """Django's own ways of saying no, in our words; None for what is a bug."""
    match error:
        case Refusal():
            return error
        case Http404():
            return Missing()
        case PermissionDenied():
            return Forbidden()
        case RequestDataTooBig():
            return BodyTooLarge()
        case SuspiciousOperation() | BadRequest() | MultiPartParserError():
            return Unreadable()
    return None


def problem(
    request: HttpRequest,
    code: str,
    status: int,
    params: Mapping[str, object],
    rule: str | None,
    errors: list[dict[str, str]] | None = None,
) -> HttpResponse:
    """RFC 9457 problem details. `code` is the promise; `message` and `next_step` are for people."""
    said = sentences.sentence(code, params, pages.language_of(request))
    body: dict[str, object] = {
        "type": f"/api/v1/problems#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "message": said.message,
        "next_step": said.next_step,
        "rule_id": rule,
        "params": {name: plain(value) for name, value in params.items()},
        "trace_id": trace_id_of(request),
    }
    if errors is not None:
        body["errors"] = errors
    response = JsonResponse(body, status=status, json_dumps_params={"ensure_ascii": False})
    response.headers["Content-Type"] = PROBLEM
    response.headers["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["Accept-Language"])
    return response


def plain(value: object) -> object:
    """As JSON holds it."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime() | date() | time():
            return value.isoformat()
        case UUID():
            return str(value)
        case dict():
            return {str(name): plain(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(item) for item in value]
    return str(value)


def trace_id_of(request: HttpRequest) -> str:
    return getattr(request, "trace_id", "")


def _represent(
    request: HttpRequest, code: str, status: int, params: Mapping[str, object], rule: str | None
) -> HttpResponse:
    if is_api(request):
        return problem(request, code, status, params, rule)
    said = sentences.sentence(code, params, pages.language_of(request))
    context = {
        "code": code,
        "message": said.message,
        "next_step": said.next_step,
        "status": status,
        "trace_id": trace_id_of(request) if status >= 500 else "",
    }
    if pages.is_htmx(request):
        return pages.partial(request, "common/_error.html", context, status)
    response = pages.page(request, "common/error.html", context, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _is_sign_in(request: HttpRequest) -> bool:
    return request.path.startswith(tuple(SIGN_IN.values()))


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in of the face that was asked, and back afterwards to the page from which the act came."""
    path = request.get_full_path()
    if pages.is_htmx(request):
        path = _path_of(request.headers.get("HX-Current-URL"))
    elif request.method not in ("GET", "HEAD"):
        path = _path_of(request.headers.get("Referer"))
    back = pages.safe_next(request, path, "")
    face = pages.face_of(request)
    target = SIGN_IN[face]
    notice = ""
    if face != "patient" and STAFF_COOKIE in request.COOKIES:  # signed in once: idle for too long, or ended elsewhere
        notice = sentences.sentence(StaffSessionEnded.code, {}, pages.language_of(request)).message
    return pages.go_to(request, f"{target}?next={quote(back, safe='')}" if back else target, notice=notice)


def _path_of(address: str | None) -> str:
    parts = urlsplit(address or "")
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


# The handlers that Django calls where no view is reached: named by `config.urls` and CSRF_FAILURE_VIEW.


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, Missing())


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, as_refusal(exception) or Forbidden())


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, as_refusal(exception) or Unreadable())


def server_error(request: HttpRequest) -> HttpResponse:
    """Also reached by a refusal that a middleware raised."""
    error = sys.exc_info()[1]
    refusal = as_refusal(error) if error is not None else None
    return answer(request, refusal) if refusal else fault(request, error)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return answer(request, CsrfFailed())
