"""People: asking the authority, and clearing what has run out."""

from uuid import UUID

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db.jobs import job, periodic
from yitong.core.db.sweeps import swept
from yitong.domains.people import commands, queries
from yitong.domains.people.ports import identity_authority


@job(queue="people")
def verify(patient_id: str, verification_id: str) -> None:
    """One try at one question. What stays unknown is asked again by the sweep, under the same id."""
    attempt(UUID(patient_id), UUID(verification_id))


@swept(every_s=10)
def verify_due(timestamp: int) -> None:
    """Questions whose turn has come: tries again, and what a killed worker dropped."""
    for patient_id, verification_id in queries.list_due_verifications(clock.now()):
        attempt(patient_id, verification_id)


def attempt(patient_id: UUID, verification_id: UUID) -> None:
    ask = commands.take_turn(patient_id, verification_id, now=clock.now())
    if ask is None:
        return
    verdict = identity_authority.taken().check(ask)
    actor = Actor.system("people.verify")
    commands.note_verdict(patient_id, verification_id, verdict, actor=actor, now=clock.now())


@periodic("23 * * * *", queue="people")
def forget_addresses(timestamp: int) -> None:
    commands.forget_addresses(now=clock.now())


@periodic("*/10 * * * *", queue="people")
def forget_used_codes(timestamp: int) -> None:
    commands.forget_used_codes(now=clock.now())
