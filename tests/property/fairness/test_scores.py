"""Honest accounts that book much stay plain, those that trade in slots don't, and every point has its reason."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.make import NOW
from tests.property.fairness import months

from yitong.core.policy.values import Policies
from yitong.domains.fairness.contracts import ActKind, Level, Signal
from yitong.domains.fairness.rules import scoring
from yitong.domains.fairness.rules.signals import Act, History

POLICIES = Policies({})
SEEDS = range(300)
ME, MATE = UUID(int=1), UUID(int=2)


def reasons(history: History, now: datetime = NOW) -> dict[Signal, int]:
    return {one.signal: one.points for one in scoring.score(history, POLICIES, now=now)}


def level(history: History) -> Level:
    return scoring.level(sum(reasons(history).values()), POLICIES)


@pytest.mark.rule("R-199")
@pytest.mark.parametrize("life", months.HONEST, ids=lambda life: life.__name__)
def test_who_is_honestly_many_stays_plain(life: Callable[[int], History]) -> None:
    scores = [sum(reasons(life(seed)).values()) for seed in SEEDS]
    assert max(scores) < POLICIES.int("fairness.slow_at"), f"{max(scores)} points"
    assert any(life(seed).acts for seed in SEEDS)


WHY = {
    "hand_over": {Signal.HANDED_OVER, Signal.UNDONE},
    "script": {Signal.FAST, Signal.DEVICES},
    "let_go": {Signal.HANDED_OVER, Signal.UNDONE},
}


@pytest.mark.rule("R-017")
@pytest.mark.parametrize("life", months.TRADERS, ids=lambda life: life.__name__)
def test_who_trades_in_slots_becomes_slow_and_reads_why(life: Callable[[int], History]) -> None:
    for seed in SEEDS:
        found = reasons(life(seed))
        assert level(life(seed)) is Level.SLOW, f"seed {seed}: {found}"
        assert set(found) >= WHY[life.__name__]


# -- for any history -------------------------------------------------------------------------------------------------

instants = st.integers(-1, 95 * 24 * 3600).map(lambda s: NOW - timedelta(seconds=s))
acts = st.builds(
    Act,
    account_id=st.just(ME),
    kind=st.sampled_from(list(ActKind)),
    at=instants,
    session_id=st.integers(1, 4).map(lambda n: UUID(int=n)),
    patient_id=st.integers(1, 6).map(lambda n: UUID(int=n)),
    after_ms=st.integers(-1000, 4 * 3600 * 1000),
)
histories = st.builds(
    History,
    acts=st.lists(acts, max_size=12),
    mates_acts=st.lists(
        acts.map(lambda act: Act(MATE, act.kind, act.at, act.session_id, act.patient_id, act.after_ms))
    ),
    linked=st.frozensets(st.integers(1, 6).map(lambda n: UUID(int=n))),
    met_on_device=st.lists(instants, max_size=12),
    met_at_address=st.lists(instants, max_size=40),
)


@given(histories)
def test_reasons_are_the_score_and_none_is_above_its_ceiling(history: History) -> None:
    found = scoring.score(history, POLICIES, now=NOW)
    assert scoring.total(found) == sum(one.points for one in found)
    assert len({one.signal for one in found}) == len(found)
    for one in found:
        assert 0 < one.points <= POLICIES.int("fairness.single_most")
        assert one.count > one.free
        assert NOW - timedelta(days=one.days) < one.first_at <= one.last_at <= NOW


@given(histories, st.integers(6, 21), st.integers(1, 29))
def test_a_harmless_act_never_raises_the_score(history: History, hour: int, days_ago: int) -> None:
    """By day, by hand, for a linked patient, where nobody let a slot go, with nobody else's booking at that moment."""
    day = (NOW - timedelta(days=days_ago)).astimezone(months.SHANGHAI)
    at = day.replace(hour=hour, minute=30, second=17, microsecond=3)
    near = [act for act in (*history.acts, *history.mates_acts) if abs(act.at - at) < timedelta(minutes=1)]
    patient = next(iter(history.linked), None)
    if near or patient is None:
        return
    harmless = Act(ME, ActKind.BOOKED, at, UUID(int=99), patient, 60_000)
    more = History(
        [*history.acts, harmless],
        history.mates_acts,
        history.linked,
        history.met_on_device,
        history.met_at_address,
    )
    assert reasons(more) == reasons(history)
    coming_back = Act(ME, ActKind.CANCELLED, at, UUID(int=98), patient, 3 * 3600 * 1000)  # in time, long after
    more = History([*more.acts, coming_back], *(more.mates_acts, more.linked, more.met_on_device, more.met_at_address))
    assert reasons(more) == reasons(history)


@given(histories, st.integers(1, 100))
def test_points_only_fade_while_nothing_happens(history: History, days: int) -> None:
    later = NOW + timedelta(days=days)
    now, then = reasons(history, NOW), reasons(history, later)
    past = [act for act in history.acts if act.at <= NOW]
    if len(past) == len(history.acts) and not [at for at in history.met_on_device if at > NOW]:
        assert all(points <= now.get(signal, 0) for signal, points in then.items() if signal is not Signal.ADDRESS)
    if days > 91:
        assert then == {}


@given(histories)
def test_what_a_person_excused_counts_no_more(history: History) -> None:
    assert scoring.score(history, POLICIES, now=NOW, cleared_at=NOW) == []


def test_one_habit_alone_slows_nobody_down() -> None:
    assert POLICIES.int("fairness.single_most") < POLICIES.int("fairness.slow_at")
