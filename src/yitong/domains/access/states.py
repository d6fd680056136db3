"""The states of a channel. A revoked one stays revoked: the kill switch has no way back (S-14)."""

from enum import StrEnum

from yitong.domains.access.contracts import ChannelState
from yitong.domains.access.errors import ChannelEnded, ChannelStateSame


class ChannelEvent(StrEnum):
    SUSPEND = "suspend"
    RESUME = "resume"
    REVOKE = "revoke"


TRANSITIONS: dict[tuple[ChannelState, ChannelEvent], ChannelState] = {
    (ChannelState.ACTIVE, ChannelEvent.SUSPEND): ChannelState.SUSPENDED,
    (ChannelState.SUSPENDED, ChannelEvent.RESUME): ChannelState.ACTIVE,
    (ChannelState.ACTIVE, ChannelEvent.REVOKE): ChannelState.REVOKED,
    (ChannelState.SUSPENDED, ChannelEvent.REVOKE): ChannelState.REVOKED,
}


def next_state(state: ChannelState, event: ChannelEvent) -> ChannelState:
    """The state after the event. Refuses ChannelEnded, ChannelStateSame."""
    after = TRANSITIONS.get((state, event))
    if after is None:
        raise ChannelEnded() if state is ChannelState.REVOKED else ChannelStateSame(state=state.value)
    return after
