"""The line before the window (R-017): one place a person, by lot and then by arrival, let in as there are slots."""

import asyncio
import hashlib
import json
from collections import Counter as Count
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import Mock
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection as django_connection
from tests import clinic as build
from tests import windows

from yitong.config import databases
from yitong.core import clock
from yitong.core.actor import Actor
from yitong.core.ids import new_id, new_ids
from yitong.core.tokens import derived
from yitong.counter.door import Door
from yitong.counter.forms import FORM
from yitong.counter.line.places import Line, Place, Standing
from yitong.counter.line.room import Room
from yitong.counter.line.store import LineStore, shared
from yitong.counter.pace import Pace
from yitong.counter.store import connect
from yitong.domains.access.contracts import ChannelState, KeyInUse
from yitong.domains.booking import models, rules
from yitong.domains.booking.commands import lines
from yitong.domains.booking.contracts import LOT_USE, LineTimes, Near
from yitong.domains.booking.errors import NotYourTurn
from yitong.domains.booking.queries import window as booking_window

RELEASE = build.NOW + timedelta(hours=1)
TIMES = LineTimes(
    opens_at=RELEASE - timedelta(minutes=10),
    release_at=RELEASE,
    doors_at=RELEASE + timedelta(seconds=20),
    ends_at=RELEASE + timedelta(minutes=30),
)
GATHERING = RELEASE - timedelta(minutes=5)
DOORS = TIMES.doors_at + timedelta(seconds=1)


# -- in memory ---------------------------------------------------------------------------------------------------------


def a_line(*ranks: int) -> tuple[Line, list[Place]]:
    line = Line(str(new_id()), str(new_id()), TIMES)
    line.id = str(new_id())
    places = [
        Place(place, line.id, str(new_id()), rank) for place, rank in zip(new_ids(len(ranks)), ranks, strict=True)
    ]
    for place in places:
        line.put(place)
    return line, places


def test_who_stands_before_one_is_counted() -> None:
    line, places = a_line(30, 10, 20)
    assert [line.ahead(place) for place in places] == [2, 0, 1]
    line.put(Place(places[1].id, line.id, places[1].patient_id, 10, DOORS, DOORS + timedelta(minutes=5)))
    assert [line.ahead(place) for place in (places[0], places[2])] == [1, 0]
    assert line.waiting == 2


def test_nobody_has_a_number_before_the_doors() -> None:
    line, (place,) = a_line(10)
    assert line.standing(place, GATHERING) is Standing.GATHERING
    assert line.standing(place, DOORS) is Standing.WAITING
    assert line.standing(None, DOORS) is Standing.OUTSIDE


def test_a_turn_has_an_end() -> None:
    line, (place,) = a_line(10)
    let_in = Place(place.id, line.id, place.patient_id, 10, DOORS, DOORS + timedelta(minutes=5))
    assert line.standing(let_in, DOORS + timedelta(minutes=5) - timedelta(milliseconds=1)) is Standing.ADMITTED
    assert line.standing(let_in, DOORS + timedelta(minutes=5)) is Standing.MISSED


def test_the_wait_is_told_by_the_pace_of_the_last_minute() -> None:
    line, _ = a_line()
    assert line.wait(10, DOORS) is None
    line.note_let_in(DOORS, 20)
    line.note_let_in(DOORS + timedelta(seconds=10), 20)
    assert line.wait(39, DOORS + timedelta(seconds=20)) == timedelta(seconds=20)
    assert line.wait(39, DOORS + timedelta(minutes=5)) is None


def test_lots_are_even_and_below_all_who_came_later() -> None:
    """Whether one was the first or the last to come before the doors says nothing about his rank."""
    seed = b"s" * 32
    first_half = Count[bool]()
    for n in range(200):
        ids = [UUID(bytes=hashlib.sha256(f"{n} {k}".encode()).digest()[:16]) for k in range(10)]
        at = [GATHERING + timedelta(seconds=k) for k in range(10)]
        ranks = [rules.rank_of(one, when, TIMES, seed) for one, when in zip(ids, at, strict=True)]
        assert max(ranks) < rules.LATE
        first_half[ranks.index(min(ranks)) < 5] += 1
    assert 70 <= first_half[True] <= 130, first_half


def test_who_comes_after_the_doors_is_ordered_by_arrival() -> None:
    late = [rules.rank_of(new_id(), DOORS + timedelta(microseconds=n), TIMES, b"") for n in range(5)]
    assert late == sorted(late)
    assert len(set(late)) == 5
    assert late[0] > rules.LATE


@pytest.mark.parametrize(
    ("most", "wanted", "given"),
    [(10, [3, 3], [3, 3]), (4, [3, 3], [2, 2]), (5, [1, 9], [1, 4]), (0, [3], [0]), (1, [3, 3], [1, 0]), (9, [], [])],
)
def test_what_can_be_let_in_is_shared_among_lines(most: int, wanted: list[int], given: list[int]) -> None:
    assert shared(most, wanted) == given


# -- on the database ---------------------------------------------------------------------------------------------------


@dataclass
class Lines:
    """A window with lines, without its own clockwork: the test says what time it is and when the window works."""

    window: windows.Window
    door: Door
    room: Room
    store: LineStore

    async def ask(
        self, place: build.Clinic, who: windows.Holder, *patients: int, at: datetime, leave: bool = False
    ) -> windows.Request:
        sent = {"pass": who.passing, "patients": [str(who.patients[n]) for n in patients]}
        return await self.send(place, json.dumps(sent).encode(), at=at, leave=leave)

    async def send(
        self, place: build.Clinic, body: bytes, *, at: datetime, leave: bool = False, kind: str = "application/json"
    ) -> windows.Request:
        path = f"/counter/lines/{place.department_id}" + ("/leave" if leave else "")
        asked = windows.Request(body, {"content-type": kind}, path=path)
        with clock.frozen(at):
            answering = asyncio.create_task(self.door.answer(asked, asked))
            await asyncio.sleep(0)
            while not answering.done():
                await self.room.serve(self.store)
                await asyncio.sleep(0)
            await answering
        return asked

    async def tick(self, at: datetime) -> None:
        with clock.frozen(at):
            await self.room.tick(self.store, at)

    async def claim(self, place: build.Clinic, who: windows.Holder, n: int, *, at: datetime) -> str:
        """201, or the code of the refusal."""
        asked = windows.request(windows.claim(who, place, n, key=f"key-{new_id()}", near=Near.SESSION))
        with clock.frozen(at):
            await self.door.answer(asked, asked)
        return "201" if asked.status == 201 else str(asked.said["code"])


@asynccontextmanager
async def opened() -> AsyncIterator[Lines]:
    key = derived(settings.SECRET_KEY.encode(), LOT_USE)
    async with windows.opened() as window, await connect(databases.url() or "", name="test lines") as connection:
        room = Room(window.picture, key)
        door = Door(
            window.picture, window.batches, booking_window.passes(), Pace(window.picture), 0, is_ready=True, room=room
        )
        store = LineStore(connection, window.batches.trace)
        await room.load(store)
        yield Lines(window, door, room, store)


def run(work: Callable[[], Awaitable[None]]) -> None:
    """All of a test at the instant of its clinic's city: batches decide by the clock that their task was begun with."""
    with clock.frozen(DOORS + timedelta(seconds=30)):
        asyncio.run(_awaited(work))


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()


@pytest.fixture
def place(committed_db: None) -> build.Clinic:
    clinic = build.clinic(slots=2, release_at=RELEASE)
    build.stand_in_line(clinic.hospital_id)
    return clinic


def standing(answer: windows.Request, n: int = 0) -> dict[str, Any]:
    assert answer.status == 200, answer.content
    found: dict[str, Any] = answer.said["places"][n]
    return found


def test_one_place_however_often_and_from_where_one_asks(place: build.Clinic) -> None:
    who = windows.holder()

    async def work() -> None:
        async with opened() as one, opened() as other:
            first = standing(await one.ask(place, who, 0, at=GATHERING))
            again = standing(await one.ask(place, who, 0, at=GATHERING + timedelta(seconds=5)))
            elsewhere = standing(await other.ask(place, who, 0, at=GATHERING + timedelta(seconds=6)))
            assert first["standing"] == "gathering"
            assert first["place_id"] == again["place_id"] == elsewhere["place_id"]
            assert "ahead" not in first

    run(work)
    assert models.Place.objects.count() == 1


def test_a_look_takes_no_place(place: build.Clinic) -> None:
    who = windows.holder()

    async def work() -> None:
        async with opened() as lines_:
            assert standing(await lines_.ask(place, who, at=GATHERING)) == {
                "patient_id": str(who.patients[0]),
                "standing": "outside",
            }

    run(work)
    assert not models.Place.objects.exists()


def test_as_many_are_let_in_as_there_are_slots_and_they_alone_may_book(place: build.Clinic) -> None:
    people = [windows.holder() for _ in range(4)]
    booked_at = DOORS + timedelta(seconds=30)

    async def work() -> None:
        async with opened() as lines_:
            for who in people:
                await lines_.ask(place, who, 0, at=GATHERING)
            await lines_.tick(TIMES.doors_at - timedelta(milliseconds=1))
            looks = [standing(await lines_.ask(place, who, at=DOORS)) for who in people]
            assert {look["standing"] for look in looks} == {"waiting"}
            assert sorted(look["ahead"] for look in looks) == [0, 1, 2, 3]
            first, second, third, fourth = (
                who for _, who in sorted(zip(looks, people, strict=True), key=lambda pair: pair[0]["ahead"])
            )
            await lines_.tick(DOORS)
            await lines_.tick(DOORS + timedelta(seconds=1))  # the same two slots are promised once
            looks = [standing(await lines_.ask(place, who, at=booked_at)) for who in (first, second, third, fourth)]
            assert [look["standing"] for look in looks] == ["admitted", "admitted", "waiting", "waiting"]
            assert [look.get("ahead") for look in looks] == [None, None, 0, 1]
            assert await lines_.claim(place, third, 0, at=booked_at) == "LINE_FIRST"
            assert await lines_.claim(place, first, 0, at=booked_at) == "201"
            await lines_.tick(booked_at)
            assert await lines_.claim(place, third, 0, at=booked_at) == "LINE_FIRST"
            # The second lets his turn go by: the third is let in, and finds the slot that is left.
            later = DOORS + timedelta(minutes=5, seconds=1)
            await lines_.tick(later)
            looks = [standing(await lines_.ask(place, who, at=later)) for who in (second, third, fourth)]
            assert [look["standing"] for look in looks] == ["missed", "admitted", "waiting"]

    run(work)


def test_who_was_let_in_books_once(committed_db: None) -> None:
    one_day = build.clinic(slots=4, release_at=RELEASE)
    build.stand_in_line(one_day.hospital_id)
    same = {"hospital_id": one_day.hospital_id, "department_id": one_day.department_id, "release_at": RELEASE}
    next_day = build.clinic(slots=4, day=build.DAY + timedelta(days=1), **same)
    who = windows.holder()
    at = DOORS + timedelta(seconds=30)

    async def work() -> None:
        async with opened() as lines_:
            await lines_.ask(one_day, who, 0, at=GATHERING)
            await lines_.tick(DOORS)
            assert await lines_.claim(one_day, who, 0, at=at) == "201"
            assert await lines_.claim(next_day, who, 0, at=at) == "LINE_FIRST"

    run(work)


def test_the_pages_ask_for_the_turn_too(place: build.Clinic) -> None:
    actor, patient = build.holder()
    at = DOORS + timedelta(seconds=30)
    with pytest.raises(NotYourTurn):
        build.hold(place, patient, actor, n=0, now=at)
    line = models.Line.objects.create(
        hospital_id=place.hospital_id, department_id=place.department_id, release_at=RELEASE, opened_at=GATHERING
    )
    seat = models.Place.objects.create(
        hospital_id=place.hospital_id,
        line_id=line.id,
        patient_id=patient,
        account_id=new_id(),
        arrived_at=GATHERING,
        rank=1,
        admitted_at=DOORS,
        admitted_until=at,
        changed_at=DOORS,
        changed_by="test",
    )
    with pytest.raises(NotYourTurn):  # to the millisecond
        build.hold(place, patient, actor, n=0, now=at)
    models.Place.objects.filter(hospital_id=place.hospital_id, id=seat.id).update(
        admitted_until=at + timedelta(seconds=1)
    )
    assert build.hold(place, patient, actor, n=0, now=at)


def test_after_the_line_everybody_may_book(place: build.Clinic) -> None:
    actor, patient = build.holder()
    assert build.hold(place, patient, actor, n=0, now=TIMES.ends_at)


def test_a_kill_loses_no_place_and_no_turn(place: build.Clinic) -> None:
    people = [windows.holder() for _ in range(5)]
    told: list[Any] = []

    async def before() -> None:
        async with opened() as lines_:
            for who in people:
                await lines_.ask(place, who, 0, at=GATHERING)
            await lines_.tick(DOORS)
            told.extend([told_of(standing(await lines_.ask(place, who, at=DOORS))) for who in people])

    async def after() -> None:
        async with opened() as lines_:
            assert [told_of(standing(await lines_.ask(place, who, at=DOORS))) for who in people] == told

    def told_of(place: dict[str, Any]) -> dict[str, Any]:
        return {name: said for name, said in place.items() if name != "wait_s"}  # the pace is reckoned anew

    run(before)
    run(after)
    assert Count(look["standing"] for look in told) == {"admitted": 2, "waiting": 3}


def test_another_window_hears_within_a_tick(place: build.Clinic) -> None:
    who, other_who = windows.holder(), windows.holder()

    async def work() -> None:
        async with opened() as one, opened() as other:
            await one.ask(place, who, 0, at=GATHERING)
            await other.ask(place, other_who, 0, at=GATHERING)
            await one.tick(GATHERING + timedelta(seconds=1))
            assert (await one.ask(place, who, at=GATHERING)).said["in_line"] == 2
            await one.tick(DOORS)
            await other.tick(DOORS)
            looks = [standing(await other.ask(place, one_of, at=DOORS)) for one_of in (who, other_who)]
            assert [look["standing"] for look in looks] == ["admitted", "admitted"]

    run(work)
    assert models.Place.objects.exclude(admitted_at=None).count() == 2


def test_who_leaves_gives_his_place_up_and_may_come_again(place: build.Clinic) -> None:
    people = [windows.holder() for _ in range(3)]

    async def work() -> None:
        async with opened() as lines_:
            for n, who in enumerate(people):
                await lines_.ask(place, who, 0, at=DOORS + timedelta(milliseconds=n))
            gone = await lines_.ask(place, people[0], 0, at=DOORS + timedelta(seconds=1), leave=True)
            assert standing(gone)["standing"] == "left"
            assert standing(await lines_.ask(place, people[1], at=DOORS + timedelta(seconds=1)))["ahead"] == 0
            again = standing(await lines_.ask(place, people[0], 0, at=DOORS + timedelta(seconds=2)))
            assert (again["standing"], again["ahead"]) == ("waiting", 2)

    run(work)


def test_only_people_who_proved_who_they_are_stand_in_line(place: build.Clinic) -> None:
    who = windows.holder()
    with django_connection.cursor() as cursor:
        cursor.execute("UPDATE people_patient SET level = 'declared' WHERE id = %s", [who.patients[0]])

    async def work() -> None:
        async with opened() as lines_:
            asked = await lines_.ask(place, who, 0, at=GATHERING)
            assert (asked.status, asked.said["code"]) == (403, "VERIFY_REQUIRED")

    run(work)
    assert not models.Place.objects.exists()


def test_a_line_is_there_when_it_is_and_not_else(place: build.Clinic) -> None:
    who = windows.holder()

    async def work() -> None:
        async with opened() as lines_:
            told = [
                (await lines_.ask(place, who, 0, at=at)).said.get("code", "in line")
                for at in (
                    TIMES.opens_at - timedelta(milliseconds=1),
                    TIMES.opens_at + timedelta(seconds=1),
                    TIMES.ends_at - timedelta(seconds=1),
                    TIMES.ends_at,
                )
            ]
            assert told == ["LINE_NOT_OPEN", "in line", "in line", "LINE_NOT_OPEN"]

    run(work)


def test_of_two_lines_at_once_the_first_release_is_meant(place: build.Clinic) -> None:
    later = RELEASE + timedelta(minutes=5)
    same = {"hospital_id": place.hospital_id, "department_id": place.department_id}
    for day in range(1, 4):  # several, so that their order in memory is not the one of their releases
        build.clinic(slots=2, day=build.DAY + timedelta(days=day), release_at=later, **same)
    who = windows.holder()

    async def work() -> None:
        async with opened() as lines_:
            found = {
                (await lines_.ask(place, who, at=GATHERING + timedelta(minutes=n))).said["release_at"] for n in (3, 4)
            }
            assert found == {RELEASE.isoformat().replace("+00:00", "Z")}

    run(work)


def test_while_nobody_knows_who_stands_where_one_is_told_to_ask_again(place: build.Clinic) -> None:
    """After a kill the window is up before it has read the lines: "nobody has to wait" would be false."""
    who = windows.holder()

    async def work() -> None:
        async with opened() as lines_:
            lines_.room.is_ready = False
            for patients in ((), (0,)):
                asked = await lines_.ask(place, who, *patients, at=GATHERING)
                assert (asked.status, asked.said["code"]) == (503, "BUSY")

    run(work)


@pytest.mark.parametrize(
    "sent",
    [b"", b"{}", b'{"pass": 1}', b'{"pass": "x", "patients": ["y"]}', b"\xff", b"[" * 20_000, b'{"x":' + b"[" * 10_000],
)
def test_what_can_not_be_read_is_refused(place: build.Clinic, sent: bytes) -> None:
    async def work() -> None:
        async with opened() as lines_:
            assert (await lines_.send(place, sent, at=GATHERING)).said["code"] == "LINE_UNREADABLE"

    run(work)


def test_somebody_elses_patient_gets_no_place(place: build.Clinic) -> None:
    who = windows.holder()

    async def work() -> None:
        async with opened() as lines_:
            sent = {"pass": who.passing, "patients": [str(new_id())]}
            asked = await lines_.send(place, json.dumps(sent).encode(), at=GATHERING)
            assert (asked.status, asked.said["code"]) == (404, "PATIENT_NOT_FOUND")

    run(work)


def test_a_form_is_sent_on_to_its_page(place: build.Clinic) -> None:
    who = windows.holder(patients=2)
    sent = urlencode([("pass", who.passing), *(("patient", str(one)) for one in who.patients)]).encode()

    async def work() -> None:
        async with opened() as lines_:
            asked = await lines_.send(place, sent, at=GATHERING, kind=FORM)
            assert (asked.status, asked.told["location"]) == (303, f"/lines/{place.hospital_id}/{place.department_id}/")

    run(work)
    assert models.Place.objects.count() == 2


@pytest.mark.parametrize(
    ("department", "way"), [("here", "/lines/{hospital}/{department}/?refused=PASS_INVALID"), ("", "/")]
)
def test_a_form_that_is_refused_is_sent_to_a_page_too(place: build.Clinic, department: str, way: str) -> None:
    async def work() -> None:
        async with opened() as lines_:
            there = place if department else build.Clinic(new_id(), new_id(), new_id(), place.day, ())
            asked = await lines_.send(there, urlencode({"pass": "x"}).encode(), at=GATHERING, kind=FORM)
            assert asked.status == 303
            told = way.format(hospital=place.hospital_id, department=place.department_id)
            assert asked.told["location"] == told

    run(work)


@pytest.mark.rule("R-213")
def test_who_stands_in_line_is_counted_once_as_one_who_tries(place: build.Clinic) -> None:
    people = [windows.holder() for _ in range(3)]  # for two slots

    async def work() -> None:
        async with opened() as lines_:
            for who in people:
                for _ in range(2):
                    assert (await lines_.ask(place, who, 0, at=GATHERING)).status == 200
            await lines_.tick(DOORS)
            let_in = [
                who for who in people if standing(await lines_.ask(place, who, at=DOORS))["standing"] == "admitted"
            ]
            assert [await lines_.claim(place, who, 0, at=DOORS) for who in let_in] == ["201", "201"]
            (one,) = lines_.door.tally._counts.values()
            assert (one.tried, one.got, one.attempts) == (3, 2, 2)
            lines_.door.tally._people.clear()  # as at another window
            who = let_in[0]
            assert await lines_.claim(place, who, 0, at=DOORS) != "201"
            assert one.tried == 3

    run(work)


@pytest.mark.rule("S-14")
def test_a_killed_channel_brings_nobody_into_a_line(place: build.Clinic) -> None:
    who, key_id = windows.holder(), new_id()
    passing = booking_window.passes().write(
        replace(booking_window.passes().read(who.passing), key_id=key_id, channel="partner")
    )
    theirs = replace(who, passing=passing)
    live = KeyInUse(key_id, new_id(), "partner", ChannelState.ACTIVE, False, None, frozenset({"bookings:write"}), 60)

    async def work() -> None:
        async with opened() as lines_:
            told = []
            for keys in ({}, {key_id: replace(live, state=ChannelState.REVOKED)}, {key_id: live}):
                lines_.door.picture.keys = keys
                asked = await lines_.ask(place, theirs, 0, at=GATHERING)
                told.append("in" if asked.status == 200 else asked.said["code"])
            assert told == ["CHANNEL_KEY_UNKNOWN", "CHANNEL_REVOKED", "in"]

    run(work)
    assert models.Place.objects.count() == 1


@pytest.mark.rule("S-14")
def test_before_a_window_knows_the_keys_no_channel_is_told_that_its_own_is_none(place: build.Clinic) -> None:
    who = windows.holder()
    passing = booking_window.passes().write(
        replace(booking_window.passes().read(who.passing), key_id=new_id(), channel="partner")
    )

    async def work() -> None:
        async with opened() as lines_:
            lines_.door.is_ready = False
            asked = await lines_.ask(place, replace(who, passing=passing), 0, at=GATHERING)
            assert (asked.status, asked.said["code"]) == (503, "BUSY")

    run(work)
    assert not models.Place.objects.exists()


@pytest.mark.parametrize("tail", ["/join", "/leave/now", "/leave/"])
def test_no_other_address_leads_into_a_line(place: build.Clinic, tail: str) -> None:
    who = windows.holder()

    async def work() -> None:
        async with opened() as lines_:
            asked = windows.Request(
                json.dumps({"pass": who.passing, "patients": [str(who.patients[0])]}).encode(),
                path=f"/counter/lines/{place.department_id}{tail}",
            )
            await lines_.door.answer(asked, asked)
            assert asked.status == 404

    run(work)
    assert not models.Place.objects.exists()


def test_looks_are_counted_by_account(place: build.Clinic) -> None:
    who, other = windows.holder(), windows.holder()

    async def work() -> None:
        async with opened() as lines_:
            codes = [(await lines_.ask(place, who, at=GATHERING)).status for _ in range(42)]
            assert codes == [200] * 40 + [429] * 2
            told = {(await lines_.ask(place, who, at=GATHERING)).told["retry-after"] for _ in range(3)}
            assert (await lines_.ask(place, other, at=GATHERING)).status == 200  # of somebody else nothing is assumed
            assert told == {"2"}
            later = GATHERING + timedelta(seconds=2)  # as he was told
            codes = [(await lines_.ask(place, who, at=later)).status for _ in range(2)]
            assert codes == [200, 429]

    run(work)


def test_who_asks_too_often_is_not_looked_at(place: build.Clinic) -> None:
    who = windows.holder()

    async def work() -> None:
        async with opened() as lines_:
            assert lines_.door._lines is not None
            lines_.door._lines.who = reading = Mock(wraps=lines_.door._lines.who)
            for _ in range(60):
                await lines_.ask(place, who, at=GATHERING)
            assert reading.call_count == 41  # as often as he may, and once more to be told

    run(work)


def test_when_it_is_over_everybody_can_reckon_his_rank(place: build.Clinic) -> None:
    who = windows.holder()
    told: dict[str, Any] = {}

    async def work() -> None:
        async with opened() as lines_:
            told.update((await lines_.ask(place, who, 0, at=GATHERING)).said)

    run(work)
    seat = models.Place.objects.get()
    late = RELEASE + lines.LASTS
    assert lines.due_lines(late) == [(place.hospital_id, seat.line_id)]
    actor = Actor.system("test")
    assert lines.close_line(place.hospital_id, seat.line_id, actor=actor, now=late)
    assert not lines.close_line(place.hospital_id, seat.line_id, actor=actor, now=late)
    with django_connection.cursor() as cursor:
        cursor.execute(
            "SELECT operation, body FROM core_event WHERE subject_id = %s ORDER BY recorded_at", [seat.line_id]
        )
        (opening, opened_with), (closing, closed_with) = cursor.fetchall()
    assert (opening, closing) == ("booking.line_opened", "booking.line_closed")
    opened_with, closed_with = (one if isinstance(one, dict) else json.loads(one) for one in (opened_with, closed_with))
    seed = bytes.fromhex(closed_with["seed"])
    assert hashlib.sha256(seed).hexdigest() == opened_with["lot"] == told["lot"]
    assert int.from_bytes(hashlib.sha256(seed + seat.id.bytes).digest()[:8]) >> 2 == seat.rank
    assert (closed_with["places"], closed_with["admitted"]) == (1, 0)


def test_who_stood_where_is_forgotten_after_a_month(place: build.Clinic) -> None:
    who = windows.holder()

    async def work() -> None:
        async with opened() as lines_:
            await lines_.ask(place, who, 0, at=GATHERING)

    run(work)
    assert lines.forget_places(place.hospital_id, now=RELEASE + lines.LIFE) == 0
    assert lines.forget_places(place.hospital_id, now=RELEASE + lines.LIFE + timedelta(seconds=1)) == 1
    assert models.Line.objects.count() == 1
