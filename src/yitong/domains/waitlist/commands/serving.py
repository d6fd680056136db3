"""Giving kept slots to whoever is next.

One turn is one command. Who asks for it says what he saw; under the locks the line is read once more, and a turn that
would be another by now is not taken.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import structlog

from yitong.core.actor import Actor
from yitong.core.db.command import command
from yitong.core.errors import Busy, Refusal
from yitong.domains.booking.commands import kept as keeping
from yitong.domains.booking.contracts import Kept
from yitong.domains.booking.errors import BY_CONSTRAINT
from yitong.domains.booking.queries import keeping as bookings
from yitong.domains.schedule.queries import timetable as schedule
from yitong.domains.waitlist import models, rules
from yitong.domains.waitlist.commands import offers
from yitong.domains.waitlist.commands.line import (
    LineNow,
    actor_of,
    lock_entry,
    lock_patients,
    read_line,
    stand_still,
    turn_in,
)
from yitong.domains.waitlist.contracts import Mode, WaitState
from yitong.domains.waitlist.states import Move, OfferMove

log = structlog.get_logger()

SYSTEM = Actor.system("waitlist.serve")
MOST_TURNS = 500  # of one call: what is left then, the next sweep finds
MOST_MISSES = 3  # turns in a row that had become another one


class Served(StrEnum):
    DONE = "done"
    ANOTHER = "another"  # the world moved: look again


def serve_session(hospital_id: UUID, session_id: UUID, *, now: datetime) -> int:
    """Turn after turn, until nothing is left to do in this session. Returns how many were taken. No command itself: it
    finds what is next and makes one command of each."""
    taken = misses = 0
    while taken < MOST_TURNS and misses < MOST_MISSES:
        turn = find_turn(hospital_id, session_id, now=now)
        if isinstance(turn, rules.Hold):
            break
        try:
            served = take_turn(hospital_id, session_id, turn, now=now)
        except Busy:
            log.info("waitlist.serve_later", session_id=str(session_id))
            break
        except Refusal as refusal:  # a constraint said so, or the account's counts: the rules had not seen it yet
            assert isinstance(turn, rules.Turn)
            served = pass_turn(hospital_id, session_id, turn, refusal.code, now=now)
        taken, misses = (taken + 1, 0) if served is Served.DONE else (taken, misses + 1)
    return taken


def find_turn(hospital_id: UUID, session_id: UUID, *, now: datetime) -> rules.Turn | rules.LetGo | rules.Hold:
    """What is next in this line, read without locks."""
    kept = bookings.list_kept(hospital_id, session_id)
    if not kept:
        return rules.Hold()
    return turn_in(read_line(schedule.get_session(hospital_id, session_id), kept, now=now), now=now)


@command(refusals=BY_CONSTRAINT)
def take_turn(hospital_id: UUID, session_id: UUID, turn: rules.Turn | rules.LetGo, *, now: datetime) -> Served:
    """Gives kept slots to the next in line: books them, offers them, gathers them for a family, passes them on where a
    rule refuses; or lets them go where nobody is left.

    Locks: the patients' limits by id, the entry, the session (share), its serving, the account. Emits: EntryBooked,
    OfferMade, SlotsGathered, EntryPassed or SlotLetGo. Refuses: as `hold_slot`, where it was refused while it wrote.
    """
    if isinstance(turn, rules.LetGo):
        return _let_go(hospital_id, session_id, turn, now=now)
    patient_ids = lock_patients(models.WaitlistEntry.objects.get(id=turn.entry_id).patient_ids)
    entry = lock_entry(turn.entry_id)
    seen = _seen_again(hospital_id, session_id, turn, now=now)
    if seen is None:
        return Served.ANOTHER
    actor = actor_of(entry)
    got = _slots_of(seen, turn)
    offer = seen.offers.get(entry.id)
    slots = sorted([*(seen.promised(offer) if offer else []), *got], key=lambda one: one.number)
    refused = offers.find_refusal(seen, entry, patient_ids, slots, actor=actor, now=now)
    if refused is not None:
        step = (Move.SCATTER, OfferMove.REFUSE) if entry.state == WaitState.GATHERING else None
        offers.pass_by(seen, entry, slots, refused, step=step, actor=SYSTEM, now=now)
    elif not turn.is_whole:
        offers.gather(seen, entry, got, actor=SYSTEM, now=now)
    elif entry.mode == Mode.ASK:
        offers.offer_slots(seen, entry, slots, actor=SYSTEM, now=now)
    else:
        offers.book(seen, entry, patient_ids, slots, actor=actor, now=now)
    return Served.DONE


@command()
def pass_turn(hospital_id: UUID, session_id: UUID, turn: rules.Turn, reason: str, *, now: datetime) -> Served:
    """The turn was refused while it was written: it goes to the next. Locks: as `take_turn`. Emits: EntryPassed."""
    entry = lock_entry(turn.entry_id)
    seen = _seen_again(hospital_id, session_id, turn, now=now)
    if seen is None:
        return Served.ANOTHER
    offer = seen.offers.get(entry.id)
    slots = [*(seen.promised(offer) if offer else []), *_slots_of(seen, turn)]
    step = (Move.SCATTER, OfferMove.REFUSE) if entry.state == WaitState.GATHERING else None
    offers.pass_by(seen, entry, slots, reason, step=step, actor=SYSTEM, now=now)
    return Served.DONE


def _let_go(hospital_id: UUID, session_id: UUID, turn: rules.LetGo, *, now: datetime) -> Served:
    seen = _seen_again(hospital_id, session_id, turn, now=now)
    if seen is None:
        return Served.ANOTHER
    keeping.let_go(seen.session, _slots_of(seen, turn), actor=SYSTEM, now=now)
    return Served.DONE


def _seen_again(
    hospital_id: UUID, session_id: UUID, turn: rules.Turn | rules.LetGo, *, now: datetime
) -> LineNow | None:
    """The line under its lock, where the turn is still the same and nobody who stands before it changes now."""
    awaited = keeping.lock_awaited(hospital_id, session_id)
    seen = read_line(awaited.session, awaited.kept, now=now)
    if turn_in(seen, now=now) != turn:
        return None
    before: list[models.WaitlistEntry] = []
    for one in seen.line:
        if isinstance(turn, rules.Turn) and one.entry_id == turn.entry_id:
            break
        before.append(seen.entries[one.entry_id])
    return seen if stand_still(before) else None


def _slots_of(seen: LineNow, turn: rules.Turn | rules.LetGo) -> list[Kept]:
    return [one for one in seen.kept if one.kept_id in turn.kept_ids]
