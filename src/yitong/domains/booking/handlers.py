"""Booking: reactions to the schedule, a number at the hospital, and telling people what became of their bookings."""

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db.events import EventMeta, handles
from yitong.domains.booking.commands import announce, claimed, sweep
from yitong.domains.booking.contracts import (
    BookingCancelled,
    BookingConfirmed,
    BookingMissed,
    BookingMoved,
    BookingStopped,
    HoldExpired,
    SlotHeld,
    SlotsClaimed,
)
from yitong.domains.booking.queries.consents import find_consent
from yitong.domains.notify.contracts import TemplateName
from yitong.domains.people.commands import carriers
from yitong.domains.people.contracts.events import PatientsUnmerged
from yitong.domains.people.contracts.patients import AskHospitalNumber
from yitong.domains.people.ports import hospital_register
from yitong.domains.people.queries.carriers import lacks_hospital_number
from yitong.domains.schedule.contracts import SessionStopped, SessionSubstituted


@handles(SessionStopped)
def stop_bookings(event: SessionStopped, meta: EventMeta) -> None:
    assert event.hospital_id is not None
    actor = Actor.system("booking.stop_bookings")
    sweep.stop_bookings(event.hospital_id, event.subject_id, reason=event.reason_code, actor=actor, now=clock.now())


@handles(PatientsUnmerged)
def recount_days(event: PatientsUnmerged, meta: EventMeta) -> None:
    sweep.recount_days([event.subject_id, event.survivor_id], now=clock.now())


@handles(SessionSubstituted)
def substitute_bookings(event: SessionSubstituted, meta: EventMeta) -> None:
    assert event.hospital_id is not None
    announce.substitute_bookings(event.hospital_id, event.subject_id, meta.event_id, now=clock.now())


@handles(SlotsClaimed)
def announce_claims(event: SlotsClaimed, meta: EventMeta) -> None:
    assert event.hospital_id is not None
    claimed.announce_claims(event.hospital_id, event.bookings, meta.event_id, now=clock.now())


@handles(BookingConfirmed, skippable=True)
def ask_for_hospital_number(event: BookingConfirmed, meta: EventMeta) -> None:
    """Whoever has no number at the hospital yet is to have one before his visit (R-049). The booking stands without.

    The consent is kept here and not where the booking is made. That may be the booking window, which is told nothing of
    it: what the page said is in the key that the booking was made with (`people.queries.consents`), and who pressed and
    when are the booking's own. Nothing is handed over before this, so nothing is handed over without.
    """
    assert event.hospital_id is not None
    if not hospital_register.taken().is_open:
        return
    consent = find_consent(event.hospital_id, event.subject_id)
    if consent is not None and lacks_hospital_number(event.patient_id, event.hospital_id, since=meta.at):
        cmd = AskHospitalNumber(event.patient_id, event.hospital_id, consent)
        carriers.ask_hospital_number(cmd, actor=Actor.system("booking.ask_for_hospital_number"), now=clock.now())


@handles(SlotHeld, skippable=True)
def tell_slot_held(event: SlotHeld, meta: EventMeta) -> None:
    announce.tell_booking(event, TemplateName.BOOKING_HELD, meta, now=clock.now())


@handles(BookingConfirmed, skippable=True)
def tell_booking_confirmed(event: BookingConfirmed, meta: EventMeta) -> None:
    announce.tell_booking(event, TemplateName.BOOKING_CONFIRMED, meta, now=clock.now())


@handles(BookingCancelled, skippable=True)
def tell_booking_cancelled(event: BookingCancelled, meta: EventMeta) -> None:
    announce.tell_booking(event, TemplateName.BOOKING_CANCELLED, meta, now=clock.now())


@handles(BookingMoved, skippable=True)
def tell_booking_moved(event: BookingMoved, meta: EventMeta) -> None:
    announce.tell_booking(event, TemplateName.BOOKING_MOVED, meta, now=clock.now())


@handles(BookingStopped, skippable=True)
def tell_booking_stopped(event: BookingStopped, meta: EventMeta) -> None:
    announce.tell_booking(event, TemplateName.BOOKING_STOPPED, meta, now=clock.now())


@handles(BookingMissed, skippable=True)
def tell_booking_missed(event: BookingMissed, meta: EventMeta) -> None:
    announce.tell_booking(event, TemplateName.BOOKING_MISSED, meta, now=clock.now())


@handles(HoldExpired, skippable=True)
def tell_hold_expired(event: HoldExpired, meta: EventMeta) -> None:
    announce.tell_booking(event, TemplateName.BOOKING_EXPIRED, meta, now=clock.now())
