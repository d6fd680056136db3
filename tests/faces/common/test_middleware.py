"""The edge of the web: trace ids, language, headers, and one representation of every refusal."""

import json
from collections.abc import Callable
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.test import RequestFactory
from django.utils import translation

from yitong.core.actor import Actor
from yitong.core.errors import Busy, Conflict, Forbidden, Missing, RuleBroken, Throttled, Unidentified
from yitong.faces.common import middleware, pages, refusals, security

HOSPITAL = UUID("01900000-0000-7000-8000-000000000001")


class Clash(Conflict):
    code = "KEY_REUSED"
    rule = "R-018"


def run(view: Callable[[HttpRequest], HttpResponse], path: str = "/", method: str = "get", **headers: str):
    """One request through our own middleware, around a view."""

    def inner(request: HttpRequest) -> HttpResponse:
        request.actor = Actor.anonymous()
        try:
            return view(request)
        except Exception as error:
            answered = stage.process_exception(request, error)
            if answered is None:
                raise
            return answered

    stage = middleware.RefusalMiddleware(inner)
    chain = middleware.TraceMiddleware(security.SecurityHeaders(middleware.LanguageMiddleware(stage)))
    return chain(getattr(RequestFactory(), method)(path, headers=headers))


def refuse(error: Exception) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse(translation.get_language())


# -- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (Unidentified(), 401),
        (Forbidden(), 403),
        (Missing(), 404),
        (Conflict(), 409),
        (RuleBroken(), 422),
        (Throttled(wait_s=7), 429),
        (Busy(), 503),
        (Http404(), 404),
        (PermissionDenied(), 403),
        (SuspiciousOperation(), 400),
        (RequestDataTooBig(), 413),
    ],
)
def test_api_gets_a_problem_with_the_status_of_the_kind(refusal: Exception, status: int) -> None:
    response = run(refuse(refusal), "/api/v1/bookings")

    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert body["status"] == status
    assert body["code"] == refusals.as_refusal(refusal).code
    assert body["message"]
    assert body["trace_id"] == response["X-Trace-Id"]


def test_problem_bears_code_rule_parameters_and_next_step_in_the_readers_language() -> None:
    view = refuse(Clash(hospital_id=HOSPITAL, count=2))

    chinese = json.loads(run(view, "/api/v1/x").content)
    english = json.loads(run(view, "/api/v1/x", **{"Accept-Language": "en-GB,en;q=0.9,zh;q=0.1"}).content)

    assert chinese["type"] == "/api/v1/problems#KEY_REUSED"
    assert chinese["rule_id"] == "R-018"
    assert chinese["params"] == {"hospital_id": str(HOSPITAL), "count": 2}
    assert chinese["message"] == "同一请求编号对应了不同的内容"
    assert english["message"].startswith("This idempotency key")
    assert english["next_step"] == "Reload the page and send again"


def test_busy_and_throttled_say_when_to_come_back() -> None:
    assert run(refuse(Busy()), "/api/v1/x")["Retry-After"] == "2"
    assert run(refuse(Throttled(wait_s=7)), "/")["Retry-After"] == "7"


def test_page_gets_a_page_and_htmx_its_part() -> None:
    page = run(refuse(Conflict()), "/bookings/")
    part = run(refuse(Conflict()), "/bookings/", **{"HX-Request": "true"})

    assert page.status_code == part.status_code == 409
    assert b"<html" in page.content
    assert b"<html" not in part.content
    for answer in (page, part):
        assert "情况已有变化" in answer.content.decode()
        assert "HX-Request" in answer["Vary"]


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/bookings/?page=2", "/sign-in/?next=%2Fbookings%2F%3Fpage%3D2"),
        ("/desk/today/", "/desk/sign-in/?next=%2Fdesk%2Ftoday%2F"),
        ("/office/", "/office/sign-in/?next=%2Foffice%2F"),
    ],
)
def test_unknown_reader_is_sent_to_the_sign_in_of_his_face(path: str, target: str) -> None:
    response = run(refuse(Unidentified()), path)

    assert response.status_code == 303
    assert response["Location"] == target


def test_staff_who_were_idle_are_told_why_they_sign_in_again() -> None:
    told = run(refuse(Unidentified()), "/desk/today/", Cookie="yitong_staff=ended")
    fresh = run(refuse(Unidentified()), "/desk/today/")

    assert pages.NOTICE_COOKIE in told.cookies
    assert pages.NOTICE_COOKIE not in fresh.cookies


def test_unknown_reader_of_a_part_is_sent_by_htmx_to_the_page_he_sees() -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://yitong.example/hospital/3/?day=1"}

    response = run(refuse(Unidentified()), "/parts/x/", **headers)

    assert response.status_code == 204
    assert response["HX-Redirect"] == "/sign-in/?next=%2Fhospital%2F3%2F%3Fday%3D1"


@pytest.mark.parametrize(
    "referrer", ["https://evil.example//evil.example/", "javascript:alert(1)", "//evil.example", ""]
)
def test_way_back_after_sign_in_stays_on_this_site(referrer: str) -> None:
    response = run(refuse(Unidentified()), "/bookings/", "post", Referer=referrer)

    assert response["Location"] == "/sign-in/"


def test_sign_in_page_is_never_redirected_to_itself() -> None:
    assert run(refuse(Unidentified()), "/sign-in/").status_code == 401


def test_wrong_method_is_told_as_such_and_keeps_allow() -> None:
    def only_post(request: HttpRequest) -> HttpResponse:
        return HttpResponseNotAllowed(["POST"])

    response = run(only_post, "/api/v1/x")

    assert json.loads(response.content)["code"] == "METHOD_NOT_ALLOWED"
    assert response["Allow"] == "POST"


def test_fault_goes_on_to_django() -> None:
    with pytest.raises(ZeroDivisionError):
        run(refuse(ZeroDivisionError("张三 110101199001011234")))


def test_fault_shows_its_trace_id_and_nothing_of_itself() -> None:
    request = RequestFactory().get("/api/v1/x")
    request.trace_id = "0af7651916cd43dd8448eb211c80319c"
    try:
        raise ZeroDivisionError("张三 110101199001011234")
    except ZeroDivisionError:
        response = refusals.server_error(request)

    body = json.loads(response.content)
    assert response.status_code == 500
    assert body["code"] == "SERVER_ERROR"
    assert body["params"] == {"trace_id": "0af7651916cd43dd8448eb211c80319c"}
    assert "张三" not in response.content.decode()


def test_refusal_raised_by_a_middleware_is_still_a_refusal() -> None:
    request = RequestFactory().get("/api/v1/x")
    try:
        raise Busy()
    except Busy:
        response = refusals.server_error(request)

    assert response.status_code == 503


# -- trace ids -----------------------------------------------------------------------------------------------------


def test_trace_id_comes_from_traceparent() -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    assert run(fine, traceparent=parent)["X-Trace-Id"] == "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize(
    "parent",
    [
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "nonsense",
        "",
    ],
)
def test_broken_traceparent_gets_a_fresh_trace_id(parent: str) -> None:
    first, second = (run(fine, traceparent=parent)["X-Trace-Id"] for _ in range(2))

    assert len(first) == len(second) == 32
    assert first != second


def test_trace_id_of_a_client_is_kept_when_it_is_a_word() -> None:
    assert run(fine, **{"X-Trace-Id": "kiosk-0007-1"})["X-Trace-Id"] == "kiosk-0007-1"
    assert run(fine, **{"X-Trace-Id": "a b\tc<script>"})["X-Trace-Id"] != "a b\tc<script>"


# -- language ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "accepted", "language"),
    [
        (None, "", "zh-hans"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh-hans"),
        (None, "en-GB,en;q=0.9,zh;q=0.8", "en"),
        (None, "en,zh", "zh-hans"),
        (None, "fr-FR,fr;q=0.9,en;q=0.5", "en"),
        (None, "de", "zh-hans"),
        (None, "en;q=x,;;,", "zh-hans"),
        ("en", "zh-CN", "en"),
        ("zh-hans", "en", "zh-hans"),
        ("klingon", "en", "zh-hans"),
    ],
)
def test_chinese_comes_first(chosen: str | None, accepted: str, language: str) -> None:
    assert middleware.language_for(chosen, accepted) == language


def test_language_holds_for_the_request_alone() -> None:
    assert run(fine, **{"Accept-Language": "en"}).content == b"en"
    assert run(fine).content == b"zh-hans"


# -- headers -------------------------------------------------------------------------------------------------------


def test_every_answer_tells_the_browser_to_trust_only_us() -> None:
    for response in (run(fine), run(refuse(Missing())), run(refuse(Missing()), "/api/v1/x")):
        policy = response["Content-Security-Policy"]
        for part in ("default-src 'self'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"):
            assert part in policy
        assert "unsafe" not in policy
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Referrer-Policy"] == "same-origin"
        assert "Strict-Transport-Security" not in response


def test_https_is_remembered() -> None:
    chain = security.SecurityHeaders(lambda request: HttpResponse())

    assert "max-age=31536000" in chain(RequestFactory().get("/", secure=True))["Strict-Transport-Security"]


def test_personal_answers_are_not_stored() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        request.actor = Actor.for_account(HOSPITAL)
        return HttpResponse(headers={"Cache-Control": "private, no-cache"})

    assert "no-store" in run(view)["Cache-Control"]
    assert "Cache-Control" not in run(fine)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (1, "", "127.0.0.1"),
    ],
)
def test_only_our_own_proxies_are_believed(proxies: int, forwarded: str, address: str, settings) -> None:
    settings.YITONG_PROXIES = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})

    assert security.client_address(request) == address
