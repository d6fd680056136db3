"""Consent to a hospital's number that was given before there is a booking (R-049)."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.db.command import joined
from yitong.domains.people import errors, models
from yitong.domains.people.contracts.patients import SaidNotice
from yitong.domains.people.contracts.words import NUMBER_NOTICES


def keep_consent(patient_id: UUID, said: Collection[SaidNotice], key: str, *, actor: Actor, now: datetime) -> None:
    """The press on which a booking may follow, with this key: its account agreed to what was said. Said before for it,
    the first time counts. Joins the caller's command, which has seen that the account may act for the patient.

    Refuses: NumberConsentMissing.
    """
    if not said:
        return
    if actor.account_id is None or any(one.notice not in NUMBER_NOTICES for one in said):
        raise errors.NumberConsentMissing()
    with joined():
        models.NumberConsent.objects.bulk_create(
            [
                models.NumberConsent(
                    patient_id=patient_id,
                    hospital_id=one.hospital_id,
                    key=key,
                    notice=one.notice,
                    account_id=actor.account_id,
                    at=now,
                )
                for one in said
            ],
            ignore_conflicts=True,
        )
