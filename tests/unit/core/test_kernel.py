"""The pure half of the kernel: refusals, sentences, ids, clock, money, events, actors."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yitong.core import clock, ids
from yitong.core.actor import Actor, Role
from yitong.core.errors import Conflict
from yitong.core.events import Event
from yitong.core.money import Fen
from yitong.core.sentences import catalogue, sentence


class Taken(Conflict):
    code = "TAKEN"


def test_refusal_carries_code_and_params() -> None:
    refusal = Taken(slot=7)
    assert (refusal.code, refusal.params, refusal.status) == ("TAKEN", {"slot": 7}, 409)


def test_sentence_fills_in_params_and_survives_a_missing_one() -> None:
    assert sentence("RATE_LIMITED", {"wait_s": 3}, "zh-hans").message == "操作过于频繁，请3秒后再试"
    assert sentence("RATE_LIMITED", {}, "en").message == "Too many requests; try again in {wait_s} seconds"


def test_every_sentence_stands_in_both_languages() -> None:
    for code, entry in catalogue().items():
        assert entry["zh"], code
        assert entry["en"], code
        assert ("next_zh" in entry) == ("next_en" in entry), code


def test_ids_are_uuid7_in_the_order_of_their_making() -> None:
    made = [ids.new_id() for _ in range(1000)]
    assert all(one.version == 7 and one.variant == "specified in RFC 4122" for one in made)
    assert len(set(made)) == 1000
    assert abs(ids.made_at(made[0]) - datetime.now(UTC)) < timedelta(seconds=5)


def test_ids_that_are_made_at_once_are_like_those_made_one_by_one() -> None:
    made = ids.new_ids(1000)
    assert [str(UUID(one)) for one in made] == made
    assert {(UUID(one).version, UUID(one).variant) for one in made} == {(7, "specified in RFC 4122")}
    assert sorted(set(made)) == made
    assert abs(ids.made_at(UUID(made[0])) - datetime.now(UTC)) < timedelta(seconds=5)
    assert len({one[19:] for one in made}) == 1000  # by chance, not only by their order


def test_clock_freezes_and_knows_shanghai_days() -> None:
    instant = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
    with clock.frozen(instant):
        assert clock.now() == instant
        assert clock.shanghai_date(clock.now()) == date(2026, 11, 22)
    assert clock.now() != instant
    assert clock.at_shanghai(date(2026, 11, 22), time(15, 0)) == datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
    with pytest.raises(ValueError), clock.frozen(datetime(2026, 1, 1)):  # noqa: DTZ001
        pass


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 1, 15), 3, date(2026, 4, 15)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 9, 30), 3, date(2026, 12, 30)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 1, 31), 11, date(2026, 12, 31)),
    ],
)
def test_months_later_keeps_the_day_number(day: date, months: int, later: date) -> None:
    assert clock.months_later(day, months) == later


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(1, 10**6), min_size=1, max_size=12))
def test_split_sums_to_the_whole(n: int, weights: list[int]) -> None:
    assert sum(part.n for part in Fen(n).split(weights)) == n


def test_money_rounds_half_away_from_zero_and_shows_yuan() -> None:
    assert Fen(5).times(Decimal("0.5")) == Fen(3)
    assert Fen(-5).times(Decimal("0.5")) == Fen(-3)
    assert (Fen(5000).yuan(), Fen(-5).yuan(), (Fen(3) - Fen(5)).n) == ("50.00", "-0.05", -2)
    with pytest.raises(TypeError):
        Fen(1.5)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened(Event):
    operation: ClassVar[str] = "test.happened"
    other_id: UUID | None
    day: date
    at: datetime
    n: int
    ids: tuple[UUID, ...] = ()


def test_an_event_comes_back_from_its_row() -> None:
    event = Happened(
        hospital_id=uuid4(),
        subject_id=uuid4(),
        from_state="held",
        to_state="confirmed",
        other_id=uuid4(),
        day=date(2026, 2, 28),
        at=datetime(2026, 2, 28, tzinfo=UTC),
        n=3,
        ids=(uuid4(), uuid4()),
    )
    envelope = {name: getattr(event, name) for name in ("hospital_id", "subject_id", "from_state", "to_state")}
    assert Happened.from_row(envelope, event.body()) == event  # type: ignore[arg-type]


def test_an_actor_has_roles_only_where_they_are_held() -> None:
    here, there = uuid4(), uuid4()
    nurse = Actor.for_staff(uuid4(), roles=frozenset({Role("nurse", here)}))
    assert nurse.has_role("nurse", "doctor", hospital_id=here)
    assert not nurse.has_role("nurse", hospital_id=there)
    assert not nurse.has_role("nurse")
    assert nurse.hospitals("nurse") == {here}
