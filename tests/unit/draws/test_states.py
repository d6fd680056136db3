"""Every pair of state and move, and the diagram in the README."""

import re
from itertools import product
from pathlib import Path

import yitong.domains.draws as draws
from yitong.domains.draws.contracts import ENDED, DrawState
from yitong.domains.draws.errors import StateForbids
from yitong.domains.draws.states import TRANSITIONS, Move, next_state

README = Path(draws.__file__).parent / "README.md"


def after(state: DrawState, move: Move) -> DrawState | str:
    try:
        return next_state(state, move)
    except StateForbids as refused:
        return refused.code


def test_every_pair_is_in_the_table_or_refused() -> None:
    pairs = list(product(DrawState, Move))
    assert {pair: after(*pair) for pair in pairs} == {pair: TRANSITIONS.get(pair, "DRAW_STATE") for pair in pairs}


def test_no_way_leads_back() -> None:
    order = [
        DrawState.PLANNED,
        DrawState.OPENED,
        DrawState.CLOSED,
        DrawState.REVEALED,
        DrawState.DRAWN,
        DrawState.SETTLED,
    ]
    for (before, _), after in TRANSITIONS.items():
        assert after is DrawState.VOID or order.index(after) == order.index(before) + 1
    assert not [pair for pair in TRANSITIONS if pair[0] in ENDED]


def test_the_diagram_is_the_table() -> None:
    drawn = set(re.findall(r"^    (\S+) --> (\S+): (\S+)$", README.read_text(encoding="utf-8"), re.MULTILINE))
    assert drawn == {(state.value, after.value, move.value) for (state, move), after in TRANSITIONS.items()}
