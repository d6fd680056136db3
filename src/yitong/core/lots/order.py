"""Who comes first, and who gets what: by whole numbers only, so that any program in any language finds the same."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from yitong.core.lots.terms import Entry


def key_of(seed: bytes, ticket: bytes, weight: int) -> bytes:
    """The smallest of `weight` lots. So the chance to be first is exactly in proportion to the weight."""
    base = sha256(seed + ticket)
    lots = []
    for number in range(weight):
        lot = base.copy()
        lot.update(number.to_bytes(4, "big"))
        lots.append(lot.digest())
    return min(lots)


def order_of(seed: bytes, entries: Iterable[Entry]) -> list[tuple[bytes, Entry]]:
    """(key, entry), first rank first. In whatever order the entries come, the answer is one."""
    keyed = [(key_of(seed, entry.ticket, entry.weight), entry) for entry in entries]
    return sorted(keyed, key=lambda pair: (pair[0], pair[1].ticket))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule (a limit, a clash) spoke against this session for this entry when it was its turn."""

    ticket: bytes
    session: str


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Before this rank had its turn the hospital took so many places of the session away (a stop, say)."""

    before_rank: int
    session: str
    places: int


class Places:
    """What is left while ranks are served, one after the other."""

    def __init__(self, places: Mapping[str, int]) -> None:
        self.left = dict(places)

    def first_fit(self, entry: Entry, refused: Collection[str] = ()) -> str | None:
        """The first of its choices that has room for all of the family, less those that a rule refused."""
        for session in entry.choices:
            if self.left.get(session, 0) >= entry.places and session not in refused:
                return session
        return None

    def take(self, session: str, places: int) -> None:
        if not 0 <= places <= self.left.get(session, 0):
            raise ValueError("more places than are left")
        self.left[session] -= places


def allocate(
    order: Sequence[Entry],
    places: Mapping[str, int],
    refusals: Iterable[Refusal] = (),
    withdrawals: Iterable[Withdrawal] = (),
) -> list[str | None]:
    """The session of each entry, in the given order; None for who gets nothing.

    Refusals and withdrawals are what happened while winners were booked: the place goes to the next rank that wants it.
    ValueError when more was withdrawn than there was.
    """
    refused: dict[bytes, set[str]] = {}
    for refusal in refusals:
        refused.setdefault(refusal.ticket, set()).add(refusal.session)
    gone: dict[int, list[Withdrawal]] = {}
    for withdrawal in withdrawals:
        gone.setdefault(withdrawal.before_rank, []).append(withdrawal)
    rest = Places(places)
    given: list[str | None] = []
    for rank, entry in enumerate(order, start=1):
        for withdrawal in gone.get(rank, ()):
            rest.take(withdrawal.session, withdrawal.places)
        session = rest.first_fit(entry, refused.get(entry.ticket, ()))
        if session is not None:
            rest.take(session, entry.places)
        given.append(session)
    return given
