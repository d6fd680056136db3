"""How often one may ask the booking window (R-017), while it works and while it does not."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from yitong.core.errors import Busy, Refusal, Throttled
from yitong.core.ids import new_id
from yitong.core.tokens import Tokens, derived
from yitong.counter.asks import Ask
from yitong.counter.batch import Batches
from yitong.counter.door import CLAIMS, Door
from yitong.counter.pace import Pace
from yitong.counter.picture import Picture
from yitong.counter.requests import Request
from yitong.domains.booking.contracts import PASS_USE, Pass, PassPatient
from yitong.domains.schedule.errors import SlotMissing

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ASKED = Request("POST", CLAIMS, {}, "127.0.0.1:4000", b"")


async def no_reload(session_ids: object) -> None:
    raise AssertionError("nothing broke")


def told(door: Door, ask: Ask) -> type[Refusal]:
    with pytest.raises(Refusal) as refused:
        door._take(ask, ASKED, NOW, lambda answer: None)
    return type(refused.value)


@pytest.mark.rule("R-017")
def test_who_is_told_to_ask_again_has_used_nothing_up() -> None:
    """A window that just began knows no policy yet; whoever asked it must not be shut out once it does."""

    async def ask_and_ask() -> list[type[Refusal]]:
        passes = Tokens(derived(b"secret", PASS_USE), Pass)
        patient_id, picture = new_id(), Picture()
        said = Pass(new_id(), new_id(), "web", (PassPatient(patient_id, b"sealed"),), NOW + timedelta(hours=1))
        ask = Ask("key-0001", str(new_id()), str(new_id()), str(patient_id), passes.write(said))
        door = Door(picture, Batches(picture, no_reload), passes, Pace(picture), proxies=0)
        heard = [told(door, ask) for _ in range(3)]
        picture.per_minute = 6
        door.is_ready = True
        return [*heard, *(told(door, ask) for _ in range(7))]

    assert asyncio.run(ask_and_ask()) == [Busy] * 3 + [SlotMissing] * 6 + [Throttled]
