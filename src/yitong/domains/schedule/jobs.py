"""Work by the clock: releases, flow-back, decided stops, and the days to come. Each sweeps hospital by hospital."""

from datetime import timedelta

import structlog

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.db.jobs import periodic
from yitong.core.db.sweeps import swept
from yitong.core.errors import Refusal
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.schedule.commands import planning, sessions, stoppages
from yitong.domains.schedule.contracts import GenerateSessions
from yitong.domains.schedule.rules import roster

ROUNDS = 50  # of 200 sessions each, for one hospital in one run

log = structlog.get_logger()


@periodic("* * * * *", queue="schedule")
def release_sessions(timestamp: int) -> None:
    """R-002. A minute late at most; claims don't wait for it."""
    actor = Actor.system("schedule.release")
    for hospital in hospitals.list_hospitals():
        for _ in range(ROUNDS):
            if sessions.release_due(hospital.hospital_id, actor=actor, now=clock.now()) < sessions.BATCH:
                break


@periodic("*/5 * * * *", queue="schedule")
def return_referrals(timestamp: int) -> None:
    """R-012: unused referral slots flow back."""
    actor = Actor.system("schedule.return_referrals")
    for hospital in hospitals.list_hospitals():
        for _ in range(ROUNDS):
            if sessions.return_referrals(hospital.hospital_id, actor=actor, now=clock.now()) < sessions.BATCH:
                break


@swept(every_s=5)
def carry_out_stops(timestamp: int) -> int:
    """Every five seconds: stops whose undo window is over (R-016), each session by a command of its own. A crash
    between two loses nothing: what is due still says so."""
    actor, done = Actor.system("schedule.carry_out_stops"), 0
    for hospital_id, session_id in stoppages.due_stops(clock.now()):
        try:
            done += stoppages.carry_out_stop(hospital_id, session_id, actor=actor, now=clock.now())
        except Refusal as refusal:  # a claim holds its lock: the next turn takes it
            log.info("schedule.stop_later", session_id=str(session_id), code=refusal.code)
    return done


@periodic("10 * * * *", queue="schedule")
def generate_days(timestamp: int) -> None:
    """Makes the sessions of the coming days; each hour, so that a missed night is made good. The key names the turn,
    so a turn that comes twice does nothing more."""
    actor = Actor.system("schedule.generate")
    for hospital in hospitals.list_hospitals():
        now = clock.now()
        today = clock.shanghai_date(now)
        cmd = GenerateSessions(
            key=f"{hospital.hospital_id}:{timestamp}",
            hospital_id=hospital.hospital_id,
            from_date=today + timedelta(days=1),
            until_date=today + timedelta(days=roster.days_ahead(policies.at(hospital.hospital_id, now))),
        )
        try:
            made = planning.generate_sessions(cmd, actor=actor, now=now)
        except Refusal as refusal:
            log.warning("schedule.not_generated", hospital_id=str(hospital.hospital_id), code=refusal.code)
        else:
            if made.clashed:
                log.warning("schedule.sittings_clash", hospital_id=str(hospital.hospital_id), n=made.clashed)
            for kind, title, n in made.unpriced:
                log.warning(
                    "schedule.sittings_unpriced", hospital_id=str(hospital.hospital_id), kind=kind, title=title, n=n
                )
