"""The rules of a claim, each just inside and just outside its limit."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yitong.core import clock
from yitong.core.errors import Refusal
from yitong.core.policy.values import Policies
from yitong.domains.booking import errors, rules
from yitong.domains.booking.contracts import HoldAtDesk, HoldSlot
from yitong.domains.hospitals.contracts.things import CodeBasis, Department
from yitong.domains.people.contracts.patients import BookingFacts, Limits
from yitong.domains.people.contracts.words import IdentityLevel, PatientState, Sex
from yitong.domains.people.errors import PatientMissing
from yitong.domains.schedule.contracts import BookableSlot, HalfDay, Pool, Session, SessionState, Slot

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)  # Saturday 10:00 in Shanghai
DAY = date(2026, 11, 25)
HOSPITAL, DEPARTMENT, SESSION, SLOT, PATIENT = (uuid4() for _ in range(5))


def claim(*, day: date = DAY, channel: str = "web", **changes: Any) -> rules.Claim:
    """A claim that passes; `session__…`, `slot__…`, `facts__…`, `department__…`, `policies` change one thing."""
    starts = clock.at_shanghai(day, time(9, 0))
    session = Session(
        HOSPITAL, SESSION, uuid4(), DEPARTMENT, uuid4(), None, "expert", "chief", day, HalfDay.AM, starts,
        clock.at_shanghai(day, time(12, 0)), 8000, SessionState.RELEASED, NOW - timedelta(days=1), False, None, 10,
    )  # fmt: skip
    slot = Slot(HOSPITAL, SLOT, SESSION, 1, starts, starts + timedelta(minutes=30), Pool.ONLINE, False, None)
    facts = BookingFacts(
        PATIENT, PatientState.ACTIVE, IdentityLevel.VERIFIED, Sex.FEMALE, date(1980, 5, 1), True, False, 0, 0
    )
    department = Department(
        HOSPITAL, DEPARTMENT, uuid4(), "内科", "Internal medicine", "03", CodeBasis.EXACT, "", None, None, None, "", "",
        True,
    )  # fmt: skip
    parts: dict[str, Any] = {"session": session, "slot": slot, "facts": facts, "department": department}
    rest: dict[str, Any] = {
        "limits": Limits(PATIENT, (), (), None, 0),
        "others": [],
        "policies": Policies({}),
        "is_open": True,
        "hides_name": False,
        "entitled_pool": None,
        "cmd": HoldSlot("k", HOSPITAL, SLOT, PATIENT),
    }
    for name, value in changes.items():
        part, _, field = name.partition("__")
        if field:
            parts[part] = replace(parts[part], **{field: value})
        else:
            rest[name] = value
    return rules.Claim(
        bookable=BookableSlot(parts["slot"], parts["session"]),
        facts=parts["facts"],
        department=parts["department"],
        channel=channel,
        **rest,
    )


def other(day: date, *, start: time = time(14, 0), department: Any = None) -> rules.LiveBooking:
    starts = clock.at_shanghai(day, start)
    return rules.LiveBooking(uuid4(), HOSPITAL, department or uuid4(), day, starts, starts + timedelta(minutes=30))


def test_a_plain_claim_passes() -> None:
    rules.check_can_hold(claim(), now=NOW)


@pytest.mark.rule("R-002")
def test_outside_the_window_the_refusal_names_it() -> None:
    with pytest.raises(errors.WindowClosed) as refused:
        rules.check_can_hold(claim(is_open=False), now=NOW)
    assert refused.value.params == {"min": 1, "max": 7, "release_time": "15:00"}


@pytest.mark.rule("R-012")
def test_a_channel_draws_from_its_pools_and_an_entitlement_opens_one_more() -> None:
    with pytest.raises(errors.PoolExhausted):
        rules.check_can_hold(claim(slot__pool=Pool.PHONE), now=NOW)
    rules.check_can_hold(claim(slot__pool=Pool.PHONE, channel="114"), now=NOW)
    with pytest.raises(errors.PoolExhausted):
        rules.check_can_hold(claim(slot__pool=Pool.REFERRAL), now=NOW)
    rules.check_can_hold(claim(slot__pool=Pool.REFERRAL, entitled_pool=Pool.REFERRAL), now=NOW)
    with pytest.raises(errors.PoolExhausted):
        rules.check_can_hold(claim(channel="desk"), now=NOW)
    rules.check_can_hold(claim(channel="desk", slot__pool=Pool.ONSITE), now=NOW)


@pytest.mark.rule("R-013")
@pytest.mark.rule("R-226")
def test_a_number_kept_for_the_old_goes_to_nobody_else_unless_the_desk_saw_why() -> None:
    """Sixty on the day of the visit; the word of a page or a channel is none."""
    kept = {"channel": "desk", "slot__pool": Pool.ONSITE, "slot__is_special": True}
    day = claim().bookable.session.date
    sixty = day.replace(year=day.year - rules.OLD_FROM)
    rules.check_can_hold(claim(**kept, facts__birth_date=sixty), now=NOW)
    for born in (sixty + timedelta(days=1), None):
        with pytest.raises(errors.SlotReserved) as refused:
            rules.check_can_hold(claim(**kept, facts__birth_date=born), now=NOW)
        assert refused.value.params == {"age_from": 60}
    plain = claim(**kept).cmd
    shown = HoldAtDesk(
        plain.key, plain.hospital_id, plain.slot_id, plain.patient_id, plain.is_first_visit, is_special_group=True
    )
    rules.check_can_hold(replace(claim(**kept), cmd=shown), now=NOW)
    with pytest.raises(errors.SlotReserved):
        rules.check_can_hold(replace(claim(**kept), cmd=shown, channel="web", entitled_pool=Pool.ONSITE), now=NOW)


@pytest.mark.rule("R-016")
def test_a_stopped_session_takes_nobody() -> None:
    with pytest.raises(errors.SessionCancelled):
        rules.check_can_hold(claim(session__state=SessionState.STOPPED), now=NOW)


@pytest.mark.rule("R-017")
def test_a_freed_slot_looks_taken_until_it_is_back() -> None:
    with pytest.raises(errors.SlotTaken):
        rules.check_can_hold(claim(slot__reopens_at=NOW + timedelta(seconds=1)), now=NOW)
    rules.check_can_hold(claim(slot__reopens_at=NOW), now=NOW)


@pytest.mark.rule("R-045")
def test_an_unverified_patient_waits() -> None:
    with pytest.raises(errors.VerifyRequired):
        rules.check_can_hold(claim(facts__level=IdentityLevel.DECLARED), now=NOW)
    rules.check_can_hold(claim(facts__level=IdentityLevel.SEEN), now=NOW)


@pytest.mark.parametrize("state", [PatientState.MERGED, PatientState.ERASED])
def test_a_patient_who_is_no_longer_there_is_missing(state: PatientState) -> None:
    with pytest.raises(PatientMissing):
        rules.check_can_hold(claim(facts__state=state), now=NOW)


@pytest.mark.rule("R-009")
def test_the_no_show_lock_ends_on_its_day_and_spares_the_window() -> None:
    locked = Limits(PATIENT, (), (), date(2026, 11, 21), 3)
    rules.check_can_hold(claim(limits=locked), now=NOW)  # the lock ended with the day before
    locked = replace(locked, locked_until=date(2026, 11, 22))
    with pytest.raises(errors.NoShowLocked) as refused:
        rules.check_can_hold(claim(limits=locked), now=NOW)
    assert refused.value.params == {"n": 3, "date": "2026-11-22"}
    rules.check_can_hold(claim(limits=locked, channel="desk", slot__pool=Pool.ONSITE), now=NOW)


@pytest.mark.rule("R-010")
def test_abuse_is_counted_by_account() -> None:
    rules.check_can_hold(claim(facts__account_booked_m3=14), now=NOW)
    with pytest.raises(errors.AbuseLocked):
        rules.check_can_hold(claim(facts__account_booked_m3=15), now=NOW)
    rules.check_can_hold(claim(facts__account_cancels_m1=15), now=NOW)
    with pytest.raises(errors.AbuseLocked):
        rules.check_can_hold(claim(facts__account_cancels_m1=16), now=NOW)
    with pytest.raises(errors.AbuseLocked):
        rules.check_can_hold(claim(facts__abuse_locked=True), now=NOW)


@pytest.mark.rule("R-004")
def test_a_first_visit_names_no_doctor_unless_the_city_lets_it() -> None:
    by_name = HoldSlot("k", HOSPITAL, SLOT, PATIENT, by_name=True)
    with pytest.raises(errors.FirstVisitBySpecialty):
        rules.check_can_hold(claim(cmd=by_name, hides_name=True), now=NOW)
    rules.check_can_hold(claim(cmd=by_name), now=NOW)
    rules.check_can_hold(claim(hides_name=True), now=NOW)


@pytest.mark.rule("R-046")
def test_sex_and_age_on_the_day_of_the_visit() -> None:
    with pytest.raises(errors.NotEligible):
        rules.check_can_hold(claim(department__sex="male"), now=NOW)
    rules.check_can_hold(claim(department__sex="male", facts__sex=Sex.UNKNOWN), now=NOW)
    child = date(2008, 11, 26)  # eighteen the day after the visit
    rules.check_can_hold(claim(department__age_below=18, facts__birth_date=child), now=NOW)
    with pytest.raises(errors.NotEligible):
        rules.check_can_hold(claim(department__age_below=18, facts__birth_date=date(2008, 11, 25)), now=NOW)
    with pytest.raises(errors.NotEligible):
        rules.check_can_hold(claim(department__age_from=18, facts__birth_date=child), now=NOW)
    with pytest.raises(errors.NotEligible):
        rules.check_can_hold(claim(department__is_bookable=False), now=NOW)


@pytest.mark.rule("R-046")
def test_who_is_born_on_29_february_grows_older_on_1_march() -> None:
    assert rules.age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert rules.age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18


@pytest.mark.rule("R-005")
def test_limits_by_day_week_and_quarter() -> None:
    same = other(DAY, department=DEPARTMENT)
    with pytest.raises(errors.DuplicateDepartment):
        rules.check_can_hold(claim(others=[same]), now=NOW)
    rules.check_can_hold(claim(others=[other(DAY)]), now=NOW)
    with pytest.raises(errors.DayLimitReached):
        rules.check_can_hold(claim(others=[other(DAY), other(DAY, start=time(15, 0))]), now=NOW)
    week = [other(DAY - timedelta(days=3)), other(DAY + timedelta(days=3))]
    rules.check_can_hold(claim(others=week), now=NOW)
    with pytest.raises(errors.WeekLimitReached):
        rules.check_can_hold(claim(others=[*week, other(DAY - timedelta(days=1))]), now=NOW)
    rules.check_can_hold(claim(others=[*week, other(DAY - timedelta(days=4))]), now=NOW)
    quarter = [other(DAY - timedelta(days=20 * n)) for n in range(1, 5)]
    rules.check_can_hold(claim(others=quarter), now=NOW)
    with pytest.raises(errors.QuarterLimitReached):
        rules.check_can_hold(claim(others=[*quarter, other(date(2026, 8, 26))]), now=NOW)
    rules.check_can_hold(claim(others=[*quarter, other(date(2026, 8, 25))]), now=NOW)


@pytest.mark.rule("R-046")
def test_two_visits_may_touch_but_not_overlap() -> None:
    rules.check_can_hold(claim(others=[other(DAY, start=time(9, 30))]), now=NOW)
    with pytest.raises(errors.TimeClash):
        rules.check_can_hold(claim(others=[other(DAY, start=time(9, 29))]), now=NOW)


@pytest.mark.rule("R-007")
def test_cancelling_ends_at_the_deadline_and_not_at_the_window() -> None:
    deadline = clock.at_shanghai(date(2026, 11, 24), time(15, 0))
    rules.check_can_cancel(DAY, Policies({}), channel="web", now=deadline - timedelta(milliseconds=1))
    with pytest.raises(errors.CancelTooLate) as refused:
        rules.check_can_cancel(DAY, Policies({}), channel="web", now=deadline)
    assert refused.value.params == {"deadline": "2026-11-24 15:00"}
    rules.check_can_cancel(DAY, Policies({}), channel="desk", now=deadline)


@given(st.lists(st.integers(0, 120), max_size=8), st.integers(0, 120))
def test_the_largest_window_is_what_counting_by_hand_gives(offsets: list[int], at: int) -> None:
    base = date(2026, 9, 1)
    days = [base + timedelta(days=n) for n in [*offsets, at]]
    around = base + timedelta(days=at)
    by_hand = max(
        sum(1 for day in days if start <= day < start + timedelta(days=7))
        for start in (around - timedelta(days=n) for n in range(7))
    )
    assert rules.most_in_span(days, "d7", around=around) == by_hand


def test_a_refusal_is_always_one_of_ours() -> None:
    for name in vars(errors).values():
        if isinstance(name, type) and issubclass(name, Refusal) and name.__module__ == errors.__name__:
            assert name.code
            assert name.code.isupper()
