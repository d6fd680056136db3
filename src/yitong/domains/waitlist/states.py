"""The life of an entry and of an offer. The diagrams in README.md are drawn from these tables; a test compares."""

from enum import StrEnum

from yitong.domains.waitlist.contracts import OfferState, State
from yitong.domains.waitlist.errors import StateForbids


class Move(StrEnum):
    JOIN = "join"
    GATHER = "gather"
    SCATTER = "scatter"
    OFFER = "offer"
    BOOK = "book"
    DECLINE = "decline"
    DECLINE_LAST = "decline_last"
    LAPSE = "lapse"
    LAPSE_LAST = "lapse_last"
    RETRACT = "retract"
    WITHDRAW = "withdraw"
    CLOSE = "close"


TRANSITIONS: dict[tuple[State | None, Move], State] = {
    (None, Move.JOIN): State.WAITING,
    (State.WAITING, Move.BOOK): State.BOOKED,
    (State.WAITING, Move.OFFER): State.OFFERED,
    (State.WAITING, Move.GATHER): State.GATHERING,
    (State.WAITING, Move.WITHDRAW): State.WITHDRAWN,
    (State.WAITING, Move.CLOSE): State.CLOSED,
    (State.GATHERING, Move.BOOK): State.BOOKED,
    (State.GATHERING, Move.OFFER): State.OFFERED,
    (State.GATHERING, Move.SCATTER): State.WAITING,  # it keeps its place
    (State.GATHERING, Move.RETRACT): State.WAITING,
    (State.GATHERING, Move.WITHDRAW): State.WITHDRAWN,
    (State.GATHERING, Move.CLOSE): State.CLOSED,
    (State.OFFERED, Move.BOOK): State.BOOKED,
    (State.OFFERED, Move.DECLINE): State.WAITING,  # it keeps its place, as long as it may be asked again
    (State.OFFERED, Move.DECLINE_LAST): State.DECLINED,
    (State.OFFERED, Move.LAPSE): State.WAITING,
    (State.OFFERED, Move.LAPSE_LAST): State.LAPSED,
    (State.OFFERED, Move.RETRACT): State.WAITING,
    (State.OFFERED, Move.WITHDRAW): State.WITHDRAWN,
    (State.OFFERED, Move.CLOSE): State.CLOSED,
}


class OfferMove(StrEnum):
    GATHER = "gather"
    MAKE = "make"
    MORE = "more"
    COMPLETE = "complete"
    TAKE = "take"
    DECLINE = "decline"
    LAPSE = "lapse"
    SCATTER = "scatter"
    REFUSE = "refuse"
    RETRACT = "retract"


OFFER_TRANSITIONS: dict[tuple[OfferState | None, OfferMove], OfferState] = {
    (None, OfferMove.GATHER): OfferState.GATHERING,
    (None, OfferMove.MAKE): OfferState.OPEN,
    (OfferState.GATHERING, OfferMove.MORE): OfferState.GATHERING,
    (OfferState.GATHERING, OfferMove.COMPLETE): OfferState.OPEN,
    (OfferState.GATHERING, OfferMove.TAKE): OfferState.TAKEN,  # all are there, and it wants them booked at once
    (OfferState.GATHERING, OfferMove.REFUSE): OfferState.REFUSED,
    (OfferState.GATHERING, OfferMove.SCATTER): OfferState.SCATTERED,
    (OfferState.GATHERING, OfferMove.RETRACT): OfferState.RETRACTED,
    (OfferState.OPEN, OfferMove.TAKE): OfferState.TAKEN,
    (OfferState.OPEN, OfferMove.DECLINE): OfferState.DECLINED,
    (OfferState.OPEN, OfferMove.LAPSE): OfferState.LAPSED,
    (OfferState.OPEN, OfferMove.RETRACT): OfferState.RETRACTED,
}


def next_state(state: State | None, move: Move) -> State:
    """Refuses StateForbids where the table has no such pair."""
    try:
        return TRANSITIONS[state, move]
    except KeyError:
        raise StateForbids(state=state and state.value, wanted=move.value) from None


def next_offer_state(state: OfferState | None, move: OfferMove) -> OfferState:
    """Refuses StateForbids where the table has no such pair."""
    try:
        return OFFER_TRANSITIONS[state, move]
    except KeyError:
        raise StateForbids(state=state and state.value, wanted=move.value) from None
