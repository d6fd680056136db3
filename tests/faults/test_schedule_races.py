"""Two at once on real connections: what a claim shares, a stop waits for; what is planned twice, is there once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from django.db import connection, transaction
from tests import make

from yitong.core.actor import Actor
from yitong.core.db.models import Event
from yitong.core.errors import Busy, Refusal
from yitong.core.ids import new_id
from yitong.domains.hospitals.commands import places
from yitong.domains.hospitals.contracts.things import Title
from yitong.domains.hospitals.contracts.writes import ChangeCampus, ChangeDepartment
from yitong.domains.hospitals.errors import CampusClosed, CampusStillPlanned
from yitong.domains.hospitals.models import Campus, Department
from yitong.domains.hospitals.ports import campus_use
from yitong.domains.hospitals.queries import facts as stand
from yitong.domains.schedule import errors, models
from yitong.domains.schedule.commands import planning, sessions, slots
from yitong.domains.schedule.contracts import (
    ExtraReason,
    GenerateSessions,
    MoveSlots,
    Pool,
    Session,
    SessionState,
    StopReason,
    StopSession,
    SubstituteSession,
)
from yitong.domains.schedule.queries import timetable

pytestmark = pytest.mark.usefixtures("committed_db")
NOW = make.NOW
SYSTEM = Actor.system("test")
ROUNDS = 5


def run(work: Callable[[], object], answers: list[object], place: int) -> None:
    try:
        answers[place] = work()
    except Refusal as refusal:
        answers[place] = refusal
    finally:
        connection.close()


def at_once(*works: Callable[[], object]) -> list[object]:
    """All from one starting line; each one's answer or refusal, in order."""
    line = threading.Barrier(len(works))
    answers: list[object] = [None] * len(works)

    def started(work: Callable[[], object]) -> object:
        connection.ensure_connection()
        line.wait(10)
        return work()

    threads = [
        threading.Thread(target=run, args=(partial(started, work), answers, place)) for place, work in enumerate(works)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    return answers


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[list[object]]:
    """`work` runs on another connection while the block holds its locks; its answer is there after the block."""
    answers: list[object] = []
    waiting: list[object] = [None]
    thread = threading.Thread(target=run, args=(work, waiting, 0))
    thread.start()
    try:
        yield answers
    finally:
        thread.join(20)
        answers.append(waiting[0])


def wait_until_blocked() -> None:
    """Until another connection of this database waits for a lock: seen in the catalogue, so no guess at time."""
    with connection.cursor() as cursor:
        for _ in range(2000):
            cursor.execute(
                "SELECT count(*), pg_sleep(0.005) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
            cursor.execute("SELECT pg_stat_clear_snapshot()")
    raise AssertionError("nobody waits")


def stop(session: Session, actor: Actor) -> Callable[[], object]:
    cmd = StopSession(f"key{make.number()}", session.hospital_id, session.session_id, StopReason.LEAVE)
    return partial(sessions.stop_session, cmd, actor=actor, now=NOW)


def share(session: Session, slot_id: UUID) -> object:
    with transaction.atomic():
        return slots.share_slot(session.hospital_id, slot_id)


@pytest.mark.rule("R-016")
def test_a_stop_waits_for_the_claim_that_shared_the_session() -> None:
    clinic = make.clinic()
    session = make.session(clinic)
    slot = make.slots(session)[0]
    with transaction.atomic():
        seen = slots.share_slot(session.hospital_id, slot.slot_id)
        waiting: list[object] = [None]
        thread = threading.Thread(target=run, args=(stop(session, clinic.manager), waiting, 0))
        thread.start()
        wait_until_blocked()
        assert waiting == [None]
        assert seen.session.state is SessionState.RELEASED
    thread.join(10)
    assert getattr(waiting[0], "state", None) is SessionState.STOPPED


@pytest.mark.rule("R-016")
def test_a_claim_that_comes_during_a_stop_sees_it() -> None:
    clinic = make.clinic()
    session = make.session(clinic)
    slot = make.slots(session)[0]
    seen: list[object] = [None]
    with transaction.atomic():
        slots.lock_session(session.hospital_id, session.session_id)
        models.ClinicSession.objects.filter(hospital_id=session.hospital_id, id=session.session_id).update(
            state="stopped", stopped_at=NOW, stop_reason="leave"
        )
        thread = threading.Thread(target=run, args=(partial(share, session, slot.slot_id), seen, 0))
        thread.start()
        wait_until_blocked()
    thread.join(10)
    assert seen[0].session.state is SessionState.STOPPED  # type: ignore[attr-defined]


def test_claims_of_one_session_do_not_wait_for_each_other() -> None:
    session = make.session(make.clinic())
    mine, theirs = make.slots(session)[:2]
    seen: list[object] = [None]
    with transaction.atomic():
        slots.share_slot(session.hospital_id, mine.slot_id)
        thread = threading.Thread(target=run, args=(partial(share, session, theirs.slot_id), seen, 0))
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
    assert seen[0].slot == theirs  # type: ignore[attr-defined]


@pytest.mark.rule("R-017")
def test_a_claim_that_comes_while_a_slot_is_freed_sees_when_it_reopens() -> None:
    """Or the one who cancels could hand the slot over in the moment between."""
    session = make.session(make.clinic())
    slot = make.slots(session)[0]
    later = NOW + timedelta(minutes=20)
    seen: list[object] = [None]
    with transaction.atomic():
        slots.reopen_slot(session.hospital_id, slot.slot_id, later)
        thread = threading.Thread(target=run, args=(partial(share, session, slot.slot_id), seen, 0))
        thread.start()
        wait_until_blocked()
    thread.join(10)
    assert seen[0].slot.reopens_at == later  # type: ignore[attr-defined]


@pytest.mark.slow
def test_who_waits_too_long_is_told_to_ask_again_and_nothing_changed() -> None:
    clinic = make.clinic()
    session = make.session(clinic)
    with transaction.atomic():
        slots.share_slot(session.hospital_id, make.slots(session)[0].slot_id)
        with beside(stop(session, clinic.manager)) as answers:
            wait_until_blocked()
    # The block's transaction ended only after the stop gave up.
    assert isinstance(answers[0], Busy)
    assert timetable.get_session(session.hospital_id, session.session_id) == session
    assert not Event.objects.filter(hospital_id=session.hospital_id, operation="schedule.session_stopped").exists()


def test_two_stops_at_once_tell_once() -> None:
    for _ in range(ROUNDS):
        clinic = make.clinic()
        session = make.session(clinic)
        answers = at_once(stop(session, clinic.manager), stop(session, clinic.manager))
        assert sorted(type(answer).__name__ for answer in answers) == ["SessionChanged", "SessionIsStopped"]
        told = Event.objects.filter(hospital_id=session.hospital_id, operation="schedule.session_stopped")
        assert told.count() == 1


def test_two_imports_at_once_write_each_session_once() -> None:
    clinic = make.clinic()
    for week in range(ROUNDS):
        new = [make.new_session(clinic, make.TOMORROW + timedelta(days=7 * week + day)) for day in range(3)]
        doing = partial(planning.import_sessions, clinic.hospital_id, new, actor=SYSTEM, now=NOW)
        answers = at_once(doing, doing)
        written = [answer.sessions for answer in answers if not isinstance(answer, Refusal)]  # type: ignore[attr-defined]
        refused = [answer for answer in answers if isinstance(answer, Refusal)]
        assert sum(written) == 3
        assert all(isinstance(one, errors.SessionExists | errors.PractitionerBusy | Busy) for one in refused)
        rows = models.ClinicSession.objects.filter(hospital_id=clinic.hospital_id, id__in=[n.session_id for n in new])
        assert rows.count() == 3
    assert models.Slot.objects.filter(hospital_id=clinic.hospital_id).count() == 3 * 32 * ROUNDS


def test_two_plannings_at_once_make_each_sitting_once() -> None:
    clinic = make.clinic()
    make.roster_line(clinic)

    def plan() -> object:
        cmd = GenerateSessions(f"key{make.number()}", clinic.hospital_id, NOW.date(), date(2026, 12, 20))
        return planning.generate_sessions(cmd, actor=SYSTEM, now=NOW)

    answers = at_once(plan, plan, plan)
    assert sum(answer.sessions for answer in answers if not isinstance(answer, Refusal)) == 4  # type: ignore[attr-defined]
    assert models.ClinicSession.objects.filter(hospital_id=clinic.hospital_id).count() == 4


def test_two_release_jobs_at_once_tell_once() -> None:
    clinic = make.clinic()
    days = [make.TOMORROW + timedelta(days=7 * week) for week in range(1, 6)]
    made = [make.session(clinic, day) for day in days]
    late = made[-1].release_at
    release = partial(sessions.release_due, clinic.hospital_id, actor=SYSTEM, now=late)
    answers = at_once(release, release)
    assert sum(answer for answer in answers if isinstance(answer, int)) == 5
    told = Event.objects.filter(hospital_id=clinic.hospital_id, operation="schedule.session_released")
    assert sorted(told.values_list("subject_id", flat=True)) == sorted(one.session_id for one in made)


@pytest.mark.rule("R-014")
def test_five_extra_slots_at_once_are_three() -> None:
    clinic = make.clinic()
    session = make.session(clinic)

    def extra() -> object:
        with transaction.atomic():
            return slots.add_extra_slot(
                session.hospital_id, session.session_id, new_id(), ExtraReason.URGENT, actor=clinic.doctor, now=NOW
            )

    answers = at_once(*[extra] * 5)
    assert sum(isinstance(answer, errors.ExtraLimitReached) for answer in answers) == 2
    assert [slot.number for slot in make.slots(session)] == list(range(1, 36))
    assert timetable.get_session(session.hospital_id, session.session_id).extra_slots == 3


@pytest.mark.rule("R-012")
def test_two_moves_at_once_cannot_break_the_shares_together() -> None:
    """Each alone leaves the platform its 10 of 32; both would leave it 9 and 8."""
    clinic = make.clinic()
    session = make.session(clinic)
    referral = make.slots(session, Pool.REFERRAL)
    first = MoveSlots("first", *key_of(session), (referral[0].slot_id,), Pool.REFERRAL, Pool.ONLINE)
    slots.move_slots(first, actor=clinic.manager, now=NOW)  # one more than the floor
    online, phone = make.slots(session, Pool.ONLINE)[0], make.slots(session, Pool.PHONE)[0]
    works = [
        MoveSlots(f"key{make.number()}", *key_of(session), (one.slot_id,), one.pool, Pool.REFERRAL)
        for one in (online, phone)
    ]
    answers = at_once(*[partial(slots.move_slots, cmd, actor=clinic.manager, now=NOW) for cmd in works])
    assert sorted(type(answer).__name__ for answer in answers) == ["PoolShareBroken", "SessionChanged"]
    counts = timetable.count_pools(*key_of(session))
    assert counts[Pool.ONLINE] + counts[Pool.PHONE] == 10


def key_of(session: Session) -> tuple[UUID, UUID]:
    return session.hospital_id, session.session_id


@pytest.mark.rule("R-016")
def test_one_doctor_cannot_stand_in_twice_at_one_time_whatever_the_locks() -> None:
    """The two sessions have nothing to lock in common: only the exclusion constraint decides."""
    clinic = make.clinic()
    second = make.practitioner(clinic.hospital_id, clinic.department_code, title=Title.CHIEF)
    third = make.practitioner(clinic.hospital_id, clinic.department_code, title=Title.CHIEF)
    for day in range(ROUNDS):
        at = make.TOMORROW + timedelta(days=day)
        both = [make.session(clinic, at), make.session(clinic, at, practitioner_id=second)]
        cmds = [SubstituteSession(f"key{make.number()}", *key_of(one), third) for one in both]
        answers = at_once(*[partial(sessions.substitute_session, cmd, actor=clinic.manager, now=NOW) for cmd in cmds])
        assert sum(isinstance(answer, errors.PractitionerBusy | Busy) for answer in answers) == 1
        seated = models.ClinicSession.objects.filter(hospital_id=clinic.hospital_id, date=at, practitioner_id=third)
        assert seated.count() == 1


def test_the_twin_without_locks_still_seats_nobody_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked(hospital_id: UUID, session_id: UUID) -> models.ClinicSession:
        return models.ClinicSession.objects.get(hospital_id=hospital_id, id=session_id)

    monkeypatch.setattr(models, "lock_session", unlocked)
    clinic = make.clinic()
    session = make.session(clinic)

    def extra() -> object:
        with transaction.atomic():
            try:
                return slots.add_extra_slot(
                    session.hospital_id, session.session_id, new_id(), ExtraReason.URGENT, actor=clinic.doctor, now=NOW
                )
            except Exception as error:  # noqa: BLE001 - what the constraint says reaches the caller's command
                transaction.set_rollback(True)
                return error

    at_once(*[extra] * 5)
    numbers = [slot.number for slot in make.slots(session)]
    assert numbers == sorted(set(numbers))  # no number twice


def close(clinic: make.Clinic) -> object:
    told = replace(stand.campus_facts(clinic.hospital_id, clinic.campus_id), is_open=False)
    admin = make.hospital_admin(clinic.hospital_id)
    return places.change_campus(ChangeCampus(clinic.hospital_id, clinic.campus_id, told), actor=admin, now=NOW)


def moved_on(clinic: make.Clinic) -> make.Clinic:
    """The roster line stays where its department was."""
    make.roster_line(clinic)
    make.campus(clinic.hospital_id, code="NEW")
    told = replace(stand.department_facts(clinic.hospital_id, clinic.department_id), campus_code="NEW")
    admin = make.hospital_admin(clinic.hospital_id)
    places.change_department(ChangeDepartment(clinic.hospital_id, clinic.department_id, told), actor=admin, now=NOW)
    return clinic


def plan(clinic: make.Clinic) -> object:
    cmd = GenerateSessions(f"key{make.number()}", clinic.hospital_id, NOW.date(), date(2026, 11, 30))
    return planning.generate_sessions(cmd, actor=clinic.manager, now=NOW)


def test_a_campus_that_closes_waits_for_what_is_being_planned_there() -> None:
    clinic = make.clinic()
    with beside(partial(close, clinic)) as answers, transaction.atomic():
        new = make.new_session(clinic)
        models.session_of(clinic.hospital_id, new, roster_line_id=None, now=NOW).save(force_insert=True)
        wait_until_blocked()
    assert isinstance(answers[0], CampusStillPlanned)
    assert answers[0].params["sessions"] == 1


@pytest.mark.parametrize(
    ("work", "refused"), [(plan, Busy), (lambda clinic: make.session(clinic), CampusClosed)], ids=["roster", "file"]
)
def test_what_is_planned_while_its_campus_closes_is_refused(
    work: Callable[[make.Clinic], object], refused: type[Refusal]
) -> None:
    clinic = moved_on(make.clinic()) if work is plan else make.clinic()
    with beside(partial(work, clinic)) as answers, transaction.atomic():
        Department.objects.filter(campus_id=clinic.campus_id).update(is_bookable=False)
        Campus.objects.filter(id=clinic.campus_id).update(is_open=False)
        wait_until_blocked()
    assert isinstance(answers[0], refused)
    assert not models.ClinicSession.objects.filter(hospital_id=clinic.hospital_id).exists()


def test_the_twin_that_counts_nothing_still_leaves_no_session_at_a_closed_campus(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Blind:
        def leave(self, hospital_id: UUID, campus_id: UUID, now: datetime) -> None:
            return None

    monkeypatch.setattr(campus_use, "taken", Blind)
    for _ in range(ROUNDS):
        clinic = moved_on(make.clinic())
        closing, planned = at_once(partial(close, clinic), partial(plan, clinic))
        is_open = Campus.objects.get(id=clinic.campus_id).is_open
        made = models.ClinicSession.objects.filter(hospital_id=clinic.hospital_id).count()
        assert (isinstance(closing, Refusal), made > 0) == (is_open, is_open), (closing, planned)
        if is_open:
            assert isinstance(closing, Busy)


def test_a_repeat_with_the_same_key_beside_the_first_gets_its_answer() -> None:
    clinic = make.clinic()
    session = make.session(clinic)
    cmd = StopSession("one key", *key_of(session), StopReason.LEAVE)
    stop_it = partial(sessions.stop_session, cmd, actor=clinic.manager, now=NOW)
    answers = at_once(stop_it, stop_it, stop_it)
    assert answers == [answers[0]] * 3
    with pytest.raises(Refusal):
        sessions.stop_session(replace(cmd, reason=StopReason.MEETING), actor=clinic.manager, now=NOW)
