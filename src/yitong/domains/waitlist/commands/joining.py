"""Getting into line, and out of it."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from yitong.core.actor import Actor
from yitong.core.db import events, idempotency, policies
from yitong.core.db.command import command
from yitong.domains.booking.commands import kept as keeping
from yitong.domains.booking.errors import BY_CONSTRAINT
from yitong.domains.people import queries as people
from yitong.domains.schedule.queries import timetable as schedule
from yitong.domains.waitlist import errors, models, permissions, rules
from yitong.domains.waitlist.commands import announce
from yitong.domains.waitlist.commands.line import lock_entry, lock_patients, move
from yitong.domains.waitlist.commands.offers import keep_consents, retract
from yitong.domains.waitlist.contracts import (
    Changed,
    ChangeEntry,
    CloseReason,
    EntryAltered,
    EntryJoined,
    EntryWithdrawn,
    Join,
    SessionKey,
    WaitState,
    Withdraw,
)
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
    rules.check_wish(cmd.patient_ids, cmd.sessions, policies.at(None, now))
    patient_ids = lock_patients(cmd.patient_ids)
    once = idempotency.begin(actor, "waitlist.join", cmd)
    if once.answer is not None:
        return again(once.answer)
    _check_room(patient_ids, cmd.sessions, now=now)
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
    keep_consents(entry, cmd.said, actor=actor, now=now)
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


@command(refusals=CONSTRAINTS)
def change_entry(cmd: ChangeEntry, *, actor: Actor, now: datetime) -> Changed:
    """Other sessions, another order of them or another mode, while nothing is promised to the entry. It keeps its place
    in the lines where it stays, and stands at the end of those that are new, as whoever joins them now.

    Locks: the patients' limits by id, the entry, the new sessions by id (as on joining). Emits: EntryAltered, SlotKept.
    Refuses: EntryMissing, StateForbids, WishUnclear, AlreadyWaiting, KeyReused; for the new sessions as joining does.
    """
    account_id = permissions.check_can_wait(actor)
    own = models.WaitlistEntry.objects.filter(id=cmd.entry_id, account_id=account_id)
    found = list(own.values_list("patient_ids", flat=True))
    if not found:
        raise errors.EntryMissing()
    patient_ids = lock_patients(found[0])
    entry = lock_entry(cmd.entry_id)
    once = idempotency.begin(actor, "waitlist.change_entry", cmd)
    if once.answer is not None:
        return again(once.answer)
    rules.check_wish(patient_ids, cmd.sessions, policies.at(None, now))
    after = next_state(WaitState(entry.state), Move.CHANGE)
    stands = _live_lines(entry)
    new = [key for key in cmd.sessions if key not in stands]
    _check_room(patient_ids, new, now=now, but=entry.id)
    for key in stands - set(cmd.sessions):
        _line_of(entry, key).update(live=False, ended_at=now, end_reason=CloseReason.DROPPED.value)
    entry.hospital_ids = [key.hospital_id for key in cmd.sessions]
    entry.session_ids = [key.session_id for key in cmd.sessions]
    entry.mode = cmd.mode.value
    entry.save(update_fields=["hospital_ids", "session_ids", "mode"])
    for place, key in enumerate(cmd.sessions):
        if key in stands:
            _line_of(entry, key).update(place=place, mode=entry.mode)
    for key in sorted(new, key=lambda one: (one.hospital_id, one.session_id)):
        _stand_in_line(entry, cmd.sessions.index(key), actor=actor, now=now)
    keep_consents(entry, cmd.said, actor=actor, now=now)
    altered = EntryAltered(
        subject_id=entry.id, to_state=after.value, sessions=tuple(entry.session_ids), mode=entry.mode
    )
    events.append(altered, actor, at=now, shard=f"waitlist:{entry.id}")
    return once.finish(Changed(entry.id, after))


def _live_lines(entry: models.WaitlistEntry) -> set[SessionKey]:
    """Those that it stands in: some of its sessions may be over, or stopped."""
    found: set[SessionKey] = set()
    for hospital_id in dict.fromkeys(entry.hospital_ids):
        rows = models.WaitlistChoice.objects.filter(hospital_id=hospital_id, entry_id=entry.id, live=True)
        found |= {SessionKey(hospital_id, session_id) for session_id in rows.values_list("session_id", flat=True)}
    return found


def _line_of(entry: models.WaitlistEntry, key: SessionKey) -> QuerySet[models.WaitlistChoice]:
    return models.WaitlistChoice.objects.filter(
        hospital_id=key.hospital_id, session_id=key.session_id, entry_id=entry.id
    )


def _check_room(
    patient_ids: Collection[UUID], sessions: Collection[SessionKey], *, now: datetime, but: UUID | None = None
) -> None:
    """Under the patients' locks: neither too many places, nor two in one line. `but`: an entry that has its place."""
    most = policies.at(None, now).int("waitlist.entries_per_patient")
    wanted = {key.session_id for key in sessions}
    for patient_id in patient_ids:
        records = list(people.records_of([patient_id]))
        others = models.WaitlistEntry.objects.filter(live=True, patient_ids__overlap=records)
        if but is not None:
            others = others.exclude(id=but)
        lines = list(others.values_list("session_ids", flat=True))
        if any(wanted.intersection(sessions) for sessions in lines):
            raise errors.AlreadyWaiting()
        if but is None and len(lines) >= most:
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
    line = {
        "place": place,
        "people": len(entry.patient_ids),
        "mode": entry.mode,
        "joined_at": now,
        "closes_at": closes,
    }
    key = SessionKey(hospital_id, session_id)
    if not _line_of(entry, key).update(live=True, ended_at=None, end_reason=None, **line):  # it stood there before
        models.WaitlistChoice.objects.create(hospital_id=hospital_id, session_id=session_id, entry_id=entry.id, **line)


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
