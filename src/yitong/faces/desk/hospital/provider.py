"""The hospital's own sign-in (OpenID Connect): how to reach it. Its secret goes in and never comes out."""

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from yitong.core.errors import Refusal
from yitong.domains.access import queries as access
from yitong.domains.access.commands import providers as commands
from yitong.domains.access.errors import ProviderMissing
from yitong.faces.common import pages
from yitong.faces.common.acting import attempt, said
from yitong.faces.common.request import Request
from yitong.faces.desk.forms import status_of
from yitong.faces.desk.hospital import forms
from yitong.faces.desk.place import Place, at_desk


@sensitive_post_parameters("client_secret")
@never_cache
@require_http_methods(["GET", "POST"])
@at_desk
def provider(request: Request, place: Place) -> HttpResponse:
    reader = pages.reader_of(request)
    known = access.find_provider_facts(place.hospital_id, request.actor)
    initial = {"issuer": known.issuer, "client_id": known.client_id} if known else {}
    form = forms.Provider(request.POST if request.method == "POST" else None, known=known, initial=initial)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        cmd = form.to_command(place.hospital_id)
        refusal = attempt(form, lambda: commands.set_provider(cmd, actor=request.actor, now=reader.now))
        if refusal is None:
            return pages.go(request, "desk:own_sign_in", notice=_("已保存，登录页现在就有本院的入口"))
    told, status = said(form, refusal, reader), status_of(form, refusal)
    if form.is_bound:
        form.ask_secret_again()
    context = {
        "known": known,
        "since": reader.moment(known.set_at) if known else "",
        "back": f"{settings.PUBLIC_URL.rstrip('/')}{reverse('desk:provider_back')}",
        "form": form,
        "refusal": told,
    }
    return pages.page(request, "desk/hospital/provider.html", context, status)


@require_http_methods(["GET", "POST"])
@at_desk
def drop(request: Request, place: Place) -> HttpResponse:
    """After a page that says what it means; everybody still has login and password."""
    known = access.find_provider_facts(place.hospital_id, request.actor)
    if known is None or not known.is_active:
        raise ProviderMissing()
    if request.method == "POST":
        commands.drop_provider(place.hospital_id, actor=request.actor, now=pages.reader_of(request).now)
        return pages.go(request, "desk:own_sign_in", notice=_("已停用，职工用登录名和密码登录"))
    return pages.page(request, "desk/hospital/provider_drop.html", {"known": known})
