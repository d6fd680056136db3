"""Two booking windows, a desk and somebody with psql take the same slots at once: exact.

Each knows of the others only what the database tells. `YITONG_LONG=1` lets them go on for a minute.
"""

import json
import os
import random
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from bench import _flash_place
from bench._flash_check import judge, summary
from bench._flash_facts import Facts, read
from bench._flash_place import City
from bench._flash_shapes import Shape
from tests.faults.writers_beside import DIRECT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
LONG = bool(os.environ.get("YITONG_LONG"))
LASTS_S = 60.0 if LONG else 10.0
PEOPLE = 2_000 if LONG else 400
SHAPE = Shape(
    hospitals=2,
    departments=4,
    sessions=40,
    slots=PEOPLE,
    people=PEOPLE,
    requests=2 * PEOPLE,
    skew=0.3,
    repeated=0.05,
    greedy=0.05,
)
CONNECTIONS = 24


def plan_of(facts: Facts, city: City, path: Path) -> Path:
    """Every slot, and half of those who ask at the windows at the same time."""
    people = {ask.patient_id: ask.actor.removeprefix("account:") for ask in city.crowd.asks}
    chosen = random.Random(1).sample(sorted(people.items()), len(people) // 2)
    content = {
        "seconds": LASTS_S,
        "slots": [
            {"hospital_id": facts.sessions[slot.session_id].hospital_id, "slot_id": slot_id, "pool": slot.pool}
            for slot_id, slot in facts.slots.items()
        ],
        "people": [{"patient_id": patient_id, "account_id": account_id} for patient_id, account_id in chosen],
    }
    path.write_text(json.dumps(content))
    return path


@contextmanager
def writer(who: str, city: City, plan: Path) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.writers_beside", who, str(plan)],
        cwd=ROOT,
        env={**city.environment, "PYTHONPATH": f"{ROOT}/src:{ROOT}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def result(process: "subprocess.Popen[str]") -> dict[str, int]:
    said, complained = process.communicate(timeout=LASTS_S + 90)
    assert process.returncode == 0, complained
    done: dict[str, int] = json.loads(said)
    return done


def announced(facts: Facts) -> Facts:
    """As if psql had written an event, which is no business of whoever writes rows by hand."""
    direct = [one.booking_id for one in facts.bookings if one.actor == DIRECT]
    return replace(facts, announced=[*facts.announced, *direct])


def test_two_windows_a_desk_and_psql_at_once_are_exact(tmp_path: Path) -> None:
    with _flash_place.cluster(tmp_path / "data") as cluster, ExitStack() as stack:
        city = _flash_place.make_city(cluster, "flash_together", SHAPE)
        crowd = city.crowd
        city.release(time.time())
        plan = plan_of(read(city.owner_url), city, tmp_path / "plan.json")
        ports = [stack.enter_context(_flash_place.window(city))[0] for _ in range(2)]
        desk, psql = (stack.enter_context(writer(who, city, plan)) for who in ("desk", "sql"))
        due = array("d", (LASTS_S * n / len(crowd.order) for n in range(len(crowd.order))))
        running = stack.enter_context(
            _flash_place.generate(city, *ports, due=due, connections=CONNECTIONS, seconds=LASTS_S + 90, tries=20)
        )
        answers = running.result(LASTS_S + 120)
        by_desk, by_psql = result(desk), result(psql)
        facts = read(city.owner_url)

    assert answers.unanswered == 0
    assert summary(judge(announced(facts), crowd, answers)) == {}
    by_window = {one.booking_id for one in facts.bookings if one.key.startswith("flash-")}
    assert by_desk["booked"] == sum(one.key.startswith("desk-") for one in facts.bookings) > 0
    assert by_psql["booked"] == sum(one.actor == DIRECT for one in facts.bookings) > 0
    assert len(by_window) + by_desk["booked"] + by_psql["booked"] == len(facts.bookings)
    assert len(by_window) > SHAPE.slots // 4
