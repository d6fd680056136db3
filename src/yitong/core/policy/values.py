"""The policies in force, as those read them who decide by them."""

from collections.abc import Mapping
from datetime import time, timedelta
from decimal import Decimal

from yitong.core.errors import PolicyUnknown
from yitong.core.policy.keys import KEYS
from yitong.core.policy.kinds import JsonValue, Ladder


class Policies:
    """The values in force at one instant for one hospital (and department), typed: `.minutes(…)`, `.time(…)`."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, JsonValue]) -> None:
        self._values = {**{name: key.default for name, key in KEYS.items()}, **values}

    def raw(self, name: str) -> JsonValue:
        try:
            return self._values[name]
        except KeyError:
            raise PolicyUnknown(key=name) from None

    def int(self, name: str) -> int:
        value = self.raw(name)
        assert isinstance(value, int)
        return value

    def flag(self, name: str) -> bool:
        return self.raw(name) is True

    def minutes(self, name: str) -> timedelta:
        return timedelta(minutes=self.int(name))

    def time(self, name: str) -> time:
        return time.fromisoformat(str(self.raw(name)))

    def share(self, name: str) -> Decimal:
        return Decimal(str(self.raw(name)))

    def word(self, name: str) -> str:
        return str(self.raw(name))

    def ladder(self) -> Ladder:
        value = self.raw("booking.noshow")
        assert isinstance(value, list)
        return value

    def as_dict(self) -> dict[str, JsonValue]:
        return dict(self._values)
