"""A patient's days and no-shows over all hospitals, an account's counts, and what a claim is told (R-005…R-010)."""

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from tests import make

from yitong.core.actor import Actor
from yitong.core.clock import at_shanghai
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden
from yitong.core.ids import new_id
from yitong.domains.notify.models import Message
from yitong.domains.people import commands, errors, models, queries
from yitong.domains.people.contracts.accounts import AppealLock, CloseAccount, DecideAppeal
from yitong.domains.people.contracts.patients import AccountUse
from yitong.domains.people.contracts.words import Decision, IdentityLevel, Relation

NOW = make.NOW
DAY = date(2026, 11, 26)
LADDER = [
    {"count": 3, "period": "natural_year", "lock_days": 90},
    {"count": 6, "period": "natural_year", "lock_days": 180},
]

pytestmark = pytest.mark.usefixtures("db")


def days(patient_id: object) -> list[date]:
    return models.BookingLimits.objects.get(patient_id=patient_id).live_days


def take(patient_id, *taken: date) -> str | None:  # type: ignore[no-untyped-def]
    try:
        with transaction.atomic():
            for day in taken:
                commands.take_day(patient_id, day)
        return None
    except IntegrityError as error:
        return error.__cause__.diag.constraint_name  # type: ignore[union-attr]


@pytest.mark.rule("R-005")
@pytest.mark.parametrize(
    ("offsets", "constraint"),
    [
        ([0, 0], None),
        ([0, 0, 0], "limits_same_day"),
        ([0, 3, 6, 7], None),
        ([0, 3, 5, 6], "limits_7_days"),
        ([0, 10, 20, 30, 40, 92], None),  # 26 November + 3 months = 26 February, the 92nd day
        ([0, 10, 20, 30, 40, 91], "limits_3_months"),
        ([92, 40, 30, 20, 10, 0], None),
    ],
)
def test_days_are_taken_up_to_the_ceilings(offsets: list[int], constraint: str | None) -> None:
    patient_id = make.patient_seen()
    taken = [DAY + timedelta(days=n) for n in offsets]
    assert take(patient_id, *taken) == constraint
    assert days(patient_id) == (sorted(taken) if constraint is None else [])


def test_day_is_given_back_once() -> None:
    patient_id = make.patient_seen()
    take(patient_id, DAY, DAY, DAY + timedelta(days=1))
    with transaction.atomic():
        commands.give_back_day(patient_id, DAY)
        commands.give_back_day(patient_id, DAY + timedelta(days=9))
    assert days(patient_id) == [DAY, DAY + timedelta(days=1)]
    with transaction.atomic():
        commands.give_back_day(patient_id, DAY)
        commands.give_back_day(patient_id, DAY)
        commands.give_back_day(patient_id, DAY + timedelta(days=1))
    assert days(patient_id) == []


def test_days_too_old_to_matter_are_dropped() -> None:
    patient_id = make.patient_seen()
    take(patient_id, DAY, DAY + timedelta(days=100))
    take(patient_id, DAY + timedelta(days=365))
    assert days(patient_id) == [DAY + timedelta(days=365)]


def test_limits_are_locked_and_read() -> None:
    patient_id = make.patient_seen()
    take(patient_id, DAY)
    with transaction.atomic():
        limits = commands.lock_limits(patient_id)
        assert (limits.patient_id, limits.live_days, limits.locked_until) == (patient_id, (DAY,), None)
        with pytest.raises(errors.PatientMissing):
            commands.lock_limits(new_id())


# -- no-shows ----------------------------------------------------------------------------------------------------------


def miss(patient_id, *missed: date) -> date | None:  # type: ignore[no-untyped-def]
    until = None
    with transaction.atomic():
        for day in missed:
            until = commands.note_no_show(patient_id, day, LADDER, NOW)
    return until


@pytest.mark.rule("R-009")
def test_third_no_show_of_a_year_locks_for_ninety_days() -> None:
    patient_id = make.patient_seen()
    assert miss(patient_id, date(2026, 2, 1), date(2026, 5, 1)) is None
    assert miss(patient_id, date(2026, 11, 20)) == date(2027, 2, 18)
    with transaction.atomic():
        limits = commands.lock_limits(patient_id)
    assert (limits.no_shows_counted, limits.locked_until) == (3, date(2027, 2, 18))
    assert miss(patient_id, *(date(2026, 11, 21),) * 3) == date(2027, 5, 20)


@pytest.mark.rule("R-009")
def test_last_years_no_shows_do_not_count() -> None:
    patient_id = make.patient_seen()
    assert miss(patient_id, date(2025, 12, 30), date(2025, 12, 31), date(2026, 11, 20)) is None


@pytest.mark.rule("R-008")
def test_forgiven_no_show_unlocks() -> None:
    patient_id = make.patient_seen()
    miss(patient_id, date(2026, 2, 1), date(2026, 5, 1), date(2026, 11, 20))
    with transaction.atomic():
        commands.forgive_no_show(patient_id, date(2026, 5, 1), LADDER, NOW)
    with transaction.atomic():
        limits = commands.lock_limits(patient_id)
    assert (limits.no_shows_counted, limits.locked_until) == (2, None)


# -- an account's counts and locks -------------------------------------------------------------------------------------


def use(actor: Actor, *, booked: int = 0, cancelled: int = 0, at: datetime = NOW) -> None:
    assert actor.account_id is not None
    with transaction.atomic():
        for _ in range(booked):
            commands.note_booking(actor.account_id, at=at)
        for _ in range(cancelled):
            commands.note_cancel(actor.account_id, at=at)


@pytest.mark.rule("R-010")
def test_sixteenth_cancel_of_a_month_locks() -> None:
    actor, patient_id = make.account_holder()
    use(actor, cancelled=15)
    facts = queries.booking_facts(patient_id, actor, NOW)
    assert (facts.account_cancels_m1, facts.abuse_locked) == (15, False)
    use(actor, cancelled=1)
    facts = queries.booking_facts(patient_id, actor, NOW)
    assert (facts.account_cancels_m1, facts.abuse_locked) == (16, True)
    use(actor, cancelled=1)
    assert models.AbuseLock.objects.get().reason == "cancels"
    assert Event.objects.filter(operation="people.account_locked", subject_id=actor.account_id).count() == 1
    assert Message.objects.filter(template="account_locked", account_id=actor.account_id).count() == 2


@pytest.mark.rule("R-010")
def test_sixteenth_booking_that_the_window_made_locks() -> None:
    actor, patient_id = make.account_holder()
    assert actor.account_id is not None
    for booked, is_locked in ((15, False), (1, True)):
        with transaction.atomic():
            commands.note_made_bookings(actor.account_id, booked, at=NOW)
        assert queries.booking_facts(patient_id, actor, NOW).abuse_locked is is_locked
    assert models.AbuseLock.objects.get().reason == "bookings"


@pytest.mark.rule("R-010")
def test_a_booking_tells_what_was_before_it_and_locks_nothing() -> None:
    """A sixteenth is refused by its claim, which then leaves no count behind."""
    actor, patient_id = make.account_holder()
    assert actor.account_id is not None
    use(actor, booked=15, cancelled=2)
    with transaction.atomic():
        assert commands.note_booking(actor.account_id, at=NOW) == AccountUse(booked_m3=15, cancels_m1=2)
    assert not queries.booking_facts(patient_id, actor, NOW).abuse_locked


@pytest.mark.rule("R-010")
def test_counts_look_back_to_the_same_day_number() -> None:
    actor, patient_id = make.account_holder()
    use(actor, booked=7, at=at_shanghai(date(2026, 8, 23), NOW.astimezone().time().replace(hour=9, minute=59)))
    use(actor, booked=2, cancelled=3, at=NOW - timedelta(days=31))
    facts = queries.booking_facts(patient_id, actor, NOW)
    assert (facts.account_booked_m3, facts.account_cancels_m1) == (2, 0)
    facts = queries.booking_facts(patient_id, actor, NOW - timedelta(seconds=1))
    assert (facts.account_booked_m3, facts.account_cancels_m1) == (2, 3)


def test_use_of_a_closed_account_is_forgotten() -> None:
    actor, _ = make.account_holder()
    assert actor.account_id is not None
    commands.close_account(CloseAccount("k", actor.account_id), actor=actor, now=NOW)
    use(actor, cancelled=99)
    assert not models.AbuseLock.objects.exists()


@pytest.mark.rule("R-199")
def test_lock_is_appealed_and_decided_by_a_person() -> None:
    actor, patient_id = make.account_holder()
    use(actor, cancelled=16)
    assert actor.account_id is not None
    lock = queries.get_account(actor.account_id, actor).lock
    assert lock is not None
    operator = make.city_operator()
    decide = DecideAppeal(lock.lock_id, Decision.KEPT, "取消过多")
    with pytest.raises(errors.AppealMissing):
        commands.decide_appeal(decide, actor=operator, now=NOW)
    for words in (" ", "话" * 501):
        with pytest.raises(errors.AppealEmpty):
            commands.appeal_lock(AppealLock(lock.lock_id, words), actor=actor, now=NOW)
    with pytest.raises(errors.LockMissing):
        commands.appeal_lock(AppealLock(lock.lock_id, "别人"), actor=make.account_holder()[0], now=NOW)
    commands.appeal_lock(AppealLock(lock.lock_id, "孩子住院,反复改期"), actor=actor, now=NOW)
    with pytest.raises(errors.AppealWaiting):
        commands.appeal_lock(AppealLock(lock.lock_id, "再说一次"), actor=actor, now=NOW)
    appeal = queries.list_appeals(operator, NOW)[0]
    assert (appeal.words, appeal.cancels_m1) == ("孩子住院,反复改期", 16)
    with pytest.raises(Forbidden):
        queries.list_appeals(actor, NOW)
    with pytest.raises(Forbidden):
        commands.decide_appeal(decide, actor=make.hospital_admin(new_id()), now=NOW)
    commands.decide_appeal(decide, actor=operator, now=NOW)
    assert queries.booking_facts(patient_id, actor, NOW).abuse_locked
    commands.appeal_lock(AppealLock(lock.lock_id, "补充材料"), actor=actor, now=NOW)
    commands.decide_appeal(DecideAppeal(lock.lock_id, Decision.LIFTED, "理由成立"), actor=operator, now=NOW)
    facts = queries.booking_facts(patient_id, actor, NOW)
    assert (facts.abuse_locked, facts.account_cancels_m1) == (False, 0)
    with pytest.raises(errors.LockMissing):
        commands.decide_appeal(decide, actor=operator, now=NOW)
    assert Message.objects.filter(template="account_unlocked", medium="in_app").count() == 1


@pytest.mark.rule("R-010")
@pytest.mark.rule("R-199")
def test_who_has_booked_as_often_as_he_may_can_appeal_though_nothing_is_locked() -> None:
    """A refused claim writes nothing, so there is no lock: the appeal makes one, and a person lifts it."""
    actor, patient_id = make.account_holder()
    assert actor.account_id is not None
    appeal = AppealLock(None, "一家三口都在看病")
    use(actor, booked=14)
    assert not queries.has_booked_most(actor.account_id, actor, NOW)
    with pytest.raises(errors.LockMissing):
        commands.appeal_lock(appeal, actor=actor, now=NOW)
    use(actor, booked=1)
    assert queries.has_booked_most(actor.account_id, actor, NOW)
    assert queries.get_account(actor.account_id, actor).lock is None
    commands.appeal_lock(appeal, actor=actor, now=NOW)
    with pytest.raises(errors.AppealWaiting):
        commands.appeal_lock(appeal, actor=actor, now=NOW)
    operator = make.city_operator()
    (asked,) = queries.list_appeals(operator, NOW)
    assert (asked.words, asked.booked_m3) == (appeal.words, 15)
    lock = queries.get_account(actor.account_id, actor).lock
    assert lock is not None
    commands.decide_appeal(DecideAppeal(lock.lock_id, Decision.LIFTED, "都去看了"), actor=operator, now=NOW)
    facts = queries.booking_facts(patient_id, actor, NOW)
    assert (facts.abuse_locked, facts.account_booked_m3) == (False, 0)


# -- what a claim is told ----------------------------------------------------------------------------------------------


def test_facts_of_a_claim_take_two_queries() -> None:
    actor, patient_id = make.account_holder()
    make.patient_of(actor, relation=Relation.SPOUSE)
    with CaptureQueriesContext(connection) as asked:
        facts = queries.booking_facts(patient_id, actor, NOW)
    assert len(asked) == 2
    assert (facts.may_act, facts.level, facts.account_booked_m3) == (True, IdentityLevel.VERIFIED, 0)


def test_facts_for_others() -> None:
    _, patient_id = make.account_holder()
    stranger, _ = make.account_holder()
    assert not queries.booking_facts(patient_id, stranger, NOW).may_act
    assert not queries.booking_facts(patient_id, make.staff_actor("registrar", hospital_id=new_id()), NOW).may_act
    with pytest.raises(errors.PatientMissing):
        queries.booking_facts(new_id(), stranger, NOW)


# -- the constraints, tried directly -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"locked_until": DAY}, "limits_no_shows_at_least_locked"),
        ({"moved_to": new_id(), "live_days": [DAY]}, "limits_of_a_merged_patient_are_empty"),
        ({"live_days": [DAY] * 3}, "limits_same_day"),
    ],
)
def test_limits_cannot_be_otherwise(change: dict[str, object], constraint: str) -> None:
    make.patient_seen()
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        models.BookingLimits.objects.update(**change)
    assert refused.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


def test_locks_cannot_be_otherwise() -> None:
    actor, _ = make.account_holder()
    use(actor, cancelled=16)
    rows = models.AbuseLock.objects

    def broken(trial) -> str:  # type: ignore[no-untyped-def]
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            trial()
        return str(refused.value.__cause__.diag.constraint_name)  # type: ignore[union-attr]

    assert broken(lambda: rows.update(reason="other")) == "abuse_reason_known"
    assert broken(lambda: rows.update(appealed_at=NOW)) == "abuse_appeal_whole"
    assert broken(lambda: rows.update(decision="lifted")) == "abuse_decision_whole"
    assert broken(lambda: rows.update(lifted_at=NOW)) == "abuse_lifted_as_decided"
    twin = models.AbuseLock(id=new_id(), account_id=actor.account_id, reason="cancels", locked_at=NOW)
    assert broken(lambda: twin.save(force_insert=True)) == "abuse_one_open_per_account"
