"""The life of a draw. The diagram in README.md is drawn from TRANSITIONS; a test compares."""

from enum import StrEnum

from yitong.domains.draws.contracts import DrawState
from yitong.domains.draws.errors import StateForbids


class Move(StrEnum):
    OPEN = "open"
    CLOSE = "close"
    REVEAL = "reveal"
    DRAW = "draw"
    SETTLE = "settle"
    VOID = "void"


TRANSITIONS: dict[tuple[DrawState, Move], DrawState] = {
    (DrawState.PLANNED, Move.OPEN): DrawState.OPENED,
    (DrawState.PLANNED, Move.VOID): DrawState.VOID,  # no hash of the hospital's secret, or nothing to give
    (DrawState.OPENED, Move.CLOSE): DrawState.CLOSED,
    (DrawState.OPENED, Move.VOID): DrawState.VOID,  # closed so late that the beacon's number was known already
    (DrawState.CLOSED, Move.REVEAL): DrawState.REVEALED,
    (DrawState.CLOSED, Move.VOID): DrawState.VOID,  # a secret that wasn't opened in time
    (DrawState.REVEALED, Move.DRAW): DrawState.DRAWN,
    (DrawState.DRAWN, Move.SETTLE): DrawState.SETTLED,
}


def next_state(state: DrawState, move: Move) -> DrawState:
    """Refuses StateForbids where the table has no such pair. No way leads back: nothing is ever drawn twice."""
    try:
        return TRANSITIONS[state, move]
    except KeyError:
        raise StateForbids(state=state.value, wanted=move.value) from None
