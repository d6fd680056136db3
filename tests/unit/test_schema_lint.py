"""The migrated schema keeps the rules of its classes, and the lint catches a planted fault of each kind."""

from collections.abc import Iterator

import psycopg
import pytest
from django.apps import apps
from tests import schema_lint

from yitong.core.db.scale import FOREIGN_TABLES, Scale

SCALES = {"h": Scale.H, "h2": Scale.H, "p": Scale.P, "p2": Scale.P, "r": Scale.R, "l": Scale.L}

GROUND = """
    CREATE TABLE r (id uuid PRIMARY KEY);
    CREATE TABLE l (id uuid PRIMARY KEY);
    CREATE TABLE p (patient_id uuid, id uuid, PRIMARY KEY (patient_id, id));
    CREATE TABLE h (hospital_id uuid, id uuid, at timestamptz, other_id uuid, PRIMARY KEY (hospital_id, id));
"""


@pytest.fixture
def ground(owner_connection: psycopg.Connection) -> Iterator[psycopg.Cursor]:
    """A schema of its own with one sound table of each class; rolled back."""
    with owner_connection.transaction(force_rollback=True):
        cursor = owner_connection.cursor()
        cursor.execute("ALTER SCHEMA public RENAME TO ours; CREATE SCHEMA public; SET LOCAL search_path = public, ours")
        cursor.execute(GROUND)
        yield cursor


def in_tables(found: list[str]) -> list[str]:
    return [fault for fault in found if not fault.startswith("extension ")]


def test_the_migrated_schema_has_no_fault(owner_connection: psycopg.Connection) -> None:
    assert schema_lint.faults(owner_connection.cursor(), schema_lint.classes()) == []


def test_every_model_of_ours_declares_its_class() -> None:
    ours = [m for m in apps.get_models(include_auto_created=True) if m.__module__.startswith("yitong.")]
    assert ours
    assert [m.__name__ for m in ours if not isinstance(getattr(m, "scale", None), Scale)] == []


def test_no_model_of_ours_is_named_among_the_tables_of_packages() -> None:
    ours = {m._meta.db_table for m in apps.get_models() if m.__module__.startswith("yitong.")}
    assert ours.isdisjoint(FOREIGN_TABLES)


def test_sound_tables_are_left_alone(ground: psycopg.Cursor) -> None:
    ground.execute(
        "CREATE TABLE h2 (hospital_id uuid, id uuid, h_id uuid, r_id uuid REFERENCES r, at timestamptz,"
        " PRIMARY KEY (hospital_id, id), CONSTRAINT fk FOREIGN KEY (hospital_id, h_id) REFERENCES h (hospital_id, id),"
        " CONSTRAINT once UNIQUE (hospital_id, h_id),"
        " CONSTRAINT apart EXCLUDE USING gist (hospital_id WITH =, tstzrange(at, at) WITH &&))"
    )
    ground.execute("CREATE UNIQUE INDEX part ON h2 (hospital_id, at) WHERE at IS NOT NULL")
    assert in_tables(schema_lint.faults(ground, SCALES)) == []


PLANTED = {
    "a table without a class": (
        "CREATE TABLE stray (id uuid PRIMARY KEY)",
        "stray: declares no class",
    ),
    "a primary key by id alone": (
        "CREATE TABLE h2 (hospital_id uuid, id uuid PRIMARY KEY)",
        "h2: primary key is (id), not (hospital_id, id)",
    ),
    "no primary key": ("CREATE TABLE h2 (hospital_id uuid, id uuid)", "h2: has no primary key"),
    "a patient's key without the patient": (
        "CREATE TABLE p2 (hospital_id uuid PRIMARY KEY)",
        "p2: primary key is (hospital_id), without patient_id",
    ),
    "a unique without the hospital": (
        "ALTER TABLE h ADD CONSTRAINT once UNIQUE (other_id)",
        "h: unique once doesn't begin with hospital_id",
    ),
    "a partial unique without the hospital": (
        "CREATE UNIQUE INDEX part ON h (other_id) WHERE at IS NULL",
        "h: unique part doesn't begin with hospital_id",
    ),
    "a unique over an expression": (
        "CREATE UNIQUE INDEX part ON h ((other_id::text), hospital_id)",
        "h: unique part doesn't begin with hospital_id",
    ),
    "a patient's unique without the patient": (
        "CREATE UNIQUE INDEX once ON p (id)",
        "p: unique once lacks patient_id",
    ),
    "an exclusion without the hospital": (
        "ALTER TABLE h ADD CONSTRAINT apart EXCLUDE USING gist (other_id WITH =, tstzrange(at, at) WITH &&)",
        "h: exclusion apart lacks hospital_id =",
    ),
    "an exclusion that only differs from the hospital": (
        "ALTER TABLE h ADD CONSTRAINT apart EXCLUDE USING gist (hospital_id WITH <>, other_id WITH =)",
        "h: exclusion apart lacks hospital_id =",
    ),
    "H → H on one column": (
        (
            "CREATE UNIQUE INDEX h_id ON h (id); CREATE TABLE h2 (hospital_id uuid, id uuid, h_id uuid"
            " CONSTRAINT fk REFERENCES h (id), PRIMARY KEY (hospital_id, id))"
        ),
        "h2: foreign key fk lacks hospital_id on both sides",
    ),
    "H → H deferrable": (
        "ALTER TABLE h ADD CONSTRAINT fk FOREIGN KEY (hospital_id, other_id) REFERENCES h DEFERRABLE",
        "h: foreign key fk is deferrable",
    ),
    "H → H set null": (
        "ALTER TABLE h ADD CONSTRAINT fk FOREIGN KEY (hospital_id, other_id) REFERENCES h ON DELETE SET NULL",
        "h: foreign key fk is ON DELETE SET NULL",
    ),
    "H → R set null": (
        "ALTER TABLE h ADD CONSTRAINT fk FOREIGN KEY (other_id) REFERENCES r ON DELETE SET NULL",
        "h: foreign key fk is ON DELETE SET NULL",
    ),
    "H → P": (
        "ALTER TABLE h ADD CONSTRAINT fk FOREIGN KEY (other_id, id) REFERENCES p",
        "h: foreign key fk goes from H to P",
    ),
    "H → L": (
        "ALTER TABLE h ADD CONSTRAINT fk FOREIGN KEY (other_id) REFERENCES l",
        "h: foreign key fk goes from H to L",
    ),
    "P → H": (
        "ALTER TABLE p ADD CONSTRAINT fk FOREIGN KEY (patient_id, id) REFERENCES h",
        "p: foreign key fk goes from P to H",
    ),
    "R → P": (
        "ALTER TABLE r ADD COLUMN p uuid, ADD CONSTRAINT fk FOREIGN KEY (id, p) REFERENCES p",
        "r: foreign key fk goes from R to P",
    ),
    "R → H": (
        "ALTER TABLE r ADD COLUMN h uuid, ADD CONSTRAINT fk FOREIGN KEY (id, h) REFERENCES h",
        "r: foreign key fk goes from R to H",
    ),
    "L → H": (
        "ALTER TABLE l ADD COLUMN h uuid, ADD CONSTRAINT fk FOREIGN KEY (id, h) REFERENCES h",
        "l: foreign key fk goes from L to H",
    ),
    "a trigger": (
        (
            "CREATE FUNCTION quiet() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
            "CREATE TRIGGER watches BEFORE UPDATE ON h FOR EACH ROW EXECUTE FUNCTION quiet()"
        ),
        "h: has trigger watches",
    ),
    "an identity": (
        "ALTER TABLE h ADD COLUMN n bigint GENERATED ALWAYS AS IDENTITY",
        "h: n is an identity",
    ),
    "a serial": ("ALTER TABLE r ADD COLUMN n bigserial", "r: n is an identity"),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_fault_is_caught(ground: psycopg.Cursor, kind: str) -> None:
    sql, fault = PLANTED[kind]
    ground.execute(sql)
    assert fault in schema_lint.faults(ground, SCALES)


def test_an_extension_elsewhere_is_caught(owner_connection: psycopg.Connection) -> None:
    with owner_connection.transaction(force_rollback=True):
        cursor = owner_connection.cursor()
        cursor.execute("CREATE SCHEMA apart")
        cursor.execute("CREATE EXTENSION citext SCHEMA apart")
        assert "extension citext: lies in schema apart, not in public" in schema_lint.faults(
            cursor, schema_lint.classes()
        )
