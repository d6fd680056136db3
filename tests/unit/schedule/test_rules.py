"""When a day opens, how sessions are cut and shared: the pure rules at their limits."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest

from yitong.core.clock import at_shanghai
from yitong.core.policy.values import Policies
from yitong.domains.schedule import errors
from yitong.domains.schedule.contracts import (
    AddRosterLine,
    HalfDay,
    NewSession,
    Pool,
    RosterLine,
    Session,
    SessionState,
)
from yitong.domains.schedule.rules import changes, cutting, opening, roster

TODAY = date(2026, 11, 23)  # a Monday
POLICIES = Policies({})
MS = timedelta(milliseconds=1)


def at(clock_time: str, day: date = TODAY) -> datetime:
    return at_shanghai(day, time.fromisoformat(clock_time))


def ahead(days: int) -> date:
    return TODAY + timedelta(days=days)


def session(day: date = TODAY, **changed: object) -> Session:
    content = {
        "hospital_id": UUID(int=1),
        "session_id": UUID(int=2),
        "campus_id": UUID(int=3),
        "department_id": UUID(int=4),
        "practitioner_id": UUID(int=5),
        "substituted_id": None,
        "clinic_kind": "expert",
        "title": "chief",
        "date": day,
        "half_day": HalfDay.AM,
        "starts_at": at("08:00", day),
        "ends_at": at("12:00", day),
        "fee_fen": 8000,
        "state": SessionState.PLANNED,
        "release_at": opening.release_at(day, POLICIES),
        "is_first_visit_named": False,
        "stop_reason": None,
        "slots": 32,
    }
    return Session(**{**content, **changed})  # type: ignore[arg-type]


def line(**changed: object) -> RosterLine:
    content = {
        "hospital_id": UUID(int=1),
        "roster_line_id": UUID(int=2),
        "campus_id": UUID(int=3),
        "department_id": UUID(int=4),
        "practitioner_id": UUID(int=5),
        "clinic_kind": "expert",
        "weekday": 0,
        "half_day": HalfDay.AM,
        "starts": time(8),
        "ends": time(12),
        "slot_minutes": 30,
        "per_window": 4,
        "from_date": date(2026, 1, 1),
        "until_date": None,
    }
    return RosterLine(**{**content, **changed})  # type: ignore[arg-type]


# -- when (R-002) --------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-002")
@pytest.mark.parametrize(
    ("clock_time", "first", "last"),
    [
        ("00:00", 1, 6),
        ("14:59:59.999", 1, 6),
        ("15:00", 1, 7),
        ("15:59:59.999", 1, 7),
        ("16:00", 2, 7),
        ("23:59:59.999", 2, 7),
    ],
)
def test_bookable_days_through_the_day(clock_time: str, first: int, last: int) -> None:
    assert opening.bookable_dates(at(clock_time), POLICIES) == [ahead(days) for days in range(first, last + 1)]


@pytest.mark.rule("R-002")
@pytest.mark.parametrize(("days", "is_open"), [(0, False), (1, True), (7, True), (8, False)])
def test_days_at_the_edges_of_the_window(days: int, is_open: bool) -> None:
    assert opening.is_open(session(ahead(days)), at("15:30"), POLICIES) is is_open


@pytest.mark.rule("R-002")
def test_the_last_day_opens_at_the_release_and_not_a_millisecond_before() -> None:
    last = session(ahead(7))
    assert last.release_at == at("15:00")
    assert not opening.is_open(last, at("15:00") - MS, POLICIES)
    assert opening.is_open(last, at("15:00"), POLICIES)


@pytest.mark.rule("R-002")
def test_the_release_instant_decides_whatever_the_job_wrote() -> None:
    late = session(ahead(7), state=SessionState.PLANNED)
    early = session(ahead(7), state=SessionState.RELEASED)
    assert opening.is_open(late, at("15:00"), POLICIES)
    assert not opening.is_open(early, at("15:00") - MS, POLICIES)
    assert not opening.is_open(session(ahead(3), release_at=at("20:00")), at("19:59:59.999"), POLICIES)


@pytest.mark.rule("R-016")
@pytest.mark.parametrize("pool", Pool)
def test_a_stopped_session_is_shut_to_every_pool(pool: Pool) -> None:
    assert not opening.is_open(session(ahead(3), state=SessionState.STOPPED), at("10:00"), POLICIES, pool=pool)


@pytest.mark.rule("R-002")
def test_same_day_booking_where_the_hospital_allows_it_ends_before_the_session_does() -> None:
    allowed = Policies({"booking.window.same_day": True})
    today = session()
    assert opening.bookable_dates(at("09:00"), allowed)[0] == TODAY
    assert opening.is_open(today, at("11:29:59.999"), allowed)
    assert not opening.is_open(today, at("11:30"), allowed)
    assert not opening.is_open(today, at("09:00"), POLICIES)


@pytest.mark.rule("R-002")
def test_seen_in_the_wild_four_weeks_at_seven_in_the_morning() -> None:
    wild = Policies({"booking.window.max_days": 28, "booking.window.release": "07:00", "booking.window.min_days": 2})
    days = opening.bookable_dates(at("06:59"), wild), opening.bookable_dates(at("07:00"), wild)
    assert (days[0][0], days[0][-1]) == (ahead(2), ahead(27))
    assert (days[1][0], days[1][-1]) == (ahead(2), ahead(28))
    assert opening.release_at(ahead(28), wild) == at("07:00")


@pytest.mark.rule("R-002")
def test_a_day_is_a_day_in_shanghai() -> None:
    late_evening_in_utc = datetime(2026, 11, 23, 16, 30, tzinfo=UTC)  # 00:30 on the 24th in Shanghai
    assert opening.bookable_dates(late_evening_in_utc, POLICIES)[0] == date(2026, 11, 25)


def test_the_desk_sells_until_the_session_ends() -> None:
    today = session()
    assert opening.is_open(today, at("11:59:59.999"), POLICIES, pool=Pool.ONSITE)
    assert not opening.is_open(today, at("12:00"), POLICIES, pool=Pool.ONSITE)
    assert opening.is_open(session(ahead(1)), at("17:00"), POLICIES, pool=Pool.ONSITE)
    assert not opening.is_open(session(ahead(8)), at("17:00"), POLICIES, pool=Pool.ONSITE)


@pytest.mark.rule("R-012")
def test_referrals_open_two_weeks_before_everybody_else() -> None:
    far = session(ahead(21))
    assert not opening.is_open(far, at("15:00") - MS, POLICIES, pool=Pool.REFERRAL)
    assert opening.is_open(far, at("15:00"), POLICIES, pool=Pool.REFERRAL)
    assert not opening.is_open(far, at("15:00"), POLICIES, pool=Pool.ONLINE)
    assert not opening.is_open(session(ahead(1)), at("16:00"), POLICIES, pool=Pool.REFERRAL)
    assert opening.is_open(session(ahead(1)), at("15:59"), POLICIES, pool=Pool.REFERRAL)


@pytest.mark.rule("R-012")
def test_unused_referrals_return_at_noon_of_the_day_before() -> None:
    assert opening.referral_returns_at(ahead(1), POLICIES) == at("12:00")


# -- windows (R-003) -----------------------------------------------------------------------------------------------


def check(*windows: tuple[str, str], policies: Policies = POLICIES) -> None:
    made = [(at(start), at(end), Pool.ONLINE) for start, end in windows]
    cutting.check_windows(at("08:00"), at("12:00"), made, policies)


@pytest.mark.rule("R-003")
def test_a_window_of_30_minutes_is_the_longest_in_the_city() -> None:
    check(("08:00", "08:30"))
    with pytest.raises(errors.SlotTooLong) as refused:
        check(("08:00", "08:31"))
    assert refused.value.params == {"n": 30}


@pytest.mark.rule("R-003")
def test_the_nation_allows_an_hour() -> None:
    wide = Policies({"booking.slot_minutes": 60})
    check(("08:00", "09:00"), policies=wide)
    with pytest.raises(errors.SlotTooLong):
        check(("08:00", "09:01"), policies=wide)


@pytest.mark.parametrize(
    "windows",
    [
        (),
        (("07:59", "08:29"),),
        (("11:45", "12:01"),),
        (("08:30", "08:30"),),
        (("08:30", "08:20"),),
        (("09:00", "09:30"), ("08:30", "09:00")),
    ],
)
def test_windows_lie_in_order_within_the_session(windows: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(errors.WindowsInvalid):
        check(*windows)


def test_a_session_is_cut_into_whole_windows() -> None:
    windows = cutting.cut_windows(at("08:00"), at("09:20"), 30, 2)
    assert windows == [(at("08:00"), at("08:30"))] * 2 + [(at("08:30"), at("09:00"))] * 2


# -- pools (R-012, R-013) ------------------------------------------------------------------------------------------


@pytest.mark.rule("R-012")
def test_shares_of_a_session_by_default() -> None:
    counts = cutting.share_pools(40, POLICIES)
    assert counts == {Pool.ONLINE: 14, Pool.PHONE: 4, Pool.REVISIT: 4, Pool.REFERRAL: 12, Pool.ONSITE: 6}
    expert = cutting.share_pools(40, POLICIES, "expert")
    assert expert == {Pool.ONLINE: 8, Pool.PHONE: 4, Pool.REVISIT: 2, Pool.REFERRAL: 20, Pool.ONSITE: 6}


@pytest.mark.rule("R-012")
def test_sixty_thirty_ten() -> None:
    """S-08: 60 online, 30 on site, 10 referral of a hundred."""
    wanted = Policies({"pools.bookable": "0.7", "pools.referral": "0.1", "pools.phone": "0", "pools.revisit": "0"})
    counts = cutting.share_pools(100, wanted)
    assert {pool: n for pool, n in counts.items() if n} == {Pool.ONLINE: 60, Pool.REFERRAL: 10, Pool.ONSITE: 30}


@pytest.mark.rule("R-012")
def test_the_platforms_floor_takes_back_from_revisit_then_referral() -> None:
    greedy = Policies({"pools.referral": "0.6", "pools.phone": "0", "pools.revisit": "0.25"})
    counts = cutting.share_pools(20, greedy)
    assert counts == {Pool.ONLINE: 6, Pool.PHONE: 0, Pool.REVISIT: 0, Pool.REFERRAL: 11, Pool.ONSITE: 3}


@pytest.mark.rule("R-012")
def test_shares_just_enough_and_one_too_few() -> None:
    cutting.check_shares({Pool.ONLINE: 6, Pool.REFERRAL: 11, Pool.ONSITE: 3}, POLICIES)
    with pytest.raises(errors.PoolShareBroken) as refused:
        cutting.check_shares({Pool.ONLINE: 6, Pool.REFERRAL: 10, Pool.ONSITE: 4}, POLICIES)
    assert refused.value.params == {"n": 16, "least": 17}
    with pytest.raises(errors.PoolShareBroken) as refused:
        cutting.check_shares({Pool.ONLINE: 5, Pool.REFERRAL: 12, Pool.ONSITE: 3}, POLICIES)
    assert refused.value.params == {"n": 5, "least": 6}


def test_pools_are_spread_over_the_half_day() -> None:
    pools = cutting.spread({Pool.ONLINE: 6, Pool.REFERRAL: 3, Pool.ONSITE: 3})
    for quarter in range(3):
        assert Counter(pools[quarter * 4 : quarter * 4 + 4]) == {Pool.ONLINE: 2, Pool.REFERRAL: 1, Pool.ONSITE: 1}


@pytest.mark.rule("R-013")
def test_a_share_of_the_on_site_slots_is_kept_for_the_old() -> None:
    windows = cutting.cut_windows(at("08:00"), at("12:00"), 30, 10)
    new = NewSession(
        UUID(int=1),
        UUID(int=2),
        UUID(int=3),
        None,
        "general",
        None,
        TODAY,
        HalfDay.AM,
        at("08:00"),
        at("12:00"),
        5000,
        at("15:00"),
        cutting.pool_windows(windows, POLICIES, "general"),
    )
    places = cutting.special_places(new, POLICIES)
    assert len(places) == 2  # of 12 on site
    assert all(new.windows[place][2] is Pool.ONSITE for place in places)
    assert cutting.special_places(new, Policies({"pools.onsite_special": "0"})) == set()


# -- days of a roster ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 11, 23), roster.DayKind.WORKDAY),
        (date(2026, 11, 22), roster.DayKind.WEEKEND),
        (date(2026, 10, 1), roster.DayKind.HOLIDAY),
        (date(2026, 10, 10), roster.DayKind.WORKED_WEEKEND),
        (date(2026, 2, 17), roster.DayKind.HOLIDAY),  # 春节
        (date(2031, 1, 1), roster.DayKind.HOLIDAY),  # its calendar isn't published: fixed holidays only
        (date(2031, 1, 2), roster.DayKind.WORKDAY),
        (date(2031, 1, 4), roster.DayKind.WEEKEND),
    ],
)
def test_what_kind_of_day_it_is(day: date, kind: roster.DayKind) -> None:
    assert roster.day_kind(day) is kind


def runs(one: RosterLine, day: date, worked_as: dict[date, int] | None = None) -> bool:
    return roster.runs_on(one, day, roster.day_kind(day), worked_as or {})


def test_a_line_runs_on_its_weekday_within_its_days() -> None:
    mondays = line(from_date=date(2026, 11, 16), until_date=date(2026, 11, 23))
    days = [date(2026, 11, day) for day in (9, 16, 17, 23, 30)]
    assert [day.day for day in days if runs(mondays, day)] == [16, 23]


def test_holidays_are_closed_unless_the_clinic_stays_open() -> None:
    national_day = date(2026, 10, 1)  # a Thursday
    assert not runs(line(weekday=3), national_day)
    assert runs(line(weekday=3, open_on_holidays=True), national_day)


def test_a_worked_saturday_runs_as_friday_unless_the_hospital_says_otherwise() -> None:
    worked = date(2026, 10, 10)
    assert runs(line(weekday=4), worked)
    assert not runs(line(weekday=5), worked)
    assert runs(line(weekday=0), worked, {worked: 0})
    assert not runs(line(weekday=4), worked, {worked: 0})


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"weekday": 7}, errors.TimesInvalid),
        ({"ends": time(8)}, errors.TimesInvalid),
        ({"ends": time(14, 1)}, errors.TimesInvalid),
        ({"half_day": HalfDay.NIGHT}, errors.TimesInvalid),
        ({"until_date": date(2025, 12, 31)}, errors.TimesInvalid),
        ({"campus_id": UUID(int=9)}, errors.TimesInvalid),
        ({"slot_minutes": 31}, errors.SlotTooLong),
        ({"slot_minutes": 0}, errors.WindowsInvalid),
        ({"ends": time(8, 29)}, errors.WindowsInvalid),
        ({"per_window": 0}, errors.WindowsInvalid),
        ({"per_window": 101}, errors.WindowsInvalid),
    ],
)
def test_a_roster_line_that_cannot_be(changed: dict[str, object], refusal: type[Exception]) -> None:
    sound = AddRosterLine(
        "key", UUID(int=1), UUID(int=3), UUID(int=4), None, "general", 0, HalfDay.AM, time(8), time(12), 30, 4,
        date(2026, 1, 1),
    )  # fmt: skip
    roster.check_roster_line(sound, campus_id=UUID(int=3), policies=POLICIES)
    with pytest.raises(refusal):
        roster.check_roster_line(replace(sound, **changed), campus_id=UUID(int=3), policies=POLICIES)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "last", "is_fine"), [(0, 0, True), (0, 91, True), (0, 92, False), (-1, 5, False), (3, 2, False)]
)
def test_days_to_plan(first: int, last: int, is_fine: bool) -> None:
    if is_fine:
        roster.check_days(ahead(first), ahead(last), today=TODAY)
    else:
        with pytest.raises(errors.TimesInvalid):
            roster.check_days(ahead(first), ahead(last), today=TODAY)


def test_sessions_are_made_as_far_ahead_as_referrals_may_book() -> None:
    assert roster.days_ahead(POLICIES) == 21
    assert roster.days_ahead(Policies({"booking.window.max_days": 92})) == 92


def test_a_stricter_slot_length_shortens_the_windows_of_old_roster_lines() -> None:
    """R-003: the policy of now decides, not the one of the day on which the line was entered."""
    strict = Policies({"booking.slot_minutes": 20})
    new = roster.plan_session(line(), TODAY, session_id=UUID(int=9), title="chief", fee_fen=1, policies=strict)
    assert len(new.windows) == 12 * 4
    roster.check_new_session(new, strict, campus_id=new.campus_id)


# -- first visits, substitutes, extra slots ----------------------------------------------------------------------------


@pytest.mark.rule("R-004")
@pytest.mark.parametrize(
    ("city_allows", "hospital_opened", "is_first_visit", "is_hidden"),
    [
        (False, False, True, True),
        (False, True, True, True),
        (True, False, True, True),
        (True, True, True, False),
        (False, False, False, False),
    ],
)
def test_a_first_visit_is_by_specialty_and_title(
    city_allows: bool, hospital_opened: bool, is_first_visit: bool, is_hidden: bool
) -> None:
    in_force = Policies({"booking.first_visit_named_doctor": city_allows})
    named = session(is_first_visit_named=hospital_opened)
    assert opening.must_hide_name(named, in_force, is_first_visit=is_first_visit) is is_hidden
    assert not opening.must_hide_name(session(practitioner_id=None), in_force, is_first_visit=True)


@pytest.mark.rule("R-016")
def test_a_substitute_has_the_same_grade_or_a_higher_one() -> None:
    changes.check_substitute(title="associate_chief", substitute_title="associate_chief", is_of_department=True)
    changes.check_substitute(title="associate_chief", substitute_title="chief", is_of_department=True)
    with pytest.raises(errors.SubstituteGradeTooLow):
        changes.check_substitute(title="associate_chief", substitute_title="attending", is_of_department=True)
    with pytest.raises(errors.PractitionerNotOfDepartment):
        changes.check_substitute(title="associate_chief", substitute_title="chief", is_of_department=False)


@pytest.mark.rule("R-014")
def test_the_third_extra_slot_is_the_last() -> None:
    now, doctor = at("09:00"), UUID(int=5)
    changes.check_extra(session(extra_slots=2), POLICIES, practitioner_id=doctor, now=now)
    with pytest.raises(errors.ExtraLimitReached) as refused:
        changes.check_extra(session(extra_slots=3), POLICIES, practitioner_id=doctor, now=now)
    assert refused.value.params == {"n": 3}


@pytest.mark.rule("R-014")
@pytest.mark.parametrize(
    ("changed", "practitioner_id", "clock_time", "refusal"),
    [
        ({}, UUID(int=6), "09:00", errors.NotYourSession),
        ({}, None, "09:00", errors.NotYourSession),
        ({"practitioner_id": None}, None, "09:00", errors.NotYourSession),
        ({"state": SessionState.STOPPED}, UUID(int=5), "09:00", errors.SessionIsStopped),
        ({}, UUID(int=5), "12:00", errors.SessionIsOver),
    ],
)
def test_an_extra_slot_is_the_act_of_the_doctor_who_sits(
    changed: dict[str, object], practitioner_id: UUID | None, clock_time: str, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        changes.check_extra(session(**changed), POLICIES, practitioner_id=practitioner_id, now=at(clock_time))
