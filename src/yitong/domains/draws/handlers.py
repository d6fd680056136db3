"""Draws: telling people what became of their entries."""

from yitong.core import clock
from yitong.core.db.events import EventMeta, handles
from yitong.domains.draws.commands import announce
from yitong.domains.draws.contracts import DrawSettled, DrawVoided, EntryApplied, EntryWon


@handles(EntryApplied, skippable=True)
def tell_applied(event: EntryApplied, meta: EventMeta) -> None:
    announce.tell_applied(event, meta, now=clock.now())


@handles(EntryWon, skippable=True)
def tell_won(event: EntryWon, meta: EventMeta) -> None:
    announce.tell_won(event, meta, now=clock.now())


@handles(DrawSettled, skippable=True)
def tell_lost(event: DrawSettled, meta: EventMeta) -> None:
    assert event.hospital_id is not None
    announce.tell_all(event.hospital_id, event.subject_id, announce.AfterDraw.LOST, meta.event_id, now=clock.now())


@handles(DrawVoided, skippable=True)
def tell_void(event: DrawVoided, meta: EventMeta) -> None:
    assert event.hospital_id is not None
    announce.tell_all(event.hospital_id, event.subject_id, announce.AfterDraw.VOID, meta.event_id, now=clock.now())
