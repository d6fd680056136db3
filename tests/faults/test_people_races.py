"""Two at once on real connections: limits, codes, seats, identities, and a kill between the tries of a job."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from tests import make

from yitong.core.actor import Actor
from yitong.core.errors import Refusal
from yitong.domains.notify.models import Message
from yitong.domains.people import commands, jobs, models, queries
from yitong.domains.people.contracts.accounts import AskCode, SignIn
from yitong.domains.people.contracts.patients import AddPatient, UseQr
from yitong.domains.people.contracts.words import CodePurpose, Relation, Verdict
from yitong.domains.people.ports import identity_authority

NOW = make.NOW
DAY = date(2026, 11, 26)
HOSPITAL = UUID(int=77)

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.slow]


def at_once(*calls: Callable[[], object]) -> list[str]:
    """What became of each call: `done`, a refusal's code, or the broken constraint."""
    gate = threading.Barrier(len(calls))
    outcomes: list[str] = []

    def run(call: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            gate.wait(10)
            call()
            outcomes.append("done")
        except Refusal as refusal:
            outcomes.append(refusal.code)
        except IntegrityError as error:
            outcomes.append(str(error.__cause__.diag.constraint_name))  # type: ignore[union-attr]
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(outcomes)


@pytest.mark.rule("R-005")
@pytest.mark.parametrize("locked", [True, False], ids=["with the lock", "without it"])
def test_third_booking_of_a_day_loses_in_any_race(locked: bool) -> None:
    patient_id = make.patient_seen()

    def take() -> None:
        with transaction.atomic():
            if locked:
                commands.take_day(patient_id, DAY)
            else:
                with connection.cursor() as cursor:
                    cursor.execute(
                        "UPDATE people_booking_limits SET live_days = live_days || %s::date WHERE patient_id = %s",
                        [DAY, patient_id],
                    )

    assert at_once(*[take] * 6) == ["done"] * 2 + ["limits_same_day"] * 4
    assert models.BookingLimits.objects.get().live_days == [DAY, DAY]


@pytest.mark.rule("R-006")
def test_three_seats_are_given_to_three() -> None:
    actor, _ = make.account_holder()
    assert actor.account_id is not None
    account_id = actor.account_id

    def add(n: int) -> None:
        cmd = AddPatient(f"k{n}", account_id, wishes[n], Relation.OTHER)
        commands.add_patient(cmd, actor=actor, now=NOW)

    wishes = [make.given() for _ in range(5)]
    outcomes = at_once(*[lambda n=n: add(n) for n in range(5)])  # type: ignore[misc]
    assert outcomes == ["ACCOUNT_PATIENT_LIMIT"] * 3 + ["done"] * 2
    assert models.AccountPatient.objects.filter(account_id=account_id).count() == 3
    assert models.Patient.objects.count() == 3


def test_same_key_twice_at_once_is_done_once() -> None:
    actor, given = make.account_signed_in()[0], make.given()
    assert actor.account_id is not None
    cmd = AddPatient("once", actor.account_id, given, Relation.SELF)
    outcomes = at_once(*[lambda: commands.add_patient(cmd, actor=actor, now=NOW)] * 4)
    assert outcomes == ["done"] * 4
    assert models.Patient.objects.count() == 1


@pytest.mark.rule("R-048")
def test_code_opens_one_session_and_one_account() -> None:
    phone, client = make.phone(), make.client()
    anybody = Actor.anonymous()
    commands.ask_code(AskCode(phone, CodePurpose.SIGN_IN, client), actor=anybody, now=NOW)
    wish = SignIn(phone, make.code_sent(phone), client)
    outcomes = at_once(*[lambda: commands.sign_in(wish, actor=anybody, now=NOW)] * 4)
    assert Counter(outcomes) == {"done": 1, "CODE_OVER": 3}
    assert models.Account.objects.count() == models.AccountSession.objects.count() == 1


@pytest.mark.rule("R-102")
def test_two_proofs_of_one_number_make_one_record() -> None:
    given = make.given()
    added = []
    for _ in range(2):
        actor, _ = make.account_holder()
        cmd = AddPatient("k", actor.account_id, given, Relation.SPOUSE)  # type: ignore[arg-type]
        added.append(commands.add_patient(cmd, actor=actor, now=NOW))
    outcomes = at_once(*[lambda one=one: make.judge(one, Verdict.MATCH) for one in added])  # type: ignore[misc]
    assert set(outcomes) <= {"done", "BUSY"}
    for one in added:
        make.judge(one, Verdict.MATCH)  # the sweep asks again whoever was told to wait
    first, second = (queries.survivor_of(one.patient_id) for one in added)
    assert first == second
    assert models.PatientIdentity.objects.filter(patient_id=first).count() == 1
    assert len(queries.accounts_of(first)) == 2


@pytest.mark.rule("R-104")
def test_code_is_taken_by_one_terminal() -> None:
    actor, patient_id = make.account_holder()
    code = queries.get_qr(patient_id, actor, now=NOW)
    registrar = make.staff_actor("registrar", hospital_id=HOSPITAL)
    use = UseQr(code.text, "kiosk", HOSPITAL)
    outcomes = at_once(*[lambda: commands.use_qr(use, actor=registrar, now=NOW)] * 4)
    assert outcomes == ["QR_EXPIRED"] * 3 + ["done"]


def test_joined_commands_never_run_alone() -> None:
    patient_id = make.patient_seen()
    for call in (
        lambda: commands.lock_limits(patient_id),
        lambda: commands.take_day(patient_id, DAY),
        lambda: commands.note_booking(patient_id, at=NOW),
    ):
        with pytest.raises(transaction.TransactionManagementError):
            call()


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.rule("R-045")
def test_kill_after_the_authority_answered_loses_nothing(frozen_clock: Callable[..., object]) -> None:
    asked = []

    class Authority:
        def check(self, ask: object) -> Verdict:
            asked.append(ask.verification_id)  # type: ignore[attr-defined]
            if len(asked) == 1:
                raise Killed
            return Verdict.MATCH

    identity_authority.plug(Authority())  # type: ignore[arg-type]
    actor = make.account_signed_in()[0]
    cmd = AddPatient("k", actor.account_id, make.given(), Relation.SELF)  # type: ignore[arg-type]
    added = commands.add_patient(cmd, actor=actor, now=NOW)
    frozen_clock(NOW)
    with pytest.raises(Killed):
        jobs.verify.func(str(added.patient_id), str(added.verification_id))
    frozen_clock(NOW + timedelta(seconds=10))
    jobs.verify_due(0)
    assert asked == [added.verification_id] * 2
    assert models.Patient.objects.get(id=added.patient_id).level == "verified"
    assert Message.objects.filter(template="patient_verified", medium="in_app").count() == 1


@pytest.fixture(autouse=True)
def plugged() -> Iterator[None]:
    before = identity_authority.taken()
    yield
    identity_authority.plug(before)
