"""Rules of the city: read, looked ahead, decided."""

from datetime import datetime

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yitong.core.db import policies
from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.core.policy.keys import key_named
from yitong.core.policy.kinds import PolicyKey
from yitong.domains.access import queries as access
from yitong.domains.booking.queries import figures
from yitong.domains.hospitals import permissions
from yitong.domains.hospitals.commands import policies as commands
from yitong.domains.hospitals.contracts.things import PolicyPreview
from yitong.domains.hospitals.contracts.writes import seen_of
from yitong.domains.hospitals.errors import FactsChanged, PolicyInThePast
from yitong.domains.hospitals.permissions import Action
from yitong.domains.hospitals.queries import facts as stand
from yitong.domains.hospitals.queries import policy_lines
from yitong.domains.schedule.queries import timetable as schedule
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.office import gate
from yitong.faces.office.forms import IN_PLACE, status_of
from yitong.faces.office.policies import forms, presenters


@require_GET
@gate.in_office
def rules(request: Request) -> HttpResponse:
    permissions.check_can(request.actor, Action.READ_POLICY_HISTORY)
    reader = pages.reader_of(request)
    context = {
        "groups": presenters.groups(policies.at(None, reader.now), policy_lines.policy_history(request.actor), reader),
        "can_set": permissions.can(request.actor, Action.SET_CITY_POLICY),
    }
    return pages.page(request, "office/policies/policies.html", context)


@require_GET
@gate.in_office
def rule(request: Request, name: str) -> HttpResponse:
    permissions.check_can(request.actor, Action.READ_POLICY_HISTORY)
    key = key_named(name)
    form = None
    if permissions.can(request.actor, Action.SET_CITY_POLICY):
        now = pages.reader_of(request).now
        form = forms.blank(key, policies.at(None, now).raw(name), now, new_id(), _stands(key))
    return _page(request, key, form)


@require_http_methods(["POST"])
@gate.in_office
def decide(request: Request, name: str) -> HttpResponse:
    """The first press shows what patients would read, the second decides. Whichever comes after somebody else's
    decision is told of it; the history then shows that, and the next press is made from it."""
    permissions.check_can(request.actor, Action.SET_CITY_POLICY)
    key = key_named(name)
    reader = pages.reader_of(request)
    form = forms.Decide(key, request.POST, initial={"seen": _stands(key)})
    refusal: Refusal | None = None
    preview: PolicyPreview | None = None
    if form.is_valid():
        try:
            if "decide" in request.POST:
                commands.set_policy(form.to_command(), actor=request.actor, now=reader.now)
                return pages.go(request, "office:policy", name, notice=_("已定下，到时自动生效"))
            preview = _preview(request, form, reader.now)
        except IN_PLACE as caught:
            refusal = caught
    if isinstance(refusal, FactsChanged):
        form.see_anew()
    return _page(request, key, form, preview, refusal)


def _stands(key: PolicyKey) -> str:
    """Asked before the page's own history, which may only be younger."""
    return seen_of(stand.decisions(None, key.key))


def _preview(request: Request, form: forms.Decide, now: datetime) -> PolicyPreview:
    if form.cleaned_data["seen"] not in ("", form.initial["seen"]):
        raise FactsChanged()
    if form.effective_from() < now:
        raise PolicyInThePast()
    return policy_lines.preview_policy(
        request.actor,
        form.policy.key,
        form.value(),
        hospital_id=None,
        instant=form.effective_from(),
        language=pages.language_of(request),
    )


def _effect(request: Request, form: forms.Decide, preview: PolicyPreview, reader: Reader) -> presenters.Effect:
    since = form.effective_from()
    return presenters.effect(
        form.policy,
        preview,
        since,
        bookings=figures.count_ahead(since, request.actor),
        sessions=schedule.count_sessions_ahead(since),
        reader=reader,
    )


def _page(
    request: Request,
    key: PolicyKey,
    form: forms.Decide | None,
    preview: PolicyPreview | None = None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    reader = pages.reader_of(request)
    decisions = policy_lines.policy_history(request.actor, policy=key.key)
    names = access.staff_names(presenters.deciders(decisions))
    context = {
        "policy": presenters.rule(key, policies.at(None, reader.now), decisions, reader),
        "history": presenters.history(key, decisions, names, reader),
        "form": form,
        "steps": [[form[f"{name}_{n}"] for name in ("count", "period", "lock_days")] for n in forms.STEPS]
        if form is not None and key.kind == "ladder"
        else None,
        "effect": _effect(request, form, preview, reader) if preview and form is not None else None,
        "refusal": pages.said(refusal, reader),
        "why": presenters.why_refused(key, refusal, form.value() if refusal and form is not None else None),
    }
    status = status_of(form, refusal) if form is not None else 200
    return pages.page(request, "office/policies/policy.html", context, status)
