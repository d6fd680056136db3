"""The life of a draw. The diagram in README.md is drawn from TRANSITIONS; a test compares."""

from enum import StrEnum

from yitong.domains.draws.contracts import State
from yitong.domains.draws.errors import StateForbids


class Move(StrEnum):
    OPEN = "open"
    CLOSE = "close"
    REVEAL = "reveal"
    DRAW = "draw"
    SETTLE = "settle"
    VOID = "void"


TRANSITIONS: dict[tuple[State, Move], State] = {
    (State.PLANNED, Move.OPEN): State.OPENED,
    (State.PLANNED, Move.VOID): State.VOID,  # no hash of the hospital's secret, or nothing to give
    (State.OPENED, Move.CLOSE): State.CLOSED,
    (State.OPENED, Move.VOID): State.VOID,  # closed so late that the beacon's number was known already
    (State.CLOSED, Move.REVEAL): State.REVEALED,
    (State.CLOSED, Move.VOID): State.VOID,  # a secret that wasn't opened in time
    (State.REVEALED, Move.DRAW): State.DRAWN,
    (State.DRAWN, Move.SETTLE): State.SETTLED,
}


def next_state(state: State, move: Move) -> State:
    """Refuses StateForbids where the table has no such pair. No way leads back: nothing is ever drawn twice."""
    try:
        return TRANSITIONS[state, move]
    except KeyError:
        raise StateForbids(state=state.value, wanted=move.value) from None
