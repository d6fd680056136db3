"""The seed: one number that nobody could choose or know before all entries were fixed.

All hashes here are over plain text, so that a person with `sha256sum` can repeat them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from yitong.core.lots.terms import Party

WITHOUT_BEACON = "none"


@dataclass(frozen=True, slots=True)
class Beacon:
    """A round of a public randomness beacon, as drand publishes it."""

    round: int
    randomness: bytes
    signature: bytes

    @property
    def is_consistent(self) -> bool:
        """Whether the randomness is the SHA-256 of the signature. That the signature is the beacon's own (BLS) isn't
        checked here: whoever doubts it asks the beacon for this round."""
        return sha256(self.signature).digest() == self.randomness


def promise_of(party: Party, draw_id: UUID, secret: bytes) -> bytes:
    """The hash that a party publishes before the draw opens. It fits no other draw and no other party."""
    return sha256(f"yitong-draw-secret-1:{party.value}:{draw_id}:{secret.hex()}".encode()).digest()


def seed_of(draw_id: UUID, root: bytes, secrets: Mapping[Party, bytes], beacon: Beacon | None) -> bytes:
    """From the entries' root, both secrets and the beacon; `none` stands for a beacon that wasn't reached."""
    operator, hospital = secrets[Party.OPERATOR].hex(), secrets[Party.HOSPITAL].hex()
    chance = beacon.randomness.hex() if beacon else WITHOUT_BEACON
    return sha256(f"yitong-draw-seed-1:{draw_id}:{root.hex()}:{operator}:{hospital}:{chance}".encode()).digest()
