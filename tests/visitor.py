"""Who comes to the patient's pages without a browser."""

from datetime import timedelta

from django.test import Client
from tests.make import NOW

from yitong.core.actor import Actor
from yitong.core.ids import new_id
from yitong.domains.people import models as people
from yitong.domains.people.queries import hash_of
from yitong.faces.common.actors import ACCOUNT_COOKIE


def anybody() -> Client:
    return Client(SERVER_NAME="localhost")


def signed_in(actor: Actor) -> Client:
    """The holder of this account, on a device that is known."""
    assert actor.account_id is not None
    token = f"token-{actor.account_id}"
    device = people.Device.objects.create(
        id=new_id(),
        account_id=actor.account_id,
        device_hash=hash_of(token),
        label="Android · Chrome",
        first_seen_at=NOW,
        last_seen_at=NOW,
        confirmed_at=NOW,
    )
    people.AccountSession.objects.create(
        id=new_id(),
        token_hash=hash_of(token),
        account_id=actor.account_id,
        device=device,
        created_at=NOW,
        expires_at=NOW + timedelta(days=30),
    )
    client = anybody()
    client.cookies[ACCOUNT_COOKIE] = token
    return client
