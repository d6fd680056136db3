"""A stop that can be taken back: the word, the window to undo it, the stop of each session (R-016).

What is to come stands in the sessions themselves (`stops_at`), so that a crash between any two lines leaves either
nothing decided or a stop that the next turn of the job carries out. See docs/decisions/undo-window.md.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from yitong.core.actor import Actor
from yitong.core.db import events, idempotency, policies
from yitong.core.db.command import command
from yitong.core.db.scale import cross_hospital
from yitong.core.ids import new_id
from yitong.domains.schedule import contracts, errors, models, permissions
from yitong.domains.schedule.commands.shared import check_not_over, check_not_stopping, shard_of
from yitong.domains.schedule.contracts import SessionState
from yitong.domains.schedule.rules import changes
from yitong.domains.schedule.states import SessionEvent, next_state

BATCH = 500  # sessions that one turn of the job stops at most


@command()
def plan_stoppage(cmd: contracts.PlanStoppage, *, actor: Actor, now: datetime) -> contracts.StoppagePlanned:
    """停诊 on one word, of all these sessions or none: from here on nothing of them is booked, and after the undo
    window each is stopped by a command of its own.

    Locks: Session, all of them in id order. Emits: StopsPlanned. Refuses: StoppageSize, SessionMissing,
    SessionIsStopped, SessionIsStopping, SessionIsOver, KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.plan_stoppage", cmd)
    if once.answer is not None:
        return contracts.StoppagePlanned(
            UUID(once.answer["hospital_id"]),
            UUID(once.answer["stoppage_id"]),
            once.answer["sessions"],
            datetime.fromisoformat(once.answer["due_at"]),
        )
    wanted = set(cmd.session_ids)
    changes.check_stoppage_size(len(wanted))
    sessions = models.lock_sessions(cmd.hospital_id, Q(id__in=wanted))
    if len(sessions) != len(wanted):
        raise errors.SessionMissing()
    for session in sessions:
        next_state(SessionState(session.state), SessionEvent.STOP)
        check_not_stopping(session)
        check_not_over(session, now)
    window = timedelta(seconds=policies.at(cmd.hospital_id, now).int("booking.stop_undo_seconds"))
    row = models.Stoppage.objects.create(
        hospital_id=cmd.hospital_id,
        id=new_id(),
        reason=cmd.reason,
        sessions=len(sessions),
        planned_by=actor.key,
        planned_at=now,
        due_at=now + window,
    )
    rows = models.ClinicSession.objects.filter(hospital_id=cmd.hospital_id, id__in=wanted)
    rows.update(stops_at=row.due_at, stoppage_id=row.id)
    event = contracts.StopsPlanned(
        hospital_id=cmd.hospital_id,
        subject_id=row.id,
        reason_code=cmd.reason,
        sessions=tuple(session.id for session in sessions),
        due_at=row.due_at,
    )
    events.append(event, actor, at=now, shard=f"stoppage:{row.id}")
    return once.finish(contracts.StoppagePlanned(cmd.hospital_id, row.id, len(sessions), row.due_at))


@command()
def undo_stoppage(cmd: contracts.UndoStoppage, *, actor: Actor, now: datetime) -> contracts.StoppageUndone:
    """The whole stoppage is taken back: nobody was told yet, and the sessions may be booked again.

    Locks: Stoppage, then its sessions in id order; whichever of undo and stop comes first to a session is seen by the
    other. Emits: StopsUndone. Refuses: StoppageMissing, StoppageIsUndone, StoppageInEffect, KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.undo_stoppage", cmd)
    if once.answer is not None:
        return contracts.StoppageUndone(cmd.hospital_id, cmd.stoppage_id, once.answer["sessions"])
    rows = models.Stoppage.objects.filter(hospital_id=cmd.hospital_id, id=cmd.stoppage_id)
    stoppage = rows.select_for_update(of=("self",)).order_by("id").first()
    if stoppage is None:
        raise errors.StoppageMissing()
    if stoppage.undone_at is not None:
        raise errors.StoppageIsUndone()
    sessions = models.lock_sessions(cmd.hospital_id, Q(stoppage_id=cmd.stoppage_id))
    if now >= stoppage.due_at or any(session.state == SessionState.STOPPED for session in sessions):
        raise errors.StoppageInEffect()
    rows.update(undone_at=now)
    own = models.ClinicSession.objects.filter(hospital_id=cmd.hospital_id, stoppage_id=cmd.stoppage_id)
    own.update(stops_at=None, stoppage_id=None)
    ids = tuple(session.id for session in sessions)
    event = contracts.StopsUndone(hospital_id=cmd.hospital_id, subject_id=stoppage.id, sessions=ids)
    events.append(event, actor, at=now, shard=f"stoppage:{stoppage.id}")
    return once.finish(contracts.StoppageUndone(cmd.hospital_id, cmd.stoppage_id, len(sessions)))


def due_stops(now: datetime) -> list[tuple[UUID, UUID]]:
    """(hospital, session) whose undo window is over, the earliest first, at most 500."""
    with cross_hospital("sweep of decided stops"):
        rows = models.ClinicSession.objects.filter(stops_at__lte=now).order_by("stops_at", "starts_at")
        return list(rows.values_list("hospital_id", "id")[:BATCH])


@command()
def carry_out_stop(hospital_id: UUID, session_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """One session of a stoppage is stopped; booking's handler tells and repays the booked. Repeatable: returns whether
    this call did it. A session that ended in its undo window is stopped too: nobody was a no-show of it.

    Locks: Session. Emits: SessionStopped.
    """
    permissions.check_is_system(actor)
    session = models.lock_session(hospital_id, session_id)
    if session.stops_at is None or session.stops_at > now:
        return False
    assert session.stoppage_id is not None
    stoppage = models.Stoppage.objects.get(hospital_id=hospital_id, id=session.stoppage_id)
    before = SessionState(session.state)
    after = next_state(before, SessionEvent.STOP)
    session.own().update(state=after, stop_reason=stoppage.reason, stopped_at=now, stops_at=None)
    event = contracts.SessionStopped(
        hospital_id=hospital_id,
        subject_id=session_id,
        from_state=before,
        to_state=after,
        reason_code=stoppage.reason,
        stoppage_id=stoppage.id,
    )
    events.append(event, actor, at=now, shard=shard_of(session_id))
    return True
