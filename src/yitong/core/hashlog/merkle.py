"""Hash trees as in RFC 6962 (2.1) and RFC 9162 (2.1.3, 2.1.4), with SHA-256 or SM3: both give 32 bytes.

A leaf is hashed with a 0 before it, a node with a 1, a chain's head with a 2, so that none can stand for another.
"""

import hashlib
from collections.abc import Iterable, Sequence
from enum import StrEnum

from cryptography.hazmat.primitives import hashes

LEAF, NODE, HEAD = b"\x00", b"\x01", b"\x02"
HASH_BYTES = 32


class Hash(StrEnum):
    SHA_256 = "sha-256"
    SM3 = "sm3"


def digest(algorithm: Hash, content: bytes) -> bytes:
    if algorithm is Hash.SHA_256:
        return hashlib.sha256(content).digest()
    state = hashes.Hash(hashes.SM3())
    state.update(content)
    return state.finalize()


def leaf_hash(content: bytes, algorithm: Hash) -> bytes:
    return digest(algorithm, LEAF + content)


def node_hash(left: bytes, right: bytes, algorithm: Hash) -> bytes:
    return digest(algorithm, NODE + left + right)


class Tree:
    """A tree that grows by leaves and keeps only the roots of its full subtrees, largest first."""

    def __init__(self, algorithm: Hash, leaves: Iterable[bytes] = ()) -> None:
        self._hash = algorithm
        self._peaks: list[bytes] = []
        self.size = 0
        for leaf in leaves:
            self.add(leaf)

    def add(self, leaf: bytes) -> None:
        self._peaks.append(leaf)
        size = self.size
        while size & 1:
            right = self._peaks.pop()
            self._peaks[-1] = node_hash(self._peaks[-1], right, self._hash)
            size >>= 1
        self.size += 1

    @property
    def root(self) -> bytes:
        if not self._peaks:
            return digest(self._hash, b"")
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root, self._hash)
        return root


def root_of(leaves: Iterable[bytes], algorithm: Hash) -> bytes:
    return Tree(algorithm, leaves).root


def inclusion_proof(leaves: Sequence[bytes], index: int, algorithm: Hash) -> list[bytes]:
    """The hashes that lead from leaf `index` (from 0) to the root, nearest first."""
    if not 0 <= index < len(leaves):
        raise IndexError("no such leaf")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index, algorithm), root_of(leaves[split:], algorithm)]
    return [*inclusion_proof(leaves[split:], index - split, algorithm), root_of(leaves[:split], algorithm)]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes, algorithm: Hash) -> bool:
    """Whether the proof shows that the tree of `size` leaves with this root has this leaf at `index`."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found, algorithm)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling, algorithm)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def consistency_proof(leaves: Sequence[bytes], first: int, algorithm: Hash) -> list[bytes]:
    """The hashes which show that the tree of the first `first` leaves only grew to become this one."""
    if not 0 < first <= len(leaves):
        raise IndexError("no such tree")
    return _consistency(leaves, first, algorithm, whole=True)


def _consistency(leaves: Sequence[bytes], first: int, algorithm: Hash, *, whole: bool) -> list[bytes]:
    if first == len(leaves):
        return [] if whole else [root_of(leaves, algorithm)]
    split = _split(len(leaves))
    if first <= split:
        return [*_consistency(leaves[:split], first, algorithm, whole=whole), root_of(leaves[split:], algorithm)]
    return [*_consistency(leaves[split:], first - split, algorithm, whole=False), root_of(leaves[:split], algorithm)]


def is_consistent(
    first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes], algorithm: Hash
) -> bool:
    """Whether the proof shows that the second tree begins with all leaves of the first."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    path = list(proof)
    if first & (first - 1) == 0:
        path.insert(0, first_root)
    if not path:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(sibling, old, algorithm), node_hash(sibling, new, algorithm)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, sibling, algorithm)
        place, last = place >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
