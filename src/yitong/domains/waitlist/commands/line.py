"""The line of one session as it stands, and the locks under which somebody is served in it.

Locks, whoever serves, joins or answers: the patients' limits by id, the entry, the session (share), the session's
serving (`booking.AwaitedSession`), slots. Rows of an entry change under the entry's lock, promises of kept slots under
that of the serving.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from yitong.core.actor import Actor
from yitong.core.db import policies
from yitong.core.policy.values import Policies
from yitong.domains.booking.contracts import Kept
from yitong.domains.people import queries as people
from yitong.domains.people.commands import limits
from yitong.domains.schedule.contracts import Session, SessionState
from yitong.domains.schedule.queries import timetable as schedule
from yitong.domains.waitlist import errors, models, rules
from yitong.domains.waitlist.contracts import CloseReason, Mode, PassReason, WaitState
from yitong.domains.waitlist.states import Move, next_state


@dataclass(frozen=True, slots=True)
class LineNow:
    """A session's line and what is kept for it, read at once."""

    session: Session
    closes_at: datetime
    policies: Policies
    kept: tuple[Kept, ...]
    line: tuple[rules.InLine, ...]
    entries: dict[UUID, models.WaitlistEntry]
    offers: dict[UUID, models.WaitlistOffer]  # live ones of this session, by entry

    @property
    def free(self) -> list[Kept]:
        return [one for one in self.kept if one.promised_id is None]

    def promised(self, offer: models.WaitlistOffer) -> list[Kept]:
        return sorted((one for one in self.kept if one.promised_id == offer.id), key=lambda one: one.number)


def read_line(session: Session, kept: Sequence[Kept], *, now: datetime) -> LineNow:
    """Past the last moment nobody is in line."""
    hospital_id, session_id = session.hospital_id, session.session_id
    in_force = policies.at(hospital_id, now, department_id=session.department_id)
    closes = rules.closes_at(schedule.booking_ends_at(session, in_force), in_force)
    choices = models.WaitlistChoice.objects.filter(hospital_id=hospital_id, session_id=session_id, live=True)
    rows = list(choices.order_by("joined_at", "entry_id")) if now < closes else []
    entries = models.WaitlistEntry.objects.in_bulk([row.entry_id for row in rows])
    offers = models.WaitlistOffer.objects.filter(hospital_id=hospital_id, session_id=session_id, live=True)
    by_entry = {offer.entry_id: offer for offer in offers}
    passed: dict[UUID, set[UUID]] = {}
    for kept_id, entry_id in models.WaitlistPassed.objects.filter(
        hospital_id=hospital_id, kept_id__in=[one.kept_id for one in kept]
    ).values_list("kept_id", "entry_id"):
        passed.setdefault(entry_id, set()).add(kept_id)
    promised = Counter(one.promised_id for one in kept)
    line = tuple(
        _in_line(entries[row.entry_id], by_entry.get(row.entry_id), promised, frozenset(passed.get(row.entry_id, ())))
        for row in rows
        if entries[row.entry_id].live
    )
    return LineNow(session, closes, in_force, tuple(kept), line, entries, by_entry)


def _in_line(
    entry: models.WaitlistEntry,
    offer: models.WaitlistOffer | None,
    promised: Counter[UUID | None],
    passed: frozenset[UUID],
) -> rules.InLine:
    gathers_here = offer is not None and entry.state == WaitState.GATHERING
    return rules.InLine(
        entry_id=entry.id,
        people=len(entry.patient_ids),
        mode=Mode(entry.mode),
        is_busy=entry.state != WaitState.WAITING and not gathers_here,
        gathered=promised[offer.id] if offer is not None and gathers_here else 0,
        passed=passed,
    )


def turn_in(seen: LineNow, *, now: datetime) -> rules.Turn | rules.LetGo | rules.Hold:
    """What is to be done in this line. Between two times of booking, or a stop's word and its deed, nothing."""
    session = seen.session
    is_shut = session.state is SessionState.STOPPED or session.stops_at is not None
    if not seen.free or is_shut or (now < seen.closes_at and not schedule.is_open(session, now, seen.policies)):
        return rules.Hold()
    waited = set(
        models.WaitlistPassed.objects.filter(
            hospital_id=session.hospital_id,
            kept_id__in=[one.kept_id for one in seen.free],
            reason=PassReason.GATHERED,
        ).values_list("kept_id", flat=True)
    )
    free = [rules.Free(one.kept_id, is_fresh=one.kept_id not in waited) for one in seen.free]
    return rules.next_turn(free, seen.line)


# -- locks ---------------------------------------------------------------------------------------------------------


def lock_patients(patient_ids: Collection[UUID]) -> list[UUID]:
    """The limits of these patients, or of those whom their records were merged into (R-102), by id. Gives the ids that
    count now, in the order given."""
    survivors = [people.survivor_of(patient_id) for patient_id in patient_ids]
    counted = {one: limits.lock_limits(one).patient_id for one in sorted(set(survivors))}
    return [counted[one] for one in survivors]


def lock_entry(entry_id: UUID) -> models.WaitlistEntry:
    """Refuses EntryMissing."""
    rows = list(models.WaitlistEntry.objects.select_for_update(of=("self",)).filter(id=entry_id).order_by("pk"))
    if not rows:
        raise errors.EntryMissing()
    return rows[0]


def stand_still(entries: Collection[models.WaitlistEntry]) -> bool:
    """Whether none of these changes at this moment, nor has since it was read; they are shared from here on. Waits for
    nobody, so it may come after any other lock."""
    if not entries:
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, state FROM waitlist_entry WHERE id = ANY(%s) ORDER BY id FOR SHARE SKIP LOCKED",
            [[entry.id for entry in entries]],
        )
        states = dict(cursor.fetchall())
    return all(states.get(entry.id) == entry.state for entry in entries)


# -- what becomes of an entry --------------------------------------------------------------------------------------


def move(entry: models.WaitlistEntry, step: Move, *, now: datetime, **also: object) -> str:
    """Writes an entry's next state; one that ended leaves every line. Gives the state before."""
    before = entry.state
    after = next_state(WaitState(before), step)
    entry.state = after.value
    for name, value in also.items():
        setattr(entry, name, value)
    fields = ["state", *also]
    if step in ENDING:
        entry.live, entry.ended_at = False, now
        fields += ["live", "ended_at"]
    entry.save(update_fields=fields)
    if step in ENDING:
        leave_lines(entry, CloseReason.ENDED, now=now)
    return before


ENDING = (Move.BOOK, Move.DECLINE_LAST, Move.LAPSE_LAST, Move.WITHDRAW, Move.CLOSE)


def leave_lines(entry: models.WaitlistEntry, reason: CloseReason, *, now: datetime) -> None:
    for hospital_id in dict.fromkeys(entry.hospital_ids):
        models.WaitlistChoice.objects.filter(hospital_id=hospital_id, entry_id=entry.id, live=True).update(
            live=False, ended_at=now, end_reason=reason.value
        )


def actor_of(entry: models.WaitlistEntry) -> Actor:
    """Who waits acts, as he asked to; the trace tells that it was the line that served him."""
    return Actor.for_account(entry.account_id, channel=entry.channel, trace_id=f"wait:{entry.id.hex}")


def shard_of(session_id: UUID) -> str:
    return f"session:{session_id}"
