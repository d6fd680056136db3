"""Reading: what is seen, in which order, in how many queries."""

from datetime import date, time, timedelta
from uuid import UUID, uuid4

import pytest
from tests import make

from yitong.core.actor import Actor
from yitong.core.errors import Forbidden, Unidentified
from yitong.domains.hospitals.contracts.things import ClinicKind
from yitong.domains.schedule import errors, permissions
from yitong.domains.schedule.commands import planning
from yitong.domains.schedule.contracts import HalfDay, Pool, SessionState
from yitong.domains.schedule.queries import stopping, timetable

pytestmark = pytest.mark.django_db
NOW = make.NOW
MONDAY = date(2026, 11, 30)


@pytest.fixture(scope="module")
def clinic(shared_db: None) -> make.Clinic:
    """As it was made: what another test did there is rolled back."""
    return make.clinic()


def fill(clinic: make.Clinic, count: int, day: date = MONDAY) -> None:
    """That many sessions without a doctor, on one day."""
    new = [make.new_session(clinic, day, practitioner_id=None, title=None, per_window=1) for _ in range(count)]
    planning.import_sessions(clinic.hospital_id, new, actor=clinic.manager, now=NOW)


def test_a_department_shows_planned_and_stopped_sessions_by_time(clinic: make.Clinic) -> None:
    pm = make.session(clinic, MONDAY, starts=time(14), ends=time(17), half_day=HalfDay.PM)
    am = make.session(clinic, MONDAY)
    stopped = make.stopped_session(clinic, date(2026, 12, 1))
    make.session(make.clinic(hospital_id=clinic.hospital_id), MONDAY)
    make.session(clinic, date(2026, 12, 2))
    seen = timetable.list_sessions(clinic.hospital_id, clinic.department_id, MONDAY, date(2026, 12, 1))
    assert seen == [am, pm, stopped]
    assert timetable.sessions_by_id(clinic.hospital_id, [am.session_id, uuid4()]) == {am.session_id: am}
    assert timetable.list_practitioner_sessions(clinic.hospital_id, clinic.doctor_id, MONDAY, MONDAY) == [am, pm]


def test_days_of_a_department(clinic: make.Clinic) -> None:
    make.session(clinic, MONDAY)
    make.session(clinic, MONDAY, starts=time(14), ends=time(17), half_day=HalfDay.PM)
    make.stopped_session(clinic, date(2026, 12, 1))
    days = timetable.list_department_days(clinic.hospital_id, clinic.department_id, MONDAY, MONDAY + timedelta(days=7))
    assert [(day.date, day.sessions, day.stopped, day.slots) for day in days] == [
        (MONDAY, 2, 0, 56),
        (date(2026, 12, 1), 0, 1, 0),
    ]
    assert days[1].release_at is None


def test_another_hospital_does_not_see_it(clinic: make.Clinic) -> None:
    session, other = make.session(clinic), uuid4()
    with pytest.raises(errors.SessionMissing):
        timetable.get_session(other, session.session_id)
    with pytest.raises(errors.SlotMissing):
        timetable.get_slot(other, make.slots(session)[0].slot_id)
    assert timetable.list_slots(other, session.session_id) == []
    assert timetable.sessions_by_id(other, [session.session_id]) == {}


def test_slots_are_counted_by_pool_and_left_out_by_id(clinic: make.Clinic) -> None:
    session = make.session(clinic, kind=ClinicKind.GENERAL)
    online = make.slots(session, Pool.ONLINE)
    taken = [slot.slot_id for slot in online[:2]]
    missing = uuid4()
    counted = timetable.count_slots(
        clinic.hospital_id, [session.session_id, missing], [Pool.ONLINE, Pool.PHONE], NOW, except_ids=taken
    )
    phone = len(make.slots(session, Pool.PHONE))
    assert counted == {session.session_id: len(online) - 2 + phone, missing: 0}
    assert timetable.get_slot(clinic.hospital_id, taken[0]) == online[0]


@pytest.mark.parametrize("count", [1, 50])
def test_as_many_queries_for_one_session_as_for_fifty(
    clinic: make.Clinic,
    django_assert_num_queries,  # type: ignore[no-untyped-def]
    count: int,
) -> None:
    fill(clinic, count)
    with django_assert_num_queries(4):
        found = timetable.list_sessions(clinic.hospital_id, clinic.department_id, MONDAY, MONDAY)
        timetable.count_slots(clinic.hospital_id, [one.session_id for one in found], [Pool.ONLINE], NOW)
        timetable.list_department_days(clinic.hospital_id, clinic.department_id, MONDAY, MONDAY)
        timetable.week_list(clinic.hospital_id, MONDAY, MONDAY, actor=clinic.manager)
    assert len(found) == count


def test_pages_of_a_hundred_cover_the_week_without_a_gap(clinic: make.Clinic) -> None:
    fill(clinic, 150)
    fill(clinic, 101, date(2026, 12, 1))
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = timetable.week_list(
            clinic.hospital_id, MONDAY, MONDAY + timedelta(days=6), actor=clinic.manager, cursor=cursor
        )
        seen += [one.session_id for one in page.sessions]
        cursor, pages = page.next_cursor, pages + 1
    assert (pages, len(seen), len(set(seen))) == (3, 251, 251)
    whole = timetable.day_list(clinic.hospital_id, MONDAY, actor=clinic.manager)
    assert len(whole.sessions) == 100


def test_a_full_last_page_has_no_next(clinic: make.Clinic) -> None:
    fill(clinic, 100)
    page = timetable.day_list(clinic.hospital_id, MONDAY, actor=clinic.manager)
    assert (len(page.sessions), page.next_cursor) == (100, None)


@pytest.mark.parametrize("cursor", ["x", "2026-11-30T08:00:00~nobody", f"2026-11-30T08:00:00~{UUID(int=7)}", "~"])
def test_a_made_up_cursor_is_refused(clinic: make.Clinic, cursor: str) -> None:
    with pytest.raises(errors.CursorInvalid):
        timetable.day_list(clinic.hospital_id, MONDAY, actor=clinic.manager, cursor=cursor)


def test_lists_are_cut_by_department_and_practitioner(clinic: make.Clinic) -> None:
    other = make.clinic(hospital_id=clinic.hospital_id)
    mine, theirs = make.session(clinic, MONDAY), make.session(other, MONDAY)

    def ids(**which: object) -> set:  # type: ignore[type-arg]
        page = timetable.day_list(clinic.hospital_id, MONDAY, actor=clinic.manager, **which)  # type: ignore[arg-type]
        return {one.session_id for one in page.sessions}

    assert ids() == {mine.session_id, theirs.session_id}
    assert ids(department_id=other.department_id) == {theirs.session_id}
    assert ids(practitioner_id=clinic.doctor_id) == {mine.session_id}


def test_a_range_has_an_end(clinic: make.Clinic) -> None:
    with pytest.raises(errors.TimesInvalid):
        timetable.list_sessions(clinic.hospital_id, clinic.department_id, MONDAY, MONDAY + timedelta(days=93))


def test_the_roster_grid_holds_lines_of_now_and_later(clinic: make.Clinic) -> None:
    tuesday = make.roster_line(clinic, weekday=1)
    monday = make.roster_line(clinic, from_date=date(2026, 12, 7))
    make.roster_line(clinic, weekday=2, until_date=date(2026, 11, 25))
    lines = timetable.list_roster(clinic.hospital_id, MONDAY, actor=clinic.manager, department_id=clinic.department_id)
    assert [line.roster_line_id for line in lines] == [monday, tuesday]
    assert [timetable.is_rostered(line, date(2026, 12, 7)) for line in lines] == [True, False]


def test_pure_answers_are_the_rules(clinic: make.Clinic) -> None:
    from yitong.core.db import policies

    in_force = policies.at(clinic.hospital_id, NOW)
    session = make.session(clinic, MONDAY)
    assert session.state is SessionState.PLANNED
    assert session.release_at == timetable.release_at(MONDAY, in_force)
    assert not timetable.is_open(session, session.release_at - timedelta(milliseconds=1), in_force)
    assert timetable.is_open(session, session.release_at, in_force)
    assert MONDAY in timetable.bookable_dates(session.release_at, in_force)
    assert timetable.must_hide_name(session, in_force, is_first_visit=True)
    assert not timetable.must_hide_name(session, in_force, is_first_visit=False)


# -- who may ---------------------------------------------------------------------------------------------------------

ROLES = {
    "roster_manager": (True, True, False),
    "hospital_admin": (True, True, False),
    "doctor": (False, True, True),
    "nurse": (False, True, False),
    "registrar": (False, True, False),
    "city_operator": (False, False, False),
    "policy_officer": (False, False, False),
    "security_admin": (False, False, False),
    "auditor": (False, False, False),
}


def may(check, actor: Actor, hospital_id) -> bool:  # type: ignore[no-untyped-def]
    try:
        check(actor, hospital_id)
    except (Forbidden, Unidentified):
        return False
    return True


@pytest.mark.parametrize("role", ROLES)
def test_role_by_action(role: str) -> None:
    here, elsewhere = uuid4(), uuid4()
    checks = (permissions.check_can_manage, permissions.check_can_see_lists, permissions.check_can_add_extra)
    own, foreign = make.staff_actor(role, hospital_id=here), make.staff_actor(role, hospital_id=elsewhere)
    assert tuple(may(check, own, here) for check in checks) == ROLES[role]
    assert not any(may(check, foreign, here) for check in checks)
    assert not any(may(check, make.staff_actor(role), here) for check in checks)
    assert permissions.can_manage(own, here) is ROLES[role][0]
    assert permissions.can_see_lists(own, here) is ROLES[role][1]


@pytest.mark.parametrize(
    ("actor", "refusal"),
    [
        (Actor.anonymous(), Unidentified),
        (Actor.for_account(uuid4()), Forbidden),
        (Actor.for_channel(uuid4(), "api", scopes=frozenset({"catalogue:read"})), Forbidden),
    ],
)
def test_nobody_else_sees_the_desks_lists(clinic: make.Clinic, actor: Actor, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        timetable.day_list(clinic.hospital_id, MONDAY, actor=actor)
    with pytest.raises(refusal):
        timetable.list_roster(clinic.hospital_id, MONDAY, actor=actor)
    with pytest.raises(refusal):
        stopping.list_substitutes(clinic.hospital_id, uuid4(), actor=actor)
