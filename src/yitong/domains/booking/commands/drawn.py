"""摇号: what a draw asks of booking. A winner is booked by the rules of every claim; only the pool is a draw's own."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.db.command import joined
from yitong.domains.booking import errors, models, permissions, rules
from yitong.domains.booking.commands.claim import live_bookings, write_claim
from yitong.domains.booking.contracts import DrawnWish, Held, HoldSlot
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import queries as people
from yitong.domains.people.commands import limits
from yitong.domains.people.contracts.patients import BookingFacts
from yitong.domains.schedule.commands import slots as schedule
from yitong.domains.schedule.contracts import BookableSlot, Pool, Session, SessionState, Slot
from yitong.domains.schedule.queries import timetable as offered


def check_applicant(session: Session, patient_id: UUID, *, actor: Actor, now: datetime) -> BookingFacts:
    """Whether the patient may apply for a place of this session today: person and eligibility, as at a claim. Limits
    are asked when a place is booked. Joins the caller's command.

    Refuses: VerifyRequired (R-045), NoShowLocked (R-009), AbuseLocked (R-010), NotEligible (R-046), PatientMissing.
    """
    with joined():
        slots = offered.list_slots(session.hospital_id, session.session_id)
        claim = _claim(BookableSlot(slots[0], session), _asked(session, patient_id), actor=actor, now=now)
        permissions.check_can_book_for(actor, may_act=claim.facts.may_act)
        rules.check_person(claim, now=now)
        rules.check_session(session)
        rules.check_eligible(claim.department, claim.facts, session.date)
        return claim.facts


def free_places(hospital_id: UUID, session_id: UUID, *, now: datetime) -> list[UUID]:
    """The draw's slots of a session that can be booked now, by number; none where it was stopped."""
    session = offered.get_session(hospital_id, session_id)
    if session.state is SessionState.STOPPED or session.stops_at is not None:
        return []
    return [slot.slot_id for slot in _free(hospital_id, session_id, now)]


def book_drawn(wishes: Sequence[DrawnWish], *, actor: Actor, now: datetime) -> list[Held]:
    """Books places of one session for a family, all or none: any refusal leaves nothing. Joins the caller's command.

    Locks: the patients' limits in id order, the session and the slots (share), the account. Emits: SlotHeld or
    BookingConfirmed for each. Refuses: as hold_slot.
    """
    with joined():
        held = []
        slots = _free(wishes[0].hospital_id, wishes[0].session_id, now)
        if len(slots) < len(wishes):
            raise errors.SlotTaken()
        for wish in sorted(wishes, key=lambda wish: wish.patient_id):
            limits.lock_limits(wish.patient_id)
        for wish, slot in zip(wishes, slots, strict=False):
            bookable = schedule.share_slot(wish.hospital_id, slot.slot_id)
            asked = HoldSlot(
                wish.key,
                wish.hospital_id,
                slot.slot_id,
                wish.patient_id,
                is_first_visit=wish.is_first_visit,
                by_name=not wish.is_first_visit,
            )
            claim = _claim(bookable, asked, actor=actor, now=now)
            permissions.check_can_book_for(actor, may_act=claim.facts.may_act)
            rules.check_can_hold(claim, now=now)
            held.append(write_claim(claim, actor=actor, now=now))
        return held


def _free(hospital_id: UUID, session_id: UUID, now: datetime) -> list[Slot]:
    live = models.Booking.objects.filter(hospital_id=hospital_id, session_id=session_id, live=True)
    taken = set(live.values_list("slot_id", flat=True))
    slots = offered.list_slots(hospital_id, session_id)
    return [
        slot for slot in slots if slot.pool is Pool.DRAW and slot.slot_id not in taken and rules.is_back(slot, now=now)
    ]


def _asked(session: Session, patient_id: UUID) -> HoldSlot:
    return HoldSlot("", session.hospital_id, session.session_id, patient_id, is_first_visit=True)


def _claim(bookable: BookableSlot, cmd: HoldSlot, *, actor: Actor, now: datetime) -> rules.Claim:
    session = bookable.session
    in_force = policies.at(session.hospital_id, now, department_id=session.department_id)
    return rules.Claim(
        cmd=cmd,
        bookable=bookable,
        facts=people.booking_facts(cmd.patient_id, actor, now=now),
        limits=limits.lock_limits(cmd.patient_id),
        others=live_bookings(cmd.patient_id),
        department=hospitals.get_department(session.hospital_id, session.department_id),
        policies=in_force,
        channel=actor.channel,
        is_open=offered.is_open(session, now, in_force, pool=Pool.DRAW),
        hides_name=offered.must_hide_name(session, in_force, is_first_visit=cmd.is_first_visit),
        entitled_pool=Pool.DRAW,
    )
