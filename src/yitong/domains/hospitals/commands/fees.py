"""Kinds of clinic and their fees."""

from datetime import datetime
from uuid import UUID

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db.command import command
from yitong.core.ids import new_id
from yitong.domains.hospitals import models, permissions, rules
from yitong.domains.hospitals.commands import writing
from yitong.domains.hospitals.contracts.events import ClinicKindOffered, FeeSet
from yitong.domains.hospitals.contracts.things import ClinicKind, Title
from yitong.domains.hospitals.contracts.writes import FeeFacts, Imported, ImportFees, Made, OfferClinicKind, SetFee
from yitong.domains.hospitals.permissions import Action
from yitong.domains.hospitals.queries import facts as stand


@command()
def offer_clinic_kind(cmd: OfferClinicKind, *, actor: Actor, now: datetime) -> Made:
    """Offer a kind of clinic, or no longer. Locks: Hospital. Emits: ClinicKindOffered."""
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    writing.locked_hospital(cmd.hospital_id)
    row, _ = models.HospitalClinicKind.objects.update_or_create(
        hospital_id=cmd.hospital_id,
        clinic_kind=ClinicKind(cmd.clinic_kind).value,
        defaults={"is_offered": cmd.is_offered},
    )
    event = ClinicKindOffered(
        hospital_id=cmd.hospital_id,
        subject_id=row.id,
        clinic_kind=row.clinic_kind,
        is_offered=row.is_offered,
    )
    writing.announce(event, actor, now)
    return Made(row.id)


@command()
def set_fee(cmd: SetFee, *, actor: Actor, now: datetime) -> Made:
    """A price from a day on; one that has not begun may still be corrected (R-162).

    Locks: Hospital. Emits: FeeSet. Refuses: Forbidden, HospitalMissing, FactsInvalid, FeeFixed, FactsChanged.
    """
    permissions.check_can(actor, Action.WRITE_MASTER_DATA, cmd.hospital_id)
    writing.locked_hospital(cmd.hospital_id)
    if cmd.seen:
        _check_seen(cmd)
    row, _ = _set_fee(cmd.hospital_id, cmd.facts, actor, now)
    return Made(row.id)


@command()
def import_fees(cmd: ImportFees, *, actor: Actor, now: datetime) -> Imported:
    """A hospital's price list; prices that stand already change nothing.

    Locks: Hospital. Emits: FeeSet for each new price, MasterDataImported. Refuses: as set_fee.
    """
    writing.begin_import(cmd.hospital_id, [], actor)
    done = writing.Merged()
    for facts in sorted(cmd.rows, key=lambda one: one.effective_date):
        row, how = _set_fee(cmd.hospital_id, facts, actor, now)
        done.count(row, how)
    return writing.finish_import("fees", cmd.hospital_id, done, actor, now)


def _check_seen(cmd: SetFee) -> None:
    """Refuses FactsChanged, but not where the price stands already, as after a second press."""
    stands = stand.price_list(cmd.hospital_id)
    there = stands.on(cmd.facts)
    if there is None or there.fee_fen != cmd.facts.fee_fen:
        writing.check_seen(cmd.seen, stands)


def _set_fee(hospital_id: UUID, facts: FeeFacts, actor: Actor, now: datetime) -> tuple[models.Fee, writing.How]:
    title = None if facts.title is None else Title(facts.title).value
    line = models.Fee.objects.filter(
        hospital_id=hospital_id, clinic_kind=ClinicKind(facts.clinic_kind).value, title=title
    )
    row = line.filter(effective_date=facts.effective_date).first()  # unique
    if row is not None and row.fee_fen == facts.fee_fen:
        return row, "unchanged"
    earlier = line.exists()
    today = clock.shanghai_date(now)
    begun = row is not None and facts.effective_date <= today
    rules.check_fee(facts, today=today, has_earlier=earlier, has_begun=begun)
    how: writing.How = "added" if row is None else "changed"
    row = row or models.Fee(
        id=new_id(),
        hospital_id=hospital_id,
        clinic_kind=ClinicKind(facts.clinic_kind).value,
        title=title,
        effective_date=facts.effective_date,
    )
    decided = {"fee_fen": facts.fee_fen, "source": facts.source, "decided_by": actor.key, "decided_at": now}
    writing.write(row, decided)
    event = FeeSet(
        hospital_id=hospital_id,
        subject_id=row.id,
        clinic_kind=row.clinic_kind,
        title=row.title,
        fee_fen=row.fee_fen,
        effective_date=row.effective_date,
    )
    writing.announce(event, actor, now)
    return row, how
