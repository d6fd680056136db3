"""The slow path: a check before booking, by questions or a code; a person's review; never a block."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from tests import clinic as build
from tests import make
from tests.clinic import NOW
from tests.stock import stocked
from tests.unit.fairness.test_scores import cancel, decide, score, trade

from yitong.core.actor import Actor
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, Throttled, Unidentified
from yitong.core.ids import new_id
from yitong.domains.booking.commands import change
from yitong.domains.booking.contracts import MoveBooking
from yitong.domains.booking.errors import CheckRequired
from yitong.domains.booking.queries import window
from yitong.domains.fairness import errors, models, permissions, personal_data, queries
from yitong.domains.fairness.commands import checking, reviewing, scoring
from yitong.domains.fairness.contracts import AnswerCheck, AskReview, DecideReview, Level
from yitong.domains.fairness.rules import questions
from yitong.domains.notify.models import Message
from yitong.domains.people import commands as people
from yitong.domains.people.commands import slowing
from yitong.domains.people.contracts.accounts import AccountSession, CloseAccount
from yitong.domains.people.contracts.words import Decision, Relation
from yitong.domains.people.errors import AccountMissing, AppealEmpty, AppealWaiting, CodeOver, CodeWrong
from yitong.domains.people.models import Account, ReadLog, SlowPath

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@stocked(1)
def slow_holder() -> tuple[Actor, UUID]:
    """An account that handed two slots over, in a city that is quick to count it."""
    actor, holder = build.holder()
    buyer = build.add_patient(actor, relation=Relation.OTHER)
    for key, value in (("undone.free", 0), ("handed_over.free", 0), ("undone.points", 20)):
        decide(f"fairness.{key}", value)
    trade(actor, [holder, buyer], times=2)
    score(LATER)
    assert SlowPath.objects.get().account_id == actor.account_id
    return actor, holder


def rights(actor: Actor) -> tuple[int, ...]:
    """What a reader would pick."""
    seed = models.Check.objects.get(account_id=actor.account_id).seed
    shown = questions.questions(seed)
    return next(
        (one, two)
        for one in range(len(shown[0].options))
        for two in range(len(shown[1].options))
        if questions.is_right(seed, (one, two))
    )


def wrongs(actor: Actor) -> tuple[int, ...]:
    one, two = rights(actor)
    return one, (two + 1) % questions.CHOICES


def session_of(actor: Actor) -> AccountSession:
    assert actor.account_id is not None
    return AccountSession(actor.account_id, new_id(), new_id(), "zh")


def pass_until(actor: Actor, now: Any) -> Any:
    return window.issue_pass(session_of(actor), channel="web", now=now).expires_at


@pytest.mark.rule("R-017")
def test_who_is_slow_gets_no_pass_and_no_slot_until_the_check_is_passed() -> None:
    actor, patient = slow_holder()
    place = build.clinic(day=build.DAY + timedelta(days=2))
    with pytest.raises(CheckRequired):
        pass_until(actor, LATER)
    with pytest.raises(CheckRequired):
        build.hold(place, patient, actor, now=LATER)
    checking.ask_questions(actor=actor, now=LATER)
    passed = checking.answer_check(AnswerCheck(rights(actor)), actor=actor, now=LATER)
    assert passed.until == LATER + timedelta(minutes=30)
    assert pass_until(actor, LATER) == LATER + timedelta(minutes=15)
    assert pass_until(actor, LATER + timedelta(minutes=20)) == passed.until  # and for no longer
    build.hold(place, patient, actor, now=LATER + timedelta(minutes=29))
    with pytest.raises(CheckRequired):
        pass_until(actor, passed.until)
    assert Event.objects.get(operation="fairness.check_passed").body == {"how": "question"}


def test_a_desk_and_another_account_are_not_slowed_down() -> None:
    actor, patient = slow_holder()
    place = build.clinic(day=build.DAY + timedelta(days=2))
    build.keep_none_special(place)
    other, theirs = build.holder()
    build.hold(place, theirs, other, now=LATER)
    assert pass_until(other, LATER) == LATER + timedelta(minutes=15)
    onsite = build.clinic(pools=(build.Pool.ONLINE,) * 9 + (build.Pool.ONSITE,), slots=10)
    build.keep_none_special(onsite)
    build.hold(onsite, patient, build.registrar(onsite.hospital_id), n=9, now=LATER)


def test_a_move_is_a_booking_and_a_cancel_is_not() -> None:
    actor, patient = build.holder()
    place = build.clinic()
    held = build.hold(place, patient, actor)
    with transaction.atomic():
        slowing.slow_down(actor.account_id, at=NOW)  # type: ignore[arg-type]
    cmd = MoveBooking("move-key", held.hospital_id, held.booking_id, place.slot(1))
    with pytest.raises(CheckRequired):
        change.move_booking(cmd, actor=actor, now=LATER)
    cancel(held, actor, LATER)


def test_the_claim_asks_no_statement_more_for_it() -> None:
    actor, _ = build.holder()
    with CaptureQueriesContext(connection) as asked:
        pass_until(actor, NOW)
    assert len(asked) == 2


@pytest.mark.rule("R-224")
def test_questions_are_words_alone_stay_until_answered_and_change_after_a_wrong_answer() -> None:
    actor, _ = slow_holder()
    first = checking.ask_questions(actor=actor, now=LATER)
    assert checking.ask_questions(actor=actor, now=LATER) == first
    assert all(zh and en for one in first for zh, en in (one.text, *one.options))
    before = models.Check.objects.get().seed
    with pytest.raises(errors.CheckWrong):
        checking.answer_check(AnswerCheck(wrongs(actor)), actor=actor, now=LATER)
    checking.ask_questions(actor=actor, now=LATER)
    assert models.Check.objects.get().seed != before
    assert queries.standing_of(actor.account_id, LATER).checked_until == LATER  # type: ignore[arg-type]


def test_each_draw_has_one_right_answer_and_different_choices() -> None:
    places = set()
    for seed in range(400):
        shown = questions.questions(seed)
        assert len(shown) == questions.ASKED
        assert len({one.text for one in shown}) == questions.ASKED
        for one in shown:
            assert len(set(one.options)) == questions.CHOICES
        every = [(a, b) for a in range(questions.CHOICES) for b in range(questions.CHOICES)]
        right = [picked for picked in every if questions.is_right(seed, picked)]
        assert len(right) == 1
        places.add(right[0])
    assert len(places) == questions.CHOICES**2
    assert not questions.is_right(1, ())


def test_nobody_tries_without_end() -> None:
    actor, _ = slow_holder()
    at = LATER
    for _ in range(5):
        checking.ask_questions(actor=actor, now=at)
        with pytest.raises(errors.CheckWrong):
            checking.answer_check(AnswerCheck(wrongs(actor)), actor=actor, now=at)
        at += timedelta(seconds=6)
    checking.ask_questions(actor=actor, now=at)
    with pytest.raises(Throttled):
        checking.answer_check(AnswerCheck(rights(actor)), actor=actor, now=at)
    passed = checking.answer_check(AnswerCheck(rights(actor)), actor=actor, now=at + timedelta(minutes=10))
    assert passed.account_id == actor.account_id


def test_a_code_to_the_phone_does_as_well() -> None:
    actor, _ = slow_holder()
    client = make.client()
    checking.ask_check_code(client, language="zh", actor=actor, now=LATER)
    row = Message.objects.filter(template="phone_code").order_by("-id")[0]
    code = make.code_sent(row.phone)
    wrong = "000000" if code != "000000" else "111111"
    with pytest.raises(CodeWrong):
        checking.give_check_code(wrong, actor=actor, now=LATER)
    assert checking.give_check_code(code, actor=actor, now=LATER).until == LATER + timedelta(minutes=30)
    with pytest.raises(CodeOver):
        checking.give_check_code(code, actor=actor, now=LATER)
    assert Event.objects.get(operation="fairness.check_passed").body == {"how": "code"}


def test_without_a_phone_there_is_no_code() -> None:
    actor, _ = slow_holder()
    Account.objects.filter(id=actor.account_id).update(phone=None)
    with pytest.raises(AccountMissing):
        checking.ask_check_code(make.client(), language="zh", actor=actor, now=LATER)
    with pytest.raises(CodeOver):
        checking.give_check_code("123456", actor=actor, now=LATER)


def test_who_is_plain_is_asked_nothing() -> None:
    actor, _ = build.holder()
    with pytest.raises(errors.CheckNotNeeded):
        checking.ask_questions(actor=actor, now=NOW)
    with pytest.raises(errors.CheckNotNeeded):
        checking.answer_check(AnswerCheck((0, 0)), actor=actor, now=NOW)
    with pytest.raises(errors.CheckNotNeeded):
        checking.ask_check_code(make.client(), language="zh", actor=actor, now=NOW)
    with pytest.raises(errors.CheckNotNeeded):
        reviewing.ask_review(AskReview("我很好"), actor=actor, now=NOW)
    for act in (
        lambda: checking.ask_questions(actor=Actor.anonymous(), now=NOW),
        lambda: reviewing.ask_review(AskReview("谁"), actor=Actor.anonymous(), now=NOW),
    ):
        with pytest.raises(Unidentified):
            act()
    assert models.Check.objects.count() + models.Review.objects.count() == 0


def test_it_ends_by_itself_when_the_points_have_faded() -> None:
    actor, patient = slow_holder()
    assert Message.objects.filter(template="slow_path_begun", account_id=actor.account_id).count() == 2
    later = LATER + timedelta(days=70)
    scoring.fade(now=later)
    scoring.score_stale(now=later)
    assert SlowPath.objects.count() == 0
    assert pass_until(actor, later) == later + timedelta(minutes=15)


# -- review ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-199")
def test_a_person_clears_an_account_which_then_stays_plain_for_the_same_facts() -> None:
    actor, patient = slow_holder()
    assert actor.account_id is not None
    reviewing.ask_review(AskReview("村卫生室替大家约"), actor=actor, now=LATER)
    with pytest.raises(AppealWaiting):
        reviewing.ask_review(AskReview("再说一次"), actor=actor, now=LATER)
    operator = make.city_operator()
    (waiting,) = queries.list_reviews(operator, now=LATER)
    assert (waiting.account_id, waiting.words, waiting.standing.points) == (actor.account_id, "村卫生室替大家约", 70)
    opened = queries.get_review(waiting.review_id, operator, now=LATER)
    assert sum(one.points for one in opened.standing.reasons) == 70
    assert {(line.reader, line.what) for line in ReadLog.objects.all()} == {(operator.key, "fairness_score")}
    assert ReadLog.objects.filter(patient_id=patient).count() == 1
    decision = DecideReview(waiting.review_id, Decision.LIFTED, "看过，是助理员")
    reviewing.decide_review(decision, actor=operator, now=LATER)
    standing = queries.standing_of(actor.account_id, LATER)
    assert (standing.level, standing.points, standing.reasons) == (Level.PLAIN, 0, ())
    assert SlowPath.objects.count() == 0
    models.Score.objects.update(is_stale=True)
    scoring.score_stale(now=LATER + timedelta(minutes=1))
    assert queries.standing_of(actor.account_id, LATER).level is Level.PLAIN
    answer = queries.find_last_review(actor.account_id, actor)
    assert answer is not None
    assert (answer.decision, answer.decided_at) == (Decision.LIFTED, LATER)
    assert Message.objects.filter(template="slow_path_reviewed", account_id=actor.account_id).count() == 2
    operations = [
        "fairness.level_changed",
        "fairness.review_asked",
        "fairness.level_changed",
        "fairness.review_decided",
    ]
    events = Event.objects.filter(operation__startswith="fairness").order_by("recorded_at", "id")
    assert list(events.values_list("operation", flat=True)) == operations
    with pytest.raises(errors.ReviewMissing):
        reviewing.decide_review(decision, actor=operator, now=LATER)
    with pytest.raises(errors.ReviewMissing):
        queries.get_review(waiting.review_id, operator, now=LATER)


def test_a_kept_account_is_told_and_may_ask_again() -> None:
    actor, _ = slow_holder()
    assert actor.account_id is not None
    reviewing.ask_review(AskReview("请看看"), actor=actor, now=LATER)
    operator = make.city_operator()
    (waiting,) = queries.list_reviews(operator, now=LATER)
    with pytest.raises(AppealEmpty):
        reviewing.decide_review(DecideReview(waiting.review_id, Decision.KEPT, "  "), actor=operator, now=LATER)
    reviewing.decide_review(DecideReview(waiting.review_id, Decision.KEPT, "同样的人"), actor=operator, now=LATER)
    assert queries.standing_of(actor.account_id, LATER).level is Level.SLOW
    assert Message.objects.filter(template="slow_path_kept").count() == 2
    reviewing.ask_review(AskReview("补充"), actor=actor, now=LATER + timedelta(minutes=1))
    assert len(queries.list_reviews(operator, now=LATER)) == 1
    told = personal_data.export([], actor.account_id)["reviews"]
    assert [(one["words"], one["decision"]) for one in told] == [("请看看", "kept"), ("补充", None)]  # type: ignore[attr-defined]
    with transaction.atomic():
        personal_data.erase([], actor.account_id)
    assert models.Review.objects.count() == 0


@pytest.mark.parametrize("words", ["", "   ", "长" * 501])
def test_a_review_wants_words(words: str) -> None:
    actor, _ = slow_holder()
    with pytest.raises(AppealEmpty):
        reviewing.ask_review(AskReview(words), actor=actor, now=LATER)


ACTORS = {
    "anonymous": (Actor.anonymous(), Unidentified),
    "account": (Actor.for_account(UUID(int=7)), Forbidden),
    "system": (Actor.system("job"), Forbidden),
    "channel": (Actor.for_channel(UUID(int=8), "partner", scopes=frozenset({"bookings:write"})), Forbidden),
    **{
        name: (make.staff_actor(name, hospital_id=UUID(int=1)), Forbidden)
        for name in ("registrar", "nurse", "doctor", "roster_manager", "hospital_admin")
    },
    **{name: (make.staff_actor(name), Forbidden) for name in ("policy_officer", "security_admin", "auditor")},
    "city_operator": (make.city_operator(), None),
}


@pytest.mark.parametrize("name", ACTORS)
def test_only_a_person_of_the_city_reviews(name: str) -> None:
    actor, refusal = ACTORS[name]
    slow, _ = slow_holder()
    reviewing.ask_review(AskReview("请看看"), actor=slow, now=LATER)
    review_id = models.Review.objects.get().id
    cmd = DecideReview(review_id, Decision.LIFTED, "理由")
    acts = (
        lambda: permissions.check_can_review(actor),
        lambda: queries.list_reviews(actor, now=LATER),
        lambda: queries.get_review(review_id, actor, now=LATER),
        lambda: reviewing.decide_review(cmd, actor=actor, now=LATER),
    )
    for act in acts:
        if refusal is None:
            act()
            continue
        with pytest.raises(refusal):
            act()
    assert (models.Review.objects.get().decision is None) is (refusal is not None)


# -- what must never be false ------------------------------------------------------------------------------------------


def test_one_review_waits_and_a_decision_is_whole() -> None:
    common = {"account_id": UUID(int=1), "points": 1, "asked_at": NOW, "words": "x"}
    models.Review.objects.create(**common)
    with pytest.raises(IntegrityError, match="review_one_waiting"), transaction.atomic():
        models.Review.objects.create(**common)
    with pytest.raises(IntegrityError, match="review_decision_whole"), transaction.atomic():
        models.Review.objects.update(decision="kept")
    actor, _ = build.holder()
    with pytest.raises(IntegrityError, match="slow_path_checked_after_its_beginning"), transaction.atomic():
        SlowPath.objects.create(account_id=actor.account_id, since=NOW, checked_until=NOW - timedelta(seconds=1))


def test_a_closed_account_leaves_the_slow_path() -> None:
    actor, _ = slow_holder()
    assert actor.account_id is not None
    people.close_account(CloseAccount("close-key", actor.account_id), actor=actor, now=LATER)
    assert SlowPath.objects.count() == 0
    with transaction.atomic():
        slowing.slow_down(actor.account_id, at=LATER)
    assert SlowPath.objects.count() == 0
