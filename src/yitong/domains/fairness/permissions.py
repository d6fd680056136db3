"""Fairness: who may do what. `check_` refuses, `can_` answers."""

from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.errors import Forbidden, Refusal, Unidentified
from yitong.domains.access.contracts import RoleName
from yitong.domains.booking import permissions as booking
from yitong.domains.people import permissions as people

DECIDERS = (RoleName.CITY_OPERATOR,)


def check_can_see_standing(actor: Actor, account_id: UUID) -> None:
    """An account's score with its reasons: its holder, and the person of the city who reviews it (R-199)."""
    if actor.kind == "staff":
        check_can_review(actor)
    else:
        check_is_holder(actor, account_id)


def check_is_holder(actor: Actor, account_id: UUID) -> None:
    people.check_is_account(actor, account_id)


def check_can_see_meter(actor: Actor) -> None:
    """The office's page of the meter; what it tells, the public page tells too, but for hospitals and alarms before."""
    booking.check_can_see_figures(actor)


def check_can_review(actor: Actor) -> None:
    """Scores are reviewed by a person of the city, as locks are."""
    if not (actor.kind == "staff" and actor.has_role(*DECIDERS)):
        raise Unidentified() if actor.kind == "anonymous" else Forbidden()


def check_can_note_alarm(actor: Actor) -> None:
    """Who answers for the city's booking takes note of an alarm; others who see it, only see."""
    check_can_review(actor)


def can_note_alarm(actor: Actor) -> bool:
    try:
        check_can_note_alarm(actor)
    except Refusal:
        return False
    return True
