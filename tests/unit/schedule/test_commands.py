"""Rosters, imports, releases, stops, substitutes, pools, extra slots: what each does, and what it refuses."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from tests import make

from yitong.core.actor import Actor
from yitong.core.clock import at_shanghai
from yitong.core.db import policies
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, KeyReused, Refusal, Unidentified
from yitong.core.ids import new_id
from yitong.domains.hospitals.commands import places
from yitong.domains.hospitals.contracts.things import ClinicKind, Title
from yitong.domains.hospitals.contracts.writes import ChangeCampus, ChangeDepartment
from yitong.domains.hospitals.errors import DepartmentMissing, PractitionerMissing
from yitong.domains.hospitals.models import Fee
from yitong.domains.hospitals.queries import directory
from yitong.domains.hospitals.queries import facts as stand
from yitong.domains.schedule import errors
from yitong.domains.schedule.commands import planning, sessions, slots
from yitong.domains.schedule.contracts import (
    ChangeRoom,
    EndRosterLine,
    ExtraReason,
    GenerateSessions,
    HalfDay,
    MoveRosterLine,
    MoveSlots,
    Pool,
    Session,
    SessionState,
    StopReason,
    StopSession,
    SubstituteSession,
)
from yitong.domains.schedule.models import ClinicSession, RosterLine, Slot
from yitong.domains.schedule.queries import stopping, timetable

pytestmark = pytest.mark.django_db
NOW = make.NOW
TOMORROW = make.TOMORROW
SYSTEM = Actor.system("test")


@pytest.fixture(scope="module")
def clinic(shared_db: None) -> make.Clinic:
    """As it was made: what another test did there is rolled back."""
    return make.clinic()


def key() -> str:
    return f"key{make.number()}"


def stop(session: Session, reason: StopReason = StopReason.LEAVE) -> StopSession:
    return StopSession(key(), session.hospital_id, session.session_id, reason)


def events_of(hospital_id: UUID, operation: str) -> list[Event]:
    rows = Event.objects.filter(hospital_id=hospital_id, operation=f"schedule.{operation}")
    return list(rows.order_by("recorded_at"))


def totals(hospital_id: UUID) -> tuple[int, int, int, int]:
    """Everything that a refused command must leave alone."""
    return tuple(  # type: ignore[return-value]
        model.objects.filter(hospital_id=hospital_id).count() for model in (ClinicSession, Slot, RosterLine, Event)
    )


# -- import --------------------------------------------------------------------------------------------------------


def test_an_import_writes_sessions_and_slots_and_tells_once(clinic: make.Clinic) -> None:
    new = [make.new_session(clinic), make.new_session(clinic, starts=time(14), ends=time(17), half_day=HalfDay.PM)]
    done = planning.import_sessions(clinic.hospital_id, new, actor=clinic.manager, now=NOW)
    assert (done.sessions, done.slots, done.known) == (2, 32 + 24, 0)
    written = timetable.list_slots(clinic.hospital_id, new[0].session_id)
    assert [(slot.starts_at, slot.ends_at, slot.pool) for slot in written] == list(new[0].windows)
    assert [slot.number for slot in written] == list(range(1, 33))
    [event] = events_of(clinic.hospital_id, "sessions_planned")
    assert (event.body["sessions"], event.body["slots"]) == (2, 56)


def test_an_import_is_idempotent_by_session(clinic: make.Clinic) -> None:
    first, second = make.new_session(clinic), make.new_session(clinic, date(2026, 11, 25))
    planning.import_sessions(clinic.hospital_id, [first], actor=SYSTEM, now=NOW)
    done = planning.import_sessions(clinic.hospital_id, [replace(first, fee_fen=1), second], actor=SYSTEM, now=NOW)
    assert (done.sessions, done.known) == (1, 1)
    assert timetable.get_session(clinic.hospital_id, first.session_id).fee_fen == 8000


def test_an_imported_session_is_released_if_its_time_came(clinic: make.Clinic) -> None:
    soon, far = make.session(clinic), make.session(clinic, date(2026, 12, 7))
    assert (soon.state, far.state) == (SessionState.RELEASED, SessionState.PLANNED)
    assert far.release_at == at_shanghai(date(2026, 11, 30), time(15))


def broken(clinic: make.Clinic, kind: str) -> object:
    sound = make.new_session(clinic)
    start, end, pool = sound.windows[0]
    match kind:
        case "31 minutes":
            return replace(sound, windows=((start, end + timedelta(minutes=1), pool), *sound.windows[8:]))
        case "another day":
            return replace(sound, date=date(2026, 11, 25))
        case "ends before it starts":
            return replace(sound, ends_at=sound.starts_at)
        case "no windows":
            return replace(sound, windows=())
        case "outside":
            return replace(sound, windows=(*sound.windows, (sound.ends_at, sound.ends_at + timedelta(minutes=5), pool)))
        case "all on site":
            return replace(sound, windows=tuple((a, b, Pool.ONSITE) for a, b, _ in sound.windows))
    raise AssertionError(kind)


@pytest.mark.rule("R-003")
@pytest.mark.rule("R-012")
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("31 minutes", "SLOT_TOO_LONG"),
        ("another day", "SESSION_TIMES"),
        ("ends before it starts", "SESSION_TIMES"),
        ("no windows", "SESSION_WINDOWS"),
        ("outside", "SESSION_WINDOWS"),
        ("all on site", "POOL_SHARE"),
    ],
)
def test_one_broken_session_refuses_the_whole_import(clinic: make.Clinic, kind: str, code: str) -> None:
    before = totals(clinic.hospital_id)
    new = [make.new_session(clinic, date(2026, 11, 26)), broken(clinic, kind)]
    with pytest.raises(Refusal) as refused:
        planning.import_sessions(clinic.hospital_id, new, actor=SYSTEM, now=NOW)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert totals(clinic.hospital_id) == before


def test_a_doctor_cannot_be_imported_twice_at_one_time(clinic: make.Clinic) -> None:
    make.session(clinic)
    before = totals(clinic.hospital_id)
    with pytest.raises(errors.PractitionerBusy):
        make.session(clinic, starts=time(11, 30), ends=time(13))
    assert totals(clinic.hospital_id) == before
    make.session(clinic, starts=time(12), ends=time(13))
    make.session(clinic, practitioner_id=None)


# -- rosters -------------------------------------------------------------------------------------------------------


def generate(clinic: make.Clinic, first: date, last: date, **changed: object):  # type: ignore[no-untyped-def]
    cmd = GenerateSessions(key(), clinic.hospital_id, first, last, **changed)  # type: ignore[arg-type]
    return planning.generate_sessions(cmd, actor=clinic.manager, now=NOW)


def test_a_roster_line_makes_its_sessions_and_no_second_ones(clinic: make.Clinic) -> None:
    line_id = make.roster_line(clinic)
    done = generate(clinic, NOW.date(), date(2026, 12, 6))
    assert (done.sessions, done.slots, done.known, done.clashed) == (2, 64, 0, 0)
    made = list(ClinicSession.objects.filter(hospital_id=clinic.hospital_id).order_by("date"))
    assert [(row.date, row.roster_line_id, row.fee_fen, row.title) for row in made] == [
        (date(2026, 11, 23), line_id, 8000, Title.CHIEF),
        (date(2026, 11, 30), line_id, 8000, Title.CHIEF),
    ]
    assert [row.state for row in made] == ["released", "planned"]
    again = generate(clinic, NOW.date(), date(2026, 12, 13))
    assert (again.sessions, again.known) == (1, 2)


def test_generated_pools_keep_the_shares(clinic: make.Clinic) -> None:
    make.roster_line(clinic)
    generate(clinic, NOW.date(), NOW.date())
    [row] = ClinicSession.objects.filter(hospital_id=clinic.hospital_id)
    counts = timetable.count_pools(clinic.hospital_id, row.id)
    assert counts == {Pool.ONLINE: 7, Pool.PHONE: 3, Pool.REFERRAL: 17, Pool.REVISIT: 1, Pool.ONSITE: 4, Pool.DRAW: 0}
    special = [slot for slot in timetable.list_slots(clinic.hospital_id, row.id) if slot.is_special]
    assert [slot.pool for slot in special] == [Pool.ONSITE]


def test_what_cannot_be_booked_rests_until_it_can(clinic: make.Clinic) -> None:
    """A department that closed gets no more sessions of its roster, and has its own again once it opens."""
    make.roster_line(clinic)
    code = directory.get_campus(clinic.hospital_id, clinic.campus_id).code
    facts = make.department_facts(code=clinic.department_code, campus_code=code)

    def put(*, is_bookable: bool) -> None:
        cmd = ChangeDepartment(clinic.hospital_id, clinic.department_id, replace(facts, is_bookable=is_bookable))
        places.change_department(cmd, actor=make.hospital_admin(clinic.hospital_id), now=NOW)

    put(is_bookable=False)
    shut = generate(clinic, NOW.date(), date(2026, 11, 30))
    assert (shut.sessions, shut.known, shut.clashed) == (0, 0, 0)
    put(is_bookable=True)
    assert generate(clinic, NOW.date(), date(2026, 11, 30)).sessions == 2


def test_a_closed_campus_rests_even_where_the_department_has_moved_on(clinic: make.Clinic) -> None:
    at, admin = clinic.hospital_id, make.hospital_admin(clinic.hospital_id)
    make.roster_line(clinic)
    make.campus(at, code="NEW")
    moved = make.department_facts(code=clinic.department_code, campus_code="NEW")
    places.change_department(ChangeDepartment(at, clinic.department_id, moved), actor=admin, now=NOW)

    def put(*, is_open: bool) -> None:
        told = replace(stand.campus_facts(at, clinic.campus_id), is_open=is_open)
        places.change_campus(ChangeCampus(at, clinic.campus_id, told), actor=admin, now=NOW)

    put(is_open=False)
    assert generate(clinic, NOW.date(), date(2026, 11, 30)).sessions == 0
    put(is_open=True)
    assert generate(clinic, NOW.date(), date(2026, 11, 30)).sessions == 2


@pytest.mark.rule("R-162")
def test_what_has_no_price_yet_is_left_out_and_keeps_no_other_waiting(clinic: make.Clinic) -> None:
    make.roster_line(clinic)
    make.roster_line(clinic, weekday=1, clinic_kind="night", half_day="night", starts=time(18), ends=time(20))
    Fee.objects.filter(hospital_id=clinic.hospital_id, clinic_kind="night").update(effective_date=date(2027, 1, 1))
    wish = GenerateSessions("once", clinic.hospital_id, NOW.date(), date(2026, 11, 30))
    done = planning.generate_sessions(wish, actor=clinic.manager, now=NOW)
    assert (done.sessions, done.known, done.unpriced) == (2, 0, (("night", "chief", 1),))
    assert planning.generate_sessions(wish, actor=clinic.manager, now=NOW) == done
    make.fee(clinic.hospital_id, 6000, kind=ClinicKind.NIGHT, effective_date=date(2026, 11, 24))
    assert generate(clinic, NOW.date(), date(2026, 11, 30)).sessions == 1


def test_a_clash_is_left_out_and_counted(clinic: make.Clinic) -> None:
    make.session(clinic, date(2026, 11, 30), starts=time(9), ends=time(10))
    make.roster_line(clinic)
    done = generate(clinic, NOW.date(), date(2026, 11, 30))
    assert (done.sessions, done.clashed) == (1, 1)


def test_a_stopped_sitting_leaves_room_for_another_but_is_not_made_again(clinic: make.Clinic) -> None:
    make.roster_line(clinic)
    generate(clinic, date(2026, 11, 30), date(2026, 11, 30))
    [row] = ClinicSession.objects.filter(hospital_id=clinic.hospital_id)
    sessions.stop_session(stop(row.as_contract()), actor=clinic.manager, now=NOW)
    assert generate(clinic, date(2026, 11, 30), date(2026, 11, 30)).known == 1
    make.session(clinic, date(2026, 11, 30))


def test_days_are_planned_ahead_and_not_behind(clinic: make.Clinic) -> None:
    with pytest.raises(errors.TimesInvalid):
        generate(clinic, date(2026, 11, 22), date(2026, 11, 30))


def test_the_same_key_gives_the_first_answer(clinic: make.Clinic) -> None:
    make.roster_line(clinic)
    cmd = GenerateSessions(key(), clinic.hospital_id, NOW.date(), NOW.date())
    first = planning.generate_sessions(cmd, actor=clinic.manager, now=NOW)
    assert planning.generate_sessions(cmd, actor=clinic.manager, now=NOW) == first
    with pytest.raises(KeyReused):
        planning.generate_sessions(replace(cmd, until_date=TOMORROW), actor=clinic.manager, now=NOW)


def test_a_roster_line_begins_and_ends(clinic: make.Clinic) -> None:
    line_id = make.roster_line(clinic)
    cmd = EndRosterLine(key(), clinic.hospital_id, line_id, date(2026, 11, 30))
    planning.end_roster_line(cmd, actor=clinic.manager, now=NOW)
    assert generate(clinic, NOW.date(), date(2026, 12, 31)).sessions == 2
    assert [event.operation for event in Event.objects.filter(subject_id=line_id).order_by("recorded_at")] == [
        "schedule.roster_line_added",
        "schedule.roster_line_ended",
    ]
    after = timetable.list_roster(clinic.hospital_id, date(2026, 12, 1), actor=clinic.manager)
    assert after == []
    for until in (date(2026, 12, 1), date(2026, 11, 21)):  # a line never grows again, and ends no earlier than void
        with pytest.raises(errors.TimesInvalid):
            planning.end_roster_line(replace(cmd, key=key(), until_date=until), actor=clinic.manager, now=NOW)
    with pytest.raises(errors.RosterLineMissing):
        planning.end_roster_line(replace(cmd, key=key(), roster_line_id=uuid4()), actor=clinic.manager, now=NOW)


def test_a_void_line_frees_the_doctor(clinic: make.Clinic) -> None:
    line_id = make.roster_line(clinic)
    with pytest.raises(errors.PractitionerBusy):
        make.roster_line(clinic, starts=time(11), ends=time(13))
    void = EndRosterLine(key(), clinic.hospital_id, line_id, NOW.date() - timedelta(days=1))
    planning.end_roster_line(void, actor=clinic.manager, now=NOW)
    make.roster_line(clinic, starts=time(11), ends=time(13))


def test_who_and_where_of_a_roster_line_must_belong_together(clinic: make.Clinic) -> None:
    other = make.clinic(hospital_id=clinic.hospital_id)
    elsewhere = make.clinic()
    for changed, refusal in (
        ({"practitioner_id": other.doctor_id}, errors.PractitionerNotOfDepartment),
        ({"practitioner_id": elsewhere.doctor_id}, PractitionerMissing),
        ({"department_id": elsewhere.department_id}, DepartmentMissing),
        ({"campus_id": other.campus_id}, errors.TimesInvalid),
        ({"slot_minutes": 31}, errors.SlotTooLong),
    ):
        before = totals(clinic.hospital_id)
        with pytest.raises(refusal):
            make.roster_line(clinic, **changed)
        assert totals(clinic.hospital_id) == before


# -- release (R-002) -----------------------------------------------------------------------------------------------


@pytest.mark.rule("R-002")
def test_the_release_comes_at_its_instant_and_once(clinic: make.Clinic) -> None:
    session = make.session(clinic, date(2026, 12, 7))
    instant = session.release_at
    assert sessions.release_due(clinic.hospital_id, actor=SYSTEM, now=instant - timedelta(milliseconds=1)) == 0
    assert sessions.release_due(clinic.hospital_id, actor=SYSTEM, now=instant) == 1
    assert sessions.release_due(clinic.hospital_id, actor=SYSTEM, now=instant) == 0
    [event] = events_of(clinic.hospital_id, "session_released")
    assert (event.subject_id, event.from_state, event.to_state) == (session.session_id, "planned", "released")
    assert timetable.get_session(clinic.hospital_id, session.session_id).state is SessionState.RELEASED


def test_a_late_release_goes_in_order_and_leaves_stopped_ones(clinic: make.Clinic) -> None:
    days = [date(2026, 12, day) for day in (9, 7, 8)]
    made = [make.session(clinic, day) for day in days]
    sessions.stop_session(stop(made[2]), actor=clinic.manager, now=NOW)
    late = at_shanghai(date(2026, 12, 6), time(9))
    assert sessions.release_due(clinic.hospital_id, actor=SYSTEM, now=late) == 2
    released = [event.subject_id for event in events_of(clinic.hospital_id, "session_released")]
    assert released == [made[1].session_id, made[0].session_id]


def test_only_the_clock_releases(clinic: make.Clinic) -> None:
    for command in (sessions.release_due, sessions.return_referrals):
        with pytest.raises(Forbidden):
            command(clinic.hospital_id, actor=clinic.manager, now=NOW)
        with pytest.raises(Unidentified):
            command(clinic.hospital_id, actor=Actor.anonymous(), now=NOW)


# -- stop and substitute (R-016) -----------------------------------------------------------------------------------


@pytest.mark.rule("R-016")
def test_a_stop_says_why_and_stays(clinic: make.Clinic) -> None:
    session = make.session(clinic)
    cmd = stop(session, StopReason.EMERGENCY_DUTY)
    done = sessions.stop_session(cmd, actor=clinic.manager, now=NOW)
    assert (done.session_id, done.state) == (session.session_id, SessionState.STOPPED)
    assert sessions.stop_session(cmd, actor=clinic.manager, now=NOW) == done
    after = timetable.get_session(clinic.hospital_id, session.session_id)
    assert (after.state, after.stop_reason) == (SessionState.STOPPED, "emergency_duty")
    [event] = events_of(clinic.hospital_id, "session_stopped")
    assert (event.from_state, event.to_state) == ("released", "stopped")
    assert event.body == {"reason_code": "emergency_duty", "stoppage_id": None}
    for again in (stop(session), SubstituteSession(key(), clinic.hospital_id, session.session_id, uuid4())):
        run = sessions.stop_session if isinstance(again, StopSession) else sessions.substitute_session
        with pytest.raises(errors.SessionIsStopped):
            run(again, actor=clinic.manager, now=NOW)  # type: ignore[operator]


def test_a_session_that_is_over_cannot_be_stopped(clinic: make.Clinic) -> None:
    session = make.session(clinic)
    with pytest.raises(errors.SessionIsOver):
        sessions.stop_session(stop(session), actor=clinic.manager, now=session.ends_at)
    sessions.stop_session(stop(session), actor=clinic.manager, now=session.ends_at - timedelta(milliseconds=1))


# -- rooms -----------------------------------------------------------------------------------------------------------


def test_a_room_of_the_roster_reaches_its_sessions(clinic: make.Clinic) -> None:
    make.roster_line(clinic, room="3")
    generated = GenerateSessions(key(), clinic.hospital_id, NOW.date(), NOW.date() + timedelta(days=6))
    planning.generate_sessions(generated, actor=clinic.manager, now=NOW)
    made = timetable.list_sessions(clinic.hospital_id, clinic.department_id, NOW.date(), NOW.date() + timedelta(days=6))
    assert [session.room for session in made] == ["3"]


def test_a_session_gets_another_room_and_the_log_shows_both(clinic: make.Clinic) -> None:
    session = make.session(clinic, room="3")
    cmd = ChangeRoom(key(), clinic.hospital_id, session.session_id, "B203")
    sessions.change_room(cmd, actor=clinic.manager, now=NOW)
    sessions.change_room(cmd, actor=clinic.manager, now=NOW)  # pressed twice
    assert timetable.get_session(clinic.hospital_id, session.session_id).room == "B203"
    (event,) = events_of(clinic.hospital_id, "room_changed")
    assert (event.body["from_room"], event.body["to_room"]) == ("3", "B203")


@pytest.mark.parametrize("room", [" 3", "3\n4", "三" * 21])
def test_what_is_no_name_on_a_door_is_refused(clinic: make.Clinic, room: str) -> None:
    session = make.session(clinic)
    before = totals(clinic.hospital_id)
    cmd = ChangeRoom(key(), clinic.hospital_id, session.session_id, room)
    with pytest.raises(errors.RoomInvalid):
        sessions.change_room(cmd, actor=clinic.manager, now=NOW)
    with pytest.raises(errors.RoomInvalid):
        make.roster_line(clinic, room=room)
    with pytest.raises(errors.RoomInvalid):
        make.session(clinic, TOMORROW + timedelta(days=1), room=room)
    assert totals(clinic.hospital_id) == before


def test_a_stopped_or_past_session_keeps_its_room(clinic: make.Clinic) -> None:
    stopped, past = make.stopped_session(clinic), make.session(clinic, TOMORROW + timedelta(days=1))
    of_stopped, of_past = (ChangeRoom(key(), one.hospital_id, one.session_id, "4") for one in (stopped, past))
    stranger = make.staff_actor("roster_manager", hospital_id=new_id())
    with pytest.raises(errors.SessionIsStopped):
        sessions.change_room(of_stopped, actor=clinic.manager, now=NOW)
    with pytest.raises(errors.SessionIsOver):
        sessions.change_room(of_past, actor=clinic.manager, now=past.ends_at)
    with pytest.raises(Forbidden):
        sessions.change_room(of_past, actor=stranger, now=NOW)
    assert timetable.get_session(clinic.hospital_id, past.session_id).room == ""


def test_a_session_of_another_hospital_is_missing(clinic: make.Clinic) -> None:
    session, other = make.session(clinic), make.clinic()
    cmd = replace(stop(session), hospital_id=other.hospital_id)
    with pytest.raises(errors.SessionMissing):
        sessions.stop_session(cmd, actor=other.manager, now=NOW)


def colleague(clinic: make.Clinic, title: Title = Title.CHIEF, name: str = "王代诊") -> UUID:
    return make.practitioner(clinic.hospital_id, clinic.department_code, title=title, name=name)


def substitute(session: Session, practitioner_id: UUID) -> SubstituteSession:
    return SubstituteSession(key(), session.hospital_id, session.session_id, practitioner_id)


@pytest.mark.rule("R-016")
def test_a_substitute_sits_in_and_the_planned_doctor_is_kept(clinic: make.Clinic) -> None:
    session, first, second = make.session(clinic), colleague(clinic), colleague(clinic)
    for doctor_id, planned_id in ((first, clinic.doctor_id), (second, clinic.doctor_id), (clinic.doctor_id, None)):
        sessions.substitute_session(substitute(session, doctor_id), actor=clinic.manager, now=NOW)
        after = timetable.get_session(clinic.hospital_id, session.session_id)
        assert (after.practitioner_id, after.substituted_id, after.fee_fen) == (doctor_id, planned_id, 8000)
    told = [event.body for event in events_of(clinic.hospital_id, "session_substituted")]
    assert [(body["from_practitioner_id"], body["to_practitioner_id"]) for body in told] == [
        (str(clinic.doctor_id), str(first)),
        (str(first), str(second)),
        (str(second), str(clinic.doctor_id)),
    ]


@pytest.mark.rule("R-016")
def test_who_cannot_stand_in(clinic: make.Clinic) -> None:
    session = make.session(clinic)
    other = make.clinic(hospital_id=clinic.hospital_id)
    busy = colleague(clinic)
    make.session(clinic, practitioner_id=busy, starts=time(11), ends=time(13))
    for doctor_id, refusal in (
        (colleague(clinic, Title.ASSOCIATE_CHIEF), errors.SubstituteGradeTooLow),
        (other.doctor_id, errors.PractitionerNotOfDepartment),
        (clinic.doctor_id, errors.SubstituteNeedsDoctor),
        (uuid4(), PractitionerMissing),
        (busy, errors.PractitionerBusy),
    ):
        with pytest.raises(refusal):
            sessions.substitute_session(substitute(session, doctor_id), actor=clinic.manager, now=NOW)
    assert timetable.get_session(clinic.hospital_id, session.session_id) == session


@pytest.mark.rule("R-016")
def test_substitutes_are_offered_by_grade_and_only_the_free(clinic: make.Clinic) -> None:
    session = make.session(clinic, title=Title.ASSOCIATE_CHIEF)
    same, higher = colleague(clinic, Title.ASSOCIATE_CHIEF, "乙"), colleague(clinic, Title.CHIEF, "甲")
    colleague(clinic, Title.ATTENDING)
    make.session(clinic, practitioner_id=colleague(clinic))
    offered = stopping.list_substitutes(clinic.hospital_id, session.session_id, actor=clinic.manager)
    assert [(one.practitioner_id, one.same_grade) for one in offered] == [(same, True), (higher, False)]


# -- pools (R-012, S-08) -------------------------------------------------------------------------------------------


def move(session: Session, chosen: list, from_pool: Pool, to_pool: Pool) -> MoveSlots:  # type: ignore[type-arg]
    ids = tuple(slot.slot_id for slot in chosen)
    return MoveSlots(key(), session.hospital_id, session.session_id, ids, from_pool, to_pool)


@pytest.mark.rule("R-012")
def test_a_person_moves_slots_and_the_audit_shows_who(clinic: make.Clinic) -> None:
    session = make.session(clinic)
    chosen = make.slots(session, Pool.REFERRAL)[:3]
    slots.move_slots(move(session, chosen, Pool.REFERRAL, Pool.ONLINE), actor=clinic.manager, now=NOW)
    assert timetable.count_pools(clinic.hospital_id, session.session_id)[Pool.ONLINE] == 10
    [event] = events_of(clinic.hospital_id, "slots_moved")
    assert event.actor == clinic.manager.key
    assert event.body == {"from_pool": "referral", "to_pool": "online", "slots": 3}


@pytest.mark.rule("R-012")
def test_a_move_keeps_the_shares(clinic: make.Clinic) -> None:
    session = make.session(clinic)
    online = make.slots(session, Pool.ONLINE)
    for cmd, refusal in (
        (move(session, online[:1], Pool.ONLINE, Pool.ONSITE), errors.PoolShareBroken),
        (move(session, online[:1], Pool.ONLINE, Pool.REVISIT), errors.PoolShareBroken),
        (move(session, online[:1], Pool.PHONE, Pool.ONLINE), errors.SlotsNotInPool),
        (move(session, online[:1], Pool.ONLINE, Pool.ONLINE), errors.SlotsNotInPool),
        (move(session, [], Pool.ONLINE, Pool.PHONE), errors.SlotsNotInPool),
    ):
        with pytest.raises(refusal):
            slots.move_slots(cmd, actor=clinic.manager, now=NOW)
    assert make.slots(session, Pool.ONLINE) == online
    slots.move_slots(move(session, online, Pool.ONLINE, Pool.PHONE), actor=clinic.manager, now=NOW)
    assert make.slots(session, Pool.ONLINE) == []


def test_a_kept_slot_that_is_moved_is_kept_no_longer(clinic: make.Clinic) -> None:
    session = make.session(clinic)
    onsite = make.slots(session, Pool.ONSITE)
    assert [slot.is_special for slot in onsite].count(True) == 1
    slots.move_slots(move(session, onsite, Pool.ONSITE, Pool.ONLINE), actor=clinic.manager, now=NOW)
    assert not any(slot.is_special for slot in make.slots(session))


@pytest.mark.rule("R-012")
def test_unused_referral_slots_return_at_their_instant_and_once(clinic: make.Clinic) -> None:
    session, later = make.session(clinic), make.session(clinic, date(2026, 11, 25))
    noon = at_shanghai(NOW.date(), time(12))
    early = noon - timedelta(milliseconds=1)
    assert sessions.return_referrals(clinic.hospital_id, actor=SYSTEM, now=early) == 0
    assert sessions.return_referrals(clinic.hospital_id, actor=SYSTEM, now=noon) == 1
    assert sessions.return_referrals(clinic.hospital_id, actor=SYSTEM, now=noon) == 0
    assert timetable.count_pools(clinic.hospital_id, session.session_id)[Pool.REFERRAL] == 0
    assert timetable.count_pools(clinic.hospital_id, session.session_id)[Pool.ONLINE] == 24
    assert timetable.count_pools(clinic.hospital_id, later.session_id)[Pool.REFERRAL] == 17
    [event] = events_of(clinic.hospital_id, "slots_moved")
    assert (event.actor, event.body["slots"]) == (SYSTEM.key, 17)


# -- extra slots (R-014) -------------------------------------------------------------------------------------------


def extra(session: Session, actor: Actor, *, reason: str = ExtraReason.FROM_AFAR, now: datetime = NOW):  # type: ignore[no-untyped-def]
    with transaction.atomic():
        return slots.add_extra_slot(session.hospital_id, session.session_id, new_id(), reason, actor=actor, now=now)


@pytest.mark.rule("R-014")
def test_the_doctor_adds_three_and_no_fourth(clinic: make.Clinic) -> None:
    session = make.session(clinic)
    made = [extra(session, clinic.doctor) for _ in range(3)]
    assert [one.slot.number for one in made] == [33, 34, 35]
    assert {(one.slot.pool, one.slot.is_extra) for one in made} == {(Pool.ONSITE, True)}
    assert all(one.slot.extra_for_id is not None for one in made)
    assert {(one.slot.starts_at, one.slot.ends_at) for one in made} == {session_end(session)}
    assert (made[-1].session.slots, made[-1].session.extra_slots) == (35, 3)
    with pytest.raises(errors.ExtraLimitReached) as refused:
        extra(session, clinic.doctor)
    assert refused.value.params == {"n": 3}
    told = events_of(clinic.hospital_id, "extra_slot_added")
    assert [event.body["slot_id"] for event in told] == [str(one.slot.slot_id) for one in made]
    assert {event.body["reason"] for event in told} == {"from_afar"}
    assert timetable.count_slots(clinic.hospital_id, [session.session_id], [Pool.ONSITE], NOW) == {
        session.session_id: 4
    }


def session_end(session: Session) -> tuple[datetime, datetime]:
    return session.ends_at - timedelta(minutes=30), session.ends_at


@pytest.mark.rule("R-014")
def test_nobody_else_adds_an_extra_slot(clinic: make.Clinic) -> None:
    session = make.session(clinic)
    other = make.clinic(hospital_id=clinic.hospital_id)
    unbound = make.staff_actor("doctor", hospital_id=clinic.hospital_id, staff_id=uuid4())
    for actor, refusal in (
        (other.doctor, errors.NotYourSession),
        (unbound, errors.NotYourSession),
        (clinic.manager, Forbidden),
        (SYSTEM, Forbidden),
        (Actor.anonymous(), Unidentified),
    ):
        with pytest.raises(refusal):
            extra(session, actor)
    with pytest.raises(errors.ExtraReasonUnknown):
        extra(session, clinic.doctor, reason="friend")
    assert timetable.get_session(clinic.hospital_id, session.session_id) == session
    assert len(make.slots(session)) == 32


def test_a_substitute_adds_extra_slots_and_the_absent_doctor_does_not(clinic: make.Clinic) -> None:
    session = make.session(clinic)
    sessions.substitute_session(substitute(session, colleague(clinic)), actor=clinic.manager, now=NOW)
    with pytest.raises(errors.NotYourSession):
        extra(session, clinic.doctor)


# -- joined ----------------------------------------------------------------------------------------------------------


def test_a_freed_slot_counts_again_when_it_reopens(clinic: make.Clinic) -> None:
    session = make.session(clinic)
    slot = make.slots(session, Pool.ONLINE)[0]
    later = NOW + timedelta(minutes=37)
    with transaction.atomic():
        slots.reopen_slot(clinic.hospital_id, slot.slot_id, later)

    def online(now: datetime) -> int:
        return timetable.count_slots(clinic.hospital_id, [session.session_id], [Pool.ONLINE], now)[session.session_id]

    assert (online(later - timedelta(milliseconds=1)), online(later)) == (6, 7)
    with transaction.atomic():
        assert slots.share_slot(clinic.hospital_id, slot.slot_id).slot.reopens_at == later
        with pytest.raises(errors.SlotMissing):
            slots.share_slot(clinic.hospital_id, uuid4())
        with pytest.raises(errors.SlotMissing):
            slots.reopen_slot(uuid4(), slot.slot_id, later)


def test_policies_of_a_department_reach_its_sessions(clinic: make.Clinic) -> None:
    with transaction.atomic():
        policies.record(
            "booking.extra_per_session",
            0,
            scope="department",
            hospital_id=clinic.hospital_id,
            scope_id=clinic.department_id,
            effective_from=NOW,
            source="test",
            decided_by="staff:1",
            now=NOW,
        )
    with pytest.raises(errors.ExtraLimitReached):
        extra(make.session(clinic), clinic.doctor)
    assert make.session(clinic, date(2026, 11, 25), kind=ClinicKind.GENERAL).slots == 32


# -- a line that moves ---------------------------------------------------------------------------------------------


def move_to(clinic: make.Clinic, line_id: UUID, **changed: object) -> MoveRosterLine:
    content = {
        "key": key(),
        "hospital_id": clinic.hospital_id,
        "roster_line_id": line_id,
        "weekday": 2,
        "half_day": HalfDay.AM,
        "starts": time(8),
        "ends": time(12),
        "from_date": date(2026, 12, 1),
    }
    return MoveRosterLine(**{**content, **changed})  # type: ignore[arg-type]


def test_a_line_moves_from_a_day_on_and_a_repeat_moves_it_once(clinic: make.Clinic) -> None:
    line_id = make.roster_line(clinic)
    cmd = move_to(clinic, line_id)
    done = planning.move_roster_line(cmd, actor=clinic.manager, now=NOW)
    assert planning.move_roster_line(cmd, actor=clinic.manager, now=NOW) == done
    old, new = (RosterLine.objects.get(id=one) for one in (line_id, done.roster_line_id))
    assert (old.weekday, old.until_date) == (0, date(2026, 11, 30))
    assert (new.weekday, new.from_date, new.until_date) == (2, date(2026, 12, 1), None)
    assert [event.subject_id for event in events_of(clinic.hospital_id, "roster_line_ended")] == [line_id]


def test_a_move_before_its_first_day_voids_the_line(clinic: make.Clinic) -> None:
    line_id = make.roster_line(clinic, from_date=date(2026, 12, 20))
    done = planning.move_roster_line(move_to(clinic, line_id), actor=clinic.manager, now=NOW)
    assert RosterLine.objects.get(id=line_id).until_date == date(2026, 12, 19)
    assert RosterLine.objects.get(id=done.roster_line_id).from_date == date(2026, 12, 20)


def test_a_move_that_cannot_be_leaves_all_alone(clinic: make.Clinic) -> None:
    line_id = make.roster_line(clinic)
    make.roster_line(clinic, weekday=3)
    before = totals(clinic.hospital_id)
    for changed, refusal in (
        ({"weekday": 3}, errors.PractitionerBusy),
        ({"weekday": 0}, errors.RosterLineUnmoved),
        ({"from_date": date(2026, 11, 1)}, errors.TimesInvalid),
        ({"ends": time(15)}, errors.TimesInvalid),
        ({"roster_line_id": uuid4()}, errors.RosterLineMissing),
    ):
        with pytest.raises(refusal):
            planning.move_roster_line(move_to(clinic, line_id, **changed), actor=clinic.manager, now=NOW)
    with pytest.raises(Forbidden):
        planning.move_roster_line(move_to(clinic, line_id), actor=clinic.doctor, now=NOW)
    assert totals(clinic.hospital_id) == before
    assert RosterLine.objects.get(id=line_id).until_date is None
