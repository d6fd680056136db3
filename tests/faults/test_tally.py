"""Who tried for a slot and who got one, as the window counts: people once a day and hospital, written each minute."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from tests import clinic as build
from tests import windows
from tests.clinic import NOW

from yitong.config import databases
from yitong.core import clock
from yitong.core.errors import Refusal, Throttled
from yitong.core.ids import new_id
from yitong.counter.asks import Ask
from yitong.counter.picture import Known
from yitong.counter.tally import Cell, Counts, Tally
from yitong.counter.wishes import Holder, Member
from yitong.domains.booking.errors import DayLimitReached, PoolExhausted, SlotTaken
from yitong.domains.fairness.contracts import RUSH_ATTEMPTS
from yitong.domains.fairness.models import Rush, Tried

HOSPITAL, ONE, TWO = (str(new_id()) for _ in range(3))
GOT = Known(cast(Any, None), (HOSPITAL, "account:x", "key-0001"), "", new_id(), is_live=True)


def holder(*, key_id: UUID | None = None, channel: str = "web") -> Holder:
    members = (Member(ONE, b"", "18-44"), Member(TWO, b"", "60-74"))
    return Holder(str(new_id()), str(new_id()), channel, members, NOW + timedelta(minutes=15), key_id)


def note(
    tally: Tally,
    outcome: Refusal | Any,
    *,
    who: Holder | None = None,
    patient: str = ONE,
    hospital: str = HOSPITAL,
    at: datetime = NOW,
    is_form: bool = False,
    has_stood: bool = False,
) -> None:
    ask = Ask("key-0001", hospital, str(new_id()), patient, "pass")
    tally.note(ask, who or holder(), outcome, at, is_form=is_form, has_stood=lambda ask, now: has_stood)


def counts(tally: Tally) -> Mapping[Cell, tuple[int, int, int]]:
    return {cell: (one.tried, one.got, one.attempts) for cell, one in tally._counts.items()}


def test_a_person_counts_once_however_often_he_tries() -> None:
    tally, mine = Tally(), holder()
    for _ in range(3):
        note(tally, SlotTaken(), who=mine)
    note(tally, PoolExhausted(), who=mine)
    note(tally, GOT, who=mine)
    note(tally, GOT, who=mine)  # at another department
    note(tally, SlotTaken(), who=mine, patient=TWO)
    day = clock.shanghai_date(NOW).isoformat()
    assert counts(tally) == {
        Cell(HOSPITAL, day, "web", "script", "18-44"): (1, 1, 6),
        Cell(HOSPITAL, day, "web", "script", "60-74"): (1, 0, 1),
    }


def test_who_comes_into_a_line_tries_whether_or_not_it_is_ever_his_turn() -> None:
    tally, mine = Tally(), holder()
    tally.stand(HOSPITAL, mine, [ONE, TWO], NOW, is_form=False)
    tally.stand(HOSPITAL, mine, [ONE], NOW, is_form=False)  # at another department
    note(tally, GOT, who=mine, has_stood=True)
    assert {cell.band: one for cell, one in counts(tally).items()} == {"18-44": (1, 1, 1), "60-74": (1, 0, 0)}


def test_who_stood_at_another_window_tried_there() -> None:
    tally = Tally()
    note(tally, GOT, has_stood=True)
    note(tally, SlotTaken(), patient=TWO, has_stood=True)
    assert {cell.band: one for cell, one in counts(tally).items()} == {"18-44": (0, 1, 1), "60-74": (0, 0, 1)}


def test_another_hospital_or_day_is_another_try() -> None:
    tally, other = Tally(), str(new_id())
    note(tally, SlotTaken())
    note(tally, SlotTaken(), hospital=other)
    note(tally, SlotTaken(), at=NOW + timedelta(days=1))
    assert sorted((cell.hospital, cell.day, one) for cell, one in counts(tally).items()) == sorted(
        [
            (HOSPITAL, "2026-11-23", (1, 0, 1)),
            (other, "2026-11-23", (1, 0, 1)),
            (HOSPITAL, "2026-11-24", (1, 0, 1)),
        ]
    )


def test_the_way_is_that_of_the_first_try() -> None:
    tally = Tally()
    note(tally, SlotTaken(), is_form=True)
    note(tally, GOT)
    note(tally, SlotTaken(), who=holder(key_id=new_id(), channel="partner"), patient=TWO)
    assert {(cell.channel, cell.way): one for cell, one in counts(tally).items()} == {
        ("web", "form"): (1, 1, 2),
        ("partner", "program"): (1, 0, 1),
    }


@pytest.mark.parametrize("refusal", [DayLimitReached(n=2), Throttled(wait_s=3)])
def test_who_is_refused_for_something_else_took_part_in_no_race(refusal: Refusal) -> None:
    tally = Tally()
    note(tally, refusal)
    assert counts(tally) == {}


def test_without_a_pass_or_an_age_nothing_is_counted() -> None:
    tally = Tally()
    ask = Ask("key-0001", HOSPITAL, str(new_id()), ONE, "pass")
    tally.note(ask, None, SlotTaken(), NOW, is_form=False)
    old = Holder(str(new_id()), str(new_id()), "web", (Member(ONE, b""),), NOW + timedelta(minutes=15))
    note(tally, SlotTaken(), who=old)  # a pass of before passes said how old one is
    assert counts(tally) == {}


# -- on the database -------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.usefixtures("committed_db")
def test_who_got_a_slot_has_tried_though_the_window_of_his_line_is_late_or_lost() -> None:
    url, joined, claimed, both = databases.url() or "", Tally(), Tally(), holder()

    def told() -> list[tuple[int, int]]:
        return list(Tried.objects.order_by("band").values_list("tried", "got"))

    joined.stand(HOSPITAL, both, [ONE, TWO], NOW, is_form=False)
    note(claimed, GOT, who=both, has_stood=True)
    note(claimed, GOT, who=both, patient=TWO, has_stood=True)
    asyncio.run(claimed.write(url, NOW))
    assert told() == [(1, 1), (1, 1)]
    later = Tally()
    later.stand(HOSPITAL, holder(), [ONE], NOW, is_form=False)
    asyncio.run(later.write(url, NOW))
    assert told() == [(2, 1), (1, 1)]
    note(later, GOT, who=both, has_stood=True)
    asyncio.run(later.write(url, NOW))
    assert told() == [(2, 2), (1, 1)]


@pytest.mark.slow
@pytest.mark.usefixtures("committed_db")
def test_each_minute_is_added_and_two_windows_add_up() -> None:
    url, first, second = databases.url() or "", Tally(), Tally()
    note(first, GOT)
    note(second, SlotTaken(), patient=TWO)
    note(second, SlotTaken())  # whom the first has counted: said in docs to count twice
    rushing = holder()
    for _ in range(RUSH_ATTEMPTS):
        note(second, Throttled(wait_s=1), who=rushing)
    for tally in (first, second):
        asyncio.run(tally.write(url, NOW))
        asyncio.run(tally.write(url, NOW + timedelta(minutes=1)))  # nothing new
    note(first, SlotTaken())
    asyncio.run(first.write(url, NOW + timedelta(minutes=2)))
    rows = Tried.objects.filter(hospital_id=HOSPITAL).order_by("band")
    assert list(rows.values_list("band", "tried", "got", "attempts")) == [("18-44", 2, 1, 3), ("60-74", 1, 0, 1)]
    assert list(Rush.objects.values_list("account_id", "attempts")) == [(UUID(rushing.account_id), RUSH_ATTEMPTS)]


def test_what_could_not_be_written_is_added_to_the_next_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally()
    note(tally, GOT)

    async def lost(url: str, *, name: str) -> object:
        note(tally, SlotTaken(), patient=TWO)  # somebody claims while it waits
        raise psycopg.OperationalError

    monkeypatch.setattr("yitong.counter.tally.connect", lost)
    asyncio.run(tally.write("", NOW))
    assert sorted(counts(tally).values()) == [(1, 0, 1), (1, 1, 1)]
    assert all(isinstance(one, Counts) for one in tally._counts.values())


def test_a_minute_before_any_database_was_started_is_not_its_last(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def no_database() -> str:
        asked.append(1)
        raise OSError

    async def minutes() -> None:
        running = asyncio.create_task(Tally().run(no_database))
        async with asyncio.timeout(5):
            while len(asked) < 2 and not running.done():
                await asyncio.sleep(0)
        running.cancel()

    monkeypatch.setattr("yitong.counter.tally.EVERY_S", 0.0)
    asyncio.run(minutes())
    assert len(asked) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("committed_db")
def test_the_window_counts_by_the_age_in_the_pass_who_won_and_who_lost() -> None:
    place = build.clinic(slots=1)
    winner, loser = windows.holder(), windows.holder()

    async def race() -> Tally:
        async with windows.opened() as window:
            for who, key in ((winner, "key-winner"), (loser, "key-loser1"), (loser, "key-loser2")):
                asked = windows.request(windows.claim(who, place, key=key))
                await window.door.answer(asked, asked)
            return window.door.tally

    with clock.frozen(NOW):
        tally = asyncio.run(race())
    (cell,) = counts(tally)
    assert (cell.hospital, cell.channel, cell.way, cell.band) == (str(place.hospital_id), "web", "script", "18-44")
    assert counts(tally)[cell] == (2, 1, 3)
