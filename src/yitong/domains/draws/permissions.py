"""Draws: who may do what. `check_` refuses, `can_` answers."""

from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.errors import Forbidden, Refusal, Unidentified
from yitong.domains.access.contracts import RoleName
from yitong.domains.draws.errors import AccountNeeded, EntryMissing


def check_can_apply(actor: Actor) -> UUID:
    """An account holder applies, whatever channel he comes by. Gives the account."""
    if actor.kind == "anonymous":
        raise Unidentified()
    if actor.kind != "account" or actor.account_id is None:
        raise AccountNeeded()
    return actor.account_id


def check_is_own(actor: Actor, account_id: UUID) -> None:
    """Another's entry looks absent."""
    if check_can_apply(actor) != account_id:
        raise EntryMissing()


def check_can_keep_secret(actor: Actor, hospital_id: UUID) -> None:
    """The hospital's secret is its administrator's, who signs in with a second factor (R-205)."""
    if actor.kind == "anonymous":
        raise Unidentified()
    if not actor.has_role(RoleName.HOSPITAL_ADMIN, hospital_id=hospital_id):
        raise Forbidden()


def can_keep_secret(actor: Actor, hospital_id: UUID) -> bool:
    try:
        check_can_keep_secret(actor, hospital_id)
    except Refusal:
        return False
    return True


def check_is_system(actor: Actor) -> None:
    """Draws go by the clock, never by a person."""
    if actor.kind != "system":
        raise Unidentified() if actor.kind == "anonymous" else Forbidden()
