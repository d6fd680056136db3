"""What the commands of this package have in common."""

from datetime import datetime
from typing import Any
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.domains.hospitals.contracts.things import Practitioner
from yitong.domains.schedule import contracts, errors, models
from yitong.domains.schedule.contracts import Pool, SessionState


def check_not_over(session: models.ClinicSession, now: datetime) -> None:
    if now >= session.ends_at:
        raise errors.SessionIsOver()


def check_not_stopping(session: models.ClinicSession) -> None:
    """Between the word and the stop nothing else is done to a session: it would be undone, or be undone by it."""
    if session.stops_at is not None:
        raise errors.SessionIsStopping()


def append_moved(
    session: models.ClinicSession, from_pool: Pool, to_pool: Pool, slots: int, *, actor: Actor, now: datetime
) -> None:
    event = contracts.SlotsMoved(
        hospital_id=session.hospital_id, subject_id=session.id, from_pool=from_pool, to_pool=to_pool, slots=slots
    )
    events.append(event, actor, at=now, shard=shard_of(session.id))


def shard_of(session_id: UUID) -> str:
    return f"session:{session_id}"


def changed_again(answer: dict[str, Any]) -> contracts.SessionChanged:
    return contracts.SessionChanged(
        UUID(answer["hospital_id"]), UUID(answer["session_id"]), SessionState(answer["state"])
    )


def line_changed_again(answer: dict[str, Any]) -> contracts.RosterLineChanged:
    return contracts.RosterLineChanged(UUID(answer["hospital_id"]), UUID(answer["roster_line_id"]))


def sits_in(doctor: Practitioner, department_id: UUID) -> bool:
    return doctor.is_active and department_id in doctor.department_ids
