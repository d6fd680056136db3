"""Every pair of state and move, and the diagram in the README."""

import re
from itertools import product
from pathlib import Path

import yitong.domains.booking as booking
from yitong.domains.booking.contracts import ENDED, LIVE, State
from yitong.domains.booking.errors import StateForbids
from yitong.domains.booking.states import TRANSITIONS, Move, next_state

README = Path(booking.__file__).parent / "README.md"


def after(state: State | None, move: Move) -> State | None:
    try:
        return next_state(state, move)
    except StateForbids:
        return None


def test_every_pair_is_in_the_table_or_refused() -> None:
    pairs = list(product([None, *State], Move))
    assert {pair: after(*pair) for pair in pairs} == {pair: TRANSITIONS.get(pair) for pair in pairs}


def test_each_state_is_live_or_ended_and_an_ended_one_stays() -> None:
    assert set(LIVE) | set(ENDED) == set(State)
    assert not set(LIVE) & set(ENDED)
    assert not [pair for pair in TRANSITIONS if pair[0] in ENDED]


def test_the_diagram_is_the_table() -> None:
    drawn = set(re.findall(r"^    (\S+) --> (\S+): (\S+)$", README.read_text(encoding="utf-8"), re.MULTILINE))
    table = {(state.value if state else "[*]", after.value, move.value) for (state, move), after in TRANSITIONS.items()}
    assert drawn == table
