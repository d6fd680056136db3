"""The rule of the line, and its clocks, whatever the line and the hour."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yitong.core import clock
from yitong.core.policy.values import Policies
from yitong.domains.waitlist import rules
from yitong.domains.waitlist.contracts import Mode
from yitong.domains.waitlist.rules import Free, Hold, InLine, LetGo, Turn

pytestmark = pytest.mark.rule("R-017")

SLOTS = [UUID(int=n) for n in range(1, 6)]
FREE = st.lists(st.sampled_from(SLOTS), unique=True, max_size=5).flatmap(
    lambda ids: st.tuples(*(st.builds(Free, st.just(one), st.booleans()) for one in ids)).map(list)
)


@st.composite
def lines(draw: st.DrawFn) -> list[InLine]:
    found = []
    for n in range(draw(st.integers(0, 5))):
        people = draw(st.integers(1, 3))
        is_busy = draw(st.booleans())
        found.append(
            InLine(
                UUID(int=100 + n),
                people,
                Mode.AT_ONCE,
                is_busy=is_busy,
                gathered=0 if is_busy else draw(st.integers(0, people - 1)),
                passed=frozenset(draw(st.sets(st.sampled_from(SLOTS)))),
            )
        )
    return found


@given(FREE, lines())
def test_a_turn_is_the_first_ones_who_may_have_it(free: list[Free], line: list[InLine]) -> None:
    """By another way of saying it: who could take something, and is anybody of them before the chosen one?"""

    def could(one: InLine) -> bool:
        mine = [slot for slot in free if slot.kept_id not in one.passed]
        return not one.is_busy and (
            len(mine) >= one.people - one.gathered > 0 and bool(mine) or any(slot.is_fresh for slot in mine)
        )

    able = [one for one in line if could(one)]
    turn = rules.next_turn(free, line)
    if isinstance(turn, Turn):
        chosen = able[0]
        assert turn.entry_id == chosen.entry_id
        assert set(turn.kept_ids) <= {slot.kept_id for slot in free} - chosen.passed
        assert turn.is_whole == (len(turn.kept_ids) == chosen.people - chosen.gathered)
        assert 0 < len(turn.kept_ids) <= chosen.people - chosen.gathered
    else:
        assert able == []


@given(FREE, lines())
def test_nothing_is_let_go_that_somebody_busy_may_have(free: list[Free], line: list[InLine]) -> None:
    turn = rules.next_turn(free, line)
    if isinstance(turn, LetGo):
        gone = set(turn.kept_ids)
        for slot in free:
            wanted = any(one.is_busy and slot.kept_id not in one.passed for one in line)
            assert (slot.kept_id in gone) is not wanted
    if isinstance(turn, Hold):
        assert all(any(one.is_busy and slot.kept_id not in one.passed for one in line) for slot in free)


def test_whole_before_the_fresh_of_a_family_behind() -> None:
    family = InLine(UUID(int=1), 2, Mode.ASK)
    single = InLine(UUID(int=2), 1, Mode.ASK)
    fresh, stale = Free(SLOTS[0]), Free(SLOTS[1], is_fresh=False)
    assert rules.next_turn([fresh], [family, single]) == Turn(family.entry_id, (SLOTS[0],), is_whole=False)
    assert rules.next_turn([stale], [family, single]) == Turn(single.entry_id, (SLOTS[1],), is_whole=True)
    assert rules.next_turn([stale, fresh], [family, single]) == Turn(
        family.entry_id, (SLOTS[1], SLOTS[0]), is_whole=True
    )
    assert rules.next_turn([stale], [family]) == LetGo((SLOTS[1],))
    assert rules.next_turn([], [family]) == Hold()


# -- clocks --------------------------------------------------------------------------------------------------------

INSTANTS = st.timedeltas(timedelta(0), timedelta(days=9)).map(lambda later: datetime(2026, 11, 23, tzinfo=UTC) + later)
TIMES = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
SPANS = st.integers(1, 600).map(lambda n: timedelta(minutes=n))


def is_quiet(instant: datetime, quiet_from: time, quiet_until: time) -> bool:
    at = instant.astimezone(clock.SHANGHAI).time()
    if quiet_from <= quiet_until:
        return quiet_from <= at < quiet_until
    return at >= quiet_from or at < quiet_until


@given(INSTANTS.map(lambda one: one.replace(second=0, microsecond=0)), SPANS, TIMES, TIMES)
def test_so_many_waking_minutes_pass(start: datetime, span: timedelta, quiet_from: time, quiet_until: time) -> None:
    """Counted minute by minute."""
    end = rules.while_awake(start, span, quiet_from, quiet_until)
    if quiet_from == quiet_until:
        assert end == start + span
        return
    awake_s = 24 * 60 - (quiet_until.hour * 60 + quiet_until.minute - quiet_from.hour * 60 - quiet_from.minute) % 1440
    if awake_s < 120:
        return  # hardly a waking hour a day: more nights than any clock crosses
    minutes = int((end - start) / timedelta(minutes=1))
    counted = sum(not is_quiet(start + timedelta(minutes=n), quiet_from, quiet_until) for n in range(minutes))
    assert counted == span / timedelta(minutes=1)


@pytest.mark.parametrize(
    ("made", "until"),
    [
        ("2026-11-23 10:00", "2026-11-23 10:30"),
        ("2026-11-23 21:50", "2026-11-24 07:20"),  # ten minutes before the night, twenty after it
        ("2026-11-23 23:00", "2026-11-24 07:30"),
        ("2026-11-24 03:00", "2026-11-24 07:30"),
        ("2026-11-25 14:20", "2026-11-25 14:40"),  # half of what is left
        ("2026-11-25 14:45", "2026-11-25 14:55"),  # never below ten minutes
        ("2026-11-25 14:55", "2026-11-25 15:00"),
    ],
)
def test_how_long_an_offer_stands(made: str, until: str) -> None:
    now, end = (datetime.fromisoformat(f"{text}+08:00") for text in (made, until))
    closes = datetime.fromisoformat("2026-11-25 15:00+08:00")
    assert rules.offer_until(now, closes, Policies({})) == end


def test_where_the_visit_is_too_near_the_clock_runs_at_night() -> None:
    now, closes = (datetime.fromisoformat(f"2026-11-{text}+08:00") for text in ("23 23:00", "24 07:15"))
    assert rules.offer_until(now, closes, Policies({})) == now + timedelta(minutes=30)


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=7)))
def test_an_offer_ends_by_the_last_moment_and_gives_a_least_time(now: datetime, left: timedelta) -> None:
    policies, closes = Policies({}), now + left
    until = rules.offer_until(now, closes, policies)
    assert now <= until <= closes
    if rules.can_ask(now, closes, policies):
        assert until - now >= timedelta(minutes=10)
    if left > timedelta(hours=12):
        spent = is_quiet(until - timedelta(seconds=1), time(22), time(7))
        assert not spent  # nobody loses an offer by sleeping
