"""When waiting ends by itself: the last moment of a session, its stop, a patient or an account that is gone.

Each function is one command, or finds what is due for one; jobs and handlers make the calls.
"""

from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.db.command import command
from yitong.core.db.scale import cross_hospital
from yitong.domains.booking.commands import kept as keeping
from yitong.domains.booking.queries import keeping as bookings
from yitong.domains.people import queries as people
from yitong.domains.waitlist import models
from yitong.domains.waitlist.commands import announce
from yitong.domains.waitlist.commands.line import lock_entry, move, shard_of
from yitong.domains.waitlist.commands.offers import find_live, retract
from yitong.domains.waitlist.contracts import LIVE, ChoiceClosed, CloseReason, EntryClosed, WaitState
from yitong.domains.waitlist.states import Move

SYSTEM = Actor.system("waitlist.close")
PAGE = 200


def due_choices(now: datetime) -> list[tuple[UUID, UUID]]:
    """(hospital, choice) of those whose last moment has passed, a page."""
    with cross_hospital("sweep of lines that close"):
        rows = models.WaitlistChoice.objects.filter(live=True, closes_at__lte=now).order_by("closes_at")
        return list(rows.values_list("hospital_id", "id")[:PAGE])


def choices_of_session(hospital_id: UUID, session_id: UUID) -> list[UUID]:
    rows = models.WaitlistChoice.objects.filter(hospital_id=hospital_id, session_id=session_id, live=True)
    return list(rows.order_by("joined_at", "entry_id").values_list("id", flat=True))


@command()
def close_choice(hospital_id: UUID, choice_id: UUID, reason: CloseReason, *, now: datetime) -> bool:
    """An entry waits for this session no longer; where it was its last, the entry ends. Gives whether this call did it.

    Locks: the entry, the serving of the session where it has an offer in it. Emits: ChoiceClosed.
    """
    entry_id = models.WaitlistChoice.objects.get(hospital_id=hospital_id, id=choice_id).entry_id
    entry = lock_entry(entry_id)
    choice = models.WaitlistChoice.objects.get(hospital_id=hospital_id, id=choice_id)
    if not choice.live:
        return False
    before = entry.state
    offer = find_live(entry)
    if offer is not None and offer.session_id == choice.session_id:
        retract(entry, now=now)
        move(entry, Move.RETRACT, now=now)
    choice.live, choice.ended_at, choice.end_reason = False, now, reason.value
    choice.save(update_fields=["live", "ended_at", "end_reason"])
    if not _waits_anywhere(entry):
        move(entry, Move.CLOSE, now=now, end_reason=reason.value)
    event = ChoiceClosed(
        hospital_id=hospital_id,
        subject_id=entry.id,
        from_state=before,
        to_state=entry.state,
        session_id=choice.session_id,
        reason=reason.value,
    )
    event_id = events.append(event, SYSTEM, at=now, shard=shard_of(choice.session_id))
    if entry.state == WaitState.CLOSED:
        announce.tell_closed(entry, reason, event_id, now=now)
    return True


def _waits_anywhere(entry: models.WaitlistEntry) -> bool:
    return any(
        models.WaitlistChoice.objects.filter(hospital_id=hospital_id, entry_id=entry.id, live=True).exists()
        for hospital_id in dict.fromkeys(entry.hospital_ids)
    )


@command()
def end_kept_of_stopped(hospital_id: UUID, session_id: UUID, *, now: datetime) -> None:
    """Locks: the session (share), its serving."""
    keeping.lock_awaited(hospital_id, session_id)
    keeping.end_kept_of_stopped(hospital_id, session_id, now=now)


def entries_of(account_id: UUID, patient_id: UUID | None = None) -> list[UUID]:
    """The live entries of an account, or those of them that are for this patient."""
    rows = models.WaitlistEntry.objects.filter(account_id=account_id, state__in=LIVE)
    if patient_id is not None:
        rows = rows.filter(patient_ids__overlap=list(people.records_of([patient_id])))
    return list(rows.order_by("id").values_list("id", flat=True))


@command()
def close_entry(entry_id: UUID, reason: CloseReason, *, now: datetime) -> bool:
    """Locks: the entry, the serving of the session that it has an offer in. Emits: EntryClosed."""
    entry = lock_entry(entry_id)
    if not entry.live:
        return False
    retract(entry, now=now)
    before = move(entry, Move.CLOSE, now=now, end_reason=reason.value)
    event = EntryClosed(subject_id=entry.id, from_state=before, to_state=entry.state, reason=reason.value)
    event_id = events.append(event, SYSTEM, at=now, shard=f"waitlist:{entry.id}")
    announce.tell_closed(entry, reason, event_id, now=now)
    return True


def idle_sessions(hospital_id: UUID) -> list[UUID]:
    """Awaited sessions in whose line nobody stands any more."""
    awaited = bookings.awaited_sessions(hospital_id)
    waited = models.WaitlistChoice.objects.filter(hospital_id=hospital_id, session_id__in=awaited, live=True)
    return sorted(set(awaited) - set(waited.values_list("session_id", flat=True)))


@command()
def leave_session(hospital_id: UUID, session_id: UUID, *, now: datetime) -> bool:
    """What is freed there returns to all at once again (R-017). Returns whether nobody waits indeed.

    Locks: the session FOR UPDATE: whoever joins meanwhile waits, or is seen.
    """
    keeping.lock_to_leave(hospital_id, session_id)
    waits = models.WaitlistChoice.objects.filter(hospital_id=hospital_id, session_id=session_id, live=True).exists()
    if waits or bookings.list_kept(hospital_id, session_id):
        return False
    keeping.stop_awaiting(hospital_id, session_id, now=now)
    return True
