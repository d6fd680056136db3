"""Schedule: who may do what. `check_` refuses, `can_` answers."""

from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.errors import Forbidden, Refusal, Unidentified
from yitong.domains.access.contracts import RoleName

MANAGERS = (RoleName.ROSTER_MANAGER, RoleName.HOSPITAL_ADMIN)
READERS = (*MANAGERS, RoleName.REGISTRAR, RoleName.NURSE, RoleName.DOCTOR)


def check_can_manage(actor: Actor, hospital_id: UUID) -> None:
    """Rosters, imports, stops, substitutes and pools: the hospital's own roster managers, and the system's jobs."""
    if actor.kind == "system":
        return
    _check(actor, MANAGERS, hospital_id)


def check_can_see_lists(actor: Actor, hospital_id: UUID) -> None:
    """The desk's day and week lists and the roster grid."""
    if actor.kind == "system":
        return
    _check(actor, READERS, hospital_id)


def check_can_add_extra(actor: Actor, hospital_id: UUID) -> None:
    """加号 is the act of the doctor in person; whose session it is, the rule decides (R-014)."""
    _check(actor, (RoleName.DOCTOR,), hospital_id)


def check_is_system(actor: Actor) -> None:
    """Release and flow-back come by the clock, never by a person."""
    if actor.kind != "system":
        raise Unidentified() if actor.kind == "anonymous" else Forbidden()


def can_manage(actor: Actor, hospital_id: UUID) -> bool:
    try:
        check_can_manage(actor, hospital_id)
    except Refusal:
        return False
    return True


def can_see_lists(actor: Actor, hospital_id: UUID) -> bool:
    try:
        check_can_see_lists(actor, hospital_id)
    except Refusal:
        return False
    return True


def _check(actor: Actor, roles: tuple[RoleName, ...], hospital_id: UUID) -> None:
    if actor.kind == "anonymous":
        raise Unidentified()
    if actor.kind != "staff" or not actor.has_role(*roles, hospital_id=hospital_id):
        raise Forbidden()
