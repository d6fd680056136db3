"""Appeals against a lock and against the slow path: a person reads and decides, and says why (R-199)."""

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yitong.core.db import policies
from yitong.core.errors import Refusal
from yitong.domains.fairness import queries as fairness
from yitong.domains.fairness.commands import reviewing
from yitong.domains.people import queries
from yitong.domains.people.commands import abuse
from yitong.domains.people.errors import AppealMissing
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.office import gate
from yitong.faces.office.appeals import forms, presenters
from yitong.faces.office.forms import IN_PLACE, status_of


@require_GET
@gate.in_office
def appeals(request: Request) -> HttpResponse:
    reader = pages.reader_of(request)
    found = presenters.waiting(
        queries.list_appeals(request.actor, reader.now), fairness.list_reviews(request.actor, now=reader.now), reader
    )
    return pages.page(request, "office/appeals/appeals.html", {"appeals": found})


@require_http_methods(["GET", "POST"])
@gate.in_office
def appeal(request: Request, lock_id: UUID) -> HttpResponse:
    reader = pages.reader_of(request)
    found = [one for one in queries.list_appeals(request.actor, reader.now) if one.lock.lock_id == lock_id]
    if not found:
        raise AppealMissing()
    form = forms.Decide(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            abuse.decide_appeal(form.to_command(lock_id), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "office:appeals", notice=_("已决定，本人会收到消息"))
    in_force = policies.at(None, reader.now)
    context = {
        "appeal": presenters.line(found[0], reader),
        "most_booked": in_force.int("booking.limits.per_phone_m3"),
        "most_cancelled": in_force.int("booking.limits.cancels_m1"),
        "form": form,
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "office/appeals/appeal.html", context, status_of(form, refusal))


@require_http_methods(["GET", "POST"])
@gate.in_office
def review(request: Request, review_id: UUID) -> HttpResponse:
    """One appeal against the slow path, with the reasons of the score. Each look stands in the patients' read log."""
    reader = pages.reader_of(request)
    found = fairness.get_review(review_id, request.actor, now=reader.now)
    form = forms.DecideReview(request.POST if request.method == "POST" else None)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            reviewing.decide_review(form.to_review(review_id), actor=request.actor, now=reader.now)
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "office:appeals", notice=_("已决定，本人会收到消息"))
    context = {"review": presenters.review(found, reader), "form": form, "refusal": pages.said(refusal, reader)}
    return pages.page(request, "office/appeals/review.html", context, status_of(form, refusal))
