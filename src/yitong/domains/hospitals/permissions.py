"""Who may change a hospital's data. The hospital's own data is written by the hospital alone (S-83)."""

from enum import StrEnum
from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.errors import Forbidden, Unidentified
from yitong.domains.access.contracts import RoleName


class Action(StrEnum):
    ADD_HOSPITAL = "add_hospital"
    OPEN_OR_CLOSE = "open_or_close"
    WRITE_MASTER_DATA = "write_master_data"
    READ_LICENCE = "read_licence"
    ANNOUNCE = "announce"
    ANNOUNCE_CITY = "announce_city"
    SET_HOSPITAL_POLICY = "set_hospital_policy"
    SET_CITY_POLICY = "set_city_policy"
    READ_POLICY_HISTORY = "read_policy_history"
    READ_CITY_POLICY_HISTORY = "read_city_policy_history"


# Which roles may do what. A hospital's role counts at that hospital, a city's role everywhere.
ALLOWED: dict[Action, frozenset[RoleName]] = {
    Action.ADD_HOSPITAL: frozenset({RoleName.CITY_OPERATOR}),
    Action.OPEN_OR_CLOSE: frozenset({RoleName.CITY_OPERATOR}),
    Action.WRITE_MASTER_DATA: frozenset({RoleName.HOSPITAL_ADMIN}),
    Action.READ_LICENCE: frozenset({RoleName.HOSPITAL_ADMIN}),
    Action.ANNOUNCE: frozenset({RoleName.HOSPITAL_ADMIN}),
    Action.ANNOUNCE_CITY: frozenset({RoleName.CITY_OPERATOR}),
    Action.SET_HOSPITAL_POLICY: frozenset({RoleName.HOSPITAL_ADMIN}),
    Action.SET_CITY_POLICY: frozenset({RoleName.POLICY_OFFICER}),
    Action.READ_POLICY_HISTORY: frozenset(
        {RoleName.HOSPITAL_ADMIN, RoleName.CITY_OPERATOR, RoleName.POLICY_OFFICER, RoleName.AUDITOR}
    ),
    Action.READ_CITY_POLICY_HISTORY: frozenset(
        {RoleName.HOSPITAL_ADMIN, RoleName.CITY_OPERATOR, RoleName.POLICY_OFFICER, RoleName.AUDITOR}
    ),
}
# What a hospital's role may do for the whole city: read the rules that bind it.
READ_BY_ANY_HOSPITAL = frozenset({Action.READ_CITY_POLICY_HISTORY})


def check_can(actor: Actor, action: Action, hospital_id: UUID | None = None) -> None:
    """Refuses Unidentified, Forbidden. `hospital_id` None: the act concerns the city."""
    if actor.kind == "anonymous":
        raise Unidentified()
    if actor.kind == "staff":
        allowed = ALLOWED[action]
        if actor.has_role(*allowed):
            return
        if hospital_id is not None and actor.has_role(*allowed, hospital_id=hospital_id):
            return
        if action in READ_BY_ANY_HOSPITAL and actor.hospitals(*allowed):
            return
    raise Forbidden(action=action.value)


def can(actor: Actor, action: Action, hospital_id: UUID | None = None) -> bool:
    try:
        check_can(actor, action, hospital_id)
    except (Unidentified, Forbidden):
        return False
    return True
