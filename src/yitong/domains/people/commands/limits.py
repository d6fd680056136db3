"""A patient's limits over all hospitals (R-005, R-009). All join the caller's command, under the row's lock."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from django.db import connection

from yitong.core.clock import shanghai_date
from yitong.core.db.command import joined
from yitong.domains.people import errors, models
from yitong.domains.people.contracts.patients import Limits
from yitong.domains.people.rules import ladder as ladders

LOCKED = "SELECT * FROM people_booking_limits WHERE patient_id = %s FOR UPDATE"
KEPT = "6 months"  # days of visit older than this can't meet a new one in any window of R-005


def lock_limits(patient_id: UUID) -> Limits:
    """Lock and read the limits of a patient; of the survivor, where he was merged. Refuses: PatientMissing."""
    with joined():
        row = locked(patient_id)
        return Limits(
            patient_id=row.patient_id,
            live_days=tuple(sorted(row.live_days)),
            no_show_days=tuple(sorted(row.no_show_days)),
            locked_until=row.locked_until,
            no_shows_counted=row.no_shows_counted,
        )


def locked(patient_id: UUID) -> models.BookingLimits:
    """The row, locked. A merge that ended while we waited is seen, since the row itself says where it moved."""
    seen: set[UUID] = set()
    while patient_id not in seen:
        seen.add(patient_id)
        rows = list(models.BookingLimits.objects.raw(LOCKED, [patient_id]))
        if not rows:
            raise errors.PatientMissing()
        if rows[0].moved_to is None:
            return rows[0]
        patient_id = rows[0].moved_to
    raise AssertionError("merges go in a circle")


def take_day(patient_id: UUID, day: date) -> None:
    """Count one more live booking on a day. The table's `limits_…` constraints judge it."""
    with joined():
        if not _taken(patient_id, day):
            assert _taken(_survivor(patient_id), day)


def _taken(patient_id: UUID, day: date) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_booking_limits SET live_days = (SELECT array_agg(held.day ORDER BY held.day)"
            " FROM unnest(live_days || %s::date) AS held(day) WHERE held.day >= %s::date - %s::interval)"
            " WHERE patient_id = %s AND moved_to IS NULL",
            [day, day, KEPT, patient_id],
        )
        return cursor.rowcount == 1


def give_back_day(patient_id: UUID, day: date) -> None:
    """Count one live booking less on a day; nothing where none is counted."""
    with joined():
        patient_id = _survivor(patient_id)
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE people_booking_limits SET live_days ="
                " live_days[:array_position(live_days, %s::date) - 1]"
                " || live_days[array_position(live_days, %s::date) + 1:]"
                " WHERE patient_id = %s AND %s::date = ANY (live_days)",
                [day, day, patient_id, day],
            )


def recount_days(patient_id: UUID, days: Iterable[date]) -> None:
    """Put right which days count, from the live bookings themselves: after an unmerge nobody else knows whose they are.

    Joins the caller's command, which holds the lock of `lock_limits`.
    """
    with joined():
        rows = models.BookingLimits.objects.filter(patient_id=patient_id, moved_to=None)
        rows.update(live_days=sorted(days))


def note_no_show(patient_id: UUID, day: date, ladder: Sequence[ladders.Step], now: datetime) -> date | None:
    """Count a no-show and lock by the ladder of the hospital (R-009). Gives the day of release where this one locks."""
    with joined():
        row = locked(patient_id)
        row.no_show_days = sorted([*_recent(row.no_show_days, now), day])
        counted, until = ladders.lock_of(row.no_show_days, day, ladder)
        _keep(row, counted, until)
        return until


def forgive_no_show(patient_id: UUID, day: date, ladder: Sequence[ladders.Step], now: datetime) -> None:
    """Take one no-show back: it was the hospital's fault, or an appeal was heard (R-008)."""
    with joined():
        row = locked(patient_id)
        days = _recent(row.no_show_days, now)
        if day in days:
            days.remove(day)
        row.no_show_days = days
        row.locked_until = None
        last = max(days, default=None)
        counted, until = ladders.lock_of(days, last, ladder) if last else (0, None)
        _keep(row, counted, until)


def _keep(row: models.BookingLimits, counted: int, until: date | None) -> None:
    row.no_shows_counted = counted
    if until is not None and (row.locked_until is None or until > row.locked_until):
        row.locked_until = until
    row.save(update_fields=["no_show_days", "no_shows_counted", "locked_until"])


def _recent(days: Sequence[date], now: datetime) -> list[date]:
    """Those that any ladder can still count: this natural year and the one before."""
    return sorted(day for day in days if day.year >= shanghai_date(now).year - 1)


def _survivor(patient_id: UUID) -> UUID:
    """The patient whose row counts, locked: himself, or the survivor."""
    return locked(patient_id).patient_id
