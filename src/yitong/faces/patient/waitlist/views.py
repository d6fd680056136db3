"""候补: getting in line for what is sold out, seeing how it goes, answering an offer, leaving."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from yitong.core.db import policies
from yitong.core.errors import Refusal, Unidentified
from yitong.core.ids import new_id
from yitong.core.policy.values import Policies
from yitong.domains.booking.errors import CheckRequired
from yitong.domains.booking.queries import openings
from yitong.domains.hospitals.contracts.things import Department
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import queries as people
from yitong.domains.schedule.contracts import Session
from yitong.domains.schedule.queries import timetable as schedule
from yitong.domains.waitlist import queries
from yitong.domains.waitlist.commands import answering, joining
from yitong.domains.waitlist.contracts import Accept, Entry, LineLength, OfferState, WaitState
from yitong.faces.common import pages, throttle
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.patient import handing
from yitong.faces.patient.booking import presenters as persons
from yitong.faces.patient.check.gate import check_first
from yitong.faces.patient.hospitals import choosing, near, offering, ways
from yitong.faces.patient.waitlist import forms, presenters

MOST_OTHERS = 40
MOST_ELSEWHERE = 6  # of one department


@require_http_methods(["GET", "POST"])
@check_first
def join(request: Request, hospital_id: UUID, session_id: UUID) -> HttpResponse:
    """For whom, in which sessions, and what is to happen then; then one is in line."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    session = schedule.get_session(hospital_id, session_id)
    in_force = policies.at(hospital_id, reader.now, department_id=session.department_id)
    if request.method == "GET":
        return _join_page(request, session, in_force, account_id, reader)
    if request.POST.get("show"):  # more to choose from; what was chosen stays
        return _join_page(request, session, in_force, account_id, reader, shows_elsewhere=True)
    form = forms.JoinWaitlist(request.POST)
    if not form.is_valid():
        return _join_page(request, session, in_force, account_id, reader, form=form, status=422)
    is_first = choosing.asked_visit(request) is ways.Visit.FIRST
    cmd = form.to_command(account_id, hospital_id, is_first_visit=is_first, most=_most_sessions(reader.now))
    try:
        throttle.act(request, "hold", f"account:{account_id}", now=reader.now)
        joined = joining.join_waitlist(cmd, actor=request.actor, now=reader.now)
    except (Unidentified, CheckRequired):
        raise
    except Refusal as refusal:
        return _join_page(
            request, session, in_force, account_id, reader, form=form, refusal=refusal, status=refusal.status
        )
    return pages.go(request, "patient:waitlist_entry", joined.entry_id, notice=_("已登记候补"))


def _join_page(
    request: Request,
    session: Session,
    in_force: Policies,
    account_id: UUID,
    reader: Reader,
    *,
    form: forms.JoinWaitlist | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
    shows_elsewhere: bool = False,
) -> HttpResponse:
    hospital_id, visit = session.hospital_id, choosing.asked_visit(request)
    way = ways.NewBooking(visit)
    department = hospitals.get_department(hospital_id, session.department_id)
    halves = _half_days(department, visit, in_force, reader)
    mine = [one for half in halves for one in half.offers if str(session.session_id) in one.sessions.split()]
    asked = request.POST if request.method == "POST" else None
    far_off = asked.getlist("elsewhere") if asked else []
    chosen_people = set(asked.getlist("patients")) if asked else None
    everyone = persons.people(people.patients_of(account_id), None, in_force.flag("booking.verified_only"), reader)
    own = mine[0].sessions.split() if mine else []
    others = presenters.others(halves, own, asked.getlist("sessions") if asked else [])[:MOST_OTHERS]
    far = _elsewhere(department, visit, (), far_off, reader) if shows_elsewhere or far_off else None
    able = [UUID(one.id) for one in everyone if not one.is_disabled]
    places = [hospital_id, *_hospitals_of(far)]
    context = {
        "hospital": reader.name(hospitals.get_hospital(hospital_id)),
        "department": reader.name(department),
        "chosen": mine[0] if mine else None,
        "is_closed": not mine or not mine[0].wait_href,
        "waiting": sum(one.people for one in _lengths(hospital_id, mine[:1])),
        "people": [presenters.checked(one, chosen_people) for one in everyone],
        "can_join": any(not one.is_disabled for one in everyone),
        "others": others,
        "has_more_chosen": any(one.is_chosen for one in others),
        "elsewhere": far,
        "handed": handing.beside(_("登记候补"), account_id, places, able, reader),
        "most": _most_sessions(reader.now),
        "mode": asked.get("mode") if asked else "at_once",
        "minutes": in_force.int("waitlist.offer_minutes"),
        "close_minutes": in_force.int("waitlist.close_minutes"),
        "visit": visit.value,
        "key": (asked.get("key") if asked and (refusal or shows_elsewhere) else "") or new_id(),
        "form": form,
        "refusal": pages.said(refusal, reader),
        "here": request.get_full_path(),
        "back": way.session(session),
    }
    return pages.page(request, "patient/waitlist/join.html", context, status)


def _lengths(hospital_id: UUID, offers: list[offering.Offer]) -> list[LineLength]:
    ids = [UUID(one) for offer in offers for one in offer.sessions.split()]
    return list(queries.line_lengths(hospital_id, ids).values())


def _elsewhere(
    department: Department, visit: ways.Visit, without: Collection[str], chosen: list[str], reader: Reader
) -> list[presenters.Elsewhere]:
    """Where else one could wait for the same, the nearest first; but for the sessions that one waits for."""
    found = []
    for place in near.alike(department, reader):
        there = place.department
        in_force = policies.at(there.hospital_id, reader.now, department_id=there.department_id)
        halves = _half_days(there, visit, in_force, reader)
        found.append(presenters.elsewhere(place, halves, without, chosen, MOST_ELSEWHERE))
    return [one for one in found if one is not None]


def _hospitals_of(elsewhere: Collection[presenters.Elsewhere] | None) -> list[UUID]:
    return list(dict.fromkeys(there.hospital_id for there in elsewhere or ()))


def _half_days(department: Department, visit: ways.Visit, in_force: Policies, reader: Reader) -> list[offering.HalfDay]:
    """The department's half-days of all bookable days, in order."""
    hospital_id = department.hospital_id
    days = choosing.days(in_force, reader)[:-1]
    sessions = schedule.list_sessions(hospital_id, department.department_id, days[0], days[-1]) if days else []
    offers = openings.offers(hospital_id, sessions, channel=choosing.CHANNEL, now=reader.now)
    doctors = choosing.practitioners(hospital_id, sessions)
    by_day: dict[date, list[Session]] = {}
    for one in sessions:
        by_day.setdefault(one.date, []).append(one)
    way = ways.NewBooking(visit)
    return [
        half
        for of_day in by_day.values()
        for half in offering.half_days(of_day, offers, doctors, visit, way, in_force, reader)
    ]


@require_GET
def waitlist(request: Request) -> HttpResponse:
    """What one waits for, at all hospitals, and what became of it."""
    pages.account_of(request)
    reader = pages.reader_of(request)
    entries = queries.list_my_entries(request.actor)
    facts = presenters.facts_of(entries, reader)
    cards = [presenters.card(one, facts, reader) for one in entries]
    context = {"live": [one for one in cards if one.is_live], "past": [one for one in cards if not one.is_live]}
    return pages.page(request, "patient/waitlist/waitlist.html", context)


@require_GET
def entry(request: Request, entry_id: UUID) -> HttpResponse:
    """One entry: its offer with the clock, its places in line, why something went on."""
    account_id = pages.account_of(request)
    return _entry_page(request, queries.get_entry(entry_id, request.actor), account_id)


def _entry_page(request: Request, found: Entry, account_id: UUID, refusal: Refusal | None = None) -> HttpResponse:
    reader = pages.reader_of(request)
    facts = presenters.facts_of([found], reader)
    asks = [found.offer.hospital_id] if found.offer is not None and found.offer.state is OfferState.OPEN else []
    context = {
        "entry_id": found.entry_id,
        "card": presenters.card(found, facts, reader),
        "offer": presenters.offer(found, reader),
        "handed": _handed(_("约这个号"), found, account_id, asks, reader),
        "offers_left": found.offers_left,
        "lines": presenters.lines(found, facts, reader),
        "passings": presenters.passings(found, facts, reader),
        "how": presenters.how(found),
        "can_change": found.state is WaitState.WAITING,
        "booked_href": reverse("patient:bookings") if found.state is WaitState.BOOKED else "",
        "key": request.POST.get("key") or new_id(),
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "patient/waitlist/entry.html", context, refusal.status if refusal else 200)


def _handed(
    button: str, found: Entry, account_id: UUID, hospital_ids: list[UUID], reader: Reader
) -> handing.Handed | None:
    """Where it was agreed to before for this entry, nothing is said again (R-049)."""
    agreed = queries.hospitals_agreed(found) if hospital_ids else set()
    asks = [one for one in hospital_ids if one not in agreed]
    return handing.beside(button, account_id, asks, found.patient_ids, reader)


@require_POST
def answer(request: Request, entry_id: UUID) -> HttpResponse:
    """The offer is taken or declined."""
    account_id = pages.account_of(request)
    form = forms.Answer(request.POST)
    if not form.is_valid():
        return pages.go(request, "patient:waitlist_entry", entry_id)
    cmd, now = form.to_command(account_id), pages.reader_of(request).now
    try:
        if isinstance(cmd, Accept):
            answering.accept_offer(cmd, actor=request.actor, now=now)
        else:
            answering.decline_offer(cmd, actor=request.actor, now=now)
    except Unidentified:
        raise
    except Refusal as refusal:
        return _entry_page(request, queries.get_entry(entry_id, request.actor), account_id, refusal)
    said = _("预约成功") if isinstance(cmd, Accept) else _("这个号已转给下一位")
    return pages.go(request, "patient:waitlist_entry", entry_id, notice=said)


@require_http_methods(["GET", "POST"])
@check_first
def change(request: Request, entry_id: UUID) -> HttpResponse:
    """Other sessions, or to be asked or not, without losing one's place where one stands."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    found = queries.get_entry(entry_id, request.actor)
    if request.POST.get("show"):  # more to choose from; what was chosen stays
        context = _change(request, found, account_id, None, None, reader, shows_elsewhere=True)
        return pages.page(request, "patient/waitlist/change.html", context)
    form = forms.Change(request.POST) if request.method == "POST" else None
    refusal: Refusal | None = None
    if form is not None and form.is_valid():
        hospital_of = {line.session_id: line.hospital_id for line in found.lines if line.is_live}
        cmd = form.to_command(
            entry_id, account_id, hospital_of, hospital_id=found.lines[0].hospital_id, most=_most_sessions(reader.now)
        )
        try:
            throttle.act(request, "hold", f"account:{account_id}", now=reader.now)
            joining.change_entry(cmd, actor=request.actor, now=reader.now)
        except (Unidentified, CheckRequired):
            raise
        except Refusal as caught:
            refusal = caught
        else:
            return pages.go(request, "patient:waitlist_entry", entry_id, notice=_("已修改候补"))
    status = refusal.status if refusal else 422 if form is not None else 200
    context = _change(request, found, account_id, form, refusal, reader)
    return pages.page(request, "patient/waitlist/change.html", context, status)


def _change(
    request: Request,
    found: Entry,
    account_id: UUID,
    form: forms.Change | None,
    refusal: Refusal | None,
    reader: Reader,
    *,
    shows_elsewhere: bool = False,
) -> dict[str, object]:
    """What one waits for, and what else joining would offer beside it."""
    first = found.lines[0]
    session = schedule.get_session(first.hospital_id, first.session_id)
    in_force = policies.at(session.hospital_id, reader.now, department_id=session.department_id)
    visit = ways.Visit.FIRST if found.is_first_visit else ways.Visit.AGAIN
    facts = presenters.facts_of([found], reader)
    asked = request.POST if request.method == "POST" else None
    chosen, far_off = (asked.getlist("sessions"), asked.getlist("elsewhere")) if asked else (None, [])
    waits_for = [str(line.session_id) for line in found.lines if line.is_live]
    department = hospitals.get_department(session.hospital_id, session.department_id)
    others = presenters.others(_half_days(department, visit, in_force, reader), waits_for, chosen or [])[:MOST_OTHERS]
    far = _elsewhere(department, visit, waits_for, far_off, reader) if shows_elsewhere or far_off else None
    places = [*(line.hospital_id for line in found.lines if line.is_live), *_hospitals_of(far)]
    return {
        "entry_id": found.entry_id,
        "card": presenters.card(found, facts, reader),
        "can_change": found.state is WaitState.WAITING,
        "waited": presenters.waited(found, facts, chosen, reader),
        "others": others,
        "has_more_chosen": any(one.is_chosen for one in others),
        "elsewhere": far,
        "handed": _handed(_("保存"), found, account_id, [session.hospital_id, *places], reader),
        "most": _most_sessions(reader.now),
        "mode": asked.get("mode") if asked else found.mode.value,
        "minutes": in_force.int("waitlist.offer_minutes"),
        "key": (asked.get("key") if asked and (refusal or shows_elsewhere) else "") or new_id(),
        "form": form,
        "refusal": pages.said(refusal, reader),
        "here": request.path,
    }


def _most_sessions(now: datetime) -> int:
    return policies.at(None, now).int("waitlist.sessions_per_entry")


@require_http_methods(["GET", "POST"])
def withdraw(request: Request, entry_id: UUID) -> HttpResponse:
    """Asks once, says what follows, and leaves."""
    pages.account_of(request)
    reader = pages.reader_of(request)
    refusal: Refusal | None = None
    if request.method == "POST":
        form = forms.Leave(request.POST)
        if form.is_valid():
            try:
                joining.withdraw_entry(form.to_command(entry_id), actor=request.actor, now=reader.now)
            except Unidentified:
                raise
            except Refusal as caught:
                refusal = caught
            else:
                return pages.go(request, "patient:waitlist", notice=_("已退出候补"))
    found = queries.get_entry(entry_id, request.actor)
    context = {
        "entry_id": entry_id,
        "card": presenters.card(found, presenters.facts_of([found], reader), reader),
        "key": request.POST.get("key") or new_id(),
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "patient/waitlist/withdraw.html", context, refusal.status if refusal else 200)
