"""Sign-in by phone and code, with a second fact where a phone may have changed hands (R-048)."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from yitong.core import clock
from yitong.core.errors import Refusal, Throttled
from yitong.domains.notify import queries as notices
from yitong.domains.people.commands import accounts, phones
from yitong.domains.people.contracts.accounts import SignedIn, StartAnew
from yitong.domains.people.errors import CodeOver, CodeWrong
from yitong.faces.common import pages
from yitong.faces.common.actors import ACCOUNT_COOKIE
from yitong.faces.common.request import Request
from yitong.faces.patient import devices
from yitong.faces.patient.sign_in import forms

SESSION_S = 90 * 24 * 3600


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: Request) -> HttpResponse:
    """Ask for the phone, send the code. The phone travels in the form, never in an address."""
    reader = pages.reader_of(request)
    if request.method == "GET":
        return _phone_page(request, forms.Phone(), None)
    form = forms.Phone(request.POST)
    if not form.is_valid():
        return _phone_page(request, form, None)
    client = devices.client_of(request)
    code = forms.Code(initial={"phone": form.cleaned_data["phone"]})
    if "have" in request.POST:  # a code was sent a moment ago; no other is asked for
        return _code_page(request, code, None)
    try:
        asked = phones.ask_code(form.to_command(client, reader.language), actor=request.actor, now=reader.now)
    except Refusal as refusal:
        if "again" in request.POST:  # the code that came before may still be typed
            return _code_page(request, code, refusal)
        return _phone_page(request, form, refusal)
    response = _code_page(request, code, None, {"again_at": asked.again_at})
    devices.remember(request, response, client)
    return response


@never_cache
@require_POST
def code(request: Request) -> HttpResponse:
    reader = pages.reader_of(request)
    form = forms.Code(request.POST)
    if not form.is_valid():
        return _code_page(request, form, None)
    client = devices.client_of(request)
    try:
        signed = accounts.sign_in(form.to_command(client, reader.language), actor=request.actor, now=reader.now)
    except CodeWrong as wrong:
        return _code_page(request, _emptied(form), wrong if wrong.params["left"] else CodeOver())
    except Refusal as refusal:
        return _code_page(request, _emptied(form), refusal)
    if signed.needs_second_fact:
        response = pages.go_to(request, f"{reverse('patient:sign_in_check')}?{urlencode({'next': _next(request)})}")
    else:
        response = pages.go_to(request, _next(request), notice=_("已登录"))
    _open(request, response, signed)
    devices.remember(request, response, client)
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def check(request: Request) -> HttpResponse:
    """The second fact; or, for a phone's new holder, an account begun anew."""
    form = forms.SecondFact(request.POST if request.method == "POST" and "fact" in request.POST else None)
    token = request.COOKIES.get(ACCOUNT_COOKIE, "")
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            if "anew" in request.POST:
                signed = accounts.start_anew(StartAnew(token), actor=request.actor, now=clock.now())
                response = pages.go_to(request, _next(request), notice=_("已用这个手机号新建账号"))
                _open(request, response, signed)
                return response
            if form.is_valid():
                accounts.give_second_fact(form.to_command(token), actor=request.actor, now=clock.now())
                return pages.go_to(request, _next(request), notice=_("已登录"))
        except Refusal as caught:
            refusal = caught
    context = {"form": form, "refusal": pages.said(refusal, pages.reader_of(request)), "next": _next(request)}
    status = refusal.status if refusal else 422 if form.errors else 200
    return pages.page(request, "patient/sign_in/check.html", context, status)


@require_POST
def sign_out(request: Request) -> HttpResponse:
    token = request.COOKIES.get(ACCOUNT_COOKIE)
    if token:
        accounts.sign_out(token, actor=request.actor, now=clock.now())
    response = pages.go(request, "patient:home", notice=_("已退出登录"))
    response.delete_cookie(ACCOUNT_COOKIE)
    response.headers["Clear-Site-Data"] = '"storage"'  # the booking that the phone keeps for when it has no network
    return response


def _emptied(form: forms.Code) -> forms.Code:
    """The form with its phone and without the code that was refused."""
    return forms.Code(initial={"phone": form.cleaned_data["phone"]})


def _phone_page(request: Request, form: forms.Phone, refusal: Refusal | None) -> HttpResponse:
    following = _next(request)
    context = {
        "form": form,
        "refusal": pages.said(refusal, pages.reader_of(request)),
        "next": following,
        "is_booking": following.startswith("/book/") and "refused=" not in following,
        "sent_to": form.cleaned_data["phone"] if isinstance(refusal, Throttled) else "",
    }
    return pages.page(request, "patient/sign_in/phone.html", context, _status(form, refusal))


def _code_page(
    request: Request, form: forms.Code, refusal: Refusal | None, more: dict[str, object] | None = None
) -> HttpResponse:
    phone = form.data.get("phone") if form.is_bound else form.initial.get("phone")
    context: dict[str, object] = {
        "form": form,
        "refusal": pages.said(refusal, pages.reader_of(request)),
        "next": _next(request),
        "phone": phone,
        "is_demo": notices.is_outbox_open(),
        **(more or {}),
    }
    return pages.page(request, "patient/sign_in/code.html", context, _status(form, refusal))


def _status(form: forms.Phone | forms.Code, refusal: Refusal | None) -> int:
    return refusal.status if refusal else 422 if form.is_bound and form.errors else 200


def _next(request: Request) -> str:
    return pages.safe_next(request, request.POST.get("next") or request.GET.get("next"), reverse("patient:home"))


def _open(request: Request, response: HttpResponse, signed: SignedIn) -> None:
    response.set_cookie(
        ACCOUNT_COOKIE, signed.token, max_age=SESSION_S, httponly=True, samesite="Lax", secure=request.is_secure()
    )
