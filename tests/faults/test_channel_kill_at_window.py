"""A channel is killed between its pass and its claim (S-14): from that moment nothing is claimed with the pass."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import pytest
from django.db import connections
from tests import clinic as build
from tests import make
from tests.whole_window import window

from yitong.core import clock
from yitong.core.actor import Actor
from yitong.domains.access import queries as access
from yitong.domains.access.commands import channels
from yitong.domains.access.contracts import ChangeChannel, ChannelFacts, ChannelKind, Scope
from yitong.domains.booking.models import Booking
from yitong.domains.booking.queries import window as bookings
from yitong.domains.people import queries as people

pytestmark = pytest.mark.usefixtures("committed_db")

NOW = make.NOW


@dataclass
class Partner:
    """A channel with a key, through which a holder has signed in, and the pass that it got."""

    channel_id: UUID
    key_id: UUID
    patient_id: UUID
    place: build.Clinic
    token: str

    def wish(self, n: int = 0, key: str = "act-0001") -> dict[str, object]:
        slot = {"hospital_id": self.place.hospital_id, "slot_id": self.place.slot(n), "patient_id": self.patient_id}
        return {"pass": self.token, "key": key, **slot}


def partner(place: build.Clinic) -> Partner:
    channel_id, secret = make.channel(now=NOW)
    key_id, channel = access.key_and_channel(secret, NOW)
    through = Actor.for_channel(channel_id, channel.code, scopes=channel.scopes)
    holder, signed = make.account_signed_in(through=through)
    patient_id = build.add_patient(holder)
    session = people.session_of(signed.token, NOW, channel=channel.code)
    assert session is not None
    token = bookings.issue_pass(session, channel=channel.code, now=NOW, key_id=key_id).token
    return Partner(channel_id, key_id, patient_id, place, token)


def kill(one: Partner) -> None:
    channels.revoke_channel(one.channel_id, "被停用", actor=make.security_admin(), now=NOW)


def kill_key(one: Partner) -> None:
    channels.revoke_key(one.channel_id, one.key_id, actor=make.security_admin(), now=NOW)


def suspend(one: Partner) -> None:
    channels.suspend_channel(one.channel_id, "查看中", actor=make.security_admin(), now=NOW)


def facts_of(kind: ChannelKind, *scopes: Scope, until: date | None = None) -> ChannelFacts:
    return ChannelFacts(
        name="自助机",
        kind=kind,
        purpose="院内自助预约",
        scopes=frozenset(scopes),
        per_minute=600,
        contract_until=until,
    )


def narrow(one: Partner) -> None:
    facts = facts_of(ChannelKind.OWN, Scope.COUNTS)
    channels.change_channel(ChangeChannel(one.channel_id, facts), actor=make.security_admin(), now=NOW)


def end_contract(one: Partner) -> None:
    facts = facts_of(ChannelKind.PARTNER, *Scope, until=clock.shanghai_date(NOW) - timedelta(days=1))
    channels.change_channel(ChangeChannel(one.channel_id, facts), actor=make.security_admin(), now=NOW)


ENDS = [
    (kill, "CHANNEL_REVOKED"),
    (kill_key, "CHANNEL_REVOKED"),
    (suspend, "CHANNEL_SUSPENDED"),
    (narrow, "SCOPE_MISSING"),
    (end_contract, "CHANNEL_CONTRACT_ENDED"),
]


@pytest.mark.parametrize(("end", "code"), ENDS)
def test_a_channel_that_ends_after_its_claim_was_let_in_gets_nothing(end: Callable[[Partner], None], code: str) -> None:
    """The window's memory said yes, and then the channel ends before the batch begins: the statement knows."""
    with clock.frozen(NOW):
        one = partner(build.clinic())
        with window() as opened:
            opened.counter.batches.boundary = at("begin", lambda: end(one))
            told = opened.claim(one.wish())
    assert (told.status, told.code) == (403, code)
    assert not Booking.objects.filter(hospital_id=one.place.hospital_id).exists()


def test_a_kill_waits_for_the_batch_that_looked_before_it() -> None:
    """Either the kill is seen or the booking is older than it: a finished kill lets no claim through."""
    done = threading.Event()
    seen: list[bool] = []

    def begin_to_kill() -> None:
        def work() -> None:
            with clock.frozen(NOW):
                kill(one)
            done.set()
            connections.close_all()

        threading.Thread(target=work).start()
        seen.append(done.wait(0.5))

    with clock.frozen(NOW):
        one = partner(build.clinic())
        with window() as opened:
            opened.counter.batches.boundary = at("before_commit", begin_to_kill)
            first = opened.claim(one.wish())
            assert done.wait(10)
            opened.counter.batches.boundary = at("", lambda: None)
            second = opened.claim(one.wish(1, key="act-0002"))
    assert (first.status, seen) == (201, [False])
    assert (second.status, second.code) == (403, "CHANNEL_REVOKED")
    assert Booking.objects.filter(hospital_id=one.place.hospital_id).count() == 1


def test_a_killed_channel_is_not_even_told_its_first_answer() -> None:
    """Within a second or two: a repeat is answered from memory, which follows the channels."""
    with clock.frozen(NOW):
        one = partner(build.clinic())
        with window() as opened:
            first = opened.claim(one.wish())
            kill(one)
            end = time.monotonic() + 10
            while not opened.counter.picture.keys[one.key_id].is_revoked:
                assert time.monotonic() < end
                time.sleep(0.05)
            again = opened.claim(one.wish())
    assert (first.status, again.status, again.code) == (201, 403, "CHANNEL_REVOKED")


def at(moment: str, act: Callable[[], None]) -> Callable[[str], Awaitable[None]]:
    """Does it once at that boundary, in a thread that may speak to the database."""
    left = [act]

    async def boundary(now: str) -> None:
        if now == moment and left:
            await asyncio.to_thread(closing(left.pop()))

    return boundary


def closing(act: Callable[[], None]) -> Callable[[], None]:
    def work() -> None:
        try:
            act()
        finally:
            connections.close_all()

    return work
