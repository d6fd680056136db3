"""What becomes of a booking by the clock, or by a stop of its session.

Each function is one command, or finds what is due for one; jobs and handlers make the calls.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.db.command import command
from yitong.core.db.scale import cross_hospital
from yitong.domains.booking import models, rules
from yitong.domains.booking.commands import announce
from yitong.domains.booking.commands.change import end, has_run_out, locked_booking, tell
from yitong.domains.booking.commands.claim import live_bookings, project
from yitong.domains.booking.contracts import BookingMissed, BookingStopped, HoldExpired, State
from yitong.domains.booking.states import STOPPABLE, Move, next_state
from yitong.domains.people.commands import limits
from yitong.domains.schedule.contracts import SessionState
from yitong.domains.schedule.queries import timetable as schedule

CODE_LIFE = timedelta(days=30)
PAGE = 200


def due_holds(now: datetime) -> list[tuple[UUID, UUID]]:
    """(hospital, booking) of holds that have run out, the oldest first, a page."""
    with cross_hospital("sweep of run-out holds"):
        rows = models.Booking.objects.filter(state=State.HELD, hold_until__lte=now).order_by("hold_until")
        return list(rows.values_list("hospital_id", "id")[:PAGE])


@command()
def expire_hold(hospital_id: UUID, booking_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """An unpaid hold runs out and its slot returns exactly once (R-018). Returns whether this call did it.

    Locks: the patient's limits. Emits: HoldExpired.
    """
    booking = locked_booking(hospital_id, booking_id)
    if not has_run_out(booking, now):
        return False
    before = booking.state
    in_force = policies.at(hospital_id, now, department_id=booking.department_id)
    end(
        booking,
        next_state(State(before), Move.EXPIRE),
        reason="unpaid",
        policies_in_force=in_force,
        actor=actor,
        now=now,
    )
    tell(HoldExpired, booking, before, actor, now)
    return True


@command()
def stop_bookings(hospital_id: UUID, session_id: UUID, *, reason: str, actor: Actor, now: datetime) -> int:
    """Every live booking of a stopped session becomes `stopped`: it counts against nobody (R-016). Returns how many.

    Locks: the limits of all patients concerned, in id order. Emits: BookingStopped for each.
    """
    rows = models.Booking.objects.filter(hospital_id=hospital_id, session_id=session_id, state__in=STOPPABLE)
    ids = rows.order_by("patient_id").values_list("id", flat=True)
    stopped = 0
    for booking_id in list(ids):
        booking = locked_booking(hospital_id, booking_id)
        if booking.session_id != session_id or booking.state not in STOPPABLE:
            continue  # moved away or ended while we waited for its lock
        before = booking.state
        in_force = policies.at(hospital_id, now, department_id=booking.department_id)
        end(
            booking,
            next_state(State(before), Move.STOP),
            reason=reason,
            policies_in_force=in_force,
            actor=actor,
            now=now,
        )
        tell(BookingStopped, booking, before, actor, now, reason=reason)
        stopped += 1
    return stopped


@command()
def recount_days(patient_ids: Iterable[UUID], *, now: datetime) -> None:
    """After an unmerge: each of the two counts the days of his own live bookings (R-005). What was moved, made or ended
    while they were one, only the bookings tell.

    Locks: the limits of all patients concerned, in id order.
    """
    for patient_id in sorted(patient_ids):
        counted_id = limits.lock_limits(patient_id).patient_id
        limits.recount_days(counted_id, [one.visit_date for one in live_bookings(counted_id)])


def due_no_shows(now: datetime) -> list[tuple[UUID, UUID]]:
    """(hospital, booking) of confirmed bookings whose window is over; whether its grace is too, the command decides."""
    with cross_hospital("sweep of no-shows"):
        rows = models.Booking.objects.filter(state=State.CONFIRMED, ends_at__lte=now).order_by("ends_at")
        return list(rows.values_list("hospital_id", "id")[: 10 * PAGE])


@command()
def mark_missed(hospital_id: UUID, booking_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """A booking neither picked up nor cancelled is a no-show (R-008) and counts on the ladder (R-009).

    Locks: the patient's limits. Emits: BookingMissed.
    """
    booking = locked_booking(hospital_id, booking_id)
    in_force = policies.at(hospital_id, now, department_id=booking.department_id)
    if booking.state != State.CONFIRMED or rules.missed_at(booking.ends_at, in_force) > now:
        return False
    if schedule.get_session(hospital_id, booking.session_id).state is SessionState.STOPPED:
        return False  # the stop's handler is on its way: what the hospital caused never counts
    before = booking.state
    booking.state = next_state(State(before), Move.MISS).value
    booking.save(update_fields=["state"])
    project(booking)
    until = limits.note_no_show(booking.patient_id, booking.visit_date, in_force.ladder(), now)
    if until is not None:
        counted = limits.lock_limits(booking.patient_id).no_shows_counted
        announce.tell_lock(booking, until, counted, now=now)
    tell(BookingMissed, booking, before, actor, now)
    return True


@command()
def close_codes(hospital_id: UUID, *, now: datetime) -> int:
    """Codes of bookings older than their day + 30 become free again (R-019). Returns how many."""
    old = clock.shanghai_date(now - CODE_LIFE)
    return models.Booking.objects.filter(hospital_id=hospital_id, code_open=True, visit_date__lt=old).update(
        code_open=False
    )
