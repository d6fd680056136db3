"""One person, one record (R-102): leading a record to another and back, decided by a proven number or by a person."""

from collections import Counter
from datetime import date, datetime
from typing import Any
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events, idempotency
from yitong.core.db.command import command
from yitong.core.ids import new_id
from yitong.domains.people import errors, models, permissions
from yitong.domains.people.contracts.accounts import Done
from yitong.domains.people.contracts.events import CandidateDecided, PatientsMerged, PatientsUnmerged
from yitong.domains.people.contracts.patients import Merged, MergePatients, RejectCandidate, UnmergePatients
from yitong.domains.people.contracts.words import IdentityLevel, PatientState, Relation
from yitong.domains.people.queries import records_of
from yitong.domains.people.rules.identity import LEVELS

TOO_MANY_DAYS = {
    "limits_same_day": errors.MergeOverLimit,
    "limits_7_days": errors.MergeOverLimit,
    "limits_3_months": errors.MergeOverLimit,
}


@command(refusals=TOO_MANY_DAYS)
def merge_patients(cmd: MergePatients, *, actor: Actor, now: datetime) -> Merged:
    """A person of the city decides that two proven records are one human being. Both histories stay.

    Locks: both patients' limits. Emits: PatientsMerged. Refuses: Forbidden, PatientMissing, MergeImpossible, OpenVisit,
    MergeOverLimit, KeyReused.
    """
    permissions.check_can_decide(actor)
    once = idempotency.begin(actor, "people.merge_patients", cmd)
    if once.answer is not None:
        return Merged(UUID(once.answer["survivor_id"]), UUID(once.answer["merge_id"]))
    survivor, merged = locked_pair(cmd.survivor_id, cmd.merged_id)
    if IdentityLevel.DECLARED in (survivor.level, merged.level):
        raise errors.MergeImpossible()
    merge_id = lead_to(survivor, merged, basis="person", reason=cmd.reason, actor=actor, now=now)
    return once.finish(Merged(survivor.id, merge_id))


def locked_pair(one_id: UUID, other_id: UUID) -> tuple[models.Patient, models.Patient]:
    """Two active patients, locked by their limits in the order of their ids."""
    if one_id == other_id:
        raise errors.MergeImpossible()
    locked = list(
        models.BookingLimits.objects.select_for_update(of=("self",))
        .filter(patient_id__in=[one_id, other_id])
        .order_by("pk")
    )
    if len(locked) != 2:
        raise errors.PatientMissing()
    rows = models.Patient.objects.in_bulk([one_id, other_id])
    if any(row.state != PatientState.ACTIVE for row in rows.values()):
        raise errors.MergeImpossible()
    return rows[one_id], rows[other_id]


def lead_to(
    survivor: models.Patient, merged: models.Patient, *, basis: str, reason: str, actor: Actor, now: datetime
) -> UUID:
    """Lead one locked record to another. Joins the caller's command. Refuses: OpenVisit."""
    if models.OpenEpisode.objects.filter(patient_id__in=[survivor.id, merged.id]).exists():
        raise errors.OpenVisit()
    merge_id = new_id()
    models.PatientMerge.objects.create(
        patient=survivor,
        id=merge_id,
        merged_id=merged.id,
        basis=basis,
        reason=reason,
        moved={
            **_move_limits(merged.id, survivor.id),
            "seats": _move_seats(merged.id, survivor.id),
            "identities": _move_identities(merged.id, survivor.id),
            "carriers": _move_carriers(merged.id, survivor.id),
            "level": survivor.level,
        },
        at=now,
        by=actor.key,
    )
    merged.state = PatientState.MERGED.value
    merged.survivor_id = survivor.id
    merged.save(update_fields=["state", "survivor_id"])
    if LEVELS[IdentityLevel(merged.level)] > LEVELS[IdentityLevel(survivor.level)]:
        survivor.level, survivor.level_at = merged.level, merged.level_at
        survivor.save(update_fields=["level", "level_at"])
    _settle_candidates(survivor.id, merged.id, actor, now)
    happened = PatientsMerged(
        subject_id=merged.id, survivor_id=survivor.id, from_state="active", to_state=PatientState.MERGED.value
    )
    events.append(happened, actor, at=now, shard=f"patient:{survivor.id}")
    return merge_id


def _move_limits(merged_id: UUID, survivor_id: UUID) -> dict[str, Any]:
    """The survivor takes the days of both; the constraints judge whether one person may have so many."""
    rows = {row.patient_id: row for row in models.BookingLimits.objects.filter(patient_id__in=[merged_id, survivor_id])}
    old, new = rows[merged_id], rows[survivor_id]
    moved = {
        "days": [day.isoformat() for day in old.live_days],
        "no_shows_counted": new.no_shows_counted,
        "locked_until": new.locked_until.isoformat() if new.locked_until else None,
    }
    new.live_days = sorted([*new.live_days, *old.live_days])
    new.no_show_days = sorted([*new.no_show_days, *old.no_show_days])
    new.no_shows_counted = max(new.no_shows_counted, old.no_shows_counted)
    new.locked_until = max(filter(None, [new.locked_until, old.locked_until]), default=None)
    new.save(update_fields=["live_days", "no_show_days", "no_shows_counted", "locked_until"])
    old.live_days, old.moved_to = [], survivor_id
    old.save(update_fields=["live_days", "moved_to"])
    return moved


def _move_seats(merged_id: UUID, survivor_id: UUID) -> list[dict[str, Any]]:
    """Accounts that had the merged record have the survivor; who had both keeps one seat."""
    moved = []
    has_self = models.AccountPatient.objects.filter(patient_id=survivor_id, relation=Relation.SELF.value).exists()
    for link in models.AccountPatient.objects.filter(patient_id=merged_id).order_by("account_id"):
        had_both = models.AccountPatient.objects.filter(account_id=link.account_id, patient_id=survivor_id).exists()
        moved.append(
            {
                "account_id": str(link.account_id),
                "seat": link.seat,
                "relation": link.relation,
                "consent": link.guardian_consent,
                "left": had_both,
            }
        )
        where = models.AccountPatient.objects.filter(account_id=link.account_id, seat=link.seat)
        if had_both:
            where.delete()
        elif link.relation == Relation.SELF and has_self:
            where.update(patient_id=survivor_id, relation=Relation.OTHER.value)
        else:
            where.update(patient_id=survivor_id)
    return moved


def _move_identities(merged_id: UUID, survivor_id: UUID) -> list[dict[str, str]]:
    rows = models.PatientIdentity.objects.filter(patient_id=merged_id)
    moved = [{"family": row.family, "number_index": bytes(row.number_index).hex()} for row in rows]
    rows.update(patient_id=survivor_id)
    return moved


def _move_carriers(merged_id: UUID, survivor_id: UUID) -> list[str]:
    """Cards stay on the record that they were linked to; where they lead changes."""
    rows = models.CarrierIndex.objects.filter(patient_id=merged_id)
    moved = [str(row.carrier_id) for row in rows]
    rows.update(patient_id=survivor_id)
    return moved


def _settle_candidates(survivor_id: UUID, merged_id: UUID, actor: Actor, now: datetime) -> None:
    first, second = sorted([survivor_id, merged_id])
    models.MergeCandidate.objects.filter(patient_id=first, other_id=second, state="open").update(
        state="merged", decided_at=now, decided_by=actor.key
    )


# -- and back ----------------------------------------------------------------------------------------------------------


@command(refusals=TOO_MANY_DAYS)
def unmerge_patients(cmd: UnmergePatients, *, actor: Actor, now: datetime) -> Done:
    """Take a merge back: the merged record gets its days, seats, numbers and cards again.

    Locks: both patients' limits. Emits: PatientsUnmerged. Refuses: Forbidden, MergeMissing, OpenVisit, MergeImpossible.
    """
    permissions.check_can_decide(actor)
    once = idempotency.begin(actor, "people.unmerge_patients", cmd)
    if once.answer is not None:
        return Done(UUID(once.answer["subject_id"]))
    merge = (
        models.PatientMerge.objects.filter(patient_id=cmd.survivor_id, id=cmd.merge_id, unmerged_at=None)
        .order_by("id")
        .first()
    )
    if merge is None:
        raise errors.MergeMissing()
    list(
        models.BookingLimits.objects.select_for_update(of=("self",))
        .filter(patient_id__in=[merge.patient_id, merge.merged_id])
        .order_by("pk")
    )
    survivor = models.Patient.objects.get(id=merge.patient_id)
    merged = models.Patient.objects.get(id=merge.merged_id)
    if merged.survivor_id != survivor.id or PatientState.ERASED in (survivor.state, merged.state):
        raise errors.MergeImpossible()
    if models.OpenEpisode.objects.filter(patient_id__in=[survivor.id, merged.id]).exists():
        raise errors.OpenVisit()
    merged.state, merged.survivor_id = PatientState.ACTIVE.value, None
    merged.save(update_fields=["state", "survivor_id"])
    _give_back(merge, survivor, merged)
    merge.unmerged_at, merge.unmerged_by, merge.unmerged_why = now, actor.key, cmd.reason
    merge.save(update_fields=["unmerged_at", "unmerged_by", "unmerged_why"])
    happened = PatientsUnmerged(
        subject_id=merged.id, survivor_id=survivor.id, from_state="merged", to_state=PatientState.ACTIVE.value
    )
    events.append(happened, actor, at=now, shard=f"patient:{survivor.id}")
    return once.finish(Done(merged.id))


def _give_back(merge: models.PatientMerge, survivor: models.Patient, merged: models.Patient) -> None:
    moved = merge.moved
    limits = {
        row.patient_id: row for row in models.BookingLimits.objects.filter(patient_id__in=[survivor.id, merged.id])
    }
    kept, returned = limits[survivor.id], limits[merged.id]
    theirs = Counter(date.fromisoformat(day) for day in moved["days"]) & Counter(kept.live_days)
    kept.live_days = sorted((Counter(kept.live_days) - theirs).elements())
    kept.no_show_days = sorted((Counter(kept.no_show_days) - Counter(returned.no_show_days)).elements())
    if kept.locked_until is not None and kept.locked_until == returned.locked_until:
        kept.no_shows_counted = moved["no_shows_counted"]
        kept.locked_until = date.fromisoformat(moved["locked_until"]) if moved["locked_until"] else None
    kept.save(update_fields=["live_days", "no_show_days", "no_shows_counted", "locked_until"])
    returned.live_days, returned.moved_to = sorted(theirs.elements()), None
    returned.save(update_fields=["live_days", "moved_to"])
    for item in moved["identities"]:
        models.PatientIdentity.objects.filter(
            family=item["family"], number_index=bytes.fromhex(item["number_index"]), patient_id=survivor.id
        ).update(patient_id=merged.id)
    # Those that moved with it, and the number for which the hospital was asked before and which it made since.
    own = models.Carrier.objects.filter(patient_id__in=records_of([merged.id])).values("id")
    models.CarrierIndex.objects.filter(carrier_id__in=own, patient_id=survivor.id).update(patient_id=merged.id)
    for item in moved["seats"]:
        _give_back_seat(item, survivor, merged)
    if survivor.level_at == merged.level_at and survivor.level != moved["level"]:  # it was the other's level
        survivor.level = moved["level"]
        survivor.save(update_fields=["level"])


def _give_back_seat(item: dict[str, Any], survivor: models.Patient, merged: models.Patient) -> None:
    account_id = UUID(item["account_id"])
    if item["left"]:
        taken = models.AccountPatient.objects.filter(account_id=account_id, seat=item["seat"]).exists()
        open_ = models.Account.objects.filter(id=account_id, state="open").exists()
        if not taken and open_ and merged.identity_index is not None:
            models.AccountPatient.objects.create(
                account_id=account_id,
                seat=item["seat"],
                patient_id=merged.id,
                relation=item["relation"],
                guardian_consent=item["consent"],
                identity_index=merged.identity_index,
                linked_at=merged.created_at,
            )
        return
    models.AccountPatient.objects.filter(account_id=account_id, seat=item["seat"], patient_id=survivor.id).update(
        patient_id=merged.id, relation=item["relation"]
    )


# -- probable matches --------------------------------------------------------------------------------------------------


def find_candidates(patient: models.Patient, now: datetime) -> None:
    """Note other proven patients of the same name and birth date, for a person to look at. Joins a command."""
    others = (
        models.Patient.objects.filter(name_index=patient.name_index, birth_date=patient.birth_date, state="active")
        .exclude(id=patient.id)
        .exclude(level=IdentityLevel.DECLARED.value)
        .order_by("id")[:10]
    )
    rows = []
    for other in others:
        matches = ["name", "birth_date", *(["sex"] if other.sex == patient.sex else [])]
        first, second = sorted([patient.id, other.id])
        rows.append(
            models.MergeCandidate(patient_id=first, id=new_id(), other_id=second, matches=matches, found_at=now)
        )
    models.MergeCandidate.objects.bulk_create(rows, ignore_conflicts=True)


@command()
def reject_candidate(cmd: RejectCandidate, *, actor: Actor, now: datetime) -> Done:
    """A person decides that two records are two people. Emits: CandidateDecided. Refuses: Forbidden, MergeMissing."""
    permissions.check_can_decide(actor)
    rows = models.MergeCandidate.objects.filter(patient_id=cmd.patient_id, id=cmd.candidate_id, state="open")
    row = rows.order_by("id").first()
    if row is None or rows.update(state="rejected", decided_at=now, decided_by=actor.key) == 0:
        raise errors.MergeMissing()
    happened = CandidateDecided(
        subject_id=row.patient_id, other_id=row.other_id, from_state="open", to_state="rejected"
    )
    events.append(happened, actor, at=now, shard=f"patient:{row.patient_id}")
    return Done(row.patient_id)
