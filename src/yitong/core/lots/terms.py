"""What a draw is about, said before anybody knows who will win: sessions and places, weights, promises of secrets.

`draw` here is one 摇号: those who want one of these places apply until it closes, and then lots decide. Nothing in this
package knows a database, a clock or a network.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from yitong.core.hashlog.canonical import canonical

FORMAT = "yitong-draw-1"
MOST_WEIGHT = 100  # lots of one entry: bounds the work of whoever checks
TICKET_BYTES, SECRET_BYTES = 16, 32


class Party(StrEnum):
    """Who puts a secret into the seed."""

    OPERATOR = "operator"
    HOSPITAL = "hospital"


@dataclass(frozen=True, slots=True)
class Offer:
    """One session with the places that are given by lot. `what` is for people: doctor, day, half-day."""

    session: str
    places: int
    what: str


@dataclass(frozen=True, slots=True)
class BeaconRound:
    """The one round of a public beacon that counts, named before the draw opens; drawn without it when it can't be had
    by `deadline`."""

    chain: str
    round: int
    deadline: datetime


@dataclass(frozen=True, slots=True)
class Terms:
    """`weights`: reason → lots; an entry has the sum of its reasons. `promises`: party → hash of its secret."""

    draw_id: UUID
    hospital: str
    department: str
    opens_at: datetime
    closes_at: datetime
    weights: Mapping[str, int]
    most_places: int
    offers: Sequence[Offer]
    promises: Mapping[Party, bytes]
    beacon: BeaconRound | None

    @property
    def places(self) -> dict[str, int]:
        """session → places."""
        return {offer.session: offer.places for offer in self.offers}

    def line(self) -> bytes:
        """The first line of the draw's file, and the first leaf under its root."""
        beacon = self.beacon
        return canonical(
            {
                "kind": "draw",
                "format": FORMAT,
                "draw": self.draw_id,
                "hospital": self.hospital,
                "department": self.department,
                "opens_at": self.opens_at,
                "closes_at": self.closes_at,
                "weights": self.weights,
                "most_places": self.most_places,
                "sessions": [{"session": o.session, "places": o.places, "what": o.what} for o in self.offers],
                "promises": self.promises,
                "beacon": beacon and {"chain": beacon.chain, "round": beacon.round, "deadline": beacon.deadline},
            }
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One application. The ticket is random and known to its applicant alone, so the file names nobody.

    `choices`: sessions, the dearest first. `places`: how many patients of one family, who go together or not at all.
    """

    ticket: bytes
    reasons: tuple[str, ...]
    weight: int
    places: int
    choices: tuple[str, ...]

    def line(self) -> bytes:
        return as_line(
            {
                "kind": "entry",
                "ticket": self.ticket.hex(),
                "reasons": self.reasons,
                "weight": self.weight,
                "places": self.places,
                "choices": self.choices,
            }
        )


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def as_line(record: Mapping[str, object]) -> bytes:
    """The canonical bytes of what is plain JSON already, a hundred thousand times: `canonical` would say the same."""
    return _ENCODER.encode(record).encode()


def weight_of(reasons: Sequence[str], weights: Mapping[str, int]) -> int:
    """Lots of an entry with these reasons; KeyError when the policy doesn't know one."""
    return sum(weights[reason] for reason in reasons)
