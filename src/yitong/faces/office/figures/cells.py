"""Small cells (R-213): a count of 1 to 9 is not told, and nothing is told from which it could be computed.

A cell is one (hospital, campus, channel). Every total that a page or file shows is a set of cells. Where a total would
give a hidden cell away (it is the only hidden one in it, or the hidden ones together are fewer than ten), the smallest
of its other cells is hidden too; where there is none left to hide, the total itself is not told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

K = 10

Key = tuple[UUID, UUID, str]  # hospital, campus, channel


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure as it may be told: the number; or that it is below ten; or (neither) that it stays untold."""

    value: int | None
    is_small: bool = False


class Cells:
    """Counts by hospital, campus and channel, with what may be told of them."""

    def __init__(self, counts: Mapping[Key, int], online: Iterable[str]) -> None:
        self._counts = {key: n for key, n in counts.items() if n}
        self._online = frozenset(online)
        self._hidden = {key for key, n in self._counts.items() if n < K}
        self._untold: set[frozenset[Key]] = set()
        self._protect()

    def every(self) -> list[Key]:
        return sorted(self._counts, key=str)

    def cell(self, key: Key) -> Shown:
        n = self._counts.get(key, 0)
        if key in self._hidden:
            return Shown(None, is_small=n < K)
        return Shown(n)

    def total(
        self,
        *,
        hospital_id: UUID | None = None,
        campus_id: UUID | None = None,
        channel: str | None = None,
        is_online: bool | None = None,
    ) -> Shown:
        part = self._part(hospital_id, campus_id, channel, is_online)
        n = sum(self._counts[key] for key in part)
        if 0 < n < K:
            return Shown(None, is_small=True)
        return Shown(None) if part in self._untold else Shown(n)

    def share(self, *, hospital_id: UUID | None = None, campus_id: UUID | None = None) -> float | None:
        """Online ÷ all, where both halves may be told. None: untold, or nothing to share."""
        online = self.total(hospital_id=hospital_id, campus_id=campus_id, is_online=True).value
        offline = self.total(hospital_id=hospital_id, campus_id=campus_id, is_online=False).value
        if online is None or offline is None or online + offline == 0:
            return None
        return online / (online + offline)

    def _part(
        self, hospital_id: UUID | None, campus_id: UUID | None, channel: str | None, is_online: bool | None
    ) -> frozenset[Key]:
        return frozenset(
            key
            for key in self._counts
            if (hospital_id is None or key[0] == hospital_id)
            and (campus_id is None or key[1] == campus_id)
            and (channel is None or key[2] == channel)
            and (is_online is None or (key[2] in self._online) is is_online)
        )

    def _totals(self) -> list[frozenset[Key]]:
        """Every total that is shown anywhere, the smallest first."""
        places: set[tuple[UUID | None, UUID | None]] = {(None, None)}
        for hospital_id, campus_id, _channel in self._counts:
            places |= {(hospital_id, None), (hospital_id, campus_id)}
        parts = {self._part(*place, None, half) for place in places for half in (None, True, False)}
        parts |= {self._part(None, None, channel, None) for channel in {key[2] for key in self._counts}}
        return sorted((part for part in parts if part), key=lambda part: (len(part), sorted(map(str, part))))

    def _protect(self) -> None:
        """Hides until nothing more has to be; each turn hides a cell, so it ends."""
        totals = self._totals()
        changed = True
        while changed:
            changed = False
            for part in totals:
                hidden = part & self._hidden
                if not hidden or sum(self._counts[key] for key in part) < K or not self._gives_away(hidden):
                    continue
                told = sorted(part - hidden, key=lambda key: (self._counts[key], str(key)))
                if told:
                    self._hidden.add(told[0])
                    changed = True
        self._untold = {part for part in totals if (part & self._hidden) and self._gives_away(part & self._hidden)}

    def _gives_away(self, hidden: frozenset[Key] | set[Key]) -> bool:
        return len(hidden) == 1 or sum(self._counts[key] for key in hidden) < K
