"""People: asking the authority and the hospitals, and clearing what has run out."""

from uuid import UUID

import structlog

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.db.jobs import OUTSIDE, job, periodic
from yitong.core.db.sweeps import Round, swept, within
from yitong.core.errors import Refusal
from yitong.domains.people import commands, queries
from yitong.domains.people.commands import carriers
from yitong.domains.people.contracts.words import NumberOutcome
from yitong.domains.people.ports import hospital_register, identity_authority
from yitong.domains.people.queries.carriers import list_due_numbers

hospitals = Round()

log = structlog.get_logger()


@job(queue=OUTSIDE)
def verify(patient_id: str, verification_id: str) -> None:
    """One try at one question. What stays unknown is asked again by the sweep, under the same id."""
    attempt(UUID(patient_id), UUID(verification_id))


@swept(every_s=10, asks_outside=True)
def verify_due(timestamp: int) -> None:
    """Questions whose turn has come: tries again, and what a killed worker dropped."""
    for patient_id, verification_id in within(queries.list_due_verifications(clock.now())):
        attempt(patient_id, verification_id)


def attempt(patient_id: UUID, verification_id: UUID) -> None:
    ask = commands.take_turn(patient_id, verification_id, now=clock.now())
    if ask is None:
        return
    verdict = identity_authority.taken().check(ask)
    actor = Actor.system("people.verify")
    commands.note_verdict(patient_id, verification_id, verdict, actor=actor, now=clock.now())


@swept(every_s=10, asks_outside=True)
def ask_hospitals(timestamp: int) -> None:
    """Questions for a hospital's own number whose turn has come (R-049). One that doesn't answer is left for this turn:
    nobody else's waits for it. Where many are silent, the next turn begins with those whom this one didn't reach."""
    silent: set[UUID] = set()
    for hospital_id, patient_id, carrier_id in hospitals.of(list_due_numbers(clock.now()), lambda one: one[0]):
        if hospital_id not in silent and ask_hospital(patient_id, carrier_id) is NumberOutcome.UNKNOWN:
            silent.add(hospital_id)


def ask_hospital(patient_id: UUID, carrier_id: UUID) -> NumberOutcome | None:
    """One try at one question; None where it was not its turn."""
    try:
        ask = carriers.take_number_turn(patient_id, carrier_id, now=clock.now())
        if ask is None:
            return None
        answer = hospital_register.taken().number(ask)
        actor = Actor.system("people.ask_hospital")
        carriers.note_number_answer(ask, patient_id, answer, actor=actor, now=clock.now())
    except Refusal as refusal:  # its window gave the number in between, or somebody holds the row: then its next turn
        log.info("people.number_later", carrier_id=str(carrier_id), code=refusal.code)
        return None
    return answer.outcome


@periodic("23 * * * *", queue="people")
def forget_addresses(timestamp: int) -> None:
    commands.forget_addresses(now=clock.now())


@periodic("*/10 * * * *", queue="people")
def forget_used_codes(timestamp: int) -> None:
    commands.forget_used_codes(now=clock.now())
