"""Waitlist by the clock. What an event should have begun and a crash cut off, a sweep finds; nothing is stranded."""

import structlog

from yitong.core import clock
from yitong.core.db.jobs import periodic
from yitong.core.db.sweeps import swept
from yitong.core.errors import Refusal
from yitong.domains.booking.queries import keeping
from yitong.domains.hospitals.queries import directory as hospitals
from yitong.domains.waitlist.commands import answering, closing, serving
from yitong.domains.waitlist.contracts import CloseReason

log = structlog.get_logger()


@swept(every_s=5)
def end_offers(timestamp: int) -> int:
    """Every five seconds: offers and gatherings whose clock has run out; their slots go to the next at once."""
    done = 0
    for hospital_id, offer_id in answering.due_offers(clock.now()):
        try:
            session_id = answering.end_offer(hospital_id, offer_id, now=clock.now())
        except Refusal as refusal:  # somebody holds its lock: the next turn takes it
            log.info("waitlist.lapse_later", offer_id=str(offer_id), code=refusal.code)
            continue
        if session_id is not None:
            done += 1
            serving.serve_session(hospital_id, session_id, now=clock.now())
    return done


@swept(every_s=10)
def serve_kept(timestamp: int) -> int:
    """Every ten seconds: kept slots that are nobody's yet, whatever became of their event."""
    return sum(
        serving.serve_session(hospital_id, session_id, now=clock.now())
        for hospital_id, session_id in keeping.sessions_with_kept()
    )


@periodic("* * * * *")
def close_choices(timestamp: int) -> int:
    """Every minute: places in line whose last moment has passed."""
    done = 0
    while due := closing.due_choices(clock.now()):
        before = done
        for hospital_id, choice_id in due:
            try:
                done += closing.close_choice(hospital_id, choice_id, CloseReason.OVER, now=clock.now())
            except Refusal as refusal:
                log.info("waitlist.close_later", choice_id=str(choice_id), code=refusal.code)
        if done == before:
            break  # all of them are locked: the next turn
    return done


@periodic("*/5 * * * *")
def leave_sessions(timestamp: int) -> int:
    """Every five minutes: sessions that nobody waits for any more."""
    done = 0
    for hospital in hospitals.list_hospitals():
        for session_id in closing.idle_sessions(hospital.hospital_id):
            try:
                done += closing.leave_session(hospital.hospital_id, session_id, now=clock.now())
            except Refusal as refusal:
                log.info("waitlist.leave_later", session_id=str(session_id), code=refusal.code)
    return done
