"""摇号 at the desk: the hospital's draws, and the two acts that are its own (R-017)."""

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yitong.core.errors import Refusal
from yitong.core.ids import new_id
from yitong.core.lots.terms import Party
from yitong.domains.draws import permissions as may
from yitong.domains.draws import queries
from yitong.domains.draws.commands import plan, stages
from yitong.domains.draws.contracts import BeaconState, Draw, DrawState
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.faces.common import drawn, pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.desk.draws import forms
from yitong.faces.desk.forms import IN_PLACE, status_of
from yitong.faces.desk.place import Place, at_desk


@dataclass(frozen=True, slots=True)
class Line:
    href: str
    department: str
    release: str
    state: str
    kind: str
    to_do: str


@require_GET
@at_desk
def draws(request: Request, place: Place) -> HttpResponse:
    may.check_can_keep_secret(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    found = queries.list_draws(place.hospital_id)
    departments = hospitals.departments_by_id(place.hospital_id, {one.department_id for one in found})
    lines = [_line(one, reader.name(departments[one.department_id]), reader) for one in found]
    return pages.page(request, "desk/draws/draws.html", {"lines": lines})


@require_http_methods(["GET", "POST"])
@at_desk
def draw(request: Request, place: Place, draw_id: UUID) -> HttpResponse:
    """One draw, with the form for what is the hospital's turn now."""
    may.check_can_keep_secret(request.actor, place.hospital_id)
    reader = pages.reader_of(request)
    found = queries.get_draw(place.hospital_id, draw_id)
    kind = _form_of(found, reader)
    form = kind(request.POST if request.method == "POST" else None, initial={"key": new_id()}) if kind else None
    refusal: Refusal | None = None
    if form is not None and form.is_bound and form.is_valid():
        try:
            if isinstance(form, forms.Promise):
                plan.promise_secret(form.to_command(place.hospital_id, draw_id), actor=request.actor, now=reader.now)
                notice = _("封条已提交，报名开始时公布")
            else:
                cmd = form.to_command(place.hospital_id, draw_id)
                stages.reveal_secret(cmd, actor=request.actor, now=reader.now)
                notice = _("密数已公开，马上开奖")
        except IN_PLACE as caught:
            refusal = caught
        else:
            return pages.go(request, "desk:draw", draw_id, notice=notice)
    department = hospitals.get_department(place.hospital_id, found.department_id)
    promise = found.promises.get(Party.HOSPITAL)
    labels = drawn.labels([found], reader)
    context = {
        "line": _line(found, reader.name(department), reader),
        "times": [
            (_("报名开始"), reader.moment(found.opens_at), ""),
            (_("报名截止"), reader.moment(found.closes_at), ""),
            (_("最晚公开密数"), reader.moment(found.reveal_by), ""),
            (_("剩下的号放号"), reader.moment(found.release_at), ""),
        ],
        "sessions": [(labels[one.session_id], _("%(n)s 个号") % {"n": one.places}) for one in found.sessions],
        "promise": promise.hex() if promise else "",
        "count": found.count,
        "form": form,
        "is_promise": kind is forms.Promise,
        "draw_id": draw_id,
        "public": reverse("patient:draw", args=[place.hospital_id, draw_id]),
        "refusal": pages.said(refusal, reader),
    }
    status = status_of(form, refusal) if form is not None else 200
    return pages.page(request, "desk/draws/draw.html", context, status)


def _form_of(found: Draw, reader: Reader) -> type[forms.Promise] | type[forms.Reveal] | None:
    """What the hospital may do now."""
    if found.state is DrawState.PLANNED and reader.now < found.opens_at:
        return forms.Promise
    if found.state is DrawState.CLOSED and found.beacon_state is not BeaconState.AWAITED:
        return forms.Reveal
    return None


def _line(one: Draw, department: str, reader: Reader) -> Line:
    names = {
        DrawState.PLANNED: (_("未开始"), "info"),
        DrawState.OPENED: (_("报名中"), "ok"),
        DrawState.CLOSED: (_("等待开奖"), "info"),
        DrawState.REVEALED: (_("等待开奖"), "info"),
        DrawState.DRAWN: (_("已开奖"), "ok"),
        DrawState.SETTLED: (_("已开奖"), "ok"),
        DrawState.VOID: (_("已作废"), "warn"),
    }
    state, kind = names[one.state]
    to_do = ""
    form = _form_of(one, reader)
    if form is forms.Promise and Party.HOSPITAL not in one.promises:
        to_do = _("请在%(time)s前提交封条") % {"time": reader.moment(one.opens_at)}
    elif form is forms.Reveal:
        to_do = _("请在%(time)s前公开密数") % {"time": reader.moment(one.reveal_by)}
    href = reverse("desk:draw", args=[one.draw_id])
    return Line(href, department, reader.moment(one.release_at), state, kind, to_do)
