"""One person, one record: cards, numbers, the dynamic code, merges, reads, forgetting (R-049, R-102, R-104, R-198)."""

import base64
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from tests import make
from tests.numbers import question

from yitong.core.actor import Actor
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, Unidentified
from yitong.core.ids import new_id
from yitong.domains.notify.models import Contact, Message
from yitong.domains.people import commands, errors, models, personal_data, queries
from yitong.domains.people.contracts.patients import (
    FindPatient,
    LinkCarrier,
    MergePatients,
    NoteHospitalNumber,
    RejectCandidate,
    RemovePatient,
    UnmergePatients,
    UseQr,
)
from yitong.domains.people.contracts.words import NUMBER_NOTICES, CarrierKind, CarrierState, IdentityKind, Relation

NOW = make.NOW
DAY = date(2026, 11, 26)
HOSPITAL = UUID(int=77)
SYSTEM = Actor.system("test")
OPERATOR = make.city_operator()
REGISTRAR = make.staff_actor("registrar", hospital_id=HOSPITAL)

pytestmark = pytest.mark.usefixtures("db")


# -- carriers ----------------------------------------------------------------------------------------------------------


def link(
    patient_id: UUID, value: str = "", kind: CarrierKind = CarrierKind.JINGYITONG, issuer: str = "city", actor=SYSTEM
):  # type: ignore[no-untyped-def]
    cmd = LinkCarrier(f"link{make.number()}", patient_id, kind, value or f"9900{make.number():08d}", issuer)
    return commands.link_carrier(cmd, actor=actor, now=NOW)


@pytest.mark.rule("R-102")
def test_every_carrier_leads_to_the_one_person() -> None:
    given = make.given()
    patient_id = make.patient_seen(given)
    for kind in (CarrierKind.JINGYITONG, CarrierKind.YILIANMA, CarrierKind.BEIJINGTONG, CarrierKind.INSURANCE_TOKEN):
        link(patient_id, "9900 1234 5678", kind)
        found = queries.resolve_carrier(kind, "990012345678", REGISTRAR, purpose="挂号", hospital_id=HOSPITAL)
        assert found == patient_id
    link(patient_id, "MRN-1", CarrierKind.HOSPITAL_NUMBER, str(HOSPITAL), REGISTRAR)
    kind = CarrierKind.HOSPITAL_NUMBER
    assert queries.resolve_carrier(kind, "mrn1", SYSTEM, purpose="x", issuer=str(HOSPITAL)) == patient_id
    read = queries.resolve_identity(
        IdentityKind.RESIDENT_ID, given.number, REGISTRAR, purpose="x", hospital_id=HOSPITAL
    )
    assert read == patient_id
    assert models.ReadLog.objects.filter(patient_id=patient_id, what="resolve").count() == 5
    assert [one.value_masked for one in queries.list_carriers(patient_id, SYSTEM)][0] == "9*********78"


def test_card_of_one_is_not_a_card_of_another() -> None:
    one, other = make.patient_seen(), make.patient_seen()
    first = link(one, "99001234")
    assert link(one, "9900 1234") == first
    with pytest.raises(errors.CarrierTaken):
        link(other, "99001234")
    link(other, "99001234", CarrierKind.YILIANMA)
    commands.end_carrier(one, first.carrier_id, actor=SYSTEM, now=NOW)
    with pytest.raises(errors.CarrierMissing):
        commands.end_carrier(one, first.carrier_id, actor=SYSTEM, now=NOW)
    assert link(other, "99001234").patient_id == other


def test_cards_are_refused_to_strangers_and_in_odd_forms() -> None:
    actor, patient_id = make.account_holder()
    for stranger, refusal in ((actor, Forbidden), (Actor.anonymous(), Unidentified), (OPERATOR, Forbidden)):
        with pytest.raises(refusal):
            link(patient_id, actor=stranger)
    for value in ("", "1", "😀😀😀", "x" * 65, "-12345"):
        with pytest.raises(errors.CarrierInvalid):
            commands.link_carrier(LinkCarrier("k", patient_id, CarrierKind.YILIANMA, value), actor=SYSTEM, now=NOW)
    with pytest.raises(errors.CarrierInvalid):
        link(patient_id, issuer="elsewhere")
    with pytest.raises(errors.CarrierInvalid):
        link(patient_id, kind=CarrierKind.HOSPITAL_NUMBER)
    with pytest.raises(errors.CarrierMissing):
        queries.resolve_carrier(CarrierKind.YILIANMA, "unknown", SYSTEM, purpose="x")
    assert not models.Carrier.objects.exists()


@pytest.mark.rule("R-049")
def test_hospital_number_is_asked_once_and_made() -> None:
    actor, patient_id = make.account_holder()
    asked = commands.ask_hospital_number(question(patient_id, HOSPITAL, actor), actor=actor, now=NOW)
    assert asked.state is CarrierState.PENDING
    assert commands.ask_hospital_number(question(patient_id, HOSPITAL), actor=SYSTEM, now=NOW) == asked
    assert Event.objects.filter(operation="people.hospital_number_asked").count() == 1
    note = NoteHospitalNumber(patient_id, asked.carrier_id, "M0001")
    assert commands.note_hospital_number(note, actor=SYSTEM, now=NOW).state is CarrierState.ACTIVE
    assert commands.note_hospital_number(note, actor=SYSTEM, now=NOW).state is CarrierState.ACTIVE
    with pytest.raises(errors.HospitalNumberSettled):
        commands.note_hospital_number(replace(note, number="M0002"), actor=SYSTEM, now=NOW)
    assert queries.find_hospital_number(patient_id, HOSPITAL, SYSTEM) == "M0001"
    assert queries.find_hospital_number(patient_id, new_id(), SYSTEM) is None
    other = make.account_holder()[0]
    with pytest.raises(errors.PatientMissing):
        commands.ask_hospital_number(question(patient_id, HOSPITAL, other), actor=other, now=NOW)


@pytest.mark.rule("R-049")
def test_refused_hospital_number_is_told_and_can_be_asked_again() -> None:
    actor, patient_id = make.account_holder()
    asked = commands.ask_hospital_number(question(patient_id, HOSPITAL, actor), actor=actor, now=NOW)
    note = NoteHospitalNumber(patient_id, asked.carrier_id, reason="姓名与院内档案不符")
    with pytest.raises(Forbidden):
        commands.note_hospital_number(note, actor=actor, now=NOW)
    refused = commands.note_hospital_number(note, actor=REGISTRAR, now=NOW)
    assert (refused.state, refused.reason) == (CarrierState.REFUSED, "姓名与院内档案不符")
    with pytest.raises(errors.HospitalNumberRefused):
        queries.find_hospital_number(patient_id, HOSPITAL, SYSTEM)
    assert Message.objects.filter(account_id=actor.account_id, template="hospital_number_refused").count() == 2
    again = commands.ask_hospital_number(question(patient_id, HOSPITAL, actor), actor=actor, now=NOW)
    assert again.carrier_id != asked.carrier_id


# -- the dynamic code --------------------------------------------------------------------------------------------------


@pytest.mark.rule("R-104")
def test_code_is_taken_once_within_sixty_seconds() -> None:
    actor, patient_id = make.account_holder()
    code = queries.get_qr(patient_id, actor, now=NOW)
    assert code.expires_at == NOW + timedelta(seconds=60)
    assert str(patient_id) not in code.text
    assert patient_id.hex not in code.text
    use = UseQr(code.text, "kiosk-1", HOSPITAL)
    with pytest.raises(errors.QrExpired):
        commands.use_qr(use, actor=REGISTRAR, now=NOW + timedelta(seconds=60))
    assert commands.use_qr(use, actor=REGISTRAR, now=NOW + timedelta(seconds=59)).subject_id == patient_id
    for text in (code.text, code.text + "\n", " " + code.text, code.text[:5] + "!" + code.text[5:]):
        with pytest.raises(errors.QrExpired):
            commands.use_qr(replace(use, text=text), actor=REGISTRAR, now=NOW)
    assert models.ReadLog.objects.filter(patient_id=patient_id, what="qr").count() == 1
    assert commands.forget_used_codes(now=NOW) == 0
    assert commands.forget_used_codes(now=code.expires_at) == 1


@pytest.mark.rule("R-104")
def test_codes_are_neither_forged_nor_read_by_strangers() -> None:
    actor, patient_id = make.account_holder()
    code = queries.get_qr(patient_id, actor, now=NOW)
    sealed = bytearray(base64.urlsafe_b64decode(code.text))
    sealed[-1] ^= 1
    forged = base64.urlsafe_b64encode(bytes(sealed)).decode()
    for text in (forged, "", "你好", "AAAA", "x" * 5000):
        with pytest.raises(errors.QrExpired):
            commands.use_qr(UseQr(text, "t", HOSPITAL), actor=REGISTRAR, now=NOW)
    with pytest.raises(errors.PatientMissing):
        queries.get_qr(patient_id, make.account_holder()[0], now=NOW)
    for stranger in (actor, make.staff_actor("registrar", hospital_id=new_id())):
        with pytest.raises(Forbidden):
            commands.use_qr(UseQr(code.text, "t", HOSPITAL), actor=stranger, now=NOW)


# -- merges ------------------------------------------------------------------------------------------------------------


def two() -> tuple[UUID, UUID]:
    """One human being with two proven documents, hence two records."""
    one = make.patient_seen(make.given("测试并", birth=date(1970, 1, 1)))
    passport = replace(make.given("测试并"), kind=IdentityKind.PASSPORT, number=f"ZZ{make.number():07d}")
    return one, make.patient_seen(replace(passport, birth_date=date(1970, 1, 1)))


def merge(survivor: UUID, merged: UUID, *, actor: Actor = OPERATOR):  # type: ignore[no-untyped-def]
    cmd = MergePatients(f"m{make.number()}", survivor, merged, "护照与身份证为同一人")
    return commands.merge_patients(cmd, actor=actor, now=NOW)


@pytest.mark.rule("R-102")
def test_probable_match_waits_for_a_person_and_merges() -> None:
    one, other = two()
    candidate = queries.list_candidates(OPERATOR)[0]
    assert {candidate.patient_id, candidate.other_id} == {one, other}
    assert candidate.matches[:2] == ("name", "birth_date")
    pair = queries.get_pair(candidate, OPERATOR, now=NOW)
    assert {patient.name for patient in pair} == {"测试并"}
    link(other, "99007777")
    merge(one, other)
    assert queries.list_candidates(OPERATOR) == []
    assert queries.survivor_of(other) == one
    assert queries.records_of([one]) == {one, other}
    assert queries.resolve_carrier(CarrierKind.JINGYITONG, "99007777", SYSTEM, purpose="x") == one
    assert models.PatientIdentity.objects.filter(patient_id=one).count() == 2
    assert models.Patient.objects.get(id=other).name == "测试并"


@pytest.mark.rule("R-102")
def test_unmerge_restores_both() -> None:
    one, other = two()
    card = link(other, "99007777")
    actor, _ = make.account_signed_in()
    with transaction.atomic():
        commands.take_day(one, DAY)
        commands.take_day(other, DAY)
        commands.take_day(other, DAY + timedelta(days=10))
    row = models.Patient.objects.get(id=other)
    models.AccountPatient.objects.create(
        account_id=actor.account_id,
        seat=1,
        patient_id=other,
        relation="self",
        identity_index=row.identity_index,
        linked_at=NOW,
    )
    done = merge(one, other)
    assert queries.accounts_of(other) == [actor.account_id]
    assert [card.patient_id for card in queries.patients_of(actor.account_id)] == [one]
    assert actor.account_id is not None
    assert queries.records_of_account(actor.account_id) == {one, other}
    assert queries.records_of_accounts([actor.account_id]) == {actor.account_id: {one, other}}
    assert queries.is_linked(actor.account_id, other)
    limits = {row.patient_id: row for row in models.BookingLimits.objects.all()}
    assert (limits[one].live_days, limits[other].live_days) == ([DAY, DAY, DAY + timedelta(days=10)], [])
    with transaction.atomic():
        assert commands.lock_limits(other).patient_id == one
        commands.give_back_day(other, DAY + timedelta(days=10))
        commands.take_day(other, DAY + timedelta(days=20))
    undo = UnmergePatients("u", one, done.merge_id, "判断有误")
    commands.unmerge_patients(undo, actor=OPERATOR, now=NOW)
    assert commands.unmerge_patients(undo, actor=OPERATOR, now=NOW).subject_id == other
    limits = {row.patient_id: row for row in models.BookingLimits.objects.all()}
    assert (limits[one].live_days, limits[other].live_days) == ([DAY, DAY + timedelta(days=20)], [DAY])
    assert [card.patient_id for card in queries.patients_of(actor.account_id)] == [other]
    assert queries.records_of_account(actor.account_id) == {other}
    assert not queries.is_linked(actor.account_id, one)
    assert queries.resolve_carrier(CarrierKind.JINGYITONG, "99007777", SYSTEM, purpose="x") == other
    assert models.Carrier.objects.get(id=card.carrier_id).patient_id == other
    assert models.PatientIdentity.objects.filter(patient_id=other).count() == 1
    line = queries.list_merges(one, OPERATOR)[0]
    assert (line.merged_id, line.by, line.unmerged_by) == (other, OPERATOR.key, OPERATOR.key)
    assert queries.list_merges(other, OPERATOR)[0] == line
    with pytest.raises(errors.MergeMissing):
        commands.unmerge_patients(replace(undo, key="u2"), actor=OPERATOR, now=NOW)
    merge(one, other)


@pytest.mark.rule("R-102")
def test_open_visit_blocks_merge_and_unmerge() -> None:
    one, other = two()
    visit = new_id()
    with transaction.atomic():
        commands.open_episode(other, visit, hospital_id=HOSPITAL, kind="visit", now=NOW)
        commands.open_episode(other, visit, hospital_id=HOSPITAL, kind="visit", now=NOW)
    with pytest.raises(errors.OpenVisit):
        merge(one, other)
    with transaction.atomic():
        commands.close_episode(other, visit)
    done = merge(one, other)
    with transaction.atomic():
        commands.open_episode(other, visit, hospital_id=HOSPITAL, kind="visit", now=NOW)
    assert models.OpenEpisode.objects.get().patient_id == one
    with pytest.raises(errors.OpenVisit):
        commands.unmerge_patients(UnmergePatients("u", one, done.merge_id, "x"), actor=OPERATOR, now=NOW)


@pytest.mark.rule("R-102")
def test_merges_that_cannot_be() -> None:
    one, other = two()
    for actor in (REGISTRAR, make.account_holder()[0], make.hospital_admin(HOSPITAL)):
        with pytest.raises(Forbidden):
            merge(one, other, actor=actor)
    with pytest.raises(errors.MergeImpossible):
        merge(one, one)
    with pytest.raises(errors.PatientMissing):
        merge(one, new_id())
    _, declared = make.account_holder(verified=False)
    with pytest.raises(errors.MergeImpossible):
        merge(one, declared)
    with transaction.atomic():
        for patient_id in (one, one, other):
            commands.take_day(patient_id, DAY)
    with pytest.raises(errors.MergeOverLimit):
        merge(one, other)
    assert models.Patient.objects.filter(state="merged").count() == 0
    with transaction.atomic():
        commands.give_back_day(other, DAY)
    merge(one, other)
    with pytest.raises(errors.MergeImpossible):
        merge(one, other)


def test_person_may_say_that_two_are_two() -> None:
    two()
    candidate = queries.list_candidates(OPERATOR)[0]
    cmd = RejectCandidate(candidate.patient_id, candidate.candidate_id)
    with pytest.raises(Forbidden):
        commands.reject_candidate(cmd, actor=REGISTRAR, now=NOW)
    commands.reject_candidate(cmd, actor=OPERATOR, now=NOW)
    assert queries.list_candidates(OPERATOR) == []
    with pytest.raises(errors.MergeMissing):
        commands.reject_candidate(cmd, actor=OPERATOR, now=NOW)


# -- finding and reading -----------------------------------------------------------------------------------------------


def test_desk_finds_proven_patients_and_leaves_lines() -> None:
    given = make.given("测试寻", birth=date(1966, 6, 6))
    actor, patient_id = make.account_holder(given)
    link(patient_id, "99008888")
    wishes = [
        FindPatient(HOSPITAL, "挂号", identity_kind=IdentityKind.RESIDENT_ID, identity_number=given.number),
        FindPatient(HOSPITAL, "挂号", carrier_kind=CarrierKind.JINGYITONG, carrier_value="9900 8888"),
        FindPatient(HOSPITAL, "挂号", name="测试寻", birth_date=date(1966, 6, 6)),
    ]
    for wish in wishes:
        assert [found.patient_id for found in queries.find_patients(wish, REGISTRAR, now=NOW)] == [patient_id]
    assert queries.find_patients(FindPatient(HOSPITAL, "x", name="测试寻"), REGISTRAR, now=NOW) == []
    lines = queries.list_reads(patient_id, actor)
    assert [(line.reader, line.what, line.purpose, line.hospital_id) for line in lines] == [
        (REGISTRAR.key, "search", "挂号", HOSPITAL)
    ] * 3
    with pytest.raises(Forbidden):
        queries.find_patients(wishes[0], make.staff_actor("registrar", hospital_id=new_id()), now=NOW)
    with pytest.raises(errors.PatientMissing):
        queries.find_patients(wishes[0], actor, now=NOW)
    with pytest.raises(errors.PatientMissing):
        queries.list_reads(patient_id, make.account_holder()[0])


@pytest.mark.rule("R-198")
def test_reads_by_staff_and_channels_leave_a_line_and_by_the_account_none() -> None:
    actor, patient_id = make.account_holder()
    channel = Actor.for_channel(new_id(), "114", scopes=frozenset({"patients:resolve"}))
    assert queries.get_patient(patient_id, actor, purpose="own").patient_id == patient_id
    assert queries.list_reads(patient_id, actor) == []
    queries.get_patient(patient_id, REGISTRAR, purpose="挂号", hospital_id=HOSPITAL)
    queries.get_patient(patient_id, channel, purpose="预约")
    assert {line.reader for line in queries.list_reads(patient_id, actor)} == {REGISTRAR.key, channel.key}
    for stranger, refusal in (
        (make.account_holder()[0], errors.PatientMissing),
        (Actor.anonymous(), Unidentified),
        (make.staff_actor("roster_manager", hospital_id=HOSPITAL), Forbidden),
        (Actor.for_channel(new_id(), "x", scopes=frozenset()), Forbidden),
    ):
        with pytest.raises(refusal):
            queries.get_patient(patient_id, stranger, purpose="x", hospital_id=HOSPITAL)


def test_read_log_is_never_changed() -> None:
    actor, patient_id = make.account_holder()
    queries.get_patient(patient_id, REGISTRAR, purpose="挂号", hospital_id=HOSPITAL)
    for change in (
        lambda: models.ReadLog.objects.update(reader="nobody"),
        lambda: models.ReadLog.objects.all().delete(),
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            change()
    assert len(queries.list_reads(patient_id, actor)) == 1


# -- export and forgetting ---------------------------------------------------------------------------------------------


@pytest.mark.rule("R-198")
def test_export_tells_all_in_clear() -> None:
    given = make.given("测试我")
    actor, patient_id = make.account_holder(given)
    link(patient_id, "99009999")
    queries.get_patient(patient_id, REGISTRAR, purpose="挂号", hospital_id=HOSPITAL)
    told = personal_data.export([patient_id], actor.account_id)
    assert told["patients"][0]["name"] == "测试我"  # type: ignore[index]
    assert told["patients"][0]["identity_number"] == given.number  # type: ignore[index]
    assert told["carriers"][0]["number"] == "99009999"  # type: ignore[index]
    assert told["reads"][0]["purpose"] == "挂号"  # type: ignore[index]
    assert told["account"]["phone"].startswith("154")  # type: ignore[index,call-overload,union-attr]


@pytest.mark.rule("R-198")
def test_erased_person_leaves_no_name_number_or_phone() -> None:
    given = make.given("测试忘")
    actor, patient_id = make.account_holder(given)
    link(patient_id, "99006666")
    with transaction.atomic():
        assert personal_data.erase([patient_id], actor.account_id) == {"patients": 1, "accounts": 1}
        assert personal_data.erase([patient_id], actor.account_id) == {"patients": 0, "accounts": 0}
    row = models.Patient.objects.get(id=patient_id)
    assert (row.state, row.name, row.identity_number, row.birth_date) == ("erased", None, None, None)
    assert not models.PatientIdentity.objects.exists()
    assert not models.CarrierIndex.objects.exists()
    assert models.Carrier.objects.get().value is None
    assert not Contact.objects.filter(account_id=actor.account_id).exists()
    assert queries.names_of([patient_id]) == {}
    with pytest.raises(errors.PatientMissing):
        queries.get_patient(patient_id, REGISTRAR, purpose="x", hospital_id=HOSPITAL)
    assert make.patient_seen(given) != patient_id


@pytest.mark.rule("R-198")
def test_what_must_stay_is_not_erased() -> None:
    given = make.given("测试留")
    actor, patient_id = make.account_holder(given)
    other, _ = make.account_holder()
    make.patient_of(other, given, relation=Relation.SPOUSE)
    with pytest.raises(errors.RightsDenied) as refused, transaction.atomic():
        personal_data.erase([patient_id], actor.account_id)
    assert refused.value.params == {"reason": "other_account"}
    commands.remove_patient(RemovePatient("off", other.account_id, patient_id), actor=other, now=NOW)  # type: ignore[arg-type]
    with transaction.atomic():
        assert personal_data.erase([patient_id], actor.account_id) == {"patients": 2, "accounts": 1}
    _, busy = make.account_holder()
    with transaction.atomic():
        commands.open_episode(busy, new_id(), hospital_id=HOSPITAL, kind="visit", now=NOW)
    with pytest.raises(errors.RightsDenied) as refused, transaction.atomic():
        personal_data.erase([busy], None)
    assert refused.value.params == {"reason": "open_visit"}


# -- the constraints, tried directly -----------------------------------------------------------------------------------


def test_records_cannot_be_otherwise() -> None:
    one, other = two()
    card = link(one, "99005555")
    done = merge(one, other)

    def broken(trial) -> str:  # type: ignore[no-untyped-def]
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            trial()
        return str(refused.value.__cause__.diag.constraint_name)  # type: ignore[union-attr]

    cards = models.Carrier.objects.filter(id=card.carrier_id)
    assert broken(lambda: cards.update(state="pending")) == "carrier_state_as_its_value"
    assert broken(lambda: cards.update(value=None)) in ("carrier_value_with_its_index", "carrier_state_as_its_value")
    assert broken(lambda: cards.update(kind="other")) == "carrier_kind_known"
    index = models.CarrierIndex.objects.get()
    twin = models.CarrierIndex(
        kind=index.kind, issuer=index.issuer, value_index=index.value_index, patient_id=other, carrier_id=new_id()
    )
    assert broken(lambda: twin.save(force_insert=True)) == "people_carrier_index_pkey"
    merges = models.PatientMerge.objects
    assert broken(lambda: merges.update(basis="guess")) == "merge_basis_known"
    assert broken(lambda: merges.update(merged_id=one)) == "merge_of_two"
    assert broken(lambda: merges.update(unmerged_at=NOW)) == "merge_undone_whole"
    again = merges.get(id=done.merge_id)
    again.id = new_id()
    assert broken(lambda: again.save(force_insert=True)) == "merge_one_in_force"
    candidates = models.MergeCandidate.objects
    assert broken(lambda: candidates.update(state="open")) == "candidate_open_or_decided"
    same = candidates.get()
    same.id = new_id()
    assert broken(lambda: same.save(force_insert=True)) == "candidate_once_a_pair"
    commands.ask_hospital_number(question(one, HOSPITAL), actor=SYSTEM, now=NOW)
    pending = models.Carrier.objects.get(state="pending")
    pending.id = new_id()
    assert broken(lambda: pending.save(force_insert=True)) == "carrier_one_pending"
    assert broken(lambda: cards.update(consent=NUMBER_NOTICES[-1])) == "carrier_consent_whole"
