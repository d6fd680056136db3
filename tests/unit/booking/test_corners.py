"""Where rules meet: entitlements that stand twice, stops that come late, merged records, who says that it is paid."""

from dataclasses import replace
from datetime import time, timedelta
from uuid import UUID

import pytest
from django.db import transaction
from tests import clinic as build
from tests import make
from tests.clinic import NOW

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db.fields import blind_index
from yitong.core.db.models import Event, IdempotencyKey
from yitong.core.digests import digest_of
from yitong.core.errors import Forbidden
from yitong.domains.access.contracts import Scope
from yitong.domains.booking import errors, models, personal_data
from yitong.domains.booking.commands import announce, change, claim, extra, sweep
from yitong.domains.booking.contracts import (
    CancelBooking,
    CheckIn,
    ConfirmBooking,
    GrantEntitlement,
    Held,
    HoldSlot,
    MoveBooking,
    State,
)
from yitong.domains.booking.queries import bookings, openings
from yitong.domains.hospitals.contracts.things import ClinicKind
from yitong.domains.notify.models import Message
from yitong.domains.people.commands import limits, merging
from yitong.domains.people.contracts.patients import IdentityGiven, MergePatients, UnmergePatients
from yitong.domains.people.contracts.words import IdentityKind, Sex
from yitong.domains.people.errors import PatientMissing, RightsDenied
from yitong.domains.people.models import BookingLimits, PatientMerge
from yitong.domains.schedule.commands.sessions import stop_session, substitute_session
from yitong.domains.schedule.contracts import Pool, StopReason, StopSession, SubstituteSession
from yitong.domains.schedule.queries.timetable import get_session

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")
POOLS = (Pool.ONLINE, Pool.ONLINE, Pool.REFERRAL, Pool.REFERRAL)


def grant(place: build.Clinic, patient: UUID, key: str) -> UUID:
    until = clock.shanghai_date(NOW) + timedelta(days=5)
    cmd = GrantEntitlement(key, place.hospital_id, patient, place.department_id, "referral", until, "转诊")
    return extra.grant_entitlement(cmd, actor=make.hospital_admin(place.hospital_id), now=NOW).entitlement_id


def hold_entitled(place: build.Clinic, patient: UUID, actor: Actor, entitlement: UUID, *, n: int = 2) -> Held:
    cmd = HoldSlot(f"k{make.number()}", place.hospital_id, place.slot(n), patient, False, entitlement_id=entitlement)
    return claim.hold_slot(cmd, actor=actor, now=NOW)


def stop(place: build.Clinic, now=NOW) -> None:  # type: ignore[no-untyped-def]
    manager = make.staff_actor("roster_manager", hospital_id=place.hospital_id)
    cmd = StopSession(f"stop{make.number()}", place.hospital_id, place.session_id, StopReason.LEAVE)
    stop_session(cmd, actor=manager, now=now)


# -- entitlements ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-012")
@pytest.mark.parametrize("way", ["cancel", "stop"])
def test_a_booking_ends_though_an_equal_entitlement_was_granted_meanwhile(way: str) -> None:
    place, (actor, patient) = build.clinic(pools=POOLS), build.holder()
    first = grant(place, patient, "first")
    held = hold_entitled(place, patient, actor, first)
    grant(place, patient, "second")
    if way == "cancel":
        change.cancel_booking(CancelBooking("c", place.hospital_id, held.booking_id), actor=actor, now=NOW)
    else:
        sweep.stop_bookings(place.hospital_id, place.session_id, reason="leave", actor=SYSTEM, now=NOW)
    assert not models.Booking.objects.get(id=held.booking_id).live
    assert models.Entitlement.objects.filter(patient_id=patient, used_by_id=None).count() >= 1


@pytest.mark.rule("R-012")
def test_an_entitlement_comes_back_with_the_cancel_and_serves_again() -> None:
    place, (actor, patient) = build.clinic(pools=POOLS), build.holder()
    entitlement = grant(place, patient, "g")
    held = hold_entitled(place, patient, actor, entitlement)
    with pytest.raises(errors.EntitlementInvalid):
        hold_entitled(place, patient, actor, entitlement, n=3)
    change.cancel_booking(CancelBooking("c", place.hospital_id, held.booking_id), actor=actor, now=NOW)
    assert hold_entitled(place, patient, actor, entitlement, n=3).state is State.CONFIRMED


@pytest.mark.rule("R-012")
def test_an_entitlement_of_a_day_that_is_over_is_refused() -> None:
    place, patient = build.clinic(pools=POOLS), build.holder()[1]
    day = clock.shanghai_date(NOW)
    cmd = GrantEntitlement("g", place.hospital_id, patient, place.department_id, "referral", day, "转诊")
    admin = make.hospital_admin(place.hospital_id)
    with pytest.raises(errors.EntitlementInvalid):
        extra.grant_entitlement(replace(cmd, until_date=day - timedelta(days=1)), actor=admin, now=NOW)
    assert extra.grant_entitlement(cmd, actor=admin, now=NOW).entitlement_id


@pytest.mark.rule("R-102")
def test_an_entitlement_outlives_a_merge() -> None:
    place, (actor, patient) = build.clinic(pools=POOLS), build.holder()
    entitlement = grant(place, patient, "g")
    known = build.patient(place.hospital_id)
    merge(known, patient)
    assert hold_entitled(place, known, actor, entitlement).state is State.CONFIRMED


# -- stops -------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-008")
@pytest.mark.rule("R-016")
def test_nobody_is_a_no_show_of_a_stopped_session_though_its_handler_comes_late() -> None:
    place, (actor, patient) = build.clinic(slots=1), build.holder()
    held = build.hold(place, patient, actor)
    stop(place, now=place.slots[0].starts_at)
    late = place.slots[0].ends_at + timedelta(hours=2)
    assert not sweep.mark_missed(place.hospital_id, held.booking_id, actor=SYSTEM, now=late)
    assert BookingLimits.objects.get(patient_id=patient).no_show_days == []
    assert sweep.stop_bookings(place.hospital_id, place.session_id, reason="leave", actor=SYSTEM, now=late) == 1
    assert models.Booking.objects.get(id=held.booking_id).state == State.STOPPED


@pytest.mark.rule("R-016")
def test_a_substitute_stands_on_the_booking_and_in_the_message() -> None:
    at = make.clinic()
    session = make.session(at, build.DAY, kind=ClinicKind.EXPERT)
    online = make.slots(session, Pool.ONLINE)
    actor, patient = build.holder()
    place = build.Clinic(at.hospital_id, at.department_id, session.session_id, session.date, tuple(online))
    held = build.hold(place, patient, actor)
    other = make.practitioner(at.hospital_id, at.department_code)
    cmd = SubstituteSession("s", at.hospital_id, session.session_id, other)
    substitute_session(cmd, actor=at.manager, now=NOW)
    event = Event.objects.get(operation="schedule.session_substituted", subject_id=session.session_id)
    for _ in range(2):
        announce.substitute_bookings(at.hospital_id, session.session_id, event.id, now=NOW)
    assert bookings.get_booking(at.hospital_id, held.booking_id, actor, now=NOW).practitioner_id == other
    told = Message.objects.filter(account_id=actor.account_id, template="booking_substituted")
    assert {row.params["practitioner_id"] for row in told} == {str(other)}
    assert told.count() == 2  # in the app and by SMS, once each


# -- who says that it is paid ------------------------------------------------------------------------------------------


@pytest.mark.rule("R-018")
def test_nobody_confirms_his_own_unpaid_hold() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    build.pay_online(place.hospital_id)
    held = build.hold(place, patient, actor)
    assert held.state is State.HELD
    cmd = ConfirmBooking("p", place.hospital_id, held.booking_id)
    through_app = Actor.for_account(UUID(actor.id), channel="app")
    for who in (actor, through_app):
        with pytest.raises(Forbidden):
            change.confirm_booking(cmd, actor=who, now=NOW)
    assert models.Booking.objects.get(id=held.booking_id).state == State.HELD


@pytest.mark.rule("R-018")
def test_the_channel_that_took_the_payment_confirms_its_own_hold_alone() -> None:
    place = build.clinic()
    build.pay_online(place.hospital_id)
    scopes = frozenset({Scope.BOOKINGS_WRITE})
    partner = Actor.for_channel(UUID(int=7), "partner", scopes=scopes)
    other = Actor.for_channel(UUID(int=8), "other", scopes=scopes)
    held = build.hold(place, build.patient(place.hospital_id), partner)
    cmd = ConfirmBooking("p", place.hospital_id, held.booking_id)
    with pytest.raises(errors.BookingMissing):
        change.confirm_booking(cmd, actor=other, now=NOW)
    assert change.confirm_booking(cmd, actor=partner, now=NOW).state is State.CONFIRMED


# -- merged records ----------------------------------------------------------------------------------------------------


def merge(survivor: UUID, merged: UUID) -> None:
    cmd = MergePatients(f"m{make.number()}", survivor, merged, "同一人")
    merging.merge_patients(cmd, actor=make.staff_actor("city_operator"), now=NOW)


@pytest.mark.rule("R-047")
@pytest.mark.rule("R-102")
def test_a_booking_of_a_merged_record_is_moved_under_the_limits_of_the_survivor() -> None:
    place, (actor, patient) = build.clinic(slots=4), build.holder()
    known = build.patient(place.hospital_id)
    held = build.hold(place, patient, actor)
    merge(known, patient)
    elsewhere = build.clinic(hospital_id=place.hospital_id, at=time(8, 0), slots=2)
    desk = replace(build.registrar(place.hospital_id), channel="web")
    build.hold(elsewhere, known, desk, n=1)
    clash = MoveBooking("clash", place.hospital_id, held.booking_id, place.slot(1))
    with pytest.raises(errors.TimeClash):
        change.move_booking(clash, actor=actor, now=NOW)
    cmd = MoveBooking("m", place.hospital_id, held.booking_id, place.slot(2))
    assert change.move_booking(cmd, actor=actor, now=NOW).state is State.CONFIRMED
    assert BookingLimits.objects.get(patient_id=known).live_days == [place.day] * 2


@pytest.mark.rule("R-005")
@pytest.mark.rule("R-102")
def test_a_claim_that_waited_for_a_merge_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    place = build.clinic(slots=4)
    one, other = build.patient(place.hospital_id), build.patient(place.hospital_id)
    desk = replace(build.registrar(place.hospital_id), channel="web")
    build.hold(place, one, desk)
    locked = limits.lock_limits
    merges = [lambda: merging.lead_to(*merging.locked_pair(one, other), basis="person", reason="", actor=desk, now=NOW)]

    def merged_while_waiting(patient_id: UUID):  # type: ignore[no-untyped-def]
        if merges:
            merges.pop()()
        return locked(patient_id)

    monkeypatch.setattr(limits, "lock_limits", merged_while_waiting)
    with pytest.raises(PatientMissing):
        build.hold(place, other, desk, n=2)
    assert models.Booking.objects.filter(session_id=place.session_id, live=True).count() == 1


@pytest.mark.rule("R-005")
@pytest.mark.rule("R-102")
def test_after_an_unmerge_each_counts_the_days_of_his_own_bookings() -> None:
    place = build.clinic(slots=4)
    later = build.clinic(
        hospital_id=place.hospital_id, department_id=place.department_id, day=place.day + timedelta(days=1)
    )
    one, other = build.patient(place.hospital_id), build.patient(place.hospital_id)
    desk = replace(build.registrar(place.hospital_id), channel="web")
    moved = build.hold(place, other, desk)
    merge(one, other)
    to = MoveBooking("m", place.hospital_id, moved.booking_id, later.slot(1))
    change.move_booking(to, actor=desk, now=NOW)
    build.hold(place, one, desk, n=2)
    merge_id = PatientMerge.objects.get(merged_id=other).id
    cmd = UnmergePatients("u", one, merge_id, "两个人")
    merging.unmerge_patients(cmd, actor=make.staff_actor("city_operator"), now=NOW)
    sweep.recount_days([other, one], now=NOW)  # as the event's handler does
    assert BookingLimits.objects.get(patient_id=one).live_days == [place.day]
    assert BookingLimits.objects.get(patient_id=other).live_days == [later.day]


@pytest.mark.rule("R-198")
def test_nobody_is_forgotten_while_a_booking_made_a_moment_ago_lies_ahead() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    held = build.hold(place, patient, actor)
    with clock.frozen(NOW), pytest.raises(RightsDenied), transaction.atomic():
        personal_data.erase([patient], actor.account_id)
    assert models.Booking.objects.get(id=held.booking_id).patient_name != ""


@pytest.mark.rule("R-198")
@pytest.mark.rule("R-102")
def test_the_name_goes_from_bookings_of_merged_records_too() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    held = build.hold(place, patient, actor)
    known = build.patient(place.hospital_id)
    merge(known, patient)
    with clock.frozen(place.slots[0].ends_at), transaction.atomic():
        assert personal_data.erase([known], actor.account_id) == {"bookings": 1}
    assert models.Booking.objects.get(id=held.booking_id).patient_name == ""


# -- documents ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-001")
@pytest.mark.parametrize("shown", ["H1234567801", " h12345678 02", "H12345678"])
def test_a_renewed_permit_is_still_the_same_persons(shown: str) -> None:
    place = build.clinic()
    born = clock.shanghai_date(NOW).replace(year=1985)
    given = IdentityGiven("测试港", IdentityKind.HK_MACAU_PERMIT, "H1234567801", born, Sex.MALE)
    patient = build.patient(place.hospital_id, given)
    held = build.hold(place, patient, replace(build.registrar(place.hospital_id), channel="web"))
    cmd = CheckIn("c", place.hospital_id, held.booking_id, shown)
    desk, morning = build.registrar(place.hospital_id), place.slots[0].starts_at
    assert change.check_in_booking(cmd, actor=desk, now=morning).state is State.CHECKED_IN


@pytest.mark.rule("R-208")
def test_no_plain_hash_of_a_document_is_kept() -> None:
    given = build.identity()
    place, (actor, patient) = build.clinic(), build.holder(given)
    held = build.hold(place, patient, actor)
    cmd = CheckIn("c", place.hospital_id, held.booking_id, given.number)
    desk = build.registrar(place.hospital_id)
    change.check_in_booking(cmd, actor=desk, now=place.slots[0].starts_at)
    kept = IdempotencyKey.objects.get(actor=desk.key, operation="booking.check_in_booking")
    assert bytes(kept.digest) != digest_of(cmd)
    keyed = replace(cmd, identity_number=blind_index("idempotency", given.number).hex())
    assert bytes(kept.digest) == digest_of(keyed)  # can't be tried out without the key


# -- what is shown is what can be had ----------------------------------------------------------------------------------


@pytest.mark.rule("R-002")
def test_windows_that_are_over_are_not_counted_as_left() -> None:
    pools = [Pool.ONLINE] * 20
    pools[0] = pools[5] = pools[19] = Pool.ONSITE  # in the windows 0, 1 and 6
    place = build.clinic(slots=20, pools=tuple(pools), day=clock.shanghai_date(NOW), at=time(9, 0))
    session = get_session(place.hospital_id, place.session_id)
    now = place.slots[5].ends_at
    left = openings.offers(place.hospital_id, [session], channel="desk", now=now)[place.session_id].left
    windows = openings.slot_offers(place.hospital_id, session, channel="desk", now=now)
    assert left == sum(window.is_open for window in windows) == 1


# -- moving as a way to shut a session ---------------------------------------------------------------------------------


@pytest.mark.rule("R-010")
@pytest.mark.rule("R-017")
def test_moves_free_slots_so_they_count_like_cancels() -> None:
    place, (actor, patient) = build.clinic(slots=20), build.holder()
    held = build.hold(place, patient, actor)

    def move(n: int) -> None:
        cmd = MoveBooking(f"m{n}", place.hospital_id, held.booking_id, place.slot(n))
        change.move_booking(cmd, actor=actor, now=NOW)

    for n in range(1, 17):
        move(n)
    with pytest.raises(errors.AbuseLocked):  # the sixteenth within a month was one too many
        move(17)
