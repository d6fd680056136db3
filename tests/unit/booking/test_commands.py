"""Hold, cancel, move, expire, stop, miss, check in: each success with its refusals, through the commands."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from tests import clinic as build
from tests import make
from tests.clinic import NOW

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import command
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, KeyMissing, KeyReused, Unidentified
from yitong.domains.access.contracts import Scope
from yitong.domains.booking import errors, models
from yitong.domains.booking.commands import change, claim, extra, sweep
from yitong.domains.booking.contracts import (
    CancelBooking,
    CheckIn,
    ConfirmBooking,
    GrantEntitlement,
    HoldSlot,
    MoveBooking,
    Near,
    State,
)
from yitong.domains.booking.queries import bookings, openings
from yitong.domains.people.commands import limits, merging
from yitong.domains.people.contracts.patients import MergePatients
from yitong.domains.people.errors import PatientMissing
from yitong.domains.people.models import Account, BookingLimits
from yitong.domains.schedule.contracts import Pool
from yitong.domains.schedule.models import Slot
from yitong.domains.schedule.queries import timetable as schedule

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


def live_days(patient_id: UUID) -> list[object]:
    return list(BookingLimits.objects.get(patient_id=patient_id).live_days)


def events_of(booking_id: UUID) -> list[str]:
    rows = Event.objects.filter(subject_id=booking_id).order_by("recorded_at")
    return [row.operation.removeprefix("booking.") for row in rows]


def test_a_hold_paid_at_the_visit_is_confirmed_at_once() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    held = build.hold(place, patient, actor)
    assert (held.state, len(held.code), held.hold_until) == (State.CONFIRMED, 8, None)
    assert live_days(patient) == [place.day]
    seen = bookings.get_booking(place.hospital_id, held.booking_id, actor, now=NOW)
    assert (seen.state, seen.fee_fen, seen.channel, seen.number) == (State.CONFIRMED, 5000, "web", 1)
    assert events_of(held.booking_id) == ["booking_confirmed"]
    mine = bookings.list_my_bookings(actor, now=NOW)
    assert [booking.booking_id for booking in mine] == [held.booking_id]


@pytest.mark.rule("R-018")
def test_the_same_key_gives_the_first_answer_whatever_happened_since() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    first = build.hold(place, patient, actor, key="k")
    change.cancel_booking(CancelBooking("c", place.hospital_id, first.booking_id), actor=actor, now=NOW)
    assert build.hold(place, patient, actor, key="k") == first
    with pytest.raises(KeyReused):
        build.hold(place, patient, actor, key="k", n=1)
    with pytest.raises(KeyMissing):
        claim.hold_slot(HoldSlot("", place.hospital_id, place.slot(), patient), actor=actor, now=NOW)
    assert models.Booking.objects.filter(hospital_id=place.hospital_id).count() == 1


@pytest.mark.rule("R-018")
def test_a_taken_slot_is_refused() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    build.hold(place, patient, actor)
    other_actor, other = build.holder()
    with pytest.raises(errors.SlotTaken):
        build.hold(place, other, other_actor)
    assert live_days(other) == []


def quicker(place: build.Clinic, slots: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """As each claim begins, and has chosen its slot, somebody else has the next of these."""
    coming = list(slots)

    def begin(name: str, moment: str) -> None:
        if (name, moment) == ("booking.commands.claim.claim_slot", "begin") and coming:
            n, others = coming.pop(0), list(coming)
            coming.clear()  # his own claim is not interrupted
            actor, patient_id = build.holder()
            build.hold(place, patient_id, actor, n=n)
            coming.extend(others)

    monkeypatch.setattr(command, "boundary", begin)


def wish_near(place: build.Clinic, near: Near) -> tuple[Actor, HoldSlot]:
    actor, patient_id = build.holder()
    return actor, HoldSlot("near-0001", place.hospital_id, place.slot(1), patient_id, near=near)


@pytest.mark.rule("R-018")
def test_the_next_nearest_is_given_as_often_as_somebody_is_quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    place = build.clinic(slots=5)
    actor, wish = wish_near(place, Near.SESSION)
    quicker(place, [1, 0, 2], monkeypatch)
    assert claim.hold_slot(wish, actor=actor, now=NOW).slot_id == place.slot(3)


@pytest.mark.rule("R-018")
@pytest.mark.parametrize(("near", "tries"), [(Near.SLOT, [1]), (Near.WINDOW, [1]), (Near.SESSION, [1, 0, 2])])
def test_where_all_that_is_near_goes_the_search_ends(
    near: Near, tries: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = build.clinic(slots=3)
    actor, wish = wish_near(place, near)
    quicker(place, tries, monkeypatch)
    with pytest.raises(errors.SlotTaken):
        claim.hold_slot(wish, actor=actor, now=NOW)
    assert models.Booking.objects.filter(hospital_id=place.hospital_id).count() == len(tries)


def test_nobody_books_for_a_strangers_patient() -> None:
    place, (_, patient), (stranger, _) = build.clinic(), build.holder(), build.holder()
    with pytest.raises(PatientMissing):
        build.hold(place, patient, stranger)
    with pytest.raises(Unidentified):
        build.hold(place, patient, Actor.anonymous())
    nurse = make.staff_actor("nurse", hospital_id=place.hospital_id)
    with pytest.raises(Forbidden):
        build.hold(place, patient, nurse)
    with pytest.raises(Forbidden):
        build.hold(place, patient, build.registrar(make.hospital()))
    with pytest.raises(Forbidden):
        build.hold(place, patient, Actor.for_channel(make.hospital(), "api", scopes=frozenset({Scope.BOOKINGS_READ})))
    assert not models.Booking.objects.filter(hospital_id=place.hospital_id).exists()


@pytest.mark.rule("R-045")
def test_an_unverified_patient_cannot_hold() -> None:
    place, (actor, patient) = build.clinic(), build.holder(verified=False)
    with pytest.raises(errors.VerifyRequired):
        build.hold(place, patient, actor)


@pytest.mark.rule("R-005")
def test_limits_hold_across_hospitals() -> None:
    actor, patient = build.holder()
    first = build.clinic()
    build.hold(first, patient, actor)
    again = build.clinic(hospital_id=first.hospital_id, department_id=first.department_id, at=build.time(14, 0))
    with pytest.raises(errors.DuplicateDepartment):
        build.hold(again, patient, actor)
    build.hold(build.clinic(at=build.time(10, 0)), patient, actor)
    with pytest.raises(errors.DayLimitReached):
        build.hold(build.clinic(at=build.time(14, 0)), patient, actor)
    build.hold(build.clinic(day=build.DAY + timedelta(days=1)), patient, actor)
    with pytest.raises(errors.WeekLimitReached):
        build.hold(build.clinic(day=build.DAY + timedelta(days=2)), patient, actor)
    assert len(live_days(patient)) == 3


@pytest.mark.rule("R-046")
def test_two_visits_at_once_are_refused_even_at_two_hospitals() -> None:
    actor, patient = build.holder()
    build.hold(build.clinic(), patient, actor)
    with pytest.raises(errors.TimeClash):
        build.hold(build.clinic(), patient, actor)


@pytest.mark.rule("R-007")
@pytest.mark.rule("R-017")
def test_cancel_gives_day_and_slot_back_the_slot_after_a_delay() -> None:
    place, (actor, patient) = build.clinic(slots=1), build.holder()
    held = build.hold(place, patient, actor)
    cancelled = change.cancel_booking(CancelBooking("c", place.hospital_id, held.booking_id), actor=actor, now=NOW)
    assert cancelled.state is State.CANCELLED
    assert live_days(patient) == []
    reopens = Slot.objects.get(hospital_id=place.hospital_id, id=place.slot()).reopens_at
    assert reopens is not None
    assert timedelta(minutes=10) <= reopens - NOW <= timedelta(minutes=60)
    other_actor, other = build.holder()
    with pytest.raises(errors.SlotTaken):
        build.hold(place, other, other_actor, now=reopens - timedelta(seconds=1))
    assert build.hold(place, other, other_actor, now=reopens).state is State.CONFIRMED
    assert events_of(held.booking_id) == ["booking_confirmed", "booking_cancelled"]


@pytest.mark.rule("R-007")
def test_cancel_ends_at_its_deadline_but_not_at_the_window() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    held = build.hold(place, patient, actor)
    deadline = bookings.get_booking(place.hospital_id, held.booking_id, actor, now=NOW).cancel_until
    late = CancelBooking("late", place.hospital_id, held.booking_id)
    with pytest.raises(errors.CancelTooLate):
        change.cancel_booking(late, actor=actor, now=deadline)
    at_window = change.cancel_booking(late, actor=build.registrar(place.hospital_id), now=deadline)
    assert at_window.state is State.CANCELLED
    with pytest.raises(errors.StateForbids):
        change.cancel_booking(replace(late, key="again"), actor=actor, now=NOW)


def test_nobody_cancels_or_sees_a_strangers_booking() -> None:
    place, (actor, patient), (stranger, _) = build.clinic(), build.holder(), build.holder()
    held = build.hold(place, patient, actor)
    cmd = CancelBooking("c", place.hospital_id, held.booking_id)
    elsewhere = build.registrar(make.hospital())
    partner = Actor.for_channel(make.hospital(), "partner", scopes=frozenset(Scope))
    for who in (stranger, elsewhere, partner, Actor.anonymous()):
        with pytest.raises(errors.BookingMissing):
            change.cancel_booking(cmd, actor=who, now=NOW)
        with pytest.raises(errors.BookingMissing):
            bookings.get_booking(place.hospital_id, held.booking_id, who, now=NOW)
    assert bookings.get_booking(place.hospital_id, held.booking_id, actor, now=NOW).state is State.CONFIRMED


@pytest.mark.rule("R-047")
def test_a_move_keeps_the_id_and_frees_the_old_slot_later() -> None:
    place, (actor, patient) = build.clinic(slots=2), build.holder()
    later = build.clinic(
        hospital_id=place.hospital_id, department_id=place.department_id, day=build.DAY + timedelta(days=1)
    )
    held = build.hold(place, patient, actor)
    cmd = MoveBooking("m", place.hospital_id, held.booking_id, later.slot())
    moved = change.move_booking(cmd, actor=actor, now=NOW)
    assert (moved.booking_id, moved.state, moved.code) == (held.booking_id, State.CONFIRMED, held.code)
    assert change.move_booking(cmd, actor=actor, now=NOW) == moved
    assert live_days(patient) == [later.day]
    assert Slot.objects.get(hospital_id=place.hospital_id, id=place.slot()).reopens_at > NOW
    assert [b.date for b in bookings.list_my_bookings(actor, now=NOW)] == [later.day]


@pytest.mark.rule("R-047")
@pytest.mark.rule("R-017")
def test_a_booking_is_not_moved_onto_the_slot_that_it_has() -> None:
    place, (actor, patient) = build.clinic(slots=2), build.holder()
    held = build.hold(place, patient, actor)
    with pytest.raises(errors.SlotTaken):
        change.move_booking(MoveBooking("m", place.hospital_id, held.booking_id, place.slot()), actor=actor, now=NOW)
    assert Slot.objects.get(hospital_id=place.hospital_id, id=place.slot()).reopens_at is None
    assert not Account.objects.get(id=actor.account_id).cancelled_at


@pytest.mark.rule("R-010")
@pytest.mark.rule("R-047")
@pytest.mark.parametrize("by", ["web", "app", "desk"])
@pytest.mark.parametrize("act", ["cancel", "move"])
def test_a_freed_slot_counts_for_the_account_unless_the_window_freed_it(by: str, act: str) -> None:
    last = Pool.ONSITE if by == "desk" else Pool.ONLINE
    place, (actor, patient) = build.clinic(pools=(*[Pool.ONLINE] * 9, last)), build.holder()
    build.keep_none_special(place)
    held = build.hold(place, patient, actor)
    who = build.registrar(place.hospital_id) if by == "desk" else replace(actor, channel=by)
    assert Account.objects.get(id=actor.account_id).cancelled_at == []
    if act == "cancel":
        change.cancel_booking(CancelBooking("c", place.hospital_id, held.booking_id), actor=who, now=NOW)
    else:
        change.move_booking(MoveBooking("m", place.hospital_id, held.booking_id, place.slot(9)), actor=who, now=NOW)
    assert Slot.objects.get(hospital_id=place.hospital_id, id=place.slot()).reopens_at is not None
    assert Account.objects.get(id=actor.account_id).cancelled_at == ([] if by == "desk" else [NOW])


@pytest.mark.rule("R-047")
def test_what_may_not_be_moved_at_all_is_told_so_even_onto_its_own_slot() -> None:
    """ "Taken, choose another" would send its patient from slot to slot for nothing."""
    place, (actor, patient) = build.clinic(slots=2), build.holder()
    held = build.hold(place, patient, actor)
    move = MoveBooking("m", place.hospital_id, held.booking_id, place.slot())
    with pytest.raises(errors.CancelTooLate):
        change.move_booking(move, actor=actor, now=NOW + timedelta(days=3))
    change.cancel_booking(CancelBooking("c", place.hospital_id, held.booking_id), actor=actor, now=NOW)
    with pytest.raises(errors.StateForbids):
        change.move_booking(move, actor=actor, now=NOW)


@pytest.mark.rule("R-047")
def test_a_claim_repeated_after_a_move_is_told_the_new_hour() -> None:
    """Its first answer would send the patient at an hour that is somebody else's by now."""
    place, (actor, patient) = build.clinic(slots=2), build.holder()
    cmd = HoldSlot("claim-01", place.hospital_id, place.slot(), patient)
    held = claim.hold_slot(cmd, actor=actor, now=NOW)
    move = MoveBooking("move-0001", place.hospital_id, held.booking_id, place.slot(1))
    change.move_booking(move, actor=actor, now=NOW)
    again = claim.hold_slot(cmd, actor=actor, now=NOW)
    assert (again.booking_id, again.code, again.slot_id) == (held.booking_id, held.code, place.slot(1))
    assert again.starts_at > held.starts_at


@pytest.mark.rule("R-017")
def test_a_booking_never_changes_its_patient() -> None:
    place, (actor, patient) = build.clinic(slots=2), build.holder()
    held = build.hold(place, patient, actor)
    cmd = MoveBooking("m", place.hospital_id, held.booking_id, place.slot(1), patient_id=make.hospital())
    with pytest.raises(errors.PatientImmutable):
        change.move_booking(cmd, actor=actor, now=NOW)


@pytest.mark.rule("R-018")
def test_an_unpaid_hold_runs_out_once_and_a_paid_one_stays() -> None:
    place = build.clinic(slots=2)
    build.pay_online(place.hospital_id)
    (actor, patient), (payer_actor, payer) = build.holder(), build.holder()
    held, paid = build.hold(place, patient, actor), build.hold(place, payer, payer_actor, n=1)
    assert (held.state, held.hold_until) == (State.HELD, NOW + timedelta(minutes=15))
    confirm = ConfirmBooking("p", place.hospital_id, paid.booking_id)
    assert change.confirm_booking(confirm, actor=SYSTEM, now=NOW).state is State.CONFIRMED
    end = NOW + timedelta(minutes=15)
    assert not sweep.expire_hold(place.hospital_id, held.booking_id, actor=SYSTEM, now=end - timedelta(seconds=1))
    assert sweep.due_holds(end) == [(place.hospital_id, held.booking_id)]
    assert sweep.expire_hold(place.hospital_id, held.booking_id, actor=SYSTEM, now=end)
    assert not sweep.expire_hold(place.hospital_id, held.booking_id, actor=SYSTEM, now=end)
    assert live_days(patient) == []
    late = ConfirmBooking("q", place.hospital_id, held.booking_id)
    with pytest.raises(errors.HoldRanOut):
        change.confirm_booking(late, actor=SYSTEM, now=end)
    assert events_of(held.booking_id) == ["slot_held", "hold_expired"]
    assert events_of(paid.booking_id) == ["slot_held", "booking_confirmed"]


@pytest.mark.rule("R-016")
def test_a_stop_counts_against_nobody() -> None:
    place = build.clinic(slots=2)
    (actor, patient), (other_actor, other) = build.holder(), build.holder()
    held = build.hold(place, patient, actor)
    build.hold(place, other, other_actor, n=1)
    stopped = sweep.stop_bookings(place.hospital_id, place.session_id, reason="leave", actor=SYSTEM, now=NOW)
    assert stopped == 2
    assert sweep.stop_bookings(place.hospital_id, place.session_id, reason="leave", actor=SYSTEM, now=NOW) == 0
    assert live_days(patient) == live_days(other) == []
    assert bookings.get_booking(place.hospital_id, held.booking_id, actor, now=NOW).state is State.STOPPED


@pytest.mark.rule("R-008")
@pytest.mark.rule("R-009")
def test_the_third_no_show_of_a_year_locks() -> None:
    actor, patient = build.holder()
    for n in range(3):
        place = build.clinic(day=build.DAY + timedelta(days=n))
        held = build.hold(place, patient, actor)
        over = place.slots[0].ends_at + timedelta(minutes=30)
        assert not sweep.mark_missed(place.hospital_id, held.booking_id, actor=SYSTEM, now=over - timedelta(seconds=1))
        assert sweep.mark_missed(place.hospital_id, held.booking_id, actor=SYSTEM, now=over)
        locked = BookingLimits.objects.get(patient_id=patient).locked_until
        assert (locked is not None) == (n == 2)
    assert locked == place.day + timedelta(days=90)
    assert len(live_days(patient)) == 3  # a missed visit still counts


@pytest.mark.rule("R-001")
def test_check_in_wants_the_same_document_on_the_same_day() -> None:
    given = build.identity()
    place, (actor, patient) = build.clinic(), build.holder(given)
    held = build.hold(place, patient, actor)
    desk, morning = build.registrar(place.hospital_id), place.slots[0].starts_at
    wrong = CheckIn("w", place.hospital_id, held.booking_id, build.identity().number)
    with pytest.raises(errors.RealNameMismatch):
        change.check_in_booking(wrong, actor=desk, now=morning)
    cmd = CheckIn("c", place.hospital_id, held.booking_id, given.number.lower())
    with pytest.raises(errors.CheckInTooEarly):
        change.check_in_booking(cmd, actor=desk, now=NOW)
    with pytest.raises(Forbidden):
        change.check_in_booking(cmd, actor=actor, now=morning)
    assert change.check_in_booking(cmd, actor=desk, now=morning).state is State.CHECKED_IN
    assert not sweep.mark_missed(place.hospital_id, held.booking_id, actor=SYSTEM, now=morning + timedelta(days=1))


@pytest.mark.rule("R-012")
def test_an_entitlement_opens_its_pool_once() -> None:
    place = build.clinic(pools=(Pool.ONLINE, Pool.ONLINE, Pool.REFERRAL, Pool.REFERRAL))
    actor, patient = build.holder()
    until = clock.shanghai_date(NOW) + timedelta(days=5)
    grant = GrantEntitlement("g", place.hospital_id, patient, place.department_id, "referral", until, "社区转诊")
    with pytest.raises(Forbidden):
        extra.grant_entitlement(grant, actor=actor, now=NOW)
    wrong = replace(grant, pool="online")
    with pytest.raises(errors.EntitlementInvalid):
        extra.grant_entitlement(wrong, actor=make.hospital_admin(place.hospital_id), now=NOW)
    granted = extra.grant_entitlement(grant, actor=make.hospital_admin(place.hospital_id), now=NOW)
    with pytest.raises(errors.PoolExhausted):
        build.hold(place, patient, actor, n=2)
    cmd = HoldSlot("k", place.hospital_id, place.slot(2), patient, False, entitlement_id=granted.entitlement_id)
    held = claim.hold_slot(cmd, actor=actor, now=NOW)
    assert held.state is State.CONFIRMED
    stranger, other = build.holder()
    with pytest.raises(errors.EntitlementInvalid):
        claim.hold_slot(replace(cmd, patient_id=other, slot_id=place.slot(3)), actor=stranger, now=NOW)


def test_offers_count_what_is_left_and_only_while_it_sells() -> None:
    place, (actor, patient) = build.clinic(slots=3), build.holder()
    session = schedule.get_session(place.hospital_id, place.session_id)

    def left(now=NOW, channel="web") -> int:  # type: ignore[no-untyped-def]
        return openings.offers(place.hospital_id, [session], channel=channel, now=now)[place.session_id].left

    assert left() == 3
    held = build.hold(place, patient, actor)
    assert left() == 2
    change.cancel_booking(CancelBooking("c", place.hospital_id, held.booking_id), actor=actor, now=NOW)
    assert left() == 2  # not yet back
    assert left(now=NOW + timedelta(hours=1)) == 3
    assert left(channel="114") == 0
    assert left(now=session.release_at - timedelta(milliseconds=1)) == 0
    windows = openings.slot_offers(place.hospital_id, session, channel="web", now=NOW)
    assert [window.is_open for window in windows] == [False, True, True]


@pytest.mark.rule("R-005")
def test_the_table_holds_the_citys_ceiling_without_any_rule() -> None:
    _, patient = build.holder()
    limits.take_day(patient, build.DAY)
    limits.take_day(patient, build.DAY)
    with pytest.raises(IntegrityError, match="limits_same_day"), transaction.atomic():
        limits.take_day(patient, build.DAY)


@pytest.mark.rule("R-102")
def test_after_a_merge_one_person_has_both_histories_and_one_set_of_limits() -> None:
    first = build.clinic()
    one, other = build.patient(first.hospital_id), build.patient(first.hospital_id)
    desk = replace(build.registrar(first.hospital_id), channel="web")
    build.hold(first, other, desk)
    decider = make.staff_actor("city_operator")
    merging.merge_patients(MergePatients("m", one, other, "同一人"), actor=decider, now=NOW)
    again = build.clinic(hospital_id=first.hospital_id, department_id=first.department_id, at=build.time(14, 0))
    with pytest.raises(errors.DuplicateDepartment):
        build.hold(again, one, desk)
    listed = bookings.list_bookings_of_patient(first.hospital_id, one, build.registrar(first.hospital_id), now=NOW)
    assert [booking.patient_id for booking in listed] == [other]
