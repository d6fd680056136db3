"""Fairness by the clock. Each job makes commands until nothing is left; a crash between two loses nothing."""

import structlog

from yitong.core import clock
from yitong.core.db.jobs import periodic
from yitong.domains.fairness.commands import alarming, gathering, scoring

log = structlog.get_logger("yitong.fairness")

TURNS = 500  # commands in one turn, at the most: the next minute goes on


@periodic("* * * * *", queue="fairness")
def score(timestamp: int) -> int:
    """Every minute: what was booked and undone, and what it means. Returns how many scores were computed."""
    for _ in range(TURNS):
        if gathering.gather(now=clock.now()) < gathering.MOST:
            break
    done = 0
    for _ in range(TURNS):
        done += (computed := scoring.score_stale(now=clock.now()))
        if computed < scoring.MOST:
            break
    return done


@periodic("41 3 * * *", queue="fairness")
def fade(timestamp: int) -> int:
    """Each night: points lose a day."""
    return scoring.fade(now=clock.now())


@periodic("7 4 * * *", queue="fairness")
def measure(timestamp: int) -> int:
    """Each night: whether somebody did worse than all others in the last whole week. Returns how many are new."""
    raised = alarming.raise_alarms(now=clock.now())
    for one in raised:
        log.error("fairness.alarm", group=one.group.value, name=one.name, start=one.start.isoformat())
    return len(raised)
