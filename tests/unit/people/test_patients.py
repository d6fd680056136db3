"""Adding patients to an account, guardians, verification, and what nobody may learn (R-006, R-045, R-101…R-103)."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from tests import make
from tests.watches import Watch

from yitong.core.actor import Actor
from yitong.core.db import sweeps
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, KeyReused, Throttled, Unidentified
from yitong.core.ids import new_id
from yitong.domains.notify.models import Message
from yitong.domains.people import commands, errors, jobs, models, queries
from yitong.domains.people.contracts.patients import (
    AddPatient,
    AskVerification,
    IdentityAsk,
    PatientAdd,
    RegisterAtDesk,
    RemovePatient,
)
from yitong.domains.people.contracts.words import IdentityKind, IdentityLevel, Relation, Sex, Verdict, VerificationState
from yitong.domains.people.ports import identity_authority

NOW = make.NOW
ANYBODY = Actor.anonymous()
SYSTEM = Actor.system("people.verify")
CHILD, ADULT = date(2020, 1, 1), date(1985, 3, 4)

pytestmark = pytest.mark.usefixtures("db")


def add(
    actor: Actor, identity=None, relation: Relation = Relation.SELF, *, key: str = "", consent: str = "", now=NOW
) -> PatientAdd:  # type: ignore[no-untyped-def]
    assert actor.account_id is not None
    cmd = AddPatient(key or f"add{make.number()}", actor.account_id, identity or make.given(), relation, consent)
    return commands.add_patient(cmd, actor=actor, now=now)


def account() -> Actor:
    return make.account_signed_in()[0]


# -- adding ------------------------------------------------------------------------------------------------------------


def test_added_patient_is_declared_encrypted_and_asked_about() -> None:
    actor, given = account(), make.given("测试甲")
    added = add(actor, given)
    card = queries.patients_of(actor.account_id)[0]
    assert (card.name, card.name_masked, card.level, card.relation) == (
        "测试甲",
        "测*",
        IdentityLevel.DECLARED,
        Relation.SELF,
    )
    assert card.identity_masked == given.number[:3] + "*" * 11 + given.number[-4:]
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, identity_number FROM people_patient WHERE id = %s", [added.patient_id])
        stored = b"".join(bytes(value) for value in cursor.fetchone())
    assert "测试".encode() not in stored
    assert given.number.encode() not in stored
    assert models.BookingLimits.objects.filter(patient_id=added.patient_id).exists()
    assert models.Verification.objects.get(id=added.verification_id).state == "asked"
    assert not models.PatientIdentity.objects.exists()
    happened = Event.objects.filter(subject_id=added.patient_id).order_by("recorded_at")
    assert list(happened.values_list("operation", flat=True)) == ["people.patient_added", "people.verification_asked"]


def test_same_key_gives_the_first_answer_and_other_content_is_refused() -> None:
    actor, given = account(), make.given()
    first = add(actor, given, key="once")
    assert add(actor, given, key="once") == first
    with pytest.raises(KeyReused):
        add(actor, make.given(), key="once")
    assert len(queries.patients_of(actor.account_id)) == 1


@pytest.mark.rule("R-006")
def test_fourth_patient_is_refused() -> None:
    actor = account()
    add(actor)
    add(actor, relation=Relation.OTHER)
    third = add(actor, relation=Relation.OTHER)
    with pytest.raises(errors.AccountPatientLimit) as refused:
        add(actor, relation=Relation.OTHER)
    assert refused.value.params == {"n": 3}
    cmd = RemovePatient("r", actor.account_id, third.patient_id)
    commands.remove_patient(cmd, actor=actor, now=NOW)
    add(actor, relation=Relation.OTHER)
    assert len(queries.patients_of(actor.account_id)) == 3


@pytest.mark.rule("R-006")
def test_one_account_has_one_holder() -> None:
    actor = account()
    add(actor)
    with pytest.raises(errors.SelfAlreadyAdded):
        add(actor)


def test_same_person_is_added_once() -> None:
    actor, given = account(), make.given()
    add(actor, given)
    with pytest.raises(errors.PatientAlreadyAdded):
        add(actor, replace(given, name="另一个名字"), Relation.OTHER)


def test_bad_identity_changes_nothing() -> None:
    actor = account()
    for given, refusal in (
        (make.given(name="😀"), errors.NameInvalid),
        (make.given(name="测" * 500), errors.NameInvalid),
        (make.given(number="110101199003071234"), errors.IdInvalid),
        (make.given(number="610104620927690"), errors.IdFifteen),
        (make.given(kind=IdentityKind.PASSPORT, number="E12345678"), errors.BirthDateNeeded),
        (make.given(kind=IdentityKind.HOUSEHOLD_BOOK), errors.IdTypeUnsupported),
    ):
        with pytest.raises(refusal):
            add(actor, given)
    assert not models.Patient.objects.exists()
    assert not models.Quota.objects.filter(kind="verify").exists()


def test_strangers_add_nothing() -> None:
    actor, other = account(), account()
    assert actor.account_id is not None
    cmd = AddPatient("k", actor.account_id, make.given(), Relation.SELF)
    for stranger, refusal in (
        (other, errors.AccountMissing),
        (ANYBODY, Unidentified),
        (make.city_operator(), Forbidden),
    ):
        with pytest.raises(refusal):
            commands.add_patient(cmd, actor=stranger, now=NOW)
    assert not models.Patient.objects.exists()


def test_eleventh_verification_of_a_day_is_refused() -> None:
    actor = account()
    for _ in range(10):
        added = add(actor)
        commands.remove_patient(
            RemovePatient(f"r{make.number()}", actor.account_id, added.patient_id), actor=actor, now=NOW
        )
    with pytest.raises(Throttled):
        add(actor)
    add(actor, now=NOW + timedelta(days=1))


# -- minors ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-103")
def test_guardian_adds_a_child_with_consent() -> None:
    actor, _ = make.account_holder()
    with pytest.raises(errors.ConsentMissing):
        add(actor, make.given(birth=CHILD), Relation.CHILD)
    child = make.patient_of(actor, make.given(birth=CHILD), relation=Relation.CHILD, consent="2026-11")
    card = queries.patients_of(actor.account_id)[1]
    assert (card.patient_id, card.is_guarded) == (child, True)
    assert queries.booking_facts(child, actor, NOW).may_act


@pytest.mark.rule("R-103")
def test_nobody_but_an_adult_holder_is_a_guardian() -> None:
    actor = account()
    with pytest.raises(errors.GuardianRequired):
        add(actor, make.given(birth=CHILD), Relation.CHILD, consent="1")
    young = account()
    add(young, make.given(birth=date(2010, 1, 1)))
    with pytest.raises(errors.GuardianRequired):
        add(young, make.given(birth=CHILD), Relation.CHILD, consent="1")
    adult, _ = make.account_holder()
    with pytest.raises(errors.GuardianRequired):
        add(adult, make.given(birth=CHILD), Relation.OTHER, consent="1")


@pytest.mark.rule("R-103")
def test_adults_are_no_children_and_minors_no_parents() -> None:
    actor, _ = make.account_holder()
    for relation, birth in (
        (Relation.CHILD, date(2008, 11, 23)),
        (Relation.WARD, ADULT),
        (Relation.PARENT, date(2008, 11, 24)),
        (Relation.SPOUSE, date(2008, 11, 24)),
    ):
        with pytest.raises(errors.RelationImpossible):
            add(actor, make.given(birth=birth), relation, consent="1")
    add(actor, make.given(birth=date(2008, 11, 24)), Relation.CHILD, consent="1")


@pytest.mark.rule("R-103")
def test_who_is_under_eight_holds_no_account() -> None:
    with pytest.raises(errors.GuardianRequired):
        add(account(), make.given(birth=date(2018, 11, 24)))
    add(account(), make.given(birth=date(2018, 11, 23)))


@pytest.mark.rule("R-103")
def test_minor_acts_for_himself_once_a_guardian_has_him_too() -> None:
    given = make.given(birth=date(2012, 5, 5))
    young, patient_id = make.account_holder(given)
    with pytest.raises(errors.GuardianRequired):
        queries.booking_facts(patient_id, young, NOW)
    guardian, _ = make.account_holder()
    assert make.patient_of(guardian, given, relation=Relation.CHILD, consent="1") == patient_id
    assert queries.booking_facts(patient_id, young, NOW).may_act
    assert queries.booking_facts(patient_id, guardian, NOW).may_act


@pytest.mark.rule("R-103")
def test_guardian_must_be_verified_to_act() -> None:
    actor, _ = make.account_holder(verified=False)
    child = make.patient_of(actor, make.given(birth=CHILD), relation=Relation.CHILD, consent="1")
    with pytest.raises(errors.GuardianRequired):
        queries.booking_facts(child, actor, NOW)


# -- verification ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-045")
def test_match_verifies_and_enters_the_register() -> None:
    actor = account()
    added = add(actor)
    assert make.judge(added, Verdict.MATCH) is VerificationState.MATCHED
    row = models.Patient.objects.get(id=added.patient_id)
    assert (row.level, row.level_at) == ("verified", NOW)
    assert models.PatientIdentity.objects.get().patient_id == added.patient_id
    assert Message.objects.filter(account_id=actor.account_id, template="patient_verified", medium="in_app").exists()
    assert (
        Event.objects.filter(operation="people.patient_verified", from_state="declared", to_state="verified").count()
        == 1
    )


@pytest.mark.rule("R-045")
@pytest.mark.parametrize("verdict", [Verdict.NO_MATCH, Verdict.UNKNOWN])
def test_no_match_and_unknown_leave_the_level(verdict: Verdict) -> None:
    added = add(account())
    make.judge(added, verdict)
    assert models.Patient.objects.get(id=added.patient_id).level == "declared"
    state = models.Verification.objects.get(id=added.verification_id).state
    assert state == ("not_matched" if verdict is Verdict.NO_MATCH else "asked")
    assert not models.PatientIdentity.objects.exists()


def test_late_verdict_changes_nothing() -> None:
    added = add(account())
    make.judge(added, Verdict.NO_MATCH)
    assert make.judge(added, Verdict.MATCH) is VerificationState.NOT_MATCHED
    assert models.Patient.objects.get(id=added.patient_id).level == "declared"
    with pytest.raises(Forbidden):
        commands.note_verdict(added.patient_id, added.verification_id, Verdict.MATCH, actor=account(), now=NOW)


class Authority:
    def __init__(self, *verdicts: Verdict) -> None:
        self.verdicts = list(verdicts)
        self.asks: list[IdentityAsk] = []

    def check(self, ask: IdentityAsk) -> Verdict:
        self.asks.append(ask)
        return self.verdicts.pop(0) if len(self.verdicts) > 1 else self.verdicts[0]


@pytest.mark.rule("R-045")
def test_job_asks_with_the_phone_for_oneself_only(frozen_clock) -> None:  # type: ignore[no-untyped-def]
    frozen_clock(NOW)
    authority = Authority(Verdict.MATCH)
    identity_authority.plug(authority)
    phone = make.phone()
    actor, _ = make.account_signed_in(phone)
    own = add(actor)
    other = add(actor, relation=Relation.OTHER)
    for added in (own, other):
        jobs.verify.func(str(added.patient_id), str(added.verification_id))
    assert [ask.phone for ask in authority.asks] == [phone, None]
    assert {ask.verification_id for ask in authority.asks} == {own.verification_id, other.verification_id}
    assert set(models.Patient.objects.values_list("level", flat=True)) == {"verified"}


@pytest.mark.rule("R-045")
def test_unknown_is_asked_again_and_given_up_after_eight_tries(frozen_clock) -> None:  # type: ignore[no-untyped-def]
    authority = Authority(Verdict.UNKNOWN)
    identity_authority.plug(authority)
    actor = account()
    added = add(actor)
    now = NOW
    for wait_s in (10, 30, 120, 600, 1800, 7200, 21600, 43200):
        frozen_clock(now)
        jobs.verify_due(0)
        jobs.verify_due(0)  # not its turn
        now += timedelta(seconds=wait_s)
        assert models.Verification.objects.get().next_at == now
    assert len(authority.asks) == 8
    frozen_clock(now)
    jobs.verify_due(0)
    row = models.Verification.objects.get()
    assert (row.state, row.settled_at) == ("unknown", now)
    assert len({ask.verification_id for ask in authority.asks}) == 1
    assert models.Patient.objects.get(id=added.patient_id).level == "declared"
    assert Message.objects.filter(template="verification_unknown", account_id=actor.account_id).exists()
    again = commands.ask_verification(AskVerification("again", added.patient_id), actor=actor, now=now)
    assert again.state is VerificationState.ASKED
    assert again.verification_id != added.verification_id


def test_silent_authority_ends_a_turn_and_the_next_goes_on_where_it_ended(frozen_clock, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    watch = Watch()
    monkeypatch.setattr(sweeps, "time", watch)
    authority = Authority(Verdict.UNKNOWN)
    check = authority.check

    def after_8_s(ask: IdentityAsk) -> Verdict:
        watch.at += 8
        return check(ask)

    monkeypatch.setattr(authority, "check", after_8_s)
    identity_authority.plug(authority)
    for _ in range(5):
        add(account())
    for turn in (1, 2, 3):
        frozen_clock(NOW + timedelta(seconds=watch.at))
        jobs.verify_due(0)
        assert len({ask.verification_id for ask in authority.asks}) == min(2 * turn, 5)
    assert len(authority.asks) == 6


def test_asking_again_while_a_question_is_open_is_that_question() -> None:
    actor = account()
    added = add(actor)
    asked = commands.ask_verification(AskVerification("k", added.patient_id), actor=actor, now=NOW)
    assert asked.verification_id == added.verification_id
    assert commands.ask_verification(AskVerification("k", added.patient_id), actor=actor, now=NOW) == asked
    with pytest.raises(errors.PatientMissing):
        commands.ask_verification(AskVerification("k", added.patient_id), actor=account(), now=NOW)
    make.judge(added, Verdict.MATCH)
    with pytest.raises(errors.AlreadyVerified):
        commands.ask_verification(AskVerification("k2", added.patient_id), actor=actor, now=NOW)


# -- somebody who is known ---------------------------------------------------------------------------------------------


@pytest.mark.rule("R-102")
def test_known_person_is_linked_and_never_doubled() -> None:
    given = make.given()
    mother, patient_id = make.account_holder(given)
    father, _ = make.account_holder()
    added = add(father, given, Relation.SPOUSE)
    assert added.patient_id != patient_id
    assert queries.booking_facts(added.patient_id, father, NOW).level is IdentityLevel.DECLARED
    make.judge(added, Verdict.MATCH)
    assert [card.patient_id for card in queries.patients_of(father.account_id)][1] == patient_id
    assert models.Patient.objects.get(id=added.patient_id).survivor_id == patient_id
    assert queries.is_linked(father.account_id, added.patient_id)
    assert set(queries.accounts_of(patient_id)) == {mother.account_id, father.account_id}
    assert models.PatientIdentity.objects.filter(patient_id=patient_id).count() == 1
    told = Message.objects.filter(account_id=mother.account_id, template="patient_linked")
    assert sorted(told.values_list("medium", flat=True)) == ["in_app", "sms"]


@pytest.mark.rule("R-102")
def test_adding_tells_nothing_of_whether_somebody_is_known() -> None:
    """The same answer, the same rows, whether the number is known, known by another name, or unknown."""
    given = make.given("测试甲")
    make.account_holder(given)
    seen = []
    for wish in (given, replace(given, name="测试乙"), make.given("测试丙")):
        actor = account()
        before = models.Patient.objects.count()
        added = add(actor, wish)
        card = queries.patients_of(actor.account_id)[0]
        lines = Event.objects.filter(subject_id=added.patient_id).values_list("operation", "to_state")
        seen.append(
            (
                models.Patient.objects.count() - before,
                card.level,
                card.patient_id == added.patient_id,
                sorted(map(str, lines)),
            )
        )
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.rule("R-102")
def test_known_number_under_another_name_waits_for_a_person() -> None:
    given = make.given("测试甲", birth=date(1971, 7, 7))
    _, patient_id = make.account_holder(given)
    father, _ = make.account_holder()
    added = add(father, replace(given, name="测试乙"), Relation.SPOUSE)
    assert make.judge(added, Verdict.MATCH) is VerificationState.UNKNOWN
    assert models.Patient.objects.get(id=added.patient_id).level == "declared"
    candidate = models.MergeCandidate.objects.get()
    assert {candidate.patient_id, candidate.other_id} == {patient_id, added.patient_id}
    assert candidate.matches == ["number"]


@pytest.mark.rule("R-006")
def test_holder_of_one_account_is_not_holder_of_another() -> None:
    given = make.given()
    make.account_holder(given)
    second = account()
    added = add(second, given)
    assert make.judge(added, Verdict.MATCH) is VerificationState.ELSEWHERE
    assert models.Patient.objects.get(id=added.patient_id).level == "declared"
    assert Message.objects.filter(account_id=second.account_id, template="patient_elsewhere").exists()


def test_two_who_declared_the_same_become_one_when_both_are_proven() -> None:
    given = make.given(birth=CHILD)
    mother, _ = make.account_holder()
    father, _ = make.account_holder()
    first = make.patient_of(mother, given, relation=Relation.CHILD, consent="1")
    second = make.patient_of(father, given, relation=Relation.CHILD, consent="1")
    assert first == second
    assert queries.booking_facts(first, father, NOW).may_act


# -- at a desk ---------------------------------------------------------------------------------------------------------


def test_registrar_finds_or_makes_a_seen_patient() -> None:
    hospital_id, given = new_id(), make.given()
    registrar = make.staff_actor("registrar", hospital_id=hospital_id)
    cmd = RegisterAtDesk("k", hospital_id, given)
    first = commands.register_at_desk(cmd, actor=registrar, now=NOW)
    assert first.is_new
    assert commands.register_at_desk(cmd, actor=registrar, now=NOW) == first
    again = commands.register_at_desk(replace(cmd, key="k2"), actor=registrar, now=NOW)
    assert (again.patient_id, again.is_new) == (first.patient_id, False)
    assert models.Patient.objects.get(id=first.patient_id).level == "seen"
    assert models.ReadLog.objects.filter(patient_id=first.patient_id).count() == 2
    wish = replace(cmd, key="k3", identity=replace(given, name="测试乙"))
    with pytest.raises(errors.NameDiffers):
        commands.register_at_desk(wish, actor=registrar, now=NOW)
    for stranger in (
        make.staff_actor("registrar", hospital_id=new_id()),
        make.staff_actor("nurse", hospital_id=hospital_id),
    ):
        with pytest.raises(Forbidden):
            commands.register_at_desk(replace(cmd, key="k4"), actor=stranger, now=NOW)


def test_seeing_raises_a_verified_patient() -> None:
    given = make.given()
    _, patient_id = make.account_holder(given)
    assert make.patient_seen(given) == patient_id
    assert models.Patient.objects.get(id=patient_id).level == "seen"


@pytest.mark.rule("R-001")
def test_check_in_by_staff_marks_as_seen() -> None:
    _, patient_id = make.account_holder()
    with transaction.atomic():
        commands.mark_seen(patient_id, Actor.for_channel(new_id(), "kiosk", scopes=frozenset()), now=NOW)
    assert models.Patient.objects.get(id=patient_id).level == "verified"
    with transaction.atomic():
        commands.mark_seen(patient_id, make.staff_actor("nurse", hospital_id=new_id()), now=NOW)
    assert models.Patient.objects.get(id=patient_id).level == "seen"


def test_passport_with_birth_and_sex() -> None:
    given = replace(
        make.given("TEST PATIENT"), kind=IdentityKind.PASSPORT, number="ZZ9000001", birth_date=ADULT, sex=Sex.MALE
    )
    _, patient_id = make.account_holder(given)
    facts = queries.booking_facts(patient_id, SYSTEM, NOW)
    assert (facts.birth_date, facts.sex, facts.level) == (ADULT, Sex.MALE, IdentityLevel.VERIFIED)


# -- taking off --------------------------------------------------------------------------------------------------------


def test_patient_is_taken_off_his_own_account_or_off_anothers() -> None:
    given = make.given()
    own, patient_id = make.account_holder(given)
    other, _ = make.account_holder()
    make.patient_of(other, given, relation=Relation.SPOUSE)
    assert [(found[0], found[1]) for found in queries.list_holders(patient_id, own)] == [
        (other.account_id, Relation.SPOUSE)
    ]
    with pytest.raises(errors.PatientMissing):
        queries.list_holders(patient_id, other)
    stranger, _ = make.account_holder()
    cmd = RemovePatient("k", other.account_id, patient_id)
    with pytest.raises(errors.PatientMissing):
        commands.remove_patient(cmd, actor=stranger, now=NOW)
    with pytest.raises(Unidentified):
        commands.remove_patient(cmd, actor=ANYBODY, now=NOW)
    commands.remove_patient(cmd, actor=own, now=NOW)
    assert commands.remove_patient(cmd, actor=own, now=NOW).subject_id == patient_id
    assert queries.accounts_of(patient_id) == [own.account_id]
    assert models.Patient.objects.get(id=patient_id).state == "active"


# -- the constraints, tried directly -----------------------------------------------------------------------------------


def broken(trial) -> str:  # type: ignore[no-untyped-def]
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        trial()
    return str(refused.value.__cause__.diag.constraint_name)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"level": "sure"}, "patient_level_known"),
        ({"sex": "x"}, "patient_sex_known"),
        ({"identity_kind": "x"}, "patient_identity_kind_known"),
        ({"state": "merged"}, "patient_state_as_its_fields"),
        ({"state": "erased"}, "patient_state_as_its_fields"),
        ({"survivor_id": UUID(int=1)}, "patient_state_as_its_fields"),
        ({"identity_number": None}, "patient_identity_whole"),
    ],
)
def test_patients_cannot_be_otherwise(change: dict[str, object], constraint: str) -> None:
    patient_id = make.patient_seen()
    assert broken(lambda: models.Patient.objects.filter(id=patient_id).update(**change)) == constraint


@pytest.mark.rule("R-006")
def test_seats_cannot_be_otherwise() -> None:
    actor, patient_id = make.account_holder()
    other, _ = make.account_holder()
    links = models.AccountPatient.objects

    def seat(**changed: object) -> None:
        row = {"account_id": other.account_id, "seat": 2, "patient_id": patient_id, "relation": "other"}
        links.create(**{**row, "identity_index": b"x", "linked_at": NOW, **changed})  # type: ignore[misc]

    assert broken(lambda: seat(seat=1)) == "people_account_patient_pkey"
    assert broken(lambda: seat(seat=11)) == "account_patient_seats"
    assert broken(lambda: seat(relation="self")) == "account_patient_one_self"
    third, _ = make.account_signed_in()
    assert broken(lambda: seat(account_id=third.account_id, relation="self")) == "account_patient_self_of_one"
    assert broken(lambda: seat(relation="friend")) == "account_patient_relation_known"
    assert broken(lambda: seat(guardian_consent="1")) == "account_patient_consent_of_guardians"
    seat()
    assert broken(lambda: seat(seat=3, identity_index=b"y")) == "account_patient_once"
    assert broken(lambda: seat(seat=3, patient_id=new_id())) == "account_patient_identity_once"


@pytest.mark.rule("R-102")
def test_one_number_leads_to_one_patient() -> None:
    make.patient_seen()
    row = models.PatientIdentity.objects.get()
    twin = models.PatientIdentity(family=row.family, number_index=row.number_index, patient_id=new_id(), proven_at=NOW)
    assert broken(lambda: twin.save(force_insert=True)) == "people_patient_identity_pkey"


def test_verifications_cannot_be_otherwise() -> None:
    added = add(account())
    rows = models.Verification.objects
    assert broken(lambda: rows.update(state="matched")) == "verification_open_or_settled"
    assert broken(lambda: rows.update(state="odd", next_at=None, settled_at=NOW)) == "verification_state_known"
    twin = models.Verification(patient_id=added.patient_id, id=new_id(), next_at=NOW, asked_at=NOW)
    assert broken(lambda: twin.save(force_insert=True)) == "verification_one_open"
