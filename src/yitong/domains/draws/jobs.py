"""Draws by the clock: each is planned, opened, closed, drawn and settled when its time has come. A crash between two
steps loses nothing: the next turn finds the draw where it stands."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

import structlog

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.db.jobs import periodic
from yitong.core.db.sweeps import Round, swept
from yitong.core.errors import Refusal
from yitong.domains.draws import queries, rules
from yitong.domains.draws.commands import plan, settling, stages
from yitong.domains.draws.contracts import BeaconState, DrawState, Due
from yitong.domains.draws.ports import beacon
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule.queries import timetable as schedule

AHEAD = timedelta(days=3)  # before it opens: the hospital has that long to give the hash of its secret
TURNS = 2000  # winners of one draw in one run; the next run goes on

waiting = Round()  # for the beacon

log = structlog.get_logger()


@periodic("*/10 * * * *")
def plan_draws(timestamp: int) -> int:
    """Every ten minutes: releases of departments that give by lot, as far ahead as they open, and three days more."""
    actor, done = Actor.system("draws.plan"), 0
    for hospital in hospitals.list_hospitals():
        now = clock.now()
        known = queries.planned_releases(hospital.hospital_id)
        in_force = policies.of_hospital(hospital.hospital_id, now)
        for department_id, release_at in schedule.list_releases(hospital.hospital_id, now):
            here = in_force(department_id)
            is_near = rules.times(release_at, here).opens_at - AHEAD <= now
            if rules.is_drawn(here) and is_near and (department_id, release_at) not in known:
                made = plan.plan_draw(hospital.hospital_id, department_id, release_at, actor=actor, now=now)
                done += made is not None
    return done


@swept(every_s=10)
def advance_draws(timestamp: int) -> int:
    """Every ten seconds: each draw does what is due, but for asking the beacon. Gives how many there were."""
    due = [one for one in queries.list_due() if not _awaits_beacon(one)]
    _advance_all(due)
    return len(due)


@swept(every_s=10, asks_outside=True)
def ask_beacon(timestamp: int) -> None:
    """Every ten seconds: draws that can't go on without the beacon. While it is silent, no other draw waits for it."""
    due = [one for one in queries.list_due() if _awaits_beacon(one)]
    _advance_all(waiting.of(due, lambda one: one.draw_id))


def _advance_all(due: Iterable[Due]) -> None:
    for one in due:
        try:
            advance(one)
        except Refusal as refusal:  # somebody holds its lock: the next turn takes it
            log.info("draws.later", draw_id=str(one.draw_id), code=refusal.code)


def _awaits_beacon(one: Due) -> bool:
    return one.state is DrawState.CLOSED and one.beacon_state is BeaconState.AWAITED


def advance(one: Due) -> None:
    """One draw, one or more steps on. What isn't due yet each command sees by itself."""
    actor, now, key = Actor.system("draws.advance"), clock.now(), (one.hospital_id, one.draw_id)
    match one.state:
        case DrawState.PLANNED if now >= one.opens_at:
            plan.open_draw(*key, actor=actor, now=now)
        case DrawState.OPENED if now >= one.closes_at:
            stages.close_draw(*key, actor=actor, now=now)
        case DrawState.CLOSED:
            _await_words(one, actor)
        case DrawState.REVEALED:
            stages.draw_lots(*key, actor=actor, now=now)
        case DrawState.DRAWN:
            settle(*key, actor=actor)


def settle(hospital_id: UUID, draw_id: UUID, *, actor: Actor) -> DrawState:
    """Books winner after winner, then gives the rest back."""
    for _ in range(TURNS):
        try:
            if not settling.serve(hospital_id, draw_id, actor=actor, now=clock.now()):
                break
        except settling.RefusedAtTurn as stopped:
            code = stopped.refusal.code
            settling.note_refusal(hospital_id, draw_id, stopped.turn, code, actor=actor, now=clock.now())
    return settling.settle_draw(hospital_id, draw_id, actor=actor, now=clock.now())


def _await_words(one: Due, actor: Actor) -> None:
    """Committed: the beacon is asked for once its round is there, until its deadline; then the hospital's time runs."""
    now = clock.now()
    if one.beacon_state is BeaconState.AWAITED:
        if one.beacon_at is None or one.beacon_round is None or now < one.beacon_at:
            return
        found = beacon.taken().fetch(one.beacon_round)
        stages.decide_beacon(one.hospital_id, one.draw_id, found, actor=actor, now=clock.now())
    elif now >= one.reveal_by:
        stages.end_silence(one.hospital_id, one.draw_id, actor=actor, now=now)
