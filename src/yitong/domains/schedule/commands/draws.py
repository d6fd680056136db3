"""Slots that are given by lot (摇号): set aside when a draw opens, and back with everybody when it is over.

What is set aside lies in a pool that no channel draws from, so every door is shut without knowing of draws: desk,
pages, API and the booking window ask for a slot of their pools, and find none.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from yitong.core.actor import Actor
from yitong.core.db.command import joined
from yitong.domains.schedule import contracts, models
from yitong.domains.schedule.commands.shared import append_moved
from yitong.domains.schedule.contracts import Pool, SessionState


def set_aside(
    hospital_id: UUID, department_id: UUID, release_at: datetime, *, actor: Actor, now: datetime
) -> list[tuple[contracts.Session, int]]:
    """The online slots of the sessions that the department releases at that instant go to the draw's pool. Joins the
    caller's command. Gives each session with its number of places, by time; those without online slots are left out.

    Locks: Session, so that no claim runs beside it. Emits: SlotsMoved.
    """
    with joined():
        which = Q(department_id=department_id, release_at=release_at, state=SessionState.PLANNED, stops_at=None)
        sessions = models.lock_sessions(hospital_id, which)
        moved = _move(hospital_id, sessions, Pool.ONLINE, Pool.DRAW, actor=actor, now=now)
        found = [(session.as_contract(), moved[session.id]) for session in sessions if session.id in moved]
        return sorted(found, key=lambda one: (one[0].starts_at, one[0].session_id))


def give_back(hospital_id: UUID, session_ids: Collection[UUID], *, actor: Actor, now: datetime) -> None:
    """What a draw set aside is online again, booked ones too: a live booking keeps its slot whatever the pool says
    (as when referral slots flow back). Joins the caller's command. Locks: Session. Emits: SlotsMoved."""
    with joined():
        sessions = models.lock_sessions(hospital_id, Q(id__in=list(session_ids)))
        _move(hospital_id, sessions, Pool.DRAW, Pool.ONLINE, actor=actor, now=now)


def _move(
    hospital_id: UUID,
    sessions: Collection[models.ClinicSession],
    from_pool: Pool,
    to_pool: Pool,
    *,
    actor: Actor,
    now: datetime,
) -> dict[UUID, int]:
    """How many slots of each session went from one pool to the other; sessions without any are left out."""
    ids = [session.id for session in sessions]
    slots = models.Slot.objects.filter(hospital_id=hospital_id, session_id__in=ids, pool=from_pool, is_extra=False)
    counts = dict(slots.values_list("session_id").annotate(n=Count("number")).order_by())
    slots.update(pool=to_pool)
    for session in sessions:
        if session.id in counts:
            append_moved(session, from_pool, to_pool, counts[session.id], actor=actor, now=now)
    return counts
