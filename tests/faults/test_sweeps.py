"""Sweeps on real commits: each turn is one worker's, none is lost, and a long one keeps nobody waiting."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections
from tests.watches import Watch

from yitong.core.db import jobs, sweeps
from yitong.core.db.models import SweepTurn
from yitong.core.db.sweeps import Rota, Sweep, Turn, carry_out, take_turn

HOUR = timedelta(hours=1)


def named(name: str, run: Callable[[int], Any] = lambda timestamp: None, every_s: int = 50) -> Sweep:
    return Sweep(name, every_s, run)


def take_elsewhere(one: Sweep) -> Turn:
    """On a connection of this thread's own, as another worker would."""
    try:
        return take_turn(one)
    finally:
        connection.close()


def shift(by: timedelta) -> None:
    row = SweepTurn.objects.get()
    SweepTurn.objects.update(at=row.at + by)


@pytest.mark.usefixtures("committed_db")
def test_of_many_workers_one_takes_a_turn() -> None:
    with ThreadPoolExecutor(8) as workers:
        turns = list(workers.map(take_elsewhere, [named("a")] * 8))
    # A turn of 50 s may end while they ask; then each of the two is taken once.
    assert sum(turn.is_ours for turn in turns) == len({turn.timestamp for turn in turns})
    assert all(turn.timestamp % 50 == 0 and 0 < turn.left_s <= 50 for turn in turns)
    assert take_turn(named("b")).is_ours


@pytest.mark.usefixtures("committed_db")
@pytest.mark.parametrize("last", [-HOUR, HOUR], ids=["long ago", "by a clock that was set back since"])
def test_another_turn_than_the_last_is_taken(last: timedelta) -> None:
    first = take_turn(named("a"))
    shift(last)
    again = take_turn(named("a"))
    assert (first.is_ours, again.is_ours) == (True, True)
    assert SweepTurn.objects.get().at.timestamp() == again.timestamp


@pytest.mark.usefixtures("committed_db")
def test_turn_that_another_began_is_left_to_it() -> None:
    runs: list[int] = []
    one = named("a", runs.append)
    carry_out(one)
    due_at = carry_out(one)
    assert len(runs) == 1
    assert 0 < due_at - time.monotonic() <= 50


@pytest.mark.usefixtures("committed_db")
def test_what_fails_comes_again_at_its_next_turn() -> None:
    def fail(timestamp: int) -> None:
        raise RuntimeError("planted")

    due_at = carry_out(named("a", fail))
    assert 0 < due_at - time.monotonic() <= 50
    shift(-HOUR)
    runs: list[int] = []
    carry_out(named("a", runs.append))
    assert len(runs) == 1


@pytest.mark.usefixtures("committed_db")
def test_connection_that_was_lost_between_two_turns_costs_none() -> None:
    runs: list[int] = []

    def work() -> None:
        carry_out(named("a", runs.append))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            lost.append(cursor.fetchone()[0])
        ended.wait(10)
        carry_out(named("b", runs.append))
        connections.close_all()

    lost: list[int] = []
    ended = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    until = time.monotonic() + 10
    while not lost and time.monotonic() < until:
        time.sleep(0.01)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", lost)
    ended.set()
    thread.join()
    assert len(runs) == 2


@pytest.mark.usefixtures("committed_db")
def test_worker_sweeps_turn_after_turn_until_it_is_told_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    slow_is_over, stop = threading.Event(), threading.Event()
    listed = [named("each second", runs.append, every_s=1), named("slow", lambda timestamp: slow_is_over.wait(10))]
    monkeypatch.setattr(sweeps, "_sweeps", {one.name: one for one in listed})
    thread = threading.Thread(target=sweeps.run, args=(stop,))
    thread.start()
    until = time.monotonic() + 10
    while len(runs) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    slow_is_over.set()
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert runs[:3] == [runs[0], runs[0] + 1, runs[0] + 2]  # though the slow one kept a hand all the while


@pytest.mark.rule("R-018")
@pytest.mark.usefixtures("committed_db")
def test_what_waits_for_the_outside_keeps_none_of_our_own_work_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: dict[str, int] = {}
    answered, stop = threading.Event(), threading.Event()

    def own(name: str) -> Callable[[int], None]:
        return lambda timestamp: runs.update({name: runs.get(name, 0) + 1})

    def plant(one: Sweep) -> Sweep:
        if one.asks_outside:
            return replace(one, run=lambda timestamp: answered.wait(20))
        return replace(one, every_s=1, run=own(one.name))

    listed = {name: plant(one) for name, one in sweeps._sweeps.items()}
    monkeypatch.setattr(sweeps, "_sweeps", listed)
    thread = threading.Thread(target=sweeps.run, args=(stop,))
    thread.start()
    expected = {one.name for one in listed.values() if not one.asks_outside}
    until = time.monotonic() + 10
    while not (runs.keys() == expected and min(runs.values()) > 1) and time.monotonic() < until:
        time.sleep(0.02)
    seen = dict(runs)
    answered.set()
    stop.set()
    thread.join(5)
    assert "domains.booking.jobs.expire_holds" in seen
    assert seen.keys() == expected
    assert min(seen.values()) > 1


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    made = Watch()
    monkeypatch.setattr(sweeps, "time", made)
    return made


def test_turn_begins_nothing_once_its_time_is_over(watch: Watch) -> None:
    due, done = iter("abcd"), []
    for one in sweeps.within(due):
        done.append(one)
        watch.at += 4
    assert done == ["a", "b", "c"]


def test_each_partner_has_one_question_before_any_has_a_second(watch: Watch) -> None:
    assert list(sweeps.Round().of(["b1", "b2", "b3", "a1", "c1", "c2"], lambda one: one[0])) == [
        *("a1", "b1", "c1"),
        *("b2", "c2"),
        "b3",
    ]


def test_next_turn_begins_after_the_one_who_came_last(watch: Watch) -> None:
    partners = sweeps.Round()
    turns: list[str] = []
    for due in ("abcde", "abcde", "abcdef", "bc"):
        asked = ""
        for one in partners.of(due, lambda one: one):
            asked += one
            watch.at += 6
        turns.append(asked)
    assert turns == ["ab", "cd", "ef", "bc"]


def test_sweep_that_a_hand_is_at_is_given_to_no_other() -> None:
    rota = Rota([named("a"), named("b")])
    taken = [rota.take(), rota.take()]
    assert [one.name for one in taken if one] == ["a", "b"]
    later = threading.Thread(target=lambda: taken.append(rota.take()))
    later.start()
    later.join(0.1)
    assert later.is_alive()
    rota.give_back(named("b"), time.monotonic())
    later.join(5)
    assert [one.name for one in taken if one] == ["a", "b", "b"]


def test_what_is_due_sooner_goes_first_and_the_end_frees_who_waits() -> None:
    rota = Rota([named("a"), named("b")])
    a, b = rota.take(), rota.take()
    assert a is not None
    assert b is not None
    rota.give_back(a, time.monotonic() + 60)
    taken: list[Sweep | None] = []
    hands = [threading.Thread(target=lambda: taken.append(rota.take())) for _ in range(2)]
    for hand in hands:
        hand.start()
    rota.give_back(b, time.monotonic() + 0.05)
    until = time.monotonic() + 5
    while not taken and time.monotonic() < until:
        time.sleep(0.01)
    assert taken == [b]
    rota.end()
    for hand in hands:
        hand.join(5)
    assert taken == [b, None]


def test_pace_decides_between_sweep_and_job() -> None:
    with pytest.raises(TypeError, match="is a job"):
        sweeps.swept(every_s=60)
    with pytest.raises(TypeError, match="is swept"):
        jobs.periodic("* * * * * */5")


def test_what_may_not_wait_is_swept_as_often_as_it_is_promised() -> None:
    paces = {one.name.removeprefix("domains."): one.every_s for one in sweeps.sweeps()}
    assert paces == {
        "booking.jobs.expire_holds": 5,
        "draws.jobs.advance_draws": 10,
        "draws.jobs.ask_beacon": 10,
        "notify.jobs.deliver_due": 5,
        "people.jobs.ask_hospitals": 10,
        "people.jobs.verify_due": 10,
        "schedule.jobs.carry_out_stops": 5,
        "waitlist.jobs.end_offers": 5,
        "waitlist.jobs.serve_kept": 10,
    }
    assert {one.name.removeprefix("domains.") for one in sweeps.sweeps() if one.asks_outside} == {
        "draws.jobs.ask_beacon",
        "notify.jobs.deliver_due",
        "people.jobs.ask_hospitals",
        "people.jobs.verify_due",
    }
