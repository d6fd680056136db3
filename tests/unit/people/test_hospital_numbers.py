"""A hospital's own number (R-049): asked through the port until the hospital answers, whatever dies on the way."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import cast
from uuid import UUID

import pytest
from tests import make
from tests.numbers import question
from tests.watches import Watch

from yitong.core.actor import Actor
from yitong.core.db import command, sweeps
from yitong.core.db.models import Event
from yitong.core.errors import Forbidden, KeyReused, Throttled, Unidentified
from yitong.core.ids import new_id
from yitong.domains.notify.models import Message
from yitong.domains.people import commands, errors, jobs, models, personal_data, queries
from yitong.domains.people.contracts.patients import (
    CarrierKey,
    GiveHospitalNumber,
    LinkCarrier,
    MergePatients,
    NumberAnswer,
    NumberAsk,
    UnmergePatients,
)
from yitong.domains.people.contracts.words import NUMBER_NOTICES, CarrierKind, CarrierState, NumberOutcome
from yitong.domains.people.ports import hospital_register
from yitong.domains.people.queries.carriers import find_number_of, lack_numbers, lacks_hospital_number
from yitong.links.register.http import HttpHospitalRegister

NOW = make.NOW
HERE, THERE = UUID(int=77), UUID(int=78)
SYSTEM = Actor.system("booking.ask_for_hospital_number")
SILENT = NumberAnswer(NumberOutcome.UNKNOWN)
REFUSED = NumberAnswer(NumberOutcome.REFUSED, reason="姓名与院内档案不符")

pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.rule("R-049")]


class Register:
    """Hospitals that answer as told; one that is told nothing makes a number for each question, and keeps it."""

    is_open = True

    def __init__(self) -> None:
        self.asks: list[NumberAsk] = []
        self.told: dict[UUID, NumberAnswer] = {}  # by hospital

    def number(self, ask: NumberAsk) -> NumberAnswer:
        self.asks.append(ask)
        first = next(n for n, one in enumerate(self.asks) if one.carrier_id == ask.carrier_id)
        return self.told.get(ask.hospital_id) or NumberAnswer(NumberOutcome.MADE, number=f"M{first:04}")


@pytest.fixture(autouse=True)
def register() -> Iterator[Register]:
    before = hospital_register.taken()
    plugged = Register()
    hospital_register.plug(plugged)
    yield plugged
    hospital_register.plug(before)


def ask(patient_id: UUID, at: UUID = HERE, actor: Actor = SYSTEM, now=NOW) -> UUID:  # type: ignore[no-untyped-def]
    return commands.ask_hospital_number(question(patient_id, at, actor), actor=actor, now=now).carrier_id


def test_the_hospital_is_asked_once_and_its_number_kept(
    register: Register, frozen_clock: Callable[..., object]
) -> None:
    frozen_clock(NOW)
    actor, patient_id = make.account_holder()
    carrier_id = ask(patient_id)
    shown = find_number_of(patient_id, HERE, actor)
    assert shown is not None
    assert (shown.state, shown.is_unanswered) == (CarrierState.PENDING, False)
    jobs.ask_hospitals(0)
    jobs.ask_hospitals(0)
    patient = models.Patient.objects.get(id=patient_id)
    (asked,) = register.asks
    assert (asked.carrier_id, asked.hospital_id, asked.name) == (carrier_id, HERE, patient.name)
    assert (asked.identity_number, asked.birth_date) == (patient.identity_number, patient.birth_date)
    assert queries.find_hospital_number(patient_id, HERE, SYSTEM) == "M0000"
    shown = find_number_of(patient_id, HERE, actor)
    assert shown is not None
    assert (shown.state, shown.value_masked) == (CarrierState.ACTIVE, "M****")
    assert find_number_of(patient_id, THERE, actor) is None
    assert find_number_of(patient_id, HERE, make.account_holder()[0]) is None
    assert not lacks_hospital_number(patient_id, HERE, since=NOW + timedelta(days=1))
    assert ask(patient_id) == carrier_id


def test_silence_is_asked_again_rests_after_a_day_and_begins_anew(
    register: Register, frozen_clock: Callable[..., object]
) -> None:
    register.told[HERE] = SILENT
    actor, patient_id = make.account_holder()
    carrier_id = ask(patient_id)
    now = NOW
    for wait_s in (10, 30, 120, 600, 1800, 7200, 21600, 43200):
        frozen_clock(now)
        jobs.ask_hospitals(0)
        jobs.ask_hospitals(0)  # not its turn
        now += timedelta(seconds=wait_s)
        assert models.Carrier.objects.get().next_at == now
        assert not lacks_hospital_number(patient_id, HERE, since=now)
    frozen_clock(now)
    jobs.ask_hospitals(0)
    assert [one.carrier_id for one in register.asks] == [carrier_id] * 8
    shown = find_number_of(patient_id, HERE, actor)
    assert shown is not None
    assert (shown.state, shown.is_unanswered) == (CarrierState.PENDING, True)
    assert not Message.objects.filter(template="hospital_number_refused").exists()  # silence is not refusal
    assert lacks_hospital_number(patient_id, HERE, since=now)
    del register.told[HERE]
    assert ask(patient_id, now=now) == carrier_id  # the same question
    jobs.ask_hospitals(0)
    assert queries.find_hospital_number(patient_id, HERE, SYSTEM) == "M0000"


def test_a_silent_hospital_keeps_no_other_waiting(register: Register, frozen_clock: Callable[..., object]) -> None:
    frozen_clock(NOW)
    register.told[HERE] = SILENT
    patients = [make.patient_seen() for _ in range(3)]
    for patient_id in patients:
        ask(patient_id)
    for patient_id in patients:
        ask(patient_id, THERE, now=NOW)
    jobs.ask_hospitals(0)
    assert [one.hospital_id for one in register.asks].count(HERE) == 1
    assert [queries.find_hospital_number(one, THERE, SYSTEM) is None for one in patients] == [False] * 3
    assert models.Carrier.objects.filter(state="pending", issuer=str(HERE), tries=0).count() == 2  # their turn stays


def test_hospitals_all_silent_are_each_tried_within_a_few_turns(
    register: Register, frozen_clock: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch()
    monkeypatch.setattr(sweeps, "time", watch)
    patients = [make.patient_seen() for _ in range(2)]
    places = [UUID(int=100 + n) for n in range(7)]
    for place in places:
        register.told[place] = SILENT
        for patient_id in patients:
            ask(patient_id, place)
    number = register.number

    def after_8_s(asked: NumberAsk) -> NumberAnswer:
        watch.at += 8
        return number(asked)

    monkeypatch.setattr(register, "number", after_8_s)
    for turn in range(4):
        before = watch.at
        frozen_clock(NOW + timedelta(seconds=watch.at))
        jobs.ask_hospitals(turn)
        assert watch.at - before <= sweeps.TURN_S + 8
    asked = [one.hospital_id for one in register.asks]
    assert (len(asked), set(asked[:7])) == (8, set(places))


def test_one_hospital_fills_no_turn_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yitong.domains.people.queries.carriers.FOUND_EACH", 2)
    first = [ask(make.patient_seen(), now=NOW - timedelta(minutes=5 - n)) for n in range(3)]
    other = ask(make.patient_seen(), THERE)
    due = queries.carriers.list_due_numbers(NOW)
    assert {carrier_id for _, _, carrier_id in due} == {*first[:2], other}


def test_a_refusal_tells_what_to_do_and_can_be_asked_again(
    register: Register, frozen_clock: Callable[..., object]
) -> None:
    frozen_clock(NOW)
    register.told[HERE] = REFUSED
    actor, patient_id = make.account_holder()
    first = ask(patient_id)
    jobs.ask_hospitals(0)
    row = models.Carrier.objects.get()
    assert (row.state, row.reason, row.next_at) == ("refused", REFUSED.reason, None)
    assert Message.objects.filter(template="hospital_number_refused", medium="in_app").count() == 1
    with pytest.raises(errors.HospitalNumberRefused):
        queries.find_hospital_number(patient_id, HERE, SYSTEM)
    assert not lacks_hospital_number(patient_id, HERE, since=NOW)  # the booking that had it asked comes twice
    assert lacks_hospital_number(patient_id, HERE, since=NOW + timedelta(seconds=1))
    del register.told[HERE]
    assert ask(patient_id, actor=actor) != first
    jobs.ask_hospitals(0)
    shown = find_number_of(patient_id, HERE, actor)
    assert shown is not None
    assert shown.state is CarrierState.ACTIVE


@pytest.mark.parametrize(("number", "reason"), [("M0001", "CARRIER_TAKEN"), ("?", "CARRIER_INVALID")])
def test_a_number_that_leads_elsewhere_or_nowhere_is_for_the_window(
    register: Register, frozen_clock: Callable[..., object], number: str, reason: str
) -> None:
    frozen_clock(NOW)
    other = make.patient_seen()
    taken = LinkCarrier(f"k{make.number()}", other, CarrierKind.HOSPITAL_NUMBER, "M0001", str(HERE))
    commands.link_carrier(taken, actor=SYSTEM, now=NOW)
    register.told[HERE] = NumberAnswer(NumberOutcome.MADE, number=number)
    actor, patient_id = make.account_holder()
    ask(patient_id)
    jobs.ask_hospitals(0)
    row = models.Carrier.objects.get(patient_id=patient_id)
    assert (row.state, row.reason, row.value) == ("refused", reason, None)
    assert Message.objects.filter(template="hospital_number_refused", account_id=actor.account_id).exists()
    assert queries.find_hospital_number(other, HERE, SYSTEM) == "M0001"


def test_the_window_ends_the_question(register: Register, frozen_clock: Callable[..., object]) -> None:
    frozen_clock(NOW)
    patient_id = make.patient_seen()
    carrier_id = ask(patient_id)
    there = ask(patient_id, THERE)
    by_hand = LinkCarrier("k1", patient_id, CarrierKind.HOSPITAL_NUMBER, "W1234", str(HERE))
    commands.link_carrier(by_hand, actor=SYSTEM, now=NOW)
    jobs.ask_hospitals(0)
    assert [one.carrier_id for one in register.asks] == [there]
    assert models.Carrier.objects.get(id=carrier_id).state == "ended"
    assert queries.find_hospital_number(patient_id, HERE, SYSTEM) == "W1234"


def test_the_window_may_be_faster_than_the_hospital(register: Register, frozen_clock: Callable[..., object]) -> None:
    frozen_clock(NOW)
    patient_id = make.patient_seen()
    carrier_id = ask(patient_id)
    link = register.number

    def meanwhile(asked: NumberAsk) -> NumberAnswer:
        by_hand = LinkCarrier("k1", patient_id, CarrierKind.HOSPITAL_NUMBER, "W1234", str(HERE))
        commands.link_carrier(by_hand, actor=SYSTEM, now=NOW)
        return link(asked)

    register.number = meanwhile  # type: ignore[method-assign]
    assert jobs.ask_hospital(patient_id, carrier_id) is None
    assert queries.find_hospital_number(patient_id, HERE, SYSTEM) == "W1234"
    assert models.Carrier.objects.filter(state="active").count() == 1


def test_an_account_asks_ten_times_a_day(register: Register, frozen_clock: Callable[..., object]) -> None:
    frozen_clock(NOW)
    register.told[HERE] = REFUSED
    actor, patient_id = make.account_holder()
    for _ in range(9):  # the first of the day was about his identity
        ask(patient_id, actor=actor)
        jobs.ask_hospitals(0)
    with pytest.raises(Throttled):
        ask(patient_id, actor=actor)
    assert len(register.asks) == 9
    ask(patient_id)  # his next booking is not held back by it


@pytest.mark.rule("R-102")
def test_a_number_stays_with_the_record_for_which_it_was_asked(
    register: Register, frozen_clock: Callable[..., object]
) -> None:
    frozen_clock(NOW)
    one, other, officer = make.patient_seen(), make.patient_seen(), make.staff_actor("city_operator")
    carrier_id = ask(other)
    merge = MergePatients("k1", one, other, "同一人")
    merge_id = commands.merge_patients(merge, actor=officer, now=NOW).merge_id
    jobs.ask_hospitals(0)
    (asked,) = register.asks
    own = models.Patient.objects.get(id=other)
    assert (asked.carrier_id, asked.name, asked.identity_number) == (carrier_id, own.name, own.identity_number)
    assert queries.find_hospital_number(one, HERE, SYSTEM) == "M0000"
    commands.unmerge_patients(UnmergePatients("k2", one, merge_id, "不是同一人"), actor=officer, now=NOW)
    assert queries.find_hospital_number(one, HERE, SYSTEM) is None
    assert queries.find_hospital_number(other, HERE, SYSTEM) == "M0000"
    [leads] = models.CarrierIndex.objects.filter(carrier_id=carrier_id)
    assert leads.patient_id == other


def test_who_is_forgotten_is_not_asked_about(register: Register, frozen_clock: Callable[..., object]) -> None:
    frozen_clock(NOW)
    patient_id = make.patient_seen()
    carrier_id = ask(patient_id)
    commands.erase([patient_id], None, now=NOW)
    jobs.ask_hospitals(0)
    assert jobs.ask_hospital(patient_id, carrier_id) is None
    assert register.asks == []


def test_of_who_is_forgotten_no_hospital_s_words_are_kept(
    register: Register, frozen_clock: Callable[..., object]
) -> None:
    frozen_clock(NOW)
    patient_id = make.patient_seen()
    register.told[HERE] = REFUSED
    ask(patient_id)
    jobs.ask_hospitals(0)
    assert models.Carrier.objects.get().reason == REFUSED.reason
    commands.erase([patient_id], None, now=NOW)
    row = models.Carrier.objects.get()
    assert (row.state, row.reason, row.next_at) == ("refused", "", None)


def test_a_late_booking_asks_nothing_about_who_is_forgotten() -> None:
    patient_id = make.patient_seen()
    assert lacks_hospital_number(patient_id, HERE, since=NOW)
    commands.erase([patient_id], None, now=NOW)
    assert not lacks_hospital_number(patient_id, HERE, since=NOW)
    with pytest.raises(errors.PatientMissing):
        ask(patient_id)
    assert not models.Carrier.objects.exists()


def test_a_reason_that_no_table_takes_stops_no_turn(register: Register, frozen_clock: Callable[..., object]) -> None:
    frozen_clock(NOW)
    register.told[HERE] = NumberAnswer(NumberOutcome.REFUSED, reason="档案\x00不符\ud800\n")
    patient_id = make.patient_seen()
    ask(patient_id)
    jobs.ask_hospitals(0)
    row = models.Carrier.objects.get()
    assert (row.state, row.reason) == ("refused", "档案不符")


class PowerCut(BaseException):
    """No handler sees it, nothing after it is done."""


TURN, NOTE = "people.commands.carriers.take_number_turn", "people.commands.carriers.note_hospital_number"
MOMENTS = [(name, moment) for name in (TURN, NOTE) for moment in ("begin", "before_commit", "after_commit")]


@pytest.mark.parametrize("cut_at", [*MOMENTS, ("hospital", "answered")], ids="/".join)
def test_a_kill_between_the_steps_loses_and_doubles_nothing(
    register: Register, frozen_clock: Callable[..., object], monkeypatch: pytest.MonkeyPatch, cut_at: tuple[str, str]
) -> None:
    frozen_clock(NOW)
    actor, patient_id = make.account_holder()
    carrier_id = ask(patient_id)
    link = register.number

    def cut(name: str, moment: str) -> None:
        if (name, moment) == cut_at:
            raise PowerCut

    def answer(asked: NumberAsk) -> NumberAnswer:
        told = link(asked)
        cut("hospital", "answered")
        return told

    with monkeypatch.context() as patch:
        patch.setattr(command, "boundary", cut)
        patch.setattr(register, "number", answer)
        with pytest.raises(PowerCut):
            jobs.ask_hospitals(0)
    frozen_clock(NOW + timedelta(seconds=10))
    jobs.ask_hospitals(0)
    assert {one.carrier_id for one in register.asks} == {carrier_id}  # the same question, so the same number
    assert len(register.asks) <= 2
    assert queries.find_hospital_number(patient_id, HERE, SYSTEM) == "M0000"
    assert models.Carrier.objects.count() == models.CarrierIndex.objects.count() == 1


def test_without_an_address_no_hospital_is_asked(frozen_clock: Callable[..., object]) -> None:
    link = HttpHospitalRegister(None, key_id="", secret=b"")
    assert not link.is_open
    patient_id = make.patient_seen()
    ask(patient_id)
    taken = commands.carriers.take_number_turn(patient_id, models.Carrier.objects.get().id, now=NOW)
    assert taken is not None
    assert link.number(taken) == SILENT


def test_without_consent_nobody_asks_and_no_hospital_is_asked(
    register: Register, frozen_clock: Callable[..., object]
) -> None:
    frozen_clock(NOW)
    actor, patient_id = make.account_holder()
    agreed = question(patient_id, HERE, actor)
    for consent in (replace(agreed.consent, notice=""), replace(agreed.consent, account_id=new_id())):
        with pytest.raises(errors.NumberConsentMissing):
            commands.ask_hospital_number(replace(agreed, consent=consent), actor=actor, now=NOW)
    assert not models.Carrier.objects.exists()
    ask(patient_id, actor=actor)
    models.Carrier.objects.update(consent=None, consent_by=None, consent_at=None)  # asked by a version before it
    jobs.ask_hospitals(0)
    assert register.asks == []
    assert lacks_hospital_number(patient_id, HERE, since=NOW + timedelta(seconds=1))
    ask(patient_id, actor=actor)
    jobs.ask_hospitals(0)
    assert len(register.asks) == 1


def test_the_consent_to_a_number_is_in_what_is_exported() -> None:
    actor, patient_id = make.account_holder()
    ask(patient_id, actor=actor)
    (carrier,) = cast("list[dict[str, object]]", personal_data.export([patient_id], None)["carriers"])
    assert (carrier["consent"], carrier["consent_at"]) == (NUMBER_NOTICES[-1], NOW.isoformat())


def test_who_lacks_a_number_is_told_also_where_records_were_merged(
    register: Register, frozen_clock: Callable[..., object]
) -> None:
    frozen_clock(NOW)
    one, other = make.patient_seen(), make.patient_seen()
    assert lack_numbers([], HERE)  # whoever comes new
    ask(other)
    assert (lack_numbers([other], HERE), lack_numbers([one, other], HERE)) == (False, True)
    jobs.ask_hospitals(0)
    assert (lack_numbers([other], HERE), lack_numbers([other], THERE)) == (False, True)
    merge = MergePatients("k1", one, other, "同一人")
    commands.merge_patients(merge, actor=make.staff_actor("city_operator"), now=NOW)
    assert not lack_numbers([one], HERE)
    register.told[THERE] = REFUSED
    ask(one, THERE)
    jobs.ask_hospitals(0)
    assert lack_numbers([one], THERE)


# -- typed at the hospital's desk --------------------------------------------------------------------------------------

WINDOW = make.staff_actor("registrar", hospital_id=HERE)


def give(patient_id: UUID, number: str, *, key: str = "", at: UUID = HERE, actor: Actor = WINDOW) -> CarrierKey:
    cmd = GiveHospitalNumber(key or f"give{make.number()}", at, patient_id, number)
    return commands.give_hospital_number(cmd, actor=actor, now=NOW)


def test_a_typed_number_ends_the_question_and_is_written_once(
    register: Register, frozen_clock: Callable[..., object]
) -> None:
    frozen_clock(NOW)
    patient_id = make.patient_seen()
    carrier_id = ask(patient_id)
    first = give(patient_id, " m0042 ", key="k")
    assert give(patient_id, " m0042 ", key="k") == give(patient_id, "M0042") == first
    with pytest.raises(KeyReused):
        give(patient_id, "M0043", key="k")
    assert queries.find_hospital_number(patient_id, HERE, SYSTEM) == "M0042"
    assert models.Carrier.objects.get(id=carrier_id).state == "ended"
    jobs.ask_hospitals(0)
    assert register.asks == []
    (linked,) = Event.objects.filter(operation="people.carrier_linked")
    assert (linked.actor, linked.hospital_id, linked.subject_id) == (WINDOW.key, HERE, patient_id)
    assert (
        queries.resolve_carrier(
            CarrierKind.HOSPITAL_NUMBER, "M0042", WINDOW, purpose="desk", issuer=str(HERE), hospital_id=HERE
        )
        == patient_id
    )


def test_after_a_refusal_the_typed_number_stands(register: Register, frozen_clock: Callable[..., object]) -> None:
    frozen_clock(NOW)
    register.told[HERE] = REFUSED
    patient_id = make.patient_seen()
    ask(patient_id)
    jobs.ask_hospitals(0)
    give(patient_id, "M0042")
    assert queries.find_hospital_number(patient_id, HERE, SYSTEM) == "M0042"
    assert not lacks_hospital_number(patient_id, HERE, since=NOW + timedelta(seconds=1))


def test_what_the_hospital_answers_too_late_changes_nothing(
    register: Register, frozen_clock: Callable[..., object]
) -> None:
    """Its register was asked, the window typed, then the answer came."""
    frozen_clock(NOW)
    patient_id = make.patient_seen()
    carrier_id = ask(patient_id)
    answered = register.number

    def meanwhile(asked: NumberAsk) -> NumberAnswer:
        give(patient_id, "M0042")
        return answered(asked)

    register.number = meanwhile  # type: ignore[method-assign]
    assert jobs.ask_hospital(patient_id, carrier_id) is None
    assert queries.find_hospital_number(patient_id, HERE, SYSTEM) == "M0042"


def test_a_number_of_another_patient_or_a_second_one_is_refused() -> None:
    one, other = make.patient_seen(), make.patient_seen()
    give(one, "M0042")
    before = (models.Carrier.objects.count(), Event.objects.count())
    with pytest.raises(errors.CarrierTaken):
        give(other, "m0042")
    with pytest.raises(errors.HospitalNumberOther):
        give(one, "M0043")
    for wrong in ("", "x", "号码"):
        with pytest.raises(errors.CarrierInvalid):
            give(other, wrong)
    assert (models.Carrier.objects.count(), Event.objects.count()) == before
    there = make.staff_actor("registrar", hospital_id=THERE)
    give(other, "M0042", at=THERE, actor=there)  # another hospital counts for itself
    assert queries.find_hospital_number(other, HERE, SYSTEM) is None


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
def test_only_the_hospital_s_own_registrar_types_its_number(actor: Actor) -> None:
    patient_id = make.patient_seen()
    with pytest.raises(Forbidden):
        give(patient_id, "M0042", actor=actor)
    with pytest.raises(Unidentified):
        give(patient_id, "M0042", actor=Actor.anonymous())
    assert not models.Carrier.objects.exists()


def test_of_who_is_unknown_or_forgotten_no_number_is_written() -> None:
    gone = make.patient_seen()
    commands.erase([gone], None, now=NOW)
    for patient_id in (gone, new_id()):
        with pytest.raises(errors.PatientMissing):
            give(patient_id, "M0042")
    assert not models.Carrier.objects.exists()


@pytest.mark.rule("R-102")
def test_a_merge_mixes_no_typed_numbers_up() -> None:
    one, other, officer = make.patient_seen(), make.patient_seen(), make.staff_actor("city_operator")
    give(other, "M0001")
    merge = MergePatients("k1", one, other, "同一人")
    merge_id = commands.merge_patients(merge, actor=officer, now=NOW).merge_id
    with pytest.raises(errors.HospitalNumberOther):
        give(one, "M0002")  # he has the one that came with the merge
    theirs = give(one, "M0001")
    assert theirs.patient_id == other  # which stays the other record's
    there = make.staff_actor("registrar", hospital_id=THERE)
    assert give(other, "T0001", at=THERE, actor=there).patient_id == one
    commands.unmerge_patients(UnmergePatients("k2", one, merge_id, "不是同一人"), actor=officer, now=NOW)
    numbers = {
        (patient_id, at): queries.find_hospital_number(patient_id, at, SYSTEM)
        for patient_id in (one, other)
        for at in (HERE, THERE)
    }
    assert numbers == {(one, HERE): None, (other, HERE): "M0001", (one, THERE): "T0001", (other, THERE): None}
    assert give(one, "M0002").patient_id == one
