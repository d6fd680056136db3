"""Killed at every boundary of a booking, then at random: nothing answered is lost, nothing is given twice.

`YITONG_LONG=1` books 2,000 times under random kills.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db.models import Count
from tests import clinic as build
from tests.clinic import NOW

from yitong.core.db import relay
from yitong.core.db.models import Event, EventDelivery
from yitong.domains.booking import models
from yitong.domains.booking.contracts import LIVE, State
from yitong.domains.notify.models import Message
from yitong.domains.people.models import BookingLimits
from yitong.domains.schedule.models import Slot

pytestmark = pytest.mark.usefixtures("committed_db")
ROOT = Path(__file__).resolve().parents[2]
BOOKINGS, KILLS = (2000, 60) if os.environ.get("YITONG_LONG") else (150, 9)
OF_SESSION = 500
MORE_SESSIONS = (BOOKINGS - 1) // OF_SESSION  # none in the short form

HOLD, CONFIRM, CANCEL, EXPIRE = (
    "booking.commands.claim.claim_slot",
    "booking.commands.change.confirm_booking",
    "booking.commands.change.cancel_booking",
    "booking.commands.sweep.expire_hold",
)
ANNOUNCE = "booking.commands.announce.tell_booking"
WALKS = {
    "hold": [HOLD],
    "hold confirm relay": [CONFIRM, ANNOUNCE],
    "hold confirm cancel relay": [CANCEL],
    "hold expire relay": [EXPIRE],
}
OUTCOMES = [
    ("cancel", State.CANCELLED),
    ("expire", State.EXPIRED),
    ("confirm", State.CONFIRMED),
    ("hold", State.HELD),
]
POINTS = [
    (walk, f"{name}:{moment}:1")
    for walk, names in WALKS.items()
    for name in names
    for moment in ("begin", "before_commit", "after_commit")
]


def plan_of(walk: str, place: build.Clinic, patient: UUID) -> list[dict[str, str]]:
    steps: list[dict[str, str]] = []
    for n, do in enumerate(walk.split()):
        step = {"do": do, "key": f"{do}{n}", "slot_id": str(place.slot()), "patient_id": str(patient), "of": "hold0"}
        steps.append(step)
    return steps


def work(plan: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.claims_at_work", str(plan), *more],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "yitong.config.settings", "PYTHONPATH": f"{ROOT}/src:{ROOT}"},
    )  # fmt: skip


def answers_of(output: str) -> dict[str, str]:
    return {line["key"]: line["answer"] for line in map(json.loads, output.splitlines())}


@pytest.mark.parametrize(("walk", "point"), POINTS)
def test_a_kill_at_a_boundary_loses_nothing_and_repeats_nothing(walk: str, point: str, tmp_path: Path) -> None:
    place, (holder, patient) = build.clinic(), build.holder()
    build.pay_online(place.hospital_id)
    plan = tmp_path / "plan.json"
    steps = plan_of(walk, place, patient)
    plan.write_text(json.dumps({"now": NOW.isoformat(), "hospital_id": str(place.hospital_id), "steps": steps}))

    killed = work(plan, point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    told = answers_of(killed.stdout)
    again = work(plan)
    assert again.returncode == 0, again.stderr
    finished = answers_of(again.stdout)
    for key, answer in told.items():
        if "expire" not in key and "relay" not in key:
            assert finished[key] == answer
    while relay.drain():
        pass

    booking = models.Booking.objects.get(hospital_id=place.hospital_id)
    done = walk.split()
    expected = next(state for do, state in OUTCOMES if do in done)
    assert booking.state == expected
    assert BookingLimits.objects.get(patient_id=patient).live_days == ([place.day] if booking.live else [])
    slot = Slot.objects.get(hospital_id=place.hospital_id, id=place.slot())
    assert (slot.reopens_at is None) == booking.live
    happened = [e.operation for e in Event.objects.filter(subject_id=booking.id).order_by("recorded_at")]
    assert len(happened) == len(set(happened)) == len([s for s in steps if s["do"] != "relay"])
    assert EventDelivery.objects.count() == Event.objects.count()
    assert holder.account_id is not None
    told_once = Message.objects.filter(account_id=holder.account_id, medium="in_app", template__startswith="booking_")
    assert told_once.count() == len(happened)


def test_random_kills_during_many_bookings(tmp_path: Path) -> None:
    """Three processes book side by side under one key each a slot; again and again one is killed and started anew."""
    chance = random.Random(11)
    place = build.clinic(slots=min(BOOKINGS, OF_SESSION))
    places = [place, *(build.clinic(hospital_id=place.hospital_id, slots=OF_SESSION) for _ in range(MORE_SESSIONS))]
    slots = [slot.slot_id for one in places for slot in one.slots]
    people = [build.patient(place.hospital_id) for _ in range(BOOKINGS + 20)]
    steps = [
        {"do": "hold", "key": f"h{n}", "slot_id": str(slots[n]), "patient_id": str(people[n])} for n in range(BOOKINGS)
    ]
    for n in range(0, BOOKINGS, 5):  # each fifth is cancelled again
        steps.append({**steps[n], "do": "cancel", "key": f"c{n}", "of": f"h{n}"})
    for n in range(20):  # and some ask for what others have
        steps.append({**steps[n], "key": f"late{n}", "patient_id": str(people[BOOKINGS + n])})
    plans = []
    for third in range(3):
        plan = tmp_path / f"plan{third}.json"
        mine = [step for step in steps if int("".join(filter(str.isdigit, step["key"]))) % 3 == third]
        content = {"now": NOW.isoformat(), "hospital_id": str(place.hospital_id), "steps": mine}
        plan.write_text(json.dumps(content))
        plans.append(plan)
    told = _kill_and_restart(plans, chance, tmp_path)

    while relay.drain(everything=True):
        pass
    rows = models.Booking.objects.filter(hospital_id=place.hospital_id)
    assert not rows.filter(live=True).values("slot_id").annotate(n=Count("id")).filter(n__gt=1).exists()
    by_key = {row.key: row for row in rows}
    for key, answers in told.items():
        assert len(answers) == 1, (key, answers)  # what was answered once is answered the same ever after
        answer = answers.pop()
        if key.startswith("h"):
            assert str(by_key[key].id) == answer
        if key.startswith("late"):
            assert answer in ("SLOT_TAKEN", "BUSY")
    assert set(told) == {step["key"] for step in steps}
    cancelled = {f"h{n}" for n in range(0, BOOKINGS, 5)}
    assert {row.key for row in rows.filter(state=State.CANCELLED)} == cancelled
    assert rows.filter(state=State.CONFIRMED).count() == BOOKINGS - len(cancelled)
    for limits in BookingLimits.objects.filter(patient_id__in=people):
        live = rows.filter(patient_id=limits.patient_id, state__in=LIVE).count()
        assert len(limits.live_days) == live
    freed = Slot.objects.filter(hospital_id=place.hospital_id, reopens_at__gt=NOW + timedelta(minutes=9))
    assert freed.count() == len(cancelled)
    assert EventDelivery.objects.count() == Event.objects.count()


def _kill_and_restart(plans: list[Path], chance: random.Random, tmp_path: Path) -> dict[str, set[str]]:
    """Runs every plan to its end in spite of KILLS kills in all; gives all answers that were ever printed, by key."""
    told: dict[str, set[str]] = {}
    pauses = [[chance.uniform(0.0, 0.6) for _ in range(KILLS // len(plans))] for _ in plans]
    with ThreadPoolExecutor(len(plans)) as side_by_side:
        for items in side_by_side.map(_run, plans, pauses, [tmp_path / f"out{n}" for n in range(len(plans))]):
            for item in items:
                told.setdefault(item["key"], set()).add(item["answer"])
    return told


def _run(plan: Path, pauses: list[float], out: Path) -> list[dict[str, str]]:
    """One process after the other; as long as there are pauses, each is killed so long after its first answer."""
    told: list[dict[str, str]] = []
    while True:
        with out.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.claims_at_work", str(plan)], cwd=ROOT, stdout=file,
                env={**os.environ, "DJANGO_SETTINGS_MODULE": "yitong.config.settings",
                     "PYTHONPATH": f"{ROOT}/src:{ROOT}"},
            )  # fmt: skip
            if pauses:
                while not out.stat().st_size and process.poll() is None:
                    time.sleep(0.01)  # it is at work once it has answered something
                try:
                    process.wait(pauses[-1])
                except subprocess.TimeoutExpired:
                    process.kill()
                    pauses.pop()
            process.wait()
        for line in out.read_text().splitlines():
            if line.endswith("}"):  # the last one may be cut off
                told.append(json.loads(line))
        if process.returncode == 0:
            return told
        assert process.returncode == -signal.SIGKILL
