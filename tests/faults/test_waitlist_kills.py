"""Killed at every boundary of waiting: no slot is stranded, none given twice, nobody loses his place.

`YITONG_LONG=1` tries every boundary, else each third.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests import clinic as build
from tests import lines
from tests.clinic import NOW

from yitong.core.db import relay
from yitong.core.db.models import Event, EventDelivery
from yitong.domains.booking import models as bookings
from yitong.domains.waitlist import models

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.rule("R-017")]
ROOT = Path(__file__).resolve().parents[2]

JOIN, CHANGE, WITHDRAW = (
    f"waitlist.commands.joining.{one}" for one in ("join_waitlist", "change_entry", "withdraw_entry")
)
TURN = "waitlist.commands.serving.take_turn"
ACCEPT, DECLINE, END = (f"waitlist.commands.answering.{one}" for one in ("accept_offer", "decline_offer", "end_offer"))
CANCEL, CLOSE = "booking.commands.change.cancel_booking", "waitlist.commands.closing.close_choice"

# What happens, by whom: the first waits to be asked, the second at once; `family` are two patients of the first. How
# it must end: the states of the entries in order of joining, and how many bookings are live.
WALKS: dict[str, tuple[list[str], list[str], list[str], int]] = {
    "at once": (["join b", "cancel 0", "relay"], [JOIN, CANCEL, TURN], ["booked"], 2),
    "by the sweep": (["join b", "cancel 0", "sweep"], [TURN], ["booked"], 2),
    "asked and taken": (["join a", "cancel 0", "relay", "accept a"], [TURN, ACCEPT], ["booked"], 2),
    "declined": (
        ["join a", "join b", "cancel 0", "relay", "decline a", "relay"],
        [DECLINE, f"{TURN} 2"],
        ["waiting", "booked"],
        2,
    ),
    "missed": (
        ["join a", "join b", "cancel 0", "relay", "lapse 31"],
        [END, f"{TURN} 2"],
        ["waiting", "booked"],
        2,
    ),
    "withdrawn": (
        ["join a", "join b", "cancel 0", "relay", "withdraw a", "relay"],
        [WITHDRAW, f"{TURN} 2"],
        ["withdrawn", "booked"],
        2,
    ),
    "family": (
        ["join family", "join b", "cancel 0", "relay", "cancel 1", "relay"],
        [TURN, f"{TURN} 2"],
        ["booked", "waiting"],
        2,
    ),
    "family in vain": (
        ["join family", "join b", "cancel 0", "relay", "lapse 61"],
        [END, f"{TURN} 2"],
        ["waiting", "booked"],
        2,
    ),
    "nobody left": (["join a", "withdraw a", "cancel 0", "relay"], [TURN], ["withdrawn"], 1),
    "changed to at once": (["join a", "change a", "cancel 0", "relay"], [CHANGE], ["booked"], 2),
    "closed": (["join a", "close 3200"], [CLOSE], ["closed"], 2),
}
LONG = bool(os.environ.get("YITONG_LONG"))
ALL_POINTS = [
    (walk, f"{name.split()[0]}:{moment}:{(name.split() + ['1'])[1]}")
    for walk, (_, names, _, _) in WALKS.items()
    for name in names
    for moment in ("before_commit", "after_commit")
]
POINTS = ALL_POINTS if LONG else ALL_POINTS[::3]


def plan_of(walk: str, full: lines.SoldOut) -> list[dict[str, Any]]:
    (first, mother), (second, other) = build.holder(), build.holder()
    people = {"a": (first, [mother], "ask"), "b": (second, [other], "at_once")}
    people["family"] = (first, [mother, *lines.family(first, 1)], "at_once")
    steps: list[dict[str, Any]] = []
    for text in WALKS[walk][0]:
        do, *of = text.split()
        step: dict[str, Any] = {"do": do, "hospital_id": str(full.place.hospital_id)}
        if of and of[0] in people:
            account, patients, mode = people[of[0]]
            step |= {"account_id": str(account.account_id), "patients": [str(one) for one in patients], "mode": mode}
            step["session_id"] = str(full.place.session_id)
        elif do == "cancel":
            step["booking_id"] = str(full.held[int(of[0])].booking_id)
        elif of:
            step["after"] = int(of[0])
        steps.append(step)
    return steps


def work(plan: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.waiting_at_work", str(plan), *more],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "yitong.config.settings", "PYTHONPATH": f"{ROOT}/src:{ROOT}"},
    )  # fmt: skip


@pytest.mark.parametrize(("walk", "point"), POINTS)
def test_a_kill_at_a_boundary_strands_nothing_and_gives_nothing_twice(walk: str, point: str, tmp_path: Path) -> None:
    full = lines.sold_out(slots=2)
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"now": NOW.isoformat(), "steps": plan_of(walk, full)}))

    killed = work(plan, point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    again = work(plan)
    assert again.returncode == 0, again.stderr
    told = [json.loads(line) for line in killed.stdout.splitlines()]
    finished = {line["key"]: line["answer"] for line in map(json.loads, again.stdout.splitlines())}
    for line in told:
        if line["key"].startswith(("join", "change", "cancel", "decline", "withdraw")):
            assert finished[line["key"]] == line["answer"]
    while relay.drain(everything=True):
        pass

    _, _, states, live = WALKS[walk]
    entries = models.WaitlistEntry.objects.order_by("joined_at", "id")
    assert [entry.state for entry in entries] == states
    hospital_id = full.place.hospital_id
    assert bookings.Booking.objects.filter(hospital_id=hospital_id, live=True).count() == live
    assert not bookings.KeptSlot.objects.filter(hospital_id=hospital_id, ended_at=None).exists()
    assert not models.WaitlistOffer.objects.filter(hospital_id=hospital_id, live=True).exists()
    for entry in entries:
        happened = [
            (event.operation, tuple(event.body.get("kept", ())), event.body.get("session_id"))
            for event in Event.objects.filter(subject_id=entry.id)
        ]
        assert len(happened) == len(set(happened))
    assert EventDelivery.objects.count() == Event.objects.count()


def test_the_walks_end_so_without_a_kill(tmp_path: Path) -> None:
    """Else a kill might seem to be repaired by the second run alone."""
    full = lines.sold_out(slots=2)
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"now": NOW.isoformat(), "steps": plan_of("missed", full)}))
    done = work(plan)
    assert done.returncode == 0, done.stderr
    assert [entry.state for entry in models.WaitlistEntry.objects.order_by("joined_at", "id")] == ["waiting", "booked"]
