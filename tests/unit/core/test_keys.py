"""Keys in the database and the field that uses them, on a real PostgreSQL."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.core import serializers
from django.core.exceptions import FieldError
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.writer import MigrationWriter
from django.test.utils import isolate_apps

from yitong.core import crypto
from yitong.core.crypto import Algorithm, KeysUnavailable
from yitong.core.db import keys
from yitong.core.db.fields import EncryptedText, blind_index
from yitong.core.db.models_security import DataKey

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NAME = "core.probe.name"


@pytest.fixture
def ring(db: None) -> Iterator[None]:
    """Keys of this test alone."""
    keys.keyring.cache_clear()
    keys.prepare(now=NOW)
    yield
    keys.keyring.cache_clear()


@pytest.fixture
def probe(ring: None) -> Iterator[type[models.Model]]:
    """A model with an encrypted field, in a table that lives as long as the test."""
    with isolate_apps("yitong.core"):

        class Probe(models.Model):
            name = EncryptedText(aad=NAME)
            note = EncryptedText(aad="core.probe.note", null=True)

            class Meta:
                app_label = "core"
                db_table = "probe"

        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE TEMP TABLE probe (id bigserial PRIMARY KEY, name bytea NOT NULL, note bytea) ON COMMIT DROP"
            )
        yield Probe


def stored(column: str = "name") -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM probe ORDER BY id")
        return [bytes(value) if value is not None else None for (value,) in cursor.fetchall()]


@pytest.mark.rule("R-208")
@pytest.mark.parametrize("cipher", ["AES-256-GCM", "SM4-GCM"])
def test_field_is_text_in_python_and_ciphertext_in_the_database(probe, settings, cipher: str) -> None:
    settings.YITONG_CIPHER = cipher
    keys.keyring.cache_clear()
    made = probe.objects.create(name="张三", note=None)
    assert probe.objects.get(id=made.id).name == "张三"
    assert probe.objects.values_list("name", "note").get(id=made.id) == ("张三", None)
    assert crypto.read_header(stored()[0])[0] == Algorithm(cipher.lower())
    assert "张三".encode() not in stored()[0]


@pytest.mark.rule("R-209")
def test_rows_of_both_algorithms_are_read_side_by_side(probe, settings) -> None:
    for cipher in ("AES-256-GCM", "SM4-GCM"):
        settings.YITONG_CIPHER = cipher
        keys.keyring.cache_clear()
        probe.objects.create(name=cipher)
    assert list(probe.objects.order_by("id").values_list("name", flat=True)) == ["AES-256-GCM", "SM4-GCM"]


def test_bulk_writes_and_updates_are_encrypted_too(probe) -> None:
    made = probe.objects.bulk_create([probe(name="甲"), probe(name="乙")])
    made[1].name = "丙"
    probe.objects.bulk_update(made, ["name"])
    probe.objects.filter(id=made[0].id).update(name="丁", note="𠮷")
    assert [(row.name, row.note) for row in probe.objects.order_by("id")] == [("丁", "𠮷"), ("丙", None)]
    assert all(value[:1] == b"\x11" for value in stored())


def test_only_isnull_can_be_asked(probe) -> None:
    probe.objects.create(name="张三")
    assert probe.objects.filter(note__isnull=True).count() == 1
    for question in [
        {"name": "张三"},
        {"name__contains": "张"},
        {"name__in": ["张三"]},
        {"name__gt": "a"},
        {"name__x": 1},
    ]:
        with pytest.raises(FieldError, match="core.probe.name is encrypted") as caught:
            probe.objects.filter(**question)
        assert "张" not in str(caught.value)


def test_field_takes_text_only_and_never_another_column(probe) -> None:
    for wrong in (b"x", 5, ["a"]):
        with pytest.raises(TypeError, match="takes text"), transaction.atomic():
            probe.objects.create(name=wrong)
    probe.objects.create(name="a", note="b")
    probe.objects.update(name=models.F("note"))
    with pytest.raises(crypto.DecryptionFailed, match="core.probe.name") as caught:
        probe.objects.get()
    assert str(caught.value) == "core.probe.name: the ciphertext does not open"


def test_field_keeps_its_text_to_itself(probe) -> None:
    made = probe(name="张三")
    assert "张三" not in repr(made) + repr(probe._meta.get_field("name"))
    with pytest.raises(TypeError, match="fixtures"):
        serializers.serialize("json", [made], stream=io.StringIO())
    field = EncryptedText(aad=NAME, null=True)
    name, path, args, kwargs = field.deconstruct()
    assert (path, args, kwargs) == ("yitong.core.db.fields.EncryptedText", [], {"aad": NAME, "null": True})
    assert "EncryptedText(aad='core.probe.name', null=True)" in MigrationWriter.serialize(field)[0]
    assert field.db_type(connection) == "bytea"
    for option in ("unique", "db_index"):
        with pytest.raises(FieldError):
            EncryptedText(aad=NAME, **{option: True})


@pytest.mark.rule("R-208")
def test_data_keys_are_stored_wrapped(ring) -> None:
    secrets = keys._load()
    wrapped = b"".join(bytes(key.wrapped) for key in DataKey.objects.order_by("number"))
    assert [secret in wrapped for secret in [*secrets.data.values(), secrets.index]] == [False, False]
    assert sorted(DataKey.objects.values_list("purpose", flat=True)) == ["field", "index"]
    keys.prepare(now=NOW)
    assert DataKey.objects.count() == 2


def test_a_second_index_key_can_not_be(ring) -> None:
    with pytest.raises(IntegrityError, match="data_key_one_index_key"), transaction.atomic():
        keys._make(keys.INDEX, now=NOW, index_hash=crypto.IndexHash.HMAC_SM3)


def test_wrong_or_missing_master_key_is_told_and_nothing_new_is_made(ring, settings) -> None:
    settings.YITONG_MASTER_KEYS = {1: b"\xee" * 32}
    with pytest.raises(KeysUnavailable, match="not the key of this database"):
        keys.prepare(now=NOW)
    assert "not the key of this database" in (keys.trouble() or "")
    settings.YITONG_MASTER_KEYS = {2: b"\xee" * 32}
    assert "master key 1, which is not there" in (keys.trouble() or "")
    assert DataKey.objects.count() == 2


def test_keys_that_work_have_no_trouble(ring) -> None:
    assert keys.trouble() is None


@pytest.mark.rule("R-208")
def test_rotation_writes_with_a_new_key_and_reencrypts_in_batches(probe) -> None:
    probe.objects.bulk_create([probe(name=f"人{n}", note=None if n % 2 else "x") for n in range(7)])
    (algorithm, old), *_ = keys.usage(probe, "name")
    index = blind_index("phone", "13800000000")
    new = keys.rotate(now=NOW)
    probe.objects.create(name="人7")
    assert keys.usage(probe, "name") == {(algorithm, old): 7, (algorithm, new): 1}

    first = keys.reencrypt(probe, "name", limit=3)
    assert first.rows == 3
    assert keys.reencrypt(probe, "name", after=first.after, limit=3).rows == 3
    again = keys.reencrypt(probe, "name", limit=3)  # as after a crash: what is done is passed over
    assert (again.rows, again.after) == (1, None)
    assert keys.usage(probe, "name") == {(algorithm, new): 8}
    assert keys.reencrypt(probe, "note").rows == 4
    assert [row.name for row in probe.objects.order_by("id")] == [f"人{n}" for n in range(8)]
    assert blind_index("phone", "13800000000") == index


def test_reencryption_brings_a_new_algorithm_too(probe, settings) -> None:
    probe.objects.create(name="张三")
    settings.YITONG_CIPHER = "SM4-GCM"
    keys.keyring.cache_clear()
    assert keys.reencrypt(probe, "name").rows == 1
    assert [algorithm for algorithm, _ in keys.usage(probe, "name")] == [Algorithm.SM4_GCM]
    assert probe.objects.get().name == "张三"


def test_reencryption_never_overwrites_a_newer_value(probe, monkeypatch) -> None:
    row = probe.objects.create(name="旧")
    keys.rotate(now=NOW)
    stale = keys._stale

    def meanwhile(*args):
        found = stale(*args)
        probe.objects.filter(id=row.id).update(name="新")
        return found

    monkeypatch.setattr(keys, "_stale", meanwhile)
    assert keys.reencrypt(probe, "name").rows == 0
    assert probe.objects.get().name == "新"


@pytest.mark.rule("R-208")
def test_master_key_is_replaced_without_touching_data(probe, settings) -> None:
    probe.objects.create(name="张三")
    before, index = stored(), blind_index("name", "张三")
    only_old = keys.master_keys().secrets
    highest = max(only_old)
    settings.YITONG_MASTER_KEYS = {**only_old, highest + 1: b"\x09" * 32}
    assert keys.rewrap() == 2
    assert keys.rewrap() == 0
    settings.YITONG_MASTER_KEYS = {highest + 1: b"\x09" * 32}
    keys.keyring().forget()
    assert probe.objects.get().name == "张三"
    assert (stored(), blind_index("name", "张三")) == (before, index)
    settings.YITONG_MASTER_KEYS = lambda: only_old
    keys.keyring().forget()
    with pytest.raises(KeysUnavailable):
        probe.objects.get()


@pytest.mark.rule("R-209")
def test_index_hash_stays_as_made_whatever_the_setting_says_later(ring, settings) -> None:
    before = blind_index("phone", "13800000000")
    settings.YITONG_HASH = "SM3"
    keys.keyring.cache_clear()
    keys.prepare(now=NOW)
    assert blind_index("phone", "13800000000") == before


def test_every_encrypted_field_is_known_to_rotation_and_named_once(db: None) -> None:
    found = keys.encrypted_fields()
    names = [model._meta.get_field(field).aad for model, field in found]
    assert len(set(names)) == len(names)
