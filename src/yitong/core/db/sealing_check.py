"""Verifies the hash log against the rows themselves, proves single rows, and writes files that outsiders can verify."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from yitong.core import clock
from yitong.core.db.models_security import DayRoot, Seal, SealedLeaf
from yitong.core.db.scale import cross_hospital
from yitong.core.db.sealing import LOOK_BACK, Content, Log, day_of, link_of, logs, signer
from yitong.core.hashlog import export as files
from yitong.core.hashlog.chain import ChainCheck, Finding, SignedDay, SignedLink
from yitong.core.hashlog.merkle import Tree, inclusion_proof, root_of
from yitong.core.hashlog.signing import key_id

TAIL = timedelta(seconds=5)
CHUNK = 2000  # leaves read at once


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """`findings`: what is wrong; `notices`: what a person may want to look at; `heads`: last seal and its head."""

    findings: tuple[Finding, ...]
    notices: tuple[Finding, ...]
    omitted: int
    rows: int
    seals: int
    days: int
    tail: int
    heads: Mapping[tuple[str, str], tuple[int, bytes]]

    @property
    def is_whole(self) -> bool:
        return not self.findings


def trusted_keys() -> dict[str, bytes]:
    """Public keys by id: of this house's signer, and of earlier ones (`YITONG_SEALING_TRUSTED`, 32 bytes each)."""
    keys = [signer().public, *getattr(settings, "YITONG_SEALING_TRUSTED", ())]
    return {key_id(public): public for public in keys}


def verify(
    wanted: list[str] | None = None, *, witnessed: Mapping[tuple[str, str], Mapping[int, bytes]] | None = None
) -> VerifyReport:
    """Recompute everything from the rows. `witnessed`: (log, shard) → seal number → head, as hospitals hold them.

    Kinds of findings: row_changed row_removed row_unsealed order_changed leaves_changed seal_missing seal_changed
    signature_broken key_unknown day_missing day_changed history_rewritten. Rows of the last 5 seconds may be unsealed.
    """
    checks: list[_ShardCheck] = []
    findings: list[Finding] = []
    tail = 0
    with _one_snapshot():
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            present = cursor.fetchone()[0]
        for log in logs().values():
            if wanted is None or log.name in wanted:
                known = {shard for name, shard in witnessed or {} if name == log.name}
                for shard in sorted(_shards(log) | known):
                    check = _ShardCheck(log, shard, present)
                    check.run((witnessed or {}).get((log.name, shard), {}))
                    checks.append(check)
                missing, fresh = _unsealed(log, present)
                findings += missing
                tail += fresh
    return VerifyReport(
        findings=tuple([f for c in checks for f in c.chain.findings] + findings),
        notices=tuple(notice for c in checks for notice in c.notices),
        omitted=sum(c.chain.omitted for c in checks),
        rows=sum(c.rows for c in checks),
        seals=sum(c.seals for c in checks),
        days=sum(c.days for c in checks),
        tail=tail,
        heads={(c.log.name, c.shard): (c.chain.number, c.chain.head) for c in checks},
    )


@contextmanager
def _one_snapshot() -> Iterator[None]:
    """All queries see the same moment, so that a sealer at work doesn't look like a fault."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _shards(log: Log) -> set[str]:
    return {
        shard
        for table in (Seal, SealedLeaf, DayRoot)
        for shard in table.objects.filter(log=log.name).values_list("shard", flat=True).distinct()
    }


def _unsealed(log: Log, present: datetime) -> tuple[list[Finding], int]:
    """Rows without a seal: those older than the tail are findings, the others are only counted. Across hospitals."""
    findings, fresh = [], 0
    columns = ["id", log.recorded_field, *([log.shard_field] if log.shard_field else [])]
    with cross_hospital("an audit of the whole log looks for rows outside it"):
        rows = list(log.unsealed(log.model._default_manager.all()).values(*columns)[: CHUNK + 1])
    for row in rows:
        if row[log.recorded_field] > present - TAIL:
            fresh += 1
        else:
            shard = log.shard_of(row[log.shard_field] if log.shard_field else None)
            findings.append(Finding("row_unsealed", log.name, shard, f"row {row['id']}"))
    return findings, fresh


class _ShardCheck:
    """One chain against its rows."""

    def __init__(self, log: Log, shard: str, present: datetime) -> None:
        self.log, self.shard, self._present = log, shard, present
        self.chain = ChainCheck(log.name, shard, trusted_keys())
        self.notices: list[Finding] = []
        self.rows = self.seals = self.days = 0
        self._late = 0
        self._day_roots: dict[int, bytes] = {}

    def run(self, witnessed: Mapping[int, bytes]) -> None:
        days = [day_of(row) for row in self._of(DayRoot).order_by("days")]
        trees = _DayTrees(days)
        last = None
        for links in _chunks(link_of(row) for row in self._of(Seal).order_by("number").iterator(1000)):
            leaves = self._leaves(links)
            rows = self._rows([row_id for row_id, _ in leaves.values()])
            order = sorted(leaves)
            for signed in links:
                start, end = bisect_left(order, signed.link.first_seq), bisect_right(order, signed.link.last_seq)
                self._check_link(signed, [leaves[seq] for seq in order[start:end]], rows)
            for seq in order:
                trees.add(seq, leaves[seq][1])
            self.seals += len(links)
            last = links[-1].link
        beyond = self._of(SealedLeaf).filter(seq__gt=self.chain.seq).count()
        if beyond:
            self.chain.found("seal_missing", f"after seal {self.chain.number}, {beyond} leaves")
        for day in days:
            self.chain.add_day(day, trees.root(day))
        self.days = len(days)
        self.chain.compare(witnessed)
        if self._late:
            self._notice("sealed_late", f"{self._late} rows, more than {LOOK_BACK} after they were recorded")
        open_after = days[-1].day.last_number if days else 0
        if last and last.number > open_after:
            first_open = self._of(Seal).filter(number__gt=open_after).order_by("number")[:1].get()
            if clock.shanghai_date(first_open.sealed_at) < clock.shanghai_date(self._present):
                self._notice("day_open", f"day {clock.shanghai_date(first_open.sealed_at)}")

    def _of(self, table: Any) -> Any:
        return table.objects.filter(log=self.log.name, shard=self.shard)

    def _notice(self, kind: str, place: str) -> None:
        self.notices.append(Finding(kind, self.log.name, self.shard, place))

    def _leaves(self, links: list[SignedLink]) -> dict[int, tuple[UUID, bytes]]:
        """seq → (row id, leaf) of these links."""
        span = {"seq__gte": links[0].link.first_seq, "seq__lte": links[-1].link.last_seq}
        found = self._of(SealedLeaf).filter(**span).values_list("seq", "row_id", "leaf_hash")
        return {seq: (row_id, bytes(leaf)) for seq, row_id, leaf in found}

    def _rows(self, ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
        return {row["id"]: row for row in self.log.in_shard(self.shard).filter(id__in=ids).values(*self.log.columns)}

    def _check_link(
        self, signed: SignedLink, mine: list[tuple[UUID, bytes]], rows: Mapping[UUID, dict[str, Any]]
    ) -> None:
        link = signed.link
        hashes = [leaf for _, leaf in mine]
        by_id = [leaf for _, leaf in sorted(mine, key=lambda pair: pair[0].int)]
        is_shuffled = hashes != by_id and root_of(by_id, link.hash) == link.root
        if is_shuffled:
            self.chain.found("order_changed", f"seal {link.number}")
        self.chain.add_link(signed, by_id if is_shuffled else hashes)
        for row_id, leaf in mine:
            row = rows.get(row_id)
            if row is None:
                self.chain.found("row_removed", f"row {row_id}")
            elif self.log.leaf(self.shard, row, link.hash) != leaf:
                self.chain.found("row_changed", f"row {row_id}")
            else:
                self._late += link.sealed_at - row[self.log.recorded_field] > LOOK_BACK
        self.rows += len(mine)


class _DayTrees:
    """The trees of all days, grown while the leaves go by once."""

    def __init__(self, days: list[SignedDay]) -> None:
        self._spans = [(s.day.first_seq, s.day.first_seq + s.day.count, s.day.hash) for s in days]
        self._at = 0
        self._trees: dict[int, Tree] = {}

    def add(self, seq: int, leaf: bytes) -> None:
        while self._at < len(self._spans) and seq >= self._spans[self._at][1]:
            self._at += 1
        if self._at < len(self._spans) and seq >= self._spans[self._at][0]:
            first, _, algorithm = self._spans[self._at]
            self._trees.setdefault(first, Tree(algorithm)).add(leaf)

    def root(self, signed: SignedDay) -> bytes:
        return self._trees.get(signed.day.first_seq, Tree(signed.day.hash)).root


def _chunks(links: Iterator[SignedLink]) -> Iterator[list[SignedLink]]:
    """Links in groups of about `CHUNK` leaves."""
    group: list[SignedLink] = []
    size = 0
    for signed in links:
        group.append(signed)
        size += signed.link.count
        if size >= CHUNK:
            yield group
            group, size = [], 0
    if group:
        yield group


@dataclass(frozen=True, slots=True)
class Proof:
    """That one row stands in a signed day: `merkle.is_included(leaf, index, day.day.count, path, day.day.root, …)`."""

    leaf: bytes
    index: int
    path: tuple[bytes, ...]
    day: SignedDay


def prove(log: str, row_id: UUID) -> Proof | None:
    """For a row whose day is closed; None before that. Reads the leaves of that day."""
    leaf = SealedLeaf.objects.filter(log=log, row_id=row_id).order_by("seq")[:1].first()
    if leaf is None:
        return None
    days = DayRoot.objects.filter(log=log, shard=leaf.shard, first_seq__lte=leaf.seq).order_by("-days")[:1].first()
    if days is None or leaf.seq >= days.first_seq + days.count:
        return None
    span = SealedLeaf.objects.filter(
        log=log, shard=leaf.shard, seq__gte=days.first_seq, seq__lt=days.first_seq + days.count
    )
    leaves = [bytes(found) for found in span.order_by("seq").values_list("leaf_hash", flat=True)]
    index = leaf.seq - days.first_seq
    day = day_of(days)
    return Proof(bytes(leaf.leaf_hash), index, tuple(inclusion_proof(leaves, index, day.day.hash)), day)


def export(log: str, shard: str, *, is_hidden: Callable[[Content], bool] = lambda row: False) -> Iterator[bytes]:
    """The lines of an export file (without line ends); of rows that `is_hidden` only the hash."""
    check = _ShardCheck(logs()[log], shard, clock.now())
    days = [day_of(row) for row in check._of(DayRoot).order_by("days")]  # before the seals: none is newer than these
    yield files.write_header(log, shard)
    for links in _chunks(link_of(row) for row in check._of(Seal).order_by("number").iterator(1000)):
        leaves = check._leaves(links)
        rows = check._rows([row_id for row_id, _ in leaves.values()])
        for signed in links:
            yield files.write_link(signed)
            for seq in range(signed.link.first_seq, signed.link.last_seq + 1):
                row_id, leaf = leaves[seq]
                row = rows.get(row_id)
                if row is None or is_hidden(row):
                    yield files.write_hidden_row(seq, leaf)
                else:
                    yield files.write_row(seq, check.log.sealed_content(row))
    for day in days:
        yield files.write_day(day)
