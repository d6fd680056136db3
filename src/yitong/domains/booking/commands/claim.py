"""The claim of a slot: one function that is right under any race.

The booking window (`yitong.counter`) may take this claim over: it then makes the same decisions by
`rules.check_can_hold` and writes the same rows, many claims in one statement.
"""

import secrets
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import events, policies
from yitong.core.db.command import command
from yitong.core.digests import digest_of
from yitong.core.errors import KeyMissing, KeyReused
from yitong.core.ids import new_id
from yitong.domains.booking import errors, models, permissions, rules
from yitong.domains.booking.commands import lines
from yitong.domains.booking.contracts import BookingConfirmed, Held, HoldSlot, Near, SlotHeld, State
from yitong.domains.booking.states import Move, next_state
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import queries as people
from yitong.domains.people.commands import abuse, limits
from yitong.domains.schedule.commands import slots as schedule
from yitong.domains.schedule.contracts import Pool
from yitong.domains.schedule.queries import timetable as offered

CONSTRAINTS = errors.BY_CONSTRAINT


def hold_slot(cmd: HoldSlot, *, actor: Actor, now: datetime) -> Held:
    """Take one slot for one patient: the named one, or as `near` allows the nearest that is free. When that one is gone
    too, the next nearest is looked for, each slot once. No command itself: it makes one of each slot that it tries.

    Refuses: as `claim_slot`.
    """
    permissions.check_may_ask(actor, cmd.hospital_id)
    gone: set[UUID] = set()
    while True:
        slot_id = _slot_for(cmd, gone, now)
        try:
            return claim_slot(cmd, slot_id, actor=actor, now=now)
        except errors.SlotTaken:
            if cmd.near is Near.SLOT or slot_id in gone:
                raise
            gone.add(slot_id)  # of a session's slots there is an end


@command(refusals=CONSTRAINTS)
def claim_slot(cmd: HoldSlot, slot_id: UUID, *, actor: Actor, now: datetime) -> Held:
    """Take this slot, which the wish names or allows: held until it is paid (R-018), or confirmed at once where payment
    is at the visit.

    The key is a unique of the booking itself. It is looked up under the patient's lock, so that the second of two
    equal requests finds the first one's booking and gets its answer, instead of a refusal for a duplicate.

    Locks: the patient's limits, the session (share), the account. Emits: SlotHeld or BookingConfirmed.

    Refuses: SlotTaken, WindowClosed (R-002), FirstVisitBySpecialty (R-004), the limits of R-005, NoShowLocked (R-009),
    AbuseLocked (R-010), CheckRequired (R-017), PoolExhausted, EntitlementInvalid (R-012), SessionCancelled (R-016),
    VerifyRequired (R-045), NotEligible, TimeClash (R-046), PatientMissing, KeyReused.
    """
    permissions.check_may_ask(actor, cmd.hospital_id)
    if not cmd.key or len(cmd.key) > 80:
        raise KeyMissing()
    held_limits = limits.lock_limits(cmd.patient_id)  # first: a merge or an erasure that we waited for is seen
    facts = people.booking_facts(cmd.patient_id, actor, now=now)
    permissions.check_can_book_for(actor, may_act=facts.may_act)
    first = _first_answer(cmd, actor)
    if first is not None:
        return first
    bookable = schedule.share_slot(cmd.hospital_id, slot_id)
    session = bookable.session
    in_force = policies.at(cmd.hospital_id, now, department_id=session.department_id)
    claim = rules.Claim(
        cmd=cmd,
        bookable=bookable,
        facts=facts,
        limits=held_limits,
        others=live_bookings(cmd.patient_id),
        department=hospitals.get_department(cmd.hospital_id, session.department_id),
        policies=in_force,
        channel=actor.channel,
        is_open=offered.is_open(session, now, in_force, pool=bookable.slot.pool),
        hides_name=offered.must_hide_name(session, in_force, is_first_visit=cmd.is_first_visit),
        entitled_pool=_entitled_pool(cmd, session.department_id, now=now),
        has_turn=lines.has_turn(bookable, cmd.patient_id, in_force, channel=actor.channel, now=now),
    )
    rules.check_can_hold(claim, now=now)
    return write_claim(claim, actor=actor, now=now)


def write_claim(claim: rules.Claim, *, actor: Actor, now: datetime, is_extra: bool = False) -> Held:
    """Writes a claim that the rules let through. Joins its command's transaction; the constraints judge."""
    cmd, slot, session = claim.cmd, claim.bookable.slot, claim.bookable.session
    payment = claim.policies.word("booking.payment")
    at_visit = payment == "at_visit"
    state = next_state(None, Move.BOOK if at_visit else Move.HOLD)
    booking = models.Booking(
        hospital_id=cmd.hospital_id,
        id=new_id(),
        slot_id=slot.slot_id,
        session_id=session.session_id,
        patient_id=cmd.patient_id,
        account_id=actor.account_id,
        campus_id=session.campus_id,
        department_id=session.department_id,
        practitioner_id=session.practitioner_id,
        clinic_kind=session.clinic_kind,
        visit_date=session.date,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        number=slot.number,
        pool=slot.pool.value,
        is_extra=is_extra,
        is_first_visit=cmd.is_first_visit,
        entitlement_id=cmd.entitlement_id,
        state=state.value,
        live=True,
        code=draw_code(cmd.hospital_id),
        fee_fen=session.fee_fen,
        payment=payment,
        channel=actor.channel,
        actor=actor.key,
        key=cmd.key,
        digest=digest_of(cmd),
        patient_name=people.names_of([cmd.patient_id])[cmd.patient_id],
        created_at=now,
        hold_until=None if at_visit else now + claim.policies.minutes("booking.hold_minutes"),
    )
    booking.save(force_insert=True)
    project(booking, is_new=True)
    limits.take_day(cmd.patient_id, session.date)
    if cmd.entitlement_id is not None:
        _use_entitlement(cmd.hospital_id, cmd.entitlement_id, booking.id)
    if actor.account_id is not None:
        use = abuse.note_booking(actor.account_id, at=now)
        rules.check_account_use(use, claim.policies)
    kind = BookingConfirmed if at_visit else SlotHeld
    events.append(
        kind(
            hospital_id=booking.hospital_id,
            subject_id=booking.id,
            to_state=state.value,
            patient_id=booking.patient_id,
            session_id=booking.session_id,
            slot_id=booking.slot_id,
            account_id=actor.account_id,
        ),
        actor,
        at=now,
        shard=shard_of(booking.session_id),
    )
    return _held(booking)


def _slot_for(cmd: HoldSlot, gone: Collection[UUID], now: datetime) -> UUID:
    """The named slot; where it is taken, the nearest free one that the wish allows, or else the named one again.

    `gone`: those that went to somebody else since they were found free.
    """
    if cmd.near is Near.SLOT:
        return cmd.slot_id
    named = offered.get_slot(cmd.hospital_id, cmd.slot_id)
    live = models.Booking.objects.filter(hospital_id=cmd.hospital_id, session_id=named.session_id, live=True)
    taken = {*live.values_list("slot_id", flat=True), *gone}
    window = (named.starts_at, named.ends_at)
    free = [
        slot
        for slot in offered.list_slots(cmd.hospital_id, named.session_id)
        if slot.pool is named.pool
        and not slot.is_extra
        and (not slot.is_special or slot.slot_id == named.slot_id)
        and slot.slot_id not in taken
        and rules.is_back(slot, now=now)
        and (cmd.near is Near.SESSION or (slot.starts_at, slot.ends_at) == window)
    ]
    nearest = sorted(
        free, key=lambda slot: (slot.slot_id != named.slot_id, abs(slot.starts_at - window[0]), slot.number)
    )
    return nearest[0].slot_id if nearest else named.slot_id


def shard_of(session_id: UUID) -> str:
    return f"session:{session_id}"


def live_bookings(patient_id: UUID, *, without: UUID | None = None) -> list[rules.LiveBooking]:
    """The patient's live bookings everywhere, records merged into his included (R-102); under the limits' lock."""
    records = people.records_of([patient_id])
    rows = models.PatientBooking.objects.filter(patient_id__in=records, live=True).order_by("starts_at")
    return [
        rules.LiveBooking(row.id, row.hospital_id, row.department_id, row.visit_date, row.starts_at, row.ends_at)
        for row in rows
        if row.id != without
    ]


def project(booking: models.Booking, *, is_new: bool = False) -> None:
    """Brings the patient's side up to the booking, in the same transaction."""
    facts = {
        "hospital_id": booking.hospital_id,
        "department_id": booking.department_id,
        "visit_date": booking.visit_date,
        "starts_at": booking.starts_at,
        "ends_at": booking.ends_at,
        "state": booking.state,
        "live": booking.live,
    }
    if is_new:
        models.PatientBooking.objects.create(patient_id=booking.patient_id, id=booking.id, **facts)
    else:
        models.PatientBooking.objects.filter(patient_id=booking.patient_id, id=booking.id).update(**facts)


def draw_code(hospital_id: UUID) -> str:
    """An eight-digit code that no open booking of the hospital has (R-019)."""
    candidates = [f"{secrets.randbelow(10**8):08d}" for _ in range(4)]
    taken = set(
        models.Booking.objects.filter(hospital_id=hospital_id, code__in=candidates, code_open=True).values_list(
            "code", flat=True
        )
    )
    return next((code for code in candidates if code not in taken), candidates[0])


def _first_answer(cmd: HoldSlot, actor: Actor) -> Held | None:
    first = models.Booking.objects.filter(hospital_id=cmd.hospital_id, actor=actor.key, key=cmd.key).first()
    if first is None:
        return None
    if bytes(first.digest) != digest_of(cmd):
        raise KeyReused()
    return _held(first)


def _held(booking: models.Booking) -> Held:
    """The answer to the claim as it was first given: what happened since does not change it. Only a booking that was
    moved is told at its new hour (R-047): who asks again must not come at the old one."""
    state = State.CONFIRMED if booking.payment == "at_visit" else State.HELD
    return Held(
        booking.hospital_id,
        booking.id,
        state,
        booking.code,
        booking.hold_until,
        booking.slot_id,
        booking.number,
        booking.starts_at,
        booking.ends_at,
    )


def _entitled_pool(cmd: HoldSlot, department_id: UUID, *, now: datetime) -> Pool | None:
    if cmd.entitlement_id is None:
        return None
    row = (
        models.Entitlement.objects.select_for_update(of=("self",))
        .filter(
            hospital_id=cmd.hospital_id,
            id=cmd.entitlement_id,
            patient_id__in=people.records_of([cmd.patient_id]),  # what a record had that was merged into his
        )
        .first()
    )
    if row is None or row.used_by_id is not None or row.department_id != department_id:
        raise errors.EntitlementInvalid()
    if row.until_date < clock.shanghai_date(now):
        raise errors.EntitlementInvalid(until=row.until_date.isoformat())
    return Pool(row.pool)


def _use_entitlement(hospital_id: UUID, entitlement_id: UUID, booking_id: UUID) -> None:
    models.Entitlement.objects.filter(hospital_id=hospital_id, id=entitlement_id).update(used_by_id=booking_id)
