"""Possible duplicates, for those of the city who decide (R-102): merge, keep apart, take a merge back."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.domains.access import queries as access
from yitong.domains.people import permissions as may
from yitong.domains.people import queries as people
from yitong.domains.people.commands import merging
from yitong.domains.people.contracts.patients import Candidate, RejectCandidate
from yitong.domains.people.errors import MergeMissing
from yitong.faces.common import pages, terms
from yitong.faces.common.request import Request
from yitong.faces.desk import place as places
from yitong.faces.desk import words
from yitong.faces.desk.duplicates import forms
from yitong.faces.desk.forms import IN_PLACE, status_of
from yitong.faces.desk.patients.presenters import found_patient

MOST_PAGES = 20  # of fifty, in which one candidate is looked for


@require_GET
def candidates(request: Request) -> HttpResponse:
    places.session_of(request)
    reader = pages.reader_of(request)
    found = people.list_candidates(request.actor, after=_after(request))
    context = {
        "candidates": [
            (one.candidate_id, reader.moment(one.found_at), [terms.term(words.MATCHES, m) for m in one.matches])
            for one in found
        ],
        "more": f"?after={found[-1].candidate_id}" if len(found) >= 50 else "",
    }
    return pages.page(request, "desk/duplicates/candidates.html", context)


@require_http_methods(["GET", "POST"])
def candidate(request: Request, candidate_id: UUID) -> HttpResponse:
    """Both records side by side; each look leaves a line for the patients."""
    places.session_of(request)
    may.check_can_decide(request.actor)
    reader = pages.reader_of(request)
    found = _candidate(request, candidate_id)
    pair = people.get_pair(found, request.actor, now=reader.now)
    is_apart = "apart" in request.POST
    given = request.POST if request.method == "POST" and not is_apart else None
    form = forms.Merge(given, pair=pair, initial={"key": new_id()})
    refusal: Refusal | None = None
    try:
        if is_apart:
            cmd = RejectCandidate(found.patient_id, found.candidate_id)
            merging.reject_candidate(cmd, actor=request.actor, now=reader.now)
            return pages.go(request, "desk:duplicates", notice=_("已记下：是两个人"))
        if form.is_bound and form.is_valid():
            merged = merging.merge_patients(form.to_command(), actor=request.actor, now=reader.now)
            return pages.go(request, "desk:merges", merged.survivor_id, notice=_("已合并"))
    except IN_PLACE as caught:
        refusal = caught
    context = {
        "pair": [found_patient(one, reader) for one in pair],
        "matches": [terms.term(words.MATCHES, one) for one in found.matches],
        "form": form,
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "desk/duplicates/candidate.html", context, status_of(form, refusal))


@require_http_methods(["GET", "POST"])
def merges(request: Request, patient_id: UUID) -> HttpResponse:
    """The merges that a record had a part in, and taking one back."""
    places.session_of(request)
    may.check_can_decide(request.actor)
    reader = pages.reader_of(request)
    form = forms.Unmerge(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            merging.unmerge_patients(form.to_command(), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:merges", patient_id, notice=_("已撤销合并，各归各的档案"))
    lines = people.list_merges(patient_id, request.actor)
    keys = [one.by for one in lines] + [one.unmerged_by or "" for one in lines]
    ids = {UUID(key.partition(":")[2]) for key in keys if key.startswith("staff:")}
    names = access.staff_names(ids)
    context = {
        "merges": [
            {
                "at": reader.moment(one.at),
                "by": _name(one.by, names),
                "undone": reader.moment(one.unmerged_at) if one.unmerged_at else "",
                "undone_by": _name(one.unmerged_by or "", names),
                "form": _undo_form(form, one.merge_id, one.survivor_id),
            }
            for one in lines
        ],
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "desk/duplicates/merges.html", context, status_of(form, refusal))


def _undo_form(given: forms.Unmerge, merge_id: UUID, survivor_id: UUID) -> forms.Unmerge:
    """The form as it was sent where it was this merge's; a fresh one for the others."""
    if given.is_bound and given.data.get("merge") == str(merge_id):
        return given
    initial = {"key": new_id(), "merge": merge_id, "survivor": survivor_id}
    return forms.Unmerge(initial=initial, auto_id=f"id_{merge_id}_%s")


def _candidate(request: Request, candidate_id: UUID) -> Candidate:
    after: UUID | None = None
    for _page in range(MOST_PAGES):
        found = people.list_candidates(request.actor, after=after)
        hit = next((one for one in found if one.candidate_id == candidate_id), None)
        if hit is not None:
            return hit
        if not found:
            break
        after = found[-1].candidate_id
    raise MergeMissing()


def _after(request: Request) -> UUID | None:
    try:
        return UUID(request.GET.get("after", ""))
    except ValueError:
        return None


def _name(key: str, names: dict[UUID, str]) -> str:
    kind, _colon, tail = key.partition(":")
    return names.get(UUID(tail), "") if kind == "staff" else _("系统") if kind else ""
