from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from yitong.cli.demo import city, days, rosters

SATURDAY = datetime(2026, 11, 21, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def beijing() -> city.City:
    return city.build("beijing", now=SATURDAY)


@pytest.fixture(scope="module")
def small() -> city.City:
    return city.build("small", now=SATURDAY)


@pytest.mark.parametrize("later", range(7))
def test_the_bookable_week_has_its_sessions_and_slots_from_any_weekday(beijing: city.City, later: int) -> None:
    today = beijing.today + timedelta(days=later)
    week = [today + timedelta(days=i) for i in range(1, 8)]
    sessions = list(rosters.sessions(beijing.lines, week))
    assert len(sessions) >= 4500
    assert sum(len(one.slots) for one in sessions) >= 140_000


def test_small_is_small(small: city.City) -> None:
    assert len(small.hospitals) == 2
    assert len(small.campuses) == 3
    assert sum(one.bookable for one in small.departments) == 49
    assert 10_000 < sum(len(one.slots) for one in small.sessions()) < 25_000


def test_the_same_seed_and_day_make_the_same_city(small: city.City) -> None:
    again = city.build("small", now=SATURDAY + timedelta(hours=5))
    assert again == small
    assert list(again.sessions()) == list(small.sessions())
    assert city.build("small", now=SATURDAY, seed=7) != small


def test_a_later_load_only_adds_days(small: city.City) -> None:
    later = city.build("small", now=SATURDAY + timedelta(days=3))
    first = {one.key: one for one in small.sessions()}
    second = {one.key: one for one in later.sessions()}
    shared = [key for key, one in second.items() if one.date in small.days()]
    assert shared
    assert all(first[key] == second[key] for key in shared)


@pytest.mark.rule("R-003")
def test_windows_are_at_most_30_minutes_and_lie_within_the_session(beijing: city.City) -> None:
    for one in rosters.sessions(beijing.lines, beijing.days()[:7]):
        assert one.slots[0][0] == one.starts_at
        assert one.slots[-1][1] == one.ends_at
        for starts_at, ends_at, _ in one.slots:
            assert timedelta(0) < ends_at - starts_at <= timedelta(minutes=30)


def test_no_two_sessions_share_a_key_and_no_doctor_sits_twice_at_once(beijing: city.City) -> None:
    keys: Counter[str] = Counter()
    seats: Counter[tuple[str, date, str]] = Counter()
    for one in beijing.sessions():
        keys[one.key] += 1
        if one.line.practitioner_code:
            seats[one.line.practitioner_code, one.date, one.line.half_day] += 1
    assert max(keys.values()) == 1
    assert max(seats.values()) == 1


@pytest.mark.rule("R-012")
@pytest.mark.parametrize("kind", ["general", "expert", "special", "night"])
@pytest.mark.parametrize("slots", [8, 10, 14, 20, 24, 32, 40])
def test_pools_keep_the_floors_of_the_rule(kind: rosters.Kind, slots: int) -> None:
    count = Counter(rosters.pools_of(kind, slots))
    assert sum(count.values()) == slots
    assert slots - count["onsite"] >= 0.85 * slots
    assert count["online"] + count["phone"] >= 0.3 * slots


@pytest.mark.rule("R-162")
def test_fees_are_the_profile_by_title() -> None:
    assert rosters.fee_fen("general", "attending") == 5000
    assert rosters.fee_fen("expert", "associate_chief") == 6000
    assert rosters.fee_fen("expert", "chief") == 8000
    assert rosters.fee_fen("expert", "renowned") == 10000
    assert rosters.fee_fen("special", "chief") == 30000


def test_clinics_follow_public_holidays_and_worked_weekends(small: city.City) -> None:
    national_day, made_up_saturday, plain_saturday = date(2026, 10, 1), date(2026, 10, 10), date(2026, 10, 17)
    assert days.kind_of(national_day) is days.Day.HOLIDAY
    assert days.kind_of(made_up_saturday) is days.Day.MADE_UP
    assert days.kind_of(plain_saturday) is days.Day.WEEKEND
    assert not list(rosters.sessions(small.lines, [national_day]))
    on_made_up = len(list(rosters.sessions(small.lines, [made_up_saturday])))
    on_plain = len(list(rosters.sessions(small.lines, [plain_saturday])))
    assert on_made_up > 3 * on_plain > 0


def test_a_year_without_a_published_calendar_falls_back_to_weekends() -> None:
    assert days.is_published(2026)
    assert not days.is_published(2060)
    assert days.kind_of(date(2060, 1, 1)) is days.Day.WORKED  # a Thursday
    assert days.kind_of(date(2060, 1, 3)) is days.Day.WEEKEND


def test_every_clinic_kind_occurs(small: city.City) -> None:
    assert {one.kind for one in small.lines} == {"general", "expert", "special", "night"}
    assert {one.half_day for one in small.lines} == {"am", "pm", "night"}


def test_several_synthetic_doctors_sit_in_each_department(beijing: city.City) -> None:
    per_department = Counter(one.department_code for one in beijing.practitioners)
    assert set(per_department) == {one.code for one in beijing.departments if one.bookable}
    assert min(per_department.values()) == 3
    assert all(one.licence.startswith("DEMO-") for one in beijing.practitioners)
    assert len({one.licence for one in beijing.practitioners}) == len(beijing.practitioners)
    assert len({(one.hospital_code, one.name) for one in beijing.practitioners}) == len(beijing.practitioners)


def test_the_figures_of_the_docs_are_true(beijing: city.City, small: city.City) -> None:
    text = (Path(__file__).parents[3] / "docs" / "demo-city.md").read_text(encoding="utf-8")
    for one in (beijing, small):
        week = list(rosters.sessions(one.lines, one.days()[1:8]))
        figures = (len(one.departments), len(one.practitioners), len(week), sum(len(s.slots) for s in week))
        assert [figure for figure in figures if f"{figure:,}" not in text] == []
    patients = sum(1 + len(one.members) for one in beijing.accounts)
    assert f"| {len(beijing.accounts)}, {patients} |" in text
