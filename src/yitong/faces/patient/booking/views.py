"""A booking: made, seen, cancelled, moved. Each view asks one command and says what it answered, in place."""

from datetime import timedelta
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from yitong.core.db import policies
from yitong.core.errors import Busy, Refusal, Unidentified
from yitong.core.ids import new_id
from yitong.core.policy.values import Policies
from yitong.domains.booking.commands import change, claim
from yitong.domains.booking.contracts import Booking, State
from yitong.domains.booking.errors import AbuseLocked, CheckRequired, DuplicateDepartment, NotYourTurn, VerifyRequired
from yitong.domains.booking.queries import bookings as reads
from yitong.domains.booking.queries.consents import find_consent
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import queries as people
from yitong.domains.people.contracts.patients import Carrier
from yitong.domains.people.ports import hospital_register
from yitong.domains.people.queries.carriers import find_number_of
from yitong.domains.schedule.contracts import Session, Slot
from yitong.domains.schedule.queries import timetable as schedule
from yitong.domains.waitlist import queries
from yitong.faces.common import pages, throttle
from yitong.faces.common.request import Request
from yitong.faces.common.words import Reader
from yitong.faces.patient import handing
from yitong.faces.patient.booking import forms, instead, presenters, window
from yitong.faces.patient.check.gate import check_first
from yitong.faces.patient.hospitals import choosing, live, offering, ways
from yitong.faces.patient.hospitals import presenters as choices
from yitong.faces.patient.waitlist import presenters as waitlist

IS_NEW = timedelta(minutes=5)


@require_http_methods(["GET", "POST"])
@check_first
def book(request: Request, hospital_id: UUID, slot_id: UUID) -> HttpResponse:
    """For whom, what it costs, until when it can be undone; then it is booked."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    slot = schedule.get_slot(hospital_id, slot_id)
    session = schedule.get_session(hospital_id, slot.session_id)
    in_force = policies.at(hospital_id, reader.now, department_id=session.department_id)
    visit = choosing.asked_visit(request)
    if request.method == "GET":
        said = window.refusal_of(request.GET)
        return book_page(request, slot, session, in_force, account_id, reader, form=None, refusal=said)
    form = forms.Book(request.POST)
    if not form.is_valid():
        return book_page(request, slot, session, in_force, account_id, reader, form=form, status=422)
    is_first = visit is ways.Visit.FIRST
    by_name = is_by_name(session, in_force, is_first_visit=is_first)
    cmd = form.to_command(hospital_id, slot_id, is_first_visit=is_first, by_name=by_name)
    try:
        throttle.act(request, "hold", f"account:{account_id}", now=reader.now)
        held = claim.hold_slot(cmd, actor=request.actor, now=reader.now)
    except (Unidentified, CheckRequired):
        raise
    except Refusal as refusal:
        return book_page(request, slot, session, in_force, account_id, reader, form=form, refusal=refusal)
    return pages.go(request, "patient:booking", hospital_id, held.booking_id, notice=_made_words(held.state))


def book_page(
    request: Request,
    slot: Slot,
    session: Session,
    in_force: Policies,
    account_id: UUID,
    reader: Reader,
    *,
    form: forms.Book | None,
    myself: forms.Myself | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    """What is about to be booked, and for whom; where the account has nobody yet, it asks who one is at once."""
    hospital_id = session.hospital_id
    visit = choosing.asked_visit(request)
    way = ways.NewBooking(visit)
    doctors = choosing.practitioners(hospital_id, [session])
    doctor = offering.session_doctor(session, doctors, visit, in_force, reader)
    if form is not None:
        chosen = form.cleaned_data.get("patient") if form.is_valid() else None
    else:
        before = window.patient_of(request.GET)
        chosen = before or reads.find_last_patient(request.actor, hospital_id, session.department_id)
    needs_verified = in_force.flag("booking.verified_only")
    persons = presenters.people(people.patients_of(account_id), chosen, needs_verified, reader)
    able = [UUID(person.id) for person in persons if not person.is_disabled]
    says = handing.must_say(hospital_id, able) if able or not persons else False
    hospital = hospitals.get_hospital(hospital_id)
    is_first = visit is ways.Visit.FIRST
    by_name = is_by_name(session, in_force, is_first_visit=is_first)
    at_window = window.form_for(request, slot, reader, is_first_visit=is_first, by_name=by_name) if persons else None
    key = handing.key_for(account_id, hospital_id, says=says)
    has_already = instead.has_already(request.actor, chosen, session) if isinstance(refusal, instead.OWN) else ""
    is_gone = isinstance(refusal, instead.GONE)
    context = {
        "window": at_window,
        "facts": presenters.slot_facts(
            slot,
            session,
            hospital,
            hospitals.get_department(hospital_id, session.department_id),
            hospitals.get_campus(hospital_id, session.campus_id),
            doctor,
            in_force.word("booking.payment"),
            reader,
        ),
        "people": persons,
        "can_book": any(not person.is_disabled for person in persons),
        "has_unverified": any(person.is_disabled for person in persons),
        "visit": visit.value,
        "is_first": is_first,
        "is_for_again": schedule.must_hide_name(session, in_force, is_first_visit=True),
        "cancel_rule": choosing.rule_line(hospital_id, session.department_id, "R-007", reader),
        "pay_first": presenters.pay_first_words(in_force.word("booking.payment"), in_force.int("booking.hold_minutes")),
        "is_locked": isinstance(refusal, AbuseLocked),
        "is_unverified": isinstance(refusal, VerifyRequired),
        "line_href": reverse("patient:line", args=[hospital_id, session.department_id])
        if isinstance(refusal, NotYourTurn)
        else "",
        "handed": handing.words(reader.name(hospital), _("确认预约") if persons else _("核验并预约")) if says else "",
        "key": form.data.get("key") if form is not None else window.key_of(request.GET, refusal) or key,
        "has_already": has_already,
        "is_duplicate": isinstance(refusal, DuplicateDepartment),
        "is_gone": is_gone,
        "instead": instead.instead(session, visit, way, reader) if is_gone and not has_already else None,
        "is_busy": isinstance(refusal, Busy),
        "form": form,
        "myself": myself or forms.Myself(initial={"key": key}),
        "is_about_myself": myself is not None and refusal is not None,
        "book_href": way.slot(hospital_id, slot.slot_id),
        "begin_href": f"{reverse('patient:book_first', args=[hospital_id, slot.slot_id])}?visit={visit.value}",
        "refusal": pages.said(refusal, reader),
        "back": way.session(session),
        "steps": choices.steps(2),
    }
    if refusal and request.method == "POST":
        status = refusal.status
    return pages.page(request, "patient/booking/book.html", context, status)


def is_by_name(session: Session, in_force: Policies, *, is_first_visit: bool) -> bool:
    """Whether the reader saw whom he chose (R-004)."""
    hidden = schedule.must_hide_name(session, in_force, is_first_visit=is_first_visit)
    return session.practitioner_id is not None and not hidden


@require_GET
def bookings(request: Request) -> HttpResponse:
    """All hospitals on one page: what is to come, then what was."""
    pages.account_of(request)
    reader = pages.reader_of(request)
    found = reads.list_my_bookings(request.actor, now=reader.now)
    coming, past = presenters.in_order(found, reader)
    names = {h.hospital_id: h for h in hospitals.list_hospitals(with_closed=True)} if found else {}
    departments = {
        department_id: department
        for hospital_id in {b.hospital_id for b in found}
        for department_id, department in hospitals.departments_by_id(
            hospital_id, {b.department_id for b in found if b.hospital_id == hospital_id}
        ).items()
    }
    rooms: dict[UUID, str] = {}
    for hospital_id in {b.hospital_id for b in coming}:
        rooms |= choosing.rooms(hospital_id, {b.session_id for b in coming if b.hospital_id == hospital_id}, reader)
    context = {
        "coming": presenters.lines(coming, names, departments, rooms, reader),
        "past": presenters.lines(past, names, departments, {}, reader),
        "waiting": _waiting(request, reader),
    }
    lines = pages.part("patient/booking/_bookings.html", context)
    return pages.shared(request, "patient/booking/bookings.html", (), reader, dict, longest=None, own={"lines": lines})


def _waiting(request: Request, reader: Reader) -> list[waitlist.Card]:
    """What one is in line for, at all hospitals. One query where it is nothing."""
    entries = queries.list_my_entries(request.actor, only_live=True)
    facts = waitlist.facts_of(entries, reader)
    return [waitlist.card(one, facts, reader) for one in entries]


@require_GET
def booking(request: Request, hospital_id: UUID, booking_id: UUID) -> HttpResponse:
    """One booking: its code, where to go, what can still be done."""
    pages.account_of(request)
    reader = pages.reader_of(request)
    found = reads.get_booking(hospital_id, booking_id, request.actor, now=reader.now)
    if "new" in request.GET:  # from the booking window, which writes no notice itself
        notice = _made_words(found.state) if reader.now - found.created_at < IS_NEW else ""
        return pages.go(request, "patient:booking", hospital_id, booking_id, notice=notice)
    is_coming = presenters.is_coming(found, reader)
    number = find_number_of(found.patient_id, hospital_id, request.actor) if is_coming else None
    can_ask = is_coming and number is None and hospital_register.taken().is_open
    asks_by_itself = can_ask and find_consent(hospital_id, booking_id) is not None
    shown, keeps = _page_of(found, reader, number), pages.keeps_offline(request)
    context = {
        "booking": shown,
        "hospital_id": hospital_id,
        "booking_id": booking_id,
        "asks_number_of": found.patient_id if can_ask and not asks_by_itself else None,
        "phone": hospitals.get_hospital(hospital_id).phone,
        "keeps_offline": keeps,
    }
    frame = {"has_code": bool(shown.code), "keeps_offline": keeps}
    own = {"where": escape(shown.where), "content": pages.part("patient/booking/_booking.html", context)}
    return pages.shared(
        request,
        "patient/booking/booking.html",
        tuple(frame.values()),
        reader,
        lambda: frame,
        longest=None,
        own=own,
    )


@require_http_methods(["GET", "POST"])
def cancel(request: Request, hospital_id: UUID, booking_id: UUID) -> HttpResponse:
    """Asks once, says what follows, and cancels."""
    pages.account_of(request)
    reader = pages.reader_of(request)
    refusal: Refusal | None = None
    if request.method == "POST":
        form = forms.Cancel(request.POST)
        if form.is_valid():
            try:
                change.cancel_booking(form.to_command(hospital_id, booking_id), actor=request.actor, now=reader.now)
            except Unidentified:
                raise
            except Refusal as caught:
                refusal = caught
            else:
                return pages.go(request, "patient:booking", hospital_id, booking_id, notice=_("已取消这次预约"))
    found = reads.get_booking(hospital_id, booking_id, request.actor, now=reader.now)
    context = {
        "booking": _page_of(found, reader),
        "hospital_id": hospital_id,
        "booking_id": booking_id,
        "freed_rule": choosing.rule_line(hospital_id, found.department_id, "R-017", reader),
        "key": request.POST.get("key") or new_id(),
        "refusal": pages.said(refusal, reader),
    }
    return pages.page(request, "patient/booking/cancel.html", context, refusal.status if refusal else 200)


@require_GET
def move_day(request: Request, hospital_id: UUID, booking_id: UUID) -> HttpResponse:
    """改约: another day or session of the same department; who comes again may stay with the doctor (R-004)."""
    pages.account_of(request)
    reader = pages.reader_of(request)
    found = reads.get_booking(hospital_id, booking_id, request.actor, now=reader.now)
    in_force = policies.at(hospital_id, reader.now, department_id=found.department_id)
    days = choosing.days(in_force, reader)
    sessions = schedule.list_sessions(hospital_id, found.department_id, days[0], days[-1])
    visit, link = _visit_of(found), ways.Link(request.path, {})
    chosen = choosing.choice(
        choosing.asked_date(request), hospital_id, days, sessions, visit, _way_of(found), link, in_force, reader
    )
    context = chosen | {
        "booking": _page_of(found, reader),
        "live": live.of_department(hospital_id, found.department_id, chosen["day"]),
        "hospital_id": hospital_id,
        "booking_id": booking_id,
    }
    return pages.page(request, "patient/booking/move.html", context)


@require_GET
def move_window(request: Request, hospital_id: UUID, booking_id: UUID, session_id: UUID) -> HttpResponse:
    """改约: the time windows of the chosen session."""
    pages.account_of(request)
    reader = pages.reader_of(request)
    found = reads.get_booking(hospital_id, booking_id, request.actor, now=reader.now)
    session = schedule.get_session(hospital_id, session_id)
    context = choosing.windows(session, _visit_of(found), _way_of(found), reader) | {
        "booking": _page_of(found, reader),
        "hospital_id": hospital_id,
        "booking_id": booking_id,
        "back": f"{reverse('patient:move', args=[hospital_id, booking_id])}?date={session.date.isoformat()}",
    }
    return pages.page(request, "patient/booking/move_window.html", context)


@require_http_methods(["GET", "POST"])
def move_confirm(request: Request, hospital_id: UUID, booking_id: UUID, slot_id: UUID) -> HttpResponse:
    """改约: the old time and the new one side by side; then it is moved."""
    account_id = pages.account_of(request)
    reader = pages.reader_of(request)
    refusal: Refusal | None = None
    if request.method == "POST":
        form = forms.Move(request.POST)
        if form.is_valid():
            cmd = form.to_command(hospital_id, booking_id, slot_id)
            try:
                throttle.act(request, "hold", f"account:{account_id}", now=reader.now)
                change.move_booking(cmd, actor=request.actor, now=reader.now)
            except Unidentified:
                raise
            except Refusal as caught:
                refusal = caught
            else:
                return pages.go(request, "patient:booking", hospital_id, booking_id, notice=_("已改到新的时间"))
    found = reads.get_booking(hospital_id, booking_id, request.actor, now=reader.now)
    slot = schedule.get_slot(hospital_id, slot_id)
    session = schedule.get_session(hospital_id, slot.session_id)
    way = _way_of(found)
    context = {
        "booking": _page_of(found, reader),
        "facts": presenters.move_facts(found, slot, session, _doctors_of_move(found, session, reader), reader),
        "hospital_id": hospital_id,
        "booking_id": booking_id,
        "key": request.POST.get("key") or new_id(),
        "refusal": pages.said(refusal, reader),
        "instead": instead.instead(session, _visit_of(found), way, reader)
        if isinstance(refusal, instead.GONE)
        else None,
        "back": way.session(session),
    }
    return pages.page(request, "patient/booking/move_confirm.html", context, refusal.status if refusal else 200)


def _made_words(state: State) -> str:
    """What is said once of a booking that was just made."""
    return {State.HELD: _("号已为您保留"), State.CONFIRMED: _("预约成功")}.get(state, "")


def _visit_of(found: Booking) -> ways.Visit:
    return ways.Visit.FIRST if found.is_first_visit else ways.Visit.AGAIN


def _way_of(found: Booking) -> ways.Moving:
    return ways.Moving(found.booking_id, None if found.is_first_visit else found.practitioner_id)


def _doctors_of_move(found: Booking, session: Session, reader: Reader) -> tuple[str, str]:
    """Who would have seen the patient and who will, as far as the patient may choose (R-004)."""
    hospital_id = found.hospital_id
    ids = {i for i in (found.practitioner_id, session.practitioner_id) if i is not None}
    doctors = hospitals.practitioners_by_id(hospital_id, ids) if ids else {}
    in_force = policies.at(hospital_id, reader.now, department_id=session.department_id)
    after = offering.session_doctor(session, doctors, _visit_of(found), in_force, reader)
    return presenters.doctor_name(found, doctors, reader), f"{after.name} {after.title}".strip()


def _page_of(found: Booking, reader: Reader, number: Carrier | None = None) -> presenters.BookingPage:
    doctors = hospitals.practitioners_by_id(found.hospital_id, [found.practitioner_id]) if found.practitioner_id else {}
    return presenters.booking_page(
        found,
        schedule.get_session(found.hospital_id, found.session_id),
        hospitals.get_hospital(found.hospital_id),
        hospitals.get_department(found.hospital_id, found.department_id),
        hospitals.get_campus(found.hospital_id, found.campus_id),
        doctors.get(found.practitioner_id) if found.practitioner_id else None,
        number,
        reader,
    )
