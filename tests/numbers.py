"""The question for a hospital's own number, as whoever agreed to it asks it (R-049)."""

from uuid import UUID

from tests import make

from yitong.core.actor import Actor
from yitong.core.ids import new_id
from yitong.domains.people.contracts.patients import AskHospitalNumber, NumberConsent
from yitong.domains.people.contracts.words import NUMBER_NOTICES


def question(patient_id: UUID, hospital_id: UUID, actor: Actor | None = None) -> AskHospitalNumber:
    """With the consent of this account, or of somebody's where the actor has none."""
    account_id = (actor.account_id if actor else None) or new_id()
    return AskHospitalNumber(patient_id, hospital_id, NumberConsent(NUMBER_NOTICES[-1], account_id, make.NOW))
