"""Claims slots in N processes for some seconds: `_claims.py N SECONDS`, in the environment of a running city.

Each process brings patients and clinics of its own (by their commands, before the clock starts) and claims through
`hold_slot`, three slots a patient on three days, as account holders do. Preparing ends by time as claiming does, and
the clock starts when the city has digested what was prepared. Prints JSON.
"""

import json
import os
import random
import statistics
import sys
import time
from datetime import date, timedelta
from datetime import time as clock_time
from multiprocessing import get_context
from typing import Any

MOST_PATIENTS_PER_S = 12  # more than one process can book thrice
PREPARE_S = 1.5  # for each second of claims
DIGEST_S = 10  # at the most
DAYS = 3
WARM = 3  # claims of each process before the clock starts
FEWEST = WARM + 1
BARRIER_LIMIT_S = 120


def main(processes: int, seconds: float) -> None:
    context = get_context("spawn")
    barrier = context.Barrier(processes + 1)
    with context.Pool(processes, _prepare, (barrier,)) as pool:
        asked = pool.map_async(_claim, [seconds] * processes, chunksize=1)
        barrier.wait(BARRIER_LIMIT_S)
        _prepare(barrier)
        _await_digestion()
        barrier.wait(BARRIER_LIMIT_S)
        parts = asked.get(seconds + BARRIER_LIMIT_S)
    took = sorted(ms for part in parts for ms in part["took"])
    json.dump(
        {
            "claimed": sum(part["claimed"] for part in parts),
            "found": sum(part["found"] for part in parts),
            "refused": sum(part["refused"] for part in parts),
            "per_second": sum(part["claimed"] / part["elapsed"] for part in parts),
            "cpu_ms": sum(part["cpu_s"] for part in parts) / max(1, len(took)) * 1000,
            "median_ms": statistics.median(took),
            "p99_ms": took[int(len(took) * 0.99)],
        },
        sys.stdout,
    )


def _await_digestion() -> None:
    """Until the city's worker has carried the events and done the jobs of the preparation."""
    from django.db import connection

    until = time.monotonic() + DIGEST_S
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT FROM core_event e WHERE e.recorded_at > now() - interval '5 minutes'"
                " AND NOT EXISTS (SELECT FROM core_event_delivery d WHERE d.event_id = e.id))"
                " OR EXISTS (SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND scheduled_at IS NULL)"
            )
            row = cursor.fetchone()
        if row == (False,):
            return
        time.sleep(0.2)


def _prepare(barrier: Any) -> None:
    global _barrier
    _barrier = barrier
    os.environ["DJANGO_SETTINGS_MODULE"] = "yitong.config.settings"
    os.environ.setdefault("YITONG_LOG_LEVEL", "ERROR")
    import django

    django.setup()


def _claim(seconds: float) -> dict[str, Any]:
    from yitong.core import clock
    from yitong.core.errors import Refusal
    from yitong.core.ids import new_id
    from yitong.domains.booking.commands import claim
    from yitong.domains.booking.contracts import HoldSlot
    from yitong.domains.booking.models import Booking

    now = clock.now()
    holders = _holders(seconds, now)
    hospital_id, days = _clinics(len(holders), now)
    wishes = [(holder, slots[n]) for slots in days for n, holder in enumerate(holders)]
    for (actor, patient_id), slot_id in wishes[:WARM]:
        claim.hold_slot(HoldSlot(str(new_id()), hospital_id, slot_id, patient_id), actor=actor, now=clock.now())
    claimed, refused, took = [], 0, []
    _barrier.wait(BARRIER_LIMIT_S)
    _barrier.wait(BARRIER_LIMIT_S)
    started, cpu = time.monotonic(), time.process_time()
    for (actor, patient_id), slot_id in wishes[WARM:]:
        before = time.perf_counter()
        if time.monotonic() - started > seconds:
            break
        try:
            held = claim.hold_slot(
                HoldSlot(str(new_id()), hospital_id, slot_id, patient_id), actor=actor, now=clock.now()
            )
        except Refusal:
            refused += 1
            continue
        took.append((time.perf_counter() - before) * 1000)
        claimed.append(held.booking_id)
    elapsed, cpu_s = time.monotonic() - started, time.process_time() - cpu
    found = Booking.objects.filter(hospital_id=hospital_id, id__in=claimed, live=True).count()
    return {
        "claimed": len(claimed),
        "found": found,
        "refused": refused,
        "elapsed": elapsed,
        "cpu_s": cpu_s,
        "took": took,
    }


def _holders(seconds: float, now: Any) -> list[tuple[Any, Any]]:
    """As many as can be made in the time for it: where that is short, the claims end before their time is over."""
    until = time.monotonic() + PREPARE_S * seconds
    made: list[tuple[Any, Any]] = []
    while len(made) < FEWEST or (len(made) < MOST_PATIENTS_PER_S * seconds and time.monotonic() < until):
        made.append(_holder(now))
    return made


def _holder(now: Any) -> tuple[Any, Any]:
    """An account with its holder as a verified patient who can't exist: the area code was never assigned (R-100)."""
    from django.db import transaction

    from yitong.cli.demo.people import resident_number
    from yitong.core.actor import Actor
    from yitong.domains.people.commands import accounts, patients, proving
    from yitong.domains.people.contracts.patients import AddPatient, IdentityGiven
    from yitong.domains.people.contracts.words import IdentityKind, Relation, Verdict

    draw = random.SystemRandom()
    with transaction.atomic():
        opened = accounts.open_account(f"199{draw.randrange(10**8):08d}", "zh", now)
    actor = Actor.for_account(opened.id)
    birth = date(1950, 1, 1) + timedelta(days=draw.randrange(18_000))
    number = resident_number(f"9999{draw.randrange(100):02d}", birth, "female", draw.randrange(499))
    given = IdentityGiven("测试者", IdentityKind.RESIDENT_ID, number)
    added = patients.add_patient(AddPatient(f"bench:{number}", opened.id, given, Relation.SELF), actor=actor, now=now)
    proving.note_verdict(
        added.patient_id, added.verification_id, Verdict.MATCH, actor=Actor.system("bench.claims"), now=now
    )
    return actor, added.patient_id


def _clinics(many: int, now: Any) -> tuple[Any, list[list[Any]]]:
    """A clinic for everybody on each of three days, all of its slots online: (hospital, [slot ids of a day])."""
    from yitong.core import clock
    from yitong.core.actor import Actor, Role
    from yitong.core.ids import new_id
    from yitong.domains.hospitals.queries import directory as hospitals
    from yitong.domains.schedule.commands.planning import import_sessions
    from yitong.domains.schedule.contracts import HalfDay, NewSession, Pool
    from yitong.domains.schedule.queries import timetable as schedule

    hospital_id = hospitals.list_hospitals()[0].hospital_id
    department = next(
        one
        for one in hospitals.list_departments(hospital_id)
        if one.is_bookable and not one.sex and one.age_from is None and one.age_below is None
    )
    manager = Actor.for_staff(new_id(), roles=frozenset({Role("roster_manager", hospital_id)}))
    days = []
    for ahead in range(2, 2 + DAYS):
        day = clock.shanghai_date(now) + timedelta(days=ahead)
        starts = clock.at_shanghai(day, clock_time(8))
        each = -(-many // 8)
        step = timedelta(minutes=20)
        windows = tuple(
            (starts + step * (n // each), starts + step * (n // each + 1), Pool.ONLINE) for n in range(many)
        )
        new = NewSession(
            session_id=new_id(),
            campus_id=department.campus_id,
            department_id=department.department_id,
            practitioner_id=None,
            clinic_kind="general",
            title=None,
            date=day,
            half_day=HalfDay.AM,
            starts_at=starts,
            ends_at=windows[-1][1],
            fee_fen=5000,
            release_at=now - timedelta(days=1),
            windows=windows,
        )
        import_sessions(hospital_id, [new], actor=manager, now=now)
        days.append([slot.slot_id for slot in schedule.list_slots(hospital_id, new.session_id)])
    return hospital_id, days


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
