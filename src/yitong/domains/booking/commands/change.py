"""Confirm, cancel, move, check in: what becomes of a booking by somebody's will."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import events, idempotency, policies
from yitong.core.db.command import command
from yitong.core.db.fields import blind_index
from yitong.core.policy.values import Policies
from yitong.domains.booking import errors, models, permissions, rules
from yitong.domains.booking.commands import lines
from yitong.domains.booking.commands.claim import CONSTRAINTS, live_bookings, project, shard_of
from yitong.domains.booking.commands.freeing import free_slot
from yitong.domains.booking.contracts import (
    BookingCancelled,
    BookingCheckedIn,
    BookingConfirmed,
    BookingEvent,
    BookingMoved,
    CancelBooking,
    Changed,
    CheckIn,
    ConfirmBooking,
    HoldSlot,
    MoveBooking,
    State,
)
from yitong.domains.booking.states import Move, next_state
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import queries as people
from yitong.domains.people.commands import abuse, limits, proving
from yitong.domains.schedule.commands import slots as schedule
from yitong.domains.schedule.queries import timetable as offered


@command(refusals=CONSTRAINTS)
def confirm_booking(cmd: ConfirmBooking, *, actor: Actor, now: datetime) -> Changed:
    """A held booking is paid: it is confirmed (R-018). Payment calls this as the system; a window or the channel that
    made the booking says that it took the money. Nobody says so of himself.

    Locks: the patient's limits. Emits: BookingConfirmed. Refuses: BookingMissing, Forbidden, HoldRanOut, StateForbids,
    KeyReused.
    """
    booking = _begin(cmd.hospital_id, cmd.booking_id, actor)
    permissions.check_can_confirm(actor)
    once = idempotency.begin(actor, "booking.confirm_booking", cmd)
    if once.answer is not None:
        return _again(once.answer)
    if booking.state == State.EXPIRED or has_run_out(booking, now):
        raise errors.HoldRanOut()
    before = booking.state
    booking.state = next_state(State(booking.state), Move.CONFIRM).value
    booking.save(update_fields=["state"])
    project(booking)
    tell(BookingConfirmed, booking, before, actor, now)
    return once.finish(_changed(booking))


@command(refusals=CONSTRAINTS)
def cancel_booking(cmd: CancelBooking, *, actor: Actor, now: datetime) -> Changed:
    """退号: until the deadline (R-007), at the window any time before the visit. The slot returns by R-017.

    Locks: the patient's limits. Emits: BookingCancelled. Refuses: BookingMissing, CancelTooLate, StateForbids,
    KeyReused.
    """
    booking = _begin(cmd.hospital_id, cmd.booking_id, actor)
    once = idempotency.begin(actor, "booking.cancel_booking", cmd)
    if once.answer is not None:
        return _again(once.answer)
    in_force = policies.at(cmd.hospital_id, now, department_id=booking.department_id)
    before = booking.state
    after = next_state(State(before), Move.CANCEL)
    if booking.state == State.CONFIRMED:
        rules.check_can_cancel(booking.visit_date, in_force, channel=actor.channel, now=now)
    end(booking, after, reason=cmd.reason, policies_in_force=in_force, actor=actor, now=now)
    _note_freed(booking, actor, now)
    tell(BookingCancelled, booking, before, actor, now, reason=cmd.reason)
    return once.finish(_changed(booking))


@command(refusals=CONSTRAINTS)
def move_booking(cmd: MoveBooking, *, actor: Actor, now: datetime) -> Changed:
    """改约 (R-047): one act with the deadline of a cancel and the rules of a claim; the id stays.

    The old slot is freed as a cancelled one (R-017).

    Locks: the patient's limits, both sessions (share). Emits: BookingMoved, SlotKept.
    Refuses: as hold_slot and cancel_booking, PatientImmutable (R-017).
    """
    permissions.check_may_ask(actor, cmd.hospital_id)
    booking = _begin(cmd.hospital_id, cmd.booking_id, actor)
    once = idempotency.begin(actor, "booking.move_booking", cmd)
    if once.answer is not None:
        return _again(once.answer)
    if cmd.patient_id is not None and cmd.patient_id != booking.patient_id:
        raise errors.PatientImmutable()
    before = booking.state
    after = next_state(State(before), Move.RESCHEDULE)
    old = policies.at(cmd.hospital_id, now, department_id=booking.department_id)
    rules.check_can_cancel(booking.visit_date, old, channel=actor.channel, now=now)
    if cmd.slot_id == booking.slot_id:
        raise errors.SlotTaken()  # by this very booking; moved onto itself it would be freed, and count as a cancel
    held_limits = limits.lock_limits(booking.patient_id)
    patient_id = held_limits.patient_id  # the survivor, where the record was merged since
    to_session = offered.get_slot(cmd.hospital_id, cmd.slot_id).session_id
    schedule.share_sessions(cmd.hospital_id, [booking.session_id, to_session])  # in id order, as a stop of both locks
    bookable = schedule.share_slot(cmd.hospital_id, cmd.slot_id)
    in_force = policies.at(cmd.hospital_id, now, department_id=bookable.session.department_id)
    claim = rules.Claim(
        cmd=HoldSlot(cmd.key, cmd.hospital_id, cmd.slot_id, patient_id, booking.is_first_visit),
        bookable=bookable,
        facts=people.booking_facts(patient_id, actor, now=now),
        limits=held_limits,
        others=live_bookings(patient_id, without=booking.id),
        department=hospitals.get_department(cmd.hospital_id, bookable.session.department_id),
        policies=in_force,
        channel=actor.channel,
        is_open=offered.is_open(bookable.session, now, in_force, pool=bookable.slot.pool),
        hides_name=False,
        entitled_pool=None,
        has_turn=lines.has_turn(bookable, patient_id, in_force, channel=actor.channel, now=now),
    )
    rules.check_can_hold(claim, now=now)
    from_session, from_slot, from_day = booking.session_id, booking.slot_id, booking.visit_date
    free_slot(cmd.hospital_id, from_session, from_slot, old, actor=actor, now=now)  # before it is free, as in `end`
    _take_over(booking, claim)
    booking.state = after.value
    booking.save()
    project(booking)
    limits.give_back_day(booking.patient_id, from_day)
    limits.take_day(booking.patient_id, booking.visit_date)
    _note_freed(booking, actor, now)
    tell(BookingMoved, booking, before, actor, now, from_session_id=from_session, from_slot_id=from_slot)
    return once.finish(_changed(booking))


@command(refusals=CONSTRAINTS)
def check_in_booking(cmd: CheckIn, *, actor: Actor, now: datetime) -> Changed:
    """取号/报到 on the day, with the document that the booking was made with (R-001, R-008).

    Locks: the patient's limits. Emits: BookingCheckedIn. Refuses: BookingMissing, RealNameMismatch, CheckInTooEarly,
    StateForbids.
    """
    permissions.check_can_check_in(actor, cmd.hospital_id)
    booking = locked_booking(cmd.hospital_id, cmd.booking_id)
    # A plain hash of a number could be guessed back, so what is compared is keyed.
    shown_index = blind_index("idempotency", cmd.identity_number).hex()
    once = idempotency.begin(actor, "booking.check_in_booking", replace(cmd, identity_number=shown_index))
    if once.answer is not None:
        return _again(once.answer)
    patient = people.get_patient(booking.patient_id, actor, purpose="check_in", hospital_id=cmd.hospital_id)
    if not people.is_same_document(patient, cmd.identity_number):
        raise errors.RealNameMismatch()
    if clock.shanghai_date(now) != booking.visit_date:
        raise errors.CheckInTooEarly(date=booking.visit_date.isoformat())
    before = booking.state
    booking.state = next_state(State(booking.state), Move.CHECK_IN).value
    booking.save(update_fields=["state"])
    project(booking)
    proving.mark_seen(booking.patient_id, actor, now=now)
    tell(BookingCheckedIn, booking, before, actor, now)
    return once.finish(_changed(booking))


def _note_freed(booking: models.Booking, actor: Actor, now: datetime) -> None:
    """Lays a slot that was freed to the account that booked it (R-010): a move frees one as a cancel does, or one
    booking could keep a whole session on its way back (R-017).

    What staff does at the window is the hospital's act, a person's decision with the patient before him, and as often
    the hospital's own correction: no account is locked for it. Joins. Locks: Account.
    """
    if booking.account_id is not None and actor.kind != "staff":
        abuse.note_cancel(booking.account_id, at=now)


def end(
    booking: models.Booking, after: State, *, reason: str, policies_in_force: Policies, actor: Actor, now: datetime
) -> None:
    """Ends a live booking: the day goes back to the patient, the slot to those who wait, or after its delay to all.
    Joins its command."""
    if after is not State.STOPPED:
        free_slot(booking.hospital_id, booking.session_id, booking.slot_id, policies_in_force, actor=actor, now=now)
    booking.state = after.value
    booking.live = False
    booking.ended_at = now
    booking.end_reason = reason
    booking.save(update_fields=["state", "live", "ended_at", "end_reason"])
    project(booking)
    limits.give_back_day(booking.patient_id, booking.visit_date)
    if booking.entitlement_id is not None:
        _give_back_entitlement(booking.hospital_id, booking.entitlement_id)


def _give_back_entitlement(hospital_id: UUID, entitlement_id: UUID) -> None:
    """It serves again, unless an equal one was granted meanwhile: of each, one is open. Under the patient's lock."""
    row = models.Entitlement.objects.get(hospital_id=hospital_id, id=entitlement_id)
    equal = models.Entitlement.objects.filter(
        hospital_id=hospital_id,
        patient_id=row.patient_id,
        department_id=row.department_id,
        pool=row.pool,
        until_date=row.until_date,
        used_by_id=None,
    )
    if not equal.exists():
        models.Entitlement.objects.filter(hospital_id=hospital_id, id=entitlement_id).update(used_by_id=None)


def has_run_out(booking: models.Booking, now: datetime) -> bool:
    return booking.state == State.HELD and booking.hold_until is not None and booking.hold_until <= now


def locked_booking(hospital_id: UUID, booking_id: UUID) -> models.Booking:
    """The booking under its patient's lock: whoever changes a booking holds that first."""
    found = models.Booking.objects.filter(hospital_id=hospital_id, id=booking_id).values_list("patient_id").first()
    if found is None:
        raise errors.BookingMissing()
    limits.lock_limits(found[0])
    return models.Booking.objects.select_for_update(of=("self",)).get(hospital_id=hospital_id, id=booking_id)


def _begin(hospital_id: UUID, booking_id: UUID, actor: Actor) -> models.Booking:
    booking = locked_booking(hospital_id, booking_id)
    linked = actor.account_id is not None and people.is_linked(actor.account_id, booking.patient_id)
    permissions.check_can_change(actor, hospital_id, is_linked=linked, channel=booking.channel)
    return booking


def _take_over(booking: models.Booking, claim: rules.Claim) -> None:
    slot, session = claim.bookable.slot, claim.bookable.session
    booking.slot_id, booking.session_id = slot.slot_id, session.session_id
    booking.campus_id, booking.department_id = session.campus_id, session.department_id
    booking.practitioner_id, booking.clinic_kind = session.practitioner_id, session.clinic_kind
    booking.visit_date, booking.starts_at, booking.ends_at = session.date, slot.starts_at, slot.ends_at
    booking.number, booking.pool, booking.fee_fen = slot.number, slot.pool.value, session.fee_fen


def tell(
    kind: type[BookingEvent],
    booking: models.Booking,
    before: str | None,
    actor: Actor,
    now: datetime,
    **more: str | UUID,
) -> None:
    """Appends the event of a change, in the shard of the booking's session."""
    event = kind(
        hospital_id=booking.hospital_id,
        subject_id=booking.id,
        from_state=before,
        to_state=booking.state,
        patient_id=booking.patient_id,
        session_id=booking.session_id,
        slot_id=booking.slot_id,
        account_id=booking.account_id,
        **more,
    )
    events.append(event, actor, at=now, shard=shard_of(booking.session_id))


def _changed(booking: models.Booking) -> Changed:
    return Changed(booking.hospital_id, booking.id, State(booking.state), booking.code)


def _again(answer: dict[str, str]) -> Changed:
    return Changed(UUID(answer["hospital_id"]), UUID(answer["booking_id"]), State(answer["state"]), answer["code"])
