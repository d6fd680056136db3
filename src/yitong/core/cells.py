"""Small cells (R-213): a count of 1 to 9 is not told, and nothing is told from which it could be computed.

All figures of a page are sums over sets of cells, and stand in families: a parent and the parts that it is the sum
of. Of a parent that is told, the untold parts are several and ten or more together, so that no difference gives one
away; of a parent that is untold, some part is untold as well. The smallest told part gives way.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

K = 10

Of = TypeVar("Of", bound=Hashable)


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
