"""The life of an entry and of an offer. The diagrams in README.md are drawn from these tables; a test compares."""

from enum import StrEnum

from yitong.domains.waitlist.contracts import OfferState, WaitState
from yitong.domains.waitlist.errors import StateForbids


class Move(StrEnum):
    JOIN = "join"
    CHANGE = "change"
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


TRANSITIONS: dict[tuple[WaitState | None, Move], WaitState] = {
    (None, Move.JOIN): WaitState.WAITING,
    (WaitState.WAITING, Move.CHANGE): WaitState.WAITING,  # while nothing is promised to it
    (WaitState.WAITING, Move.BOOK): WaitState.BOOKED,
    (WaitState.WAITING, Move.OFFER): WaitState.OFFERED,
    (WaitState.WAITING, Move.GATHER): WaitState.GATHERING,
    (WaitState.WAITING, Move.WITHDRAW): WaitState.WITHDRAWN,
    (WaitState.WAITING, Move.CLOSE): WaitState.CLOSED,
    (WaitState.GATHERING, Move.BOOK): WaitState.BOOKED,
    (WaitState.GATHERING, Move.OFFER): WaitState.OFFERED,
    (WaitState.GATHERING, Move.SCATTER): WaitState.WAITING,  # it keeps its place
    (WaitState.GATHERING, Move.RETRACT): WaitState.WAITING,
    (WaitState.GATHERING, Move.WITHDRAW): WaitState.WITHDRAWN,
    (WaitState.GATHERING, Move.CLOSE): WaitState.CLOSED,
    (WaitState.OFFERED, Move.BOOK): WaitState.BOOKED,
    (WaitState.OFFERED, Move.DECLINE): WaitState.WAITING,  # it keeps its place, as long as it may be asked again
    (WaitState.OFFERED, Move.DECLINE_LAST): WaitState.DECLINED,
    (WaitState.OFFERED, Move.LAPSE): WaitState.WAITING,
    (WaitState.OFFERED, Move.LAPSE_LAST): WaitState.LAPSED,
    (WaitState.OFFERED, Move.RETRACT): WaitState.WAITING,
    (WaitState.OFFERED, Move.WITHDRAW): WaitState.WITHDRAWN,
    (WaitState.OFFERED, Move.CLOSE): WaitState.CLOSED,
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


def next_state(state: WaitState | None, move: Move) -> WaitState:
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
