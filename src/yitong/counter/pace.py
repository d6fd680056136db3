"""How often one account, and one address or channel, may ask the window (R-017), counted in this process.

The answer of a limit is no truth to rely on: a second window counts for itself.
"""

from datetime import datetime

from yitong.core.errors import Throttled
from yitong.counter.picture import Picture
from yitong.domains.access.contracts import KeyInUse

ADDRESS_SHARE = 20  # people behind one address (a family, a ward, a carrier's gateway) for each account's limit
ROUNDING_S = 0.001  # the sum of sixty seconds in equal parts is not sixty, as floats are
MOST = 500_000  # buckets; then those that are full again are forgotten


class Buckets:
    """They hold what a minute allows and fill evenly. Of each one instant is kept: when it is full again."""

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}

    def take(self, name: str, per_minute: int, at: float) -> None:
        """One request. Refuses Throttled with the seconds to wait."""
        one_s = 60 / per_minute
        full_at = max(at, self._full_at.get(name, at)) + one_s
        too_early_s = full_at - at - 60
        if too_early_s > ROUNDING_S:
            raise Throttled(wait_s=max(1, round(too_early_s)))
        if len(self._full_at) >= MOST:
            self._full_at = {name: full for name, full in self._full_at.items() if full > at}
        self._full_at[name] = full_at


class Pace:
    """How often an account and its way may claim."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.buckets = Buckets()

    def take(self, account: str, way: str | KeyInUse, now: datetime) -> None:
        """One request, from an address or through a channel: a partner's server asks for many from one address, as
        often as its contract says. Refuses Throttled with the seconds to wait."""
        at = now.timestamp()
        per_minute = self.picture.per_minute
        self.buckets.take(account, per_minute, at)
        if isinstance(way, KeyInUse):
            self.buckets.take(str(way.channel_id), way.per_minute, at)
        else:
            self.buckets.take(way, per_minute * ADDRESS_SHARE, at)
