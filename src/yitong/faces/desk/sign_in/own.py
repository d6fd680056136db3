"""One's own sign-in: password, PIN of the day, second factor."""

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from yitong.core.errors import Refusal
from yitong.domains.access import queries as access
from yitong.domains.access.commands import second_factor as factors
from yitong.domains.access.commands import sign_in, terminals
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.faces.common import pages
from yitong.faces.common.actors import STAFF_COOKIE
from yitong.faces.common.request import Request
from yitong.faces.desk import place as places
from yitong.faces.desk import words
from yitong.faces.desk.forms import status_of
from yitong.faces.desk.sign_in import forms


@require_GET
def me(request: Request) -> HttpResponse:
    session = places.session_of(request)
    reader = pages.reader_of(request)
    member = access.get_staff(session.staff_id, request.actor, reader.now)
    names = {
        one.hospital_id: reader.name(one)
        for one in (hospitals.get_hospital(at) for at in {at for _role, at in member.roles if at is not None})
    }
    context = {
        "member": member,
        "roles": [(words.role(role), names[at] if at is not None else _("全市")) for role, at in member.roles],
        "must_enrol": session.must_enrol,
        "has_second_factor": session.has_second_factor,
        "is_shared": session.terminal_id is not None,
    }
    return pages.page(request, "desk/sign_in/me.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def password(request: Request) -> HttpResponse:
    places.session_of(request)
    reader = pages.reader_of(request)
    form = forms.Password(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            sign_in.change_password(form.to_command(request.COOKIES[STAFF_COOKIE]), now=reader.now)
        except Refusal as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:me", notice=_("密码已改，您在其他电脑上的登录都已退出"))
    context = {"form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "desk/sign_in/password.html", context, status_of(form, refusal))


@never_cache
@require_http_methods(["GET", "POST"])
def pin(request: Request) -> HttpResponse:
    """For the rest of the day, at this shared desk."""
    places.session_of(request)
    reader = pages.reader_of(request)
    form = forms.Pin(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            terminals.set_pin(request.COOKIES[STAFF_COOKIE], form.cleaned_data["pin"], now=reader.now)
        except Refusal as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:me", notice=_("今天在这台电脑上可以用 PIN 换人了"))
    context = {"form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "desk/sign_in/pin.html", context, status_of(form, refusal))


@never_cache
@require_http_methods(["GET", "POST"])
def second_factor(request: Request) -> HttpResponse:
    """Begin (a picture for the authenticator), show one code, then the recovery codes once."""
    places.session_of(request)
    reader = pages.reader_of(request)
    token = request.COOKIES[STAFF_COOKIE]
    form: forms.Code | None = None
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            if "begin" in request.POST:
                begun = factors.begin_totp(token, now=reader.now)
                form = forms.Code(initial={"uri": begun.uri, "secret": begun.secret})
            else:
                form = forms.Code(request.POST)
                if form.is_valid():
                    codes = factors.confirm_totp(token, form.cleaned_data["code"].strip(), now=reader.now)
                    return pages.page(request, "desk/sign_in/recovery.html", {"codes": codes})
        except Refusal as caught:
            refusal = caught
    uri, secret = _shown(form)
    context = {
        "form": form if uri else None,
        "uri": uri,
        "secret": secret,
        "refusal": pages.said(refusal, reader),
    }
    status = refusal.status if refusal else 422 if form is not None and form.is_bound else 200
    return pages.page(request, "desk/sign_in/second_factor.html", context, status)


def _shown(form: forms.Code | None) -> tuple[str, str]:
    """What the page draws: from the command the first time, from the form's own fields after a wrong code."""
    if form is None:
        return "", ""
    if not form.is_bound:
        return str(form.initial["uri"]), str(form.initial["secret"])
    form.is_valid()
    return form.cleaned_data.get("uri", ""), form.cleaned_data.get("secret", "")
