"""The chain of one log and shard: links (a batch of rows each), and the roots of its days in a tree of days.

    leaf      = H(0 | canonical({"log", "shard", "row"}))
    link head = H(2 | canonical(link))           with the head before it inside; signed
    day entry = leaf hash of canonical(day), without its tree root; the tree of days has these as its leaves
    day       = root of its rows' leaves, last head, size and root of the tree of days; signed

Pure: an outsider verifies with this package, an export file and the public keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yitong.core.hashlog.canonical import canonical, instant
from yitong.core.hashlog.merkle import HASH_BYTES, HEAD, Hash, digest, leaf_hash, root_of
from yitong.core.hashlog.signing import Signer, is_signed

GENESIS = bytes(HASH_BYTES)
MOST_FINDINGS = 1000  # of one chain; more are counted


def leaf_of(log: str, shard: str, row: Mapping[str, object], algorithm: Hash) -> bytes:
    """The leaf of a row. Empty fields are left out, so that a column added later doesn't change what was sealed."""
    full = {name: value for name, value in row.items() if value is not None}
    return leaf_hash(canonical({"log": log, "shard": shard, "row": full}), algorithm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a seal says. `number` and `first_seq` count from 1 within (log, shard)."""

    log: str
    shard: str
    number: int
    previous: bytes
    first_seq: int
    count: int
    first_id: UUID
    last_id: UUID
    root: bytes
    sealed_at: datetime
    hash: Hash

    @property
    def last_seq(self) -> int:
        return self.first_seq + self.count - 1

    def head(self) -> bytes:
        said = {
            "log": self.log,
            "shard": self.shard,
            "number": self.number,
            "previous": self.previous,
            "first_seq": self.first_seq,
            "count": self.count,
            "first_id": self.first_id,
            "last_id": self.last_id,
            "root": self.root,
            "sealed_at": instant(self.sealed_at),
            "hash": str(self.hash),
        }
        return digest(self.hash, HEAD + canonical(said))


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What a day root says. `days` is the size of the tree of days with this one in it."""

    log: str
    shard: str
    day: date
    days: int
    first_seq: int
    count: int
    root: bytes
    last_number: int
    last_head: bytes
    hash: Hash

    def entry(self) -> bytes:
        """Its leaf in the tree of days."""
        return leaf_hash(canonical(self._said()), self.hash)

    def to_sign(self, tree_root: bytes) -> bytes:
        return canonical({**self._said(), "tree_root": tree_root})

    def _said(self) -> dict[str, object]:
        return {
            "log": self.log,
            "shard": self.shard,
            "day": self.day,
            "days": self.days,
            "first_seq": self.first_seq,
            "count": self.count,
            "root": self.root,
            "last_number": self.last_number,
            "last_head": self.last_head,
            "hash": str(self.hash),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLink:
    link: Link
    head: bytes
    signer: str
    signature: bytes

    @classmethod
    def make(cls, link: Link, signer: Signer) -> "SignedLink":
        head = link.head()
        return cls(link=link, head=head, signer=signer.id, signature=signer.sign(head))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDay:
    day: Day
    tree_root: bytes
    signer: str
    signature: bytes

    @classmethod
    def make(cls, day: Day, before: Sequence[bytes], signer: Signer) -> "SignedDay":
        """`before`: entries of all earlier days, in order."""
        tree_root = root_of([*before, day.entry()], day.hash)
        return cls(day=day, tree_root=tree_root, signer=signer.id, signature=signer.sign(day.to_sign(tree_root)))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `kind` is stable; `place` tells where, in ids and numbers."""

    kind: str
    log: str
    shard: str
    place: str


class ChainCheck:
    """Follows one chain from its beginning and notes what doesn't fit.

    Feed links in the order of their numbers, each with its leaves, then days in order.
    """

    def __init__(self, log: str, shard: str, trusted: Mapping[str, bytes]) -> None:
        self._log, self._shard, self._trusted = log, shard, trusted
        self.findings: list[Finding] = []
        self.omitted = 0
        self.number, self.seq, self.head = 0, 0, GENESIS
        self._sealed_at: datetime | None = None
        self._heads: dict[int, tuple[bytes, int]] = {}
        self._day_entries: list[bytes] = []
        self._last_day: Day | None = None

    def found(self, kind: str, place: str) -> None:
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(kind, self._log, self._shard, place))
        else:
            self.omitted += 1

    def add_link(self, signed: SignedLink, leaves: Sequence[bytes] | None) -> None:
        """`leaves` None: not at hand, only the chain is checked."""
        link, place = signed.link, f"seal {signed.link.number}"
        if link.number != self.number + 1 or link.first_seq != self.seq + 1 or link.previous != self.head:
            self.found("seal_missing", f"between seal {self.number} and seal {link.number}")
        elif self._sealed_at is not None and link.sealed_at < self._sealed_at:
            self.found("seal_changed", place)
        if (link.log, link.shard) != (self._log, self._shard) or link.head() != signed.head:
            self.found("seal_changed", place)
        self._check_signature(signed.head, signed.signature, signed.signer, place)
        if leaves is not None and (len(leaves) != link.count or root_of(leaves, link.hash) != link.root):
            self.found("leaves_changed", place)
        self.number, self.seq, self.head, self._sealed_at = link.number, link.last_seq, signed.head, link.sealed_at
        self._heads[link.number] = (signed.head, link.last_seq)

    def add_day(self, signed: SignedDay, root: bytes | None) -> None:
        """`root`: recomputed from the day's leaves; None when these are not at hand."""
        day, place = signed.day, f"day {signed.day.day}"
        next_seq = 1 if self._last_day is None else self._last_day.first_seq + self._last_day.count
        if day.days != len(self._day_entries) + 1 or day.first_seq != next_seq:
            self.found("day_missing", place)
        self._day_entries.append(day.entry())
        wrong = (day.log, day.shard) != (self._log, self._shard)
        wrong |= self._heads.get(day.last_number) != (day.last_head, day.first_seq + day.count - 1)
        wrong |= root is not None and root != day.root
        wrong |= root_of(self._day_entries, day.hash) != signed.tree_root
        if wrong:
            self.found("day_changed", place)
        self._check_signature(day.to_sign(signed.tree_root), signed.signature, signed.signer, place)
        self._last_day = day

    def compare(self, witnessed: Mapping[int, bytes]) -> None:
        """With heads (seal number → head) that left the house earlier: a chain cut short or made anew lacks them."""
        for number, head in witnessed.items():
            if self._heads.get(number, (b"", 0))[0] != head:
                self.found("history_rewritten", f"seal {number}")

    def _check_signature(self, content: bytes, signature: bytes, signer: str, place: str) -> None:
        good = is_signed(content, signature, signer, self._trusted)
        if good is None:
            self.found("key_unknown", f"{place}, signed by {signer}")
        elif not good:
            self.found("signature_broken", place)
