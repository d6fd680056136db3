"""Bookings as they stand: one's own, those of a session, a patient or a code, for those who may see them."""

from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count

from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.db.keys import keyring
from yitong.core.policy.values import Policies
from yitong.domains.booking import models, permissions, rules
from yitong.domains.booking.contracts import PATIENT_NAME, Booking, Reach, State, Usual
from yitong.domains.booking.errors import BookingMissing
from yitong.domains.booking.states import STOPPABLE
from yitong.domains.people import queries as people

PAGE = 50
MOST_OF_SESSION = 500
BOOKING = [field.name for field in fields(Booking) if field.name != "cancel_until"]  # which follows from the rules
COLUMNS = {"booking_id": "id", "date": "visit_date"}
# By hand, as each page of an account asks it: building it took longer than its answer.
SELECTED = ", ".join(COLUMNS.get(name, name) for name in BOOKING)
BOOKINGS = f"SELECT {SELECTED} FROM booking_booking WHERE hospital_id = %s"
OF_PATIENTS = (
    "SELECT hospital_id, id FROM booking_patient_booking WHERE patient_id = ANY(%s) AND visit_date < %s"
    " ORDER BY visit_date DESC, starts_at DESC, id LIMIT %s"
)


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


def find_live_of_day(actor: Actor, patient_id: UUID, hospital_id: UUID, department_id: UUID, day: date) -> UUID | None:
    """The booking that this patient of the account has in a department on that day: one at most (R-005)."""
    if actor.account_id is None:
        return None
    records = people.records_of(people.ids_of(actor.account_id) & {patient_id})
    found = models.PatientBooking.objects.filter(
        patient_id__in=records, hospital_id=hospital_id, department_id=department_id, visit_date=day, live=True
    )
    return found.order_by("starts_at").values_list("id", flat=True).first()


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
