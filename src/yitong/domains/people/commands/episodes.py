"""Unfinished visits, as higher domains report them (R-102). These join the caller's command."""

from datetime import datetime
from uuid import UUID

from yitong.core.db.command import joined
from yitong.domains.people import models
from yitong.domains.people.commands import limits


def open_episode(patient_id: UUID, episode_id: UUID, *, hospital_id: UUID, kind: str, now: datetime) -> None:
    """From here on the patient can't be merged. Twice is once. Locks: limits."""
    with joined():
        row = limits.locked(patient_id)
        models.OpenEpisode.objects.bulk_create(
            [
                models.OpenEpisode(
                    patient_id=row.patient_id, id=episode_id, hospital_id=hospital_id, kind=kind, opened_at=now
                )
            ],
            ignore_conflicts=True,
        )


def close_episode(patient_id: UUID, episode_id: UUID) -> None:
    """The visit is finished; nothing where it is not open."""
    with joined():
        row = limits.locked(patient_id)
        models.OpenEpisode.objects.filter(patient_id=row.patient_id, id=episode_id).delete()
