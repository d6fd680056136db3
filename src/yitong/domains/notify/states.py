"""How a message moves. The diagram in README.md is drawn from this table."""

from enum import StrEnum

from yitong.domains.notify.contracts import DeliveryState as S


class Event(StrEnum):
    ACCEPT = "accept"  # the gateway took it
    ARRIVE = "arrive"  # the gateway reports that the phone has it
    FAIL = "fail"
    READ = "read"  # the account opened it
    UNREAD = "unread"  # it takes that back


TRANSITIONS = {
    (S.QUEUED, Event.ACCEPT): S.SENT,
    (S.QUEUED, Event.ARRIVE): S.DELIVERED,  # the report overtook the answer
    (S.QUEUED, Event.FAIL): S.FAILED,
    (S.SENT, Event.ARRIVE): S.DELIVERED,
    (S.SENT, Event.FAIL): S.FAILED,
    (S.DELIVERED, Event.READ): S.READ,
    (S.READ, Event.UNREAD): S.DELIVERED,
}


def next_state(state: S, event: Event) -> S | None:
    """The state after the event, or None where the event changes nothing (a report that came twice or too late)."""
    return TRANSITIONS.get((state, event))
