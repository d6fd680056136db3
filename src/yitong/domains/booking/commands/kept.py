"""Kept slots, for the domain above that gives them: awaited sessions, whose right a kept slot is, and the way back.

All join the caller's command, which holds the limits of every patient concerned, by id.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events, policies
from yitong.core.db.command import joined
from yitong.core.errors import Busy
from yitong.core.policy.values import Policies
from yitong.domains.booking import errors, models, permissions, rules
from yitong.domains.booking.commands import freeing
from yitong.domains.booking.commands.claim import live_bookings, shard_of, write_claim
from yitong.domains.booking.contracts import Held, HoldSlot, Kept, KeptWish, SlotLetGo
from yitong.domains.booking.queries.keeping import list_kept
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import queries as people
from yitong.domains.people.commands import limits
from yitong.domains.schedule.commands import slots as schedule
from yitong.domains.schedule.contracts import BookableSlot, Pool, Session
from yitong.domains.schedule.queries import timetable as offered


@dataclass(frozen=True, slots=True)
class Awaited:
    """A session under the lock of its serving: one at a time joins its line or gives its kept slots."""

    session: Session
    kept: tuple[Kept, ...]  # promised ones too, the longest kept first


def await_session(hospital_id: UUID, session_id: UUID, *, actor: Actor, now: datetime) -> Session:
    """Somebody waits for this session from here on: what is freed in it is kept, and so is what was freed and is on
    its way back.

    Locks: Session (FOR UPDATE by the first who waits, else share), AwaitedSession. Emits: SlotKept.
    Refuses: SessionMissing, SessionCancelled, WindowClosed, SlotsLeft, Busy.
    """
    with joined():
        if freeing.is_awaited(hospital_id, session_id):
            session = schedule.share_sessions(hospital_id, [session_id])[session_id]
            if not freeing.is_awaited(hospital_id, session_id):
                raise Busy()  # the last who waited left meanwhile: asked again, we are the first
        else:
            session = schedule.lock_session(hospital_id, session_id)
        _begin_waiting(hospital_id, session_id, now)
        _lock_awaited(hospital_id, session_id)
        rules.check_session(session)
        _keep_what_returns(session, actor=actor, now=now)
        return session


def _begin_waiting(hospital_id: UUID, session_id: UUID, now: datetime) -> None:
    models.AwaitedSession.objects.bulk_create(
        [models.AwaitedSession(hospital_id=hospital_id, id=session_id, is_awaited=True, changed_at=now)],
        ignore_conflicts=True,
    )
    models.AwaitedSession.objects.filter(hospital_id=hospital_id, id=session_id, is_awaited=False).update(
        is_awaited=True, changed_at=now
    )


def _keep_what_returns(session: Session, *, actor: Actor, now: datetime) -> None:
    """Refuses SlotsLeft where a slot could be booked at this instant: nobody waits for what he can have; WindowClosed
    where booking is over, or is still to begin and not all is given out by a draw already."""
    in_force = policies.at(session.hospital_id, now, department_id=session.department_id)
    live = models.Booking.objects.filter(hospital_id=session.hospital_id, session_id=session.session_id, live=True)
    kept = models.KeptSlot.objects.filter(hospital_id=session.hospital_id, session_id=session.session_id, ended_at=None)
    gone = {*live.values_list("slot_id", flat=True), *kept.values_list("slot_id", flat=True)}
    slots = offered.list_slots(session.hospital_id, session.session_id)
    idle = [slot for slot in slots if slot.slot_id not in gone and rules.may_be_kept(slot, now=now)]
    pools = rules.pools_open_to(actor.channel, None)
    is_to_come = now < session.release_at and rules.is_given_out(slots, gone, pools, now=now)
    if not is_to_come and not offered.is_open(session, now, in_force):
        raise errors.WindowClosed(**rules.window_in_words(in_force))
    if any(rules.is_back(slot, now=now) and slot.pool in pools for slot in idle):
        raise errors.SlotsLeft()
    freeing.keep(session, [slot for slot in idle if not rules.is_back(slot, now=now)], actor=actor, now=now)


def lock_to_leave(hospital_id: UUID, session_id: UUID) -> None:
    """Locks: Session FOR UPDATE. Who joins or frees a slot meanwhile waits, or was seen: then the caller looks whether
    anybody is in line still, and says `stop_awaiting`."""
    schedule.lock_session(hospital_id, session_id)


def stop_awaiting(hospital_id: UUID, session_id: UUID, *, now: datetime) -> None:
    """Nobody waits for this session any more: what is freed returns to all by R-017. Under `lock_to_leave`."""
    with joined():
        models.AwaitedSession.objects.filter(hospital_id=hospital_id, id=session_id).update(
            is_awaited=False, changed_at=now
        )


def lock_awaited(hospital_id: UUID, session_id: UUID) -> Awaited:
    """Locks: Session (share), AwaitedSession, and the kept slots, which only who holds this lock changes."""
    with joined():
        session = schedule.share_sessions(hospital_id, [session_id])[session_id]
        _lock_awaited(hospital_id, session_id)
        return Awaited(session, tuple(list_kept(hospital_id, session_id)))


def _lock_awaited(hospital_id: UUID, session_id: UUID) -> None:
    rows = models.AwaitedSession.objects.select_for_update(of=("self",))
    list(rows.filter(hospital_id=hospital_id, id=session_id).order_by("pk"))


def promise(kept: Collection[Kept], promised_id: UUID | None) -> None:
    """These are for somebody from here on, or (None) for whoever is next again. Under the lock of `lock_awaited`."""
    with joined():
        for one in kept:
            _open(one).update(promised_id=promised_id)


def check_may_wait(session: Session, patient_id: UUID, *, is_first_visit: bool, actor: Actor, now: datetime) -> None:
    """Who waits must be one who could book (R-005, R-009, R-010, R-045, R-046), whichever slot it will be.

    Refuses as `hold_slot`, for all that doesn't depend on the slot.
    """
    slot = offered.list_slots(session.hospital_id, session.session_id)[0]  # any one: nothing is asked of it
    cmd = HoldSlot("-", session.hospital_id, slot.slot_id, patient_id, is_first_visit)
    claim = _claim(cmd, BookableSlot(slot, session), actor=actor, now=now)
    rules.check_person(claim, now=now)
    rules.check_eligible(claim.department, claim.facts, session.date)
    rules.check_limits_of_session(claim.others, session, claim.policies)


def check_kept(wish: KeptWish, *, actor: Actor, now: datetime) -> None:
    """Whether the patient may have this slot. Refuses as `hold_slot`; writes nothing, so that its caller may catch the
    refusal and go on: no block of the transaction is left by it."""
    rules.check_can_hold(_claim_of(wish, actor=actor, now=now), now=now)


def book_kept(wish: KeptWish, *, actor: Actor, now: datetime) -> Held:
    """Books a kept slot for whom it is given to, by the rules of a claim and as its rows. Refuses as `hold_slot`.

    Locks: Session (share), Slot, Account. Emits: SlotHeld or BookingConfirmed.
    """
    with joined():
        claim = _claim_of(wish, actor=actor, now=now)
        rules.check_can_hold(claim, now=now)
        schedule.reopen_slot(wish.kept.hospital_id, wish.kept.slot_id, now)
        held = write_claim(claim, actor=actor, now=now)
        _open(wish.kept).update(promised_id=None, ended_at=now, outcome="given")
        return held


def let_go(session: Session, kept: Collection[Kept], *, actor: Actor, now: datetime) -> None:
    """Nobody who waits can take these: they return to all by R-017. Locks: Slot. Emits: SlotLetGo for each."""
    with joined():
        in_force = policies.at(session.hospital_id, now, department_id=session.department_id)
        for one in kept:
            reopens_at = freeing.return_time(session, in_force, now=now)
            schedule.reopen_slot(one.hospital_id, one.slot_id, reopens_at)
            _open(one).update(promised_id=None, ended_at=now, outcome="let_go")
            event = SlotLetGo(
                hospital_id=one.hospital_id,
                subject_id=one.kept_id,
                session_id=one.session_id,
                slot_id=one.slot_id,
                reopens_at=reopens_at,
            )
            events.append(event, actor, at=now, shard=shard_of(one.session_id))


def end_kept_of_stopped(hospital_id: UUID, session_id: UUID, *, now: datetime) -> None:
    """A stopped session sells nothing: what was kept in it is kept for nobody (R-016). Under `lock_awaited`."""
    with joined():
        rows = models.KeptSlot.objects.filter(hospital_id=hospital_id, session_id=session_id, ended_at=None)
        rows.update(promised_id=None, ended_at=now, outcome="stopped")


def _claim_of(wish: KeptWish, *, actor: Actor, now: datetime) -> rules.Claim:
    """To who is given it a kept slot is back, and of no pool (R-012). The check of the slow path (R-017) was passed on
    getting in line: at the turn nobody may be there to pass another."""
    bookable = schedule.share_slot(wish.kept.hospital_id, wish.kept.slot_id)
    bookable = replace(bookable, slot=replace(bookable.slot, reopens_at=None))
    cmd = HoldSlot(wish.key, wish.kept.hospital_id, wish.kept.slot_id, wish.patient_id, wish.is_first_visit)
    claim = _claim(cmd, bookable, actor=actor, now=now)
    return replace(claim, facts=replace(claim.facts, needs_check=False))


def _claim(cmd: HoldSlot, bookable: BookableSlot, *, actor: Actor, now: datetime) -> rules.Claim:
    session = bookable.session
    held_limits = limits.lock_limits(cmd.patient_id)
    facts = people.booking_facts(cmd.patient_id, actor, now=now)
    permissions.check_can_book_for(actor, may_act=facts.may_act)
    in_force: Policies = policies.at(session.hospital_id, now, department_id=session.department_id)
    return rules.Claim(
        cmd=cmd,
        bookable=bookable,
        facts=facts,
        limits=held_limits,
        others=live_bookings(cmd.patient_id),
        department=hospitals.get_department(session.hospital_id, session.department_id),
        policies=in_force,
        channel=actor.channel,
        is_open=offered.is_open(session, now, in_force, pool=Pool.ONLINE),
        hides_name=False,
        entitled_pool=bookable.slot.pool,
        has_turn=True,  # it was given one: no line before the window stands before a kept slot
    )


def _open(kept: Kept):  # type: ignore[no-untyped-def]
    return models.KeptSlot.objects.filter(hospital_id=kept.hospital_id, id=kept.kept_id, ended_at=None)
