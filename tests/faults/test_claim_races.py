"""Many at once, on real connections: one winner, no limit broken, no claim that outlives a stop (S-09).

`YITONG_LONG=1` walks the full number of rounds.
"""

import os
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import Count
from tests import clinic as build
from tests import make
from tests.clinic import NOW

from yitong.core.actor import Actor
from yitong.core.db import relay
from yitong.core.errors import Busy, Refusal
from yitong.domains.access.contracts import Scope
from yitong.domains.booking import models
from yitong.domains.booking.commands import change, claim, sweep
from yitong.domains.booking.contracts import LIVE, CancelBooking, Held, HoldSlot, Near, State
from yitong.domains.people.commands import abuse, limits
from yitong.domains.people.contracts.words import Relation
from yitong.domains.people.models import Account, BookingLimits
from yitong.domains.schedule import models as schedule_models
from yitong.domains.schedule.commands import stoppages
from yitong.domains.schedule.commands.sessions import stop_session
from yitong.domains.schedule.contracts import PlanStoppage, StopReason, StopSession, UndoStoppage
from yitong.domains.schedule.queries import timetable as schedule

pytestmark = pytest.mark.usefixtures("committed_db")
ROUNDS = 1000 if os.environ.get("YITONG_LONG") else 60
CHANNELS = 8


def at_once(works: list[Callable[[], object]]) -> list[object]:
    """Runs all from one starting line; gives each one's answer or its refusal, in order."""
    line = threading.Barrier(len(works))
    answers: list[object] = [None] * len(works)

    def run(n: int, work: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            line.wait()
            answers[n] = work()
        except Refusal as refusal:
            answers[n] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def channels() -> list[Actor]:
    codes = ["web", "app", "kiosk", "api", "web", "app", "kiosk", "api"]
    return [Actor.for_channel(UUID(int=n + 1), codes[n], scopes=frozenset(Scope)) for n in range(CHANNELS)]


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of the race: every row lock of the claim removed. What remains are the constraints."""

    def share(hospital_id: UUID, slot_id: UUID) -> object:
        slot = schedule_models.Slot.objects.filter(hospital_id=hospital_id, id=slot_id).first()
        assert slot is not None
        rows = schedule_models.ClinicSession.objects.filter(hospital_id=hospital_id, id=slot.session_id)
        return rows.get(), slot

    monkeypatch.setattr(schedule_models, "share", share)
    monkeypatch.setattr(limits, "locked", lambda patient_id: BookingLimits.objects.get(patient_id=patient_id))


@pytest.fixture(params=["locked", "lock removed"])
def guard(request: pytest.FixtureRequest) -> str:
    if request.param == "lock removed":
        request.getfixturevalue("no_locks")
    return str(request.param)


@pytest.mark.rule("R-018")
def test_eight_channels_race_for_the_last_slot_and_one_wins(guard: str) -> None:
    rounds = ROUNDS if guard == "locked" else max(30, ROUNDS // 4)
    place = build.clinic(slots=rounds)
    racers = channels()
    people = [build.patient(place.hospital_id) for _ in racers]
    for n in range(rounds):
        works = [
            partial(build.hold, place, who, actor, n=n, key=f"{n}-{i}")
            for i, (actor, who) in enumerate(zip(racers, people, strict=True))
        ]
        answers = at_once(works)
        winners = [i for i, answer in enumerate(answers) if isinstance(answer, Held)]
        assert len(winners) == 1, answers
        codes = {answer.code for i, answer in enumerate(answers) if i not in winners and isinstance(answer, Refusal)}
        assert codes <= {"SLOT_TAKEN"}
        people[winners[0]] = build.patient(place.hospital_id)  # the winner has his one booking a day
    live = models.Booking.objects.filter(hospital_id=place.hospital_id, live=True)
    assert live.count() == rounds == live.values("slot_id").distinct().count()


@pytest.mark.rule("R-018")
def test_eight_who_want_any_of_eight_slots_all_have_one(guard: str) -> None:
    """All name the same slot and see the same one free next: whoever comes second goes on to the next after it."""
    for n in range(max(3, ROUNDS // 20)):
        place = build.clinic(slots=CHANNELS)
        wishes = [
            HoldSlot(
                f"any{n}-{i}", place.hospital_id, place.slot(), build.patient(place.hospital_id), near=Near.SESSION
            )
            for i in range(CHANNELS)
        ]
        works = [
            partial(claim.hold_slot, wish, actor=actor, now=NOW) for wish, actor in zip(wishes, channels(), strict=True)
        ]
        answers = at_once(works)
        given = [answer.slot_id for answer in answers if isinstance(answer, Held)]
        assert sorted(given) == sorted(slot.slot_id for slot in place.slots), answers


@pytest.mark.rule("R-005")
def test_ten_claims_at_once_for_one_person_stay_within_the_day(guard: str) -> None:
    places = [build.clinic(at=build.time(8 + n % 8, 0)) for n in range(8)]
    actor, patient = build.holder()
    answers = at_once([partial(build.hold, place, patient, actor) for place in places])
    assert sum(isinstance(answer, Held) for answer in answers) == 2
    refused = {answer.code for answer in answers if isinstance(answer, Refusal)}
    assert refused <= {"BOOK_LIMIT_DAY", "BUSY"}
    assert len(BookingLimits.objects.get(patient_id=patient).live_days) == 2


@pytest.mark.rule("R-010")
def test_claims_at_once_for_a_family_stay_within_the_counts_of_its_account(guard: str) -> None:
    """Each claim locks its own patient's limits: they meet only at the account."""
    actor, first = build.holder()
    assert actor.account_id is not None
    family = [first, *(build.add_patient(actor, relation=Relation.OTHER) for _ in range(2))]
    with transaction.atomic():
        for _ in range(14):
            abuse.note_booking(actor.account_id, at=NOW)
    places = [build.clinic(at=build.time(8 + n, 0)) for n in range(3)]
    works = [partial(build.hold, place, who, actor) for place, who in zip(places, family, strict=True)]
    answers = at_once(works)
    assert sum(isinstance(answer, Held) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, Refusal)} == {"ABUSE_LOCK"}
    assert len(Account.objects.get(id=actor.account_id).booked_at) == 15
    assert models.Booking.objects.filter(account_id=actor.account_id).count() == 1


@pytest.mark.rule("R-018")
def test_ten_equal_requests_get_one_answer() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    answers = at_once([lambda: build.hold(place, patient, actor, key="same")] * 10)
    assert isinstance(answers[0], Held)
    assert answers == [answers[0]] * 10
    assert models.Booking.objects.filter(hospital_id=place.hospital_id).count() == 1


@pytest.mark.rule("R-016")
def test_no_claim_outlives_the_stop_of_its_session() -> None:
    for turn in range(6 if ROUNDS < 1000 else 100):
        place = build.clinic(slots=8)
        manager = make.staff_actor("roster_manager", hospital_id=place.hospital_id)
        holders = [build.holder() for _ in range(6)]
        stop = StopSession(f"stop{turn}", place.hospital_id, place.session_id, StopReason("leave"))
        works: list[Callable[[], object]] = [
            partial(build.hold, place, who, actor, n=n) for n, (actor, who) in enumerate(holders)
        ]
        works.insert(3, partial(stop_session, stop, actor=manager, now=NOW))
        answers = at_once(works)
        codes = {answer.code for answer in answers if isinstance(answer, Refusal)}
        assert codes <= {"SESSION_CANCELLED"}
        while relay.drain():
            pass
        states = set(models.Booking.objects.filter(hospital_id=place.hospital_id).values_list("state", flat=True))
        assert states <= {State.STOPPED}
        for _, who in holders:
            assert BookingLimits.objects.get(patient_id=who).live_days == []


@pytest.mark.rule("R-016")
def test_no_claim_outlives_a_stop_that_was_decided() -> None:
    """Claims run beside the word: each is finished before it, and its booking ends; or it is refused."""
    for turn in range(6 if ROUNDS < 1000 else 100):
        place = build.clinic(slots=8)
        manager = make.staff_actor("roster_manager", hospital_id=place.hospital_id)
        holders = [build.holder() for _ in range(6)]
        cmd = PlanStoppage(f"plan{turn}", place.hospital_id, (place.session_id,), StopReason("leave"))
        works: list[Callable[[], object]] = [
            partial(build.hold, place, who, actor, n=n) for n, (actor, who) in enumerate(holders)
        ]
        works.insert(3, partial(stoppages.plan_stoppage, cmd, actor=manager, now=NOW))
        answers = at_once(works)
        assert {answer.code for answer in answers if isinstance(answer, Refusal)} <= {"SESSION_STOPPING"}
        later = NOW + timedelta(minutes=1)
        system = Actor.system("test")
        assert stoppages.carry_out_stop(place.hospital_id, place.session_id, actor=system, now=later)
        while relay.drain():
            pass
        states = set(models.Booking.objects.filter(hospital_id=place.hospital_id).values_list("state", flat=True))
        assert states <= {State.STOPPED}


@pytest.mark.rule("R-016")
def test_undo_and_stop_at_once_leave_one_of_both() -> None:
    for turn in range(6 if ROUNDS < 1000 else 100):
        place = build.clinic(slots=2)
        manager, system = make.staff_actor("roster_manager", hospital_id=place.hospital_id), Actor.system("test")
        cmd = PlanStoppage(f"plan{turn}", place.hospital_id, (place.session_id,), StopReason("leave"))
        planned = stoppages.plan_stoppage(cmd, actor=manager, now=NOW)
        later = planned.due_at
        back = UndoStoppage(f"back{turn}", place.hospital_id, planned.stoppage_id)
        undone, *stopped = at_once(
            [
                partial(stoppages.undo_stoppage, back, actor=manager, now=later - timedelta(seconds=1)),
                *[partial(stoppages.carry_out_stop, *place_of(place), actor=system, now=later)] * 2,
            ]
        )
        assert sorted([not isinstance(undone, Refusal), *stopped]) == [False, False, True]
        state = schedule.get_session(*place_of(place)).state
        assert (state == "stopped") is isinstance(undone, Refusal)


def place_of(place: build.Clinic) -> tuple[UUID, UUID]:
    return place.hospital_id, place.session_id


@pytest.mark.rule("R-017")
def test_a_freed_slot_cannot_be_handed_over() -> None:
    """The buyer's claims run while the seller cancels: none of them may get the slot before its delay is over."""
    for turn in range(8 if ROUNDS < 1000 else 200):
        place = build.clinic(slots=1)
        (seller_actor, seller), (buyer_actor, buyer) = build.holder(), build.holder()
        held = build.hold(place, seller, seller_actor)
        cancel = CancelBooking(f"c{turn}", place.hospital_id, held.booking_id)
        tries = [partial(build.hold, place, buyer, buyer_actor, key=f"b{turn}-{n}") for n in range(4)]
        give_up = partial(change.cancel_booking, cancel, actor=seller_actor, now=NOW)
        answers = at_once([*tries[:2], give_up, *tries[2:]])
        assert not any(isinstance(answer, Held) for answer in answers)
        assert {answer.code for answer in answers if isinstance(answer, Refusal)} <= {"SLOT_TAKEN"}
        later = NOW + timedelta(hours=1)
        assert isinstance(build.hold(place, buyer, buyer_actor, now=later), Held)


def test_a_direct_writer_in_sql_meets_the_same_walls() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    held = build.hold(place, patient, actor)
    copy = (
        "INSERT INTO booking_booking SELECT (jsonb_populate_record(b, jsonb_build_object('id', gen_random_uuid(),"
        " 'key', 'direct', 'code', '00000000', 'patient_id', gen_random_uuid()))).* FROM booking_booking b"
        " WHERE b.hospital_id = %s AND b.id = %s"
    )
    with (
        pytest.raises(Exception, match="booking_one_live_per_slot"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(copy, [place.hospital_id, held.booking_id])


@pytest.mark.rule("R-018")
def test_a_hold_that_runs_out_frees_its_slot_once_under_ten_sweepers() -> None:

    place, (actor, patient) = build.clinic(), build.holder()
    build.pay_online(place.hospital_id)
    held = build.hold(place, patient, actor)
    end = NOW + timedelta(minutes=15)
    system = Actor.system("test")
    done = at_once([lambda: sweep.expire_hold(place.hospital_id, held.booking_id, actor=system, now=end)] * 10)
    assert sum(answer is True for answer in done) == 1
    assert all(answer in (True, False) or isinstance(answer, Busy) for answer in done)
    assert BookingLimits.objects.get(patient_id=patient).live_days == []
    by_slot = models.Booking.objects.filter(hospital_id=place.hospital_id, state__in=LIVE).values("slot_id")
    assert not by_slot.annotate(n=Count("id")).exists()
