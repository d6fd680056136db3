"""Who read what of a patient (R-198): written where it is read, seen by the patient."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from yitong.core.actor import Actor
from yitong.domains.people import errors, models, permissions
from yitong.domains.people.contracts.patients import AuditedRead, ReadLine, ReadsAsked
from yitong.domains.people.queries.survivors import records_of, survivor_of

PAGE = 50


def record_read(patient_id: UUID, actor: Actor, *, what: str, purpose: str, hospital_id: UUID | None = None) -> None:
    """One line in the read log, where the reader is staff or a channel. Account holders leave none."""
    _log([(patient_id, hospital_id)], actor, what=what, purpose=purpose, at=None)


def record_reads(
    pairs: Iterable[tuple[UUID, UUID | None]], actor: Actor, *, what: str, purpose: str, now: datetime
) -> None:
    """Many lines at once, of (patient, hospital)."""
    _log(pairs, actor, what=what, purpose=purpose, at=now)


def _log(
    pairs: Iterable[tuple[UUID, UUID | None]], actor: Actor, *, what: str, purpose: str, at: datetime | None
) -> None:
    if actor.kind not in ("staff", "channel") or actor.account_id is not None:
        return
    instant = {} if at is None else {"at": at}
    models.ReadLog.objects.bulk_create(
        [
            models.ReadLog(
                patient_id=patient_id,
                reader=actor.key,
                channel=actor.channel,
                hospital_id=hospital_id,
                what=what,
                purpose=purpose[:80],
                trace_id=actor.trace_id,
                **instant,
            )
            for patient_id, hospital_id in dict.fromkeys(pairs)
        ]
    )


def list_reads(
    patient_id: UUID, actor: Actor, *, before: tuple[datetime, UUID] | None = None, most: int = PAGE
) -> list[ReadLine]:
    """Who read a patient of the actor's account, newest first; the lines of records merged into him are among them.

    `before`: instant and id of the line at which the page before ended. One look at a whole list leaves many lines of
    one instant, so the instant alone would lose some of them.
    """
    if (
        actor.account_id is None
        or not models.AccountPatient.objects.filter(
            account_id=actor.account_id, patient_id=survivor_of(patient_id)
        ).exists()
    ):
        raise errors.PatientMissing()
    rows = models.ReadLog.objects.filter(patient_id__in=records_of([survivor_of(patient_id)]))
    if before is not None:
        at, read_id = before
        rows = rows.filter(Q(at__lt=at) | Q(at=at, id__lt=read_id))
    found = rows.order_by("-at", "-id")[:most]
    return [ReadLine(row.at, row.reader, row.hospital_id, row.what, row.purpose, row.id) for row in found]


def audit_reads(asked: ReadsAsked, actor: Actor) -> list[AuditedRead]:
    """A page of the read log of all patients, the newest first, by ids alone. Refuses Forbidden."""
    permissions.check_can_audit(actor)
    rows = models.ReadLog.objects.filter(recorded_at__gte=asked.from_at, recorded_at__lt=asked.until_at)
    for name, value in (
        ("reader", asked.reader),
        ("patient_id", asked.patient_id),
        ("hospital_id", asked.hospital_id),
    ):
        if value:
            rows = rows.filter(**{name: value})
    if asked.before is not None:
        at, row_id = asked.before
        rows = rows.filter(Q(recorded_at__lt=at) | Q(recorded_at=at, id__lt=row_id))
    return [
        AuditedRead(
            row.id, row.recorded_at, row.patient_id, row.reader, row.channel, row.hospital_id, row.what, row.purpose
        )
        for row in rows.order_by("-recorded_at", "-id")[:PAGE]
    ]
