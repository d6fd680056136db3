"""A slot becomes free: it is kept for those who wait for its session, or returns to all by R-017.

Whoever frees a slot comes through here, so that no door lets one into the race while somebody waits.
"""

import secrets
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.policy.values import Policies
from yitong.domains.booking import models, rules
from yitong.domains.booking.commands.claim import shard_of
from yitong.domains.booking.contracts import KEPT_UNTIL, SlotKept
from yitong.domains.schedule.commands import slots as schedule
from yitong.domains.schedule.contracts import Session, Slot
from yitong.domains.schedule.queries import timetable as offered


def free_slot(
    hospital_id: UUID, session_id: UUID, slot_id: UUID, in_force: Policies, *, actor: Actor, now: datetime
) -> None:
    """Gives a slot its time of return, or keeps it. Joins the caller's command, which ends the booking afterwards: a
    claim at the same moment holds the slot shared, so it either lost already or sees that it isn't back.

    Locks: Session (share), Slot. Emits: SlotKept where somebody waits.
    """
    session = schedule.share_sessions(hospital_id, [session_id])[session_id]
    # After the lock: the first who waits takes the session FOR UPDATE, so what is read here stands until the commit.
    if is_awaited(hospital_id, session_id):
        slot = offered.get_slot(hospital_id, slot_id)
        if rules.may_be_kept(slot, now=now):
            keep(session, [slot], actor=actor, now=now)
            return
    schedule.reopen_slot(hospital_id, slot_id, return_time(session, in_force, now=now))


def is_awaited(hospital_id: UUID, session_id: UUID) -> bool:
    return models.AwaitedSession.objects.filter(hospital_id=hospital_id, id=session_id, is_awaited=True).exists()


def keep(session: Session, slots: Collection[Slot], *, actor: Actor, now: datetime) -> None:
    """Keeps slots of a session that is awaited. Joins. Locks: Slot. Emits: SlotKept for each."""
    for slot in slots:
        schedule.reopen_slot(slot.hospital_id, slot.slot_id, KEPT_UNTIL)
        row = models.KeptSlot.objects.create(
            hospital_id=slot.hospital_id,
            slot_id=slot.slot_id,
            session_id=slot.session_id,
            number=slot.number,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            kept_at=now,
        )
        kept = SlotKept(
            hospital_id=slot.hospital_id, subject_id=row.id, session_id=session.session_id, slot_id=slot.slot_id
        )
        events.append(kept, actor, at=now, shard=shard_of(session.session_id))


def return_time(session: Session, in_force: Policies, *, now: datetime) -> datetime:
    """R-017, by chance where the rule is chance: nobody can hand a slot over."""
    ends_at = offered.booking_ends_at(session, in_force)
    return rules.returns_at(in_force, now=now, booking_ends_at=ends_at, draw=secrets.randbelow)
