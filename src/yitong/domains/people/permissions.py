"""People: who may do what. `check_` refuses, `can_` answers. Whether a patient is an account's own, queries tell."""

from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.errors import Forbidden, Refusal, Unidentified
from yitong.domains.people.errors import AccountMissing

# Words of access.contracts.RoleName and Scope, which stand above this domain.
READERS = ("registrar", "nurse", "doctor", "hospital_admin")
REGISTRARS = ("registrar", "hospital_admin")
RECEIVERS = ("registrar", "nurse", "hospital_admin")
DECIDERS = ("city_operator",)
AUDITORS = ("auditor",)
RESOLVE, WRITE, SIGN_IN = "patients:resolve", "patients:write", "accounts:sign_in"


def check_is_account(actor: Actor, account_id: UUID) -> None:
    """An account holder acts on his own account; another's looks absent."""
    if actor.kind == "anonymous":
        raise Unidentified()
    if actor.account_id is None:
        raise Forbidden()
    if actor.account_id != account_id:
        raise AccountMissing()


def check_can_sign_in_through(actor: Actor) -> None:
    """Anyone through our own pages; through a channel only where its contract has the scope."""
    if actor.kind == "channel" and SIGN_IN not in actor.scopes:
        raise Forbidden()
    if actor.kind == "staff":
        raise Forbidden()


def check_can_read(actor: Actor, hospital_id: UUID | None) -> None:
    """Staff who treat or receive patients at the hospital, channels with the scope, account holders, the system."""
    match actor.kind:
        case "system":
            return
        case "account" if actor.account_id is not None:
            return
        case "staff" if hospital_id is not None and actor.has_role(*READERS, hospital_id=hospital_id):
            return
        case "channel" if RESOLVE in actor.scopes:
            return
    _refuse(actor)


def can_read(actor: Actor, hospital_id: UUID | None) -> bool:
    try:
        check_can_read(actor, hospital_id)
    except Refusal:
        return False
    return True


def check_can_register(actor: Actor, hospital_id: UUID) -> None:
    """A registrar with the document in hand."""
    if not (actor.kind == "staff" and actor.has_role(*REGISTRARS, hospital_id=hospital_id)):
        _refuse(actor)


def check_can_receive(actor: Actor, hospital_id: UUID) -> None:
    """Who takes a patient's code at a terminal (R-104)."""
    if actor.kind == "staff" and actor.has_role(*RECEIVERS, hospital_id=hospital_id):
        return
    if actor.kind == "channel" and RESOLVE in actor.scopes:
        return
    _refuse(actor)


def check_can_link_carrier(actor: Actor, issuer_id: UUID | None) -> None:
    """Cards are linked by who has seen them: a registrar, a channel that may write patients, the system."""
    if actor.kind == "system" or (actor.kind == "channel" and WRITE in actor.scopes):
        return
    hospitals = actor.hospitals(*REGISTRARS)
    if actor.kind == "staff" and (hospitals if issuer_id is None else issuer_id in hospitals):
        return
    _refuse(actor)


def check_can_ask_hospital_number(actor: Actor, hospital_id: UUID) -> None:
    if actor.kind in ("system", "account") or (actor.kind == "channel" and WRITE in actor.scopes):
        return
    if actor.kind == "staff" and actor.has_role(*REGISTRARS, hospital_id=hospital_id):
        return
    _refuse(actor)


def check_can_note_hospital_number(actor: Actor, hospital_id: UUID) -> None:
    """The link to the hospital, its channel, or its registrar."""
    if actor.kind == "system" or (actor.kind == "channel" and WRITE in actor.scopes):
        return
    if actor.kind == "staff" and actor.has_role(*REGISTRARS, hospital_id=hospital_id):
        return
    _refuse(actor)


def check_can_decide(actor: Actor) -> None:
    """Merges, probable matches and appeals are decided by a person of the city (R-102, R-199)."""
    if not (actor.kind == "staff" and actor.has_role(*DECIDERS)):
        _refuse(actor)


def can_decide(actor: Actor) -> bool:
    try:
        check_can_decide(actor)
    except Refusal:
        return False
    return True


def check_can_audit(actor: Actor) -> None:
    """The read log of all patients, by ids alone, for the city's auditor."""
    if not (actor.kind == "staff" and actor.has_role(*AUDITORS)):
        _refuse(actor)


def check_is_system(actor: Actor) -> None:
    if actor.kind != "system":
        _refuse(actor)


def _refuse(actor: Actor) -> None:
    raise Unidentified() if actor.kind == "anonymous" else Forbidden()
