"""A campus that is to close, as far as sessions are held there."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from yitong.core.db.command import joined
from yitong.domains.hospitals.contracts.things import StillPlanned
from yitong.domains.schedule import models
from yitong.domains.schedule.contracts import SessionState
from yitong.domains.schedule.queries import stopping


def leave_campus(hospital_id: UUID, campus_id: UUID, *, now: datetime) -> StillPlanned | None:
    """Sessions that are over or were stopped let the campus go; what is still planned is returned, and then nothing is
    written. Joins the caller's command, which holds the campus FOR UPDATE: who plans there meanwhile waits at the key
    `session_at_open_campus`, and then finds it closed.
    """
    with joined():
        planned = stopping.planned_at(hospital_id, campus_id, now)
        if planned is not None:
            return planned
        there = models.ClinicSession.objects.filter(
            hospital_id=hospital_id, campus_id=campus_id, at_open_campus__isnull=False
        )
        there.filter(Q(state=SessionState.STOPPED) | Q(ends_at__lte=now)).update(
            at_open_campus=None, left_campus_at=now
        )
        return None
