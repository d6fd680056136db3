"""Draws for tests of `core/lots`: whole ones, and forged ones."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from typing import Any
from uuid import UUID

from yitong.core.hashlog.signing import Signer
from yitong.core.lots import commitment, file
from yitong.core.lots.order import Refusal, Withdrawal
from yitong.core.lots.seed import Beacon, promise_of
from yitong.core.lots.terms import BeaconRound, Entry, Offer, Party, Terms

DRAW_ID = UUID("01900000-0000-7000-8000-000000000001")
SIGNER = Signer.from_secret(sha256(b"tests of draws").digest())
WEIGHTS = {"base": 2, "lost": 1, "older": 1}


@dataclass
class Drawn:
    """All of one draw: what is in its file, and what it was made of."""

    terms: Terms
    entries: list[Entry]
    secrets: dict[Party, bytes]
    beacon: Beacon | None
    refusals: list[Refusal] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)

    @property
    def commitment(self) -> commitment.Commitment:
        return commitment.commit(self.terms, self.entries, SIGNER)

    @property
    def ranks(self) -> list[file.Rank]:
        return file.rank(self.terms, self.entries, self.seed.seed, self.refusals, self.withdrawals)

    @property
    def seed(self) -> file.Seed:
        return file.draw(self.terms, self.commitment, self.secrets, self.beacon)

    def lines(self) -> list[bytes]:
        changes = {"refusals": self.refusals, "withdrawals": self.withdrawals}
        return list(file.write(self.terms, self.entries, self.commitment, self.seed, self.ranks, **changes))


def drawn(count: int = 40, *, chance: int = 0, offers: Sequence[int] = (5, 4, 3), with_beacon: bool = True) -> Drawn:
    """`count` entries for sessions with `offers` places; another `chance` is another draw."""
    random = Random(chance)
    sessions = [str(UUID(int=n + 1)) for n in range(len(offers))]
    secrets = {party: random.randbytes(32) for party in Party}
    signature = random.randbytes(96)
    closes_at = datetime(2026, 3, 1, 4, tzinfo=UTC)
    terms = Terms(
        draw_id=DRAW_ID,
        hospital="长桥医院",
        department="心内科",
        opens_at=datetime(2026, 2, 28, 4, tzinfo=UTC),
        closes_at=closes_at,
        weights=WEIGHTS,
        most_places=3,
        offers=[Offer(session, places, "3月8日 上午") for session, places in zip(sessions, offers, strict=True)],
        promises={party: promise_of(party, DRAW_ID, secret) for party, secret in secrets.items()},
        beacon=BeaconRound("chain", 77, closes_at) if with_beacon else None,
    )
    entries = [_entry(random, sessions) for _ in range(count)]
    beacon = Beacon(77, sha256(signature).digest(), signature) if with_beacon else None
    return Drawn(terms, commitment.sorted_entries(entries), secrets, beacon)


def _entry(random: Random, sessions: Sequence[str]) -> Entry:
    reasons = ("base", *(reason for reason in ("lost", "older") if random.random() < 0.3))
    weight = sum(WEIGHTS[reason] for reason in reasons)
    choices = tuple(random.sample(sessions, random.randint(1, len(sessions))))
    return Entry(random.randbytes(16), reasons, weight, random.choice([1, 1, 1, 2, 3]), choices)


def forged(lines: Sequence[bytes], change: Callable[[list[dict[str, Any]]], None]) -> list[bytes]:
    """The file with `change` made to its records, written as it should be, with the right count at its end."""
    records = [json.loads(line) for line in lines]
    change(records)
    if records[-1]["kind"] == "end":
        records[-1]["lines"] = len(records) - 1
    return [file.as_line(record) + b"\n" for record in records]


def of_kind(records: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [record for record in records if record["kind"] == kind]


def favoured(one: Drawn, ticket: bytes) -> Drawn:
    """The clever forgery: one entry has more lots, and everything after it is made anew so that it fits."""
    heavier = [
        replace(e, reasons=("base", "lost", "older"), weight=4) if e.ticket == ticket else e for e in one.entries
    ]
    return replace(one, entries=heavier)
