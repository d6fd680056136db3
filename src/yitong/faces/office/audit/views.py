"""Audit: what happened, who looked, whether anybody could have rewritten it, and what got stuck."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yitong.core.db import audit
from yitong.core.errors import Missing
from yitong.domains.access import queries as access
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import permissions as people_permissions
from yitong.domains.people import queries as people
from yitong.faces.common import pages
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.office import gate, rail
from yitong.faces.office.audit import forms, presenters


@require_GET
@gate.in_office
def events(request: Request) -> HttpResponse:
    """All that was written, by what, who, whom, where and when; ids, never names of patients."""
    audit.check_can_audit(request.actor)
    reader = pages.reader_of(request)
    names = _hospitals(reader)
    form = forms.Events(_given(request, reader), hospitals=_choices(names))
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        lines = audit.list_events(form.asked(_actor_key(request, form, reader)), request.actor)
        staff = access.staff_names(presenters.people_in(line.actor for line in lines))
        context |= {
            "events": presenters.events(lines, staff, names),
            "next": _next(request, lines[-1].recorded_at, lines[-1].event_id) if len(lines) == audit.PAGE else "",
            "first": _first(request),
        }
    return pages.page(request, "office/audit/events.html", context, 200 if form.is_valid() else 422)


@require_GET
@gate.in_office
def reads(request: Request) -> HttpResponse:
    """Who looked at a record, and what for."""
    people_permissions.check_can_audit(request.actor)
    reader = pages.reader_of(request)
    names = _hospitals(reader)
    form = forms.Reads(_given(request, reader), hospitals=_choices(names))
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        lines = people.audit_reads(form.asked(_actor_key(request, form, reader)), request.actor)
        staff = access.staff_names(presenters.people_in(line.reader for line in lines))
        context |= {
            "reads": presenters.reads(lines, staff, names),
            "next": _next(request, lines[-1].recorded_at, lines[-1].read_id) if len(lines) == audit.PAGE else "",
            "first": _first(request),
        }
    return pages.page(request, "office/audit/reads.html", context, 200 if form.is_valid() else 422)


@require_http_methods(["GET", "POST"])
@gate.in_office
def log(request: Request) -> HttpResponse:
    """The chains and their last seals; a press recomputes them all. Nothing is written."""
    reader = pages.reader_of(request)
    names = _hospitals(reader)
    states = audit.log_states(request.actor)
    late = sum(audit.count_late(request.actor, reader.now).values())
    found = audit.verify(request.actor) if request.method == "POST" else None
    context = {
        "chains": presenters.chains(states, names, reader),
        "last": reader.moment(max(state.sealed_at for state in states)) if states else "",
        "late": late,
        "can_verify": audit.can_verify_here(states),
        "report": presenters.report(found, names) if found else None,
    }
    return pages.page(request, "office/audit/log.html", context)


@require_GET
@gate.in_office
def days(request: Request, log: str, shard: str) -> HttpResponse:
    """The day roots of one chain: what hospitals keep a copy of."""
    reader = pages.reader_of(request)
    names = _hospitals(reader)
    found = [one for one in audit.log_states(request.actor) if (one.log, one.shard) == (log, shard)]
    if not found:
        raise Missing()
    context = {
        "chain": presenters.chains(found, names, reader)[0],
        "days": presenters.days(audit.list_days(request.actor, log=log, shard=shard)),
    }
    return pages.page(request, "office/audit/days.html", context)


@require_GET
@gate.in_office
def letters(request: Request) -> HttpResponse:
    """Events that a part of the system could not take; each waits for a person."""
    reader = pages.reader_of(request)
    context = {
        "letters": presenters.letters(audit.list_letters(request.actor), _hospitals(reader), reader),
        "waiting": audit.count_waiting(request.actor),
        "can_settle": rail.may(audit.check_can_settle, request.actor),
    }
    return pages.page(request, "office/audit/letters.html", context)


@require_POST
@gate.in_office
def settle(request: Request) -> HttpResponse:
    form = forms.Settle(request.POST)
    audit.check_can_settle(request.actor)
    if form.is_valid():
        data = form.cleaned_data
        now = pages.reader_of(request).now
        try:
            audit.settle_letter(data["event"], data["handler"], data["how"], actor=request.actor, now=now)
        except Missing:
            return pages.go(request, "office:letters", notice=_("别人已经处理过了"))
        notice = _("马上再送一次") if data["how"] == "retry" else _("已跳过，后面的事件继续")
        return pages.go(request, "office:letters", notice=notice)
    return pages.go(request, "office:letters")


def _given(request: Request, reader: Reader) -> Mapping[str, Any]:
    return request.GET if "start" in request.GET or "end" in request.GET else forms.days(reader.today)


def _actor_key(request: Request, form: forms.Asked, reader: Reader) -> str:
    """`staff:…` for a login; a key as it is; a login that nobody has finds nothing."""
    text = form.cleaned_data["actor"].strip()
    if not text or text.split(":", 1)[0] in forms.KINDS:
        return text
    found = access.find_staff(text, request.actor, reader.now)
    return f"staff:{found.staff_id if found else text}"


def _next(request: Request, at: Any, row_id: UUID) -> str:
    given = {name: value for name, value in request.GET.items() if name != "before" and value}
    return "?" + urlencode({**_days(request), **given, "before": presenters.cursor(at, row_id)})


def _days(request: Request) -> dict[str, str]:
    return {} if "start" in request.GET else forms.days(pages.reader_of(request).today)


def _first(request: Request) -> str:
    if "before" not in request.GET:
        return ""
    return "?" + urlencode({name: value for name, value in request.GET.items() if name != "before" and value})


def _hospitals(reader: Reader) -> dict[UUID, str]:
    return {one.hospital_id: reader.name(one) for one in hospitals.list_hospitals(with_closed=True)}


def _choices(names: Mapping[UUID, str]) -> list[tuple[str, str]]:
    return [(str(hospital_id), name) for hospital_id, name in names.items()]
