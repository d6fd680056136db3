"""What becomes of an offer: taken, declined, run out."""

from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import idempotency
from yitong.core.db.command import command
from yitong.core.db.scale import cross_hospital
from yitong.domains.booking.commands import kept as keeping
from yitong.domains.booking.errors import BY_CONSTRAINT
from yitong.domains.waitlist import errors, models, permissions
from yitong.domains.waitlist.commands import offers
from yitong.domains.waitlist.commands.joining import again
from yitong.domains.waitlist.commands.line import LineNow, lock_entry, lock_patients, read_line
from yitong.domains.waitlist.contracts import Accept, Changed, Decline, OfferState, PassReason, WaitState
from yitong.domains.waitlist.states import Move, OfferMove

SYSTEM = Actor.system("waitlist.lapse")
PAGE = 200


@command(refusals=BY_CONSTRAINT)
def accept_offer(cmd: Accept, *, actor: Actor, now: datetime) -> Changed:
    """Books what was offered, for all patients of the entry, by the rules of a claim.

    Locks: the patients' limits by id, the entry, the session (share), its serving, the account. Emits: EntryBooked.
    Refuses: EntryMissing, OfferOver, and as `hold_slot`; then the offer stands until its clock runs out.
    """
    row = _offer(cmd.hospital_id, cmd.offer_id)
    entry = models.WaitlistEntry.objects.get(id=row.entry_id)
    permissions.check_is_own(actor, entry.account_id)
    patient_ids = lock_patients(entry.patient_ids)
    entry = lock_entry(entry.id)
    once = idempotency.begin(actor, "waitlist.accept", cmd)
    if once.answer is not None:
        return again(once.answer)
    seen = _line_of(row, now=now)
    offer = _open_offer(seen, entry, cmd.offer_id, now=now)
    offers.keep_consents(entry, cmd.said, actor=actor, now=now)
    booked = offers.book(seen, entry, patient_ids, seen.promised(offer), actor=actor, now=now)
    return once.finish(Changed(entry.id, WaitState(entry.state), cmd.hospital_id, tuple(booked)))


@command()
def decline_offer(cmd: Decline, *, actor: Actor, now: datetime) -> Changed:
    """Not this one: it goes on to the next, and the entry keeps its place as long as it may be asked again.

    Locks: the entry, the serving of the session. Emits: EntryPassed. Refuses: EntryMissing, OfferOver, KeyReused.
    """
    row = _offer(cmd.hospital_id, cmd.offer_id)
    entry = lock_entry(row.entry_id)
    permissions.check_is_own(actor, entry.account_id)
    once = idempotency.begin(actor, "waitlist.decline", cmd)
    if once.answer is not None:
        return again(once.answer)
    seen = _line_of(row, now=now)
    offer = _open_offer(seen, entry, cmd.offer_id, now=now)
    step = Move.DECLINE if _may_be_asked_again(seen, entry) else Move.DECLINE_LAST
    offers.pass_by(
        seen,
        entry,
        seen.promised(offer),
        PassReason.DECLINED,
        step=(step, OfferMove.DECLINE),
        actor=actor,
        now=now,
    )
    return once.finish(Changed(entry.id, WaitState(entry.state), cmd.hospital_id))


def due_offers(now: datetime) -> list[tuple[UUID, UUID]]:
    """(hospital, offer) of those whose clock has run out, the oldest first, a page."""
    with cross_hospital("sweep of offers"):
        rows = models.WaitlistOffer.objects.filter(live=True, until__lte=now).order_by("until")
        return list(rows.values_list("hospital_id", "id")[:PAGE])


@command()
def end_offer(hospital_id: UUID, offer_id: UUID, *, now: datetime) -> UUID | None:
    """The clock of an offer, or of a gathering, has run out: its slots go on to the next. Gives the session whose next
    is to be served; None where this call did nothing.

    Locks: the entry, the serving of the session. Emits: EntryPassed.
    """
    row = _offer(hospital_id, offer_id)
    entry = lock_entry(row.entry_id)
    seen = _line_of(row, now=now)
    offer = seen.offers.get(entry.id)
    if offer is None or offer.id != offer_id or offer.until > now:
        return None
    if offer.state == OfferState.GATHERING:
        reason, steps = PassReason.GATHERED, (Move.SCATTER, OfferMove.SCATTER)
    else:
        step = Move.LAPSE if _may_be_asked_again(seen, entry) else Move.LAPSE_LAST
        reason, steps = PassReason.LAPSED, (step, OfferMove.LAPSE)
    offers.pass_by(seen, entry, seen.promised(offer), reason, step=steps, actor=SYSTEM, now=now)
    return offer.session_id


def _offer(hospital_id: UUID, offer_id: UUID) -> models.WaitlistOffer:
    found = models.WaitlistOffer.objects.filter(hospital_id=hospital_id, id=offer_id)
    for row in found:
        return row
    raise errors.EntryMissing()


def _line_of(row: models.WaitlistOffer, *, now: datetime) -> LineNow:
    awaited = keeping.lock_awaited(row.hospital_id, row.session_id)
    return read_line(awaited.session, awaited.kept, now=now)


def _open_offer(seen: LineNow, entry: models.WaitlistEntry, offer_id: UUID, *, now: datetime) -> models.WaitlistOffer:
    offer = seen.offers.get(entry.id)
    if offer is None or offer.id != offer_id or offer.state != OfferState.OPEN or offer.until <= now:
        raise errors.OfferOver()
    return offer


def _may_be_asked_again(seen: LineNow, entry: models.WaitlistEntry) -> bool:
    return entry.offers < seen.policies.int("waitlist.offers_per_entry")
