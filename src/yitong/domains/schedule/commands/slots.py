"""Slots: what booking joins in its own transaction, and moves between pools."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Count

from yitong.core.actor import Actor
from yitong.core.db import events, idempotency, policies
from yitong.core.db.command import command, joined
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule import contracts, errors, models, permissions
from yitong.domains.schedule.commands.shared import (
    append_moved,
    changed_again,
    check_not_over,
    check_not_stopping,
    shard_of,
)
from yitong.domains.schedule.contracts import Pool, SessionState
from yitong.domains.schedule.rules import changes, cutting


def share_slot(hospital_id: UUID, slot_id: UUID) -> contracts.BookableSlot:
    """The slot with its session, for a claim. Joins the caller's command.

    Locks: Session and Slot FOR SHARE: a stop waits for the claim, or is seen here; a slot that is being freed is seen
    with its `reopens_at`. Refuses: SlotMissing. Whether it may be claimed: `queries.is_open`.
    """
    found = models.share(hospital_id, slot_id)
    if found is None:
        raise errors.SlotMissing()
    session, slot = found
    return contracts.BookableSlot(slot.as_contract(), session.as_contract())


def share_sessions(hospital_id: UUID, session_ids: Collection[UUID]) -> dict[UUID, contracts.Session]:
    """The sessions FOR SHARE, in id order, for who frees slots of them or takes one. Joins the caller's command.

    Refuses: SessionMissing.
    """
    wanted = set(session_ids)
    found = {row.id: row.as_contract() for row in models.share_sessions(hospital_id, wanted)}
    if set(found) != wanted:
        raise errors.SessionMissing()
    return found


def lock_session(hospital_id: UUID, session_id: UUID) -> contracts.Session:
    """The session FOR UPDATE: no claim runs beside it. Joins the caller's command. Refuses: SessionMissing."""
    with joined():
        return models.lock_session(hospital_id, session_id).as_contract()


def reopen_slot(hospital_id: UUID, slot_id: UUID, reopens_at: datetime) -> None:
    """A freed slot comes back at that instant (R-017). Joins the caller's command.

    Locks: Slot. Call it before the booking ends: a claim at the same moment then waits here and sees `reopens_at`.
    Refuses: SlotMissing.
    """
    with joined():
        if not models.Slot.objects.filter(hospital_id=hospital_id, id=slot_id).update(reopens_at=reopens_at):
            raise errors.SlotMissing()


def add_extra_slot(
    hospital_id: UUID, session_id: UUID, patient_id: UUID, reason: str, *, actor: Actor, now: datetime
) -> contracts.BookableSlot:
    """加号 (R-014): one more slot in the session's last window, bound to the patient. Joins booking's command, which
    books it in the same transaction.

    Locks: Session. Emits: ExtraSlotAdded. Refuses: SessionMissing, NotYourSession, SessionIsStopped,
    SessionIsStopping, SessionIsOver, ExtraLimitReached (R-014), ExtraReasonUnknown.
    """
    permissions.check_can_add_extra(actor, hospital_id)
    with joined():
        doctor = hospitals.find_practitioner_of_staff(hospital_id, UUID(actor.id))
        session = models.lock_session(hospital_id, session_id)
        policy = policies.at(hospital_id, now, department_id=session.department_id)
        changes.check_extra(session.as_contract(), policy, practitioner_id=doctor and doctor.practitioner_id, now=now)
        assert doctor is not None
        slot = models.extra_slot_of(session, patient_id, by=doctor.practitioner_id, reason=_extra_reason(reason))
        slot.save(force_insert=True)
        session.slots, session.extra_slots = session.slots + 1, session.extra_slots + 1
        session.own().update(slots=session.slots, extra_slots=session.extra_slots)
        event = contracts.ExtraSlotAdded(
            hospital_id=hospital_id,
            subject_id=session_id,
            slot_id=slot.id,
            patient_id=patient_id,
            practitioner_id=doctor.practitioner_id,
            reason=reason,
        )
        events.append(event, actor, at=now, shard=shard_of(session_id))
        return contracts.BookableSlot(slot.as_contract(), session.as_contract())


@command()
def move_slots(cmd: contracts.MoveSlots, *, actor: Actor, now: datetime) -> contracts.SessionChanged:
    """Slots of one session go to another pool, on a person's word (S-08). The shares of R-012 still hold afterwards.

    Locks: Session, Slot. Emits: SlotsMoved. Refuses: SessionMissing, SessionIsStopped, SessionIsStopping,
    SessionIsOver, SlotsNotInPool, PoolShareBroken (R-012), KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.move_slots", cmd)
    if once.answer is not None:
        return changed_again(once.answer)
    session = models.lock_session(cmd.hospital_id, cmd.session_id)
    if session.state == SessionState.STOPPED:
        raise errors.SessionIsStopped()
    check_not_stopping(session)
    check_not_over(session, now)
    if Pool.DRAW in (cmd.from_pool, cmd.to_pool):
        raise errors.SlotsNotInPool(n=0)  # what was promised to those who applied is nobody's to move
    wanted = set(cmd.slot_ids)
    slots = models.Slot.objects.filter(hospital_id=cmd.hospital_id, session_id=cmd.session_id, is_extra=False)
    moved = slots.filter(id__in=wanted, pool=cmd.from_pool).update(pool=cmd.to_pool, is_special=False)
    if not wanted or moved != len(wanted) or cmd.from_pool == cmd.to_pool:
        raise errors.SlotsNotInPool(n=moved)
    counts = {Pool(pool): n for pool, n in slots.values_list("pool").annotate(n=Count("number")).order_by()}
    cutting.check_shares(counts, policies.at(cmd.hospital_id, now, department_id=session.department_id))
    append_moved(session, cmd.from_pool, cmd.to_pool, moved, actor=actor, now=now)
    return once.finish(contracts.SessionChanged(cmd.hospital_id, cmd.session_id, SessionState(session.state)))


def _extra_reason(word: str) -> contracts.ExtraReason:
    try:
        return contracts.ExtraReason(word)
    except ValueError as error:
        raise errors.ExtraReasonUnknown() from error
