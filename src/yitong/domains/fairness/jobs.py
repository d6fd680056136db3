"""Fairness by the clock. Each job makes commands until nothing is left; a crash between two loses nothing."""

from yitong.core import clock
from yitong.core.db.jobs import periodic
from yitong.domains.fairness.commands import gathering, scoring

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
