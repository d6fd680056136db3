"""What must never be false is false nowhere: each constraint is tried with rows that no command would write."""

from datetime import time, timedelta
from uuid import UUID, uuid4

import psycopg.errors as pg
import pytest
from django.db import IntegrityError, transaction
from tests import make

from yitong.core.clock import at_shanghai
from yitong.core.ids import new_id
from yitong.domains.hospitals.models import Campus, Hospital
from yitong.domains.schedule.contracts import Pool
from yitong.domains.schedule.models import ClinicSession, RosterLine, Slot

pytestmark = pytest.mark.django_db
DAY = make.TOMORROW
EIGHT, NOON = at_shanghai(DAY, time(8)), at_shanghai(DAY, time(12))
HOSPITAL, DOCTOR = UUID(int=1), UUID(int=2)


def campus_of(hospital_id: object) -> UUID:
    """The campus of a hospital with that id; both are made where they are not there yet."""
    name = str(hospital_id)
    hospital, _ = Hospital.objects.get_or_create(
        id=hospital_id, defaults={"code": name[-32:], "name": name, "added_at": EIGHT}
    )
    return Campus.objects.get_or_create(hospital=hospital, code="C1")[0].id


def roster_line(**changed: object) -> RosterLine:
    content = {
        "hospital_id": HOSPITAL,
        "id": new_id(),
        "campus_id": campus_of(changed.get("hospital_id", HOSPITAL)),
        "department_id": uuid4(),
        "practitioner_id": DOCTOR,
        "clinic_kind": "expert",
        "weekday": 0,
        "half_day": "am",
        "starts": time(8),
        "ends": time(12),
        "slot_minutes": 30,
        "per_window": 4,
        "from_date": DAY,
        "until_date": None,
        "open_on_holidays": False,
        "is_first_visit_named": False,
    }
    return RosterLine.objects.create(**{**content, **changed})


def session(**changed: object) -> ClinicSession:
    content = {
        "hospital_id": HOSPITAL,
        "id": new_id(),
        "campus_id": campus_of(changed.get("hospital_id", HOSPITAL)),
        "department_id": uuid4(),
        "practitioner_id": DOCTOR,
        "clinic_kind": "expert",
        "title": "chief",
        "date": DAY,
        "half_day": "am",
        "starts_at": EIGHT,
        "ends_at": NOON,
        "fee_fen": 8000,
        "state": "planned",
        "release_at": EIGHT,
        "is_first_visit_named": False,
        "slots": 1,
    }
    return ClinicSession.objects.create(**{**content, **changed})


def slot(of: ClinicSession, **changed: object) -> Slot:
    content = {
        "hospital_id": of.hospital_id,
        "id": new_id(),
        "session_id": of.id,
        "number": 1,
        "starts_at": EIGHT,
        "ends_at": EIGHT + timedelta(minutes=30),
        "pool": "online",
        "session_starts_at": of.starts_at,
        "session_ends_at": of.ends_at,
    }
    return Slot.objects.create(**{**content, **changed})


def breaks(constraint: str, write, *args: object, **changed: object) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        write(*args, **changed)
    cause = refused.value.__cause__
    assert isinstance(cause, pg.IntegrityError)
    assert cause.diag.constraint_name == constraint


@pytest.mark.parametrize(
    ("constraint", "changed"),
    [
        ("roster_weekday_known", {"weekday": 7}),
        ("roster_half_day_known", {"half_day": "noon"}),
        ("roster_ends_after_start", {"ends": time(8)}),
        ("roster_window_not_too_long", {"slot_minutes": 61}),
        ("roster_window_not_too_long", {"slot_minutes": 0}),
        ("roster_per_window_sensible", {"per_window": 0}),
        ("roster_per_window_sensible", {"per_window": 101}),
        ("roster_days_in_order", {"until_date": DAY - timedelta(days=2)}),
        ("roster_line_at_campus", {"campus_id": UUID(int=9)}),
    ],
)
def test_a_roster_line(constraint: str, changed: dict[str, object]) -> None:
    breaks(constraint, roster_line, **changed)


def test_a_practitioner_has_one_roster_line_at_a_time() -> None:
    roster_line(until_date=DAY + timedelta(days=7))
    breaks("roster_practitioner_sits_once", roster_line, starts=time(11, 59), ends=time(13))
    breaks("roster_practitioner_sits_once", roster_line, from_date=DAY + timedelta(days=7))
    roster_line(from_date=DAY + timedelta(days=8))
    roster_line(starts=time(12), ends=time(13))
    roster_line(weekday=1)
    roster_line(practitioner_id=None)
    roster_line(practitioner_id=None)
    roster_line(hospital_id=uuid4())


@pytest.mark.parametrize(
    ("constraint", "changed"),
    [
        ("session_state_known", {"state": "open"}),
        ("session_half_day_known", {"half_day": "noon"}),
        ("session_ends_after_start", {"ends_at": EIGHT}),
        ("session_fee_not_negative", {"fee_fen": -1}),
        ("session_extra_among_slots", {"extra_slots": 2}),
        ("session_stopped_whole", {"state": "stopped"}),
        ("session_stopped_whole", {"state": "stopped", "stopped_at": EIGHT, "stop_reason": "flu"}),
        ("session_stopped_whole", {"stop_reason": "leave"}),
        ("session_substitute_is_another", {"practitioner_id": None, "substituted_id": DOCTOR}),
        ("session_substitute_is_another", {"substituted_id": DOCTOR}),
        ("session_of_a_roster_line", {"roster_line_id": UUID(int=9)}),
        ("session_at_campus", {"campus_id": UUID(int=9)}),
        ("session_leaves_campus_once_over", {"at_open_campus": None}),
        ("session_leaves_campus_once_over", {"at_open_campus": False}),
        ("session_leaves_campus_once_over", {"at_open_campus": False, "left_campus_at": NOON}),
        ("session_leaves_campus_once_over", {"at_open_campus": None, "left_campus_at": NOON - timedelta(seconds=1)}),
    ],
)
def test_a_session(constraint: str, changed: dict[str, object]) -> None:
    breaks(constraint, session, **changed)


@pytest.mark.parametrize(
    ("constraint", "write"), [("roster_line_at_campus", roster_line), ("session_at_campus", session)]
)
def test_a_campus_is_of_the_same_hospital_and_stays(constraint: str, write) -> None:  # type: ignore[no-untyped-def]
    breaks(constraint, write, campus_id=campus_of(uuid4()))
    row = write()
    breaks(constraint, Campus.objects.filter(id=row.campus_id).delete)


def test_a_session_that_is_to_be_held_keeps_its_campus_open() -> None:
    sitting = session()
    campus = Campus.objects.filter(id=sitting.campus_id)
    breaks("session_at_open_campus", campus.update, is_open=False)
    sitting.own().update(at_open_campus=None, left_campus_at=NOON)
    campus.update(is_open=False)
    breaks("session_at_open_campus", session, starts_at=NOON, ends_at=NOON + timedelta(hours=1))
    stopped = {"state": "stopped", "stopped_at": EIGHT, "stop_reason": "leave"}
    session(at_open_campus=None, **stopped)
    campus.update(is_open=True)


def test_a_practitioner_sits_once_at_a_time() -> None:
    first = session()
    breaks("session_practitioner_sits_once", session, starts_at=NOON - timedelta(seconds=1))
    session(starts_at=NOON, ends_at=NOON + timedelta(hours=1))
    session(practitioner_id=None)
    session(hospital_id=uuid4())
    first.own().update(state="stopped", stopped_at=EIGHT, stop_reason="leave")
    session()


def test_a_roster_line_has_one_session_a_day_even_a_stopped_one() -> None:
    line = roster_line()
    session(roster_line_id=line.id, state="stopped", stopped_at=EIGHT, stop_reason="leave")
    breaks("session_once_per_roster_line", session, roster_line_id=line.id)


@pytest.mark.rule("R-003")
@pytest.mark.parametrize(
    ("constraint", "changed"),
    [
        ("slot_pool_known", {"pool": "vip"}),
        ("slot_ends_after_start", {"ends_at": EIGHT}),
        ("slot_window_not_too_long", {"ends_at": EIGHT + timedelta(minutes=60, seconds=1)}),
        ("slot_within_session", {"starts_at": EIGHT - timedelta(seconds=1)}),
        ("slot_within_session", {"starts_at": NOON - timedelta(minutes=1), "ends_at": NOON + timedelta(seconds=1)}),
        ("slot_special_is_onsite", {"is_special": True}),
        ("slot_extra_whole", {"is_extra": True, "pool": "onsite"}),
        ("slot_extra_whole", {"extra_for_id": UUID(int=9)}),
        (
            "slot_extra_whole",
            {
                "is_extra": True,
                "pool": "online",
                "extra_for_id": UUID(int=9),
                "extra_by_id": DOCTOR,
                "extra_reason": "urgent",
            },
        ),
        ("slot_number_from_one", {"number": 0}),
        ("slot_of_a_session", {"session_id": UUID(int=9)}),
        ("slot_of_a_session", {"hospital_id": UUID(int=9)}),
        ("slot_of_a_session", {"session_ends_at": NOON + timedelta(hours=1)}),
    ],
)
def test_a_slot(constraint: str, changed: dict[str, object]) -> None:
    of = session()
    breaks(constraint, slot, of, **changed)
    slot(of, ends_at=EIGHT + timedelta(minutes=60))


def test_a_number_stands_once_in_a_session() -> None:
    of = session()
    slot(of)
    breaks("slot_number_once_per_session", slot, of, pool=Pool.PHONE)


def test_a_session_with_slots_keeps_its_times() -> None:
    of = session()
    slot(of)
    breaks("slot_of_a_session", of.own().update, ends_at=NOON + timedelta(hours=1))
