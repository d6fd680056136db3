"""A channel's states: every pair of state and event, and the diagram in the README."""

import re
from itertools import product
from pathlib import Path

import pytest

import yitong.domains.access as access
from yitong.domains.access.contracts import ChannelState
from yitong.domains.access.errors import ChannelEnded, ChannelStateSame
from yitong.domains.access.states import TRANSITIONS, ChannelEvent, next_state


@pytest.mark.parametrize(("state", "event"), list(product(ChannelState, ChannelEvent)))
def test_every_pair(state, event):
    if (state, event) in TRANSITIONS:
        assert next_state(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises((ChannelEnded, ChannelStateSame)):
            next_state(state, event)


def test_nothing_leaves_revoked():
    assert not any(state is ChannelState.REVOKED for state, _ in TRANSITIONS)


def test_diagram_is_drawn_from_the_table():
    text = (Path(access.__file__).parent / "README.md").read_text(encoding="utf-8")
    drawn = set(re.findall(r"^    (\w+) --> (\w+): (\w+)$", text, re.M))
    assert drawn == {(state, after, event) for (state, event), after in TRANSITIONS.items()}
