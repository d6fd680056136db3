"""From the events of bookings to acts of accounts. Many events in one command, a while after they happened: whoever
books waits for nothing of this."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from yitong.core.db import events
from yitong.core.db.command import command
from yitong.core.events import Event
from yitong.domains.booking.contracts import (
    BookingCancelled,
    BookingConfirmed,
    BookingEvent,
    BookingMoved,
    HoldExpired,
    SlotHeld,
)
from yitong.domains.booking.queries import bookings
from yitong.domains.fairness import models
from yitong.domains.fairness.contracts import ActKind
from yitong.domains.fairness.rules.signals import LONGEST_DAYS
from yitong.domains.people import queries as people
from yitong.domains.schedule.queries import timetable as schedule

ACTS = "acts"
MOST = 2_000  # events in one command
SETTLED = timedelta(minutes=2)  # longer than any command may take: nothing older becomes visible
BEGINNING = (datetime(2000, 1, 1, tzinfo=UTC), UUID(int=0))
KINDS: Mapping[type[BookingEvent], ActKind] = {
    SlotHeld: ActKind.BOOKED,
    BookingConfirmed: ActKind.BOOKED,
    BookingCancelled: ActKind.CANCELLED,
    HoldExpired: ActKind.EXPIRED,
    BookingMoved: ActKind.MOVED,
}
BY_OPERATION = {event.operation: event for event in KINDS}


@command()
def gather(*, now: datetime, settled: timedelta = SETTLED) -> int:
    """Take the next events of bookings over as acts, and mark the scores that they may change. Returns how many events
    were read; there may be more where it is `MOST`.

    Locks: Gathered, so that one at a time gathers.
    """
    models.Gathered.objects.bulk_create(
        [models.Gathered(name=ACTS, recorded_at=BEGINNING[0], event_id=BEGINNING[1])], ignore_conflicts=True
    )
    mark = models.Gathered.objects.select_for_update(of=("self",)).get(name=ACTS)
    rows = events.recorded_after((mark.recorded_at, mark.event_id), BY_OPERATION, settled=settled, most=MOST)
    if not rows:
        return 0
    read = [(events.read(row, BY_OPERATION[row.operation]), events.meta(row)) for row in rows]
    acts = _acts([(event, meta, account_id) for event, meta in read if (account_id := _who(event, meta)) is not None])
    models.Act.objects.bulk_create(acts, ignore_conflicts=True)
    mark_stale({act.account_id for act in acts}, now)
    models.Gathered.objects.filter(name=ACTS).update(recorded_at=rows[-1].recorded_at, event_id=rows[-1].id)
    return len(rows)


def mark_stale(account_ids: Collection[UUID], now: datetime) -> None:
    """These accounts' scores are to be computed anew, and those of accounts on the same devices, whose slots they may
    have taken over. Joins."""
    met = people.mates_by_device(account_ids, since=now - timedelta(days=LONGEST_DAYS))
    touched = sorted({*account_ids, *(mate.account_id for mates in met.values() for mate in mates)})
    models.Score.objects.bulk_create(
        [models.Score(account_id=account_id) for account_id in touched],
        update_conflicts=True,
        unique_fields=["account_id"],
        update_fields=["is_stale"],
    )


def _who(event: Event, meta: events.EventMeta) -> UUID | None:
    """The account that acted: what a hospital or a stop does is nobody's act, nor is the payment of a held slot."""
    if isinstance(event, HoldExpired):
        return event.account_id
    if isinstance(event, BookingConfirmed) and event.from_state is not None:
        return None
    kind, _, name = meta.actor.partition(":")
    return UUID(name) if kind == "account" else None


def _acts(told: Sequence[tuple[BookingEvent, events.EventMeta, UUID]]) -> list[models.Act]:
    by_hospital: dict[UUID, list[tuple[BookingEvent, events.EventMeta, UUID]]] = defaultdict(list)
    for one in told:
        assert one[0].hospital_id is not None
        by_hospital[one[0].hospital_id].append(one)
    return [act for hospital_id, part in by_hospital.items() for act in _acts_at(hospital_id, part)]


def _acts_at(hospital_id: UUID, told: Sequence[tuple[BookingEvent, events.EventMeta, UUID]]) -> list[models.Act]:
    """Two queries for a hospital."""
    booked_at = bookings.made_at(hospital_id, {event.subject_id for event, _, _ in told})
    sessions = schedule.sessions_by_id(hospital_id, {event.session_id for event, _, _ in told})
    found = []
    for event, meta, account_id in told:
        kind, made = KINDS[type(event)], booked_at[event.subject_id]
        is_booking = kind is ActKind.BOOKED
        since = sessions[event.session_id].release_at if is_booking else made
        at = made if is_booking else meta.at  # the window tells of its bookings a moment later
        found.append(
            models.Act(
                event_id=meta.event_id,
                account_id=account_id,
                kind=kind.value,
                at=at,
                session_id=event.from_session_id if isinstance(event, BookingMoved) else event.session_id,
                patient_id=event.patient_id,
                after_ms=(at - since) // timedelta(milliseconds=1),
            )
        )
    return found
