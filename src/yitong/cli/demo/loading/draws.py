"""One department that gives its places by lot: a draw that is over, with its result and its file, and one that takes
applications.

All by the commands of life, at the instants at which they would have been given: the draw that is over has its story
before the load. Who wins it nobody chose, the demo neither: the operator's secret is new each time.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from hashlib import sha256
from uuid import UUID

from yitong.cli.demo import draw as choices
from yitong.cli.demo.city import City
from yitong.cli.demo.loading.people import Joined
from yitong.cli.demo.loading.staff import Crew
from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import policies as effective
from yitong.core.lots.seed import promise_of
from yitong.core.lots.terms import Party
from yitong.domains.draws import queries
from yitong.domains.draws.commands import applying, plan, settling, stages
from yitong.domains.draws.contracts import (
    MOST_PATIENTS,
    Apply,
    BeaconState,
    Draw,
    DrawState,
    PromiseSecret,
    RevealSecret,
)
from yitong.domains.draws.ports import beacon
from yitong.domains.hospitals.commands import policies
from yitong.domains.hospitals.contracts.things import ClinicKind, Department, Title
from yitong.domains.hospitals.contracts.writes import SetPolicy
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.hospitals.queries import policy_lines
from yitong.domains.schedule.commands import planning
from yitong.domains.schedule.contracts import HalfDay, NewSession
from yitong.domains.schedule.queries import timetable as schedule

SYSTEM = Actor.system("demo.load")
HOSPITAL, DEPARTMENT = "BJ13", "BJ13-2-50-1"  # 中医科 of the western campus: open to everybody
SECRET = sha256("医通演示：医院的密数".encode()).digest()  # as docs/demo-city.md says: who plays the hospital opens it
SOURCE = "R-017 演示数据"
DECIDED_BEFORE = timedelta(days=40)  # the load
PLANNED_BEFORE = timedelta(days=16)  # a release
CLOSES_BEFORE = timedelta(hours=24)
OPEN_HOURS = 72
RELEASE = time(12)  # at no hour of the roster's own releases: these draws are of their evenings alone
BETWEEN = timedelta(days=2)  # the two releases: one is closed by the load, one for a day at least not yet
DAYS_AHEAD = 7  # of a release
EVENING = (time(17, 30), time(19, 30))
EXPERTS = (Title.CHIEF, Title.ASSOCIATE_CHIEF)  # those whose evenings have a price
DOCTORS = 2
PER_WINDOW = 6
MOST_APPLICANTS = 24
APART = timedelta(minutes=7)


def hold(joined: Sequence[Joined], city: City, crew: Crew, *, now: datetime) -> None:
    """Both draws, each brought to where it belongs: of two doctors' evenings each.

    All follows from the instant of the first load, so that a load that was killed is gone on with, and a later one
    changes nothing.
    """
    hospital_id, admin = crew.hospital_id(HOSPITAL), crew.administrator(HOSPITAL, city)
    department = next(one for one in hospitals.list_departments(hospital_id) if one.code == DEPARTMENT)
    first = _give_by_lot(department, actor=admin, now=now)
    noon = _noon_after(first)
    over = _opened(department, noon, city, actor=admin, now=first)
    _settle(over, joined[1 : 1 + MOST_APPLICANTS], admin)
    coming = _opened(department, noon + BETWEEN, city, actor=admin, now=first)
    if coming.state is DrawState.OPENED and now < coming.closes_at:
        _take_families(coming, joined[:MOST_APPLICANTS], now=first)


def _noon_after(instant: datetime) -> datetime:
    today = clock.shanghai_date(instant)
    noons = (clock.at_shanghai(today + timedelta(days=ahead), RELEASE) for ahead in (0, 1))
    return next(noon for noon in noons if noon > instant)


def _give_by_lot(department: Department, *, actor: Actor, now: datetime) -> datetime:
    """The department decided so a fixed time before the first load, whose instant this gives."""
    at, of = department.hospital_id, department.department_id
    decided = policy_lines.policy_history(actor, hospital_id=at, department_id=of, policy="draws.mode")
    for one in decided:
        if one.source == SOURCE:
            return one.effective_from + DECIDED_BEFORE
    since = now - DECIDED_BEFORE
    for name, value in (
        ("draws.close_minutes", CLOSES_BEFORE // timedelta(minutes=1)),
        ("draws.open_hours", OPEN_HOURS),
        ("draws.mode", "by_lot"),
    ):
        cmd = SetPolicy(name, value, at, of, since, SOURCE, key=f"demo:{name}:{since.isoformat()}")
        policies.set_policy(cmd, actor=actor, now=since)
    return now


def _opened(department: Department, release_at: datetime, city: City, *, actor: Actor, now: datetime) -> Draw:
    """The draw of that release, with the hospital's seal: it takes applications, or did."""
    hospital_id, department_id = department.hospital_id, department.department_id
    planning.import_sessions(hospital_id, _evenings(department, release_at, city, now), actor=actor, now=now)
    plan.plan_draw(hospital_id, department_id, release_at, actor=SYSTEM, now=release_at - PLANNED_BEFORE)
    every = queries.list_draws(hospital_id, department_id=department_id)
    draw = next(one for one in every if one.release_at == release_at)
    if draw.state is DrawState.PLANNED:
        seal = promise_of(Party.HOSPITAL, draw.draw_id, SECRET).hex()
        cmd = PromiseSecret(f"demo:{draw.draw_id}", hospital_id, draw.draw_id, seal)
        plan.promise_secret(cmd, actor=actor, now=draw.opens_at - APART)
        plan.open_draw(hospital_id, draw.draw_id, actor=SYSTEM, now=draw.opens_at)
    return queries.get_draw(hospital_id, draw.draw_id)


def _evenings(department: Department, release_at: datetime, city: City, now: datetime) -> list[NewSession]:
    """One of each of the department's first experts, a week after the release."""
    hospital_id, day = department.hospital_id, clock.shanghai_date(release_at) + timedelta(days=DAYS_AHEAD)
    starts_at, ends_at = (clock.at_shanghai(day, at) for at in EVENING)
    in_force = effective.at(hospital_id, now, department_id=department.department_id)
    windows = schedule.plan_windows(
        starts_at, ends_at, in_force.int("booking.slot_minutes"), PER_WINDOW, in_force, ClinicKind.EXPERT
    )
    doctors = [
        one
        for one in hospitals.list_practitioners(hospital_id)
        if department.department_id in one.department_ids and one.title in EXPERTS
    ]
    return [
        NewSession(
            session_id=choices.identifier(release_at, city.seed, "by lot", one.code),
            campus_id=department.campus_id,
            department_id=department.department_id,
            practitioner_id=one.practitioner_id,
            clinic_kind=ClinicKind.EXPERT,
            title=one.title,
            date=day,
            half_day=HalfDay.NIGHT,
            starts_at=starts_at,
            ends_at=ends_at,
            fee_fen=hospitals.fee_fen(hospital_id, ClinicKind.EXPERT, one.title, day),
            release_at=release_at,
            windows=windows,
        )
        for one in sorted(doctors, key=lambda one: one.code)[:DOCTORS]
    ]


def _settle(draw: Draw, applicants: Sequence[Joined], admin: Actor) -> None:
    """Each holder applies for the same evening, so that some have no luck; then all that follows, in its order.

    What was done before a kill each command knows by itself.
    """
    key = (draw.hospital_id, draw.draw_id)
    if draw.state is DrawState.OPENED:
        for n, one in enumerate(applicants, start=1):
            _apply(draw, one, 1, (draw.sessions[0].session_id,), now=draw.opens_at + n * APART)
    stages.close_draw(*key, actor=SYSTEM, now=draw.closes_at)
    after = draw.beacon_deadline or draw.closes_at
    if draw.beacon_round is not None and queries.get_draw(*key).beacon_state is BeaconState.AWAITED:
        found = beacon.taken().fetch(draw.beacon_round)
        stages.decide_beacon(*key, found, actor=SYSTEM, now=after)
    if queries.get_draw(*key).state is DrawState.CLOSED:
        stages.reveal_secret(RevealSecret(f"demo:{draw.draw_id}", *key, SECRET.hex()), actor=admin, now=after)
    stages.draw_lots(*key, actor=SYSTEM, now=after)
    _serve(key, now=after)
    settling.settle_draw(*key, actor=SYSTEM, now=after)


def _serve(key: tuple[UUID, UUID], *, now: datetime) -> None:
    may_go_on = True
    while may_go_on:
        try:
            may_go_on = settling.serve(*key, actor=SYSTEM, now=now)
        except settling.RefusedAtTurn as stopped:
            settling.note_refusal(*key, stopped.turn, stopped.refusal.code, actor=SYSTEM, now=now)


def _take_families(draw: Draw, applicants: Sequence[Joined], *, now: datetime) -> None:
    """Whole families apply, with their choices in different orders."""
    sessions = [one.session_id for one in draw.sessions]
    for n, one in enumerate(applicants):
        turn = n % len(sessions)
        _apply(draw, one, MOST_PATIENTS, (*sessions[turn:], *sessions[:turn]), now=now)


def _apply(draw: Draw, one: Joined, people: int, session_ids: tuple[UUID, ...], *, now: datetime) -> None:
    cmd = Apply(
        key=f"demo:{draw.draw_id}:{one.account_id}",
        hospital_id=draw.hospital_id,
        draw_id=draw.draw_id,
        patient_ids=tuple(patient_id for patient_id, _ in one.patients[:people]),
        session_ids=session_ids,
    )
    applying.apply(cmd, actor=one.actor, now=now)
