"""The link to a beacon against the simulator: good, slow, down, wrong, stale; and the arithmetic of rounds."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

from yitong.links.beacon import http
from yitong.simulators.beacon import CHAIN

GENESIS, PERIOD_S = 1_700_000_000, 30


class Simulator:
    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def behave(self, **moods: float) -> None:
        body = json.dumps({"down": 0.0, "slow": 0.0, "wrong": 0.0, "stale": 0.0, **moods}).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/control", data=body, method="POST")).close()


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    process = subprocess.Popen(
        [sys.executable, "-m", "yitong.simulators.beacon", "--genesis", str(GENESIS), "--period", str(PERIOD_S)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield Simulator(int(process.stdout.readline()))
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.fixture
def link(simulator: Simulator) -> Iterator[http.DrandBeacon]:
    simulator.behave()
    made = http.DrandBeacon(simulator.url, chain=CHAIN, genesis=GENESIS, period_s=PERIOD_S)
    yield made
    made.close()


def test_a_round_is_had_and_stays_the_same(link: http.DrandBeacon) -> None:
    first = link.fetch(77)
    assert first is not None
    assert first.round == 77
    assert first.is_consistent
    assert link.fetch(77) == first
    other = link.fetch(78)
    assert other is not None
    assert other.randomness != first.randomness


@pytest.mark.parametrize("mood", ["down", "wrong", "stale"])
def test_what_is_not_the_round_is_none(mood: str, simulator: Simulator, link: http.DrandBeacon) -> None:
    simulator.behave(**{mood: 1.0})
    assert link.fetch(77) is None
    simulator.behave()
    assert link.fetch(77) is not None


def test_slow_beacon_is_none_and_doesnt_hold_us(
    simulator: Simulator, link: http.DrandBeacon, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.behave(slow=1.0, slow_s=2.0)
    link._client.timeout = 0.2  # type: ignore[union-attr]
    started = time.monotonic()
    assert link.fetch(77) is None
    assert time.monotonic() - started < 1.5


def test_round_that_lies_ahead_is_none(link: http.DrandBeacon) -> None:
    assert link.fetch(link.round_at(int(time.time())) + 1000) is None


def test_no_address_no_beacon() -> None:
    none = http.DrandBeacon(None, chain=CHAIN, genesis=GENESIS, period_s=PERIOD_S)
    assert none.chain == ""
    assert none.fetch(1) is None


@pytest.mark.parametrize(("after_s", "number"), [(-5, 1), (0, 1), (1, 2), (29, 2), (30, 2), (31, 3), (3000, 101)])
def test_rounds_count_from_the_genesis(after_s: int, number: int) -> None:
    """The round of an instant is the first one that is published then or later: its number isn't known before."""
    link = http.DrandBeacon(None, chain="", genesis=GENESIS, period_s=PERIOD_S)
    assert link.round_at(GENESIS + after_s) == number
    assert link.time_of(number) >= GENESIS + max(0, after_s)
    assert number == 1 or link.time_of(number - 1) < GENESIS + after_s
