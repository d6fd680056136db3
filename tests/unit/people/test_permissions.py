"""Role × action, the whole table; and that every mark of a rule has its test here or there."""

from collections.abc import Callable
from uuid import UUID

import pytest

from yitong.core.actor import Actor, Role
from yitong.core.errors import Forbidden, Refusal, Unidentified
from yitong.domains.people import permissions

HERE, THERE = UUID(int=1), UUID(int=2)


def staff(name: str, hospital_id: UUID | None) -> Actor:
    return Actor.for_staff(UUID(int=9), roles=frozenset({Role(name, hospital_id)}))


def channel(*scopes: str) -> Actor:
    return Actor.for_channel(UUID(int=8), "partner", scopes=frozenset(scopes))


ACTORS = {
    "anonymous": Actor.anonymous(),
    "account": Actor.for_account(UUID(int=7)),
    "system": Actor.system("job"),
    "registrar": staff("registrar", HERE),
    "nurse": staff("nurse", HERE),
    "doctor": staff("doctor", HERE),
    "roster_manager": staff("roster_manager", HERE),
    "hospital_admin": staff("hospital_admin", HERE),
    "registrar elsewhere": staff("registrar", THERE),
    "city_operator": staff("city_operator", None),
    "policy_officer": staff("policy_officer", None),
    "security_admin": staff("security_admin", None),
    "auditor": staff("auditor", None),
    "channel": channel(),
    "channel that resolves": channel("patients:resolve"),
    "channel that writes": channel("patients:write"),
    "channel that signs in": channel("accounts:sign_in"),
}
ACTIONS = {
    "sign in": (
        lambda a: permissions.check_can_sign_in_through(a),
        {"anonymous", "account", "system", "channel that signs in"},
    ),
    "read": (
        lambda a: permissions.check_can_read(a, HERE),
        {"account", "system", "registrar", "nurse", "doctor", "hospital_admin", "channel that resolves"},
    ),
    "read without a hospital": (
        lambda a: permissions.check_can_read(a, None),
        {"account", "system", "channel that resolves"},
    ),
    "register": (lambda a: permissions.check_can_register(a, HERE), {"registrar", "hospital_admin"}),
    "receive": (
        lambda a: permissions.check_can_receive(a, HERE),
        {"registrar", "nurse", "hospital_admin", "channel that resolves"},
    ),
    "link a card of the city": (
        lambda a: permissions.check_can_link_carrier(a, None),
        {"system", "registrar", "hospital_admin", "registrar elsewhere", "channel that writes"},
    ),
    "link a hospital's number": (
        lambda a: permissions.check_can_link_carrier(a, HERE),
        {"system", "registrar", "hospital_admin", "channel that writes"},
    ),
    "ask for a hospital number": (
        lambda a: permissions.check_can_ask_hospital_number(a, HERE),
        {"system", "account", "registrar", "hospital_admin", "channel that writes"},
    ),
    "note a hospital number": (
        lambda a: permissions.check_can_note_hospital_number(a, HERE),
        {"system", "registrar", "hospital_admin", "channel that writes"},
    ),
    "decide": (lambda a: permissions.check_can_decide(a), {"city_operator"}),
    "be the system": (lambda a: permissions.check_is_system(a), {"system"}),
    "be this account": (lambda a: permissions.check_is_account(a, UUID(int=7)), {"account"}),
}


def answer(check: Callable[[Actor], None], who: str) -> type[Refusal] | None:
    try:
        check(ACTORS[who])
    except Refusal as refused:
        return type(refused)
    return None


def test_role_by_action() -> None:
    refused = {who: Unidentified if who == "anonymous" else Forbidden for who in ACTORS}
    assert {(who, action): answer(check, who) for action, (check, _) in ACTIONS.items() for who in ACTORS} == {
        (who, action): None if who in allowed else refused[who]
        for action, (_, allowed) in ACTIONS.items()
        for who in ACTORS
    }


@pytest.mark.parametrize(("who", "answer"), [("city_operator", True), ("registrar", False), ("anonymous", False)])
def test_can_answers_as_check_refuses(who: str, answer: bool) -> None:
    assert permissions.can_decide(ACTORS[who]) is answer
    assert permissions.can_read(ACTORS["registrar"], HERE)
    assert not permissions.can_read(ACTORS["registrar"], THERE)
