"""Telling people what became of their entries. A message holds ids; words are put in at delivery."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from yitong.core.db.command import command
from yitong.core.db.events import EventMeta
from yitong.domains.draws import models
from yitong.domains.draws.contracts import EntryApplied, EntryState, EntryWon
from yitong.domains.notify import commands as notify
from yitong.domains.notify.contracts import Tell, TemplateName
from yitong.domains.schedule.queries import timetable as schedule


class AfterDraw(StrEnum):
    """What those hear who won nothing."""

    LOST = "lost"
    VOID = "void"


@command()
def tell_applied(event: EntryApplied, meta: EventMeta, *, now: datetime) -> None:
    """Tells the account that its entry is in. Once by event."""
    assert event.hospital_id is not None
    draw, entry = _of(event.hospital_id, event.subject_id)
    if entry.state != EntryState.WITHDRAWN:
        closes_at = {"closes_at": draw.closes_at.isoformat()}
        _tell(draw, entry, TemplateName.DRAW_APPLIED, closes_at, f"{meta.event_id}", now)


@command()
def tell_won(event: EntryWon, meta: EventMeta, *, now: datetime) -> None:
    """Tells the account what it won; that of its bookings booking tells by itself."""
    assert event.hospital_id is not None
    draw, entry = _of(event.hospital_id, event.subject_id)
    session = schedule.get_session(draw.hospital_id, event.session_id)
    params = {"starts_at": session.starts_at.isoformat(), **_rank(draw, entry)}
    _tell(draw, entry, TemplateName.DRAW_WON, params, f"{meta.event_id}", now)


@command()
def tell_all(hospital_id: UUID, draw_id: UUID, what: AfterDraw, event_id: UUID, *, now: datetime) -> None:
    """Tells everybody who lost, or, where the draw is void, everybody who applied."""
    draw = models.Draw.objects.defer("operator_secret").get(hospital_id=hospital_id, id=draw_id)
    state = EntryState.LOST if what is AfterDraw.LOST else EntryState.APPLIED
    template = TemplateName.DRAW_LOST if what is AfterDraw.LOST else TemplateName.DRAW_VOID
    for entry in models.DrawEntry.objects.filter(hospital_id=hospital_id, draw_id=draw_id, state=state).order_by("id"):
        params = _rank(draw, entry) if what is AfterDraw.LOST else {}
        _tell(draw, entry, template, params, f"{event_id}:{entry.id}", now)


def _of(hospital_id: UUID, entry_id: UUID) -> tuple[models.Draw, models.DrawEntry]:
    entry = models.DrawEntry.objects.get(hospital_id=hospital_id, id=entry_id)
    return models.Draw.objects.defer("operator_secret").get(hospital_id=hospital_id, id=entry.draw_id), entry


def _rank(draw: models.Draw, entry: models.DrawEntry) -> dict[str, str]:
    return {"rank": str(entry.rank), "count": str(draw.count)}


def _tell(
    draw: models.Draw, entry: models.DrawEntry, template: TemplateName, more: dict[str, str], key: str, now: datetime
) -> None:
    """Names the first of the family; the page says the rest."""
    first = models.DrawApplicant.objects.filter(hospital_id=draw.hospital_id, entry_id=entry.id).order_by("place")[0]
    params = {
        "hospital_id": str(draw.hospital_id),
        "department_id": str(draw.department_id),
        "patient_id": str(first.patient_id),
        **more,
    }
    notify.tell(Tell(key=key, account_id=entry.account_id, template=template.value, params=params), now=now)
