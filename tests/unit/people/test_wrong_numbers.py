"""A hospital's number that is wrong is corrected or taken back by its own window (R-049)."""

from uuid import UUID

import pytest
from tests import make
from tests.unit.people.test_hospital_numbers import HERE, SYSTEM, THERE, WINDOW, give

from yitong.core.actor import Actor
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, KeyReused, Unidentified
from yitong.core.ids import new_id
from yitong.domains.people import commands, errors, models, queries
from yitong.domains.people.contracts.patients import (
    CarrierKey,
    CorrectHospitalNumber,
    LinkCarrier,
    MergePatients,
    UnmergePatients,
)
from yitong.domains.people.contracts.words import CarrierKind, NumberWrong
from yitong.domains.people.queries.carriers import find_number_here, lack_numbers

NOW = make.NOW
pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.rule("R-049")]


def correct(
    patient_id: UUID,
    carrier_id: UUID,
    number: str = "",
    *,
    key: str = "",
    at: UUID = HERE,
    actor: Actor = WINDOW,
    reason: NumberWrong = NumberWrong.MISTYPED,
) -> CarrierKey:
    cmd = CorrectHospitalNumber(key or f"wrong{make.number()}", at, patient_id, carrier_id, reason, number)
    return commands.correct_hospital_number(cmd, actor=actor, now=NOW)


def stands(patient_id: UUID, at: UUID = HERE) -> str | None:
    return queries.find_hospital_number(patient_id, at, SYSTEM)


def told() -> list[tuple[str, str | None]]:
    """(operation, reason) of what the audit has of numbers, in order."""
    rows = Event.objects.filter(operation__startswith="people.", operation__contains="number_withdrawn")
    rows = rows | Event.objects.filter(operation="people.carrier_linked")
    return [(row.operation, row.body.get("reason")) for row in rows.order_by("recorded_at", "id")]


def test_a_number_is_corrected_once_and_the_old_one_leads_nowhere() -> None:
    patient_id, other = make.patient_seen(), make.patient_seen()
    wrong = give(patient_id, "M0042")
    first = correct(patient_id, wrong.carrier_id, " m0024 ", key="k")
    assert correct(patient_id, wrong.carrier_id, " m0024 ", key="k") == first  # pressed twice
    with pytest.raises(KeyReused):
        correct(patient_id, wrong.carrier_id, "M0025", key="k")
    assert stands(patient_id) == "M0024"
    assert told() == [
        ("people.carrier_linked", None),
        ("people.hospital_number_withdrawn", "mistyped"),
        ("people.carrier_linked", None),
    ]
    event = Event.objects.get(operation="people.hospital_number_withdrawn")
    assert (event.subject_id, event.hospital_id, event.actor) == (patient_id, HERE, WINDOW.key)
    assert "M00" not in str(event.body)  # ids and words only
    give(other, "M0042")  # whose it is
    assert stands(other) == "M0042"
    ended = models.Carrier.objects.get(id=wrong.carrier_id)
    assert (ended.state, ended.ended_at, ended.value) == ("ended", NOW, "M0042")


def test_a_number_is_taken_back_and_typed_again() -> None:
    patient_id = make.patient_seen()
    wrong = give(patient_id, "M0042")
    assert not lack_numbers([patient_id], HERE)
    taken = correct(patient_id, wrong.carrier_id, reason=NumberWrong.OF_ANOTHER)
    assert taken == wrong
    assert stands(patient_id) is None
    assert lack_numbers([patient_id], HERE)  # the next booking may have the hospital asked
    again = give(patient_id, "M0042")
    assert again.carrier_id != wrong.carrier_id
    assert stands(patient_id) == "M0042"


def test_a_stale_page_changes_nothing() -> None:
    patient_id = make.patient_seen()
    wrong = give(patient_id, "M0042")
    right = correct(patient_id, wrong.carrier_id, "M0024")
    for gone in (wrong.carrier_id, new_id()):
        with pytest.raises(errors.HospitalNumberChanged) as refused:
            correct(patient_id, gone, "M0099")
        assert refused.value.code == "MRN_CHANGED"
    with pytest.raises(errors.HospitalNumberSame):
        correct(patient_id, right.carrier_id, "M0024")
    assert stands(patient_id) == "M0024"


def test_a_right_number_that_is_none_or_another_s_takes_nothing_back() -> None:
    patient_id, other = make.patient_seen(), make.patient_seen()
    wrong = give(patient_id, "M0042")
    give(other, "M0024")
    before = len(told())
    with pytest.raises(errors.CarrierTaken):
        correct(patient_id, wrong.carrier_id, "M0024")
    for number in ("号码", "M", "x" * 65):
        with pytest.raises(errors.CarrierInvalid):
            correct(patient_id, wrong.carrier_id, number)
    assert (stands(patient_id), stands(other), len(told())) == ("M0042", "M0024", before)


def test_nothing_else_is_taken_back() -> None:
    """Another patient's number, another hospital's, a card of the city."""
    patient_id, other = make.patient_seen(), make.patient_seen()
    theirs = give(other, "M0001")
    there = make.staff_actor("registrar", hospital_id=THERE)
    elsewhere = give(patient_id, "T0001", at=THERE, actor=there)
    card = commands.link_carrier(LinkCarrier("c", patient_id, CarrierKind.YILIANMA, "A1234567"), actor=WINDOW, now=NOW)
    for one in (theirs, elsewhere, card):
        with pytest.raises(errors.HospitalNumberChanged):
            correct(patient_id, one.carrier_id)
    assert models.Carrier.objects.filter(state="active").count() == 3


@pytest.mark.parametrize(
    "actor",
    [
        make.staff_actor("registrar", hospital_id=THERE),
        make.staff_actor("nurse", hospital_id=HERE),
        make.staff_actor("doctor", hospital_id=HERE),
        make.city_operator(),
    ],
    ids=["another-hospital", "nurse", "doctor", "city"],
)
def test_only_the_hospital_s_own_registrar_takes_its_number_back(actor: Actor) -> None:
    patient_id = make.patient_seen()
    wrong = give(patient_id, "M0042")
    with pytest.raises(Forbidden):
        correct(patient_id, wrong.carrier_id, actor=actor)
    with pytest.raises(Unidentified):
        correct(patient_id, wrong.carrier_id, actor=Actor.anonymous())
    assert stands(patient_id) == "M0042"


def test_of_who_is_forgotten_nothing_is_taken_back() -> None:
    patient_id = make.patient_seen()
    wrong = give(patient_id, "M0042")
    commands.erase([patient_id], None, now=NOW)
    with pytest.raises(errors.PatientMissing):
        correct(patient_id, wrong.carrier_id, "M0024")


@pytest.mark.rule("R-102")
def test_a_number_that_came_with_a_merge_is_taken_back_and_stays_so() -> None:
    one, other, officer = make.patient_seen(), make.patient_seen(), make.staff_actor("city_operator")
    give(one, "M0001")
    give(other, "M0002")
    merge_id = commands.merge_patients(MergePatients("k1", one, other, "同一人"), actor=officer, now=NOW).merge_id
    seen = find_number_here(one, HERE, SYSTEM)
    assert seen is not None
    assert seen.number == "M0002"
    correct(other, seen.carrier_id)  # by the page of the merged record
    assert stands(one) == "M0001"
    commands.unmerge_patients(UnmergePatients("k2", one, merge_id, "不是同一人"), actor=officer, now=NOW)
    assert (stands(one), stands(other)) == ("M0001", None)
    give(other, "M0002")
    assert (stands(one), stands(other)) == ("M0001", "M0002")
