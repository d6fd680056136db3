"""What `bench fair` is made of: who asks, what each sends, and what the counts of many runs say. Needs no product."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from bench._flash_shapes import Session

GATHER_S = 3  # after the release: who comes until then is ordered by lot
BOUND = 3.29  # standard deviations: an even draw goes beyond once in a thousand measurements


@dataclass(frozen=True, slots=True)
class Asker:
    """A verified person with an account of his own. `token` is his pass."""

    account_id: str
    patient_id: str
    token: str
    address: str

    def joins(self, session: Session) -> bytes:
        return self._post(f"lines/{session.department_id}", {"pass": self.token, "patients": [self.patient_id]})

    def looks(self, session: Session) -> bytes:
        return self._post(f"lines/{session.department_id}", {"pass": self.token, "patients": []})

    def claims(self, session: Session, key: str) -> bytes:
        slot_id, _, _ = session.slots[0]
        ids = {"hospital_id": session.hospital_id, "slot_id": slot_id, "patient_id": self.patient_id}
        return self._post("claims", {"pass": self.token, "key": key, "near": "session", **ids})

    def _post(self, what: str, said: dict[str, object]) -> bytes:
        body = json.dumps(said, separators=(",", ":")).encode()
        return (
            b"POST /counter/%b HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"X-Forwarded-For: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (what.encode(), self.address.encode(), len(body), body)
        )


@dataclass(frozen=True, slots=True)
class Scored:
    """An account's points, its level ("plain", "slow") and the signals that gave them."""

    points: int
    level: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """One run: how many verified persons the scripts had, how many there were in all, who got one of the slots."""

    scripts: int
    everybody: int
    slots: int
    won_by_scripts: int
    won: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """Over many runs: chances of one verified person, and how far the scripts' count is from an even draw."""

    runs: int
    chance_script: float
    chance_other: float
    expected: float  # won by scripts, were it even
    deviation: float  # of that count, were it even
    won: int

    @property
    def z(self) -> float:
        return (self.won - self.expected) / self.deviation if self.deviation else 0.0

    @property
    def is_even(self) -> bool:
        return abs(self.z) < BOUND


def judged(runs: Sequence[Tally]) -> Verdict:
    """An even draw takes `won` of `everybody` without looking: the scripts' share is hypergeometric in each run."""
    expected = variance = 0.0
    for one in runs:
        share = one.scripts / one.everybody
        expected += one.won * share
        variance += one.won * share * (1 - share) * (one.everybody - one.won) / max(1, one.everybody - 1)
    won = sum(one.won_by_scripts for one in runs)
    scripts, others = sum(one.scripts for one in runs), sum(one.everybody - one.scripts for one in runs)
    return Verdict(
        runs=len(runs),
        chance_script=won / scripts,
        chance_other=(sum(one.won for one in runs) - won) / others,
        expected=expected,
        deviation=math.sqrt(variance),
        won=won,
    )
