"""Where `config` plugs a link into a port that a domain defines."""

from typing import Generic, TypeVar

T = TypeVar("T")


class Plug(Generic[T]):
    """One port. A domain's `ports.py` makes it beside the Protocol, `config` plugs a link in, the domain takes it.

    Set at start and left alone: nothing relies on it for truth.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._link: T | None = None

    def plug(self, link: T) -> None:
        self._link = link

    def taken(self) -> T:
        if self._link is None:
            raise LookupError(f"nothing is plugged into {self.name}: see config/plugs.py")
        return self._link
