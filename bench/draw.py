"""A draw of 100,000 entries, drawn, written, read and verified by one process; beside as many bare SHA-256.

The docs' verifier, which shares no code with ours, checks the same file in a process of its own.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from bench import _place

from yitong.config.paths import project_root
from yitong.core.hashlog.signing import Signer
from yitong.core.lots import commitment, file
from yitong.core.lots.seed import Beacon, promise_of
from yitong.core.lots.terms import BeaconRound, Entry, Offer, Party, Terms
from yitong.core.lots.verify import verify

T = TypeVar("T")
LIMIT_S = 10.0
SESSIONS, PLACES = 40, 25
ANSWER_LIMIT_S = 300
DRAW_ID = UUID("01900000-0000-7000-8000-000000000002")


def run(quick: bool) -> dict[str, Any]:
    machine = _place.machine()
    count = 10_000 if quick else 100_000
    random = Random(1)
    terms, secrets, beacon = _terms(random)
    entries = [_entry(random, terms) for _ in range(count)]
    signer = Signer.from_secret(random.randbytes(32))

    committed_s, (listed, commit) = _timed(lambda: _commit(terms, entries, signer))
    drawn_s, (seed, ranks) = _timed(lambda: _draw(terms, listed, commit, secrets, beacon))
    written_s, lines = _timed(lambda: list(file.write(terms, listed, commit, seed, ranks)))
    trusted = {signer.id: signer.public}
    verified_s, report = _timed(lambda: verify(lines, published_root=commit.root, trusted=trusted))
    hashes = _hashes(listed)
    bare_s, _ = _timed(lambda: _bare(hashes))
    whole_s = committed_s + drawn_s + written_s + verified_s
    heavier = replace(listed[count // 2], weight=listed[count // 2].weight + 1)
    forged = list(
        file.write(terms, [heavier if e.ticket == heavier.ticket else e for e in listed], commit, seed, ranks)
    )
    return {
        "bench": "draw",
        "machine": machine,
        "figures": {
            "entries": count,
            "places": SESSIONS * PLACES,
            "file_mb": round(sum(map(len, lines)) / 1e6, 1),
            "commit_s": round(committed_s, 2),
            "draw_s": round(drawn_s, 2),
            "write_s": round(written_s, 2),
            "verify_s": round(verified_s, 2),
            "draw_and_verify_s": round(whole_s, 2),
            "hashes_of_one_pass": hashes,
            "bare_hashes_s": round(bare_s, 2),
        },
        "ratios": {"verify_to_bare_hashes": round(verified_s / bare_s, 1)},
        "checks": {
            "whole": report.is_whole,
            "forgery_is_found": not verify(forged, trusted=trusted).is_whole,
            "outsider_agrees": _outsider(lines, commit.root) and not _outsider(forged, commit.root),
            "same_in_any_order": _draw(terms, random.sample(listed, count), commit, secrets, beacon)[1] == ranks,
            "under_ten_seconds": whole_s < LIMIT_S,
        },
        "line": f"draw: {count:,} entries committed, drawn, written and verified in {whole_s:.1f} s,"
        f" of it verified {verified_s:.1f} s: {verified_s / bare_s:.0f} times its {hashes:,} bare SHA-256",
    }


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    started = time.perf_counter()
    done = work()
    return time.perf_counter() - started, done


def _terms(random: Random) -> tuple[Terms, dict[Party, bytes], Beacon]:
    secrets = {party: random.randbytes(32) for party in Party}
    closes_at, signature = datetime(2026, 3, 1, 4, tzinfo=UTC), random.randbytes(96)
    terms = Terms(
        draw_id=DRAW_ID,
        hospital="长桥医院",
        department="心内科",
        opens_at=datetime(2026, 2, 28, 4, tzinfo=UTC),
        closes_at=closes_at,
        weights={"base": 2, "lost": 1, "older": 1},
        most_places=3,
        offers=[Offer(str(UUID(int=n + 1)), PLACES, f"号源 {n}") for n in range(SESSIONS)],
        promises={party: promise_of(party, DRAW_ID, secret) for party, secret in secrets.items()},
        beacon=BeaconRound("bench", 1, closes_at),
    )
    return terms, secrets, Beacon(1, sha256(signature).digest(), signature)


def _entry(random: Random, terms: Terms) -> Entry:
    reasons = ("base", *(reason for reason in ("lost", "older") if random.random() < 0.25))
    weight = sum(terms.weights[reason] for reason in reasons)
    choices = tuple(offer.session for offer in random.sample(terms.offers, random.randint(1, 4)))
    return Entry(random.randbytes(16), reasons, weight, random.choice([1, 1, 1, 1, 2, 3]), choices)


def _commit(terms: Terms, entries: list[Entry], signer: Signer) -> tuple[list[Entry], commitment.Commitment]:
    listed = commitment.sorted_entries(entries)
    return listed, commitment.commit(terms, listed, signer)


def _draw(
    terms: Terms, entries: list[Entry], commit: commitment.Commitment, secrets: dict[Party, bytes], beacon: Beacon
) -> tuple[file.Seed, list[file.Rank]]:
    seed = file.draw(terms, commit, secrets, beacon)
    return seed, file.rank(terms, entries, seed.seed)


def _hashes(entries: list[Entry]) -> int:
    """Of one verification: a leaf and a node for each line under the root, and every lot."""
    return 2 * len(entries) + sum(entry.weight for entry in entries)


def _bare(hashes: int) -> bytes:
    found = b""
    for number in range(hashes):
        found = sha256(found + number.to_bytes(4, "big")).digest()
    return found


def _outsider(lines: list[bytes], root: bytes) -> bool:
    command = [sys.executable, "-I", "-S", str(project_root() / "docs" / "draw-verifier.py"), root.hex()]
    done = subprocess.run(command, input=b"".join(lines), capture_output=True, timeout=ANSWER_LIMIT_S, check=False)
    return done.returncode == 0
