"""Small cells (R-213): a count of 1 to 9 is not told, and nothing is told from which it could be computed.

All figures of a page are sums over sets of cells, and stand in families: a parent and the parts that it is the sum of
(the city and its hospitals, a hospital and its campuses, either and its two halves). Of a parent that is told, the
untold parts are several and ten or more together, so that no difference gives one away; of a parent that is untold,
some part is untold as well. The smallest told part gives way.

The main table's cells are (hospital, campus, channel). Other tables of the same page cut the same bookings another way,
so what the main table tells of a sum that both have, and what it doesn't, is handed to them: `known` and `secret`.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Generic, TypeVar
from uuid import UUID

K = 10

Of = TypeVar("Of", bound=Hashable)
Key = tuple[UUID, UUID, str]  # hospital, campus, channel


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure as it may be told: the number; or that it is below ten; or (neither) that it stays untold."""

    value: int | None
    is_small: bool = False


class Guard(Generic[Of]):
    """Which sums of cells may be told. A sum is named by the set of its cells; those that are empty count for nothing.

    `known`: sums that the reader has from elsewhere, which nothing can take back. `secret`: sums told nowhere.
    `is_safe` is false where small counts would follow all the same: then the table is not shown.
    """

    def __init__(
        self,
        counts: Mapping[Of, int],
        families: Iterable[tuple[Iterable[Of], Iterable[Iterable[Of]]]],
        *,
        known: Iterable[Iterable[Of]] = (),
        secret: Iterable[Iterable[Of]] = (),
    ) -> None:
        self.counts = {key: n for key, n in counts.items() if n}
        self._known = {self._set(part) for part in known}
        self._families = [
            (self._set(parent), sorted({self._set(part) for part in parts} - {frozenset()}, key=self._order))
            for parent, parts in families
        ]
        sums = {one for parent, parts in self._families for one in (parent, *parts)}
        self._untold = {self._set(part) for part in secret} | {one for one in sums if self._sum(one) < K}
        self.is_safe = True
        while sum(self._settle(parent, parts) for parent, parts in self._families):
            pass  # each turn takes figures back, so it ends

    def shown(self, keys: Iterable[Of]) -> Shown:
        """Of a sum that stands in one of the families."""
        part = self._set(keys)
        n = self._sum(part)
        if 0 < n < K:
            return Shown(None, is_small=True)
        return Shown(None) if n and part in self._untold else Shown(n)

    def _settle(self, parent: frozenset[Of], parts: list[frozenset[Of]]) -> bool:
        """Takes back one part where the family says too much."""
        untold = [part for part in parts if part in self._untold and part != parent]
        if parent in self._untold:
            says_too_much = self._sum(parent) >= K and not untold and len(parts) > 1
        else:
            says_too_much = len(untold) == 1 or 0 < sum(map(self._sum, untold)) < K
        if not says_too_much:
            return False
        told = [part for part in parts if part not in self._untold and part not in self._known]
        if told:
            self._untold.add(told[0])
        elif parent not in self._untold and parent not in self._known:
            self._untold.add(parent)
        else:
            self.is_safe = False
            return False
        return True

    def _set(self, keys: Iterable[Of]) -> frozenset[Of]:
        return frozenset(key for key in keys if key in self.counts)

    def _sum(self, part: frozenset[Of]) -> int:
        return sum(self.counts[key] for key in part)

    def _order(self, part: frozenset[Of]) -> tuple[int, list[str]]:
        return self._sum(part), sorted(map(str, part))


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
