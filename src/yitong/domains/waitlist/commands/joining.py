"""Getting into line, and out of it."""

from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events, idempotency, policies
from yitong.core.db.command import command
from yitong.domains.booking.commands import kept as keeping
from yitong.domains.booking.errors import BY_CONSTRAINT
from yitong.domains.people import queries as people
from yitong.domains.schedule import queries as schedule
from yitong.domains.waitlist import errors, models, permissions, rules
from yitong.domains.waitlist.commands import announce
from yitong.domains.waitlist.commands.line import lock_entry, lock_patients, move
from yitong.domains.waitlist.commands.offers import retract
from yitong.domains.waitlist.contracts import Changed, EntryJoined, EntryWithdrawn, Join, WaitState, Withdraw
from yitong.domains.waitlist.states import Move, next_state

CONSTRAINTS = {**BY_CONSTRAINT, "choice_once": errors.AlreadyWaiting}


@command(refusals=CONSTRAINTS)
def join_waitlist(cmd: Join, *, actor: Actor, now: datetime) -> Changed:
    """候补: wait for a slot in any of these sessions, all patients together or none (R-017).

    Each session must be sold out, open to booking and not near its end; each patient one who could book there. What
    was freed there and is on its way back is kept from here on.

    Locks: the patients' limits by id, the sessions by id (FOR UPDATE where nobody waited before). Emits: EntryJoined,
    SlotKept. Refuses: WishUnclear, WaitlistFull, AlreadyWaiting, WaitlistClosed, SlotsLeft, and as `hold_slot` what
    doesn't depend on the slot.
    """
    account_id = permissions.check_can_wait(actor)
    rules.check_wish(cmd, policies.at(None, now))
    patient_ids = lock_patients(cmd.patient_ids)
    once = idempotency.begin(actor, "waitlist.join", cmd)
    if once.answer is not None:
        return again(once.answer)
    _check_room(patient_ids, cmd, now=now)
    entry = models.WaitlistEntry.objects.create(
        account_id=account_id,
        patient_ids=patient_ids,
        hospital_ids=[key.hospital_id for key in cmd.sessions],
        session_ids=[key.session_id for key in cmd.sessions],
        mode=cmd.mode.value,
        is_first_visit=cmd.is_first_visit,
        channel=actor.channel,
        state=next_state(None, Move.JOIN).value,
        live=True,
        joined_at=now,
    )
    for place, _key in sorted(enumerate(cmd.sessions), key=lambda pair: (pair[1].hospital_id, pair[1].session_id)):
        _stand_in_line(entry, place, actor=actor, now=now)
    joined = EntryJoined(
        subject_id=entry.id,
        to_state=entry.state,
        account_id=account_id,
        sessions=tuple(entry.session_ids),
        people=len(patient_ids),
        mode=entry.mode,
    )
    events.append(joined, actor, at=now, shard=f"waitlist:{entry.id}")
    announce.tell_joined(entry, now=now)
    return once.finish(Changed(entry.id, WaitState(entry.state)))


def _check_room(patient_ids: list[UUID], cmd: Join, *, now: datetime) -> None:
    """Under the patients' locks: neither too many places, nor two in one line."""
    most = policies.at(None, now).int("waitlist.entries_per_patient")
    wanted = {key.session_id for key in cmd.sessions}
    for patient_id in patient_ids:
        records = list(people.records_of([patient_id]))
        others = models.WaitlistEntry.objects.filter(live=True, patient_ids__overlap=records)
        lines = list(others.values_list("session_ids", flat=True))
        if any(wanted.intersection(sessions) for sessions in lines):
            raise errors.AlreadyWaiting()
        if len(lines) >= most:
            raise errors.WaitlistFull(n=most)


def _stand_in_line(entry: models.WaitlistEntry, place: int, *, actor: Actor, now: datetime) -> None:
    hospital_id, session_id = entry.hospital_ids[place], entry.session_ids[place]
    session = keeping.await_session(hospital_id, session_id, actor=actor, now=now)
    in_force = policies.at(hospital_id, now, department_id=session.department_id)
    closes = rules.closes_at(schedule.booking_ends_at(session, in_force), in_force)
    if now >= closes:
        raise errors.WaitlistClosed()
    for patient_id in entry.patient_ids:
        keeping.check_may_wait(session, patient_id, is_first_visit=entry.is_first_visit, actor=actor, now=now)
    models.WaitlistChoice.objects.create(
        hospital_id=hospital_id,
        session_id=session_id,
        entry_id=entry.id,
        place=place,
        people=len(entry.patient_ids),
        mode=entry.mode,
        joined_at=now,
        closes_at=closes,
    )


@command()
def withdraw_entry(cmd: Withdraw, *, actor: Actor, now: datetime) -> Changed:
    """No longer wanted. What was promised to it goes on to the next.

    Locks: the entry, the serving of the session that it has an offer in. Emits: EntryWithdrawn. Refuses: EntryMissing,
    StateForbids, KeyReused.
    """
    entry = lock_entry(cmd.entry_id)
    permissions.check_is_own(actor, entry.account_id)
    once = idempotency.begin(actor, "waitlist.withdraw", cmd)
    if once.answer is not None:
        return again(once.answer)
    after = next_state(WaitState(entry.state), Move.WITHDRAW)
    retract(entry, now=now)
    before = move(entry, Move.WITHDRAW, now=now)
    withdrawn = EntryWithdrawn(subject_id=entry.id, from_state=before, to_state=after.value)
    events.append(withdrawn, actor, at=now, shard=f"waitlist:{entry.id}")
    return once.finish(Changed(entry.id, after))


def again(answer: dict[str, object]) -> Changed:
    """The first answer."""
    hospital_id, bookings = answer["hospital_id"], answer["bookings"]
    assert isinstance(bookings, list)
    return Changed(
        UUID(str(answer["entry_id"])),
        WaitState(str(answer["state"])),
        UUID(str(hospital_id)) if hospital_id else None,
        tuple(UUID(one) for one in bookings),
    )
