"""The lint of the migrated catalogue: does each table keep the rules of its class (H, P, R, L)?

It reads the database, not the models: what counts is what migrations made of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps

from yitong.core.db.scale import FOREIGN_TABLES, Scale

# An arrow of a foreign key that could not stand once tables are spread: from class → to class.
REFUSED_KEYS = {
    (Scale.H, Scale.P),
    (Scale.P, Scale.H),
    (Scale.R, Scale.H),
    (Scale.R, Scale.P),
    (Scale.H, Scale.L),
    (Scale.P, Scale.L),
    (Scale.L, Scale.H),
    (Scale.L, Scale.P),
}
DISTRIBUTED = {Scale.H: "hospital_id", Scale.P: "patient_id"}
FREE_OF_IDENTITY = (Scale.H, Scale.P, Scale.R)
DELETE_RULES = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
CATALOGUE_EXTENSIONS = {"plpgsql"}  # comes with every database, in pg_catalog


@dataclass(frozen=True, slots=True)
class Key:
    """A foreign key as the catalogue has it."""

    name: str
    table: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    is_deferrable: bool
    on_delete: str


def classes() -> dict[str, Scale]:
    """Table → class: what the models declare, and the tables that packages bring."""
    declared = {m._meta.db_table: m.scale for m in apps.get_models() if isinstance(getattr(m, "scale", None), Scale)}
    return {**FOREIGN_TABLES, **declared}


def faults(cursor: Any, scales: Mapping[str, Scale]) -> list[str]:
    """Every broken rule, a sentence each. `cursor` is any DB-API cursor on the migrated database."""
    tables = _rows(
        cursor,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition ORDER BY relname",
    )
    found = [f"{table}: declares no class" for (table,) in tables if table not in scales]
    found += _unique_faults(cursor, scales)
    found += _exclusion_faults(cursor, scales)
    found += _key_faults(cursor, scales)
    found += _trigger_faults(cursor, scales)
    found += _identity_faults(cursor, scales)
    found += [
        f"extension {name}: lies in schema {schema}, not in public"
        for name, schema in _rows(
            cursor,
            "SELECT extname, nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace"
            " WHERE nspname <> 'public' ORDER BY extname",
        )
        if name not in CATALOGUE_EXTENSIONS
    ]
    return found


def _rows(cursor: Any, sql: str) -> list[tuple[Any, ...]]:
    cursor.execute(sql)
    return list(cursor.fetchall())


def _unique_faults(cursor: Any, scales: Mapping[str, Scale]) -> list[str]:
    """Primary keys, then every other unique index: plain columns of the key, in order; expressions are empty."""
    rows = _rows(
        cursor,
        "SELECT t.relname, i.relname, x.indisprimary, ARRAY(SELECT COALESCE(a.attname, '')"
        " FROM unnest(x.indkey::smallint[]) WITH ORDINALITY AS k(attnum, place)"
        " LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum"
        " WHERE k.place <= x.indnkeyatts ORDER BY k.place)"
        " FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid"
        " WHERE t.relnamespace = 'public'::regnamespace AND x.indisunique AND NOT x.indisexclusion"
        " AND NOT t.relispartition ORDER BY t.relname, i.relname",
    )
    with_primary = {table for table, _, is_primary, _ in rows if is_primary}
    found = [f"{table}: has no primary key" for table in sorted(scales) if _must_have_key(cursor, table, with_primary)]
    for table, index, is_primary, columns in rows:
        match scales.get(table), is_primary:
            case Scale.H, True if columns != ["hospital_id", "id"]:
                found.append(f"{table}: primary key is ({', '.join(columns)}), not (hospital_id, id)")
            case Scale.H, False if columns[0] != "hospital_id":
                found.append(f"{table}: unique {index} doesn't begin with hospital_id")
            case Scale.P, True if "patient_id" not in columns and columns != ["id"]:
                found.append(f"{table}: primary key is ({', '.join(columns)}), without patient_id")
            case Scale.P, False if "patient_id" not in columns:
                found.append(f"{table}: unique {index} lacks patient_id")
    return found


def _must_have_key(cursor: Any, table: str, with_primary: set[str]) -> bool:
    if table in with_primary:
        return False
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"public.{table}"])
    return bool(cursor.fetchone()[0])


def _exclusion_faults(cursor: Any, scales: Mapping[str, Scale]) -> list[str]:
    rows = _rows(
        cursor,
        "SELECT t.relname, c.conname, ARRAY(SELECT COALESCE(a.attname, '') || '|' || o.oprname"
        " FROM unnest(c.conkey, c.conexclop) AS k(attnum, op) JOIN pg_operator o ON o.oid = k.op"
        " LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.attnum)"
        " FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid WHERE c.contype = 'x'"
        " AND t.relnamespace = 'public'::regnamespace ORDER BY t.relname, c.conname",
    )
    return [
        f"{table}: exclusion {name} lacks {DISTRIBUTED[scales[table]]} ="
        for table, name, parts in rows
        if scales.get(table) in DISTRIBUTED and f"{DISTRIBUTED[scales[table]]}|=" not in parts
    ]


def _keys(cursor: Any) -> list[Key]:
    rows = _rows(
        cursor,
        "SELECT c.conname, t.relname, ARRAY(SELECT attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, place)"
        " JOIN pg_attribute ON attrelid = t.oid AND attnum = k.n ORDER BY k.place),"
        " f.relname, ARRAY(SELECT attname::text FROM unnest(c.confkey) WITH ORDINALITY k(n, place)"
        " JOIN pg_attribute ON attrelid = f.oid AND attnum = k.n ORDER BY k.place),"
        " c.condeferrable, c.confdeltype::text"
        " FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid"
        " WHERE c.contype = 'f' AND t.relnamespace = 'public'::regnamespace ORDER BY t.relname, c.conname",
    )
    return [
        Key(n, t, tuple(cols), target, tuple(ft), deferrable, rule) for n, t, cols, target, ft, deferrable, rule in rows
    ]


def _key_faults(cursor: Any, scales: Mapping[str, Scale]) -> list[str]:
    found = []
    for key in _keys(cursor):
        pair = (scales.get(key.table), scales.get(key.target))
        where = f"{key.table}: foreign key {key.name}"
        if pair in REFUSED_KEYS:
            found.append(f"{where} goes from {pair[0].name} to {pair[1].name}")
        if pair[0] is Scale.H and key.on_delete not in "arc":
            found.append(f"{where} is ON DELETE {DELETE_RULES[key.on_delete]}")
        if pair == (Scale.H, Scale.H) and key.is_deferrable:
            found.append(f"{where} is deferrable")
        if pair[0] == pair[1] and pair[0] in DISTRIBUTED and not _is_colocated(key, DISTRIBUTED[pair[0]]):
            found.append(f"{where} lacks {DISTRIBUTED[pair[0]]} on both sides")
    return found


def _is_colocated(key: Key, column: str) -> bool:
    """Whether both rows lie on one node: they share the column by which they are spread (a patient's own is `id`)."""
    same = set(zip(key.columns, key.target_columns, strict=True))
    return (column, column) in same or (column == "patient_id" and (column, "id") in same)


def _trigger_faults(cursor: Any, scales: Mapping[str, Scale]) -> list[str]:
    rows = _rows(
        cursor,
        "SELECT t.relname, g.tgname FROM pg_trigger g JOIN pg_class t ON t.oid = g.tgrelid"
        " WHERE NOT g.tgisinternal AND t.relnamespace = 'public'::regnamespace ORDER BY 1, 2",
    )
    return [f"{table}: has trigger {name}" for table, name in rows if scales.get(table) is Scale.H]


def _identity_faults(cursor: Any, scales: Mapping[str, Scale]) -> list[str]:
    rows = _rows(
        cursor,
        "SELECT t.relname, a.attname FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid"
        " LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum"
        " WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND a.attnum > 0"
        " AND (a.attidentity <> '' OR starts_with(pg_get_expr(d.adbin, d.adrelid), 'nextval(')) ORDER BY 1, 2",
    )
    return [f"{table}: {column} is an identity" for table, column in rows if scales.get(table) in FREE_OF_IDENTITY]
