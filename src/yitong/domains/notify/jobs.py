"""Notify: carrying messages out."""

from datetime import datetime
from uuid import UUID

from yitong.core import clock
from yitong.core.db.jobs import OUTSIDE, job, periodic
from yitong.core.db.sweeps import swept, within
from yitong.domains.notify import commands, queries
from yitong.domains.notify.ports import sms_gateway


@job(queue=OUTSIDE)
def deliver(message_id: str) -> None:
    """One try at one text. What fails is tried again by the sweep, under the same id."""
    attempt(UUID(message_id))


@swept(every_s=5, asks_outside=True)
def deliver_due(timestamp: int) -> None:
    """Texts whose turn has come: tries again, and what a killed worker dropped."""
    for message_id in within(queries.list_due(clock.now())):
        attempt(message_id)


@periodic("17 3 * * *", queue="notify")
def forget_old(timestamp: int) -> None:
    """What is older than 180 days goes, a batch at a time."""
    while commands.forget_old(now=clock.now()):
        continue


def attempt(message_id: UUID, *, now: datetime | None = None) -> None:
    outgoing = commands.take_turn(message_id, now=now or clock.now())
    if outgoing is None:
        return
    answer = sms_gateway.taken().send(outgoing)
    commands.note_answer(message_id, answer, now=now or clock.now())
