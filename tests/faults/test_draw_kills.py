"""Killed at every boundary of a draw: no entry is lost, nothing is drawn twice, nobody is booked twice or forgotten.

`YITONG_LONG=1` tries every boundary, else each third.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests import clinic, make
from tests import draws as build

from yitong.core.db.models import Event, EventDelivery
from yitong.core.lots.verify import verify
from yitong.domains.booking.models import Booking
from yitong.domains.draws import models
from yitong.domains.draws.contracts import EntryState
from yitong.domains.draws.ports import beacon
from yitong.domains.notify.models import Message
from yitong.domains.schedule.contracts import Pool
from yitong.domains.schedule.queries import timetable as schedule

pytestmark = pytest.mark.usefixtures("committed_db")
ROOT = Path(__file__).resolve().parents[2]
APPLICANTS, REFUSED, PLACES = 5, 3, 3
WINNERS = APPLICANTS - REFUSED  # so each of the refused has its turn, whatever the lots say

COMMANDS = {
    "plan.open_draw": 1,
    "applying.apply": 3,
    "stages.close_draw": 1,
    "stages.decide_beacon": 1,
    "stages.reveal_secret": 1,
    "stages.draw_lots": 1,
    "settling.serve": 2,
    "settling.note_refusal": 1,
    "settling.settle_draw": 1,
    "announce.tell_won": 1,
}
LONG = bool(os.environ.get("YITONG_LONG"))
ALL_POINTS = [
    f"draws.commands.{name}:{moment}:{nth}"
    for name, nth in COMMANDS.items()
    for moment in ("before_commit", "after_commit")  # to die as a command begins is to die as the one before ended
]
POINTS = ALL_POINTS if LONG else ALL_POINTS[::3]


def work(plan: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.draws_at_work", str(plan), *more],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "yitong.config.settings", "PYTHONPATH": f"{ROOT}/src:{ROOT}"},
    )  # fmt: skip


@pytest.fixture
def place() -> build.Place:
    before = beacon.taken()
    build.plug()
    made = build.planned(slots=(PLACES,))
    build.promise(made)
    beacon.plug(before)
    return made


def plan_of(place: build.Place) -> dict[str, object]:
    """The first applicants have a booking of that day and department already: a rule will speak against them."""
    people = [clinic.holder() for _ in range(APPLICANTS)]
    first = place.clinics[0]
    other = clinic.clinic(
        hospital_id=place.hospital_id, department_id=place.department_id, day=first.day, at=build.time(14)
    )
    late = build.RELEASE  # the day is open to booking then
    for actor, patient in people[:REFUSED]:
        clinic.hold(other, patient, actor, n=people.index((actor, patient)), now=late)
    row = place.row
    return {
        "hospital_id": str(place.hospital_id),
        "draw_id": str(place.draw_id),
        "sessions": [str(session) for session in place.sessions],
        "admin": str(make.number()).rjust(32, "0"),
        "applicants": [
            {"key": f"a{n}", "account": str(actor.account_id), "patient": str(patient)}
            for n, (actor, patient) in enumerate(people)
        ],
        "at": {
            "opens": row.opens_at.isoformat(),
            "closes": row.closes_at.isoformat(),
            "beacon": build.after_beacon(place).isoformat(),
        },
    }


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_a_boundary_loses_no_entry_and_draws_once(point: str, place: build.Place, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    content = plan_of(place)
    plan.write_text(json.dumps(content))
    killed = work(plan, point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    seed_before = place.row.seed
    ranks_before = ranks(place)
    again = work(plan)
    assert again.returncode == 0, again.stderr

    draw = place.draw
    assert (draw.state, draw.count) == ("settled", APPLICANTS)
    if seed_before is not None:
        assert bytes(seed_before) == draw.seed
        assert ranks_before == ranks(place)
    entries = models.DrawEntry.objects.filter(hospital_id=place.hospital_id)
    assert entries.count() == APPLICANTS
    states = sorted(entries.values_list("state", flat=True))
    assert states == [EntryState.LOST] * REFUSED + [EntryState.WON] * WINNERS
    booked = Booking.objects.filter(hospital_id=place.hospital_id, session_id=place.sessions[0], live=True)
    assert booked.count() == booked.values("patient_id").distinct().count() == WINNERS
    assert set(booked.values_list("id", flat=True)) == set(
        models.DrawApplicant.objects.filter(hospital_id=place.hospital_id, booking_id__isnull=False).values_list(
            "booking_id", flat=True
        )
    )
    assert {slot.pool for slot in schedule.list_slots(place.hospital_id, place.sessions[0])} == {Pool.ONLINE}
    report = verify(build.file_of(place), published_root=draw.root)
    assert report.findings == ()
    assert report.file is not None
    assert sum(rank.given is not None for rank in report.file.ranks) == WINNERS
    own = [event.operation for event in Event.objects.filter(subject_id=place.draw_id)]
    assert len(own) == len(set(own)) == 8
    assert EventDelivery.objects.count() == Event.objects.count()
    told = Message.objects.filter(template__startswith="draw_", medium="in_app").values_list("template", flat=True)
    counts = {name: list(told).count(name) for name in set(told)}
    assert counts == {"draw_applied": APPLICANTS, "draw_won": WINNERS, "draw_lost": REFUSED}


def ranks(place: build.Place) -> list[tuple[object, ...]]:
    rows = models.DrawEntry.objects.filter(hospital_id=place.hospital_id, rank__isnull=False)
    return sorted(rows.values_list("id", "rank", "weight"))


def test_the_walk_has_every_command_of_a_draw() -> None:
    """A new step of a draw must be killed, too."""
    from yitong.domains.draws.commands import applying, plan, settling, stages

    walked = {name.split(".")[1] for name in COMMANDS}
    steps = {
        name
        for module in (plan, applying, stages, settling)
        for name, value in vars(module).items()
        if hasattr(value, "__wrapped__") and value.__module__ == module.__name__
    }
    aside = {"plan_draw", "promise_secret", "change_entry", "withdraw_entry", "end_silence"}
    assert steps - aside == walked - {"tell_won"}
