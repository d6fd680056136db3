"""Where the keys of field encryption are: data keys wrapped in `core_data_key`, master keys outside it (R-208).

Settings: `YITONG_MASTER_KEYS`, a mapping from version to 32 bytes or a function that reads it anew (several versions
may be present, the highest wraps); `YITONG_CIPHER`, `AES-256-GCM` or `SM4-GCM`; `YITONG_HASH`, `SHA-256` or `SM3`, for
the index key when it is made. What each rotation does and costs: `docs/decisions/field-encryption.md`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import connection, models, transaction
from psycopg import sql

from yitong.core.crypto import Algorithm, IndexHash, Keyring, KeySet, KeyUnknown, MasterKeys, new_secret, read_header
from yitong.core.db.models_security import DataKey

FIELD, INDEX = "field", "index"


def master_keys() -> MasterKeys:
    source = settings.YITONG_MASTER_KEYS
    return MasterKeys(source() if callable(source) else source)


def algorithm() -> Algorithm:
    return Algorithm(getattr(settings, "YITONG_CIPHER", "AES-256-GCM").lower())


@cache
def keyring() -> Keyring:
    """This process's keys. It loads them at first use."""
    return Keyring(_load, algorithm=algorithm())


def blind_index(kind: str, value: str) -> bytes:
    """32 bytes by which an encrypted value is found (R-208): `blind_index("phone", "+86 138 0000 0000")`."""
    return keyring().blind_index(kind, value)


def _context(key: DataKey) -> str:
    return f"data key {key.number} {key.purpose} {key.index_hash or ''}".rstrip()


def _load() -> KeySet:
    master = master_keys()
    data: dict[int, bytes] = {}
    index, index_hash = b"", IndexHash.HMAC_SHA256
    for key in DataKey.objects.order_by("number"):
        secret = master.unwrap(bytes(key.wrapped), _context(key))
        if key.purpose == INDEX:
            index, index_hash = secret, IndexHash(key.index_hash or "")
        else:
            data[key.number] = secret
    return KeySet(data, index, index_hash)


def prepare(*, now: datetime) -> None:
    """Make the first data key and the index key where there are none; see that all open. Part of `migrate`."""
    keyring().forget()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE core_data_key IN SHARE ROW EXCLUSIVE MODE")
        present = set(DataKey.objects.values_list("purpose", flat=True))
        if FIELD not in present:
            _make(FIELD, now=now)
        if INDEX not in present:
            wanted = "hmac-sm3" if getattr(settings, "YITONG_HASH", "SHA-256") == "SM3" else "hmac-sha256"
            _make(INDEX, now=now, index_hash=IndexHash(wanted))
        _load()


def _make(purpose: str, *, now: datetime, index_hash: IndexHash | None = None) -> int:
    master = master_keys()
    number = (DataKey.objects.aggregate(highest=models.Max("number"))["highest"] or 0) + 1
    key = DataKey(number=number, purpose=purpose, index_hash=index_hash, master_version=master.current, created_at=now)
    key.wrapped = master.wrap(new_secret(), _context(key), algorithm())
    key.save(force_insert=True)
    return number


def rotate(*, now: datetime) -> int:
    """A new data key, whose number it returns. Writes use it at once here, within ten minutes in other processes.

    What is written stays readable; `reencrypt` moves it to the new key.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE core_data_key IN SHARE ROW EXCLUSIVE MODE")
        number = _make(FIELD, now=now)
    keyring().refresh()
    return number


def rewrap() -> int:
    """Wrap every data key with the newest master key; the older ones can be taken away then. Returns how many changed.

    Restartable: each key is a transaction of its own.
    """
    master, changed = master_keys(), 0
    for key in DataKey.objects.exclude(master_version=master.current).order_by("number"):
        wrapped = master.wrap(master.unwrap(bytes(key.wrapped), _context(key)), _context(key), algorithm())
        changed += DataKey.objects.filter(id=key.id, master_version=key.master_version).update(
            wrapped=wrapped, master_version=master.current
        )
    return changed


@dataclass(frozen=True, slots=True)
class Reencrypted:
    """One batch: rows now under the current key, and the primary key to go on after; None when all were seen."""

    rows: int
    after: tuple[UUID | int | str, ...] | None


def reencrypt(
    model: type[models.Model],
    field_name: str,
    *,
    after: tuple[UUID | int | str, ...] | None = None,
    limit: int = 500,
    where: Mapping[str, object] | None = None,
) -> Reencrypted:
    """Bring one batch of a field to the current key and algorithm, in the order of the primary key.

    Call it with the answer's `after` until that is None; start anew after a crash, what is done is passed over. A row
    that changes meanwhile keeps its new value. `where` narrows by columns (H tables: `{"hospital_id": …}`).
    """
    from yitong.core.db.fields import EncryptedText

    field = model._meta.get_field(field_name)
    assert isinstance(field, EncryptedText)
    rows = _stale(model, field, after, limit, where or {})
    ring = keyring()
    updates = [(ring.encrypt(ring.decrypt(old, field.aad), field.aad), *key, old) for *key, old in rows]
    statement = sql.SQL("UPDATE {} SET {} = %s WHERE {} AND {} = %s").format(
        sql.Identifier(model._meta.db_table),
        sql.Identifier(field.column),
        sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(column)) for column in _key_columns(model)),
        sql.Identifier(field.column),
    )
    changed = 0
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        for update in updates:
            cursor.execute(statement, update)
            changed += cursor.rowcount
    last = tuple(rows[-1][:-1]) if len(rows) == limit else None
    return Reencrypted(changed, last)


def _stale(
    model: type[models.Model],
    field: "models.Field[Any, Any]",
    after: tuple[UUID | int | str, ...] | None,
    limit: int,
    where: Mapping[str, object],
) -> list[tuple[Any, ...]]:
    """(primary key columns …, ciphertext) of rows that are not under the current key."""
    header = keyring().current_header
    key = sql.SQL(", ").join(map(sql.Identifier, _key_columns(model)))
    column = sql.Identifier(field.column)
    conditions = [sql.SQL("substring({} FROM 1 FOR {}) <> %s").format(column, sql.Literal(len(header)))]
    params: list[Any] = [header]
    for name, value in where.items():
        conditions.append(sql.SQL("{} = %s").format(sql.Identifier(name)))
        params.append(value)
    if after is not None:
        places = sql.SQL(", ").join([sql.Placeholder()] * len(after))
        conditions.append(sql.SQL("({}) > ({})").format(key, places))
        params.extend(after)
    query = sql.SQL("SELECT {}, {} FROM {} WHERE {} ORDER BY {} LIMIT {}").format(
        key,
        column,
        sql.Identifier(model._meta.db_table),
        sql.SQL(" AND ").join(conditions),
        key,
        sql.Literal(limit),
    )
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return [(*row[:-1], bytes(row[-1])) for row in cursor.fetchall()]


def _key_columns(model: type[models.Model]) -> list[str]:
    return [field.column for field in model._meta.pk_fields]


def encrypted_fields() -> list[tuple[type[models.Model], str]]:
    """Every encrypted field of every model, in a stable order: what a rotation has to visit."""
    from yitong.core.db.fields import EncryptedText

    found = [(m, f.name) for m in apps.get_models() for f in m._meta.concrete_fields if isinstance(f, EncryptedText)]
    return sorted(found, key=lambda pair: (pair[0]._meta.db_table, pair[1]))


def usage(model: type[models.Model], field_name: str) -> dict[tuple[Algorithm, int], int]:
    """How many values lie under which algorithm and data key; reads the whole table."""
    field = model._meta.get_field(field_name)
    assert isinstance(field, models.Field)
    column = sql.Identifier(field.column)
    query = sql.SQL("SELECT substring({c} FROM 1 FOR 5), count(*) FROM {t} WHERE {c} IS NOT NULL GROUP BY 1").format(
        c=column, t=sql.Identifier(model._meta.db_table)
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {read_header(bytes(header)): count for header, count in cursor.fetchall()}


def trouble() -> str | None:
    """What keeps the keys from working, in words for an operator; None when all is well. For `doctor` and readiness."""
    from yitong.core.crypto import CryptoError

    try:
        ring = keyring()
        ring.refresh()
        if ring.decrypt(ring.encrypt("试", "core.doctor"), "core.doctor") != "试":
            raise KeyUnknown("the current data key does not read what it wrote")
    except CryptoError as error:
        return str(error)
    return None
