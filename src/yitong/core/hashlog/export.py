"""An export file: one chain as lines of JSON, which anyone can verify without a database.

The first line tells the format; then each seal is followed by its leaves (the row, or only its hash where the reader
may not see the row), and at the end stand the days. Public keys are never taken from the file.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date, datetime
from uuid import UUID

from yitong.core.hashlog.canonical import canonical
from yitong.core.hashlog.chain import ChainCheck, Day, Finding, Link, SignedDay, SignedLink, leaf_of
from yitong.core.hashlog.merkle import Hash, Tree

FORMAT = "yitong-hash-log-1"


def write_header(log: str, shard: str) -> bytes:
    return canonical({"kind": "header", "format": FORMAT, "log": log, "shard": shard})


def write_link(signed: SignedLink) -> bytes:
    body = {"head": signed.head, "signer": signed.signer, "signature": signed.signature}
    return canonical({"kind": "seal", **_said(signed.link), **body})


def write_row(seq: int, row: Mapping[str, object]) -> bytes:
    return canonical({"kind": "row", "seq": seq, "row": {k: v for k, v in row.items() if v is not None}})


def write_hidden_row(seq: int, leaf: bytes) -> bytes:
    return canonical({"kind": "leaf", "seq": seq, "leaf": leaf})


def write_day(signed: SignedDay) -> bytes:
    body = {"tree_root": signed.tree_root, "signer": signed.signer, "signature": signed.signature}
    return canonical({"kind": "day", **_said(signed.day), **body})


def verify_export(
    lines: Iterable[bytes], trusted: Mapping[str, bytes], witnessed: Mapping[int, bytes] | None = None
) -> list[Finding]:
    """All that is wrong with the file; empty when it is whole.

    `trusted`: signing key id → public key; `witnessed`: seal number → head, given out earlier. Both come another way.
    """
    records = _records(lines)
    header = next(records, {})
    if header.get("kind") != "header" or header.get("format") != FORMAT:
        return [Finding("file_broken", "", "", "line 1")]
    log, shard = str(header.get("log")), str(header.get("shard"))
    check = ChainCheck(log, shard, trusted)
    try:
        _Reading(check, log, shard).run(records)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        check.found("file_broken", type(error).__name__)
    check.compare(witnessed or {})
    return check.findings


class _Reading:
    """One pass over the records of a file: a seal is checked when its leaves have been read."""

    def __init__(self, check: ChainCheck, log: str, shard: str) -> None:
        self._check, self._log, self._shard = check, log, shard
        self._seal: SignedLink | None = None
        self._leaves: list[bytes] = []
        self._all: list[bytes] = []

    def run(self, records: Iterator[dict]) -> None:
        for record in records:
            kind = record["kind"]
            if kind == "seal":
                self._close()
                self._seal = _read_link(record)
            elif kind in ("row", "leaf"):
                self._add_leaf(record)
            elif kind == "day":
                self._close()
                self._add_day(_read_day(record))
            else:
                raise ValueError("unknown record")
        self._close()

    def _add_leaf(self, record: dict) -> None:
        if self._seal is None:
            raise ValueError("a row before its seal")
        link = self._seal.link
        if record["kind"] == "row":
            leaf = leaf_of(self._log, self._shard, record["row"], link.hash)
        else:
            leaf = bytes.fromhex(record["leaf"])
        if record["seq"] != link.first_seq + len(self._leaves):
            self._check.found("leaves_changed", f"seal {link.number}, row {record['seq']}")
        self._leaves.append(leaf)

    def _close(self) -> None:
        if self._seal is not None:
            self._check.add_link(self._seal, self._leaves)
            self._all += self._leaves
            self._seal, self._leaves = None, []

    def _add_day(self, signed: SignedDay) -> None:
        day = signed.day
        leaves = self._all[day.first_seq - 1 : day.first_seq - 1 + day.count]
        self._check.add_day(signed, Tree(day.hash, leaves).root)


def _records(lines: Iterable[bytes]) -> Iterator[dict]:
    for line in lines:
        if line.strip():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                record = {}
            yield record if isinstance(record, dict) else {}


def _said(value: Link | Day) -> dict[str, object]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _read_link(record: dict) -> SignedLink:
    link = Link(
        log=record["log"],
        shard=record["shard"],
        number=record["number"],
        previous=bytes.fromhex(record["previous"]),
        first_seq=record["first_seq"],
        count=record["count"],
        first_id=UUID(record["first_id"]),
        last_id=UUID(record["last_id"]),
        root=bytes.fromhex(record["root"]),
        sealed_at=datetime.fromisoformat(record["sealed_at"]),
        hash=Hash(record["hash"]),
    )
    head, signature = bytes.fromhex(record["head"]), bytes.fromhex(record["signature"])
    return SignedLink(link=link, head=head, signer=record["signer"], signature=signature)


def _read_day(record: dict) -> SignedDay:
    day = Day(
        log=record["log"],
        shard=record["shard"],
        day=date.fromisoformat(record["day"]),
        days=record["days"],
        first_seq=record["first_seq"],
        count=record["count"],
        root=bytes.fromhex(record["root"]),
        last_number=record["last_number"],
        last_head=bytes.fromhex(record["last_head"]),
        hash=Hash(record["hash"]),
    )
    tree_root, signature = bytes.fromhex(record["tree_root"]), bytes.fromhex(record["signature"])
    return SignedDay(day=day, tree_root=tree_root, signer=record["signer"], signature=signature)
