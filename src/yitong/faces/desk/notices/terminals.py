"""Shared desks: this browser becomes one, or one is closed."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from yitong.core.errors import Refusal
from yitong.domains.access import queries as access
from yitong.domains.access.commands import terminals as commands
from yitong.faces.common import pages
from yitong.faces.common.actors import TERMINAL_COOKIE
from yitong.faces.common.request import Request
from yitong.faces.desk.forms import IN_PLACE, status_of
from yitong.faces.desk.notices import forms
from yitong.faces.desk.place import Place, at_desk

TERMINAL_S = 400 * 24 * 3600


@never_cache
@require_http_methods(["GET", "POST"])
@at_desk
def terminals(request: Request, place: Place) -> HttpResponse:
    reader = pages.reader_of(request)
    every = access.list_terminals(place.hospital_id, request.actor)
    token = request.COOKIES.get(TERMINAL_COOKIE)
    here = access.find_terminal(token) if token else None
    form = forms.Register(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            made = commands.register_terminal(form.to_command(place.hospital_id), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            notice = _("这台电脑已登记；下次在这里登录的人当天就能快速换人")
            response = pages.go(request, "desk:terminals", notice=notice)
            response.set_cookie(
                TERMINAL_COOKIE,
                made.token,
                max_age=TERMINAL_S,
                httponly=True,
                samesite="Lax",
                secure=request.is_secure(),
            )
            return response
    context = {
        "open": [(one, reader.moment(one.created_at), one == here) for one in every if one.closed_at is None],
        "is_here": here is not None,
        "form": form,
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "desk/notices/terminals.html", context, status_of(form, refusal))


@require_POST
@at_desk
def close(request: Request, place: Place, terminal_id: UUID) -> HttpResponse:
    commands.close_terminal(place.hospital_id, terminal_id, actor=request.actor, now=pages.reader_of(request).now)
    return pages.go(request, "desk:terminals", notice=_("已注销，在那里的登录都已退出"))
