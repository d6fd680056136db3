"""The small city in a real database, loaded twice."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from yitong.cli.demo import city as cities
from yitong.cli.demo import loader
from yitong.cli.demo.loading import draws as drawing
from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.lots.verify import verify
from yitong.domains.access import queries as access
from yitong.domains.access.commands import sign_in
from yitong.domains.booking.queries import bookings
from yitong.domains.draws import queries as draws
from yitong.domains.draws.contracts import DrawState
from yitong.domains.draws.models import DrawApplicant, DrawEntry
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.people import models as people
from yitong.domains.schedule import models as schedule

TUESDAY = datetime(2026, 11, 24, 2, tzinfo=UTC)  # ten in the morning: D+1…D+6 are open, clinics sit


def rows() -> dict[str, int]:
    """How many rows each of our tables has."""
    with connection.cursor() as cursor:
        counts = {}
        for model in apps.get_models():
            table = model._meta.db_table
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            counts[table] = cursor.fetchone()[0]
    return counts


def load(now: datetime) -> list[str]:
    steps: list[str] = []
    loader.load_at("small", now=now, report=lambda step, done, total: steps.append(step))
    return list(dict.fromkeys(steps))


class Killed(Exception):
    pass


def die(*given: object, **more: object) -> None:
    raise Killed


def killed_at(step: str, done: int) -> None:
    """A load that ends in the middle."""

    def report(now_at: str, now_done: int, total: int) -> None:
        if (now_at, now_done) == (step, done):
            raise Killed

    with pytest.raises(Killed):
        loader.load_at("small", now=TUESDAY, report=report)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_the_small_city_loads_through_commands_and_a_second_load_changes_nothing(
    committed_db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at("城市", 2)
    killed_at("医院、科室、医师", 1)
    killed_at("排班和号源", 1)
    killed_at("账户和就诊人", 5)
    killed_at("预约", 1)
    for step in ("_serve", "_take_families"):
        with monkeypatch.context() as patch:
            patch.setattr(drawing, step, die)
            with pytest.raises(Killed):
                load(TUESDAY + timedelta(minutes=5))
    assert load(TUESDAY) == ["城市", "医院、科室、医师", "排班和号源", "账户和就诊人", "预约", "摇号"]
    city = cities.build("small", now=TUESDAY)
    first = rows()
    assert first["hospitals_hospital"] == 2
    assert first["hospitals_campus"] == 3
    assert first["hospitals_department"] == len(city.departments)
    assert first["hospitals_practitioner"] == len(city.practitioners)
    assert first["schedule_roster_line"] == len(city.lines)
    drawn = schedule.ClinicSession.objects.filter(roster_line_id=None)  # two evenings for each of two draws
    assert (drawn.count(), sum(drawn.values_list("slots", flat=True))) == (4, 96)
    assert first["schedule_clinic_session"] == 2 * len(city.lines) + 4  # two weeks without a holiday
    assert first["schedule_slot"] == 2 * sum(line.slots for line in city.lines) + 96
    assert first["people_account"] == len(city.accounts)
    assert first["people_patient"] == sum(1 + len(one.members) for one in city.accounts)
    assert people.Patient.objects.exclude(level="declared").count() == first["people_patient"]
    assert first["booking_booking"] >= 8
    assert load(TUESDAY) == ["城市", "医院、科室、医师", "排班和号源", "账户和就诊人", "预约", "摇号"]
    assert rows() == first

    load(TUESDAY + timedelta(days=1))
    later = rows()
    new_day = schedule.ClinicSession.objects.filter(date=date(2026, 12, 8)).count()
    assert new_day > 0
    assert later["schedule_clinic_session"] == first["schedule_clinic_session"] + new_day
    unchanged = set(first) - {"schedule_clinic_session", "schedule_slot", "core_event", "core_idempotency_key"}
    assert {table for table in unchanged if later[table] != first[table]} == set()

    _log_ins_work(city)
    _hospitals_differ(city)
    _first_account_sees_its_booking(city)
    _one_draw_is_over_and_one_is_open(city)


def _log_ins_work(city: cities.City) -> None:
    for one in city.staff:
        if one.signs_in and one.role not in cities.SECOND_FACTOR:
            cmd = sign_in.SignIn(one.login, cities.PASSWORD)
            assert not sign_in.sign_in(cmd, now=TUESDAY).must_enrol
    assert set(access.channel_names()) == {one.code for one in city.channels}


def _hospitals_differ(city: cities.City) -> None:
    found = {one.code: policies.at(one.hospital_id, TUESDAY) for one in hospitals.list_hospitals()}
    assert found["BJ13"].int("booking.window.max_days") == 7
    assert found["BJ18"].int("booking.window.max_days") == 14
    assert str(found["BJ18"].time("booking.cancel.time")) == "07:30:00"


def _first_account_sees_its_booking(city: cities.City) -> None:
    account = people.AccountPhone.objects.count()
    assert account == len(city.accounts)
    one = people.AccountPatient.objects.filter(relation="self").order_by("linked_at").first()
    assert one is not None
    mine = bookings.list_my_bookings(Actor.for_account(one.account_id), now=TUESDAY)
    assert mine
    assert mine[0].fee_fen == 5000


def _one_draw_is_over_and_one_is_open(city: cities.City) -> None:
    """All families are in the open one; of eleven who wanted the same evening five have it, as the file shows."""
    hospital = hospitals.find_hospital_by_code("BJ13")
    assert hospital is not None
    coming, over = draws.list_draws(hospital.hospital_id)
    assert (over.state, over.void_reason, coming.state) == (DrawState.SETTLED, None, DrawState.OPENED)
    assert coming.opens_at < TUESDAY < coming.closes_at - timedelta(hours=24)
    entries = DrawEntry.objects.filter(hospital_id=hospital.hospital_id)
    assert entries.filter(draw_id=coming.draw_id, state="applied").count() == len(city.accounts)
    assert DrawApplicant.objects.filter(draw_id=coming.draw_id).count() == sum(
        1 + len(a.members) for a in city.accounts
    )
    drawn = entries.filter(draw_id=over.draw_id)
    assert (over.count, drawn.filter(state="won").count(), drawn.filter(state="lost").count()) == (11, 5, 6)
    file = draws.plain(draws.get_file(hospital.hospital_id, over.draw_id)).splitlines(keepends=True)
    assert verify(file, published_root=over.root).is_whole
