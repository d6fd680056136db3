"""Small cells of the city's figures (R-213, `core.cells`). Their families: the city and its hospitals, a hospital and
its campuses, either and its two halves.

The main table's cells are (hospital, campus, channel). Other tables of the same page cut the same bookings another way,
so what the main table tells of a sum that both have, and what it doesn't, is handed to them: `known` and `secret`.
"""

from collections.abc import Iterable, Mapping
from itertools import product
from uuid import UUID

from yitong.core.cells import Guard, Shown

Key = tuple[UUID, UUID, str]  # hospital, campus, channel


class Cells:
    """Counts by hospital, campus and channel, with what may be told of them."""

    def __init__(self, counts: Mapping[Key, int], online: Iterable[str]) -> None:
        self._counts = {key: n for key, n in counts.items() if n}
        self._online = frozenset(online)
        self._guard = Guard(self._counts, self._families())

    def every(self) -> list[Key]:
        return sorted(self._counts, key=str)

    def cell(self, key: Key) -> Shown:
        return self._guard.shown([key])

    def total(
        self,
        *,
        hospital_id: UUID | None = None,
        campus_id: UUID | None = None,
        channel: str | None = None,
        is_online: bool | None = None,
    ) -> Shown:
        return self._guard.shown(self._part(hospital_id, campus_id, channel, is_online))

    def share(self, *, hospital_id: UUID | None = None, campus_id: UUID | None = None) -> float | None:
        """Online ÷ all, where both halves may be told. None: untold, or nothing to share."""
        online = self.total(hospital_id=hospital_id, campus_id=campus_id, is_online=True).value
        offline = self.total(hospital_id=hospital_id, campus_id=campus_id, is_online=False).value
        if online is None or offline is None or online + offline == 0:
            return None
        return online / (online + offline)

    def _part(
        self,
        hospital_id: UUID | None = None,
        campus_id: UUID | None = None,
        channel: str | None = None,
        is_online: bool | None = None,
    ) -> frozenset[Key]:
        return frozenset(
            key
            for key in self._counts
            if (hospital_id is None or key[0] == hospital_id)
            and (campus_id is None or key[1] == campus_id)
            and (channel is None or key[2] == channel)
            and (is_online is None or (key[2] in self._online) is is_online)
        )

    def _families(self) -> Iterable[tuple[frozenset[Key], list[frozenset[Key]]]]:
        """Every sum that is shown anywhere, with what it is the sum of."""
        campuses: dict[UUID, set[UUID]] = {}
        for hospital_id, campus_id, _channel in self._counts:
            campuses.setdefault(hospital_id, set()).add(campus_id)
        channels = {key[2] for key in self._counts}
        halves = (None, True, False)
        for half in halves:
            yield self._part(is_online=half), [self._part(h, is_online=half) for h in campuses]
            yield self._part(is_online=half), [self._part(channel=one, is_online=half) for one in channels]
        for place, half in product(campuses, halves):
            yield self._part(place, is_online=half), [self._part(place, c, is_online=half) for c in campuses[place]]
        places: list[tuple[UUID | None, UUID | None]] = [
            (None, None),
            *((h, None) for h in campuses),
            *((h, c) for h in campuses for c in campuses[h]),
        ]
        for h, c in places:
            yield self._part(h, c), [self._part(h, c, is_online=half) for half in (True, False)]
        for (h, c), half in product(places, halves):
            whole = self._part(h, c, is_online=half)
            yield whole, [frozenset([key]) for key in whole]
        for one in channels:
            whole = self._part(channel=one)
            yield whole, [frozenset([key]) for key in whole]
