"""Forgetting a person (R-198). What the law keeps was asked of every domain before."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db import events
from yitong.core.db.command import joined
from yitong.domains.notify import commands as notify
from yitong.domains.people import errors, models
from yitong.domains.people.commands import limits, phones
from yitong.domains.people.contracts.events import AccountClosed, PatientErased
from yitong.domains.people.contracts.words import CarrierState, PatientState
from yitong.domains.people.queries import records_of, survivor_of

ERASER = Actor.system("people.erase")


def erase(patient_ids: Collection[UUID], account_id: UUID | None, *, now: datetime) -> dict[str, int]:
    """Wipe patients, with the records merged into them, and close an account. Joins the caller's command.

    Returns how many rows of each were wiped.

    Locks: limits in id order, Account. Emits: PatientErased, AccountClosed. Refuses: RightsDenied.
    """
    with joined():
        whole = records_of({survivor_of(patient_id) for patient_id in patient_ids})
        erased = sum(_erase_patient(patient_id, account_id, now) for patient_id in sorted(whole))
        closed = _close(account_id, now) if account_id else 0
        return {"patients": erased, "accounts": closed}


def _erase_patient(patient_id: UUID, account_id: UUID | None, now: datetime) -> int:
    limits.locked(patient_id)
    row = models.Patient.objects.filter(id=patient_id).order_by("id").first()
    if row is None or row.state == PatientState.ERASED:
        return 0
    if models.OpenEpisode.objects.filter(patient_id=patient_id).exists():
        raise errors.RightsDenied(reason="open_visit")
    links = models.AccountPatient.objects.filter(patient_id=patient_id)
    if links.exclude(account_id=account_id).exists() if account_id else links.exists():
        raise errors.RightsDenied(reason="other_account")
    before = row.state
    links.delete()
    models.PatientIdentity.objects.filter(patient_id=patient_id).delete()
    models.CarrierIndex.objects.filter(patient_id=patient_id).delete()
    models.Carrier.objects.filter(patient_id=patient_id).exclude(ended_at=None).update(
        value=None, value_index=None, reason=""
    )
    models.Carrier.objects.filter(patient_id=patient_id, ended_at=None).update(
        state=CarrierState.ENDED.value, ended_at=now, next_at=None, value=None, value_index=None, reason=""
    )
    models.NumberConsent.objects.filter(patient_id=patient_id).delete()
    models.MergeCandidate.objects.filter(patient_id=patient_id).delete()
    models.MergeCandidate.objects.filter(other_id=patient_id).delete()
    models.Verification.objects.filter(patient_id=patient_id).delete()
    models.BookingLimits.objects.filter(patient_id=patient_id).update(
        live_days=[], no_show_days=[], no_shows_counted=0, locked_until=None
    )
    row.state, row.erased_at = PatientState.ERASED.value, now
    row.name = row.name_index = row.identity_number = row.identity_index = row.birth_date = None
    row.sex = "unknown"
    row.save(
        update_fields=[
            "state",
            "erased_at",
            "name",
            "name_index",
            "identity_number",
            "identity_index",
            "birth_date",
            "sex",
        ]
    )
    erased = PatientErased(subject_id=patient_id, from_state=before, to_state=row.state)
    events.append(erased, ERASER, at=now, shard=f"patient:{patient_id}")
    return 1


def _close(account_id: UUID, now: datetime) -> int:
    if not models.Account.objects.filter(id=account_id, state="open").exists():
        notify.forget_account(account_id)
        return 0
    phones.close(phones.locked_account(account_id), now)
    models.AbuseLock.objects.filter(account_id=account_id, appeal__isnull=False, decided_why=None).update(
        appeal=None, appealed_at=None
    )
    models.Device.objects.filter(account_id=account_id).update(label="")
    closed = AccountClosed(subject_id=account_id)
    events.append(closed, ERASER, at=now, shard=f"account:{account_id}")
    return 1
