"""Who has the same chance, and who hasn't: how groups are cut, when a gap is more than chance (R-213, R-226). Pure."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from yitong.core.cells import Guard, Shown
from yitong.domains.booking.contracts import AgeBand
from yitong.domains.fairness.contracts import Chance, Group, Line

OLD, REST = "60+", "0-59"
OLD_BANDS = (AgeBand.OLD.value, AgeBand.OLDEST.value)
ONCE_IN_A_HUNDRED = 2.326  # standard errors, on one side


class Cell(NamedTuple):
    """Who counts together: one row of the table, with the hospital's district."""

    hospital: str
    district: str
    channel: str
    way: str
    band: str

    def in_group(self, group: Group) -> str:
        match group:
            case Group.BAND:
                return self.band
            case Group.OLD:
                return OLD if self.band in OLD_BANDS else REST
            case Group.CHANNEL:
                return self.channel
            case Group.WAY:
                return self.way
            case Group.DISTRICT:
                return self.district
            case Group.HOSPITAL:
                return self.hospital


@dataclass(frozen=True, slots=True)
class Counted:
    tried: int
    got: int


UNTOLD = Chance(Shown(None), Shown(None))
Halves = tuple[int, ...]
GOT, LOST, BOTH = (0,), (1,), (0, 1)  # beside the place of a cell


class Told:
    """What may be told of a week. Whoever knows who tried and who got one knows who didn't: so the cells are those who
    got one and those who didn't, and the families are every group, whole and in its two halves."""

    def __init__(self, counts: Mapping[Cell, Counted]) -> None:
        self._cells = sorted(counts)
        self._places = {cell: 2 * n for n, cell in enumerate(self._cells)}  # numbers: a guard asks for them often
        each: dict[int, int] = {}
        for cell, place in self._places.items():
            each[place], each[place + 1] = counts[cell].got, counts[cell].tried - counts[cell].got
        self._guard = Guard(each, self._families())

    @property
    def is_safe(self) -> bool:
        return self._guard.is_safe

    def whole(self) -> Chance:
        return self._chance(self._cells) if self.is_safe else UNTOLD

    def lines(self, group: Group) -> tuple[Line, ...]:
        if not self.is_safe:
            return ()
        return tuple(Line(name, self._chance(cells)) for name, cells in sorted(self._parts(group).items()))

    def _chance(self, cells: Iterable[Cell]) -> Chance:
        part = list(cells)
        return Chance(self._guard.shown(self._of(part, BOTH)), self._guard.shown(self._of(part, GOT)))

    def _parts(self, group: Group) -> dict[str, list[Cell]]:
        return _split(self._cells, group)

    def _families(self) -> Iterable[tuple[list[int], list[list[int]]]]:
        every, of = self._parts, self._of
        for halves in (BOTH, GOT, LOST):
            for group in Group:
                yield of(self._cells, halves), [of(part, halves) for part in every(group).values()]
            for coarse, fine in ((Group.OLD, Group.BAND), (Group.DISTRICT, Group.HOSPITAL)):
                for part in every(coarse).values():
                    yield of(part, halves), [of(within, halves) for within in _split(part, fine).values()]
        for part in (self._cells, *(part for group in Group for part in every(group).values())):
            yield of(part, BOTH), [of(part, GOT), of(part, LOST)]

    def _of(self, cells: Iterable[Cell], halves: Halves) -> list[int]:
        return [self._places[cell] + half for cell in cells for half in halves]


def _split(cells: Iterable[Cell], group: Group) -> dict[str, list[Cell]]:
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.in_group(group), []).append(cell)
    return found


def is_worse(one: Counted, others: Counted, *, margin: Decimal, least: int) -> bool:
    """Whether these did worse than all others: by more than the margin, with enough people in both, and by so much that
    chance alone would do it less than once in a hundred times, were they in truth alike (a test of two shares)."""
    if min(one.tried, others.tried) < least:
        return False
    gap = others.got / others.tried - one.got / one.tried
    if gap <= float(margin):
        return False
    both = (one.got + others.got) / (one.tried + others.tried)
    error = math.sqrt(both * (1 - both) * (1 / one.tried + 1 / others.tried))
    return gap > ONCE_IN_A_HUNDRED * error


def worse_ones(counts: Mapping[Cell, Counted], *, margin: Decimal, least: int) -> list[tuple[Group, str]]:
    """Of the old, of each channel and each way, those who did worse than all others."""
    whole = total(counts.values())
    found = []
    for group in (Group.OLD, Group.CHANNEL, Group.WAY):
        for name in sorted({cell.in_group(group) for cell in counts} - {REST}):
            one = total(part for cell, part in counts.items() if cell.in_group(group) == name)
            others = Counted(whole.tried - one.tried, whole.got - one.got)
            if is_worse(one, others, margin=margin, least=least):
                found.append((group, name))
    return found


def total(parts: Iterable[Counted]) -> Counted:
    tried = got = 0
    for part in parts:
        tried, got = tried + part.tried, got + part.got
    return Counted(tried, got)
