"""摇号: what a draw is and how it went, for anybody; applying, and one's own result with its proof (R-017)."""

from pathlib import Path
from uuid import UUID

from django.contrib.staticfiles import finders
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yitong.core.errors import Refusal, Unidentified
from yitong.core.ids import new_id
from yitong.domains.booking.errors import CheckRequired
from yitong.domains.draws import queries
from yitong.domains.draws.commands import applying
from yitong.domains.draws.contracts import Draw, Entry, EntryState
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import queries as people
from yitong.domains.waitlist import queries as waitlist
from yitong.domains.waitlist.commands import joining
from yitong.faces.common import drawn, pages, throttle
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.patient import handing
from yitong.faces.patient.booking import presenters as persons
from yitong.faces.patient.check.gate import check_first
from yitong.faces.patient.draws import forms, presenters

LINES = "application/x-ndjson"


@require_GET
def draw(request: Request, hospital_id: UUID, draw_id: UUID) -> HttpResponse:
    """Everything about one draw that is public, as far as it is known by now."""
    reader = pages.reader_of(request)
    found = queries.get_draw(hospital_id, draw_id)
    has_file = queries.has_file(hospital_id, draw_id)
    context = {
        **_place(found, reader),
        "shown": presenters.shown(
            found, queries.counts(hospital_id, draw_id), drawn.labels([found], reader), reader, has_file=has_file
        ),
        "mine": _mine(queries.find_my_entry(hospital_id, draw_id, request.actor), reader)
        if request.actor.account_id
        else [],
    }
    return pages.page(request, "patient/draws/draw.html", context)


@require_GET
def file(request: Request, hospital_id: UUID, draw_id: UUID) -> HttpResponse:
    """The draw's file, for anybody."""
    content = queries.plain(queries.get_file(hospital_id, draw_id))
    response = HttpResponse(content, content_type=LINES)
    response.headers["Content-Disposition"] = f'attachment; filename="draw-{draw_id}.jsonl"'
    return response


@never_cache
@require_http_methods(["GET", "POST"])
def apply(request: Request, hospital_id: UUID, draw_id: UUID) -> HttpResponse:
    """报名: a family, and several sessions in order."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    found = queries.get_draw(hospital_id, draw_id)
    everyone = persons.people(people.patients_of(account_id), None, False, reader)
    cards = [(UUID(one.id), one.name) for one in everyone]
    start = {"key": new_id(), "patients": [one.id for one in everyone if one.is_chosen], "visit": "first"}
    data = request.POST if request.method == "POST" else None
    labels = drawn.labels([found], reader)
    form = forms.Enter(data, draw=found, labels=labels, people=cards, initial=start)
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            throttle.act(request, "hold", f"account:{account_id}", now=reader.now)
            made = applying.apply(form.to_command(account_id), actor=request.actor, now=reader.now)
        except Unidentified:
            raise
        except Refusal as caught:
            refusal = caught
        else:
            return pages.go(request, "patient:draw_entry", hospital_id, made.entry_id, notice=_("已报名"))
    shown = presenters.shown(found, [], labels, reader, has_file=False)
    context = {
        **_place(found, reader),
        "shown": shown,
        "form": form,
        "has_people": bool(cards),
        "handed": handing.beside(_("报名"), account_id, [hospital_id], [key for key, name in cards], reader),
        "refusal": pages.said(refusal, reader),
    }
    status = refusal.status if refusal else 422 if form.is_bound and form.errors else 200
    return pages.page(request, "patient/draws/apply.html", context, status)


@require_GET
def mine(request: Request) -> HttpResponse:
    pages.account_of(request)
    reader = pages.reader_of(request)
    return pages.page(
        request, "patient/draws/mine.html", {"mine": _mine(queries.list_my_entries(request.actor), reader)}
    )


@require_GET
def entry(request: Request, hospital_id: UUID, entry_id: UUID) -> HttpResponse:
    """One's own entry: ticket, rank, what was given, and how to check it; for who lost, the way into the line."""
    account_id = pages.account_of(request)
    return _entry_page(request, queries.get_entry(hospital_id, entry_id, request.actor), account_id)


def _entry_page(request: Request, own: Entry, account_id: UUID, refusal: Refusal | None = None) -> HttpResponse:
    reader = pages.reader_of(request)
    found = queries.get_draw(own.hospital_id, own.draw_id)
    waiting = presenters.waiting(own, drawn.labels([found], reader), request.actor, reader)
    asks = [own.hospital_id] if waiting is not None and waiting.sessions else []
    context = {
        **_place(found, reader),
        "one": _mine([own], reader)[0],
        "waiting": waiting,
        "handed": handing.beside(_("一键候补"), account_id, asks, own.patient_ids, reader),
        "has_file": queries.has_file(own.hospital_id, own.draw_id),
        "entry_id": own.entry_id,
        "key": request.POST.get("key") if refusal else new_id(),
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "patient/draws/entry.html", context, refusal.status if refusal else 200)


@require_POST
@check_first
def wait(request: Request, hospital_id: UUID, entry_id: UUID) -> HttpResponse:
    """候补 in one press: for the same people, in the sessions that were wished for and are gone."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    own = queries.get_entry(hospital_id, entry_id, request.actor)
    form = forms.Wait(request.POST)
    if own.state is not EntryState.LOST or not form.is_valid():
        return pages.go(request, "patient:draw_entry", hospital_id, entry_id)
    there = waitlist.list_joinable(hospital_id, own.session_ids, channel=request.actor.channel, now=reader.now)
    try:
        throttle.act(request, "hold", f"account:{account_id}", now=reader.now)
        joined = joining.join_waitlist(
            form.to_command(own, account_id, there or own.session_ids[:1]), actor=request.actor, now=reader.now
        )
    except (Unidentified, CheckRequired):
        raise
    except Refusal as refusal:
        return _entry_page(request, own, account_id, refusal)
    return pages.go(request, "patient:waitlist_entry", joined.entry_id, notice=_("已登记候补"))


@never_cache
@require_http_methods(["GET", "POST"])
def change(request: Request, hospital_id: UUID, entry_id: UUID) -> HttpResponse:
    """Other sessions, or another order of them, until closing; the ticket stays."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    own = queries.get_entry(hospital_id, entry_id, request.actor)
    found = queries.get_draw(hospital_id, own.draw_id)
    data = request.POST if request.method == "POST" else None
    form = forms.Rerank(
        data,
        draw=found,
        labels=drawn.labels([found], reader),
        before=own.session_ids,
        initial={"key": new_id()},
    )
    refusal: Refusal | None = None
    if form.is_bound and form.is_valid():
        try:
            throttle.act(request, "hold", f"account:{account_id}", now=reader.now)
            applying.change_entry(form.to_command(entry_id), actor=request.actor, now=reader.now)
        except Unidentified:
            raise
        except Refusal as caught:
            refusal = caught
        else:
            return pages.go(request, "patient:draw_entry", hospital_id, entry_id, notice=_("已修改志愿"))
    context = {
        **_place(found, reader),
        "one": _mine([own], reader)[0],
        "form": form,
        "entry_id": entry_id,
        "refusal": pages.said(refusal, reader),
    }
    status = refusal.status if refusal else 422 if form.is_bound else 200
    return pages.page(request, "patient/draws/change.html", context, status)


@require_POST
def withdraw(request: Request, hospital_id: UUID, entry_id: UUID) -> HttpResponse:
    pages.account_of(request)
    form = forms.Withdraw(request.POST)
    if not form.is_valid():
        return pages.go(request, "patient:draw_entry", hospital_id, entry_id)
    now = pages.reader_of(request).now
    applying.withdraw_entry(form.to_command(hospital_id, entry_id), actor=request.actor, now=now)
    return pages.go(request, "patient:draw_entry", hospital_id, entry_id, notice=_("已撤回报名"))


@require_GET
def check(request: Request) -> HttpResponse:
    """The checker: a file and a ticket, on the visitor's own device; nothing is sent anywhere."""
    words = presenters.words_of_file(pages.language_of(request))
    return pages.page(request, "patient/draws/check.html", {"words": words})


@require_GET
def check_file(request: Request) -> HttpResponse:
    """The same as one file that works from a disk, without any connection: it carries its script."""
    carried = {
        "words": presenters.words_of_file(pages.language_of(request)),
        "script": _carried("script", "patient/draw-check.js"),
        "style": _carried("style", "patient/draw-check.css"),
    }
    page = render_to_string("patient/draws/check-offline.html", carried, request)
    response = HttpResponse(page)
    response.headers["Content-Disposition"] = 'attachment; filename="draw-check.html"'
    return response


def _carried(tag: str, name: str) -> SafeString:
    """A static file of ours, inside the page."""
    path = finders.find(name)
    assert isinstance(path, str)
    return mark_safe(f"<{tag}>{Path(path).read_text(encoding='utf-8')}</{tag}>")


def _place(found: Draw, reader: Reader) -> dict[str, object]:
    return {
        "hospital": reader.name(hospitals.get_hospital(found.hospital_id)),
        "department": reader.name(hospitals.get_department(found.hospital_id, found.department_id)),
        "hospital_id": found.hospital_id,
        "department_id": found.department_id,
        "draw_id": found.draw_id,
    }


def _mine(entries: list[Entry], reader: Reader) -> list[presenters.Mine]:
    """A handful of queries for each hospital, however many entries."""
    wanted: dict[UUID, set[UUID]] = {}
    for one in entries:
        wanted.setdefault(one.hospital_id, set()).add(one.draw_id)
    found: dict[UUID, Draw] = {}
    titles: dict[UUID, str] = {}
    for hospital_id, ids in wanted.items():
        draws = queries.draws_by_id(hospital_id, ids)
        departments = hospitals.departments_by_id(hospital_id, {drawn.department_id for drawn in draws.values()})
        name = reader.name(hospitals.get_hospital(hospital_id))
        found |= draws
        titles |= {key: f"{name} · {reader.name(departments[drawn.department_id])}" for key, drawn in draws.items()}
    names = people.names_of({patient for one in entries for patient in one.patient_ids}) if entries else {}
    labels = drawn.labels(found.values(), reader)
    return [presenters.mine(one, found[one.draw_id], titles[one.draw_id], names, labels, reader) for one in entries]
