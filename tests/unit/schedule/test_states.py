"""The table of states, walked whole, and the diagram that the README draws of it."""

import re
from pathlib import Path

import pytest

from yitong.domains.schedule import errors
from yitong.domains.schedule.contracts import SessionState
from yitong.domains.schedule.states import TRANSITIONS, SessionEvent, next_state

README = Path(__file__).resolve().parents[3] / "src/yitong/domains/schedule/README.md"


@pytest.mark.parametrize("state", SessionState)
@pytest.mark.parametrize("event", SessionEvent)
def test_each_pair_leads_on_or_is_refused(state: SessionState, event: SessionEvent) -> None:
    if (state, event) in TRANSITIONS:
        assert next_state(state, event) is TRANSITIONS[state, event]
    elif state is SessionState.STOPPED:
        with pytest.raises(errors.SessionIsStopped):
            next_state(state, event)
    else:
        with pytest.raises(errors.SessionIsReleased):
            next_state(state, event)


def test_a_stopped_session_stays_stopped() -> None:
    assert not [pair for pair in TRANSITIONS if pair[0] is SessionState.STOPPED]


def test_the_readme_draws_this_table() -> None:
    drawn = re.findall(r"^    (\w+) --> (\w+): (\w+)$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert {(before, event): after for before, after, event in drawn} == TRANSITIONS
