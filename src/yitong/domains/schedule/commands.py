"""Changes of the schedule: one function for each thing that a person, a machine or a higher domain can want."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import events, idempotency, policies
from yitong.core.db.command import command, joined
from yitong.core.errors import Busy
from yitong.core.ids import new_id
from yitong.core.policy import Policies
from yitong.domains.hospitals import queries as hospitals
from yitong.domains.schedule import contracts, errors, models, permissions, rules
from yitong.domains.schedule.contracts import Pool, SessionState
from yitong.domains.schedule.states import SessionEvent, next_state

BATCH = 200  # sessions that one transaction of a job takes at most
RETURN_HORIZON = timedelta(days=15)  # beyond the widest value of pools.referral_return_days

PLANNING = {
    "schedule_clinic_session_pkey": errors.SessionExists,
    "session_once_per_roster_line": errors.SessionExists,
    "session_practitioner_sits_once": errors.PractitionerBusy,
}


# -- joined by booking: they take part in its transaction -------------------------------------------------------------


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

    Locks: Session. Emits: ExtraSlotAdded. Refuses: SessionMissing, NotYourSession, SessionIsStopped, SessionIsOver,
    ExtraLimitReached (R-014), ExtraReasonUnknown.
    """
    permissions.check_can_add_extra(actor, hospital_id)
    with joined():
        doctor = hospitals.find_practitioner_of_staff(hospital_id, UUID(actor.id))
        session = models.lock_session(hospital_id, session_id)
        policy = policies.at(hospital_id, now, department_id=session.department_id)
        rules.check_extra(session.as_contract(), policy, practitioner_id=doctor and doctor.practitioner_id, now=now)
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
        events.append(event, actor, at=now, shard=_shard(session_id))
        return contracts.BookableSlot(slot.as_contract(), session.as_contract())


# -- a session's day --------------------------------------------------------------------------------------------------


@command()
def stop_session(cmd: contracts.StopSession, *, actor: Actor, now: datetime) -> contracts.SessionChanged:
    """停诊 (R-016). Booking's handler then ends every live booking, and tells and repays the booked.

    Locks: Session. Emits: SessionStopped. Refuses: SessionMissing, SessionIsStopped, SessionIsOver, KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.stop_session", cmd)
    if once.answer is not None:
        return _changed(once.answer)
    session = models.lock_session(cmd.hospital_id, cmd.session_id)
    before = SessionState(session.state)
    after = next_state(before, SessionEvent.STOP)
    _check_not_over(session, now)
    session.own().update(state=after, stop_reason=cmd.reason, stopped_at=now)
    event = contracts.SessionStopped(
        hospital_id=cmd.hospital_id,
        subject_id=cmd.session_id,
        from_state=before,
        to_state=after,
        reason_code=cmd.reason,
    )
    events.append(event, actor, at=now, shard=_shard(cmd.session_id))
    return once.finish(contracts.SessionChanged(cmd.hospital_id, cmd.session_id, after))


@command(refusals=PLANNING)
def substitute_session(cmd: contracts.SubstituteSession, *, actor: Actor, now: datetime) -> contracts.SessionChanged:
    """替诊 (R-016): the bookings stay, the fee stays, another doctor of the department sits in.

    Locks: Session. Emits: SessionSubstituted. Refuses: SessionMissing, SessionIsStopped, SessionIsOver,
    SubstituteNeedsDoctor, PractitionerNotOfDepartment, SubstituteGradeTooLow, PractitionerBusy, KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.substitute_session", cmd)
    if once.answer is not None:
        return _changed(once.answer)
    session = models.lock_session(cmd.hospital_id, cmd.session_id)
    state = next_state(SessionState(session.state), SessionEvent.SUBSTITUTE)
    _check_not_over(session, now)
    if session.practitioner_id in (None, cmd.practitioner_id):
        raise errors.SubstituteNeedsDoctor()
    colleague = hospitals.get_practitioner(cmd.hospital_id, cmd.practitioner_id)
    rules.check_substitute(
        title=session.title,
        substitute_title=colleague.title,
        is_of_department=session.department_id in colleague.department_ids,
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
    events.append(event, actor, at=now, shard=_shard(cmd.session_id))
    return once.finish(contracts.SessionChanged(cmd.hospital_id, cmd.session_id, state))


@command()
def move_slots(cmd: contracts.MoveSlots, *, actor: Actor, now: datetime) -> contracts.SessionChanged:
    """Slots of one session go to another pool, on a person's word (S-08). The shares of R-012 still hold afterwards.

    Locks: Session, Slot. Emits: SlotsMoved. Refuses: SessionMissing, SessionIsStopped, SessionIsOver, SlotsNotInPool,
    PoolShareBroken (R-012), KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.move_slots", cmd)
    if once.answer is not None:
        return _changed(once.answer)
    session = models.lock_session(cmd.hospital_id, cmd.session_id)
    if session.state == SessionState.STOPPED:
        raise errors.SessionIsStopped()
    _check_not_over(session, now)
    wanted = set(cmd.slot_ids)
    slots = models.Slot.objects.filter(hospital_id=cmd.hospital_id, session_id=cmd.session_id, is_extra=False)
    moved = slots.filter(id__in=wanted, pool=cmd.from_pool).update(pool=cmd.to_pool, is_special=False)
    if not wanted or moved != len(wanted) or cmd.from_pool == cmd.to_pool:
        raise errors.SlotsNotInPool(n=moved)
    counts = {Pool(pool): n for pool, n in slots.values_list("pool").annotate(n=Count("number")).order_by()}
    rules.check_shares(counts, policies.at(cmd.hospital_id, now, department_id=session.department_id))
    _append_moved(session, cmd.from_pool, cmd.to_pool, moved, actor=actor, now=now)
    return once.finish(contracts.SessionChanged(cmd.hospital_id, cmd.session_id, SessionState(session.state)))


# -- by the clock -----------------------------------------------------------------------------------------------------


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
        events.append(event, actor, at=now, shard=_shard(session.id))
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
    due_days = [day for day in days if rules.referral_returns_at(day, policy) <= now]
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
            _append_moved(session, Pool.REFERRAL, Pool.ONLINE, found[session.id], actor=actor, now=now)
    return len(due)


# -- rosters and planning ---------------------------------------------------------------------------------------------


@command(refusals={"roster_practitioner_sits_once": errors.PractitionerBusy})
def add_roster_line(cmd: contracts.AddRosterLine, *, actor: Actor, now: datetime) -> contracts.RosterLineChanged:
    """排班: one weekly sitting from a day on.

    Emits: RosterLineAdded. Refuses: TimesInvalid, WindowsInvalid, SlotTooLong (R-003), PractitionerBusy,
    PractitionerNotOfDepartment, a department or practitioner that is not the hospital's, KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.add_roster_line", cmd)
    if once.answer is not None:
        return _line_changed(once.answer)
    department = hospitals.get_department(cmd.hospital_id, cmd.department_id)
    if cmd.practitioner_id is not None:
        doctor = hospitals.get_practitioner(cmd.hospital_id, cmd.practitioner_id)
        if cmd.department_id not in doctor.department_ids:
            raise errors.PractitionerNotOfDepartment()
    policy = policies.at(cmd.hospital_id, now, department_id=cmd.department_id)
    rules.check_roster_line(cmd, campus_id=department.campus_id, policies=policy)
    content = {f.name: getattr(cmd, f.name) for f in fields(cmd) if f.name != "key"}
    row = models.RosterLine.objects.create(id=new_id(), **content)
    event = contracts.RosterLineAdded(
        hospital_id=cmd.hospital_id,
        subject_id=row.id,
        department_id=cmd.department_id,
        practitioner_id=cmd.practitioner_id,
    )
    events.append(event, actor, at=now, shard=f"roster:{row.id}")
    return once.finish(contracts.RosterLineChanged(cmd.hospital_id, row.id))


@command(refusals={"roster_practitioner_sits_once": errors.PractitionerBusy, "schedule_roster_line_pkey": Busy})
def import_roster(
    hospital_id: UUID, lines: Sequence[contracts.RosterLine], *, actor: Actor, now: datetime
) -> contracts.RosterLinesImported:
    """A hospital's weekly roster from its own file, by COPY, with the checks of `add_roster_line`. Idempotent by id:
    known lines are left as they are.

    Emits: RosterImported. Refuses: as add_roster_line, and Busy while another import of the same lines runs.
    """
    permissions.check_can_manage(actor, hospital_id)
    ids = [line.roster_line_id for line in lines]
    known = set(models.RosterLine.objects.filter(hospital_id=hospital_id, id__in=ids).values_list("id", flat=True))
    departments = hospitals.departments_by_id(hospital_id, {line.department_id for line in lines})
    named = {line.practitioner_id for line in lines if line.practitioner_id is not None}
    doctors = hospitals.practitioners_by_id(hospital_id, named)
    in_force = _policies_by_department(hospital_id, now)
    rows = []
    for line in lines:
        if line.roster_line_id in known:
            continue
        department = departments.get(line.department_id) or hospitals.get_department(hospital_id, line.department_id)
        if line.practitioner_id is not None:
            doctor = doctors.get(line.practitioner_id) or hospitals.get_practitioner(hospital_id, line.practitioner_id)
            if line.department_id not in doctor.department_ids:
                raise errors.PractitionerNotOfDepartment()
        rules.check_roster_line(line, campus_id=department.campus_id, policies=in_force(line.department_id))
        content = {
            f.name: getattr(line, f.name) for f in fields(line) if f.name not in ("hospital_id", "roster_line_id")
        }
        rows.append(models.RosterLine(hospital_id=hospital_id, id=line.roster_line_id, **content))
    if rows:
        models.copy_in(rows)
        event = contracts.RosterImported(
            hospital_id=hospital_id, subject_id=hospital_id, lines=len(rows), known=len(known)
        )
        events.append(event, actor, at=now, shard=f"roster:{hospital_id}")
    return contracts.RosterLinesImported(hospital_id, lines=len(rows), known=len(known))


@command()
def end_roster_line(cmd: contracts.EndRosterLine, *, actor: Actor, now: datetime) -> contracts.RosterLineChanged:
    """The line's last day; the day before its first makes it void. Sessions made from it stay.

    Locks: RosterLine. Emits: RosterLineEnded. Refuses: RosterLineMissing, TimesInvalid, KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.end_roster_line", cmd)
    if once.answer is not None:
        return _line_changed(once.answer)
    rows = models.RosterLine.objects.filter(hospital_id=cmd.hospital_id, id=cmd.roster_line_id)
    line = rows.select_for_update(of=("self",)).order_by("id").first()
    if line is None:
        raise errors.RosterLineMissing()
    if cmd.until_date < line.from_date - timedelta(days=1):
        raise errors.TimesInvalid()
    if line.until_date is not None and cmd.until_date > line.until_date:
        raise errors.TimesInvalid()
    rows.update(until_date=cmd.until_date)
    event = contracts.RosterLineEnded(hospital_id=cmd.hospital_id, subject_id=line.id, until_date=cmd.until_date)
    events.append(event, actor, at=now, shard=f"roster:{line.id}")
    return once.finish(contracts.RosterLineChanged(cmd.hospital_id, line.id))


@command(refusals=PLANNING)
def import_sessions(
    hospital_id: UUID, sessions: Sequence[contracts.NewSession], *, actor: Actor, now: datetime
) -> contracts.Imported:
    """Sessions from a hospital's own schedule, by COPY. Idempotent by session id: known ones are left as they are.

    Emits: SessionsPlanned. Refuses: TimesInvalid, WindowsInvalid, SlotTooLong (R-003), PoolShareBroken (R-012),
    PractitionerBusy, SessionExists (another import of them runs).
    """
    permissions.check_can_manage(actor, hospital_id)
    ids = {new.session_id for new in sessions}
    if len(ids) != len(sessions):
        raise errors.SessionExists()
    known = set(models.ClinicSession.objects.filter(hospital_id=hospital_id, id__in=ids).values_list("id", flat=True))
    in_force = _policies_by_department(hospital_id, now)
    planned = [rules.Planned(new, None) for new in sessions if new.session_id not in known]
    for plan in planned:
        rules.check_new_session(plan.new, in_force(plan.new.department_id))
    slots = _write(hospital_id, planned, in_force, actor=actor, now=now)
    return contracts.Imported(hospital_id, sessions=len(planned), slots=slots, known=len(known))


@command(refusals=PLANNING)
def generate_sessions(cmd: contracts.GenerateSessions, *, actor: Actor, now: datetime) -> contracts.Generated:
    """Sessions of some days from the roster; holidays and worked weekends are known. Repeatable: a line's day that has
    its session keeps it. A sitting that clashes with another session of the practitioner is left out and counted.

    Emits: SessionsPlanned. Refuses: TimesInvalid, SessionExists or PractitionerBusy (another planning runs), KeyReused.
    """
    permissions.check_can_manage(actor, cmd.hospital_id)
    once = idempotency.begin(actor, "schedule.generate_sessions", cmd)
    if once.answer is not None:
        return contracts.Generated(**{**once.answer, "hospital_id": cmd.hospital_id})
    rules.check_days(cmd.from_date, cmd.until_date, today=clock.shanghai_date(now))
    existing = models.ClinicSession.objects.filter(
        hospital_id=cmd.hospital_id, date__gte=cmd.from_date, date__lte=cmd.until_date
    )
    known = set(existing.values_list("roster_line_id", "date"))
    sittings = rules.Sittings(
        existing.filter(~Q(state=SessionState.STOPPED)).values_list("practitioner_id", "starts_at", "ends_at")
    )
    in_force = _policies_by_department(cmd.hospital_id, now)
    lines = models.RosterLine.objects.filter(
        Q(until_date=None) | Q(until_date__gte=cmd.from_date),
        hospital_id=cmd.hospital_id,
        from_date__lte=cmd.until_date,
    ).order_by("starts", "id")
    wanted = rules.sittings([line.as_contract() for line in lines], cmd)
    planned: list[rules.Planned] = []
    titles = _titles(cmd.hospital_id, [line for line, _ in wanted])
    fee = cache(lambda kind, title, day: hospitals.fee_fen(cmd.hospital_id, kind, title, day))
    clashed = 0
    for line, day in wanted:
        if (line.roster_line_id, day) in known:
            continue
        title = titles.get(line.practitioner_id)
        new = rules.plan_session(
            line,
            day,
            session_id=new_id(),
            title=title,
            fee_fen=fee(line.clinic_kind, title, day),
            policies=in_force(line.department_id),
        )
        if sittings.take(new):
            planned.append(rules.Planned(new, line.roster_line_id))
        else:
            clashed += 1
    slots = _write(cmd.hospital_id, planned, in_force, actor=actor, now=now)
    kept = len(wanted) - len(planned) - clashed
    return once.finish(contracts.Generated(cmd.hospital_id, len(planned), slots, known=kept, clashed=clashed))


def _titles(hospital_id: UUID, lines: Sequence[contracts.RosterLine]) -> dict[UUID | None, str | None]:
    ids = {line.practitioner_id for line in lines if line.practitioner_id is not None}
    return {key: doctor.title.value for key, doctor in hospitals.practitioners_by_id(hospital_id, ids).items()}


def _policies_by_department(hospital_id: UUID, now: datetime) -> Callable[[UUID], Policies]:
    """The policies in force, read once for each department."""
    return cache(lambda department_id: policies.at(hospital_id, now, department_id=department_id))


def _write(
    hospital_id: UUID,
    planned: Sequence[rules.Planned],
    in_force: Callable[[UUID], Policies],
    *,
    actor: Actor,
    now: datetime,
) -> int:
    """Sessions, then slots, by COPY, and one event for all. Returns the number of slots."""
    if not planned:
        return 0
    rows = [
        models.rows_of(
            hospital_id,
            plan.new,
            roster_line_id=plan.roster_line_id,
            special=rules.special_places(plan.new, in_force(plan.new.department_id)),
            now=now,
        )
        for plan in planned
    ]
    sessions = [session for session, _ in rows]
    slots = [slot for _, own in rows for slot in own]
    models.copy_in(sessions)
    models.copy_in(slots)
    event = contracts.SessionsPlanned(
        hospital_id=hospital_id,
        subject_id=hospital_id,
        sessions=len(sessions),
        slots=len(slots),
        from_date=min(session.date for session in sessions),
        until_date=max(session.date for session in sessions),
    )
    events.append(event, actor, at=now, shard=f"planned:{sessions[0].id}")
    return len(slots)


# -- shared -----------------------------------------------------------------------------------------------------------


def _extra_reason(word: str) -> contracts.ExtraReason:
    try:
        return contracts.ExtraReason(word)
    except ValueError as error:
        raise errors.ExtraReasonUnknown() from error


def _check_not_over(session: models.ClinicSession, now: datetime) -> None:
    if now >= session.ends_at:
        raise errors.SessionIsOver()


def _append_moved(
    session: models.ClinicSession, from_pool: Pool, to_pool: Pool, slots: int, *, actor: Actor, now: datetime
) -> None:
    event = contracts.SlotsMoved(
        hospital_id=session.hospital_id, subject_id=session.id, from_pool=from_pool, to_pool=to_pool, slots=slots
    )
    events.append(event, actor, at=now, shard=_shard(session.id))


def _shard(session_id: UUID) -> str:
    return f"session:{session_id}"


def _changed(answer: dict[str, Any]) -> contracts.SessionChanged:
    return contracts.SessionChanged(
        UUID(answer["hospital_id"]), UUID(answer["session_id"]), SessionState(answer["state"])
    )


def _line_changed(answer: dict[str, Any]) -> contracts.RosterLineChanged:
    return contracts.RosterLineChanged(UUID(answer["hospital_id"]), UUID(answer["roster_line_id"]))
