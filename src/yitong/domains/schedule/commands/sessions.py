"""A session's life after it was planned: release, flow-back, stop, substitute, another room."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import events, idempotency, policies
from yitong.core.db.command import command
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule import contracts, errors, models, permissions
from yitong.domains.schedule.commands.shared import (
    append_moved,
    changed_again,
    check_not_over,
    check_not_stopping,
    shard_of,
    sits_in,
)
from yitong.domains.schedule.contracts import Pool, SessionState
from yitong.domains.schedule.rules import changes, opening, roster
from yitong.domains.schedule.states import SessionEvent, next_state

BATCH = 200  # sessions that one transaction of a job takes at most
RETURN_HORIZON = timedelta(days=15)  # beyond the widest value of pools.referral_return_days


@command()
def stop_session(cmd: contracts.StopSession, *, actor: Actor, now: datetime) -> contracts.SessionChanged:
    """停诊 of one session, at once (R-016); with a window to take it back it is `plan_stoppage`. Booking's handler then
    ends every live booking, and tells and repays the booked.

    Locks: Session. Emits: SessionStopped. Refuses: SessionMissing, SessionIsStopped, SessionIsOver, KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.stop_session", cmd)
    if once.answer is not None:
        return changed_again(once.answer)
    session = models.lock_session(cmd.hospital_id, cmd.session_id)
    before = SessionState(session.state)
    after = next_state(before, SessionEvent.STOP)
    check_not_over(session, now)
    session.own().update(state=after, stop_reason=cmd.reason, stopped_at=now, stops_at=None)
    event = contracts.SessionStopped(
        hospital_id=cmd.hospital_id,
        subject_id=cmd.session_id,
        from_state=before,
        to_state=after,
        reason_code=cmd.reason,
    )
    events.append(event, actor, at=now, shard=shard_of(cmd.session_id))
    return once.finish(contracts.SessionChanged(cmd.hospital_id, cmd.session_id, after))


@command(refusals={"session_practitioner_sits_once": errors.PractitionerBusy})
def substitute_session(cmd: contracts.SubstituteSession, *, actor: Actor, now: datetime) -> contracts.SessionChanged:
    """替诊 (R-016): the bookings stay, the fee stays, another doctor of the department sits in.

    Locks: Session. Emits: SessionSubstituted. Refuses: SessionMissing, SessionIsStopped, SessionIsOver,
    SessionIsStopping, SubstituteNeedsDoctor, PractitionerNotOfDepartment, SubstituteGradeTooLow, PractitionerBusy,
    KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.substitute_session", cmd)
    if once.answer is not None:
        return changed_again(once.answer)
    session = models.lock_session(cmd.hospital_id, cmd.session_id)
    state = next_state(SessionState(session.state), SessionEvent.SUBSTITUTE)
    check_not_stopping(session)
    check_not_over(session, now)
    if session.practitioner_id in (None, cmd.practitioner_id):
        raise errors.SubstituteNeedsDoctor()
    colleague = hospitals.get_practitioner(cmd.hospital_id, cmd.practitioner_id)
    changes.check_substitute(
        title=session.title,
        substitute_title=colleague.title,
        is_of_department=sits_in(colleague, session.department_id),
    )
    planned_id = session.substituted_id or session.practitioner_id
    back_again = planned_id == cmd.practitioner_id
    session.own().update(practitioner_id=cmd.practitioner_id, substituted_id=None if back_again else planned_id)
    event = contracts.SessionSubstituted(
        hospital_id=cmd.hospital_id,
        subject_id=cmd.session_id,
        from_state=state,
        to_state=state,
        from_practitioner_id=session.practitioner_id,
        to_practitioner_id=cmd.practitioner_id,
    )
    events.append(event, actor, at=now, shard=shard_of(cmd.session_id))
    return once.finish(contracts.SessionChanged(cmd.hospital_id, cmd.session_id, state))


@command()
def change_room(cmd: contracts.ChangeRoom, *, actor: Actor, now: datetime) -> contracts.SessionChanged:
    """Another consulting room for one session; who is booked sees it at once.

    Locks: Session. Emits: RoomChanged. Refuses: RoomInvalid, SessionMissing, SessionIsStopped, SessionIsOver,
    KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.change_room", cmd)
    if once.answer is not None:
        return changed_again(once.answer)
    roster.check_room(cmd.room)
    session = models.lock_session(cmd.hospital_id, cmd.session_id)
    state = SessionState(session.state)
    if state is SessionState.STOPPED:
        raise errors.SessionIsStopped()
    check_not_over(session, now)
    session.own().update(room=cmd.room)
    event = contracts.RoomChanged(
        hospital_id=cmd.hospital_id, subject_id=cmd.session_id, from_room=session.room, to_room=cmd.room
    )
    events.append(event, actor, at=now, shard=shard_of(cmd.session_id))
    return once.finish(contracts.SessionChanged(cmd.hospital_id, cmd.session_id, state))


@command()
def release_due(hospital_id: UUID, *, actor: Actor, now: datetime) -> int:
    """放号: planned sessions whose release has come become released, the earliest first, at most 200 at once (R-002).

    Repeatable. Early it does nothing, late it delays nobody: claims go by `release_at`. Locks: Session. Emits:
    SessionReleased. Returns how many.
    """
    permissions.check_is_system(actor)
    due = list(
        models.ClinicSession.objects.select_for_update(of=("self",))
        .filter(hospital_id=hospital_id, state=SessionState.PLANNED, release_at__lte=now)
        .order_by("release_at", "id")[:BATCH]
    )
    after = SessionState.RELEASED
    models.ClinicSession.objects.filter(hospital_id=hospital_id, id__in=[row.id for row in due]).update(state=after)
    for session in due:
        before = SessionState(session.state)
        assert next_state(before, SessionEvent.RELEASE) is after
        event = contracts.SessionReleased(
            hospital_id=hospital_id, subject_id=session.id, from_state=before, to_state=after
        )
        events.append(event, actor, at=now, shard=shard_of(session.id))
    return len(due)


@command()
def return_referrals(hospital_id: UUID, *, actor: Actor, now: datetime) -> int:
    """Unused referral slots of the days whose return has come go online, at most 200 sessions at once (R-012).

    Repeatable; each session once. A booked referral slot stays booked: its pool counts again only when it is free.
    Locks: Session, Slot. Emits: SlotsMoved. Returns how many sessions.
    """
    permissions.check_is_system(actor)
    today = clock.shanghai_date(now)
    policy = policies.at(hospital_id, now)
    days = [today + timedelta(days=ahead) for ahead in range(RETURN_HORIZON.days + 1)]
    due_days = [day for day in days if opening.referral_returns_at(day, policy) <= now]
    if not due_days:
        return 0
    due = list(
        models.ClinicSession.objects.select_for_update(of=("self",))
        .filter(~Q(state=SessionState.STOPPED), hospital_id=hospital_id, date__in=due_days, referral_returned=False)
        .order_by("id")[:BATCH]
    )
    ids = [session.id for session in due]
    slots = models.Slot.objects.filter(hospital_id=hospital_id, session_id__in=ids, pool=Pool.REFERRAL)
    found = dict(slots.values_list("session_id").annotate(n=Count("number")).order_by())
    slots.update(pool=Pool.ONLINE)
    models.ClinicSession.objects.filter(hospital_id=hospital_id, id__in=ids).update(referral_returned=True)
    for session in due:
        if session.id in found:
            append_moved(session, Pool.REFERRAL, Pool.ONLINE, found[session.id], actor=actor, now=now)
    return len(due)
