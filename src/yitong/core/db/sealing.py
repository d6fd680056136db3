"""The sealer: chains the rows of append-only tables into the signed hash log within a second of their commit.

A row's place in its log is the order of sealing. Rows that become visible late (their transaction took long) are
sealed in a later batch; within a batch rows stand in the order of their ids. How it works and what it can't notice:
`docs/decisions/hash-log.md`. `sealing_check.py` verifies.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection, connections, models, transaction

from yitong.core import clock
from yitong.core.db.fields import EncryptedText
from yitong.core.db.models_security import DayRoot, Seal, SealCursor, SealedLeaf
from yitong.core.db.scale import cross_hospital
from yitong.core.hashlog.canonical import NotCanonical, canonical
from yitong.core.hashlog.chain import GENESIS, Day, Link, SignedDay, SignedLink, leaf_of
from yitong.core.hashlog.merkle import Hash, Tree, root_of
from yitong.core.hashlog.signing import Signer

CITY = "city"  # the shard of rows that belong to no hospital, and of logs that are not kept by hospital
NO_HOSPITAL = UUID(int=0)
BATCH = 1000
LOOK_BACK = timedelta(minutes=10)  # longer than a transaction may live
SHORT_LOOK_BACK = timedelta(seconds=60)
DEEP_EVERY = timedelta(seconds=30)
SWEEP_EVERY = timedelta(hours=24)
PAUSE_S = 0.5
NOTE_EVERY = timedelta(seconds=10)  # a pass that sealed nothing notes its watermark no more often
WHOLE = "*"  # the cursor of a log's scan; no shard is called so

log_ = structlog.get_logger("yitong.sealing")

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Log:
    """One registered log. `content` picks what is sealed of a row (column → value); by default all of it."""

    name: str
    model: type[models.Model]
    shard_field: str | None
    content: Callable[[Content], Content]
    columns: tuple[str, ...]
    recorded_field: str

    def leaf(self, shard: str, row: Content, algorithm: Hash) -> bytes:
        """Total, so that no row can stop the sealer: what has no canonical form is sealed as Python writes it."""
        try:
            return leaf_of(self.name, shard, self.content(row), algorithm)
        except NotCanonical:
            return leaf_of(self.name, shard, self._raw(row), algorithm)

    def sealed_content(self, row: Content) -> Content:
        """What the leaf of the row was made of."""
        try:
            canonical(self.content(row))
        except NotCanonical:
            return self._raw(row)
        return self.content(row)

    def _raw(self, row: Content) -> Content:
        return {"raw": json.dumps(self.content(row), default=str, sort_keys=True)}

    def in_shard(self, shard: str) -> models.QuerySet[models.Model]:
        rows = self.model._default_manager.all()
        if self.shard_field is None:
            return rows
        return rows.filter(**{self.shard_field: NO_HOSPITAL if shard == CITY else UUID(shard)})

    def shard_of(self, value: UUID | None) -> str:
        return CITY if value is None or value == NO_HOSPITAL else str(value)

    def unsealed(self, rows: models.QuerySet[models.Model]) -> models.QuerySet[models.Model]:
        sealed = SealedLeaf.objects.filter(log=self.name, row_id=models.OuterRef("id"))
        return rows.filter(~models.Exists(sealed))


_logs: dict[str, Log] = {}


def register_log(
    name: str,
    model: type[models.Model],
    shard_field: str | None = "hospital_id",
    content: Callable[[Content], Content] | None = None,
    *,
    recorded_field: str = "recorded_at",
) -> None:
    """Make a table part of the hash log, once, in `AppConfig.ready`.

    The model is append-only and has `id` (UUID) and `recorded_field`, set by the database at the insert and indexed.
    `shard_field` names a UUID column, the nil UUID standing for the city; None keeps the whole log in one chain.
    `content` takes a row's columns and answers what is sealed of it; it must never change for rows that exist.
    """
    if content is None and any(isinstance(f, EncryptedText) for f in model._meta.concrete_fields):
        raise TypeError(f"{name}: say with `content` what is sealed; ciphertexts change when keys do")
    columns = tuple(f.attname for f in model._meta.concrete_fields if f.attname != "pk")
    registered = Log(name, model, shard_field, content or (lambda row: row), columns, recorded_field)
    if name in _logs and _logs[name].model is not model:
        raise ValueError(f"there is a log {name} already")
    _logs[name] = registered


def logs() -> dict[str, Log]:
    return dict(_logs)


@cache
def signer() -> Signer:
    return Signer.from_secret(settings.YITONG_SEALING_KEY)


def current_hash() -> Hash:
    return Hash(getattr(settings, "YITONG_HASH", "SHA-256").lower())


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass of the sealer did. Not complete: another sealer is at work on some shard."""

    rows: int
    seals: int
    is_complete: bool


def seal_pending(*, now: datetime, look_back: timedelta = LOOK_BACK, full: bool = False) -> Pass:
    """Seal all that is visible and not sealed yet, in every log. `full` looks at every row ever written.

    Otherwise only rows are looked at that were recorded since the last complete pass, less `look_back`.
    """
    rows = seals = 0
    is_complete = True
    started, watermarks = _watermarks()
    for log in logs().values():
        watermark = watermarks.get(log.name)
        since = None if full or watermark is None else watermark - look_back
        has_log_pass, rows_before = True, rows
        for shard in _shards_with_work(log, since):
            begin = since
            while True:
                batch = _seal_batch(log, shard, begin, now=now)
                if batch is None:
                    has_log_pass = False
                    break
                rows, seals = rows + batch.rows, seals + (batch.rows > 0)
                if batch.rows < BATCH:
                    break
                begin = batch.recorded_until  # what shows up behind it is the next pass's
        if has_log_pass and (rows > rows_before or watermark is None or started - watermark >= NOTE_EVERY):
            _note(log, started)
        is_complete = is_complete and has_log_pass
    return Pass(rows, seals, is_complete)


def _watermarks() -> tuple[datetime, dict[str, datetime]]:
    """The database's clock, and the watermark of each log that has one; a log without is looked at from its beginning.

    The sealer asks this twice a second for as long as the city lives: one statement, and none that writes.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT clock.at, c.log, c.watermark FROM (SELECT clock_timestamp() AS at) clock"
            " LEFT JOIN core_seal_cursor c ON c.shard = %s AND c.watermark IS NOT NULL",
            [WHOLE],
        )
        found = cursor.fetchall()
    return found[0][0], {log: watermark for _, log, watermark in found if log is not None}


def _note(log: Log, started: datetime) -> None:
    """All that was recorded before `started`, less the look-back, is sealed. Another sealer's later word stands."""
    SealCursor.objects.bulk_create([SealCursor(log=log.name, shard=WHOLE)], ignore_conflicts=True)
    SealCursor.objects.filter(log=log.name, shard=WHOLE).exclude(watermark__gte=started).update(watermark=started)


def _recent(log: Log, rows: models.QuerySet[models.Model], since: datetime | None) -> models.QuerySet[models.Model]:
    return rows if since is None else rows.filter(**{f"{log.recorded_field}__gte": since})


def _shards_with_work(log: Log, since: datetime | None) -> list[str]:
    """Across hospitals on purpose: one look tells which of them have rows to seal. It is asked twice a second, and the
    ORM would be longer at writing the question than the database at answering it."""
    table, shard = log.model._meta.db_table, log.shard_field or f"'{NO_HOSPITAL}'::uuid"
    floor = "TRUE" if since is None else f"r.{log.recorded_field} >= %s"
    with cross_hospital("the sealer asks which hospitals have unsealed rows"), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {shard} FROM {table} r WHERE {floor}"
            " AND NOT EXISTS (SELECT FROM core_sealed_leaf l WHERE l.log = %s AND l.row_id = r.id)"
            + (" LIMIT 1" if log.shard_field is None else " GROUP BY 1"),
            [log.name] if since is None else [since, log.name],
        )
        return sorted(log.shard_of(value) for (value,) in cursor.fetchall())


@dataclass(frozen=True, slots=True)
class _Batch:
    rows: int
    recorded_until: datetime | None


def _seal_batch(log: Log, shard: str, since: datetime | None, *, now: datetime) -> _Batch | None:
    """Seal the earliest rows from `since` on; None when another sealer holds this shard."""
    SealCursor.objects.bulk_create([SealCursor(log=log.name, shard=shard)], ignore_conflicts=True)
    with transaction.atomic(durable=True):
        if not _locked(log.name, shard):
            return None
        pending = log.unsealed(_recent(log, log.in_shard(shard), since)).order_by(log.recorded_field)
        rows = sorted(pending.values(*log.columns)[:BATCH], key=lambda row: row["id"].int)
        if rows:
            _append(log, shard, rows, now=now)
        return _Batch(len(rows), max((row[log.recorded_field] for row in rows), default=None))


def _locked(name: str, shard: str) -> bool:
    mine = SealCursor.objects.select_for_update(skip_locked=True).filter(log=name, shard=shard)
    return bool(list(mine.values_list("shard")))


def _append(log: Log, shard: str, rows: list[dict[str, Any]], *, now: datetime) -> None:
    """One more link. Needs the lock on the shard's cursor; the primary keys refuse whoever comes without it."""
    algorithm = current_hash()
    last = Seal.objects.filter(log=log.name, shard=shard).order_by("-number")[:1].first()
    first_seq = last.first_seq + last.count if last else 1
    leaves = [log.leaf(shard, row, algorithm) for row in rows]
    link = Link(
        log=log.name,
        shard=shard,
        number=last.number + 1 if last else 1,
        previous=bytes(last.head) if last else GENESIS,
        first_seq=first_seq,
        count=len(rows),
        first_id=rows[0]["id"],
        last_id=rows[-1]["id"],
        root=root_of(leaves, algorithm),
        sealed_at=_not_before(log.name, shard, last, now),
        hash=algorithm,
    )
    signed = SignedLink.make(link, signer())
    SealedLeaf.objects.bulk_create(
        SealedLeaf(log=log.name, shard=shard, seq=first_seq + i, row_id=row["id"], leaf_hash=leaf)
        for i, (row, leaf) in enumerate(zip(rows, leaves, strict=True))
    )
    Seal.objects.create(
        log=link.log,
        shard=link.shard,
        number=link.number,
        first_seq=link.first_seq,
        count=link.count,
        first_id=link.first_id,
        last_id=link.last_id,
        root=link.root,
        previous=link.previous,
        sealed_at=link.sealed_at,
        hash=link.hash,
        head=signed.head,
        signer=signed.signer,
        signature=signed.signature,
    )


def _not_before(name: str, shard: str, last: Seal | None, now: datetime) -> datetime:
    """Time never goes back in a chain, and a closed day gets no more rows, whatever the clocks of two machines say."""
    at = max(now, last.sealed_at) if last else now
    closed = DayRoot.objects.filter(log=name, shard=shard).order_by("-day")[:1].first()
    return max(at, clock.day_bounds(closed.day)[1]) if closed else at


def close_days(*, now: datetime) -> int:
    """The roots of all days that have ended and have none yet. Returns how many were made."""
    made = 0
    for name, shard in SealCursor.objects.exclude(shard=WHOLE).order_by("log", "shard").values_list("log", "shard"):
        while True:
            with transaction.atomic(durable=True):
                if not _locked(name, shard) or not _close_day(name, shard, now=now):
                    break
                made += 1
    return made


def _close_day(name: str, shard: str, *, now: datetime) -> bool:
    """The earliest day of the chain without a root; a day on which nothing was sealed has none."""
    before = list(DayRoot.objects.filter(log=name, shard=shard).order_by("days"))
    seals = Seal.objects.filter(log=name, shard=shard, number__gt=before[-1].last_number if before else 0)
    first = seals.order_by("number")[:1].first()
    if first is None or clock.shanghai_date(first.sealed_at) >= clock.shanghai_date(now):
        return False
    date = clock.shanghai_date(first.sealed_at)
    # By time alone: a chain's time never goes back, so these are the seals of this day.
    last = seals.filter(sealed_at__lt=clock.day_bounds(date)[1]).order_by("-number")[:1].get()
    last_seq = last.first_seq + last.count - 1
    leaves = SealedLeaf.objects.filter(log=name, shard=shard, seq__gte=first.first_seq, seq__lte=last_seq)
    tree = Tree(current_hash(), map(bytes, leaves.order_by("seq").values_list("leaf_hash", flat=True).iterator(5000)))
    day = Day(
        log=name,
        shard=shard,
        day=date,
        days=len(before) + 1,
        first_seq=first.first_seq,
        count=tree.size,
        root=tree.root,
        last_number=last.number,
        last_head=bytes(last.head),
        hash=current_hash(),
    )
    signed = SignedDay.make(day, [day_of(row).day.entry() for row in before], signer())
    DayRoot.objects.create(
        log=name,
        shard=shard,
        day=day.day,
        days=day.days,
        first_seq=day.first_seq,
        count=day.count,
        root=day.root,
        last_number=day.last_number,
        last_head=day.last_head,
        tree_root=signed.tree_root,
        hash=day.hash,
        signer=signed.signer,
        signature=signed.signature,
        made_at=now,
    )
    return True


def link_of(row: Seal) -> SignedLink:
    link = Link(
        log=row.log,
        shard=row.shard,
        number=row.number,
        previous=bytes(row.previous),
        first_seq=row.first_seq,
        count=row.count,
        first_id=row.first_id,
        last_id=row.last_id,
        root=bytes(row.root),
        sealed_at=row.sealed_at,
        hash=Hash(row.hash),
    )
    return SignedLink(link=link, head=bytes(row.head), signer=row.signer, signature=bytes(row.signature))


def day_of(row: DayRoot) -> SignedDay:
    day = Day(
        log=row.log,
        shard=row.shard,
        day=row.day,
        days=row.days,
        first_seq=row.first_seq,
        count=row.count,
        root=bytes(row.root),
        last_number=row.last_number,
        last_head=bytes(row.last_head),
        hash=Hash(row.hash),
    )
    return SignedDay(day=day, tree_root=bytes(row.tree_root), signer=row.signer, signature=bytes(row.signature))


def run(stop: threading.Event) -> None:
    """Seal until `stop` is set: what is new every half second, late rows within half a minute, all rows once a day."""
    deep_at = sweep_at = clock.now()
    closed_on = None
    while not stop.is_set():
        try:
            now = clock.now()
            is_sweep, is_deep = now >= sweep_at, now >= deep_at
            done = seal_pending(now=now, look_back=LOOK_BACK if is_deep else SHORT_LOOK_BACK, full=is_sweep)
            if is_deep and done.is_complete:
                deep_at = now + DEEP_EVERY
            if is_sweep and done.is_complete:
                sweep_at = now + SWEEP_EVERY
            if closed_on != clock.shanghai_date(now):
                close_days(now=now)
                closed_on = clock.shanghai_date(now)
        except Exception:
            log_.exception("sealing.failed")
            connections.close_all()
        stop.wait(PAUSE_S)
