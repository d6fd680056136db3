"""Who may manage staff, desks and channels: least privilege, and three officers kept apart (R-205)."""

from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.errors import Forbidden, Unidentified
from yitong.domains.access.contracts import RoleName, Scope
from yitong.domains.access.errors import RoleOfOneself, ScopeMissing


class Action(StrEnum):
    MANAGE_CITY_STAFF = "manage_city_staff"
    MANAGE_HOSPITAL_STAFF = "manage_hospital_staff"
    READ_HOSPITAL_STAFF = "read_hospital_staff"
    MANAGE_TERMINALS = "manage_terminals"
    SET_PROVIDER = "set_provider"
    MANAGE_CHANNELS = "manage_channels"
    READ_CHANNELS = "read_channels"


# A hospital's role counts at that hospital, a city's role everywhere. The auditor looks and touches nothing.
ALLOWED: dict[Action, frozenset[RoleName]] = {
    Action.MANAGE_CITY_STAFF: frozenset({RoleName.SECURITY_ADMIN}),
    Action.MANAGE_HOSPITAL_STAFF: frozenset({RoleName.SECURITY_ADMIN, RoleName.HOSPITAL_ADMIN}),
    Action.READ_HOSPITAL_STAFF: frozenset({RoleName.SECURITY_ADMIN, RoleName.AUDITOR, RoleName.HOSPITAL_ADMIN}),
    Action.MANAGE_TERMINALS: frozenset({RoleName.HOSPITAL_ADMIN}),
    Action.SET_PROVIDER: frozenset({RoleName.HOSPITAL_ADMIN}),
    Action.MANAGE_CHANNELS: frozenset({RoleName.SECURITY_ADMIN}),
    Action.READ_CHANNELS: frozenset({RoleName.SECURITY_ADMIN, RoleName.AUDITOR, RoleName.CITY_OPERATOR}),
}
# What the command line of the operator may do before there is anybody.
SYSTEM = frozenset({Action.MANAGE_CITY_STAFF, Action.MANAGE_HOSPITAL_STAFF, Action.MANAGE_CHANNELS})


def check_can(actor: Actor, action: Action, hospital_id: UUID | None = None) -> None:
    """Refuses Unidentified, Forbidden. `hospital_id` None: the act concerns the city."""
    if actor.kind == "anonymous":
        raise Unidentified()
    if actor.kind == "system" and action in SYSTEM:
        return
    if actor.kind == "staff":
        allowed = ALLOWED[action]
        if actor.has_role(*allowed):
            return
        if hospital_id is not None and actor.has_role(*allowed, hospital_id=hospital_id):
            return
    raise Forbidden(action=action.value)


def can(actor: Actor, action: Action, hospital_id: UUID | None = None) -> bool:
    try:
        check_can(actor, action, hospital_id)
    except (Unidentified, Forbidden):
        return False
    return True


def check_manages(actor: Actor, staff_id: UUID, places: Iterable[UUID | None]) -> None:
    """Whether the actor manages this person, whose roles are at `places` (None: the city). Never oneself."""
    if actor.kind == "staff" and actor.id == str(staff_id):
        raise RoleOfOneself()
    for place in places:
        check_can(actor, Action.MANAGE_CITY_STAFF if place is None else Action.MANAGE_HOSPITAL_STAFF, place)


def check_scope(actor: Actor, scope: Scope) -> None:
    """Refuses ScopeMissing where a channel's contract lacks the scope; others than channels have none to show."""
    if actor.kind == "channel" and scope not in actor.scopes:
        raise ScopeMissing(scope=scope.value)
