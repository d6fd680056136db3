"""Booking: reads. What is open is what the schedule offers less live bookings."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, F
from django.db.models.expressions import Combinable
from django.db.models.functions import TruncDate

from yitong.core.actor import Actor
from yitong.core.clock import SHANGHAI, shanghai_date
from yitong.core.db import policies
from yitong.core.db.keys import keyring
from yitong.core.db.scale import cross_hospital
from yitong.core.policy.values import Policies
from yitong.core.tokens import Tokens, derived
from yitong.domains.booking import models, permissions, rules
from yitong.domains.booking.contracts import (
    PASS_USE,
    PATIENT_NAME,
    Booking,
    ChannelCount,
    DayCount,
    IssuedPass,
    Kept,
    LeadCount,
    LinePlace,
    LineTimes,
    Pass,
    PassPatient,
    Reach,
    SellOut,
    SessionOffer,
    SlotOffer,
    Standing,
    State,
    StateCount,
    Usual,
)
from yitong.domains.booking.errors import BookingMissing, CheckRequired
from yitong.domains.booking.states import STOPPABLE
from yitong.domains.people import queries as people
from yitong.domains.people.contracts import AccountSession
from yitong.domains.people.queries import facts
from yitong.domains.schedule.contracts import Pool, Session, SessionState
from yitong.domains.schedule.queries import timetable as schedule

PAGE = 50
MOST_OF_SESSION = 500
PASS_LIFE = timedelta(minutes=15)
SOLD_OUT_WITHIN = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(days=1),
    timedelta(days=366),
)
# When each slot of a session was first taken, by the pool that it was drawn from; ended bookings count as well.
FIRST_TAKEN = """
    SELECT session_id, count(*) FILTER (WHERE pool = 'online'), max(first_at) FILTER (WHERE pool = 'online'),
        count(*) FILTER (WHERE pool = 'referral'), max(first_at) FILTER (WHERE pool = 'referral')
    FROM (SELECT session_id, slot_id, min(pool) AS pool, min(created_at) AS first_at FROM booking_booking
        WHERE visit_date >= %s AND visit_date < %s AND pool IN ('online', 'referral') AND NOT is_extra
        GROUP BY session_id, slot_id) AS slots
    GROUP BY session_id"""

BOOKING = [field.name for field in fields(Booking) if field.name != "cancel_until"]  # which follows from the rules
COLUMNS = {"booking_id": "id", "date": "visit_date"}
# By hand, as each page of an account asks it: building it took longer than its answer.
SELECTED = ", ".join(COLUMNS.get(name, name) for name in BOOKING)
BOOKINGS = f"SELECT {SELECTED} FROM booking_booking WHERE hospital_id = %s"
OF_PATIENTS = (
    "SELECT hospital_id, id FROM booking_patient_booking WHERE patient_id = ANY(%s) AND visit_date < %s"
    " ORDER BY visit_date DESC, starts_at DESC, id LIMIT %s"
)


def offers(hospital_id: UUID, sessions: Sequence[Session], *, channel: str, now: datetime) -> dict[UUID, SessionOffer]:
    """How much of each session is left for a channel: nothing where it doesn't sell at this instant (R-002, R-016).

    Two queries, and one for the policies, however many sessions.
    """
    pools = rules.pools_open_to(channel, None)
    selling = _selling(hospital_id, sessions, pools, now)
    left: dict[UUID, int] = {}
    if selling:
        left = schedule.count_slots(hospital_id, selling, pools, now, except_ids=_taken(hospital_id, selling))
    return {s.session_id: SessionOffer(s.session_id, s.slots, left.get(s.session_id, 0)) for s in sessions}


def list_sold_out(hospital_id: UUID, sessions: Sequence[Session], *, channel: str, now: datetime) -> list[UUID]:
    """Those of which a channel can have nothing, so that one may wait for what is freed: they are open, or they are not
    released yet and a draw gave all of them (R-017). Three queries, however many sessions."""
    pools = rules.pools_open_to(channel, None)
    in_force = policies.of_hospital(hospital_id, now)
    going = [one for one in sessions if one.state is not SessionState.STOPPED and one.stops_at is None]
    ids = [one.session_id for one in going]
    taken = set(_taken(hospital_id, ids))
    slots = schedule.slots_of_sessions(hospital_id, ids)
    return [
        one.session_id
        for one in going
        if rules.is_given_out(slots[one.session_id], taken, pools, now=now)
        and (now < one.release_at or schedule.is_open(one, now, in_force(one.department_id)))
    ]


def slot_offers(
    hospital_id: UUID, session: Session, *, channel: str, now: datetime, entitlement_id: UUID | None = None
) -> list[SlotOffer]:
    """Every window of a session for one channel, in order, open or not. A handful of queries."""
    return slot_offers_of(hospital_id, [session], channel=channel, now=now, entitlement_id=entitlement_id)


def slot_offers_of(
    hospital_id: UUID, sessions: Sequence[Session], *, channel: str, now: datetime, entitlement_id: UUID | None = None
) -> list[SlotOffer]:
    """As `slot_offers`, of each session in turn; as many queries as for one."""
    by_session = slot_offers_by_session(hospital_id, sessions, channel=channel, now=now, entitlement_id=entitlement_id)
    return [offer for session in sessions for offer in by_session[session.session_id]]


def slot_offers_by_session(
    hospital_id: UUID, sessions: Sequence[Session], *, channel: str, now: datetime, entitlement_id: UUID | None = None
) -> dict[UUID, list[SlotOffer]]:
    """As `slot_offers`, under each session; as many queries as for one."""
    pools = rules.pools_open_to(channel, _entitled_pool(hospital_id, entitlement_id))
    in_force = policies.of_hospital(hospital_id, now)
    ids = [session.session_id for session in sessions]
    taken = set(_taken(hospital_id, ids))
    slots = schedule.slots_of_sessions(hospital_id, ids)
    found = {}
    for session in sessions:
        rules_of = in_force(session.department_id)
        sells = {pool: schedule.is_open(session, now, rules_of, pool=pool) for pool in pools}
        found[session.session_id] = [
            SlotOffer(
                slot.slot_id,
                slot.number,
                slot.starts_at,
                slot.ends_at,
                sells[slot.pool] and slot.slot_id not in taken and rules.is_back(slot, now=now),
                slot.is_special,
            )
            for slot in slots[session.session_id]
            if slot.pool in pools and not slot.is_extra
        ]
    return found


def _selling(hospital_id: UUID, sessions: Sequence[Session], pools: Sequence[Pool], now: datetime) -> list[UUID]:
    in_force = policies.of_hospital(hospital_id, now)
    return [
        s.session_id
        for s in sessions
        if any(schedule.is_open(s, now, in_force(s.department_id), pool=pool) for pool in pools)
    ]


def _taken(hospital_id: UUID, session_ids: Sequence[UUID]) -> list[UUID]:
    with connection.cursor() as cursor:  # by hand: the busiest page asks it
        cursor.execute(
            "SELECT slot_id FROM booking_booking WHERE hospital_id = %s AND session_id = ANY(%s) AND live",
            [hospital_id, list(session_ids)],
        )
        return [slot_id for (slot_id,) in cursor.fetchall()]


def _entitled_pool(hospital_id: UUID, entitlement_id: UUID | None) -> Pool | None:
    if entitlement_id is None:
        return None
    row = models.Entitlement.objects.filter(hospital_id=hospital_id, id=entitlement_id).first()
    return Pool(row.pool) if row else None


def made_at(hospital_id: UUID, booking_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When each of these bookings of a hospital was first made. One query."""
    rows = models.Booking.objects.filter(hospital_id=hospital_id, id__in=booking_ids)
    return dict(rows.values_list("id", "created_at"))


def get_booking(hospital_id: UUID, booking_id: UUID, actor: Actor, *, now: datetime) -> Booking:
    """One booking for those who may see it; else BookingMissing. The read is logged where staff reads."""
    found = _bookings(hospital_id, now, "AND id = %s", booking_id)
    if not found:
        raise BookingMissing()
    is_linked = _is_linked(actor, found[0].patient_id)
    permissions.check_can_see(actor, hospital_id, is_linked=is_linked, channel=found[0].channel)
    _log_reads(actor, found, what="booking", now=now)
    return found[0]


def find_booking_by_code(hospital_id: UUID, code: str, actor: Actor, *, now: datetime) -> Booking | None:
    """R-019: the code with the hospital, for the desk that then asks for the document."""
    permissions.check_can_list(actor, hospital_id)
    found = _bookings(hospital_id, now, "AND code = %s AND code_open", code)  # one at most
    _log_reads(actor, found, what="booking", now=now)
    return found[0] if found else None


def list_my_bookings(
    actor: Actor, *, now: datetime, patient_ids: Collection[UUID] | None = None, before: date | None = None
) -> list[Booking]:
    """The bookings of the account's patients at all hospitals (S-03), latest day of visit first; a page of 50.

    The patient's side gives the keys; the rows are then asked of each hospital that has some.
    """
    if actor.account_id is None:
        return []
    if patient_ids is None:
        records = people.records_of_account(actor.account_id)
    else:
        records = people.records_of(people.ids_of(actor.account_id) & set(patient_ids))
    with connection.cursor() as cursor:
        cursor.execute(OF_PATIENTS, [list(records), before or date.max, PAGE])
        keys = cursor.fetchall()
    by_hospital: dict[UUID, list[UUID]] = {}
    for hospital_id, booking_id in keys:
        by_hospital.setdefault(hospital_id, []).append(booking_id)
    found = {
        booking.booking_id: booking
        for hospital_id, ids in by_hospital.items()
        for booking in _bookings(hospital_id, now, "AND id = ANY(%s)", ids)
    }
    return [found[booking_id] for _, booking_id in keys if booking_id in found]


def list_kept(hospital_id: UUID, session_id: UUID) -> list[Kept]:
    """The kept slots of a session, promised ones too, the longest kept first."""
    rows = models.KeptSlot.objects.filter(hospital_id=hospital_id, session_id=session_id, ended_at=None)
    return [row.as_contract() for row in rows.order_by("kept_at", "id")]


def sessions_with_kept() -> list[tuple[UUID, UUID]]:
    """(hospital, session) wherever a kept slot is promised to nobody, the longest kept first; a page."""
    with cross_hospital("sweep of kept slots"):
        rows = models.KeptSlot.objects.filter(ended_at=None, promised_id=None)
        kept = rows.order_by("kept_at").values_list("hospital_id", "session_id")[:MOST_OF_SESSION]
        return list(dict.fromkeys(kept))


def awaited_sessions(hospital_id: UUID) -> list[UUID]:
    """The sessions of a hospital whose freed slots are kept."""
    rows = models.AwaitedSession.objects.filter(hospital_id=hospital_id, is_awaited=True).order_by("changed_at")
    return list(rows.values_list("id", flat=True))


def usual_of(mine: Sequence[Booking], *, most: int) -> list[Usual]:
    """The doctors and clinics of one's own bookings, those asked for most often first. Pure: it asks nothing more."""
    return rules.usual_of(mine, most=most)


def find_last_patient(actor: Actor, hospital_id: UUID, department_id: UUID) -> UUID | None:
    """For whom of the account's people this department was booked last: the likely one this time."""
    if actor.account_id is None:
        return None
    records = people.records_of_account(actor.account_id)
    found = models.PatientBooking.objects.filter(
        patient_id__in=records, hospital_id=hospital_id, department_id=department_id
    )
    last = found.order_by("-visit_date", "-starts_at").values_list("patient_id", flat=True).first()
    return None if last is None else people.survivor_of(last)


def list_bookings_of_session(hospital_id: UUID, session_id: UUID, actor: Actor, *, now: datetime) -> list[Booking]:
    """The list of one session for the hospital's staff, by window."""
    permissions.check_can_list(actor, hospital_id)
    where = "AND session_id = %s ORDER BY starts_at, number LIMIT %s"
    found = _bookings(hospital_id, now, where, session_id, MOST_OF_SESSION)
    _log_reads(actor, found, what="session_list", now=now)
    return found


def list_bookings_of_patient(hospital_id: UUID, patient_id: UUID, actor: Actor, *, now: datetime) -> list[Booking]:
    """A patient's bookings at one hospital, for its staff; the latest 50."""
    permissions.check_can_list(actor, hospital_id)
    records = list(people.records_of([people.survivor_of(patient_id)]))
    where = "AND patient_id = ANY(%s) ORDER BY visit_date DESC, id LIMIT %s"
    found = _bookings(hospital_id, now, where, records, PAGE)
    _log_reads(actor, found, what="booking", now=now)
    return found


def count_by_session(hospital_id: UUID, session_ids: Sequence[UUID], actor: Actor) -> dict[UUID, dict[State, int]]:
    """How many bookings each session has, by state."""
    permissions.check_can_list(actor, hospital_id)
    counts: dict[UUID, dict[State, int]] = {session_id: {} for session_id in session_ids}
    rows = (
        models.Booking.objects.filter(hospital_id=hospital_id, session_id__in=session_ids)
        .values_list("session_id", "state")
        .annotate(n=Count("id"))
    )
    for session_id, state, n in rows:
        counts[session_id][State(state)] = n
    return counts


def reach_of_sessions(hospital_id: UUID, session_ids: Collection[UUID], actor: Actor) -> Reach:
    """Whom a stop of these sessions would touch, as numbers alone: no patient's record is read for it."""
    permissions.check_can_list(actor, hospital_id)
    rows = models.Booking.objects.filter(hospital_id=hospital_id, session_id__in=session_ids, state__in=STOPPABLE)
    booked = list(rows.values_list("patient_id", flat=True))
    patients = set(booked)
    return Reach(bookings=len(booked), patients=len(patients), told=len(people.with_an_account(patients)))


def count_by_channel(from_date: date, until_date: date, actor: Actor) -> list[ChannelCount]:
    """Live bookings with a day of visit in [from_date, until_date), by hospital, campus and channel (S-01)."""
    permissions.check_can_see_figures(actor)
    with cross_hospital("city figures"):
        rows = list(
            models.Booking.objects.filter(visit_date__gte=from_date, visit_date__lt=until_date, live=True)
            .values_list("hospital_id", "campus_id", "channel")
            .annotate(n=Count("id"))
            .order_by("hospital_id", "campus_id", "channel")
        )
    return [ChannelCount(*row) for row in rows]


def issue_pass(session: AccountSession, *, channel: str, now: datetime, key_id: UUID | None = None) -> IssuedPass:
    """A signed pass to the booking window for an account holder who is signed in: for whom he may book, for a quarter
    of an hour. `key_id`: the key of the channel that asks for it, which the window looks at in each claim (S-14). Two
    queries. Refuses CheckRequired (R-017): an account on the slow path gets one while a check of its is fresh, and for
    no longer."""
    ring = keyring()
    bookable = facts.bookable_patients(session.account_id, now)
    patients, expires_at, day = bookable.names, now + PASS_LIFE, shanghai_date(now)
    if bookable.checked_until is not None:
        if bookable.checked_until <= now:
            raise CheckRequired()
        expires_at = min(expires_at, bookable.checked_until)
    said = Pass(
        account_id=session.account_id,
        session_id=session.session_id,
        channel=channel,
        patients=tuple(
            PassPatient(one, ring.encrypt(name, PATIENT_NAME), rules.age_band(bookable.birth_dates[one], day).value)
            for one, name in patients.items()
        ),
        expires_at=expires_at,
        key_id=key_id,
    )
    return IssuedPass(passes().write(said), said.expires_at, tuple(patients))


@cache
def passes() -> Tokens[Pass]:
    """Writes passes under this place's secret; the booking window reads them."""
    return Tokens(derived(settings.SECRET_KEY.encode(), PASS_USE), Pass)


def count_by_day(from_date: date, until_date: date, actor: Actor) -> list[DayCount]:
    """Live bookings of the city by day of visit; a day without any is absent."""
    return [DayCount(*row) for row in _count_live("visit_date", from_date, until_date, actor)]


def count_by_lead(from_date: date, until_date: date, actor: Actor) -> list[LeadCount]:
    """Live bookings of the city by whole Shanghai days between their making and their visit."""
    lead = F("visit_date") - TruncDate("created_at", tzinfo=SHANGHAI)
    rows = _count_live(lead, from_date, until_date, actor)
    return [LeadCount(ahead.days, n) for ahead, n in rows]


def count_by_state(from_date: date, until_date: date, actor: Actor) -> list[StateCount]:
    """All bookings with a day of visit in [from_date, until_date), by hospital and state: what became of them."""
    permissions.check_can_see_figures(actor)
    with cross_hospital("city figures"):
        rows = list(
            models.Booking.objects.filter(visit_date__gte=from_date, visit_date__lt=until_date)
            .values_list("hospital_id", "state")
            .annotate(n=Count("id"))
            .order_by("hospital_id", "state")
        )
    return [StateCount(hospital_id, State(state), n) for hospital_id, state, n in rows]


def count_sell_outs(from_date: date, until_date: date, actor: Actor, *, now: datetime) -> list[SellOut]:
    """How soon after its release a session of these days had given each of its online slots away at least once.

    A slot that was freed later doesn't undo it; a booking that was moved here counts from when it was first made.
    Referral slots that flowed back (R-012) are online ones by now, so bookings of theirs count with the others. Two
    queries. Refuses TimesInvalid above 92 days.
    """
    permissions.check_can_see_figures(actor)
    released = schedule.list_released(from_date, until_date, now)
    with cross_hospital("city figures"), connection.cursor() as cursor:
        cursor.execute(FIRST_TAKEN, [from_date, until_date])
        taken = {row[0]: row[1:] for row in cursor.fetchall()}
    counts = dict.fromkeys([*SOLD_OUT_WITHIN, None], 0)
    for one in released:
        took = rules.sold_out_after(one, *taken.get(one.session_id, (0, None, 0, None)))
        counts[None if took is None else next(limit for limit in SOLD_OUT_WITHIN if took <= limit)] += 1
    return [SellOut(within, n) for within, n in counts.items()]


def count_ahead(from_at: datetime, actor: Actor) -> int:
    """Live bookings whose visit begins at that instant or later, of the whole city: whom a rule from then on meets."""
    permissions.check_can_count_ahead(actor)
    with cross_hospital("city figures"):
        return models.Booking.objects.filter(
            visit_date__gte=shanghai_date(from_at), starts_at__gte=from_at, live=True
        ).count()


def next_line(hospital_id: UUID, department_id: UUID, now: datetime) -> LineTimes | None:
    """The line before this department's next release, or the one that is open (R-017); None where nobody waits."""
    in_force = policies.at(hospital_id, now, department_id=department_id)
    today = shanghai_date(now)
    last = today + timedelta(days=in_force.int("booking.window.max_days") + 1)
    sessions = schedule.list_sessions(hospital_id, department_id, today, last)
    for release_at in sorted({one.release_at for one in sessions if one.state is not SessionState.STOPPED}):
        times = rules.line_times(release_at, in_force)
        if times is not None and now < times.ends_at:
            return times
    return None


def places_in_line(
    hospital_id: UUID, department_id: UUID, times: LineTimes, actor: Actor, *, now: datetime
) -> dict[UUID, LinePlace]:
    """Where the patients of the asking account stand. Two queries, and one for each who waits: the page of who has no
    scripts; all others are answered by the window from memory."""
    line = models.Line.objects.filter(
        hospital_id=hospital_id, department_id=department_id, release_at=times.release_at
    ).first()
    if line is None or actor.account_id is None:
        return {}
    in_line = models.Place.objects.filter(hospital_id=hospital_id, line_id=line.id)
    found = {}
    for row in in_line.filter(patient_id__in=people.ids_of(actor.account_id)):
        standing = rules.standing_of(row.admitted_until, row.left_at, times, now=now)
        ahead = None
        if standing is Standing.WAITING:
            ahead = in_line.filter(admitted_at=None, left_at=None, rank__lt=row.rank).count()
        found[row.patient_id] = LinePlace(row.patient_id, standing, ahead, row.admitted_until)
    return found


def _count_live(by: str | Combinable, from_date: date, until_date: date, actor: Actor) -> list[tuple[Any, int]]:
    permissions.check_can_see_figures(actor)
    with cross_hospital("city figures"):
        return list(
            models.Booking.objects.filter(visit_date__gte=from_date, visit_date__lt=until_date, live=True)
            .annotate(by=F(by) if isinstance(by, str) else by)
            .values_list("by")
            .annotate(n=Count("id"))
            .order_by("by")
        )


def _is_linked(actor: Actor, patient_id: UUID) -> bool:
    return actor.account_id is not None and people.is_linked(actor.account_id, patient_id)


def _log_reads(actor: Actor, rows: Sequence[Booking], *, what: str, now: datetime) -> None:
    if actor.kind in ("staff", "channel"):
        people.record_reads(
            [(row.patient_id, row.hospital_id) for row in rows], actor, what=what, purpose="booking", now=now
        )


def _bookings(hospital_id: UUID, now: datetime, where: str, *bounds: Any) -> list[Booking]:
    """Bookings of one hospital, without a model object for each; one query. `where` is a constant of the caller."""
    in_force = policies.at(hospital_id, now)
    with connection.cursor() as cursor:
        cursor.execute(f"{BOOKINGS} {where}", [hospital_id, *bounds])
        return [_booking(row, in_force) for row in cursor.fetchall()]


def _booking(row: Sequence[Any], in_force: Policies) -> Booking:
    values = dict(zip(BOOKING, row, strict=True))
    values["state"] = State(values["state"])
    values["patient_name"] = keyring().decrypt(bytes(values["patient_name"]), PATIENT_NAME)
    return Booking(**values, cancel_until=rules.cancel_deadline(values["date"], in_force))
