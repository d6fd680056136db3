"""Money is whole fen."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True, order=True, slots=True)
class Fen:
    """Renminbi in whole fen (100 fen = 1 yuan). Signed: a refund is negative."""

    n: int

    def __post_init__(self) -> None:
        if type(self.n) is not int:
            raise TypeError("fen are whole")

    def __add__(self, other: "Fen") -> "Fen":
        return Fen(self.n + other.n)

    def __sub__(self, other: "Fen") -> "Fen":
        return Fen(self.n - other.n)

    def __neg__(self) -> "Fen":
        return Fen(-self.n)

    def times(self, rate: Decimal) -> "Fen":
        """The only place where a fraction is rounded: half away from zero."""
        return Fen(int((self.n * rate).quantize(Decimal(1), ROUND_HALF_UP)))

    def split(self, weights: Sequence[int]) -> "list[Fen]":
        """Parts in proportion to the weights, the largest remainder first; they always sum to the whole."""
        total = sum(weights)
        parts = [self.n * weight // total for weight in weights]
        remainder = [self.n * weight % total for weight in weights]
        for i in sorted(range(len(parts)), key=lambda i: -remainder[i])[: self.n - sum(parts)]:
            parts[i] += 1
        return [Fen(part) for part in parts]

    def yuan(self) -> str:
        """As people read it: `50.00`."""
        sign, whole = ("-", -self.n) if self.n < 0 else ("", self.n)
        return f"{sign}{whole // 100}.{whole % 100:02d}"
