"""Booking by the clock. A job finds what is due and makes one command of each; a crash between two loses nothing."""

import structlog

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db.jobs import periodic
from yitong.core.db.sweeps import swept
from yitong.core.errors import Refusal
from yitong.domains.booking.commands import lines, sweep
from yitong.domains.hospitals.queries import directory as hospitals

log = structlog.get_logger()


@swept(every_s=5)
def expire_holds(timestamp: int) -> int:
    """Every five seconds: holds that have run out (R-018)."""
    actor, done = Actor.system("booking.expire_holds"), 0
    for hospital_id, booking_id in sweep.due_holds(clock.now()):
        try:
            done += sweep.expire_hold(hospital_id, booking_id, actor=actor, now=clock.now())
        except Refusal as refusal:  # somebody holds its lock: the next turn takes it
            log.info("booking.expire_later", booking_id=str(booking_id), code=refusal.code)
    return done


@periodic("*/5 * * * *")
def mark_no_shows(timestamp: int) -> int:
    """Every five minutes: confirmed bookings that nobody picked up (R-008)."""
    actor, done = Actor.system("booking.mark_no_shows"), 0
    for hospital_id, booking_id in sweep.due_no_shows(clock.now()):
        try:
            done += sweep.mark_missed(hospital_id, booking_id, actor=actor, now=clock.now())
        except Refusal as refusal:
            log.info("booking.miss_later", booking_id=str(booking_id), code=refusal.code)
    return done


@periodic("17 3 * * *")
def close_codes(timestamp: int) -> int:
    """Each night: codes whose life is over (R-019)."""
    return sum(sweep.close_codes(hospital.hospital_id, now=clock.now()) for hospital in hospitals.list_hospitals())


@periodic("23 * * * *")
def close_lines(timestamp: int) -> int:
    """Each hour: lines that are over tell how their lots were drawn (R-017)."""
    actor, done = Actor.system("booking.close_lines"), 0
    for hospital_id, line_id in lines.due_lines(clock.now()):
        done += lines.close_line(hospital_id, line_id, actor=actor, now=clock.now())
    return done


@periodic("41 3 * * *")
def forget_places(timestamp: int) -> int:
    """Each night: who stood where a month ago."""
    return sum(lines.forget_places(hospital.hospital_id, now=clock.now()) for hospital in hospitals.list_hospitals())
