"""Whether a draw's file is what was promised: everything in it is computed again.

What a file alone can't show is that its list of entries is the one that was fixed at closing. So the root is compared
with the one that was published then (`published_root`, had another way), or its signature with the platform's key.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from yitong.core.hashlog.signing import is_signed
from yitong.core.lots.commitment import root_of_lines
from yitong.core.lots.file import DrawFile, FileBroken, Seed, rank, read
from yitong.core.lots.seed import promise_of, seed_of
from yitong.core.lots.terms import MOST_WEIGHT, Entry, Party, Terms, weight_of

MOST_OF_A_CODE = 20  # one wrong seed makes every rank wrong; the rest is counted


class Code(StrEnum):
    """What can be wrong. The values are a public promise: none is renamed."""

    FILE_BROKEN = "FILE_BROKEN"
    TERMS_WRONG = "TERMS_WRONG"
    ENTRY_WRONG = "ENTRY_WRONG"
    WEIGHT_WRONG = "WEIGHT_WRONG"
    ORDER_OF_ENTRIES = "ORDER_OF_ENTRIES"
    COUNT_WRONG = "COUNT_WRONG"
    ROOT_WRONG = "ROOT_WRONG"
    ROOT_NOT_PUBLISHED = "ROOT_NOT_PUBLISHED"
    SIGNATURE_WRONG = "SIGNATURE_WRONG"
    SIGNER_UNKNOWN = "SIGNER_UNKNOWN"
    SECRET_WRONG = "SECRET_WRONG"
    BEACON_WRONG = "BEACON_WRONG"
    SEED_WRONG = "SEED_WRONG"
    CHANGE_WRONG = "CHANGE_WRONG"
    RANK_WRONG = "RANK_WRONG"
    GIVEN_WRONG = "GIVEN_WRONG"


@dataclass(frozen=True, slots=True)
class Finding:
    """`place`: a line, ticket, party or rank."""

    code: Code
    place: str


@dataclass(frozen=True, slots=True)
class Report:
    """`omitted`: code → findings beyond the first ones. `file` is None when it can't be read at all."""

    file: DrawFile | None
    findings: tuple[Finding, ...]
    omitted: Mapping[Code, int]

    @property
    def is_whole(self) -> bool:
        return not self.findings


def verify(
    lines: Iterable[bytes], *, published_root: bytes | None = None, trusted: Mapping[str, bytes] | None = None
) -> Report:
    """All that is wrong with the file. `trusted`: signing key id → public key; not asked when None."""
    try:
        file = read(lines)
    except FileBroken as broken:
        return Report(None, (Finding(Code.FILE_BROKEN, str(broken)),), {})
    counts: Counter[Code] = Counter()
    kept = []
    for finding in _findings(file, published_root, trusted):
        counts[finding.code] += 1
        if counts[finding.code] <= MOST_OF_A_CODE:
            kept.append(finding)
    omitted = {code: count - MOST_OF_A_CODE for code, count in counts.items() if count > MOST_OF_A_CODE}
    return Report(file, tuple(kept), omitted)


def _findings(file: DrawFile, published_root: bytes | None, trusted: Mapping[str, bytes] | None) -> Iterator[Finding]:
    yield from _wrong_terms(file.terms)
    yield from _wrong_entries(file)
    yield from _wrong_commitment(file, published_root, trusted)
    if file.seed is not None:
        yield from _wrong_seed(file, file.seed)
        yield from _wrong_ranks(file, file.seed)


def _wrong_terms(terms: Terms) -> Iterator[Finding]:
    if not terms.opens_at < terms.closes_at:
        yield Finding(Code.TERMS_WRONG, "closes_at")
    if len(terms.places) != len(terms.offers):
        yield Finding(Code.TERMS_WRONG, "sessions")


def _wrong_entries(file: DrawFile) -> Iterator[Finding]:
    before, places = b"", file.terms.places
    for entry in file.entries:
        if entry.ticket <= before:
            yield Finding(Code.ORDER_OF_ENTRIES, entry.ticket.hex())
        before = entry.ticket
        if not _is_weighed(entry, file.terms):
            yield Finding(Code.WEIGHT_WRONG, entry.ticket.hex())
        if not _is_asked_rightly(entry, places, file.terms.most_places):
            yield Finding(Code.ENTRY_WRONG, entry.ticket.hex())


def _is_weighed(entry: Entry, terms: Terms) -> bool:
    reasons = set(entry.reasons)
    if len(reasons) != len(entry.reasons) or not reasons <= terms.weights.keys():
        return False
    return 1 <= entry.weight <= MOST_WEIGHT and entry.weight == weight_of(entry.reasons, terms.weights)


def _is_asked_rightly(entry: Entry, places: Mapping[str, int], most_places: int) -> bool:
    """No session twice, none that isn't given here, and no more places than a family may have."""
    choices = entry.choices
    if not choices or len(set(choices)) != len(choices) or not places.keys() >= set(choices):
        return False
    return 1 <= entry.places <= most_places


def _wrong_commitment(
    file: DrawFile, published_root: bytes | None, trusted: Mapping[str, bytes] | None
) -> Iterator[Finding]:
    said = file.commitment
    if said.draw_id != file.terms.draw_id:
        yield Finding(Code.TERMS_WRONG, "draw")
    if said.count != len(file.entries):
        yield Finding(Code.COUNT_WRONG, f"{said.count} promised, {len(file.entries)} here")
    if root_of_lines(file.lines) != said.root:
        yield Finding(Code.ROOT_WRONG, said.root.hex())
    if published_root is not None and published_root != said.root:
        yield Finding(Code.ROOT_NOT_PUBLISHED, published_root.hex())
    if trusted is not None:
        signed = is_signed(said.signed_content(), said.signature, said.signer, trusted)
        if not signed:
            yield Finding(Code.SIGNER_UNKNOWN if signed is None else Code.SIGNATURE_WRONG, said.signer)


def _wrong_seed(file: DrawFile, said: Seed) -> Iterator[Finding]:
    terms = file.terms
    for party in Party:
        if promise_of(party, terms.draw_id, said.secrets[party]) != terms.promises[party]:
            yield Finding(Code.SECRET_WRONG, party.value)
    if said.beacon is not None:
        named = terms.beacon is not None and terms.beacon.round == said.beacon.round
        if not named or not said.beacon.is_consistent:
            yield Finding(Code.BEACON_WRONG, str(said.beacon.round))
    if seed_of(terms.draw_id, file.commitment.root, said.secrets, said.beacon) != said.seed:
        yield Finding(Code.SEED_WRONG, said.seed.hex())


def _wrong_ranks(file: DrawFile, said: Seed) -> Iterator[Finding]:
    """Against an order made anew from the seed in the file: a wrong seed is one finding, and not one for each rank."""
    if any(not 1 <= entry.weight <= MOST_WEIGHT for entry in file.entries):
        return  # found already; without a weight there is no order
    try:
        right = rank(file.terms, file.entries, said.seed, file.refusals, file.withdrawals)
    except ValueError:
        yield Finding(Code.CHANGE_WRONG, "more places taken away than there were")
        return
    yield from _wrong_changes(file)
    if len(file.ranks) != len(right):
        yield Finding(Code.RANK_WRONG, f"{len(right)} entries, {len(file.ranks)} ranks")
    for expected, found in zip(right, file.ranks, strict=False):
        if (expected.rank, expected.ticket, expected.key) != (found.rank, found.ticket, found.key):
            yield Finding(Code.RANK_WRONG, str(expected.rank))
        if expected.given != found.given:
            yield Finding(Code.GIVEN_WRONG, str(expected.rank))


def _wrong_changes(file: DrawFile) -> Iterator[Finding]:
    """A refusal speaks of a choice that an entry has; a withdrawal of a rank and a session that there are."""
    choices = {entry.ticket: entry.choices for entry in file.entries}
    for refusal in file.refusals:
        if refusal.session not in choices.get(refusal.ticket, ()):
            yield Finding(Code.CHANGE_WRONG, refusal.ticket.hex())
    for withdrawal in file.withdrawals:
        if not 1 <= withdrawal.before_rank <= len(file.entries) or withdrawal.places < 1:
            yield Finding(Code.CHANGE_WRONG, f"before rank {withdrawal.before_rank}")
