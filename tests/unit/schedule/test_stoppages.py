"""A stop of many sessions on one word, its undo window, and what a crash leaves behind (R-016)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

import pytest
from tests import clinic as build
from tests import make

from yitong.core.actor import Actor
from yitong.core.db import command, policies, relay
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, KeyReused, Refusal, Unidentified
from yitong.domains.booking.contracts import State
from yitong.domains.booking.models import Booking
from yitong.domains.booking.queries import bookings, openings
from yitong.domains.hospitals.contracts.things import Title
from yitong.domains.schedule import errors, jobs
from yitong.domains.schedule.commands import sessions, slots, stoppages
from yitong.domains.schedule.contracts import (
    HalfDay,
    MoveSlots,
    PlanStoppage,
    Pool,
    Session,
    SessionState,
    StopReason,
    StopSession,
    SubstituteSession,
    UndoStoppage,
)
from yitong.domains.schedule.models import ClinicSession, Stoppage
from yitong.domains.schedule.queries import stopping, timetable

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R-016")]
NOW = make.NOW
LATER = NOW + timedelta(seconds=60)
SYSTEM = Actor.system("test")
Freeze = Callable[[datetime], datetime]


@pytest.fixture(scope="module")
def clinic(shared_db: None) -> make.Clinic:
    """As it was made: what another test did there is rolled back."""
    return make.clinic()


def week(clinic: make.Clinic, days: int = 3) -> list[Session]:
    return [make.session(clinic, make.TOMORROW + timedelta(days=n)) for n in range(days)]


def plan(clinic: make.Clinic, *which: Session, key: str = "") -> PlanStoppage:
    ids = tuple(one.session_id for one in which)
    return PlanStoppage(key or f"key{make.number()}", clinic.hospital_id, ids, StopReason.HOSPITAL)


def undo(clinic: make.Clinic, stoppage_id: UUID, key: str = "") -> UndoStoppage:
    return UndoStoppage(key or f"key{make.number()}", clinic.hospital_id, stoppage_id)


def again(one: Session) -> Session:
    return timetable.get_session(one.hospital_id, one.session_id)


def operations(hospital_id: UUID) -> list[str]:
    rows = Event.objects.filter(hospital_id=hospital_id, operation__contains="stop").order_by("recorded_at")
    return list(rows.values_list("operation", flat=True))


def test_nothing_is_stopped_before_the_window_is_over(clinic: make.Clinic, frozen_clock: Freeze) -> None:
    first, second, other = week(clinic)
    planned = stoppages.plan_stoppage(plan(clinic, first, second), actor=clinic.manager, now=NOW)
    assert (planned.sessions, planned.due_at) == (2, LATER)
    frozen_clock(LATER - timedelta(microseconds=1))
    assert jobs.carry_out_stops(0) == 0
    assert [again(one).state for one in (first, second, other)] == [SessionState.RELEASED] * 3
    frozen_clock(LATER)
    assert jobs.carry_out_stops(0) == 2
    assert jobs.carry_out_stops(0) == 0
    found = [again(one) for one in (first, second, other)]
    assert [one.state for one in found] == [SessionState.STOPPED, SessionState.STOPPED, SessionState.RELEASED]
    assert {one.stop_reason for one in found[:2]} == {"hospital"}
    assert operations(clinic.hospital_id) == ["schedule.stops_planned"] + ["schedule.session_stopped"] * 2
    bodies = Event.objects.filter(operation="schedule.session_stopped").values_list("body", flat=True)
    assert {body["stoppage_id"] for body in bodies} == {str(planned.stoppage_id)}


def test_while_it_waits_nothing_is_booked_and_after_an_undo_all_is_as_before() -> None:
    place = build.clinic()
    manager = make.staff_actor("roster_manager", hospital_id=place.hospital_id)
    (actor, early), (other, late) = build.holder(), build.holder()
    build.hold(place, early, actor)
    cmd = PlanStoppage("typhoon", place.hospital_id, (place.session_id,), StopReason.HOSPITAL)
    planned = stoppages.plan_stoppage(cmd, actor=manager, now=NOW)
    with pytest.raises(errors.SessionIsStopping):
        build.hold(place, late, other, n=1)
    session = timetable.get_session(place.hospital_id, place.session_id)
    offer = openings.offers(place.hospital_id, [session], channel="web", now=NOW)
    assert offer[place.session_id].left == 0
    back = UndoStoppage("back", place.hospital_id, planned.stoppage_id)
    assert stoppages.undo_stoppage(back, actor=manager, now=LATER - timedelta(seconds=1)).sessions == 1
    build.hold(place, late, other, n=1)
    while relay.drain():
        pass
    assert stoppages.due_stops(LATER) == []
    states = Booking.objects.filter(hospital_id=place.hospital_id).values_list("state", flat=True)
    assert list(states) == [State.CONFIRMED] * 2


def test_it_ends_every_booking_when_it_takes_effect(frozen_clock: Freeze) -> None:
    place = build.clinic(slots=16, pools=(Pool.ONLINE,) * 14 + (Pool.ONSITE,) * 2)
    manager = make.staff_actor("roster_manager", hospital_id=place.hospital_id)
    actor, patient = build.holder()
    build.hold(place, patient, actor)
    walk_in = build.patient(place.hospital_id)
    build.hold(place, walk_in, build.registrar(place.hospital_id), n=14)
    reach = bookings.reach_of_sessions(place.hospital_id, [place.session_id], manager)
    assert (reach.bookings, reach.patients, reach.told) == (2, 2, 1)
    cmd = PlanStoppage("typhoon", place.hospital_id, (place.session_id,), StopReason.HOSPITAL)
    stoppages.plan_stoppage(cmd, actor=manager, now=NOW)
    frozen_clock(LATER)
    jobs.carry_out_stops(0)
    while relay.drain():
        pass
    states = Booking.objects.filter(hospital_id=place.hospital_id).values_list("state", flat=True)
    assert set(states) == {State.STOPPED}


def test_a_repeat_gets_the_first_answer(clinic: make.Clinic) -> None:
    one, two = week(clinic, 2)
    cmd = plan(clinic, one, key="typhoon")
    planned = stoppages.plan_stoppage(cmd, actor=clinic.manager, now=NOW)
    assert stoppages.plan_stoppage(cmd, actor=clinic.manager, now=LATER) == planned
    with pytest.raises(KeyReused):
        stoppages.plan_stoppage(plan(clinic, two, key="typhoon"), actor=clinic.manager, now=NOW)
    back = undo(clinic, planned.stoppage_id, "back")
    undone = stoppages.undo_stoppage(back, actor=clinic.manager, now=NOW)
    assert stoppages.undo_stoppage(back, actor=clinic.manager, now=LATER) == undone
    with pytest.raises(errors.StoppageIsUndone):
        stoppages.undo_stoppage(undo(clinic, planned.stoppage_id), actor=clinic.manager, now=NOW)
    assert Stoppage.objects.filter(hospital_id=clinic.hospital_id).count() == 1


def test_undo_is_whole_or_refused(clinic: make.Clinic) -> None:
    one, two = week(clinic, 2)
    planned = stoppages.plan_stoppage(plan(clinic, one, two), actor=clinic.manager, now=NOW)
    with pytest.raises(errors.StoppageInEffect):
        stoppages.undo_stoppage(undo(clinic, planned.stoppage_id), actor=clinic.manager, now=LATER)
    stoppages.carry_out_stop(clinic.hospital_id, one.session_id, actor=SYSTEM, now=LATER)
    with pytest.raises(errors.StoppageInEffect):  # a web server whose clock is behind
        stoppages.undo_stoppage(undo(clinic, planned.stoppage_id), actor=clinic.manager, now=NOW)
    found = stopping.get_stoppage(clinic.hospital_id, planned.stoppage_id, actor=clinic.manager)
    assert (found.sessions, found.waiting, found.stopped, found.undone_at) == (2, 1, 1, None)
    assert stopping.list_stoppages(clinic.hospital_id, NOW, actor=clinic.manager) == [found]
    listed = stopping.list_sessions_of_stoppage(clinic.hospital_id, planned.stoppage_id, actor=clinic.manager)
    assert [each.session_id for each in listed] == [one.session_id, two.session_id]


def test_one_that_cannot_be_stopped_leaves_all_alone(clinic: make.Clinic) -> None:
    one, two = week(clinic, 2)
    stopped = make.stopped_session(clinic, make.TOMORROW + timedelta(days=9))
    over = make.session(clinic, NOW.date(), starts=time(8), ends=time(9))
    elsewhere = make.session(make.clinic())
    stoppages.plan_stoppage(plan(clinic, two), actor=clinic.manager, now=NOW)
    before = operations(clinic.hospital_id)
    for wrong, refusal in (
        (stopped, errors.SessionIsStopped),
        (two, errors.SessionIsStopping),
        (elsewhere, errors.SessionMissing),
        (over, errors.SessionIsOver),
    ):
        with pytest.raises(refusal):
            stoppages.plan_stoppage(plan(clinic, one, wrong), actor=clinic.manager, now=NOW)
    for cmd in (plan(clinic), replace(plan(clinic), session_ids=tuple(UUID(int=n) for n in range(501)))):
        with pytest.raises(errors.StoppageSize):
            stoppages.plan_stoppage(cmd, actor=clinic.manager, now=NOW)
    with pytest.raises(errors.StoppageMissing):
        stoppages.undo_stoppage(undo(clinic, elsewhere.session_id), actor=clinic.manager, now=NOW)
    with pytest.raises(errors.StoppageMissing):
        stopping.get_stoppage(clinic.hospital_id, elsewhere.session_id, actor=clinic.manager)
    assert again(one).stops_at is None
    assert operations(clinic.hospital_id) == before


def test_nothing_else_is_done_to_it_meanwhile(clinic: make.Clinic) -> None:
    [session] = week(clinic, 1)
    colleague = make.practitioner(clinic.hospital_id, clinic.department_code, title=Title.RENOWNED)
    stoppages.plan_stoppage(plan(clinic, session), actor=clinic.manager, now=NOW)
    at = (clinic.hospital_id, session.session_id)
    slot = make.slots(session, Pool.ONSITE)[0].slot_id
    for act in (
        lambda: sessions.substitute_session(SubstituteSession("s", *at, colleague), actor=clinic.manager, now=NOW),
        lambda: slots.move_slots(MoveSlots("m", *at, (slot,), Pool.ONSITE, Pool.ONLINE), actor=clinic.manager, now=NOW),
    ):
        with pytest.raises(errors.SessionIsStopping):
            act()
    sessions.stop_session(StopSession("now", *at, StopReason.LEAVE), actor=clinic.manager, now=NOW)
    assert (again(session).state, again(session).stops_at) == (SessionState.STOPPED, None)
    assert stoppages.due_stops(LATER) == []


@pytest.mark.parametrize("moment", ["before_commit", "after_commit"])
def test_a_crash_between_two_sessions_stops_each_once(
    clinic: make.Clinic, frozen_clock: Freeze, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    every = week(clinic)
    stoppages.plan_stoppage(plan(clinic, *every), actor=clinic.manager, now=NOW)
    frozen_clock(LATER)
    seen: list[str] = []

    def die(name: str, at: str) -> None:
        if name.endswith("carry_out_stop") and at == moment:
            seen.append(name)
            if len(seen) == 2:
                raise SystemExit("killed")

    monkeypatch.setattr(command, "boundary", die)
    with pytest.raises(SystemExit):
        jobs.carry_out_stops(0)
    monkeypatch.undo()
    frozen_clock(LATER + timedelta(seconds=5))
    jobs.carry_out_stops(0)
    assert {again(one).state for one in every} == {SessionState.STOPPED}
    assert operations(clinic.hospital_id).count("schedule.session_stopped") == 3


def test_the_window_is_the_hospitals_own(clinic: make.Clinic) -> None:
    from django.db import transaction

    with transaction.atomic():
        policies.record(
            "booking.stop_undo_seconds",
            0,
            scope="hospital",
            hospital_id=clinic.hospital_id,
            scope_id=clinic.hospital_id,
            effective_from=NOW - timedelta(days=1),
            source="test",
            decided_by="test",
            now=NOW,
        )
    planned = stoppages.plan_stoppage(plan(clinic, *week(clinic, 1)), actor=clinic.manager, now=NOW)
    assert planned.due_at == NOW
    assert len(stoppages.due_stops(NOW)) == 1


@pytest.mark.parametrize(
    ("actor", "refusal"),
    [(Actor.anonymous(), Unidentified), (make.staff_actor("registrar"), Forbidden), (build.Actor.system("x"), None)],
)
def test_who_may(clinic: make.Clinic, actor: Actor, refusal: type[Refusal] | None) -> None:
    [session] = week(clinic, 1)
    if refusal is None:
        stoppages.plan_stoppage(plan(clinic, session), actor=actor, now=NOW)
        return
    planned = stoppages.plan_stoppage(plan(clinic, session), actor=clinic.manager, now=NOW)
    before = operations(clinic.hospital_id)
    for act in (
        lambda: stoppages.plan_stoppage(plan(clinic, session), actor=actor, now=NOW),
        lambda: stoppages.undo_stoppage(undo(clinic, planned.stoppage_id), actor=actor, now=NOW),
        lambda: stoppages.carry_out_stop(clinic.hospital_id, session.session_id, actor=actor, now=LATER),
        lambda: stopping.get_stoppage(clinic.hospital_id, planned.stoppage_id, actor=actor),
        lambda: stopping.list_stoppages(clinic.hospital_id, NOW, actor=actor),
        lambda: stopping.list_sessions_of_stoppage(clinic.hospital_id, planned.stoppage_id, actor=actor),
        lambda: stopping.list_stoppable(clinic.hospital_id, NOW.date(), NOW.date(), actor=actor, now=NOW),
        lambda: stopping.substitutes_of(clinic.hospital_id, [session], actor=actor),
    ):
        with pytest.raises(refusal):
            act()
    assert operations(clinic.hospital_id) == before
    assert again(session).state is SessionState.RELEASED


def test_what_may_be_stopped_and_who_could_sit_in(clinic: make.Clinic) -> None:
    one, two = week(clinic, 2)
    make.stopped_session(clinic, date(2026, 12, 3))
    elsewhere = make.session(make.clinic(hospital_id=clinic.hospital_id), make.TOMORROW)
    colleague = make.practitioner(clinic.hospital_id, clinic.department_code, title=Title.RENOWNED)
    make.session(clinic, make.TOMORROW, practitioner_id=colleague, starts=time(8), ends=time(12), half_day=HalfDay.AM)

    def found(**scope: UUID) -> set[UUID]:
        until = make.TOMORROW + timedelta(days=20)
        every = stopping.list_stoppable(
            clinic.hospital_id, make.TOMORROW, until, actor=clinic.manager, now=NOW, **scope
        )
        return {each.session_id for each in every}

    assert found(practitioner_id=clinic.doctor_id) == {one.session_id, two.session_id}
    assert elsewhere.session_id not in found(department_id=clinic.department_id)
    assert {one.session_id, elsewhere.session_id} <= found()
    fit = stopping.substitutes_of(clinic.hospital_id, [one, two], actor=clinic.manager)
    assert colleague not in {each.practitioner_id for each in fit[one.session_id]}  # sits elsewhere at that hour
    assert colleague in {each.practitioner_id for each in fit[two.session_id]}


def test_constraints_hold_whatever_the_code_does(clinic: make.Clinic) -> None:
    from django.db import IntegrityError, transaction

    [session] = week(clinic, 1)
    row = ClinicSession.objects.filter(hospital_id=clinic.hospital_id, id=session.session_id)
    with pytest.raises(IntegrityError, match="session_stops_on_a_word"), transaction.atomic():
        row.update(stops_at=NOW)
    facts = {
        "hospital_id": clinic.hospital_id,
        "id": session.session_id,
        "reason": "leave",
        "sessions": 1,
        "planned_by": "x",
        "planned_at": NOW,
        "due_at": NOW,
    }
    for name, wrong in (
        ("stoppage_reason_known", {"reason": "whim"}),
        ("stoppage_of_something", {"sessions": 0}),
        ("stoppage_undone_in_time", {"undone_at": NOW}),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Stoppage.objects.create(**{**facts, **wrong})
