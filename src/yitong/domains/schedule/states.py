"""The states of a session. A stopped session stays stopped: its patients were told."""

from enum import StrEnum

from yitong.domains.schedule.contracts import SessionState
from yitong.domains.schedule.errors import SessionIsReleased, SessionIsStopped


class SessionEvent(StrEnum):
    RELEASE = "release"
    SUBSTITUTE = "substitute"
    STOP = "stop"


TRANSITIONS: dict[tuple[SessionState, SessionEvent], SessionState] = {
    (SessionState.PLANNED, SessionEvent.RELEASE): SessionState.RELEASED,
    (SessionState.PLANNED, SessionEvent.SUBSTITUTE): SessionState.PLANNED,
    (SessionState.RELEASED, SessionEvent.SUBSTITUTE): SessionState.RELEASED,
    (SessionState.PLANNED, SessionEvent.STOP): SessionState.STOPPED,
    (SessionState.RELEASED, SessionEvent.STOP): SessionState.STOPPED,
}


def next_state(state: SessionState, event: SessionEvent) -> SessionState:
    """The state after the event. Refuses SessionIsStopped, SessionIsReleased."""
    after = TRANSITIONS.get((state, event))
    if after is None:
        raise SessionIsStopped() if state is SessionState.STOPPED else SessionIsReleased()
    return after
