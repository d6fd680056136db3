"""The clock's work: each job is repeatable, and one hospital's trouble is not another's."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from tests import make

from yitong.core.clock import at_shanghai
from yitong.core.db.models import Event
from yitong.domains.schedule import jobs
from yitong.domains.schedule.commands import sessions
from yitong.domains.schedule.contracts import Pool, SessionState
from yitong.domains.schedule.models import ClinicSession
from yitong.domains.schedule.queries import timetable

pytestmark = pytest.mark.django_db
NOW = make.NOW
Freeze = Callable[[datetime], datetime]


@pytest.mark.rule("R-002")
def test_each_hospital_is_released(frozen_clock: Freeze) -> None:
    made = [make.session(make.clinic(), date(2026, 12, 7)) for _ in range(2)]
    frozen_clock(made[0].release_at)
    jobs.release_sessions.func(0)
    jobs.release_sessions.func(0)
    states = [timetable.get_session(one.hospital_id, one.session_id).state for one in made]
    assert states == [SessionState.RELEASED] * 2
    assert Event.objects.filter(operation="schedule.session_released").count() == 2


def test_a_batch_that_is_full_is_followed_by_the_next(frozen_clock: Freeze, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "BATCH", 2)
    clinic = make.clinic()
    for week in range(5):
        make.session(clinic, date(2026, 12, 7) + timedelta(days=7 * week))
    frozen_clock(at_shanghai(date(2027, 1, 1), datetime.min.time()))
    jobs.release_sessions.func(0)
    assert not ClinicSession.objects.filter(hospital_id=clinic.hospital_id, state="planned").exists()


@pytest.mark.rule("R-012")
def test_unused_referrals_of_each_hospital_return(frozen_clock: Freeze) -> None:
    made = [make.session(make.clinic()) for _ in range(2)]
    frozen_clock(at_shanghai(NOW.date(), datetime.min.time().replace(hour=12)))
    jobs.return_referrals.func(0)
    assert [make.slots(one, Pool.REFERRAL) for one in made] == [[], []]


def test_the_coming_weeks_are_planned_once(frozen_clock: Freeze) -> None:
    clinic = make.clinic()
    make.roster_line(clinic)
    frozen_clock(NOW)
    jobs.generate_days.func(1)
    jobs.generate_days.func(1)
    jobs.generate_days.func(2)
    days = ClinicSession.objects.filter(hospital_id=clinic.hospital_id).order_by("date").values_list("date", flat=True)
    assert list(days) == [date(2026, 11, 30), date(2026, 12, 7), date(2026, 12, 14)]


def test_a_hospital_without_prices_does_not_hold_up_the_others(frozen_clock: Freeze) -> None:
    priced, priceless = make.clinic(), make.clinic(hospital_id=make.hospital())
    make.roster_line(priced)
    make.roster_line(priceless)
    frozen_clock(NOW)
    jobs.generate_days.func(1)
    assert ClinicSession.objects.filter(hospital_id=priced.hospital_id).count() == 3
    assert ClinicSession.objects.filter(hospital_id=priceless.hospital_id).count() == 0


def test_a_doctor_who_left_gets_no_session(frozen_clock: Freeze) -> None:
    from yitong.domains.hospitals.models import Practitioner

    clinic = make.clinic()
    make.roster_line(clinic)
    Practitioner.objects.filter(id=clinic.doctor_id).update(is_active=False)
    frozen_clock(NOW)
    jobs.generate_days.func(1)
    assert not ClinicSession.objects.filter(hospital_id=clinic.hospital_id).exists()


def test_personal_data_tells_of_extra_slots() -> None:
    from django.db import transaction

    from yitong.core.ids import new_id
    from yitong.domains.schedule import personal_data
    from yitong.domains.schedule.commands import slots

    clinic, patient_id = make.clinic(), new_id()
    session = make.session(clinic)
    with transaction.atomic():
        made = slots.add_extra_slot(
            session.hospital_id, session.session_id, patient_id, "urgent", actor=clinic.doctor, now=NOW
        )
    [told] = personal_data.export([patient_id], None)["extra_slots"]  # type: ignore[misc]
    assert (told["slot_id"], told["reason"]) == (str(made.slot.slot_id), "urgent")
    assert personal_data.export([new_id()], None) == {}
    assert personal_data.erase([patient_id], None) == {}
    assert set(personal_data.retain()) == {"schedule_slot"}
