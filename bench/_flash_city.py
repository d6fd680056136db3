"""Fills a migrated, empty database with a city and writes the crowd's requests: `_flash_city.py FOLDER RUN`.

A process of its own, in the environment of that database, as its owner: COPY is fast, and every constraint holds. It
reads the shape from `FOLDER/RUN.shape` and leaves beside it the sessions (`.sessions`), the crowd (`.crowd`), and the
bytes of all requests (`.requests`) and of those of readers (`.reads`), each with where they begin (`.offsets`).
"""

import os
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "yitong.config.settings")

import django

django.setup()

from bench import _flash_demand, _flash_people  # noqa: E402
from bench._flash_copy import copy  # noqa: E402
from bench._flash_shapes import Session, Shape, keep, kept  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from yitong.cli.demo import terms  # noqa: E402
from yitong.core import clock  # noqa: E402
from yitong.core.db import policies  # noqa: E402
from yitong.core.ids import new_id  # noqa: E402
from yitong.domains.hospitals.models import Campus, Department, Hospital  # noqa: E402
from yitong.domains.schedule.models import ClinicSession, Slot  # noqa: E402
from yitong.domains.schedule.rules.opening import bookable_dates  # noqa: E402

NEVER = datetime(2099, 1, 1, tzinfo=UTC)  # the release, until the run sets it
MARGIN = timedelta(minutes=30)  # the days are bookable for as long as any run takes
HALVES = (("am", time(8), 8), ("pm", time(13, 30), 7))  # half-day, its start, windows of half an hour
WINDOW = timedelta(minutes=30)
ONSITE = 2  # slots of each session that no online channel may have


def set_policies(now: datetime) -> None:
    """The city's profile, as the demo loads it."""
    for one in terms.city_policies():
        policies.record(
            one.key,
            one.value,
            scope="city",
            hospital_id=None,
            scope_id=None,
            effective_from=now - timedelta(days=1),
            source=f"{one.source} bench",
            decided_by="system:bench",
            now=now,
        )


def bookable_days(now: datetime) -> list[date]:
    """Days that a channel may book now and for the next half an hour."""
    in_force = policies.at(None, now)
    later = set(bookable_dates(now + MARGIN, in_force))
    return [day for day in bookable_dates(now, in_force) if day in later]


def fill_hospitals(shape: Shape, now: datetime) -> list[tuple[UUID, UUID, UUID]]:
    """(hospital, campus, department) of every department."""
    hospitals = [(new_id(), new_id(), number) for number in range(1, shape.hospitals + 1)]
    departments = [
        (hospital_id, campus_id, new_id(), number)
        for hospital_id, campus_id, _ in hospitals
        for number in range(1, shape.departments + 1)
    ]
    copy(
        Hospital,
        (
            *("id", "code", "name", "name_en", "short_name", "short_name_en", "level", "kind", "district", "phone"),
            *("introduction", "specialties", "is_open", "added_at"),
        ),
        (
            (
                *(i, f"B{n:02d}", f"测试第{n}医院", f"Test Hospital {n}", f"测{n}院", f"T{n}", "三级甲等", "general"),
                *("西城区", "", "", [], True, now - timedelta(days=1)),
            )
            for i, _, n in hospitals
        ),
    )
    copy(
        Campus,
        ("id", "hospital_id", "code", "name", "name_en", "district", "address", "directions"),
        ((c, i, "C1", "本部", "Main campus", "西城区", "测试路1号", "") for i, c, _ in hospitals),
    )
    copy(
        Department,
        (
            *("id", "hospital_id", "campus_id", "code", "name", "name_en", "national_code", "code_basis"),
            *("code_reason", "location", "introduction", "is_bookable"),
        ),
        (
            (d, h, c, f"D{n}", f"测试{n}科", f"Test department {n}", "03.04", "rule", "bench", "", "", True)
            for h, c, d, n in departments
        ),
    )
    return [(h, c, d) for h, c, d, _ in departments]


def fill_sessions(shape: Shape, now: datetime) -> list[Session]:
    """Sessions over departments, days and half-days in turn, none released yet."""
    places = fill_hospitals(shape, now)
    days = bookable_days(now)
    sessions, slots, made = [], [], []
    for number in range(shape.sessions):
        hospital_id, campus_id, department_id = places[number % len(places)]
        turn = number // len(places)
        day = days[turn % len(days)]
        half, begins, windows = HALVES[turn // len(days) % 2]
        count = shape.slots // shape.sessions + (number < shape.slots % shape.sessions)
        session_id, starts = new_id(), clock.at_shanghai(day, begins)
        ends = starts + WINDOW * windows
        sessions.append(
            (
                *(hospital_id, session_id, campus_id, department_id, "general", day, half, starts, ends, 5000),
                *("planned", NEVER, False, count + ONSITE, 0, False),
            )
        )
        online = []
        for place in range(count + ONSITE):
            start = starts + WINDOW * (place * windows // (count + ONSITE))
            slot_id, is_online = new_id(), place < count
            slots.append(
                (
                    *(hospital_id, slot_id, session_id, place + 1, start, start + WINDOW),
                    *("online" if is_online else "onsite", False, False, starts, ends),
                )
            )
            if is_online:
                online.append((str(slot_id), start.timestamp(), (start + WINDOW).timestamp()))
        made.append(Session(str(hospital_id), str(session_id), str(department_id), tuple(online)))
    copy(
        ClinicSession,
        (
            *("hospital_id", "id", "campus_id", "department_id", "clinic_kind", "date", "half_day", "starts_at"),
            *("ends_at", "fee_fen", "state", "release_at", "is_first_visit_named", "slots", "extra_slots"),
            "referral_returned",
        ),
        sessions,
    )
    copy(
        Slot,
        (
            *("hospital_id", "id", "session_id", "number", "starts_at", "ends_at", "pool", "is_special", "is_extra"),
            *("session_starts_at", "session_ends_at"),
        ),
        slots,
    )
    return made


def main(folder: Path, run: str) -> None:
    shape: Shape = kept(folder / f"{run}.shape")
    now = clock.now()
    with transaction.atomic():
        set_policies(now)
    with transaction.atomic():
        sessions = fill_sessions(shape, now)
        crowd = _flash_people.people(shape.people)
        for model, columns, rows in _flash_people.rows(crowd, now):
            copy(model, columns, rows)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # as a city that has run for a day
    keep(folder / f"{run}.sessions", sessions)
    _flash_demand.write(folder, run, shape, sessions, crowd, now=now)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
