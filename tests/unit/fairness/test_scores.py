"""From a booking to a score: through the commands, as the minute's job makes them."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.core.exceptions import FieldError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from tests import clinic as build
from tests import make
from tests.clinic import NOW

from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, Unidentified
from yitong.domains.booking.commands import change, sweep
from yitong.domains.booking.contracts import CancelBooking, Held, MoveBooking
from yitong.domains.fairness import models, personal_data, queries
from yitong.domains.fairness.commands import gathering, scoring
from yitong.domains.fairness.contracts import ActKind, Level, Signal
from yitong.domains.people import commands as people
from yitong.domains.people.contracts.patients import RemovePatient
from yitong.domains.people.contracts.words import Relation
from yitong.domains.people.errors import AccountMissing
from yitong.domains.people.models import AccountSession, ReadLog

pytestmark = pytest.mark.django_db
AT_ONCE = timedelta(0)


def gather(now: datetime = NOW) -> int:
    return gathering.gather(now=now, settled=AT_ONCE)


def score(now: datetime = NOW) -> None:
    """As the job does, without its two minutes of waiting."""
    while gather(now):
        pass
    while scoring.score_stale(now=now):
        pass


def cancel(held: Held, actor: Actor, at: datetime = NOW) -> None:
    cmd = CancelBooking(f"cancel{make.number()}", held.hospital_id, held.booking_id)
    change.cancel_booking(cmd, actor=actor, now=at)


def reasons(account_id: UUID | None) -> dict[Signal, int]:
    assert account_id is not None
    return {one.signal: one.points for one in queries.standing_of(account_id, NOW).reasons}


def decide(key: str, value: int) -> None:
    with transaction.atomic():
        where = {"scope": "city", "hospital_id": None, "scope_id": None, "effective_from": NOW - timedelta(days=1)}
        policies.record(key, value, **where, source="test", decided_by="test", now=NOW)  # type: ignore[arg-type]


def trade(actor: Actor, patients: list[UUID], *, times: int = 1) -> None:
    """Lets a slot go under one name and takes one at the same session under another, soon after."""
    for n in range(times):
        place = build.clinic(day=build.DAY + timedelta(days=n))
        held = build.hold(place, patients[0], actor)
        cancel(held, actor, NOW + timedelta(minutes=5))
        build.hold(place, patients[1], actor, n=1, now=NOW + timedelta(minutes=30))


def test_what_an_account_does_becomes_acts_once() -> None:
    place, (actor, patient) = build.clinic(release_at=NOW - timedelta(seconds=3)), build.holder()
    held = build.hold(place, patient, actor)
    cancel(held, actor, NOW + timedelta(minutes=4))
    assert gather() == 2
    assert gather() == 0
    rows = models.Act.objects.order_by("at").values_list("account_id", "kind", "session_id", "patient_id", "after_ms")
    assert list(rows) == [
        (actor.account_id, "booked", place.session_id, patient, 3_000),
        (actor.account_id, "cancelled", place.session_id, patient, 240_000),
    ]
    models.Gathered.objects.update(recorded_at=gathering.BEGINNING[0], event_id=gathering.BEGINNING[1])
    assert gather() == 2  # after a crash that lost the mark
    assert models.Act.objects.count() == 2


def test_young_events_wait_until_older_transactions_have_ended() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    build.hold(place, patient, actor)
    assert gathering.gather(now=NOW) == 0
    assert gather() == 1


def test_what_a_desk_or_a_stop_does_is_no_act_of_the_account() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    held = build.hold(place, patient, actor)
    cancel(held, build.registrar(place.hospital_id))
    gather()
    assert list(models.Act.objects.values_list("kind", flat=True)) == ["booked"]


def test_a_hold_that_runs_out_counts_its_payment_does_not() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    build.pay_online(place.hospital_id)
    held = build.hold(place, patient, actor)
    later = NOW + timedelta(minutes=20)
    assert sweep.expire_hold(held.hospital_id, held.booking_id, actor=Actor.system("sweep"), now=later)
    gather()
    assert list(models.Act.objects.order_by("at").values_list("kind", "after_ms")) == [
        ("booked", 24 * 3_600_000),
        ("expired", 20 * 60_000),
    ]


def test_a_move_frees_a_slot_where_it_was() -> None:
    place, (actor, patient) = build.clinic(), build.holder()
    other = build.clinic(hospital_id=place.hospital_id, department_id=place.department_id)
    held = build.hold(place, patient, actor)
    cmd = MoveBooking("move-key", held.hospital_id, held.booking_id, other.slot(1))
    change.move_booking(cmd, actor=actor, now=NOW + timedelta(minutes=1))
    gather()
    assert models.Act.objects.get(kind=ActKind.MOVED.value).session_id == place.session_id


@pytest.mark.rule("R-017")
@pytest.mark.rule("R-199")
def test_handing_slots_over_is_seen_explained_and_announced() -> None:
    actor, holder = build.holder()
    buyer = build.add_patient(actor, relation=Relation.OTHER)
    for key, value in (("undone.free", 0), ("handed_over.free", 0), ("undone.points", 20)):
        decide(f"fairness.{key}", value)
    trade(actor, [holder, buyer], times=2)
    score(NOW + timedelta(hours=1))
    assert actor.account_id is not None
    standing = queries.get_standing(actor.account_id, actor, now=NOW)
    assert (standing.level, standing.points, standing.slow_at) == (Level.SLOW, 70, 45)
    assert sum(one.points for one in standing.reasons) == standing.points
    handed = next(one for one in standing.reasons if one.signal is Signal.HANDED_OVER)
    assert handed.zh == "最近60天里，有2次放掉一个号后，120分钟内在同一场次为另一个人约上"
    said = "A slot was let go, and within 120 minutes somebody else was booked at the same session"
    assert handed.en == f"{said}: 2 in the last 60 days"
    assert (handed.first_at, handed.last_at) == (NOW + timedelta(minutes=30),) * 2
    event = Event.objects.get(operation="fairness.level_changed")
    assert (event.subject_id, event.from_state, event.to_state, event.body) == (
        actor.account_id,
        "plain",
        "slow",
        {"points": 70},
    )


def test_a_slot_handed_to_another_account_on_the_same_device_counts_for_both() -> None:
    on, other = make.client(), make.client()
    decide("fairness.handed_over.free", 0)
    seller, _ = make.account_signed_in(on=on)
    buyer, _ = make.account_signed_in(on=on)
    stranger, _ = make.account_signed_in(on=other)
    patients = [build.add_patient(one) for one in (seller, buyer, stranger)]
    place = build.clinic()
    cancel(build.hold(place, patients[0], seller), seller)
    build.hold(place, patients[1], buyer, n=1, now=NOW + timedelta(minutes=30))
    build.hold(place, patients[2], stranger, n=2, now=NOW + timedelta(minutes=31))
    score(NOW + timedelta(hours=1))
    assert [Signal.HANDED_OVER in reasons(one.account_id) for one in (seller, buyer, stranger)] == [True, True, False]


def test_accounts_that_book_on_one_device_or_from_one_address_are_counted() -> None:
    for signal in ("devices", "address"):
        decide(f"fairness.{signal}.free", 1)
    on = make.client()
    actors = [make.account_signed_in(on=on)[0] for _ in range(4)]
    make.account_signed_in(on=on)  # books nothing: takes part in nothing
    place = build.clinic()
    for n, actor in enumerate(actors):
        build.hold(place, build.add_patient(actor), actor, n=n)
    score()
    assert reasons(actors[0].account_id) == {Signal.DEVICES: 4, Signal.ADDRESS: 2}
    people.forget_addresses(now=NOW + timedelta(days=8))
    assert AccountSession.objects.exclude(address_index=None).count() == 0
    models.Score.objects.update(is_stale=True)
    scoring.score_stale(now=NOW)
    assert reasons(actors[0].account_id) == {Signal.DEVICES: 4}


def test_no_address_is_kept_that_could_be_read() -> None:
    make.account_signed_in(on=make.client())
    make.account_signed_in(on=build.make.client())
    row = AccountSession.objects.order_by("-created_at", "id")[0]
    assert row.address_index is not None
    assert len(bytes(row.address_index)) >= 32
    with pytest.raises(FieldError):
        list(AccountSession.objects.filter(address="10.0.0.1"))


def test_patients_taken_off_after_a_booking_are_counted_and_linked_ones_are_not() -> None:
    decide("fairness.unlinked.free", 0)
    actor, holder = build.holder()
    other = build.add_patient(actor, relation=Relation.OTHER)
    place = build.clinic()
    build.hold(place, holder, actor)
    build.hold(place, other, actor, n=1, now=NOW + timedelta(minutes=1))
    score()
    assert reasons(actor.account_id) == {}
    assert actor.account_id is not None
    people.remove_patient(RemovePatient("remove-key", actor.account_id, other), actor=actor, now=NOW)
    models.Score.objects.update(is_stale=True)
    scoring.score_stale(now=NOW + timedelta(minutes=2))
    assert reasons(actor.account_id) == {Signal.UNLINKED: 3}


def test_points_fade_and_the_level_with_them() -> None:
    decide("fairness.undone.free", 0)
    decide("fairness.slow_at", 20)
    actor, patient = build.holder()
    for n in range(4):
        place = build.clinic(day=build.DAY + timedelta(days=n))
        cancel(build.hold(place, patient, actor), actor)
    score()
    assert actor.account_id is not None
    assert queries.standing_of(actor.account_id, NOW).level is Level.SLOW
    assert scoring.fade(now=NOW + timedelta(days=45)) == 0
    scoring.score_stale(now=NOW + timedelta(days=45))
    faded = queries.standing_of(actor.account_id, NOW)
    assert (faded.level, faded.points, faded.since) == (Level.PLAIN, 4 * 10 * 15 // 60, NOW + timedelta(days=45))
    assert Event.objects.filter(operation="fairness.level_changed").count() == 2
    assert scoring.fade(now=NOW + timedelta(days=91)) == 8
    scoring.score_stale(now=NOW + timedelta(days=91))
    assert queries.standing_of(actor.account_id, NOW).points == 0


def test_a_claim_pays_nothing_for_its_score() -> None:
    """Nothing of this domain is read or written while somebody books."""
    place, (actor, patient) = build.clinic(), build.holder()
    score()
    with CaptureQueriesContext(connection) as asked:
        build.hold(place, patient, actor)
    assert [one["sql"] for one in asked if "fairness" in one["sql"]] == []


def test_statements_of_a_score_do_not_grow_with_acts() -> None:
    decide("fairness.undone.free", 0)
    actor, patient = build.holder()
    counts = []
    for n in range(2):
        for m in range(1 if n == 0 else 3):
            place = build.clinic(day=build.DAY + timedelta(days=n + m))
            cancel(build.hold(place, patient, actor), actor)
        gather()
        with CaptureQueriesContext(connection) as asked:
            scoring.score_stale(now=NOW)
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_statements_of_scores_do_not_grow_with_accounts() -> None:
    counts = []
    for n in range(2):
        for _ in range(1 + 4 * n):
            actor, patient = build.holder()
            build.hold(build.clinic(), patient, actor)
        gather()
        with CaptureQueriesContext(connection) as asked:
            assert scoring.score_stale(now=NOW) == 1 + 4 * n
        counts.append(len(asked))
    assert counts[0] == counts[1]


# -- who sees it -------------------------------------------------------------------------------------------------------


def test_a_score_is_seen_by_its_holder_and_by_who_reviews_it_and_that_look_is_logged() -> None:
    actor, patient = build.holder()
    stranger, _ = build.holder()
    assert actor.account_id is not None
    assert queries.get_standing(actor.account_id, actor, now=NOW).points == 0
    assert ReadLog.objects.count() == 0
    for who, refusal in (
        (stranger, AccountMissing),
        (Actor.anonymous(), Unidentified),
        (make.staff_actor("auditor"), Forbidden),
        (make.staff_actor("policy_officer"), Forbidden),
        (make.staff_actor("security_admin"), Forbidden),
        (make.staff_actor("registrar", hospital_id=make.hospital()), Forbidden),
        (Actor.system("job"), Forbidden),
        (Actor.for_channel(UUID(int=3), "partner", scopes=frozenset()), Forbidden),
    ):
        with pytest.raises(refusal):
            queries.get_standing(actor.account_id, who, now=NOW)
    assert ReadLog.objects.count() == 0
    operator = make.city_operator()
    queries.get_standing(actor.account_id, operator, now=NOW)
    line = ReadLog.objects.get()
    assert (line.patient_id, line.reader, line.what) == (patient, operator.key, "fairness_score")


def test_a_person_gets_his_score_and_reasons_and_can_have_them_forgotten() -> None:
    decide("fairness.undone.free", 0)
    actor, patient = build.holder()
    cancel(build.hold(build.clinic(), patient, actor), actor)
    score()
    told = personal_data.export([patient], actor.account_id)
    assert (told["level"], told["points"]) == ("plain", 10)
    assert told["reasons"] == [
        {
            "points": 10,
            "zh": "最近60天里，有1次约好后60分钟内就取消，或到时间没有支付",
            "en": "Bookings that were cancelled, or not paid, within 60 minutes: 1 in the last 60 days",
        }
    ]
    assert len(told["acts"]) == 2  # type: ignore[arg-type]
    assert personal_data.export([], None) == {}
    with transaction.atomic():
        assert personal_data.erase([patient], actor.account_id) == {"acts": 2}
    assert models.Act.objects.count() + models.Score.objects.count() + models.ScoreReason.objects.count() == 0
    assert set(personal_data.retain()) == {f"fairness_{name}" for name in ("act", "check", "review", "rush", "score")}


@pytest.mark.parametrize(
    ("constraint", "wrong"),
    [
        ("act_kind_known", lambda: models.Act(**{**an_act(), "kind": "looked"})),
        ("score_level_known", lambda: models.Score(account_id=UUID(int=5), level="fast")),
        ("score_slow_has_a_beginning", lambda: models.Score(account_id=UUID(int=5), level="slow")),
        ("reason_signal_known", lambda: a_reason(signal="hunch")),
        ("reason_has_points", lambda: a_reason(points=0)),
    ],
)
def test_what_must_never_be_false_is_a_constraint(constraint: str, wrong: object) -> None:
    models.Score.objects.create(account_id=UUID(int=1))
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        wrong().save(force_insert=True)  # type: ignore[operator]


def an_act() -> dict[str, object]:
    one = UUID(int=1)
    return {"event_id": one, "account_id": one, "session_id": one, "patient_id": one, "at": NOW, "after_ms": 0}


def a_reason(**changed: object) -> models.ScoreReason:
    content = {"account_id": UUID(int=1), "signal": "fast", "points": 1, "count": 1, "free": 0, "days": 1, "bound": 0}
    return models.ScoreReason(**{**content, "first_at": NOW, "last_at": NOW, **changed})
