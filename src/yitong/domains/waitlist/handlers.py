"""Waitlist: reactions. A freed slot, or an entry that let one go, calls for the next in line."""

from uuid import UUID

from yitong.core import clock
from yitong.core.db.events import EventMeta, handles
from yitong.core.events import Event
from yitong.domains.booking.contracts import SlotKept
from yitong.domains.people.contracts.events import AccountClosed, PatientRemoved
from yitong.domains.schedule.contracts import SessionStopped
from yitong.domains.waitlist import queries
from yitong.domains.waitlist.commands import closing, serving
from yitong.domains.waitlist.contracts import (
    ChoiceClosed,
    CloseReason,
    EntryBooked,
    EntryClosed,
    EntryPassed,
    EntryWithdrawn,
    WaitState,
)


@handles(SlotKept, skippable=True)
def serve_kept(event: SlotKept, meta: EventMeta) -> None:
    assert event.hospital_id is not None
    serving.serve_session(event.hospital_id, event.session_id, now=clock.now())


@handles(EntryPassed, skippable=True)
def serve_after_passing(event: EntryPassed, meta: EventMeta) -> None:
    """The slot goes to the next; and the entry, if it waits on, may have what was held for it elsewhere. By now it may
    wait for this session no more."""
    assert event.hospital_id is not None
    serving.serve_session(event.hospital_id, event.session_id, now=clock.now())
    _serve_where(event.subject_id)


@handles(EntryBooked, skippable=True)
def serve_after_booking(event: EntryBooked, meta: EventMeta) -> None:
    """It had an offer, or gathered, and took it: what was held for it elsewhere meanwhile is the next one's."""
    _serve_promised(event)


@handles(EntryWithdrawn, skippable=True)
def serve_after_withdrawal(event: EntryWithdrawn, meta: EventMeta) -> None:
    _serve_promised(event)


@handles(EntryClosed, skippable=True)
def serve_after_closing(event: EntryClosed, meta: EventMeta) -> None:
    _serve_promised(event)


@handles(ChoiceClosed, skippable=True)
def serve_after_choice(event: ChoiceClosed, meta: EventMeta) -> None:
    _serve_promised(event)


@handles(SessionStopped)
def close_stopped(event: SessionStopped, meta: EventMeta) -> None:
    """Whoever waits for it is told; what was kept in it is kept for nobody (R-016)."""
    assert event.hospital_id is not None
    for choice_id in closing.choices_of_session(event.hospital_id, event.subject_id):
        closing.close_choice(event.hospital_id, choice_id, CloseReason.STOPPED, now=clock.now())
    closing.end_kept_of_stopped(event.hospital_id, event.subject_id, now=clock.now())


@handles(PatientRemoved)
def close_of_patient(event: PatientRemoved, meta: EventMeta) -> None:
    for entry_id in closing.entries_of(event.account_id, event.subject_id):
        closing.close_entry(entry_id, CloseReason.PATIENT_GONE, now=clock.now())


@handles(AccountClosed)
def close_of_account(event: AccountClosed, meta: EventMeta) -> None:
    for entry_id in closing.entries_of(event.subject_id):
        closing.close_entry(entry_id, CloseReason.ACCOUNT_CLOSED, now=clock.now())


def _serve_promised(event: Event) -> None:
    """Slots were promised to an entry that left, or held for it: they are somebody else's now.

    A thousand others leave a line at its end, and for them nothing need be asked.
    """
    if event.from_state in (WaitState.GATHERING, WaitState.OFFERED):
        _serve_where(event.subject_id)


def _serve_where(entry_id: UUID) -> None:
    for key in queries.sessions_of(entry_id):
        serving.serve_session(key.hospital_id, key.session_id, now=clock.now())
