"""The question for a hospital's own number, as whoever agreed to it asks it (R-049)."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from tests import make

from yitong.core.actor import Actor
from yitong.core.ids import new_id
from yitong.domains.people.contracts.patients import AskHospitalNumber, NumberConsent
from yitong.domains.people.contracts.words import NUMBER_NOTICES
from yitong.domains.people.ports import hospital_register
from yitong.links.register.http import HttpHospitalRegister


def question(patient_id: UUID, hospital_id: UUID, actor: Actor | None = None) -> AskHospitalNumber:
    """With the consent of this account, or of somebody's where the actor has none."""
    account_id = (actor.account_id if actor else None) or new_id()
    return AskHospitalNumber(patient_id, hospital_id, NumberConsent(NUMBER_NOTICES[-1], account_id, make.NOW))


@contextmanager
def a_register() -> Iterator[None]:
    """One that could be asked; nobody is there."""
    before = hospital_register.taken()
    link = HttpHospitalRegister("http://127.0.0.1:1", key_id="yitong", secret=b"x")
    hospital_register.plug(link)
    yield
    link.close()
    hospital_register.plug(before)
