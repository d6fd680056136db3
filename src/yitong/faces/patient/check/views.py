"""The check before booking on the slow path: why, two questions or a code, and the way to a person (R-199, R-224).

Whoever isn't on it sees here how he stands as well: nothing is counted in secret.
"""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yitong.core.errors import Refusal, Throttled, Unidentified
from yitong.domains.fairness import queries
from yitong.domains.fairness.commands import checking, reviewing
from yitong.domains.fairness.contracts import CheckPassed
from yitong.domains.fairness.errors import CheckNotNeeded, CheckWrong
from yitong.domains.people.errors import CodeOver, CodeWrong
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.patient import devices
from yitong.faces.patient.check import forms, presenters


@never_cache
@require_http_methods(["GET", "POST"])
def check(request: Request) -> HttpResponse:
    """How the account stands and why; on the slow path the questions, whose right answers open booking."""
    account_id = pages.account_of(request)
    if request.method == "GET":
        return _page(request, account_id, None)
    reader = pages.reader_of(request)
    try:
        asked = checking.ask_questions(actor=request.actor, now=reader.now)
        form = forms.Answers(asked, reader, request.POST)
        if not form.is_valid():
            return _page(request, account_id, None, form)
        passed = checking.answer_check(form.to_command(), actor=request.actor, now=reader.now)
    except CheckNotNeeded:
        return pages.go_to(request, _next(request))
    except (CheckWrong, Throttled) as refusal:
        return _page(request, account_id, refusal)
    return _onwards(request, passed)


@never_cache
@require_POST
def code(request: Request) -> HttpResponse:
    """A code to the account's phone instead of the questions: sent, and then typed in."""
    pages.account_of(request)
    reader = pages.reader_of(request)
    form = forms.Code(request.POST if "code" in request.POST else None)
    refusal: Refusal | None = None
    try:
        if not form.is_bound:
            client = devices.client_of(request)
            checking.ask_check_code(client, language=reader.language, actor=request.actor, now=reader.now)
        elif form.is_valid():
            given = form.cleaned_data["code"]
            return _onwards(request, checking.give_check_code(given, actor=request.actor, now=reader.now))
    except Unidentified:
        raise
    except CheckNotNeeded:
        return pages.go_to(request, _next(request))
    except CodeWrong as wrong:
        refusal = wrong if wrong.params["left"] else CodeOver()
    except Refusal as caught:
        refusal = caught
    context = {
        "form": form,
        "next": _next(request),
        "refusal": pages.said(refusal, reader),
        "is_demo": settings.YITONG_DEMO,
    }
    return pages.page(request, "patient/check/code.html", context, _status(form, refusal))


@never_cache
@require_http_methods(["GET", "POST"])
def review(request: Request) -> HttpResponse:
    """Words for the person who looks at the score."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    form = forms.Review(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            reviewing.ask_review(form.to_command(), actor=request.actor, now=reader.now)
        except CheckNotNeeded:
            return pages.go(request, "patient:check")
        except Refusal as caught:
            refusal = caught
        else:
            return pages.go(request, "patient:check", notice=_("已提交，由人工复核"))
    elif not form.is_bound and not _shown(request, account_id).can_ask:
        return pages.go(request, "patient:check")
    context = {"form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "patient/check/review.html", context, _status(form, refusal))


@require_GET
def how(request: Request) -> HttpResponse:
    """Every rule by which points are counted, for anybody."""
    reader = pages.reader_of(request)
    return pages.page(
        request, "patient/check/how.html", {"rules": presenters.rules(queries.list_rules(reader.now), reader)}
    )


def _page(
    request: Request, account_id: UUID, refusal: Refusal | None, form: forms.Answers | None = None
) -> HttpResponse:
    reader = pages.reader_of(request)
    shown = _shown(request, account_id)
    if form is None and shown.is_slow and not shown.open_until:
        form = forms.Answers(checking.ask_questions(actor=request.actor, now=reader.now), reader)
    context = {"shown": shown, "form": form, "next": _next(request), "refusal": pages.said(refusal, reader)}
    return pages.page(request, "patient/check/check.html", context, _status(form, refusal))


def _shown(request: Request, account_id: UUID) -> presenters.Shown:
    reader = pages.reader_of(request)
    standing = queries.get_standing(account_id, request.actor, now=reader.now)
    last = queries.find_last_review(account_id, request.actor)
    return presenters.shown(standing, last, reader)


def _onwards(request: Request, passed: CheckPassed) -> HttpResponse:
    until = pages.reader_of(request).moment(passed.until)
    return pages.go_to(request, _next(request), notice=_("已确认，%(time)s 以前都可以预约") % {"time": until})


def _next(request: Request) -> str:
    wished = request.POST.get("next") or request.GET.get("next")
    return pages.safe_next(request, wished, reverse("patient:check"))


def _status(form: object, refusal: Refusal | None) -> int:
    if refusal is not None:
        return refusal.status
    return 422 if getattr(form, "is_bound", False) and getattr(form, "errors", None) else 200
