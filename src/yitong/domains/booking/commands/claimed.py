"""What follows once the booking window's claims are durable: each booking's own event, and the account's use.

The window writes one event for a whole batch, since each further row would slow every answer. History, messages and
seals then come from the events that are written here, as if each booking had been made by itself.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events, idempotency
from yitong.core.db.command import command
from yitong.domains.booking import models
from yitong.domains.booking.commands.claim import shard_of
from yitong.domains.booking.contracts import BookingConfirmed, SlotHeld, State
from yitong.domains.people.commands import abuse

SYSTEM = Actor.system("booking.announce_claims")


@dataclass(frozen=True, slots=True)
class AnnounceClaims:
    """`key` is the batch's event."""

    key: str
    hospital_id: UUID


@dataclass(frozen=True, slots=True)
class Announced:
    bookings: int


@command()
def announce_claims(hospital_id: UUID, booking_ids: Sequence[UUID], event_id: UUID, *, now: datetime) -> Announced:
    """Writes the event of each booking of a batch and counts the accounts' use (R-010), once.

    Locks: the accounts, in id order. Emits: BookingConfirmed or SlotHeld for each.
    """
    once = idempotency.begin(SYSTEM, "booking.announce_claims", AnnounceClaims(str(event_id), hospital_id))
    if once.answer is not None:
        return Announced(**once.answer)
    rows = list(models.Booking.objects.filter(hospital_id=hospital_id, id__in=booking_ids).order_by("id"))
    events.append_all([(_event_of(row), _actor_of(row, event_id), shard_of(row.session_id)) for row in rows], at=now)
    made = Counter(row.account_id for row in rows if row.account_id is not None)
    for account_id, booked in sorted(made.items()):
        abuse.note_made_bookings(account_id, booked, at=now)
    return once.finish(Announced(len(rows)))


def _event_of(row: models.Booking) -> BookingConfirmed | SlotHeld:
    """As it was made, whatever became of it since: what ended it has an event of its own."""
    at_visit = row.payment == "at_visit"
    kind = BookingConfirmed if at_visit else SlotHeld
    return kind(
        hospital_id=row.hospital_id,
        subject_id=row.id,
        to_state=(State.CONFIRMED if at_visit else State.HELD).value,
        patient_id=row.patient_id,
        session_id=row.session_id,
        slot_id=row.slot_id,
        account_id=row.account_id,
    )


def _actor_of(row: models.Booking, batch_id: UUID) -> Actor:
    """The holder, with the batch as his trace: the window's feed leaves out what only announces one."""
    assert row.account_id is not None, "the window serves account holders"
    return Actor.for_account(row.account_id, channel=row.channel, trace_id=f"batch:{batch_id.hex}")
