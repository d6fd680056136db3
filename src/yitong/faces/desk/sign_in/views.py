"""Into the desk and out: password and second factor, invitation, fast switch at a shared desk, which hospital."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from yitong.core import clock
from yitong.core.errors import Forbidden, Refusal, Unidentified
from yitong.domains.access import queries as access
from yitong.domains.access.commands import sign_in as commands
from yitong.domains.access.commands import terminals
from yitong.domains.access.contracts import SeatedStaff, SignedIn
from yitong.domains.access.errors import MfaRequired, MfaWrong, TerminalUnknown
from yitong.domains.hospitals.contracts.things import Hospital
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.faces.common import pages, throttle
from yitong.faces.common.actors import STAFF_COOKIE, STAFF_SPACES, TERMINAL_COOKIE
from yitong.faces.desk import place as places
from yitong.faces.desk.forms import status_of
from yitong.faces.desk.sign_in import forms

TRIES_PER_MINUTE = 300  # from one address: a whole hospital may stand behind it; the lock of each login is access's


@never_cache
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Login and password; the code once it is asked for."""
    reader = pages.reader_of(request)
    form = forms.Enter(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_bound:
        throttle.address(request, "desk_sign_in", TRIES_PER_MINUTE, now=reader.now)
    if form.is_bound and form.is_valid():
        try:
            signed = commands.sign_in(form.to_command(request.COOKIES.get(TERMINAL_COOKIE)), now=reader.now)
        except (Unidentified, Forbidden) as caught:
            refusal = caught
        else:
            return entered(request, signed, _next(request))
    asks_code = isinstance(refusal, (MfaRequired, MfaWrong))
    if asks_code:
        form.fields["code"].widget.attrs["autofocus"] = True
        form.fields["login"].widget.attrs.pop("autofocus", None)
    context = {
        "form": form,
        "asks_code": asks_code,
        "refusal": None if isinstance(refusal, MfaRequired) else pages.said(refusal, reader),
        "next": _next(request),
        "is_shared": TERMINAL_COOKIE in request.COOKIES,
        "providers": [(one.hospital_id, reader.name(one)) for one in _with_provider()],
    }
    return pages.page(request, "desk/sign_in/sign_in.html", context, status_of(form, refusal))


@never_cache
@require_http_methods(["GET", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """The first password, or a new one after the administrator invited again."""
    reader = pages.reader_of(request)
    form = forms.Invite(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_bound:
        throttle.address(request, "desk_sign_in", TRIES_PER_MINUTE, now=reader.now)
    if form.is_bound and form.is_valid():
        try:
            commands.accept_invite(form.to_command(), now=reader.now)
        except Refusal as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:sign_in", notice=_("密码已设好，请登录"))
    context = {"form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "desk/sign_in/invite.html", context, status_of(form, refusal))


@never_cache
@require_http_methods(["GET", "POST"])
def switch(request: HttpRequest) -> HttpResponse:
    """One of today's staff of this shared desk takes over; the session before ends."""
    reader = pages.reader_of(request)
    token = request.COOKIES.get(TERMINAL_COOKIE, "")
    seated = _seated(token)
    form = forms.Switch(request.POST if request.method == "POST" else None, seated=seated or [])
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            signed = terminals.switch_user(form.to_command(token), now=reader.now)
        except (Unidentified, Forbidden) as caught:
            refusal = caught
        else:
            return entered(request, signed, reverse("desk:today"))
    context = {
        "form": form,
        "is_shared": seated is not None,
        "has_people": bool(seated),
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "desk/sign_in/switch.html", context, status_of(form, refusal))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    token = request.COOKIES.get(STAFF_COOKIE)
    if token:
        commands.sign_out(token, now=clock.now())
    response = pages.go(request, "desk:sign_in", notice=_("已退出登录"))
    response.delete_cookie(STAFF_COOKIE)
    response.delete_cookie(places.PLACE_COOKIE)
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def place(request: HttpRequest) -> HttpResponse:
    """Which hospital to work at, for one who has roles at several."""
    session = places.session_of(request)
    reader = pages.reader_of(request)
    ids = places.workplaces(session)
    form = forms.ChooseHospital(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        if form.chosen() not in ids:
            raise Forbidden()
        response = pages.go_to(request, _next(request))
        places.choose(request, response, form.chosen())
        return response
    here = places.find(request)
    context = {
        "form": form,
        "next": _next(request),
        "hospitals": [
            (one.hospital_id, reader.name(one), here is not None and here.hospital_id == one.hospital_id)
            for one in (hospitals.get_hospital(hospital_id) for hospital_id in ids)
        ],
    }
    return pages.page(request, "desk/sign_in/place.html", context, status_of(form, None))


def entered(request: HttpRequest, signed: SignedIn, path: str) -> HttpResponse:
    """The session's cookie is set; one who still lacks the second factor is led to it first."""
    if signed.must_enrol:
        response = pages.go(request, "desk:second_factor")
    else:
        response = pages.go_to(request, path)
    response.set_cookie(STAFF_COOKIE, signed.token, httponly=True, samesite="Lax", secure=request.is_secure())
    response.delete_cookie(places.PLACE_COOKIE)
    return response


def _next(request: HttpRequest) -> str:
    path = pages.safe_next(request, request.POST.get("next") or request.GET.get("next"), reverse("desk:today"))
    return path if path.startswith(STAFF_SPACES) else reverse("desk:today")


def _seated(token: str) -> list[SeatedStaff] | None:
    """None: this browser is no shared desk."""
    try:
        return access.list_seated(token, clock.now())
    except TerminalUnknown:
        return None


def _with_provider() -> list[Hospital]:
    """Hospitals whose staff may come through their own identity provider."""
    ids: set[UUID] = set(access.list_provider_hospitals())
    return [one for one in hospitals.list_hospitals() if one.hospital_id in ids] if ids else []
