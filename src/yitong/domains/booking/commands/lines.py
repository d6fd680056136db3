"""The line before the window: whose turn it is, and what is told when a line is over (R-017).

The window writes places and lets people in (`counter.line`); here its rows are asked by the other doors.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Count

from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.db.command import command
from yitong.core.db.scale import cross_hospital
from yitong.core.policy.values import Policies
from yitong.core.tokens import derived
from yitong.domains.booking import models, rules
from yitong.domains.booking.contracts import LOT_USE, LineClosed
from yitong.domains.schedule.contracts import BookableSlot

LASTS = timedelta(hours=5)  # no line is open for longer after its release: what a policy allows, and an hour
LIFE = timedelta(days=30)  # of who stood where: as long as somebody may ask about it
PAGE = 100


def has_turn(bookable: BookableSlot, patient_id: UUID, policies: Policies, *, channel: str, now: datetime) -> bool:
    """Whether the patient may take the slot: no line stands before it, or he was let in and has not booked since. Under
    the lock of his limits."""
    session = bookable.session
    times = rules.line_times(session.release_at, policies)
    if channel == rules.DESK or not rules.needs_turn(bookable.slot, times, now=now):
        return True
    line = models.Line.objects.filter(
        hospital_id=session.hospital_id, department_id=session.department_id, release_at=session.release_at
    ).first()
    if line is None:
        return False
    place = models.Place.objects.filter(
        hospital_id=line.hospital_id,
        line_id=line.id,
        patient_id=patient_id,
        left_at=None,
        admitted_at__lte=now,
        admitted_until__gt=now,
    ).first()
    if place is None:
        return False
    used = models.Booking.objects.filter(
        hospital_id=line.hospital_id,
        patient_id=patient_id,
        department_id=line.department_id,
        live=True,
        created_at__gte=place.admitted_at,
    )
    return not used.exists()


def due_lines(now: datetime) -> list[tuple[UUID, UUID]]:
    """(hospital, line) of those that are over for certain and not closed, a page."""
    with cross_hospital("sweep of lines that are over"):
        rows = models.Line.objects.filter(closed_at=None, release_at__lte=now - LASTS).order_by("release_at")
        return list(rows.values_list("hospital_id", "id")[:PAGE])


@command()
def close_line(hospital_id: UUID, line_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """Tells the seed of its lots, so that everybody can reckon his rank. Returns whether this call did it.

    Locks: the line. Emits: LineClosed.
    """
    line = models.Line.objects.select_for_update(of=("self",)).get(hospital_id=hospital_id, id=line_id)
    if line.closed_at is not None:
        return False
    counts = models.Place.objects.filter(hospital_id=hospital_id, line_id=line_id).aggregate(
        places=Count("id"), admitted=Count("admitted_at")
    )
    line.closed_at = now
    line.save(update_fields=["closed_at"])
    seed = rules.lot_seed(derived(settings.SECRET_KEY.encode(), LOT_USE), line_id).hex()
    event = LineClosed(hospital_id=hospital_id, subject_id=line_id, seed=seed, **counts)
    events.append(event, actor, at=now, shard=f"line:{line_id}")
    return True


@command()
def forget_places(hospital_id: UUID, *, now: datetime) -> int:
    """Who stood where is forgotten after a month; the line and its seed stay. Returns how many places."""
    old = models.Line.objects.filter(hospital_id=hospital_id, release_at__lt=now - LIFE).values_list("id", flat=True)
    return models.Place.objects.filter(hospital_id=hospital_id, line_id__in=list(old)).delete()[0]
