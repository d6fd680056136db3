"""The hospital's rules: what is in force here and in the city, history, a new value from a date on."""

from datetime import time, timedelta

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yitong.core.db import policies
from yitong.core.errors import Missing, Refusal
from yitong.core.ids import new_id
from yitong.core.policy.keys import KEYS
from yitong.domains.access import queries as access
from yitong.domains.hospitals import permissions as may
from yitong.domains.hospitals.commands import policies as commands
from yitong.domains.hospitals.contracts.writes import seen_of
from yitong.domains.hospitals.errors import FactsChanged
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.hospitals.queries import facts as stand
from yitong.domains.hospitals.queries import policy_lines
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.desk.forms import IN_PLACE, status_of
from yitong.faces.desk.place import Place, at_desk
from yitong.faces.desk.rules import forms, presenters


@require_GET
@at_desk
def rules(request: Request, place: Place) -> HttpResponse:
    may.check_can(request.actor, may.Action.READ_POLICY_HISTORY, place.hospital_id)
    reader = pages.reader_of(request)
    here, city = policies.at(place.hospital_id, reader.now), policies.at(None, reader.now)
    return pages.page(request, "desk/rules/rules.html", {"groups": presenters.groups(here, city, reader)})


@require_http_methods(["GET", "POST"])
@at_desk
def rule(request: Request, place: Place, policy: str) -> HttpResponse:
    """Refused where it is looser than what the city says; the sentence tells the bound."""
    may.check_can(request.actor, may.Action.SET_HOSPITAL_POLICY, place.hospital_id)
    if policy not in KEYS:
        raise Missing()
    key, reader = KEYS[policy], pages.reader_of(request)
    departments = hospitals.list_departments(place.hospital_id) if key.department else []
    seen = seen_of(stand.decisions(place.hospital_id, policy))  # before the page's own list, which may only be younger
    initial = {"key": new_id(), "seen": seen, "day": reader.today + timedelta(days=1), "time": time(0)}
    given = request.POST if request.method == "POST" else None
    form = forms.Set(given, policy=key, departments=departments, initial=initial)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            commands.set_policy(form.to_command(place.hospital_id), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:rule", policy, notice=_("已定下，到时自动生效"))
    if isinstance(refusal, FactsChanged):
        form.see_anew()  # all that was decided stands on the page
    own = policy_lines.policy_history(
        request.actor, hospital_id=place.hospital_id, with_departments=True, policy=policy
    )
    entries = [*own, *policy_lines.policy_history(request.actor, policy=policy)]
    context = {
        "policy": key,
        "name": presenters.name(key, reader),
        "here": presenters.value(key, policies.at(place.hospital_id, reader.now).raw(policy)),
        "city": presenters.value(key, policies.at(None, reader.now).raw(policy)),
        "history": presenters.history(
            key,
            entries,
            access.staff_names(presenters.staff_ids(entries)),
            {one.department_id: one for one in departments},
            reader,
        ),
        "form": form,
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "desk/rules/rule.html", context, status_of(form, refusal))
