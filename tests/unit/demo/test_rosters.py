from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from yitong.cli.demo import city, rosters

SATURDAY = datetime(2026, 11, 21, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def beijing() -> city.City:
    return city.build("beijing", now=SATURDAY)


@pytest.fixture(scope="module")
def small() -> city.City:
    return city.build("small", now=SATURDAY)


def test_a_week_without_holidays_has_its_sessions_and_slots(beijing: city.City) -> None:
    assert len(beijing.lines) >= 4500  # each line has one session in any week
    assert sum(line.slots for line in beijing.lines) >= 140_000


def test_small_is_small(small: city.City) -> None:
    assert len(small.hospitals) == 2
    assert len(small.campuses) == 3
    assert sum(one.bookable for one in small.departments) == 49
    assert 5_000 < sum(line.slots for line in small.lines) < 12_000


def test_the_same_seed_and_day_make_the_same_city(small: city.City) -> None:
    assert city.build("small", now=SATURDAY + timedelta(hours=5)) == small
    assert city.build("small", now=SATURDAY, seed=7) != small


def test_a_later_day_changes_no_roster(small: city.City) -> None:
    later = city.build("small", now=SATURDAY + timedelta(days=3))
    assert later.lines == small.lines
    assert later.days()[0] == small.days()[3]


@pytest.mark.rule("R-003")
def test_windows_are_at_most_30_minutes_and_fill_the_half_day(beijing: city.City) -> None:
    for line in beijing.lines:
        minutes = (line.ends.hour - line.starts.hour) * 60 + line.ends.minute - line.starts.minute
        assert line.slot_minutes <= 30
        assert minutes % line.slot_minutes == 0
        assert line.slots == minutes // line.slot_minutes * line.per_window > 0


def test_no_two_lines_share_a_code_and_no_doctor_sits_twice_at_once(beijing: city.City) -> None:
    assert len({line.code for line in beijing.lines}) == len(beijing.lines)
    seats = Counter((line.practitioner_code, line.weekday, line.half_day) for line in beijing.lines)
    assert {one for one, times in seats.items() if times > 1 and one[0]} == set()


@pytest.mark.rule("R-162")
def test_fees_are_the_profile_by_title() -> None:
    fees = {(kind, title): fen for kind, title, fen in rosters.FEES}
    assert fees["general", None] == 5000
    assert fees["expert", "associate_chief"] == 6000
    assert fees["expert", "chief"] == 8000
    assert fees["expert", "renowned"] == 10000
    assert fees["special", None] == 30000


def test_the_years_without_a_published_calendar_are_named() -> None:
    assert rosters.years_without_holidays([date(2026, 12, 31)]) == ()
    assert rosters.years_without_holidays([date(2026, 12, 31), date(2060, 1, 1)]) == (2060,)


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
        slots = sum(line.slots for line in one.lines)
        figures = (len(one.departments), len(one.practitioners), len(one.lines), slots)
        assert [figure for figure in figures if f"{figure:,}" not in text] == []
    patients = sum(1 + len(one.members) for one in beijing.accounts)
    assert f"| {len(beijing.accounts)}, {patients} |" in text
