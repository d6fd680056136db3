"""Waitlist: who may do what. `check_` refuses, `can_` answers."""

from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.errors import Forbidden, Refusal, Unidentified
from yitong.domains.access.contracts import RoleName
from yitong.domains.waitlist.errors import EntryMissing

LISTS = (RoleName.REGISTRAR, RoleName.NURSE, RoleName.DOCTOR, RoleName.ROSTER_MANAGER, RoleName.HOSPITAL_ADMIN)


def check_can_wait(actor: Actor) -> UUID:
    """An account holder waits, whatever channel he comes by; nobody waits for him. Gives the account."""
    if actor.kind == "anonymous":
        raise Unidentified()
    if actor.kind != "account" or actor.account_id is None:
        raise Forbidden()
    return actor.account_id


def check_is_own(actor: Actor, account_id: UUID) -> None:
    """Another's entry looks absent."""
    if check_can_wait(actor) != account_id:
        raise EntryMissing()


def check_can_list(actor: Actor, hospital_id: UUID) -> None:
    """The hospital's staff sees a line and moves nobody in it."""
    if actor.kind == "anonymous":
        raise Unidentified()
    if not actor.has_role(*LISTS, hospital_id=hospital_id):
        raise Forbidden()


def can_list(actor: Actor, hospital_id: UUID) -> bool:
    try:
        check_can_list(actor, hospital_id)
    except Refusal:
        return False
    return True
