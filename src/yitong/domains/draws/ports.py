"""What the outside must do for draws."""

from typing import Protocol

from yitong.core.lots.seed import Beacon
from yitong.core.plugs import Plug


class RandomnessBeacon(Protocol):
    """A public randomness beacon (drand's HTTP format). `chain` is empty where the city has none."""

    @property
    def chain(self) -> str: ...

    def round_at(self, timestamp: int) -> int:
        """The first round that is published at this Unix time or later."""
        ...

    def time_of(self, number: int) -> int:
        """The Unix time at which a round is published."""
        ...

    def fetch(self, number: int) -> Beacon | None:
        """The round, where it is there and consistent in itself; None when it can't be had now."""
        ...


beacon: Plug[RandomnessBeacon] = Plug("draws.beacon")
