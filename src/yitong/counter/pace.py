"""How often one account, and one address or channel, may ask the window (R-017), counted in this process.

The answer of a limit is no truth to rely on: a second window counts for itself.
"""

from datetime import datetime
from uuid import UUID

from yitong.core.errors import Throttled
from yitong.counter.picture import Picture
from yitong.domains.access.contracts import KeyInUse

ADDRESS_SHARE = 20  # people behind one address (a family, a ward, a carrier's gateway) for each account's limit
MOST = 500_000  # buckets; then those that are full again are forgotten


class Pace:
    """Token buckets: as many as a minute allows at once, then one by one."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self._buckets: dict[object, tuple[float, float]] = {}  # tokens left, at when

    def take(self, account_id: UUID, way: str | KeyInUse, now: datetime) -> None:
        """One request, from an address or through a channel: a partner's server asks for many from one address, as
        often as its contract says. Refuses Throttled with the seconds to wait."""
        at = now.timestamp()
        per_minute = self.picture.per_minute
        self._take(account_id, per_minute, at)
        if isinstance(way, KeyInUse):
            self._take(way.channel_id, way.per_minute, at)
        else:
            self._take(way, per_minute * ADDRESS_SHARE, at)

    def _take(self, name: object, per_minute: int, at: float) -> None:
        left, since = self._buckets.get(name, (float(per_minute), at))
        left = min(float(per_minute), left + (at - since) * per_minute / 60)
        if left < 1:
            raise Throttled(wait_s=max(1, round((1 - left) * 60 / per_minute)))
        if len(self._buckets) >= MOST:
            self._forget(at)
        self._buckets[name] = (left - 1, at)

    def _forget(self, at: float) -> None:
        self._buckets = {name: bucket for name, bucket in self._buckets.items() if at - bucket[1] < 60}
