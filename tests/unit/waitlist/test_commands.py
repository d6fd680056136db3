"""Join, serve, accept, decline, lapse, withdraw, close: each success with its refusals, through the commands."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from tests import clinic as build
from tests import draws, lines, make
from tests.clinic import NOW

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import relay
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, KeyReused, Unidentified
from yitong.domains.booking import errors as booking_errors
from yitong.domains.booking import models as bookings
from yitong.domains.booking.commands import change, claim
from yitong.domains.booking.contracts import KEPT_UNTIL, CancelBooking, HoldSlot, MoveBooking
from yitong.domains.draws.ports import beacon
from yitong.domains.notify.models import Message
from yitong.domains.people.commands import merging, slowing
from yitong.domains.people.contracts.patients import MergePatients
from yitong.domains.people.errors import PatientMissing
from yitong.domains.schedule.models import Slot
from yitong.domains.waitlist import errors, models, queries
from yitong.domains.waitlist.commands import answering, closing, joining, serving
from yitong.domains.waitlist.contracts import (
    Accept,
    Changed,
    ChangeEntry,
    CloseReason,
    Decline,
    Join,
    Mode,
    OfferState,
    SessionKey,
    WaitState,
    Withdraw,
)

pytestmark = [pytest.mark.django_db, pytest.mark.rule("R-017")]


def state_of(entry_id: UUID) -> WaitState:
    return WaitState(models.WaitlistEntry.objects.get(id=entry_id).state)


def holder_of(hospital_id: UUID, slot_id: UUID) -> UUID | None:
    row = bookings.Booking.objects.filter(hospital_id=hospital_id, slot_id=slot_id, live=True).first()
    return row.patient_id if row else None


def return_of(hospital_id: UUID, slot_id: UUID) -> object:
    return Slot.objects.get(hospital_id=hospital_id, id=slot_id).reopens_at


def offer_of(entry_id: UUID, hospital_id: UUID) -> models.WaitlistOffer:
    return models.WaitlistOffer.objects.get(hospital_id=hospital_id, entry_id=entry_id, live=True)


def told(actor: Actor) -> list[str]:
    rows = Message.objects.filter(account_id=actor.account_id, medium="in_app", template__startswith="waitlist")
    return [row.template.removeprefix("waitlist_") for row in rows.order_by("id")]


# -- the slot that is freed ----------------------------------------------------------------------------------------


def test_a_freed_slot_is_kept_where_somebody_waits_and_booked_for_him() -> None:
    full = lines.sold_out()
    actor, patient, entry_id = lines.waits(full)
    slot = full.free(1)
    assert return_of(full.place.hospital_id, slot) == KEPT_UNTIL
    with pytest.raises(booking_errors.SlotTaken):
        build.hold(full.place, build.holder()[1], Actor.system("test"), n=1)
    assert full.serve() == 1
    assert state_of(entry_id) is WaitState.BOOKED
    booking = bookings.Booking.objects.get(hospital_id=full.place.hospital_id, slot_id=slot, live=True)
    assert (booking.patient_id, booking.account_id, booking.channel) == (patient, actor.account_id, "web")
    assert booking.key == f"waitlist:{entry_id}:0"
    assert told(actor) == ["joined", "booked"]
    assert full.serve() == 0


def test_who_is_slow_passes_the_check_when_he_gets_in_line_and_not_again_at_his_turn() -> None:
    full = lines.sold_out()
    actor, patient = build.holder()
    assert actor.account_id is not None
    with transaction.atomic():
        slowing.slow_down(actor.account_id, at=NOW)
    with pytest.raises(booking_errors.CheckRequired):
        lines.join(actor, [patient], full)
    with transaction.atomic():
        slowing.note_check_passed(actor.account_id, until=NOW + timedelta(minutes=30))
    entry_id = lines.join(actor, [patient], full).entry_id
    later = NOW + timedelta(hours=3)
    slot = full.free(1, now=later)
    assert full.serve(now=later) == 1
    assert (state_of(entry_id), holder_of(full.place.hospital_id, slot)) == (WaitState.BOOKED, patient)


def test_a_freed_slot_returns_by_delay_where_nobody_waits() -> None:
    full = lines.sold_out()
    slot = full.free(0)
    returns = return_of(full.place.hospital_id, slot)
    assert NOW + timedelta(minutes=10) <= returns <= NOW + timedelta(minutes=60)  # type: ignore[operator]
    assert not bookings.KeptSlot.objects.filter(hospital_id=full.place.hospital_id).exists()


def test_slots_return_at_a_set_time_where_the_hospital_wants_it_so() -> None:
    full = lines.sold_out(slots=3)
    lines.decide(full.place.hospital_id, "booking.rerelease.mode", "at_time")
    lines.decide(full.place.hospital_id, "booking.rerelease.at_time", "12:00")
    at_ten, near, late = (
        full.free(0),
        full.free(1, now=NOW + timedelta(minutes=115)),
        full.free(2, now=NOW + timedelta(days=2, hours=3)),
    )
    noon = NOW.replace(hour=4)
    assert return_of(full.place.hospital_id, at_ten) == noon
    assert return_of(full.place.hospital_id, near) == noon + timedelta(days=1)  # five minutes are no delay
    later = return_of(full.place.hospital_id, late)  # booking ends before the next noon
    assert later < noon + timedelta(days=3)  # type: ignore[operator]


def test_a_move_frees_its_slot_for_those_who_wait() -> None:
    full = lines.sold_out()
    other = build.clinic(hospital_id=full.place.hospital_id, department_id=full.place.department_id, at=build.time(14))
    _, patient, _ = lines.waits(full)
    held = full.held[0]
    cmd = MoveBooking("m", held.hospital_id, held.booking_id, other.slot())
    change.move_booking(cmd, actor=Actor("system", "test", "web"), now=NOW)
    full.serve()
    assert holder_of(held.hospital_id, held.slot_id) == patient


def test_what_is_on_its_way_back_is_kept_for_the_first_who_waits() -> None:
    full = lines.sold_out()
    slot = full.free(0)
    _, patient, _ = lines.waits(full)
    assert return_of(full.place.hospital_id, slot) == KEPT_UNTIL
    full.serve()
    assert holder_of(full.place.hospital_id, slot) == patient


def test_onsite_slots_are_never_kept() -> None:
    place = build.clinic(slots=7, pools=(build.Pool.ONLINE,) * 6 + (build.Pool.ONSITE,))
    build.keep_none_special(place)
    for n in range(6):
        build.hold(place, build.patient(place.hospital_id), Actor("system", "test", "web"), n=n)
    onsite = build.hold(place, build.patient(place.hospital_id), build.registrar(place.hospital_id), n=6)
    full = lines.SoldOut(place, (onsite,))
    lines.waits(full)
    slot = full.free(0)
    assert return_of(place.hospital_id, slot) is not None
    assert return_of(place.hospital_id, slot) != KEPT_UNTIL


def test_the_first_in_line_has_the_slot() -> None:
    full = lines.sold_out()
    _, first, _ = lines.waits(full)
    _, second, _ = lines.waits(full, now=NOW + timedelta(seconds=1))
    one, two = full.free(0), full.free(1)
    full.serve()
    assert [holder_of(full.place.hospital_id, slot) for slot in (one, two)] == [first, second]


def test_a_slot_that_nobody_can_have_is_let_go_by_delay() -> None:
    full = lines.sold_out()
    actor, _, entry_id = lines.waits(full)
    slot = full.free(0)
    joining.withdraw_entry(Withdraw("w", entry_id), actor=actor, now=NOW)
    assert full.serve() == 1
    returns = return_of(full.place.hospital_id, slot)
    assert NOW + timedelta(minutes=10) <= returns <= NOW + timedelta(minutes=60)  # type: ignore[operator]
    kept = bookings.KeptSlot.objects.get(hospital_id=full.place.hospital_id)
    assert (kept.outcome, kept.ended_at) == ("let_go", NOW)


def test_whom_a_rule_refuses_is_passed_by_and_keeps_his_place() -> None:
    full, elsewhere = lines.sold_out(), build.clinic()
    actor, patient, entry_id = lines.waits(full)
    _, second, _ = lines.waits(full)
    build.hold(elsewhere, patient, actor)  # at the same hour, at another hospital
    slot = full.free(0)
    full.serve()
    assert holder_of(full.place.hospital_id, slot) == second
    seen = queries.get_entry(entry_id, actor)
    assert (seen.state, [one.reason for one in seen.passings]) == (WaitState.WAITING, ["TIME_CLASH"])
    assert seen.lines[0].ahead == 0
    assert told(actor) == ["joined", "passed"]


def test_a_session_that_nobody_waits_for_is_left() -> None:
    full = lines.sold_out()
    actor, _, entry_id = lines.waits(full)
    assert closing.idle_sessions(full.place.hospital_id) == []
    assert closing.leave_session(full.place.hospital_id, full.place.session_id, now=NOW) is False
    joining.withdraw_entry(Withdraw("w", entry_id), actor=actor, now=NOW)
    assert closing.idle_sessions(full.place.hospital_id) == [full.place.session_id]
    assert closing.leave_session(full.place.hospital_id, full.place.session_id, now=NOW) is True
    assert return_of(full.place.hospital_id, full.free(0)) != KEPT_UNTIL


# -- joining -------------------------------------------------------------------------------------------------------


def test_the_same_key_joins_once() -> None:
    full = lines.sold_out()
    actor, patient = build.holder()
    first = lines.join(actor, [patient], full, key="j")
    assert lines.join(actor, [patient], full, key="j") == first
    with pytest.raises(KeyReused):
        lines.join(actor, [patient], full, key="j", mode=Mode.ASK)
    assert models.WaitlistEntry.objects.count() == 1


def test_nobody_waits_for_what_he_can_have() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    with pytest.raises(booking_errors.SlotsLeft):
        lines.join(actor, [patient], lines.SoldOut(place, ()))
    assert not models.WaitlistEntry.objects.exists()
    assert not bookings.AwaitedSession.objects.filter(hospital_id=place.hospital_id).exists()


def test_only_an_account_waits_and_only_for_its_own() -> None:
    full, (actor, _), (_, stranger) = lines.sold_out(), build.holder(), build.holder()
    cmd = Join("j", (stranger,), (full.key,), Mode.AT_ONCE)
    for who, refusal in (
        (Actor.anonymous(), Unidentified),
        (make.hospital_admin(full.place.hospital_id), Forbidden),
        (Actor.system("test"), Forbidden),
        (actor, PatientMissing),
    ):
        with pytest.raises(refusal):
            joining.join_waitlist(cmd, actor=who, now=NOW)
    assert not models.WaitlistEntry.objects.exists()


@pytest.mark.rule("R-045")
def test_who_could_not_book_does_not_wait() -> None:
    full, (actor, patient) = lines.sold_out(), build.holder(verified=False)
    with pytest.raises(booking_errors.VerifyRequired):
        lines.join(actor, [patient], full)


@pytest.mark.rule("R-005")
def test_who_has_a_booking_there_that_day_does_not_wait() -> None:
    full, (actor, patient) = lines.sold_out(), build.holder()
    other = build.clinic(hospital_id=full.place.hospital_id, department_id=full.place.department_id, at=build.time(14))
    build.hold(other, patient, actor)
    with pytest.raises(booking_errors.DuplicateDepartment):
        lines.join(actor, [patient], full)


@pytest.mark.rule("R-016")
def test_nobody_waits_for_a_stopped_session() -> None:
    from yitong.domains.schedule.commands import sessions
    from yitong.domains.schedule.contracts import StopReason, StopSession

    full, (actor, patient) = lines.sold_out(), build.holder()
    stop = StopSession("s", full.place.hospital_id, full.place.session_id, StopReason.LEAVE)
    manager = make.staff_actor("roster_manager", hospital_id=full.place.hospital_id)
    sessions.stop_session(stop, actor=manager, now=NOW)
    with pytest.raises(booking_errors.SessionCancelled):
        lines.join(actor, [patient], full)


def test_a_patient_waits_at_so_many_places_and_once_at_each() -> None:
    actor, patient = build.holder()
    full = [lines.sold_out(slots=1) for _ in range(4)]
    lines.join(actor, [patient], full[0])
    with pytest.raises(errors.AlreadyWaiting):
        lines.join(actor, [patient], full[1], full[0])
    lines.join(actor, [patient], full[1])
    lines.join(actor, [patient], full[2])
    with pytest.raises(errors.WaitlistFull):
        lines.join(actor, [patient], full[3])
    assert models.WaitlistChoice.objects.filter(hospital_id__in=[one.place.hospital_id for one in full]).count() == 3


@pytest.mark.parametrize(
    "wish",
    [
        lambda patient, key: Join("j", (), (key,), Mode.ASK),
        lambda patient, key: Join("j", (patient, patient), (key,), Mode.ASK),
        lambda patient, key: Join("j", (patient,) * 4, (key,), Mode.ASK),
        lambda patient, key: Join("j", (patient,), (), Mode.ASK),
        lambda patient, key: Join("j", (patient,), (key, key), Mode.ASK),
    ],
)
def test_an_unclear_wish_is_refused(wish: object) -> None:
    actor, patient = build.holder()
    with pytest.raises(errors.WishUnclear):
        joining.join_waitlist(wish(patient, SessionKey(UUID(int=1), UUID(int=2))), actor=actor, now=NOW)  # type: ignore[operator]


@pytest.mark.rule("R-002")
def test_nobody_gets_in_line_before_the_release() -> None:
    place, (actor, patient) = build.clinic(release_at=NOW), build.holder()
    early = NOW - timedelta(milliseconds=1)
    with pytest.raises(booking_errors.WindowClosed):
        lines.join(actor, [patient], lines.SoldOut(place, ()), now=early)
    with pytest.raises(booking_errors.SlotsLeft):
        lines.join(actor, [patient], lines.SoldOut(place, ()), now=NOW)


@pytest.mark.rule("R-002")
def test_a_line_closes_an_hour_before_booking_does() -> None:
    full = lines.sold_out(day=build.DAY - timedelta(days=2))  # tomorrow: booked until 16:00 today
    closes = NOW.replace(hour=7)
    actor, patient, entry_id = lines.waits(full, now=closes - timedelta(seconds=1))
    with pytest.raises(errors.WaitlistClosed):
        lines.waits(full, now=closes)
    slot = full.free(0, now=closes)
    full.serve(now=closes)
    assert holder_of(full.place.hospital_id, slot) is None
    assert return_of(full.place.hospital_id, slot) != KEPT_UNTIL
    ((hospital_id, choice_id),) = closing.due_choices(closes)
    assert closing.close_choice(hospital_id, choice_id, CloseReason.OVER, now=closes) is True
    assert closing.close_choice(hospital_id, choice_id, CloseReason.OVER, now=closes) is False
    assert (state_of(entry_id), told(actor)) == (WaitState.CLOSED, ["joined", "closed"])


# -- offers --------------------------------------------------------------------------------------------------------


def test_an_offer_is_held_and_booked_when_taken() -> None:
    full = lines.sold_out()
    actor, patient, entry_id = lines.waits(full, mode=Mode.ASK)
    slot = full.free(0)
    full.serve()
    offer = offer_of(entry_id, full.place.hospital_id)
    assert (state_of(entry_id), offer.until) == (WaitState.OFFERED, NOW + timedelta(minutes=30))
    seen = queries.get_entry(entry_id, actor)
    assert seen.offer is not None
    assert (seen.offer.slots[0].number, seen.offers_left) == (1, 1)
    late = NOW + timedelta(minutes=29)
    taken = answering.accept_offer(Accept("a", full.place.hospital_id, offer.id), actor=actor, now=late)
    again = answering.accept_offer(Accept("a", full.place.hospital_id, offer.id), actor=actor, now=late)
    assert taken == again
    assert (taken.state, holder_of(full.place.hospital_id, slot)) == (WaitState.BOOKED, patient)
    assert told(actor) == ["joined", "offered", "booked"]
    with pytest.raises(errors.OfferOver):
        answering.accept_offer(Accept("b", full.place.hospital_id, offer.id), actor=actor, now=late)


def test_a_missed_offer_goes_to_the_next_and_its_entry_is_asked_once_more() -> None:
    full = lines.sold_out()
    actor, _, sleeper = lines.waits(full, mode=Mode.ASK)
    _, second, _ = lines.waits(full)
    slot = full.free(0)
    full.serve()
    offer = offer_of(sleeper, full.place.hospital_id)
    assert answering.end_offer(full.place.hospital_id, offer.id, now=offer.until - timedelta(seconds=1)) is None
    assert answering.due_offers(offer.until) == [(full.place.hospital_id, offer.id)]
    with pytest.raises(errors.OfferOver):
        answering.accept_offer(Accept("a", full.place.hospital_id, offer.id), actor=actor, now=offer.until)
    assert answering.end_offer(full.place.hospital_id, offer.id, now=offer.until) == full.place.session_id
    full.serve(now=offer.until)
    assert holder_of(full.place.hospital_id, slot) == second
    assert (state_of(sleeper), told(actor)) == (WaitState.WAITING, ["joined", "offered", "lapsed"])
    full.free(1, now=offer.until)
    full.serve(now=offer.until)
    last = offer_of(sleeper, full.place.hospital_id)
    answering.end_offer(full.place.hospital_id, last.id, now=last.until)
    assert state_of(sleeper) is WaitState.LAPSED


def test_a_declined_offer_goes_to_the_next() -> None:
    full = lines.sold_out()
    actor, _, first = lines.waits(full, mode=Mode.ASK)
    _, second, _ = lines.waits(full)
    slot = full.free(0)
    full.serve()
    offer = offer_of(first, full.place.hospital_id)
    with pytest.raises(errors.EntryMissing):
        answering.decline_offer(Decline("d", full.place.hospital_id, offer.id), actor=build.holder()[0], now=NOW)
    declined = answering.decline_offer(Decline("d", full.place.hospital_id, offer.id), actor=actor, now=NOW)
    assert answering.decline_offer(Decline("d", full.place.hospital_id, offer.id), actor=actor, now=NOW) == declined
    assert declined.state is WaitState.WAITING
    full.serve()
    assert holder_of(full.place.hospital_id, slot) == second
    full.free(1)
    full.serve()
    again = offer_of(first, full.place.hospital_id)
    last = answering.decline_offer(Decline("d2", full.place.hospital_id, again.id), actor=actor, now=NOW)
    assert last.state is WaitState.DECLINED
    choice = models.WaitlistChoice.objects.get(hospital_id=full.place.hospital_id, entry_id=first)
    assert (choice.live, choice.end_reason) == (False, CloseReason.ENDED)


def test_a_withdrawn_offer_goes_to_the_next() -> None:
    full = lines.sold_out()
    actor, _, first = lines.waits(full, mode=Mode.ASK)
    _, second, _ = lines.waits(full)
    slot = full.free(0)
    full.serve()
    with pytest.raises(errors.EntryMissing):
        joining.withdraw_entry(Withdraw("w", first), actor=build.holder()[0], now=NOW)
    done = joining.withdraw_entry(Withdraw("w", first), actor=actor, now=NOW)
    assert joining.withdraw_entry(Withdraw("w", first), actor=actor, now=NOW) == done
    full.serve()
    assert holder_of(full.place.hospital_id, slot) == second
    with pytest.raises(errors.StateForbids):
        joining.withdraw_entry(Withdraw("w2", first), actor=actor, now=NOW)


def altered(actor: Actor, entry_id: UUID, *full: lines.SoldOut, mode: Mode = Mode.AT_ONCE, key: str = "c") -> Changed:
    cmd = ChangeEntry(key, entry_id, tuple(one.key for one in full), mode)
    return joining.change_entry(cmd, actor=actor, now=NOW + timedelta(minutes=1))


def ahead_in(actor: Actor, entry_id: UUID) -> dict[UUID, int]:
    return {line.session_id: line.ahead for line in queries.get_entry(entry_id, actor).lines if line.is_live}


def test_who_changes_his_mind_keeps_his_place_and_stands_last_where_he_is_new() -> None:
    here, there, gone = lines.sold_out(), lines.sold_out(), lines.sold_out()
    actor, patient, entry_id = lines.waits(here, gone, mode=Mode.ASK)
    lines.waits(here)
    _, sooner, _ = lines.waits(there)
    done = altered(actor, entry_id, there, here)
    assert altered(actor, entry_id, there, here) == done
    with pytest.raises(KeyReused):
        altered(actor, entry_id, here)
    entry = queries.get_entry(entry_id, actor)
    assert (entry.state, entry.mode, entry.joined_at) == (WaitState.WAITING, Mode.AT_ONCE, NOW)
    assert [(line.session_id, line.ahead) for line in entry.lines] == [
        (there.place.session_id, 1),
        (here.place.session_id, 0),
    ]
    dropped = models.WaitlistChoice.objects.get(hospital_id=gone.place.hospital_id, session_id=gone.place.session_id)
    assert (dropped.live, dropped.end_reason) == (False, CloseReason.DROPPED)
    later = NOW + timedelta(minutes=2)
    slot = there.free(0, now=later)
    there.serve(now=later)
    assert holder_of(there.place.hospital_id, slot) == sooner
    mine = here.free(0, now=later)
    here.serve(now=later)
    assert holder_of(here.place.hospital_id, mine) == patient
    freed = gone.free(0, now=later)
    gone.serve(now=later)
    assert return_of(gone.place.hospital_id, freed) != KEPT_UNTIL
    told = Event.objects.filter(operation="waitlist.entry_altered").get()
    assert (told.subject_id, told.actor) == (entry_id, actor.key)


def test_who_comes_back_to_a_line_stands_last() -> None:
    here, there = lines.sold_out(), lines.sold_out()
    actor, _, entry_id = lines.waits(here, there)
    lines.waits(here)
    altered(actor, entry_id, there)
    assert ahead_in(actor, entry_id) == {there.place.session_id: 0}
    altered(actor, entry_id, here, there, key="back")
    assert ahead_in(actor, entry_id) == {here.place.session_id: 1, there.place.session_id: 0}


def test_what_was_declined_goes_on_at_once_where_its_line_is_left_in_the_same_breath() -> None:
    here, there = lines.sold_out(), lines.sold_out()
    actor, _, entry_id = lines.waits(here, there, mode=Mode.ASK)
    _, second, _ = lines.waits(here)
    slot = here.free(0)
    with clock.frozen(NOW):
        relay.drain(everything=True)
        offer = offer_of(entry_id, here.place.hospital_id)
        answering.decline_offer(Decline("d", here.place.hospital_id, offer.id), actor=actor, now=NOW)
        altered(actor, entry_id, there)
        relay.drain(everything=True)
    assert holder_of(here.place.hospital_id, slot) == second


def test_a_change_that_is_refused_changes_nothing() -> None:
    here, there, free = lines.sold_out(), lines.sold_out(), build.clinic()
    actor, patient, entry_id = lines.waits(here, mode=Mode.ASK)
    lines.join(actor, [patient], there)
    open_one = lines.SoldOut(free, ())
    wishes = {
        errors.WishUnclear: (),
        errors.AlreadyWaiting: (here, there),
        booking_errors.SlotsLeft: (here, open_one),
    }
    for refusal, wish in wishes.items():
        with pytest.raises(refusal):
            altered(actor, entry_id, *wish)
    with pytest.raises(errors.EntryMissing):
        altered(build.holder()[0], entry_id, here)
    with pytest.raises(Forbidden):
        altered(build.registrar(here.place.hospital_id), entry_id, here)
    with pytest.raises(Unidentified):
        altered(Actor.anonymous(), entry_id, here)
    here.free(0)
    here.serve()
    with pytest.raises(errors.StateForbids):
        altered(actor, entry_id, here)
    entry = queries.get_entry(entry_id, actor)
    assert (entry.state, entry.mode, len(entry.lines)) == (WaitState.OFFERED, Mode.ASK, 1)
    assert not Event.objects.filter(operation="waitlist.entry_altered").exists()


def test_a_line_that_is_over_is_not_waited_for_again_by_a_change() -> None:
    here, there = lines.sold_out(), lines.sold_out()
    actor, _, entry_id = lines.waits(here, there)
    choice = models.WaitlistChoice.objects.get(hospital_id=here.place.hospital_id, session_id=here.place.session_id)
    closing.close_choice(here.place.hospital_id, choice.id, CloseReason.OVER, now=NOW)
    altered(actor, entry_id, there, mode=Mode.ASK)
    assert [(line.is_live, line.end_reason) for line in queries.get_entry(entry_id, actor).lines] == [(True, None)]
    choice.refresh_from_db()
    assert (choice.live, choice.end_reason) == (False, CloseReason.OVER)


def test_what_a_rule_refuses_on_taking_stays_offered() -> None:
    full, elsewhere = lines.sold_out(), build.clinic()
    actor, patient, entry_id = lines.waits(full, mode=Mode.ASK)
    full.free(0)
    full.serve()
    build.hold(elsewhere, patient, actor)
    offer = offer_of(entry_id, full.place.hospital_id)
    with pytest.raises(booking_errors.TimeClash):
        answering.accept_offer(Accept("a", full.place.hospital_id, offer.id), actor=actor, now=NOW)
    assert state_of(entry_id) is WaitState.OFFERED


def test_who_has_an_offer_elsewhere_is_waited_for_where_nobody_else_is() -> None:
    here, there = lines.sold_out(slots=1), lines.sold_out(slots=1, at=build.time(14))
    actor, patient, entry_id = lines.waits(here, there, mode=Mode.ASK)
    here.free(0)
    here.serve()
    slot = there.free(0)
    assert there.serve() == 0
    assert return_of(there.place.hospital_id, slot) == KEPT_UNTIL
    offer = offer_of(entry_id, here.place.hospital_id)
    answering.decline_offer(Decline("d", here.place.hospital_id, offer.id), actor=actor, now=NOW)
    assert (here.serve(), there.serve()) == (1, 1)
    assert offer_of(entry_id, there.place.hospital_id).state == OfferState.OPEN


@pytest.mark.parametrize("is_next", [True, False], ids=["to the next", "to all"])
def test_what_was_held_for_one_who_booked_elsewhere_goes_on_with_his_booking(is_next: bool) -> None:
    here, there = lines.sold_out(slots=1), lines.sold_out(slots=1, at=build.time(14))
    actor, _, entry_id = lines.waits(here, there, mode=Mode.ASK)
    with clock.frozen(NOW):
        here.free(0)
        relay.drain(everything=True)
        slot = there.free(0)
        relay.drain(everything=True)
        assert return_of(there.place.hospital_id, slot) == KEPT_UNTIL  # nobody else waits: it is held for him
        second = lines.waits(there)[1] if is_next else None
        offer = offer_of(entry_id, here.place.hospital_id)
        answering.accept_offer(Accept("a", here.place.hospital_id, offer.id), actor=actor, now=NOW)
        relay.drain(everything=True)
    assert holder_of(there.place.hospital_id, slot) == second
    assert return_of(there.place.hospital_id, slot) != KEPT_UNTIL


def test_one_booking_ends_the_wait_everywhere() -> None:
    here, there = lines.sold_out(slots=1), lines.sold_out(slots=1)
    actor, _, entry_id = lines.waits(here, there)
    slot = there.free(0)
    there.serve()
    here_slot = here.free(0)
    here.serve()
    assert holder_of(here.place.hospital_id, here_slot) is None
    assert return_of(here.place.hospital_id, here_slot) != KEPT_UNTIL
    seen = queries.get_entry(entry_id, actor)
    assert (seen.state, seen.booked) == (WaitState.BOOKED, there.key)
    assert [(line.place, line.is_live) for line in seen.lines] == [(0, False), (1, False)]
    assert holder_of(there.place.hospital_id, slot) is not None


# -- families ------------------------------------------------------------------------------------------------------


def test_a_family_is_booked_together_once_its_slots_are_there() -> None:
    full = lines.sold_out()
    actor, mother = build.holder()
    everyone = [mother, *lines.family(actor, 1)]
    entry_id = lines.join(actor, everyone, full).entry_id
    lines.waits(full, now=NOW + timedelta(seconds=1))
    one = full.free(0)
    full.serve()
    assert state_of(entry_id) is WaitState.GATHERING
    assert holder_of(full.place.hospital_id, one) is None
    two = full.free(1)
    full.serve()
    assert state_of(entry_id) is WaitState.BOOKED
    assert [holder_of(full.place.hospital_id, slot) for slot in (one, two)] == everyone


def test_what_a_family_waited_for_in_vain_goes_on_and_it_keeps_its_place() -> None:
    full = lines.sold_out()
    actor, mother = build.holder()
    entry_id = lines.join(actor, [mother, *lines.family(actor, 1)], full).entry_id
    _, second, _ = lines.waits(full, now=NOW + timedelta(seconds=1))
    one = full.free(0)
    full.serve()
    offer = offer_of(entry_id, full.place.hospital_id)
    assert (offer.state, offer.until) == (OfferState.GATHERING, NOW + timedelta(minutes=60))
    answering.end_offer(full.place.hospital_id, offer.id, now=offer.until)
    full.serve(now=offer.until)
    assert holder_of(full.place.hospital_id, one) == second
    assert state_of(entry_id) is WaitState.WAITING
    assert queries.get_entry(entry_id, actor).lines[0].ahead == 0
    two, three = full.free(1, now=offer.until), full.free(2, now=offer.until)
    full.serve(now=offer.until)
    assert state_of(entry_id) is WaitState.BOOKED
    assert holder_of(full.place.hospital_id, two) == mother
    assert holder_of(full.place.hospital_id, three) is not None


def test_a_slot_waits_for_one_family_only() -> None:
    full = lines.sold_out()
    entries = []
    for n in range(2):
        actor, parent = build.holder()
        entries.append(
            lines.join(actor, [parent, *lines.family(actor, 1)], full, now=NOW + timedelta(seconds=n)).entry_id
        )
    slot = full.free(0)
    full.serve()
    offer = offer_of(entries[0], full.place.hospital_id)
    answering.end_offer(full.place.hospital_id, offer.id, now=offer.until)
    full.serve(now=offer.until)
    assert state_of(entries[1]) is WaitState.WAITING
    assert return_of(full.place.hospital_id, slot) != KEPT_UNTIL


def test_a_family_of_which_one_is_refused_is_passed_by_whole() -> None:
    full, elsewhere = lines.sold_out(), build.clinic()
    actor, mother = build.holder()
    (child,) = lines.family(actor, 1)
    entry_id = lines.join(actor, [mother, child], full).entry_id
    build.hold(elsewhere, child, actor)  # 8:00 to 8:30
    full.free(0)
    full.serve()
    assert (state_of(entry_id), queries.get_entry(entry_id, actor).passings[0].reason) == (
        WaitState.WAITING,
        "TIME_CLASH",
    )
    assert not bookings.Booking.objects.filter(hospital_id=full.place.hospital_id, patient_id=mother).exists()


def test_a_family_that_wants_to_be_asked_is_offered_all_at_once() -> None:
    full = lines.sold_out()
    actor, mother = build.holder()
    entry_id = lines.join(actor, [mother, *lines.family(actor, 1)], full, mode=Mode.ASK).entry_id
    full.free(0)
    full.serve()
    full.free(1)
    full.serve()
    offer = offer_of(entry_id, full.place.hospital_id)
    assert (offer.state, offer.until) == (OfferState.OPEN, NOW + timedelta(minutes=30))
    taken = answering.accept_offer(Accept("a", full.place.hospital_id, offer.id), actor=actor, now=NOW)
    assert len(taken.bookings) == 2


# -- what ends by itself -------------------------------------------------------------------------------------------


@pytest.mark.rule("R-016")
def test_a_stop_closes_the_line_and_keeps_nothing() -> None:
    full = lines.sold_out()
    actor, _, entry_id = lines.waits(full, mode=Mode.ASK)
    slot = full.free(0)
    full.serve()
    for choice_id in closing.choices_of_session(full.place.hospital_id, full.place.session_id):
        closing.close_choice(full.place.hospital_id, choice_id, CloseReason.STOPPED, now=NOW)
    closing.end_kept_of_stopped(full.place.hospital_id, full.place.session_id, now=NOW)
    assert (state_of(entry_id), told(actor)[-1]) == (WaitState.CLOSED, "closed")
    kept = bookings.KeptSlot.objects.get(hospital_id=full.place.hospital_id, slot_id=slot)
    assert (kept.outcome, kept.promised_id) == ("stopped", None)
    assert full.serve() == 0


def test_an_entry_waits_on_where_one_of_its_sessions_ends() -> None:
    here, there = lines.sold_out(slots=1), lines.sold_out(slots=1)
    actor, _, entry_id = lines.waits(here, there, mode=Mode.ASK)
    here.free(0)
    here.serve()
    (choice_id,) = closing.choices_of_session(here.place.hospital_id, here.place.session_id)
    closing.close_choice(here.place.hospital_id, choice_id, CloseReason.OVER, now=NOW)
    assert state_of(entry_id) is WaitState.WAITING
    there.free(0)
    there.serve()
    assert state_of(entry_id) is WaitState.OFFERED


def test_a_merged_record_is_booked_for_the_survivor() -> None:
    full = lines.sold_out()
    actor, patient, entry_id = lines.waits(full)
    survivor = build.patient(full.place.hospital_id)
    merging.merge_patients(MergePatients("m", survivor, patient, "test"), actor=make.city_operator(), now=NOW)
    slot = full.free(0)
    full.serve()
    assert (state_of(entry_id), holder_of(full.place.hospital_id, slot)) == (WaitState.BOOKED, survivor)
    assert [one.entry_id for one in queries.list_my_entries(actor)] == [entry_id]


def test_entries_end_with_the_patient_or_the_account() -> None:
    full = lines.sold_out()
    actor, patient, entry_id = lines.waits(full)
    assert actor.account_id is not None
    assert closing.entries_of(actor.account_id, build.holder()[1]) == []
    assert closing.entries_of(actor.account_id, patient) == closing.entries_of(actor.account_id) == [entry_id]
    assert closing.close_entry(entry_id, CloseReason.PATIENT_GONE, now=NOW) is True
    assert closing.close_entry(entry_id, CloseReason.PATIENT_GONE, now=NOW) is False
    assert state_of(entry_id) is WaitState.CLOSED


def test_a_booking_from_the_line_can_be_cancelled_and_its_slot_goes_on() -> None:
    full = lines.sold_out()
    actor, patient, _ = lines.waits(full)
    _, second, _ = lines.waits(full, now=NOW + timedelta(seconds=1))
    slot = full.free(0)
    full.serve()
    booking = bookings.Booking.objects.get(hospital_id=full.place.hospital_id, slot_id=slot, live=True)
    change.cancel_booking(CancelBooking("c", booking.hospital_id, booking.id), actor=actor, now=NOW)
    full.serve()
    assert holder_of(full.place.hospital_id, slot) == second


def test_a_run_out_hold_is_kept_as_a_cancelled_booking() -> None:
    from yitong.domains.booking.commands import sweep

    full = lines.sold_out(slots=1)
    build.pay_online(full.place.hospital_id)
    _, _, _ = lines.waits(full)
    slot = full.free(0)
    full.serve()
    second = lines.waits(full)[1]
    ((hospital_id, booking_id),) = sweep.due_holds(NOW + timedelta(minutes=16))
    sweep.expire_hold(hospital_id, booking_id, actor=Actor.system("test"), now=NOW + timedelta(minutes=16))
    full.serve(now=NOW + timedelta(minutes=16))
    assert holder_of(full.place.hospital_id, slot) == second


def test_each_command_leaves_one_event_of_its_own() -> None:
    full = lines.sold_out()
    actor, _, entry_id = lines.waits(full, mode=Mode.ASK)
    full.free(0)
    full.serve()
    offer = offer_of(entry_id, full.place.hospital_id)
    answering.decline_offer(Decline("d", full.place.hospital_id, offer.id), actor=actor, now=NOW)
    joining.withdraw_entry(Withdraw("w", entry_id), actor=actor, now=NOW)
    rows = Event.objects.filter(subject_id=entry_id).order_by("recorded_at")
    assert [(row.operation, row.from_state, row.to_state) for row in rows] == [
        ("waitlist.entry_joined", None, "waiting"),
        ("waitlist.offer_made", "waiting", "offered"),
        ("waitlist.entry_passed", "offered", "waiting"),
        ("waitlist.entry_withdrawn", "waiting", "withdrawn"),
    ]


def test_a_claim_at_the_door_sees_a_kept_slot_as_taken() -> None:
    full = lines.sold_out()
    lines.waits(full, mode=Mode.ASK)
    full.free(0)
    other, stranger = build.holder()
    with pytest.raises(booking_errors.SlotTaken):
        claim.hold_slot(HoldSlot("h", full.place.hospital_id, full.place.slot(0), stranger), actor=other, now=NOW)


# -- after a draw, before the release ------------------------------------------------------------------------------


@pytest.fixture
def listed_beacon() -> Iterator[None]:
    before = beacon.taken()
    draws.plug()
    yield
    beacon.plug(before)


@pytest.mark.usefixtures("listed_beacon")
def test_what_a_draw_gave_is_waited_for_before_the_release_and_given_at_it() -> None:
    drawn = draws.opened(slots=(2,))
    for _ in range(3):
        draws.apply(drawn)
    draws.settled(drawn)
    at, release_at = draws.after_beacon(drawn), drawn.row.release_at
    actor, patient = build.holder()
    key = SessionKey(drawn.hospital_id, drawn.sessions[0])
    assert queries.list_joinable(drawn.hospital_id, drawn.sessions, channel="web", now=at) == [key.session_id]
    joined = joining.join_waitlist(Join("early", (patient,), (key,), Mode.AT_ONCE), actor=actor, now=at)
    won = bookings.Booking.objects.filter(hospital_id=drawn.hospital_id, live=True).order_by("number")[0]
    gone = CancelBooking("gone", drawn.hospital_id, won.id)
    change.cancel_booking(gone, actor=build.registrar(drawn.hospital_id), now=at)
    assert serving.serve_session(drawn.hospital_id, key.session_id, now=release_at - timedelta(seconds=1)) == 0
    assert state_of(joined.entry_id) is WaitState.WAITING
    assert serving.serve_session(drawn.hospital_id, key.session_id, now=release_at) == 1
    assert holder_of(drawn.hospital_id, won.slot_id) == patient


@pytest.mark.usefixtures("listed_beacon")
def test_nobody_waits_for_what_a_release_or_a_draw_is_still_to_give() -> None:
    drawing, left_over = draws.opened(slots=(2,)), draws.opened(slots=(2,))
    draws.apply(left_over)
    draws.settled(left_over)
    plain = build.clinic(release_at=NOW + timedelta(days=1), day=build.DAY + timedelta(days=2))
    actor, patient = build.holder()
    for hospital_id, session_id, now in (
        (drawing.hospital_id, drawing.sessions[0], drawing.row.opens_at),
        (left_over.hospital_id, left_over.sessions[0], draws.after_beacon(left_over)),
        (plain.hospital_id, plain.session_id, NOW),
    ):
        cmd = Join("early", (patient,), (SessionKey(hospital_id, session_id),), Mode.AT_ONCE)
        with pytest.raises(booking_errors.WindowClosed):
            joining.join_waitlist(cmd, actor=actor, now=now)
        assert queries.list_joinable(hospital_id, [session_id], channel="web", now=now) == []
    assert not models.WaitlistEntry.objects.exists()


def test_what_can_be_waited_for_is_sold_out_and_in_time() -> None:
    full, free = lines.sold_out(), build.clinic()
    where, late = full.place, NOW + timedelta(days=30)
    assert queries.list_joinable(where.hospital_id, [where.session_id], channel="web", now=NOW) == [where.session_id]
    assert queries.list_joinable(where.hospital_id, [where.session_id], channel="web", now=late) == []
    assert queries.list_joinable(free.hospital_id, [free.session_id], channel="web", now=NOW) == []
