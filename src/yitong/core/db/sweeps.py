"""Sweeps: work of every few seconds that finds what is due and does it.

A job of its own for each turn would cost a city in which nothing happens six statements and three commits, twelve
times a minute for each kind of work, and rows that nobody reads. So a worker keeps the turns of sweeps by itself. The
database's clock says which turn it is, and one row for each sweep says which turn was last begun: of many workers one
takes it. What a killed worker leaves undone is found by the next turn.

What asks the outside may have to wait for each answer until it gives up. Each such sweep has a hand of its own, so that
a partner who is silent keeps neither our own work waiting nor the other partners'; and a turn of it lasts no longer
than it must (`within`, `Round`).
"""

import heapq
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any, TypeVar

import structlog
from django.db import close_old_connections, connection, connections

HANDS = 2  # for work on our own database: a long sweep never keeps the others waiting
LONGEST_S = 60
TURN_S = 10  # of a sweep that asks the outside: after that nothing more is begun

F = TypeVar("F", bound=Callable[[int], Any])
T = TypeVar("T")

log = structlog.get_logger("yitong.sweeps")


@dataclass(frozen=True, slots=True)
class Sweep:
    name: str
    every_s: int
    run: Callable[[int], Any]
    asks_outside: bool = False


_sweeps: dict[str, Sweep] = {}


def swept(*, every_s: int, asks_outside: bool = False) -> Callable[[F], F]:
    """Registers work that comes every few seconds, in a domain's `jobs.py`. It takes the timestamp of its turn.

    A turn that takes longer than `every_s` is followed by the next at once; another worker may begin that one while
    this one is still at work. What fails is logged, and the next turn finds the same work again. `asks_outside`: it
    waits for the answers of a partner.
    """
    if not 0 < every_s < LONGEST_S:
        raise TypeError(f"every {every_s} s: what comes each minute or less often is a job")

    def register(run: F) -> F:
        name = f"{run.__module__.removeprefix('yitong.')}.{run.__name__}"
        _sweeps[name] = Sweep(name, every_s, run, asks_outside)
        return run

    return register


def sweeps() -> list[Sweep]:
    return list(_sweeps.values())


def run(stop: threading.Event) -> None:
    """Carries out sweeps until `stop` is set."""
    own = Rota([one for one in sweeps() if not one.asks_outside])
    outside = [Rota([one]) for one in sweeps() if one.asks_outside]
    rotas = [own] * HANDS + outside
    hands = [threading.Thread(target=_work, args=(rota,), name=f"sweeps-{n}") for n, rota in enumerate(rotas)]
    for hand in hands:
        hand.start()
    stop.wait()
    for rota in (own, *outside):
        rota.end()
    for hand in hands:
        hand.join()


class Rota:
    """Which sweep is next, for hands of one worker. One that a hand is at is not in it."""

    def __init__(self, listed: list[Sweep]) -> None:
        self._sweeps = {one.name: one for one in listed}
        self._due = [(0.0, name) for name in sorted(self._sweeps)]
        self._has_ended = False
        self._changed = threading.Condition()

    def take(self) -> Sweep | None:
        """Waits for the first that is due. None when the work is over."""
        with self._changed:
            while not self._has_ended:
                wait_s = self._due[0][0] - time.monotonic() if self._due else None
                if wait_s is not None and wait_s <= 0:
                    return self._sweeps[heapq.heappop(self._due)[1]]
                self._changed.wait(wait_s)
        return None

    def give_back(self, done: Sweep, due_at: float) -> None:
        """`due_at` by the monotonic clock."""
        with self._changed:
            heapq.heappush(self._due, (due_at, done.name))
            self._changed.notify()

    def end(self) -> None:
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()


def _work(rota: Rota) -> None:
    while (taken := rota.take()) is not None:
        rota.give_back(taken, carry_out(taken))
    connection.close()


def carry_out(one: Sweep) -> float:
    """Runs the sweep, unless another worker has begun this turn. Returns when the next turn begins (monotonic)."""
    next_at = time.monotonic() + one.every_s
    try:
        close_old_connections()
        turn = take_turn(one)
        next_at = time.monotonic() + turn.left_s
        if turn.is_ours:
            one.run(turn.timestamp)
    except Exception:
        log.exception("sweeps.failed", sweep=one.name)
        connections.close_all()
    return next_at


@dataclass(frozen=True, slots=True)
class Turn:
    timestamp: int
    is_ours: bool
    left_s: float


def take_turn(one: Sweep) -> Turn:
    """The turn that the database's clock is in, how long it lasts still, and whether it was nobody's until now.

    Any other turn than the last may be taken, not only a later one: a clock that was set back stops no sweep.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH turn AS (SELECT date_bin(make_interval(secs => %(every_s)s), now(), 'epoch'::timestamptz) AS at),"
            " begun AS (INSERT INTO core_sweep_turn AS last (name, at) SELECT %(name)s, at FROM turn"
            " ON CONFLICT (name) DO UPDATE SET at = EXCLUDED.at WHERE last.at <> EXCLUDED.at RETURNING name)"
            " SELECT extract(epoch FROM at)::bigint, EXISTS (SELECT FROM begun),"
            " extract(epoch FROM at - clock_timestamp())::float8 + %(every_s)s FROM turn",
            {"name": one.name, "every_s": one.every_s},
        )
        timestamp, is_ours, left_s = cursor.fetchone()
    return Turn(timestamp, is_ours, left_s)


def within(due: Iterable[T]) -> Iterator[T]:
    """What is due, until the turn's time is over; the rest is found by the next."""
    over_at = time.monotonic() + TURN_S
    for one in due:
        if time.monotonic() >= over_at:
            return
        yield one


class Round:
    """Lets partners answer in turn: each has one question before any has a second, and the next turn of the sweep
    begins after the one who came last in this. So none waits for good, however many are silent.

    Where it stands each worker remembers by itself: another's round, or one begun anew, reaches everybody as well.
    """

    def __init__(self) -> None:
        self._last: Any = None

    def of(self, due: Iterable[T], partner_of: Callable[[T], Hashable]) -> Iterator[T]:
        """What is due, in each partner's own order, until the turn's time is over."""
        questions: dict[Any, list[T]] = {}
        for one in due:
            questions.setdefault(partner_of(one), []).append(one)
        partners = sorted(questions, key=lambda partner: (self._last is not None and partner <= self._last, partner))
        rounds = zip_longest(*(questions[partner] for partner in partners))
        for one in within(asked for asked in chain.from_iterable(rounds) if asked is not None):
            self._last = partner_of(one)
            yield one
