"""Kill -9 of the booking window and of PostgreSQL while a city's week is released.

What was answered 201 is there, nothing is there twice, a retry by its key gets the first answer, no slot is stranded,
and the window is back by itself within seconds. `YITONG_LONG=1` kills each five times in a longer release.
"""

import os
import random
import signal
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from bench import _flash_place
from bench._flash_check import judge, summary
from bench._flash_facts import Facts, read
from bench._flash_place import City, workers_of
from bench._flash_shapes import Answers, Crowd, Shape, kept, write_requests

from yitong.cli.postgres import Cluster

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LONG = bool(os.environ.get("YITONG_LONG"))
KILLS = 5 if LONG else 1  # of the window, and of PostgreSQL
LASTS_S = 60.0 if LONG else 12.0
PEOPLE = 3_000 if LONG else 600
SHAPE = Shape(
    hospitals=3,
    departments=4,
    sessions=60,
    slots=PEOPLE,
    people=PEOPLE,
    requests=2 * PEOPLE,
    skew=0.3,
    repeated=0.05,
    greedy=0.02,
)
CONNECTIONS = 32
TRIES = 100
BACK_WITHIN_S = 30.0
REPEATED = 100


@contextmanager
def revived(cluster: Cluster) -> Iterator[None]:
    """Brings PostgreSQL back whenever it ends, as `yitong up` does."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            if not cluster.is_running():
                cluster.revive()

    guard = threading.Thread(target=watch)
    guard.start()
    try:
        yield
    finally:
        over.set()
        guard.join()


def is_ready(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/counter/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def until(look: Callable[[], bool], limit_s: float) -> float:
    """The seconds until it was so."""
    begin = time.monotonic()
    while not look():
        assert time.monotonic() - begin < limit_s, "not back in time"
        time.sleep(0.05)
    return time.monotonic() - begin


def kill_in_turn(cluster: Cluster, port: int, window_pid: int, chance: random.Random) -> list[float]:
    """Each as often as `KILLS` says; gives the seconds until the window was ready again."""
    pause = LASTS_S / (2 * KILLS + 1)
    took = []
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.3, 1.0) * pause)
        for pid in workers_of(window_pid):
            os.kill(pid, signal.SIGKILL)
        until(lambda: not is_ready(port), 5)
        took.append(until(lambda: is_ready(port), BACK_WITHIN_S))
        time.sleep(chance.uniform(0.3, 1.0) * pause)
        cluster.kill()
        until(lambda: not is_ready(port), 5)
        took.append(until(lambda: is_ready(port), BACK_WITHIN_S))
    return took


def repeat(city: City, port: int, crowd: Crowd, answers: Answers) -> None:
    """Some of those who have a booking ask again with the same key: it is that booking's answer, byte for byte."""
    sends: dict[str, int] = {}
    first: dict[int, bytes] = {}
    for n, request in enumerate(answers.request):
        ask = crowd.order[request]
        actor = crowd.asks[ask].actor
        sends[actor] = sends.get(actor, 0) + 1
        if answers.status[n] == 201:
            first.setdefault(ask, answers.bodies[answers.body[n]])
    seldom = [ask for ask in first if sends[crowd.asks[ask].actor] <= 2][:REPEATED]
    assert len(seldom) == REPEATED
    at = {ask: n for n, ask in enumerate(crowd.order)}
    everything = (city.folder / f"{city.name}.requests").read_bytes()
    offsets = kept(city.folder / f"{city.name}.requests.offsets")
    parts = [everything[offsets[at[ask]] : offsets[at[ask] + 1]] for ask in seldom]
    write_requests(city.folder / f"{city.name}.repeats", parts)
    due = array("d", bytes(8 * len(parts)))
    again = _flash_place.generate(city, port, what="repeats", due=due, connections=4, seconds=60).result(90)
    assert again.unanswered == 0
    told = {seldom[request]: again.bodies[again.body[n]] for n, request in enumerate(again.request)}
    assert told == {ask: first[ask] for ask in seldom}


def left_by_sql(facts: Facts) -> dict[str, int]:
    left = dict.fromkeys(facts.sessions, 0)
    held = {one.slot_id for one in facts.bookings if one.live}
    for slot_id, slot in facts.slots.items():
        left[slot.session_id] += slot.pool == "online" and slot_id not in held
    return left


def left_by_picture(port: int, facts: Facts) -> dict[str, int]:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/counter/sessions", timeout=10) as client:
        answers = {one: client.get(f"/{of.hospital_id}/{one}").json() for one, of in facts.sessions.items()}
    return {session_id: answer["left"] for session_id, answer in answers.items()}


def test_kills_during_a_release_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    chance = random.Random(7)
    with _flash_place.cluster(tmp_path / "data") as cluster:
        city = _flash_place.make_city(cluster, "flash_kills", SHAPE)
        crowd = city.crowd
        due = array("d", (LASTS_S * n / len(crowd.order) for n in range(len(crowd.order))))
        city.release(time.time())
        with _flash_place.window(city) as (port, process), revived(cluster):
            with _flash_place.generate(
                city, port, due=due, connections=CONNECTIONS, seconds=LASTS_S + 240, tries=TRIES
            ) as running:
                took = kill_in_turn(cluster, port, process.pid, chance)
                answers = running.result(LASTS_S + 300)
            facts = read(city.owner_url)
            assert answers.unanswered == 0
            assert len(took) == 2 * KILLS
            told = set(answers.status)  # where nobody was being answered at a kill, who came next was told 503
            assert 201 in told, "there were bookings"
            assert {0, 503} & told, "a kill was felt"
            assert summary(judge(facts, crowd, answers)) == {}
            assert sum(one.live for one in facts.bookings) > SHAPE.slots // 2
            repeat(city, port, crowd, answers)
            assert summary(judge(read(city.owner_url), crowd, answers)) == {}
            until(lambda: left_by_picture(port, facts) == left_by_sql(facts), 5)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(city.owner_url, connect_timeout=2)  # it ended with the block
