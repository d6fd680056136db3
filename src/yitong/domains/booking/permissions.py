"""Booking: who may do what. `check_` refuses, `can_` answers."""

from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.errors import Forbidden, Refusal, Unidentified
from yitong.domains.access.contracts import RoleName, Scope
from yitong.domains.booking.errors import BookingMissing
from yitong.domains.people.errors import PatientMissing

WINDOW = (RoleName.REGISTRAR, RoleName.HOSPITAL_ADMIN)
LISTS = (RoleName.REGISTRAR, RoleName.NURSE, RoleName.DOCTOR, RoleName.ROSTER_MANAGER, RoleName.HOSPITAL_ADMIN)


def check_may_ask(actor: Actor, hospital_id: UUID) -> None:
    """Before anything is read: may this actor book at this hospital at all?"""
    match actor.kind:
        case "account" | "system":
            return
        case "staff" if actor.has_role(*WINDOW, hospital_id=hospital_id):
            return
        case "channel" if Scope.BOOKINGS_WRITE in actor.scopes:
            return
        case "anonymous":
            raise Unidentified()
    raise Forbidden()


def check_can_book_for(actor: Actor, *, may_act: bool) -> None:
    """An account holder books for the patients of the account, for a minor as guardian (R-103)."""
    if actor.kind == "account" and not may_act:
        raise PatientMissing()


def check_can_change(actor: Actor, hospital_id: UUID, *, is_linked: bool, channel: str) -> None:
    """Cancel, confirm, move: the patient's account, the hospital's window, or the channel that made the booking."""
    if not _belongs(actor, hospital_id, is_linked=is_linked, channel=channel, roles=WINDOW, scope=Scope.BOOKINGS_WRITE):
        raise BookingMissing()


def check_can_confirm(actor: Actor) -> None:
    """An account holder may change his booking, but not say that it is paid (R-018)."""
    if actor.kind == "account":
        raise Forbidden()


def check_can_see(actor: Actor, hospital_id: UUID, *, is_linked: bool, channel: str) -> None:
    if not _belongs(actor, hospital_id, is_linked=is_linked, channel=channel, roles=LISTS, scope=Scope.BOOKINGS_READ):
        raise BookingMissing()


def _belongs(
    actor: Actor, hospital_id: UUID, *, is_linked: bool, channel: str, roles: tuple[RoleName, ...], scope: Scope
) -> bool:
    match actor.kind:
        case "system":
            return True
        case "account":
            return is_linked
        case "staff":
            return actor.has_role(*roles, hospital_id=hospital_id)
        case "channel":
            return scope in actor.scopes and channel == actor.channel
    return False


def check_can_list(actor: Actor, hospital_id: UUID) -> None:
    """The day's lists of a hospital."""
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


def check_can_check_in(actor: Actor, hospital_id: UUID) -> None:
    if actor.kind == "staff" and actor.has_role(*WINDOW, RoleName.NURSE, hospital_id=hospital_id):
        return
    if actor.kind == "channel" and Scope.BOOKINGS_WRITE in actor.scopes:
        return
    raise Unidentified() if actor.kind == "anonymous" else Forbidden()


def check_can_add_extra(actor: Actor, hospital_id: UUID) -> None:
    """加号 is the doctor's own act (R-014); the schedule checks whose session it is."""
    if not actor.has_role(RoleName.DOCTOR, hospital_id=hospital_id):
        raise Unidentified() if actor.kind == "anonymous" else Forbidden()


def check_can_grant(actor: Actor, hospital_id: UUID) -> None:
    if actor.kind == "channel" and Scope.ENTITLEMENTS in actor.scopes:
        return
    if actor.kind == "staff" and actor.has_role(RoleName.HOSPITAL_ADMIN, RoleName.REGISTRAR, hospital_id=hospital_id):
        return
    raise Unidentified() if actor.kind == "anonymous" else Forbidden()


def check_can_see_figures(actor: Actor) -> None:
    if not actor.has_role(RoleName.CITY_OPERATOR, RoleName.AUDITOR):
        raise Unidentified() if actor.kind == "anonymous" else Forbidden()


def check_can_count_ahead(actor: Actor) -> None:
    """Who decides or looks over the city's rules may know how many a new one would meet."""
    if not actor.has_role(RoleName.POLICY_OFFICER, RoleName.CITY_OPERATOR, RoleName.AUDITOR):
        raise Unidentified() if actor.kind == "anonymous" else Forbidden()
