"""The life of a booking. The diagram in README.md is drawn from TRANSITIONS; a test compares."""

from enum import StrEnum

from yitong.domains.booking.contracts import State
from yitong.domains.booking.errors import StateForbids


class Move(StrEnum):
    HOLD = "hold"
    BOOK = "book"
    CONFIRM = "confirm"
    RESCHEDULE = "reschedule"
    CANCEL = "cancel"
    EXPIRE = "expire"
    STOP = "stop"
    CHECK_IN = "check_in"
    START_VISIT = "start_visit"
    FINISH_VISIT = "finish_visit"
    MISS = "miss"


TRANSITIONS: dict[tuple[State | None, Move], State] = {
    (None, Move.HOLD): State.HELD,  # to be paid online
    (None, Move.BOOK): State.CONFIRMED,  # paid at the visit
    (State.HELD, Move.CONFIRM): State.CONFIRMED,
    (State.HELD, Move.CANCEL): State.CANCELLED,
    (State.HELD, Move.EXPIRE): State.EXPIRED,
    (State.HELD, Move.STOP): State.STOPPED,
    (State.CONFIRMED, Move.RESCHEDULE): State.CONFIRMED,
    (State.CONFIRMED, Move.CANCEL): State.CANCELLED,
    (State.CONFIRMED, Move.STOP): State.STOPPED,  # full refund, counts against nobody: R-016
    (State.CONFIRMED, Move.CHECK_IN): State.CHECKED_IN,
    (State.CONFIRMED, Move.MISS): State.MISSED,
    (State.CHECKED_IN, Move.STOP): State.STOPPED,
    (State.CHECKED_IN, Move.START_VISIT): State.IN_VISIT,
    (State.IN_VISIT, Move.FINISH_VISIT): State.DONE,
}
STOPPABLE = tuple(state for state, move in TRANSITIONS if move is Move.STOP and state is not None)


def next_state(state: State | None, move: Move) -> State:
    """Refuses StateForbids where the table has no such pair."""
    try:
        return TRANSITIONS[state, move]
    except KeyError:
        raise StateForbids(state=state and state.value, wanted=move.value) from None
