"""Whether a channel of the API may still claim with a pass that it asked for (S-14): the decision of its next call.

A pass is believed for fifteen minutes, a channel is killed at once. So its key is read in the claim's own transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from yitong.core import clock
from yitong.domains.access import rules
from yitong.domains.access.contracts import KeyInUse, Scope
from yitong.domains.access.errors import (
    ChannelContractEnded,
    ChannelKeyUnknown,
    ChannelRevoked,
    ChannelSuspended,
    ScopeMissing,
)

# Who is refused so is told nothing more, not even the first answer to his key.
SHUT = (ChannelContractEnded, ChannelKeyUnknown, ChannelRevoked, ChannelSuspended, ScopeMissing)


def check_may_claim(key: KeyInUse, now: datetime) -> None:
    """As each call to the API. Refuses those of `SHUT`."""
    rules.check_key(key, clock.shanghai_date(now))
    if Scope.BOOKINGS_WRITE not in key.scopes:
        raise ScopeMissing(scope=Scope.BOOKINGS_WRITE.value)


def check_may_claim_by(key_id: UUID | None, keys: Mapping[UUID, KeyInUse], now: datetime) -> None:
    """`keys` were read under their lock; our own pages have none."""
    if key_id is None:
        return
    key = keys.get(key_id)
    if key is None:
        raise ChannelKeyUnknown()
    check_may_claim(key, now)
