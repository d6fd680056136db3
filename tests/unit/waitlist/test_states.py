"""Every pair of state and move of an entry and of an offer, and the diagrams in the README."""

import re
from itertools import product
from pathlib import Path

import pytest

import yitong.domains.waitlist as waitlist
from yitong.domains.waitlist.contracts import ENDED, LIVE, OFFER_LIVE, OfferState, WaitState
from yitong.domains.waitlist.errors import StateForbids
from yitong.domains.waitlist.states import (
    OFFER_TRANSITIONS,
    TRANSITIONS,
    Move,
    OfferMove,
    next_offer_state,
    next_state,
)

README = (Path(waitlist.__file__ or "").parent / "README.md").read_text(encoding="utf-8")


def after(state: WaitState | None, move: Move) -> WaitState | None:
    try:
        return next_state(state, move)
    except StateForbids:
        return None


def offer_after(state: OfferState | None, move: OfferMove) -> OfferState | None:
    try:
        return next_offer_state(state, move)
    except StateForbids:
        return None


def test_every_pair_of_an_entry_is_in_the_table_or_refused() -> None:
    pairs = list(product([None, *WaitState], Move))
    assert {pair: after(*pair) for pair in pairs} == {pair: TRANSITIONS.get(pair) for pair in pairs}


def test_every_pair_of_an_offer_is_in_the_table_or_refused() -> None:
    pairs = list(product([None, *OfferState], OfferMove))
    assert {pair: offer_after(*pair) for pair in pairs} == {pair: OFFER_TRANSITIONS.get(pair) for pair in pairs}


def test_each_state_is_live_or_ended_and_an_ended_one_stays() -> None:
    assert set(LIVE) | set(ENDED) == set(WaitState)
    assert not set(LIVE) & set(ENDED)
    assert not [pair for pair in TRANSITIONS if pair[0] in ENDED]
    assert {pair[0] for pair in OFFER_TRANSITIONS} == {None, *OFFER_LIVE}


@pytest.mark.parametrize(("n", "table"), [(0, TRANSITIONS), (1, OFFER_TRANSITIONS)])
def test_the_diagrams_are_the_tables(
    n: int, table: dict[tuple[WaitState | OfferState | None, Move], WaitState]
) -> None:
    diagram = re.findall(r"```mermaid\n(.*?)```", README, re.DOTALL)[n]
    drawn = set(re.findall(r"^    (\S+) --> (\S+): (\S+)$", diagram, re.MULTILINE))
    assert drawn == {
        (state.value if state else "[*]", after.value, move.value) for (state, move), after in table.items()
    }
