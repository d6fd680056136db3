"""Notify: who may do what. `check_` refuses."""

from uuid import UUID

from yitong.core.actor import Actor
from yitong.core.errors import Unidentified
from yitong.domains.notify.errors import ContactMissing


def check_is_account(actor: Actor, account_id: UUID) -> None:
    """Messages and preferences are their account's alone; another's look absent."""
    if actor.account_id is None:
        raise Unidentified()
    if actor.account_id != account_id:
        raise ContactMissing()
