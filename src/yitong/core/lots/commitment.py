"""The commitment: one root over the terms and every entry, published before any secret is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from yitong.core.hashlog.canonical import canonical
from yitong.core.hashlog.merkle import Hash, inclusion_proof, is_included, leaf_hash, root_of
from yitong.core.hashlog.signing import Signer
from yitong.core.lots.terms import Entry, Terms


@dataclass(frozen=True, slots=True)
class Commitment:
    """`count`: entries. The signature is the platform's, by the key that also signs the hash log."""

    draw_id: UUID
    count: int
    root: bytes
    signer: str
    signature: bytes

    def signed_content(self) -> bytes:
        return signed_content(self.draw_id, self.count, self.root)

    def line(self) -> bytes:
        return canonical(
            {
                "kind": "commitment",
                "draw": self.draw_id,
                "count": self.count,
                "root": self.root,
                "signer": self.signer,
                "signature": self.signature,
            }
        )


def signed_content(draw_id: UUID, count: int, root: bytes) -> bytes:
    return canonical({"yitong-draw": draw_id, "count": count, "root": root})


def sorted_entries(entries: Iterable[Entry]) -> list[Entry]:
    """As they stand in the file, and under the root."""
    return sorted(entries, key=lambda entry: entry.ticket)


def root_of_lines(lines: Iterable[bytes]) -> bytes:
    """The root over the lines above the commitment: the terms, then the entries by ticket (RFC 6962, SHA-256)."""
    return root_of((leaf_hash(line, Hash.SHA_256) for line in lines), Hash.SHA_256)


def commit(terms: Terms, entries: Sequence[Entry], signer: Signer) -> Commitment:
    """Over entries that are sorted already."""
    root = root_of_lines([terms.line(), *(entry.line() for entry in entries)])
    signature = signer.sign(signed_content(terms.draw_id, len(entries), root))
    return Commitment(terms.draw_id, len(entries), root, signer.id, signature)


@dataclass(frozen=True, slots=True)
class Proof:
    """That one entry lies under the root: its line, its place among the leaves (the terms are 0) and the way up."""

    line: bytes
    index: int
    path: tuple[bytes, ...]

    def holds(self, commitment: Commitment) -> bool:
        leaf = leaf_hash(self.line, Hash.SHA_256)
        return is_included(leaf, self.index, commitment.count + 1, self.path, commitment.root, Hash.SHA_256)


def prove(lines: Sequence[bytes], index: int) -> Proof:
    """For the line at `index` of all lines above the commitment."""
    leaves = [leaf_hash(line, Hash.SHA_256) for line in lines]
    return Proof(lines[index], index, tuple(inclusion_proof(leaves, index, Hash.SHA_256)))
