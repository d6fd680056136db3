"""What is promised to an entry: gathered, offered, taken, given up."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.errors import Refusal
from yitong.domains.booking.commands import kept as keeping
from yitong.domains.booking.contracts import Kept, KeptWish
from yitong.domains.people.commands import consents
from yitong.domains.people.contracts.patients import SaidNotice
from yitong.domains.waitlist import models, rules
from yitong.domains.waitlist.commands import announce
from yitong.domains.waitlist.commands.line import LineNow, move, shard_of
from yitong.domains.waitlist.contracts import (
    EntryBooked,
    EntryPassed,
    OfferMade,
    OfferState,
    PassReason,
    SlotsGathered,
)
from yitong.domains.waitlist.queries import booking_key
from yitong.domains.waitlist.states import Move, OfferMove, next_offer_state


def find_live(entry: models.WaitlistEntry) -> models.WaitlistOffer | None:
    """The offer, or the gathering, that an entry has now. Under the entry's lock."""
    for hospital_id in dict.fromkeys(entry.hospital_ids):
        found = models.WaitlistOffer.objects.filter(hospital_id=hospital_id, entry_id=entry.id, live=True)
        for offer in found:
            return offer
    return None


def gather(seen: LineNow, entry: models.WaitlistEntry, got: Sequence[Kept], *, actor: Actor, now: datetime) -> None:
    """The first slots of a family's, or some more of them. Emits: SlotsGathered."""
    offer = seen.offers.get(entry.id)
    before = entry.state
    if offer is None:
        until = rules.gathers_until(now, seen.closes_at, seen.policies)
        offer = _new_offer(seen, entry, OfferMove.GATHER, until, now)
        before = move(entry, Move.GATHER, now=now)
    else:
        _move_offer(offer, OfferMove.MORE, now=now)
    keeping.promise(got, offer.id)
    event = SlotsGathered(
        hospital_id=offer.hospital_id,
        subject_id=entry.id,
        from_state=before,
        to_state=entry.state,
        session_id=offer.session_id,
        kept=tuple(one.kept_id for one in got),
        offer_id=offer.id,
        until=offer.until,
    )
    events.append(event, actor, at=now, shard=shard_of(offer.session_id))


def offer_slots(
    seen: LineNow, entry: models.WaitlistEntry, slots: Sequence[Kept], *, actor: Actor, now: datetime
) -> None:
    """All slots are there, and who waits wants to be asked. Emits: OfferMade."""
    until = rules.offer_until(now, seen.closes_at, seen.policies)
    offer = seen.offers.get(entry.id)
    if offer is None:
        offer = _new_offer(seen, entry, OfferMove.MAKE, until, now)
    else:
        _move_offer(offer, OfferMove.COMPLETE, now=now, until=until)
    keeping.promise(slots, offer.id)
    before = move(entry, Move.OFFER, now=now, offers=entry.offers + 1)
    event = OfferMade(
        hospital_id=offer.hospital_id,
        subject_id=entry.id,
        from_state=before,
        to_state=entry.state,
        session_id=offer.session_id,
        kept=tuple(one.kept_id for one in slots),
        offer_id=offer.id,
        until=until,
    )
    event_id = events.append(event, actor, at=now, shard=shard_of(offer.session_id))
    announce.tell_offered(entry, seen.session, slots, until, event_id, now=now)


def book(
    seen: LineNow,
    entry: models.WaitlistEntry,
    patient_ids: Sequence[UUID],
    slots: Sequence[Kept],
    *,
    actor: Actor,
    now: datetime,
) -> list[UUID]:
    """All of them, or by a refusal none. Emits: EntryBooked, and of each booking its own event."""
    held = [keeping.book_kept(wish, actor=actor, now=now) for wish in wishes(entry, patient_ids, slots)]
    offer = seen.offers.get(entry.id)
    if offer is not None:
        _move_offer(offer, OfferMove.TAKE, now=now)
    place = {"booked_hospital_id": seen.session.hospital_id, "booked_session_id": seen.session.session_id}
    before = move(entry, Move.BOOK, now=now, **place)
    event = EntryBooked(
        hospital_id=seen.session.hospital_id,
        subject_id=entry.id,
        from_state=before,
        to_state=entry.state,
        session_id=seen.session.session_id,
        kept=tuple(one.kept_id for one in slots),
        bookings=tuple(one.booking_id for one in held),
    )
    event_id = events.append(event, actor, at=now, shard=shard_of(seen.session.session_id))
    announce.tell_booked(entry, seen.session, slots, event_id, now=now)
    return [one.booking_id for one in held]


def find_refusal(
    seen: LineNow,
    entry: models.WaitlistEntry,
    patient_ids: Sequence[UUID],
    slots: Sequence[Kept],
    *,
    actor: Actor,
    now: datetime,
) -> str | None:
    """The code of what refuses one of the patients his slot; None where all may have theirs."""
    whole = [*slots, *[slots[0]] * (len(patient_ids) - len(slots))]  # where some lack yet, any one stands for them
    try:
        for wish in wishes(entry, patient_ids, whole):
            keeping.check_kept(wish, actor=actor, now=now)
    except Refusal as refusal:
        return refusal.code
    if entry.mode == "ask" and not rules.can_ask(now, seen.closes_at, seen.policies):
        return PassReason.TOO_LATE
    return None


def wishes(entry: models.WaitlistEntry, patient_ids: Sequence[UUID], slots: Sequence[Kept]) -> list[KeptWish]:
    """By number, in the order of the patients. The key is the entry's: it books once for each patient."""
    return [
        KeptWish(booking_key(entry.id, n), kept, patient_id, entry.is_first_visit)
        for n, (patient_id, kept) in enumerate(zip(patient_ids, slots, strict=True))
    ]


def keep_consents(entry: models.WaitlistEntry, said: Sequence[SaidNotice], *, actor: Actor, now: datetime) -> None:
    """What was said beside the press (R-049) counts for the bookings that may follow on it where the entry waits."""
    there = [one for one in said if one.hospital_id in entry.hospital_ids]
    for n, patient_id in enumerate(entry.patient_ids):
        consents.keep_consent(patient_id, there, booking_key(entry.id, n), actor=actor, now=now)


def pass_by(
    seen: LineNow,
    entry: models.WaitlistEntry,
    slots: Sequence[Kept],
    reason: str,
    *,
    step: tuple[Move, OfferMove] | None,
    actor: Actor,
    now: datetime,
) -> None:
    """These slots go on to the next. `step`: what it means for an entry that had them promised. Emits: EntryPassed."""
    before = entry.state
    if step is not None:
        move(entry, step[0], now=now)
        _move_offer(seen.offers[entry.id], step[1], now=now)
        keeping.promise([one for one in slots if one.promised_id is not None], None)
    session = seen.session
    models.WaitlistPassed.objects.bulk_create(
        models.WaitlistPassed(
            hospital_id=session.hospital_id,
            kept_id=one.kept_id,
            session_id=session.session_id,
            entry_id=entry.id,
            reason=reason,
            at=now,
        )
        for one in slots
    )
    event = EntryPassed(
        hospital_id=session.hospital_id,
        subject_id=entry.id,
        from_state=before,
        to_state=entry.state,
        session_id=session.session_id,
        kept=tuple(one.kept_id for one in slots),
        reason=reason,
    )
    event_id = events.append(event, actor, at=now, shard=shard_of(session.session_id))
    announce.tell_passed(entry, session, reason, event_id, now=now)


def retract(entry: models.WaitlistEntry, *, now: datetime) -> models.WaitlistOffer | None:
    """Takes back what an entry that leaves had promised; gives the offer. Under the entry's lock.

    Locks: the serving of the offer's session.
    """
    offer = find_live(entry)
    if offer is not None:
        awaited = keeping.lock_awaited(offer.hospital_id, offer.session_id)
        keeping.promise([one for one in awaited.kept if one.promised_id == offer.id], None)
        _move_offer(offer, OfferMove.RETRACT, now=now)
    return offer


def _new_offer(
    seen: LineNow, entry: models.WaitlistEntry, step: OfferMove, until: datetime, now: datetime
) -> models.WaitlistOffer:
    return models.WaitlistOffer.objects.create(
        hospital_id=seen.session.hospital_id,
        session_id=seen.session.session_id,
        entry_id=entry.id,
        state=next_offer_state(None, step).value,
        live=True,
        made_at=now,
        until=until,
    )


def _move_offer(offer: models.WaitlistOffer, step: OfferMove, *, now: datetime, until: datetime | None = None) -> None:
    offer.state = next_offer_state(OfferState(offer.state), step).value
    offer.until = until or offer.until
    if step not in (OfferMove.MORE, OfferMove.COMPLETE):
        offer.live, offer.ended_at = False, now
    offer.save(update_fields=["state", "until", "live", "ended_at"])
