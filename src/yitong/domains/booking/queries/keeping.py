"""Slots that are kept for those who wait, and the sessions that are waited for."""

from uuid import UUID

from yitong.core.db.scale import cross_hospital
from yitong.domains.booking import models
from yitong.domains.booking.contracts import Kept

PAGE = 500


def list_kept(hospital_id: UUID, session_id: UUID) -> list[Kept]:
    """The kept slots of a session, promised ones too, the longest kept first."""
    rows = models.KeptSlot.objects.filter(hospital_id=hospital_id, session_id=session_id, ended_at=None)
    return [row.as_contract() for row in rows.order_by("kept_at", "id")]


def sessions_with_kept() -> list[tuple[UUID, UUID]]:
    """(hospital, session) wherever a kept slot is promised to nobody, the longest kept first; a page."""
    with cross_hospital("sweep of kept slots"):
        rows = models.KeptSlot.objects.filter(ended_at=None, promised_id=None)
        kept = rows.order_by("kept_at").values_list("hospital_id", "session_id")[:PAGE]
        return list(dict.fromkeys(kept))


def awaited_sessions(hospital_id: UUID) -> list[UUID]:
    """The sessions of a hospital whose freed slots are kept."""
    rows = models.AwaitedSession.objects.filter(hospital_id=hospital_id, is_awaited=True).order_by("changed_at")
    return list(rows.values_list("id", flat=True))
